//! Everything that the signer decided, in one append-only, hash-chained file; the signer's state is
//! the fold of it.
//!
//! A record is a length of 32 bits, that many bytes of content (number, time, event), and a SHA-256
//! over the hash before it and the content. Records are collected while a batch of requests is
//! decided and written together with one `fdatasync`: [`Journal::commit`] turns what waited for the
//! disk ([`Unsynced`]) into what stands on it ([`Recorded`]), and only that can be signed.

mod event;
mod file;
mod state;

use std::path::Path;

use primitives::WalletId;
use protocol::JournalReport;
use txcodec::SigningInput;

pub use event::{Event, Origin, SpendLine, WalletSnapshot};
pub use file::JournalError;
pub use state::{State, WalletState};

use crate::clock::UnixSeconds;
use crate::guard::Cleared;

/// The journal and what it adds up to.
#[derive(Debug)]
pub struct Journal {
    file: file::Chain,
    state: State,
    damage: Option<String>,
}

/// A clearance whose spend is counted, but may not stand on the disk yet.
#[derive(Debug)]
pub struct Unsynced(Recorded);

/// A clearance whose spend stands on the disk. Only [`Journal::commit`] makes one out of an
/// [`Unsynced`], and the vault uses it up, so nothing is signed that is not recorded, and nothing
/// recorded is signed twice.
///
/// ```compile_fail
/// // A record cannot be made up.
/// let forged = signerd::journal::Recorded { wallet: todo!(), input: todo!() };
/// ```
#[derive(Debug)]
pub struct Recorded {
    wallet: WalletId,
    input: SigningInput,
}

/// Everything that was appended stands on the disk.
#[derive(Debug)]
pub struct Committed(());

impl Recorded {
    /// Whose key signs.
    pub fn wallet(&self) -> WalletId {
        self.wallet
    }

    /// What it signs.
    pub fn input(&self) -> &SigningInput {
        &self.input
    }
}

impl Unsynced {
    /// What was waiting for the disk is on it.
    pub fn recorded(self, _on_disk: &Committed) -> Recorded {
        self.0
    }
}

impl Journal {
    /// Opens the journal in `directory`, which is made if it is missing, and reads it from its
    /// first record. A last record that a crash cut short is taken off: nothing was signed by it.
    ///
    /// A journal that does not verify is opened as far as it does, says so in [`Journal::damage`],
    /// and takes nothing more.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let mut state = State::default();
        let (file, damage) =
            file::Chain::open(directory, &mut |at, event| state.apply(at, event))?;
        Ok(Self { file, state, damage: damage.map(|error| error.to_string()) })
    }

    /// What is wrong with the file, if it did not verify.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// What the journal adds up to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Appends an event and applies it. It is on the disk after the next [`Journal::commit`].
    pub fn append(&mut self, at: UnixSeconds, event: Event) {
        self.file.append(at, &event);
        self.state.apply(at, event);
    }

    /// Counts what `cleared` spends.
    ///
    /// The same bytes again are counted once: the same signature comes out, and the network takes
    /// it once.
    pub fn record(&mut self, at: UnixSeconds, cleared: Cleared) -> Unsynced {
        let (wallet, input, scope, spend) = cleared.into_parts();
        let digest = event::digest_of(&input);
        let spend = if self.state.was_signed(wallet, digest, at) {
            Vec::new()
        } else {
            spend.into_iter().map(|(asset, amount)| SpendLine { asset, amount }).collect()
        };
        self.append(at, Event::Signed { wallet, digest, scope, spend });
        Unsynced(Recorded { wallet, input })
    }

    /// Puts everything that was appended on the disk, with one `fdatasync`.
    ///
    /// # Errors
    /// When the disk does not take it. The journal takes nothing more from then on: what is on the
    /// disk is known again only after a restart.
    pub fn commit(&mut self) -> Result<Committed, JournalError> {
        self.file.commit().map(|()| Committed(()))
    }

    /// Reads the whole file again and checks its chain.
    ///
    /// # Errors
    /// As [`Journal::open`], and when it does not end where this one ends.
    pub fn verify(&self) -> Result<JournalReport, JournalError> {
        self.file.verify()
    }

    /// Records written, and the hash that ends the chain.
    pub fn head(&self) -> (u64, [u8; 32]) {
        self.file.head()
    }
}
