//! The first page of `waiaasctl --help`: its commands in groups.

use clap::Subcommand;

use super::Command;

/// Headings and the commands below them; each command stands below one.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Daemons and vault",
        &["init", "start", "stop", "status", "doctor", "metrics", "unlock", "lock", "unattended"],
    ),
    ("Wallets and agents", &["wallet", "session", "send", "balance", "tx"]),
    ("What may leave", &["policy", "exposure", "guard", "owner", "approval", "announcement"]),
    ("Networks", &["rpc", "token", "price"]),
    ("Stop, and go on", &["kill-switch", "autostop", "suspend", "resume", "renew", "time"]),
    ("Proof and safekeeping", &["audit", "receipt", "backup", "restore"]),
    ("This program", &["completions", "man"]),
];

/// The template of the help, in clap's terms.
pub(super) fn template() -> String {
    let all = Command::augment_subcommands(clap::Command::new("waiaasctl"));
    let width = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| name.len()).max();
    let width = width.unwrap_or_default();
    let line = |name: &&str| {
        let about = all.find_subcommand(name).and_then(clap::Command::get_about);
        format!("  {name:width$}  {}\n", about.map(ToString::to_string).unwrap_or_default())
    };
    let groups = GROUPS.iter().map(|(heading, names)| {
        format!("\n{heading}:\n{}", names.iter().map(line).collect::<String>())
    });
    format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\n\
         Options of every command:\n{{options}}{{after-help}}",
        groups.collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Operator;
    use clap::CommandFactory;

    #[test]
    fn every_command_stands_in_one_group() {
        let command = Operator::command();
        let mut commands: Vec<&str> =
            command.get_subcommands().map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        commands.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, commands);
    }

    #[test]
    fn the_first_page_says_what_each_command_does() {
        let help = Operator::command().render_help().to_string();
        assert!(help.contains("  exposure      Show what could leave"), "{help}");
        assert!(help.contains("\nWhat may leave:\n"), "{help}");
        assert!(help.contains("--passphrase-file"), "{help}");
    }
}
