//! `backup`, `backup verify`, `restore`.

use std::path::Path;

use protocol::{JournalReport, Request, wire::MAX_BYTES};
use serde_json::json;

use super::Operation;
use crate::args::{BackupArgs, BackupCommand};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::progress::Progress;
use crate::view::View;

/// Makes or checks a backup.
pub(super) fn run(arguments: BackupArgs, operation: &Operation) -> Result<View, Failure> {
    match (arguments.command, arguments.file) {
        (Some(BackupCommand::Verify { file }), _) => verify(&file, operation),
        (None, Some(file)) => create(&file, operation),
        (None, None) => Err(Failure::new(Exit::Usage, "no file is named", "see --help")),
    }
}

/// Writes a backup, then checks what was written: an unread backup is a hope.
fn create(file: &Path, operation: &Operation) -> Result<View, Failure> {
    if file.exists() {
        let what = format!("{} exists already", file.display());
        return Err(Failure::new(Exit::Failed, what, "name a new file"));
    }
    let mut signer = operation.signer()?;
    let passphrase = operation.passphrase()?;
    let _progress = Progress::start("writing and checking the backup");
    let archive = signer.backup(passphrase.to_secret())?;
    files::write_new(file, &archive)?;
    let archive = files::read(file, MAX_BYTES)?;
    let (bytes, passphrase) = (archive.len(), passphrase.to_secret());
    let report = signer.journal(Request::VerifyBackup { passphrase, archive })?;
    let path = file.display().to_string();
    let sentence = format!(
        "{path}: {bytes} bytes with {} keys, written and read back; the vault's passphrase opens it",
        report.keys,
    );
    Ok(View::new(json!({ "file": path, "bytes": bytes, "journal": report_json(&report) }))
        .line(sentence))
}

fn verify(file: &Path, operation: &Operation) -> Result<View, Failure> {
    let archive = files::read(file, MAX_BYTES)?;
    let mut signer = operation.signer()?;
    let passphrase = operation.secret()?;
    let _progress = Progress::start("checking the backup");
    let report = signer.journal(Request::VerifyBackup { passphrase, archive })?;
    let sentence = format!("{} is whole", file.display());
    Ok(report_view(&report, sentence))
}

/// Takes over a backup.
pub(super) fn restore(file: &Path, operation: &Operation) -> Result<View, Failure> {
    let archive = files::read(file, MAX_BYTES)?;
    let mut signer = operation.signer()?;
    let passphrase = operation.secret()?;
    let _progress = Progress::start("taking over the backup");
    let report = signer.journal(Request::Restore { passphrase, archive })?;
    let view =
        report_view(&report, format!("{} is restored; signing is suspended", file.display()));
    let view = view.line(
        "what left since the backup is unknown, so the ceilings of a day count as used up for a day",
    );
    Ok(view.line(format!(
        "next, once no other signer uses these keys: {} and {}",
        operation.place.command("unlock"),
        operation.place.command("resume"),
    )))
}

fn report_view(report: &JournalReport, sentence: String) -> View {
    let mut fields = vec![
        ("journal", format!("{} records", report.records)),
        ("head", primitives::encode_hex(&report.head)),
    ];
    if report.keys > 0 {
        fields.push(("keys", report.keys.to_string()));
    }
    View::new(report_json(report)).line(sentence).fields(fields)
}

fn report_json(report: &JournalReport) -> serde_json::Value {
    let head = primitives::encode_hex(&report.head);
    json!({ "records": report.records, "head": head, "keys": report.keys })
}
