//! Makes a backup while both daemons run.
//!
//! The order matters. The gateway copies its database first, then the signer its vault, then the
//! journal is read as far as it was at that moment. So each wallet and each payment that the database
//! names is known to the vault and the journal beside it; what came in between is in the journal
//! alone, and the gateway adopts its keys.

use std::io::Write;
use std::path::Path;

use archive::{ArchiveError, Kind, Writer};
use protocol::JournalReport;

use super::check::{self, Checked};
use super::{Description, Scope, unwritten};
use crate::exit::Failure;
use crate::export::Claim;
use crate::files;
use crate::gateway::{Call, Download, Gateway};
use crate::passphrase::Passphrase;
use crate::place::Place;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::time;

/// Writes a backup of `scope` to `path`, which must not exist, and reads it back before it gets its
/// name. Without a passphrase the vault has to be open.
///
/// # Errors
/// When a daemon does not give its part, the disk does not take it, or what was written is not what
/// it should be; nothing is left behind then.
pub(crate) fn make(
    place: &Place,
    passphrase: Option<&Passphrase>,
    path: &Path,
    scope: Scope,
) -> Result<Checked, Failure> {
    let signer = &mut Signer::connect(&place.control_socket())?;
    let gateway = Gateway::new(&place.gateway_socket())?;
    let database = match scope {
        Scope::Everything => Some(gateway.download(Call::get("/v1/admin/database"))?),
        Scope::SignerAlone => None,
    };
    let copy = signer.backup(passphrase.map(Passphrase::to_secret))?;
    files::fill_and_check(
        path,
        |out| {
            let begun = Writer::begin(out, &copy.archive, copy.key.as_bytes());
            let writer = begun.map_err(|error| unwritten(path, error))?;
            let filling = Filling { writer, path };
            filling.fill(signer, &copy.journal, database)?;
            Ok(signer)
        },
        |signer, beside| check::check(signer, passphrase.map(Passphrase::to_secret), beside),
    )
}

/// A backup whose entries are being written.
struct Filling<'p, W> {
    writer: Writer<W>,
    path: &'p Path,
}

impl<W: Write> Filling<'_, W> {
    fn fill(
        mut self,
        signer: &mut Signer,
        journal: &JournalReport,
        database: Option<Download<'_>>,
    ) -> Result<(), Failure> {
        self.describe()?;
        self.add_journal(signer, journal)?;
        if let Some(database) = database {
            self.add_database(database)?;
        }
        let path = self.path;
        self.writer.finish().map(drop).map_err(|error| unwritten(path, error))
    }

    fn describe(&mut self) -> Result<(), Failure> {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let description = Description { made_at: time::now_ms() / 1_000, program };
        let text = serde_json::to_vec(&description).expect("names and numbers are JSON");
        self.add(Kind::Description, |put| put(&text))
    }

    fn add_journal(&mut self, signer: &mut Signer, report: &JournalReport) -> Result<(), Failure> {
        let claim = Claim::of(signer, report.records, report.head)?;
        self.add(Kind::Journal, |put| claim.export(signer, put))
    }

    fn add_database(&mut self, mut database: Download<'_>) -> Result<(), Failure> {
        let what = "copying the database";
        let progress = Progress::start(what);
        let mut done = 0_u64;
        self.add(Kind::Database, |put| {
            while let Some(piece) = database.next_piece()? {
                put(&piece)?;
                done = done.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                progress.reached(what, done, database.length());
            }
            Ok(())
        })
    }

    /// Adds an entry that `fill` puts together.
    fn add(
        &mut self,
        kind: Kind,
        fill: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let path = self.path;
        let failed = |error: ArchiveError| unwritten(path, error);
        let mut part = self.writer.part(kind).map_err(failed)?;
        fill(&mut |bytes| part.put(bytes).map_err(failed))?;
        part.end().map_err(failed)
    }
}
