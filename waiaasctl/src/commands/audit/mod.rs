//! `audit log`, `follow`, `verify`, `show`, `export`, `archive`: the signer's journal and the gateway's audit
//! trail, checked here and not by the daemons.

mod archive;
mod log;
mod show;
mod trail;
mod words;

pub(super) use words::{entry_fields, entry_json};

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use protocol::Status;
use serde_json::{Value, json};

use super::Operation;
use crate::args::{AuditCommand, AuditVerifyArgs};
use crate::exit::{Exit, Failure};
use crate::export::{self, Claim, HELP};
use crate::files;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::time::utc;
use crate::view::View;

/// Checks, shows or exports the journal.
pub(super) fn run(command: AuditCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        AuditCommand::Log(arguments) => log::log(&arguments, operation),
        AuditCommand::Follow(filter) => log::follow(&filter, operation),
        AuditCommand::Verify(AuditVerifyArgs { file: Some(file), .. }) => verify_file(&file),
        AuditCommand::Verify(AuditVerifyArgs { file: None, trail, against, archive })
            if trail || !archive.is_empty() =>
        {
            trail::verify((&archive, against.as_deref()), operation)
        }
        AuditCommand::Verify(AuditVerifyArgs { file: None, .. }) => verify(operation),
        AuditCommand::Show(arguments) => show::show(&arguments, operation),
        AuditCommand::Export { file, trail: false } => export_to(&file, operation),
        AuditCommand::Export { file, trail: true } => trail::export_to(&file, operation),
        AuditCommand::Archive(arguments) => archive::archive(&arguments, operation),
    }
}

/// Checks every record that the signer had when it was asked, and that they end in the head that it
/// named; and the gateway's trail, where the gateway answers.
fn verify(operation: &Operation) -> Result<View, Failure> {
    // First, so that the journal is as long as the trail knows it or longer.
    let trail = trail::read_if_there(operation)?;
    let mut signer = operation.signer()?;
    let status = signer.status()?;
    let claim = claim(&mut signer, &status)?;
    let view = |claim| whole(claim, "the journal is whole".to_owned());
    if let Some(trail) = trail {
        let tied = trail::compare(&trail, claim, &mut signer)?;
        return Ok(trail::beside(view(claim), &trail, tied));
    }
    claim.walk(&mut signer, |_record| Ok(()))?;
    let view = view(claim).with("trail", Value::Null);
    Ok(view.line("gatewayd does not answer: its audit trail was not checked"))
}

/// Reads every record that the signer had at this status, a page at a time between the requests of
/// others, and checks each against the one before.
pub(super) fn verified(signer: &mut Signer, status: &Status) -> Result<Claim, Failure> {
    let claim = claim(signer, status)?;
    claim.walk(signer, |_record| Ok(()))?;
    Ok(claim)
}

fn verify_file(file: &Path) -> Result<View, Failure> {
    let _progress = Progress::start("reading the export");
    let name = file.display().to_string();
    let unreadable = |source| files::unreadable(file, source);
    let mut input = BufReader::new(File::open(file).map_err(unreadable)?);
    // An export of the trail is JSON, one of the journal is not.
    if input.fill_buf().map_err(unreadable)?.first() == Some(&b'{') {
        let trail = crate::trail::Export::open(input, &name)?.check(&[])?;
        return Ok(trail::whole(&trail, &format!("{name} is whole")));
    }
    let claim = export::check(input, &name)?;
    Ok(whole(claim, format!("{name} is whole")))
}

fn export_to(file: &Path, operation: &Operation) -> Result<View, Failure> {
    check_new(file)?;
    let mut signer = operation.signer()?;
    let status = signer.status()?;
    let claim = claim(&mut signer, &status)?;
    files::fill_new(file, |out| {
        claim.export(&mut signer, |bytes| {
            out.write_all(bytes).map_err(|source| files::unwritable(file, source))
        })
    })?;
    let path = file.display().to_string();
    let check = format!("waiaasctl audit verify --file {path}");
    let view = whole(claim, format!("{path} is written, and whole"));
    Ok(view.line(format!("to check it anywhere: {check}")))
}

fn check_new(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        let what = format!("{} exists already", file.display());
        return Err(Failure::new(Exit::Failed, what, "name a new file"));
    }
    Ok(())
}

/// What a signer reads of a damaged journal is whole up to the damage, and no more.
fn claim(signer: &mut Signer, status: &Status) -> Result<Claim, Failure> {
    match &status.journal_damage {
        None => Claim::of(signer, status.journal_records, status.journal_head),
        Some(damage) => {
            let what = format!("the journal does not verify: {damage}");
            Err(Failure::new(Exit::Failed, what, HELP))
        }
    }
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
