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

/// What the signer says that its journal is.
#[derive(Clone, Copy, Debug)]
struct Claim {
    records: u64,
    head: [u8; 32],
}

/// Checks every record that the signer had when it was asked, and that they end in the head that it
/// named.
fn verify(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let claim = claim(&mut signer)?;
    let chain = walk(&mut signer, claim, |_record| Ok(()))?;
    Ok(whole(&chain, signer.instance(), "the journal is whole".to_owned()))
}

fn verify_file(file: &Path) -> Result<View, Failure> {
    let _progress = Progress::start("reading the export");
    let mut export = export::open(file)?;
    let mut chain = Chain::new();
    while let Some(record) = export.next_record()? {
        chain.follow(&record).map_err(|broken| failure(&broken))?;
    }
    let header = export.header();
    ends_in(&chain, Claim { records: header.records, head: header.head })?;
    Ok(whole(&chain, header.instance, format!("{} is whole", file.display())))
}

fn export_to(file: &Path, operation: &Operation) -> Result<View, Failure> {
    if file.exists() {
        let what = format!("{} exists already", file.display());
        return Err(Failure::new(Exit::Failed, what, "name a new file"));
    }
    let mut signer = operation.signer()?;
    let claim = claim(&mut signer)?;
    let instance = signer.instance();
    let header = export::Header { instance, records: claim.records, head: claim.head };
    let chain = files::fill_new(file, |put| {
        put(&header.to_bytes())?;
        walk(&mut signer, claim, |record| put(&protocol::wire::to_bytes(record)))
    })?;
    let path = file.display().to_string();
    let check = format!("waiaasctl audit verify --file {path}");
    let view = whole(&chain, instance, format!("{path} is written, and whole"));
    Ok(view.line(format!("to check it anywhere: {check}")))
}

fn claim(signer: &mut Signer) -> Result<Claim, Failure> {
    let status = signer.status()?;
    Ok(Claim { records: status.journal_records, head: status.journal_head })
}

/// Follows the chain through all records of the claim, and hands each to `each`.
fn walk(
    signer: &mut Signer,
    claim: Claim,
    mut each: impl FnMut(&Record) -> Result<(), Failure>,
) -> Result<Chain, Failure> {
    let what = "reading the journal";
    let progress = Progress::start(what);
    let mut chain = Chain::new();
    while chain.records() < claim.records {
        let page = signer.records(chain.records(), PAGE)?;
        if page.is_empty() {
            break;
        }
        let left = usize::try_from(claim.records.saturating_sub(chain.records()));
        for record in page.iter().take(left.unwrap_or(usize::MAX)) {
            chain.follow(record).map_err(|broken| failure(&broken))?;
            each(record)?;
        }
        progress.reached(what, chain.records(), claim.records);
    }
    ends_in(&chain, claim)?;
    Ok(chain)
}

fn ends_in(chain: &Chain, claim: Claim) -> Result<(), Failure> {
    if chain.records() != claim.records {
        let what = format!("{} records of {} are there", chain.records(), claim.records);
        return Err(Failure::new(Exit::Failed, format!("the journal is cut off: {what}"), HELP));
    }
    if chain.head() != claim.head {
        let what = "the journal hangs together, and ends in another hash than it should";
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    Ok(())
}

fn failure(broken: &Broken) -> Failure {
    let why = std::error::Error::source(broken).map(|why| format!(": {why}")).unwrap_or_default();
    Failure::new(Exit::Failed, format!("the journal does not verify: {broken}{why}"), HELP)
}

fn whole(chain: &Chain, instance: [u8; 16], sentence: String) -> View {
    let (head, instance) =
        (primitives::encode_hex(&chain.head()), primitives::encode_hex(&instance));
    let json = json!({
        "verified": true,
        "records": chain.records(),
        "head": head,
        "instance": instance,
    });
    View::new(json).line(sentence).fields(vec![
        ("records", format!("{}, each tied to the one before it", chain.records())),
        ("head", head),
        ("signer", instance),
    ])
}

/// A time as `--json` and people get it.
fn time_json(seconds: u64) -> Value {
    json!({ "unix": seconds, "utc": utc(seconds) })
}
