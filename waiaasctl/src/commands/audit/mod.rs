//! `audit verify`, `show`, `export`: the signer's journal, checked here and not by the signer.

mod export;
mod show;
mod words;

pub(super) use words::{entry_fields, entry_json};

use std::path::Path;

use protocol::journal::Record;
use serde_json::{Value, json};

use super::Operation;
use crate::args::AuditCommand;
use crate::chain::{Broken, Chain};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::time::utc;
use crate::view::View;

/// Records asked for at once: the most of a list.
const PAGE: u16 = 4096;
/// What `docs/` says about a journal that does not verify.
const HELP: &str = "see docs/journal.md, \"When it does not verify\"";

/// Checks, shows or exports the journal.
pub(super) fn run(command: AuditCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        AuditCommand::Verify { file: Some(file) } => verify_file(&file),
        AuditCommand::Verify { file: None } => verify(operation),
        AuditCommand::Show(arguments) => show::show(&arguments, operation),
        AuditCommand::Export { file } => export_to(&file, operation),
    }
}

/// What a journal is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    /// Whose it is.
    instance: [u8; 16],
    /// The first record that was not moved away.
    first: u64,
    /// How many there are in all.
    records: u64,
    /// The hash of the last.
    head: [u8; 32],
}

/// Checks every record that the signer had when it was asked, and that they end in the head that it
/// named.
fn verify(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let claim = claim(&mut signer)?;
    walk(&mut signer, claim, |_record| Ok(()))?;
    Ok(whole(claim, "the journal is whole".to_owned()))
}

fn verify_file(file: &Path) -> Result<View, Failure> {
    let _progress = Progress::start("reading the export");
    let mut export = export::open(file)?;
    let claim = export.claim();
    let mut chain = Chain::before(claim.first);
    while let Some(record) = export.next_record()? {
        chain.follow(&record).map_err(|broken| failure(&broken))?;
    }
    ends_in(&chain, claim)?;
    Ok(whole(claim, format!("{} is whole", file.display())))
}

fn export_to(file: &Path, operation: &Operation) -> Result<View, Failure> {
    if file.exists() {
        let what = format!("{} exists already", file.display());
        return Err(Failure::new(Exit::Failed, what, "name a new file"));
    }
    let mut signer = operation.signer()?;
    let claim = claim(&mut signer)?;
    files::fill_new(file, |put| {
        put(&export::header(claim))?;
        walk(&mut signer, claim, |record| put(&protocol::wire::to_bytes(record)))
    })?;
    let path = file.display().to_string();
    let check = format!("waiaasctl audit verify --file {path}");
    let view = whole(claim, format!("{path} is written, and whole"));
    Ok(view.line(format!("to check it anywhere: {check}")))
}

fn claim(signer: &mut Signer) -> Result<Claim, Failure> {
    let status = signer.status()?;
    let (records, head) = (status.journal_records, status.journal_head);
    let first = match signer.records(0, 1)?.first() {
        None => 0,
        Some(record) => record.entry().map_err(|_unreadable| cut_off(0, records))?.number,
    };
    Ok(Claim { instance: signer.instance(), first, records, head })
}

/// Follows the chain through all records of the claim, and hands each to `each`.
fn walk(
    signer: &mut Signer,
    claim: Claim,
    mut each: impl FnMut(&Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let what = "reading the journal";
    let progress = Progress::start(what);
    let mut chain = Chain::before(claim.first);
    while chain.next() < claim.records {
        let page = signer.records(chain.next(), PAGE)?;
        if page.is_empty() {
            break;
        }
        let left = usize::try_from(claim.records.saturating_sub(chain.next()));
        for record in page.iter().take(left.unwrap_or(usize::MAX)) {
            chain.follow(record).map_err(|broken| failure(&broken))?;
            each(record)?;
        }
        progress.reached(what, chain.next(), claim.records);
    }
    ends_in(&chain, claim)
}

fn ends_in(chain: &Chain, claim: Claim) -> Result<(), Failure> {
    if chain.next() != claim.records {
        return Err(cut_off(chain.next(), claim.records));
    }
    if chain.head() != claim.head {
        let what = "the journal hangs together, and ends in another hash than it should";
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    Ok(())
}

fn cut_off(there: u64, of: u64) -> Failure {
    let what = format!("the journal is cut off: it ends at {there} of {of} records");
    Failure::new(Exit::Failed, what, HELP)
}

fn failure(broken: &Broken) -> Failure {
    let why = std::error::Error::source(broken).map(|why| format!(": {why}")).unwrap_or_default();
    Failure::new(Exit::Failed, format!("the journal does not verify: {broken}{why}"), HELP)
}

fn whole(claim: Claim, sentence: String) -> View {
    let (head, instance) =
        (primitives::encode_hex(&claim.head), primitives::encode_hex(&claim.instance));
    let checked = claim.records.saturating_sub(claim.first);
    let json = json!({
        "verified": true,
        "first": claim.first,
        "records": checked,
        "head": head,
        "instance": instance,
    });
    let view = View::new(json).line(sentence).fields(vec![
        ("records", format!("{checked}, each tied to the one before it")),
        ("head", head),
        ("signer", instance),
    ]);
    match claim.first {
        0 => view,
        first => view.line(format!(
            "records before {first} were moved away; what they were, these do not prove"
        )),
    }
}

/// A time as `--json` and people get it.
fn time_json(seconds: u64) -> Value {
    json!({ "unix": seconds, "utc": utc(seconds) })
}
