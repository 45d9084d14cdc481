//! `backup`, `backup list`, `backup verify`, `restore`.

use std::path::{Path, PathBuf};

use primitives::encode_hex;
use serde_json::{Value, json};

use super::Operation;
use crate::args::{BackupArgs, BackupCommand, RestoreArgs};
use crate::backup::Scope;
use crate::backup::check::{Checked, check};
use crate::backup::folder::{self, Folder};
use crate::backup::make::make;
use crate::backup::restore::{Restored, restore as take_over};
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// Makes, lists or checks backups.
pub(super) fn run(arguments: BackupArgs, operation: &Operation) -> Result<View, Failure> {
    let BackupArgs { command, file, auto, dir, keep, keys_only } = arguments;
    match (command, file) {
        (Some(BackupCommand::Verify { file }), _) => verify(&file, operation),
        (Some(BackupCommand::List { dir }), _) => list(dir.as_deref(), &operation.place),
        (None, _) if auto => add(dir.as_deref(), keep, &operation.place),
        (None, Some(file)) => create(&file, scope(keys_only), operation),
        (None, None) => Err(Failure::new(Exit::Usage, "no file is named", "see --help")),
    }
}

const fn scope(keys_only: bool) -> Scope {
    if keys_only { Scope::SignerAlone } else { Scope::Everything }
}

/// Writes a backup, then checks what was written: an unread backup is a hope.
fn create(file: &Path, scope: Scope, operation: &Operation) -> Result<View, Failure> {
    if file.exists() {
        let what = format!("{} exists already", file.display());
        return Err(Failure::new(Exit::Failed, what, "name a new file"));
    }
    let passphrase = operation.passphrase()?;
    let checked = make(&operation.place, Some(&passphrase), file, scope)?;
    Ok(made(file, &checked))
}

fn add(dir: Option<&Path>, keep: u16, place: &Place) -> Result<View, Failure> {
    let folder = Folder::make(&folder::of(place, dir)?)?;
    let kept = folder.add(place, keep.into())?;
    let view = made(&kept.path, &kept.checked);
    Ok(match kept.removed.len() {
        0 => view,
        removed => view.line(format!("{removed} older ones were removed; {keep} are kept")),
    })
}

fn made(file: &Path, checked: &Checked) -> View {
    let path = file.display().to_string();
    let sentence = format!(
        "{path}: {} bytes, written and read back; the vault's passphrase of now opens it",
        checked.bytes,
    );
    View::new(checked_json(file, checked)).line(sentence).fields(fields(checked))
}

fn verify(file: &Path, operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let checked = check(&mut signer, Some(operation.secret()?), file)?;
    let view = View::new(checked_json(file, &checked));
    Ok(view.line(format!("{} is whole", file.display())).fields(fields(&checked)))
}

fn list(dir: Option<&Path>, place: &Place) -> Result<View, Failure> {
    let path = folder::of(place, dir)?;
    let Some(folder) = Folder::existing(&path) else {
        let sentence = format!("there are no automatic backups in {}", path.display());
        return Ok(View::new(json!({ "backups": [], "lastFailure": null })).line(sentence));
    };
    let (found, failure) = (folder.list()?, folder.last_failure());
    let items: Vec<Value> = found
        .iter()
        .map(|it| json!({ "file": it.path.display().to_string(), "madeAt": it.made_at, "bytes": it.bytes }))
        .collect();
    let mut table =
        Table::new([Column::left("MADE"), Column::right("BYTES"), Column::left("FILE")]);
    for it in &found {
        table.row(vec![utc(it.made_at), it.bytes.to_string(), it.path.display().to_string()]);
    }
    let view = View::new(json!({ "backups": items, "lastFailure": failure })).table(table);
    Ok(match failure {
        Some(failure) => {
            view.line(format!("the last try, {}, failed: {}", utc(failure.at), failure.what))
        }
        None => view,
    })
}

/// Takes over a backup.
pub(super) fn restore(arguments: &RestoreArgs, operation: &Operation) -> Result<View, Failure> {
    let RestoreArgs { file, keys_only, journal } = arguments;
    let journal = journal.clone().unwrap_or_else(|| beside(file));
    let passphrase = operation.passphrase()?;
    let restored = take_over(&operation.place, &passphrase, file, &journal, scope(*keys_only))?;
    Ok(restored_view(file, &restored, &operation.place))
}

/// Where the old journal goes, unless somebody says otherwise.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// What was taken over, and what to do next.
pub(crate) fn restored_view(file: &Path, restored: &Restored, place: &Place) -> View {
    let Restored { checked, journal, database } = restored;
    let mut json = checked_json(file, checked);
    json["restored"] =
        json!({ "journal": journal.display().to_string(), "database": database.is_some() });
    let view = View::new(json)
        .line(format!("{} is restored; signing is suspended", file.display()))
        .fields(fields(checked))
        .line(format!("the old journal is in {}", journal.display()))
        .line(
            "what left since the backup is unknown, so the ceilings of a day count as used up for \
             a day",
        );
    let view = match database {
        Some(_) => view.line(
            "payments that were under way have failed, or are looked for on their networks; none is \
             signed or sent again. Sessions and policies are those of the backup: what was revoked \
             or tightened since has to be again",
        ),
        None => view.line("the gateway's database is as it was"),
    };
    view.line(format!(
        "next, once no other signer uses these keys: {} and {}",
        place.command("unlock"),
        place.command("resume"),
    ))
}

fn fields(checked: &Checked) -> Vec<(&'static str, String)> {
    vec![
        ("made", utc(checked.description.made_at)),
        ("keys", checked.report.keys.to_string()),
        ("journal", format!("{} records", checked.report.records)),
        ("head", encode_hex(&checked.report.head)),
        (
            "database",
            checked.database.map_or_else(|| "not in it".to_owned(), |it| format!("{it} bytes")),
        ),
    ]
}

fn checked_json(file: &Path, checked: &Checked) -> Value {
    json!({
        "file": file.display().to_string(),
        "bytes": checked.bytes,
        "madeAt": checked.description.made_at,
        "program": checked.description.program,
        "keys": checked.report.keys,
        "journal": {
            "first": checked.journal.first,
            "records": checked.report.records,
            "head": encode_hex(&checked.report.head),
        },
        "database": checked.database.map(|bytes| json!({ "bytes": bytes })),
    })
}
