//! `audit verify` and `audit export --trail`: gatewayd's trail, held against the signer's journal.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::{check_new, claim};
use crate::commands::Operation;
use crate::exit::{Exit, Failure};
use crate::export::Claim;
use crate::files;
use crate::gateway::Gateway;
use crate::signer::Signer;
use crate::trail::{self, HELP, Trail};
use crate::view::View;

/// How much of a trail the journal bears out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tied {
    /// Places at which both agree.
    agree: u64,
    /// Places at which the journal's record was moved away.
    moved_away: u64,
}

/// Checks the trail, against an older export of it and against the journal where the signer answers.
pub(super) fn verify(against: Option<&Path>, operation: &Operation) -> Result<View, Failure> {
    let start = match against {
        None => Trail::new(),
        Some(file) => {
            let open = File::open(file).map_err(|source| files::unreadable(file, source))?;
            let older = trail::check(BufReader::new(open), &file.display().to_string())?;
            Trail::through(older.end())
        }
    };
    let trail = start.read(&operation.gateway()?, |_entry| Ok(()))?;
    trail.check_wanted()?;
    let view = whole(&trail, "the audit trail is whole");
    let view = match against {
        None => view,
        Some(file) => view.line(format!("it goes on where {} ends", file.display())),
    };
    let mut signer = match operation.signer() {
        Ok(signer) => signer,
        Err(failure) if failure.exit() == Exit::Unreachable => {
            return Ok(view.line("signerd does not answer: its journal was not compared"));
        }
        Err(failure) => return Err(failure),
    };
    let status = signer.status()?;
    let claim = claim(&mut signer, &status)?;
    let tied = compare(&trail, claim, &mut signer)?;
    Ok(view.line(sentence(tied)))
}

/// The trail, checked, unless gatewayd does not answer.
pub(super) fn read_if_there(operation: &Operation) -> Result<Option<Trail>, Failure> {
    match Trail::new().read(&operation.gateway()?, |_entry| Ok(())) {
        Ok(trail) => Ok(Some(trail)),
        Err(failure) if failure.exit() == Exit::Unreachable => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Follows the journal to its end, and finds in it what the trail says that it had.
pub(super) fn compare(trail: &Trail, claim: Claim, signer: &mut Signer) -> Result<Tied, Failure> {
    let (mut record, mut tied) = (claim.first, Tied { agree: 0, moved_away: 0 });
    claim.walk(signer, |found| {
        record = record.saturating_add(1);
        match trail.ties().get(&record) {
            None => {}
            Some(head) if *head == found.hash => tied.agree = tied.agree.saturating_add(1),
            Some(_) => return Err(other_journal(record)),
        }
        Ok(())
    })?;
    let beyond = claim.records.saturating_add(1);
    if let Some((records, _)) = trail.ties().range(beyond..).next_back() {
        let what = format!(
            "the signer's journal has {} records, and had {records} when gatewayd looked at it",
            claim.records
        );
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    let moved_away = trail.ties().range(..=claim.first).filter(|(records, _)| **records > 0);
    Ok(Tied { moved_away: u64::try_from(moved_away.count()).unwrap_or(u64::MAX), ..tied })
}

fn other_journal(records: u64) -> Failure {
    let what = format!(
        "record {} of the signer's journal is not the one that ended it when gatewayd looked at it: \
         one of the two was changed",
        records.saturating_sub(1)
    );
    Failure::new(Exit::Failed, what, HELP)
}

fn sentence(tied: Tied) -> String {
    let agree = format!("it fits the signer's journal at {} places", tied.agree);
    match tied.moved_away {
        0 => agree,
        count => format!("{agree}; at {count} more the journal's records were moved away"),
    }
}

/// A trail that was checked.
pub(super) fn whole(trail: &Trail, words: &str) -> View {
    View::new(json!({ "verified": true, "trail": summary(trail) })).line(words).fields(vec![
        ("entries", format!("{}, each tied to the one before it", trail.entries())),
        ("head", primitives::encode_hex(&trail.end().head)),
    ])
}

/// The same beside what was found of the journal.
pub(super) fn beside(journal: View, trail: &Trail, tied: Tied) -> View {
    journal
        .with("trail", summary(trail))
        .line("the audit trail is whole")
        .fields(vec![
            ("entries", format!("{}, each tied to the one before it", trail.entries())),
            ("head", primitives::encode_hex(&trail.end().head)),
        ])
        .line(sentence(tied))
}

fn summary(trail: &Trail) -> Value {
    json!({
        "entries": trail.entries(),
        "last": trail.end().id,
        "head": primitives::encode_hex(&trail.end().head),
        "journalSeen": trail.ties().len(),
    })
}

/// Writes the trail to a file, after what it is said to be.
pub(super) fn export_to(file: &Path, operation: &Operation) -> Result<View, Failure> {
    check_new(file)?;
    let gateway = operation.gateway()?;
    // The first line says how the export ends, which is known once all was read.
    let trail = Trail::new().read(&gateway, |_entry| Ok(()))?;
    files::fill_new(file, |out| fill(out, file, &trail, &gateway))?;
    let path = file.display().to_string();
    let view = whole(&trail, &format!("{path} is written, and whole"));
    Ok(view.line(format!("to check it anywhere: waiaasctl audit verify --file {path}")))
}

fn fill(
    out: &mut impl Write,
    file: &Path,
    trail: &Trail,
    gateway: &Gateway,
) -> Result<(), Failure> {
    let unwritable = |source| files::unwritable(file, source);
    writeln!(out, "{}", trail::header(trail)).map_err(unwritable)?;
    let last = trail.end().id;
    let written = Trail::new().read(gateway, |entry| {
        if entry.id > last {
            return Ok(()); // written since
        }
        writeln!(out, "{}", trail::line(entry)).map_err(unwritable)
    })?;
    if written.entries() < trail.entries() {
        let what = "the audit trail became shorter while it was read";
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    Ok(())
}
