//! `waiaas init`: the directory, the vault, the database.

use std::path::Path;

use protocol::VaultPhase;
use serde_json::json;

use super::daemons::Waited;
use super::lock::{self, Lock};
use super::secrets::{self, Secrets};
use super::start::{make_vault, set_master_password, with_daemons};
use super::{UserError, layout};
use crate::args::InitArgs;
use crate::backup::Scope;
use crate::backup::restore::restore as take_over;
use crate::commands;
use crate::endpoints::{self, Put};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::passphrase::{PassphraseError, Source, Wanted};
use crate::place::{DataDir, Place};
use crate::recovery::Recovery;
use crate::signer::Signer;
use crate::view::View;

/// Makes what is missing. To do it twice changes nothing.
pub(super) fn init(
    arguments: &InitArgs,
    data: &DataDir,
    environment: &Environment,
) -> Result<View, Failure> {
    layout::prepare(data)?;
    if lock::holder(data)?.is_some() {
        return already_running(arguments, data);
    }
    let _lock = Lock::take(data)?;
    let put = endpoints::put(&data.gatewayd_settings(), &arguments.rpc)?;
    with_daemons(data, environment, |daemons, signals| {
        let Waited::For(mut signer) = daemons.signerd(signals)? else { return Err(interrupted()) };
        if signer.status()?.vault != VaultPhase::Uninitialised {
            return Ok(already(data, &put));
        }
        let secrets = choose(arguments, data, environment)?;
        if arguments.restore.is_none() {
            make_vault(&mut signer, &secrets)?;
        }
        let Waited::For(gateway) = daemons.gatewayd(signals)? else { return Err(interrupted()) };
        let restored = match &arguments.restore {
            Some(file) => Some(restore(file, data, &secrets)?),
            None => None,
        };
        set_master_password(&gateway, &secrets)?;
        Ok(match restored {
            Some(view) => with_endpoints(view, &put, data),
            None => made(data, &put),
        })
    })
}

/// Takes over a backup; the old journal goes into the data directory.
fn restore(file: &Path, data: &DataDir, secrets: &Secrets) -> Result<View, Failure> {
    let place = Place::User(data.clone());
    let journal = data.path().join("restored.journal");
    let passphrase = secrets.vault_passphrase();
    let restored = take_over(&place, passphrase, file, &journal, Scope::Everything)?;
    Ok(commands::restored_view(file, &restored, &place))
}

fn interrupted() -> Failure {
    Failure::new(Exit::Failed, "interrupted before everything was made", "do it again")
}

/// The secrets for the vault: those given in advance, else random or typed ones.
fn choose(
    arguments: &InitArgs,
    data: &DataDir,
    environment: &Environment,
) -> Result<Secrets, Failure> {
    if let Some(secrets) = secrets::given(data, environment)? {
        return Ok(secrets);
    }
    if arguments.auto_provision {
        let made = Recovery::make(&data.recovery_key(), "`waiaas start` reads it")?;
        return Ok(Secrets::Two(made));
    }
    let typed = if arguments.restore.is_some() {
        Source::Terminal.read(Wanted::VaultOfBackup)
    } else {
        Source::Terminal.read_new(Wanted::NewVaultAndMaster)
    };
    typed.map(Secrets::One).map_err(|error| nobody_to_ask(error, arguments, data))
}

/// `waiaas` has other ways to get a password than an operator's `--passphrase-file`.
fn nobody_to_ask(error: PassphraseError, arguments: &InitArgs, data: &DataDir) -> Failure {
    let PassphraseError::NoTerminal { what, .. } = error else { return error.into() };
    let other = if arguments.restore.is_some() {
        format!("copy the recovery.key that belongs to it to {}", data.recovery_key().display())
    } else {
        let command = Place::User(data.clone()).user_command("init --auto-provision");
        format!("have random secrets made: {command}")
    };
    Failure::new(
        Exit::Passphrase,
        format!("{what} is needed, and there is no terminal to ask on"),
        format!("{other}; or set WAIAAS_MASTER_PASSWORD_FILE"),
    )
}

fn made(data: &DataDir, put: &Put) -> View {
    let place = Place::User(data.clone());
    let directory = data.path().display().to_string();
    let recovery = data.recovery_key();
    let recovery = recovery.exists().then(|| recovery.display().to_string());
    let json = json!({ "dataDir": directory, "initialised": true, "recoveryKey": recovery });
    let view = View::new(json).line(format!("{directory} is initialised"));
    let view = with_endpoints(view, put, data);
    let view = match recovery {
        Some(path) => view.line(format!(
            "{path} (mode 0600) has the random secrets: whoever reads it can spend, and without it the \
             keys are lost; keep a copy elsewhere"
        )),
        None => view.line("without the password the keys are lost: keep it somewhere safe"),
    };
    view.line(format!("next: {}", place.start_command()))
}

/// Says which endpoints were written, and which were not.
fn with_endpoints(view: View, put: &Put, data: &DataDir) -> View {
    let settings = data.gatewayd_settings();
    let mut view = view;
    if !put.written.is_empty() {
        let networks = put.written.join(", ");
        view = view.line(format!("endpoints of {networks} are in {}", settings.display()));
    }
    if !put.kept.is_empty() {
        let networks = put.kept.join(", ");
        view = view.line(format!("{} names others for {networks}, which stay", settings.display()));
    }
    view
}

/// There is a vault: endpoints are all that may have changed.
fn already(data: &DataDir, put: &Put) -> View {
    let directory = data.path().display().to_string();
    let otherwise = if put.written.is_empty() { "nothing was changed" } else { "its vault stays" };
    let view = View::new(json!({ "dataDir": directory, "initialised": false }))
        .line(format!("{directory} was initialised before, {otherwise}"));
    with_endpoints(view, put, data)
}

/// Endpoints are for a gateway that does not run: one that does would go on without them.
fn already_running(arguments: &InitArgs, data: &DataDir) -> Result<View, Failure> {
    let place = Place::User(data.clone());
    if !arguments.rpc.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "the daemons run, and --rpc is for ones that do not; nothing was changed",
            format!(
                "stop them first: {}; or write the endpoints under [rpc] of {} and start them again",
                place.user_command("stop"),
                data.gatewayd_settings().display()
            ),
        ));
    }
    if Signer::connect(&place.control_socket())?.status()?.vault == VaultPhase::Uninitialised {
        let directory = data.path().display().to_string();
        return Err(UserError::NeverInitialised { directory }.into());
    }
    Ok(already(data, &Put::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Style;
    use crate::view::Format;

    fn arguments(rpc: &[&str]) -> InitArgs {
        let rpc = rpc.iter().map(|text| text.parse().unwrap()).collect();
        InitArgs { auto_provision: false, restore: None, rpc }
    }

    #[test]
    fn endpoints_for_daemons_that_run_are_refused_and_not_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        layout::prepare(&data).unwrap();
        let before = std::fs::read(data.gatewayd_settings()).unwrap();
        let _lock = Lock::take(&data).unwrap();
        let refused = |rpc: &[&str]| {
            init(&arguments(rpc), &data, &Environment::default()).unwrap_err().exit()
        };
        assert_eq!(refused(&["base-sepolia=https://rpc.example.org"]), Exit::Usage);
        assert_eq!(std::fs::read(data.gatewayd_settings()).unwrap(), before);
        // Without them the signer is asked, and there is none.
        assert_eq!(refused(&[]), Exit::Unreachable);
    }

    #[test]
    fn nothing_was_changed_is_said_where_no_endpoints_were_written() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        let said = |written: &[&'static str]| {
            let put = Put { written: written.to_vec(), kept: Vec::new() };
            already(&data, &put).render(Format::Text, Style::Plain)
        };
        assert!(said(&[]).contains("nothing was changed"));
        let written = said(&["base-sepolia"]);
        assert!(!written.contains("nothing was changed"), "{written}");
        assert!(written.contains("endpoints of base-sepolia are in"), "{written}");
    }
}
