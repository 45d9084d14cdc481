//! `audit verify` and `audit export --trail`: gatewayd's trail, held against the signer's journal.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{archive, check_new, claim};
use crate::commands::Operation;
use crate::exit::{Exit, Failure};
use crate::export::Claim;
use crate::files;
use crate::gateway::Gateway;
use crate::signer::Signer;
use crate::trail::{self, Export, Extent, HELP, Span, Trail};
use crate::view::View;

/// How much of a trail the journal bears out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tied {
    /// Places at which both agree.
    agree: u64,
    /// Places at which the journal's record was moved away.
    moved_away: u64,
}

/// Checks the trail, with what was archived of it and against an older export of it, and against the
/// journal where the signer answers.
pub(super) fn verify(
    (archives, against): (&[PathBuf], Option<&Path>),
    operation: &Operation,
) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let extent = Extent::of(&gateway)?;
    let archives = archive::read_all(archives, extent.start)?;
    let mut start = Trail::behind(extent.start);
    // What was archived and not taken away yet has to be there as it was archived.
    let beyond = archives.last().map(|last| last.trail.span().end);
    if let Some(end) = beyond.filter(|end| end.id > extent.start.id) {
        start = start.through(end);
    }
    if let Some(file) = against {
        let older = open(file)?.check(&[])?.span().end;
        if older.id < extent.start.id {
            return Err(shortened_since(file, extent.start.id));
        }
        start = start.through(older);
    }
    let trail = start.read(&gateway, extent.newest, |_entry| Ok(()))?;
    if let Some(missed) = trail.missed() {
        return Err(another_way(missed.id));
    }
    let mut view = whole(&trail, "the audit trail is whole");
    if let Some(file) = against {
        view = view.line(format!("it goes on where {} ends", file.display()));
    }
    let view = archive::beside(view, &archives);
    let trail = archives.iter().rev().fold(trail, |trail, it| trail.preceded_by(&it.trail));
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

/// An export in a file, of which the first line was read.
pub(super) fn open(file: &Path) -> Result<Export<BufReader<File>>, Failure> {
    let open = File::open(file).map_err(|source| files::unreadable(file, source))?;
    Export::open(BufReader::new(open), &file.display().to_string())
}

fn another_way(id: u64) -> Failure {
    let what = format!(
        "the audit trail goes another way than the export, which ends at entry {id}: it was changed, \
         cut off or replaced since"
    );
    Failure::new(Exit::Failed, what, HELP)
}

fn shortened_since(file: &Path, begins_after: u64) -> Failure {
    let file = file.display();
    let what = format!(
        "the audit trail begins behind entry {begins_after} now, which {file} does not reach"
    );
    Failure::new(
        Exit::Failed,
        what,
        "check it with what was archived: audit verify --archive FILE…",
    )
}

/// The trail, checked, unless gatewayd does not answer.
pub(super) fn read_if_there(operation: &Operation) -> Result<Option<Trail>, Failure> {
    match read(&operation.gateway()?) {
        Ok(trail) => Ok(Some(trail)),
        Err(failure) if failure.exit() == Exit::Unreachable => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The trail as far as it goes now, checked.
fn read(gateway: &Gateway) -> Result<Trail, Failure> {
    let Extent { start, newest } = Extent::of(gateway)?;
    Trail::behind(start).read(gateway, newest, |_entry| Ok(()))
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
    beginning(View::new(json!({ "verified": true, "trail": summary(trail) })).line(words), trail)
}

/// What people read of a trail.
fn beginning(view: View, trail: &Trail) -> View {
    let Span { start, end, entries } = trail.span();
    let view = view.fields(vec![
        ("entries", format!("{entries}, each tied to the one before it")),
        ("head", primitives::encode_hex(&end.head)),
    ]);
    match start.id {
        0 => view,
        id => view
            .line(format!("entries up to {id} were archived; what they were, these do not prove")),
    }
}

/// The same beside what was found of the journal.
pub(super) fn beside(journal: View, trail: &Trail, tied: Tied) -> View {
    let journal = journal.with("trail", summary(trail)).line("the audit trail is whole");
    beginning(journal, trail).line(sentence(tied))
}

fn summary(trail: &Trail) -> Value {
    let Span { start, end, entries } = trail.span();
    json!({
        "beginsAfter": start.id,
        "entries": entries,
        "last": end.id,
        "head": primitives::encode_hex(&end.head),
        "journalSeen": trail.ties().len(),
    })
}

/// Writes the trail to a file, after what it is said to be.
pub(super) fn export_to(file: &Path, operation: &Operation) -> Result<View, Failure> {
    check_new(file)?;
    let gateway = operation.gateway()?;
    // The first line says how the export ends, which is known once all was read.
    let trail = read(&gateway)?;
    files::fill_new(file, |out| fill(out, file, trail.span(), &gateway))?;
    let path = file.display().to_string();
    let view = whole(&trail, &format!("{path} is written, and whole"));
    Ok(view.line(format!("to check it anywhere: waiaasctl audit verify --file {path}")))
}

/// Writes an export of these entries.
pub(super) fn fill(
    out: &mut impl Write,
    file: &Path,
    span: Span,
    gateway: &Gateway,
) -> Result<(), Failure> {
    let unwritable = |source| files::unwritable(file, source);
    writeln!(out, "{}", trail::header(span)).map_err(unwritable)?;
    Trail::behind(span.start).read(gateway, span.end.id, |entry| {
        writeln!(out, "{}", trail::line(entry)).map_err(unwritable)
    })?;
    Ok(())
}
