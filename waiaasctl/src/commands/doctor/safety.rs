//! Checks of what keeps keys and funds: vault, backups, journal, latch, guards.

use primitives::Environment;
use protocol::{Latch, Unattended, VaultPhase, Witness, WitnessState};

use super::facts::{Facts, Made};
use super::{Finding, Grade, seen};
use crate::commands::status::RENEW_WITHIN;
use crate::systemd::{CREDENTIAL_FILE, Stored};
use crate::time::{span, utc};

/// A backup is made every day; this is two hours more.
const BACKUP_AGE: u64 = 26 * 3_600;
/// So many seconds ahead of the clock a backup may be without a word: time servers step it back by less.
const CLOCKS_DIFFER: u64 = 60;

pub(super) fn vault(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| match status.vault {
        VaultPhase::Open => Finding::ok(format!("open, {} wallets", status.wallets)),
        VaultPhase::Locked => {
            Finding::problem("locked: nothing is signed", facts.place.command("unlock"))
        }
        VaultPhase::Uninitialised => {
            Finding::problem("there is none yet", facts.place.command("init"))
        }
    })
}

pub(super) fn unattended(facts: &Facts) -> Vec<Finding> {
    let enable = facts.place.command("unattended enable");
    if let Stored::Present { opens: false, .. } = facts.credential {
        let advice = format!(
            "rm {CREDENTIAL_FILE}; systemctl reset-failed 'waiaas-*'; {}; then unlock, and {enable}",
            facts.place.start_command()
        );
        let found = format!(
            "this machine does not open {CREDENTIAL_FILE}, and systemd starts no signerd with it"
        );
        return Finding::problem(found, advice);
    }
    seen(&facts.signer, |status| match (status.unattended, &facts.credential) {
        (Unattended::Off, Stored::Present { .. }) => Finding::warning(
            format!("off, and {CREDENTIAL_FILE} is there and opens nothing"),
            format!("{enable}, or {}", facts.place.command("unattended disable")),
        ),
        (Unattended::Off, Stored::Absent | Stored::Hidden) => {
            Finding::ok("off: the passphrase opens the vault after each start")
        }
        (Unattended::Misfit | Unattended::Failed | Unattended::Missing, _) => Finding::problem(
            format!("{}: the vault stays locked after a start", status.unattended),
            format!("{enable}; the signer's log says what was wrong"),
        ),
        (_, Stored::Absent) => Finding::problem(
            format!("on, and {CREDENTIAL_FILE} is not there: the next start stays locked"),
            enable,
        ),
        (_, Stored::Present { is_private: false, .. }) => Finding::warning(
            format!("{CREDENTIAL_FILE} is not root's alone"),
            format!("chown root {CREDENTIAL_FILE}; chmod 600 {CREDENTIAL_FILE}"),
        ),
        (Unattended::Held, Stored::Present { .. } | Stored::Hidden) => Finding::warning(
            "held: the vault was locked, and no start opens it",
            facts.place.command("unlock"),
        ),
        (Unattended::Untried | Unattended::Opened, Stored::Present { seal, .. }) => {
            Finding::ok(format!("on, {}", seal.meaning()))
        }
        (Unattended::Untried | Unattended::Opened, Stored::Hidden) => {
            Finding::ok("on; only root sees the credential")
        }
    })
}

pub(super) fn recovery_file(facts: &Facts) -> Vec<Finding> {
    let finding = |path: &String| {
        let found = format!("{path} has the passphrase of the vault in it");
        let advice = format!("move it to another place: shred -u {path} once you have a copy");
        Finding::one(Grade::Warning, found, advice)
    };
    match facts.recovery_files.as_slice() {
        [] => Finding::ok("none lies about"),
        [_, ..] => facts.recovery_files.iter().map(finding).collect(),
    }
}

pub(super) fn backups(facts: &Facts) -> Vec<Finding> {
    let advice = "see docs/operate.md; by hand: ";
    let command = facts.place.command("backup FILE");
    if let Some(failure) = &facts.backup_failure {
        let found = format!("the last try failed, {failure}");
        return Finding::problem(found, facts.place.command("backup --auto"));
    }
    seen(&facts.newest_backup, |made| match made {
        None => Finding::warning("there is none", format!("{advice}{command}")),
        Some(Made::Ago(age)) if *age > BACKUP_AGE => Finding::warning(
            format!("the newest is {} old", span(*age)),
            format!("{advice}{command}"),
        ),
        Some(Made::Ago(age)) => Finding::ok(format!("the newest is {} old", span(*age))),
        Some(Made::Ahead(ahead)) if *ahead > CLOCKS_DIFFER => Finding::warning(
            format!(
                "the newest is {} ahead of the clock: how old they are is not known",
                span(*ahead)
            ),
            "set the clock right if it is behind; else move the backups of the future to another \
             directory, where they do not hide that newer ones are missing",
        ),
        Some(Made::Ahead(_)) => Finding::ok("the newest was made just now"),
    })
}

pub(super) fn journal(facts: &Facts) -> Vec<Finding> {
    seen(&facts.journal, |verified| match verified {
        Ok(records) => Finding::ok(format!("{records} records, none changed")),
        Err(why) => Finding::problem(
            why.clone(),
            "signing is suspended; docs/journal.md says how to find out what happened",
        ),
    })
}

pub(super) fn witness(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| match status.witnesses.as_slice() {
        [] => Finding::warning(
            "none: that an older state was put back would not be noticed",
            "name one in signerd.toml (docs/journal.md)",
        ),
        witnesses => witnesses.iter().flat_map(one_witness).collect(),
    })
}

fn one_witness(witness: &Witness) -> Vec<Finding> {
    match witness.state {
        WitnessState::Current | WitnessState::Busy => Finding::ok(witness.to_string()),
        WitnessState::Waiting | WitnessState::Failing => Finding::problem(
            format!("{witness}: that an older state was put back may not be noticed"),
            "the signer's log says why; docs/journal.md says what it means and what to do",
        ),
    }
}

pub(super) fn latch(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| {
        let resume = facts.place.command("resume");
        match status.latch {
            Latch::Active if status.wallets_halted == 0 => Finding::ok("active"),
            Latch::Active => Finding::warning(
                format!("{} wallets are halted by themselves", status.wallets_halted),
                facts.place.command("status"),
            ),
            Latch::Suspended | Latch::Locked => Finding::problem(
                format!("{}: {}", status.latch, status.latch_reason),
                format!("once you know why it stopped: {resume}"),
            ),
        }
    })
}

pub(super) fn dead_man(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| match status.suspends_at {
        None => Finding::ok("no switch is set"),
        Some(at) if at.saturating_sub(status.now) < RENEW_WITHIN => Finding::warning(
            format!("signing is suspended at {}", utc(at)),
            facts.place.command("renew"),
        ),
        Some(at) => Finding::ok(format!("signing is suspended at {}, unless renewed", utc(at))),
    })
}

pub(super) fn guards(facts: &Facts) -> Vec<Finding> {
    seen(&facts.wallets, |wallets| {
        let mut findings = Vec::new();
        for wallet in wallets.iter().filter(|wallet| wallet.environment == Environment::Mainnet) {
            let name = &wallet.name;
            if wallet.is_open {
                findings.push(Finding::one(
                    Grade::Problem,
                    format!("{name}: coins that are worth money can leave without a ceiling"),
                    format!("see {}, and set a guard", facts.place.command("exposure")),
                ));
            }
            if !wallet.has_owners {
                findings.push(Finding::one(
                    Grade::Warning,
                    format!(
                        "{name} has no owners: what its guard does not let go cannot leave at all"
                    ),
                    facts.place.command("owner confirm WALLET ADDRESS"),
                ));
            }
        }
        if findings.is_empty() {
            let exposure = facts.place.command("exposure");
            return Finding::ok(format!("{} wallets; what could leave: {exposure}", wallets.len()));
        }
        findings
    })
}
