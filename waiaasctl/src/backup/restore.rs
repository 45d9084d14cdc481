//! Takes a backup over into daemons that have nothing yet.
//!
//! The order matters here too. The database comes first: without a vault nothing can be signed. The
//! old journal is written to a file then. The vault comes last, so that until it is there everything
//! can be done again, and a second time changes nothing.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use api::DatabaseTakenOver;
use archive::Kind;
use protocol::{Request, VaultPhase};

use super::check::{self, Checked, FileEntries, PartReader};
use super::{Scope, unusable};
use crate::exit::{Exit, Failure};
use crate::export;
use crate::files;
use crate::gateway::{Call, Gateway};
use crate::passphrase::Passphrase;
use crate::place::Place;
use crate::progress::Progress;
use crate::signer::Signer;

/// What was taken over.
#[derive(Debug)]
pub(crate) struct Restored {
    /// From what.
    pub(crate) checked: Checked,
    /// Where the old signer's journal is now.
    pub(crate) journal: PathBuf,
    /// What became of the database, if it was asked for and in the backup.
    pub(crate) database: Option<DatabaseTakenOver>,
}

/// Takes over `file`; the old journal goes to `journal`.
///
/// # Errors
/// When there is a vault already, something in the backup is wrong, or a daemon refuses its part.
pub(crate) fn restore(
    place: &Place,
    passphrase: &Passphrase,
    file: &Path,
    journal: &Path,
    scope: Scope,
) -> Result<Restored, Failure> {
    let mut signer = Signer::connect(&place.control_socket())?;
    if signer.status()?.vault != VaultPhase::Uninitialised {
        let what = "there is a vault already; it is never overwritten";
        let advice = "restore where there is none: stop the daemons, move the state directories \
                      of both away, and start them again";
        return Err(Failure::new(Exit::Running, what, advice));
    }
    let checked = check::check(&mut signer, Some(passphrase.to_secret()), file)?;
    let database = match (scope, checked.database) {
        (Scope::Everything, Some(length)) => Some(send_database(place, file, &checked, length)?),
        (Scope::Everything, None) | (Scope::SignerAlone, _) => None,
    };
    write_journal(journal, file, &checked)?;
    let _progress = Progress::start("taking over the vault");
    signer.journal(Request::Restore {
        passphrase: passphrase.to_secret(),
        archive: checked.signer_part.clone(),
    })?;
    Ok(Restored { checked, journal: journal.to_owned(), database })
}

fn send_database(
    place: &Place,
    file: &Path,
    checked: &Checked,
    length: u64,
) -> Result<DatabaseTakenOver, Failure> {
    let _progress = Progress::start("taking over the database");
    let gateway = Gateway::new(&place.gateway_socket())?;
    let mut entries = at_entry(file, checked, Kind::Database)?;
    let call = Call::put("/v1/admin/database").query("backup", &checked.id);
    let next = move |piece: &mut Vec<u8>| entries.piece(piece).map_err(io::Error::other);
    Ok(gateway.upload(call, next, length)?)
}

/// The old journal, written once; a file that is there is that of an earlier try, or refused.
fn write_journal(path: &Path, file: &Path, checked: &Checked) -> Result<(), Failure> {
    if path.exists() {
        let name = path.display().to_string();
        let there = File::open(path).map_err(|source| files::unreadable(path, source))?;
        if export::check(BufReader::new(there), &name).is_ok_and(|it| it == checked.journal) {
            return Ok(());
        }
        let what = format!("{name} exists already, and is not the journal in the backup");
        return Err(Failure::new(Exit::Failed, what, "name another file with --journal"));
    }
    let mut entries = at_entry(file, checked, Kind::Journal)?;
    files::fill_new(path, |out| {
        let mut part = PartReader::new(&mut entries);
        let copied = io::copy(&mut part, out).and_then(|_| out.flush());
        copied.map_err(|source| files::unwritable(path, source))
    })
}

/// The backup's entries, where that one begins.
fn at_entry(file: &Path, checked: &Checked, kind: Kind) -> Result<FileEntries, Failure> {
    let failed = |error| unusable(file, error);
    let mut entries = check::open_again(file, &checked.key)?;
    while let Some(found) = entries.next_entry().map_err(failed)? {
        if found == kind {
            return Ok(entries);
        }
    }
    Err(failed(archive::ArchiveError::Changed))
}
