//! Everything that the signer decided, append-only and hash-chained; the signer's state is the fold
//! of it. `docs/journal.md` describes the files.
//!
//! A record is a head, its content (number, times, event), and a SHA-256 over the hash before it and
//! the content: [`protocol::journal`]. Records are collected while a batch of requests is decided and
//! written together with one `fdatasync`: [`Journal::commit`] turns what waited for the disk
//! ([`Unsynced`]) into what stands on it ([`Recorded`]), and only that can be signed, or what was paid
//! from a lease that stands on it.

mod chain;
mod counter;
mod directory;
mod error;
mod index;
mod lease;
mod paying;
mod read;
mod recent;
mod record;
mod segment;
mod snapshot;
mod state;
mod tail;
mod witness;

use std::path::Path;

use primitives::WalletId;
use protocol::Latch;
use protocol::journal::Record;
use txcodec::SigningInput;

pub use error::JournalError;
pub use lease::Paid;
pub use protocol::journal::{Entry, Event, Grant, Origin, SpendLine, WalletSnapshot};
pub use read::ReadError;
pub use recent::Repeat;
pub use state::{State, WalletState};
pub use witness::Witness;

use crate::clock::{Moment, UnixSeconds};
use crate::log;
use crate::tpm::{Tpm, TpmError};

/// The journal and what it adds up to.
#[derive(Debug)]
pub struct Journal {
    chain: chain::Chain,
    indexes: read::Indexes,
    state: State,
    damage: Option<String>,
    witness: Option<Witness>,
    counter: Option<counter::Counter>,
    /// Why this journal is not the one that the witness or the counter knows.
    put_back: Option<String>,
    leases: lease::Leases,
    /// Whether something waits that has to be on the disk as soon as may be.
    urgent: bool,
    /// When the disk last had everything.
    synced_at: UnixSeconds,
    segment_bytes: u64,
    /// Of the last record that was appended.
    last: Moment,
}

/// The size of a segment, unless the settings say another.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// A clearance whose spend is counted, but may not stand on the disk yet.
#[derive(Debug)]
pub struct Unsynced(Recorded);

/// A clearance that is noted, and whether it may be signed yet.
#[derive(Debug)]
pub enum Noted {
    /// Once what waits is on the disk.
    Waiting(Unsynced),
    /// Once what waits was handed to the system: its spend stands on the disk as a lease.
    Leased(Recorded),
}

/// A clearance whose spend stands on the disk. Only [`Journal::commit`] makes one out of an
/// [`Unsynced`], or it was paid from a lease that stands there; the vault uses it up, so nothing is
/// signed whose spend is not on the disk, and nothing recorded is signed twice.
///
/// ```compile_fail,E0451
/// fn forge(wallet: primitives::WalletId, input: txcodec::SigningInput) -> signerd::journal::Recorded {
///     signerd::journal::Recorded { wallet, input } // its fields are private
/// }
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
    /// Opens the journal in `directory`, which is made if it is missing, and reads its newest
    /// segment on what its snapshot says. Records at the end that a crash cut short are taken off:
    /// nothing was signed by them, but by a lease that stands before them.
    ///
    /// A journal that does not verify is opened as far as it does, says so in [`Journal::damage`],
    /// and takes nothing more.
    ///
    /// # Errors
    /// When the files cannot be opened or read.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let mut state = State::default();
        let (chain, damage) = chain::Chain::open(directory, &mut state)?;
        let damage = damage.map(|error| error.to_string());
        let now = state.seen().map_or(0, |seen| seen.last);
        let last = Moment { now, wall: now };
        let (indexes, segment_bytes) = (read::Indexes::default(), SEGMENT_BYTES);
        let (witness, counter, put_back) = (None, None, None);
        let leases = lease::Leases::default();
        Ok(Self {
            chain,
            indexes,
            state,
            damage,
            witness,
            counter,
            put_back,
            leases,
            urgent: false,
            synced_at: now,
            segment_bytes,
            last,
        })
    }

    /// Begins a new segment when one is so long, in bytes.
    #[must_use]
    pub fn with_segments_of(self, segment_bytes: u64) -> Self {
        Self { segment_bytes, ..self }
    }

    /// Compares it with what `witness` says of it, and from now on tells it how far it came.
    #[must_use]
    pub fn with_witness(mut self, witness: Witness) -> Self {
        let compared = match witness.read() {
            Ok(None) => Ok(()),
            Ok(Some(known)) => self.compare(known),
            Err(unreadable) => Err(unreadable),
        };
        self.witness = Some(witness);
        self.put_back = self.put_back.take().or(compared.err());
        // What is wrong with the journal does not become what is known of it elsewhere.
        if self.damage.is_none() {
            self.tell_witness();
        }
        self
    }

    /// Compares it with the counter in `tpm`, and from now on counts that up.
    ///
    /// # Errors
    /// When the TPM does not answer, or refuses.
    pub fn with_counter(mut self, tpm: Tpm) -> Result<Self, TpmError> {
        let mut counter = counter::Counter::find(tpm)?;
        let reason = match self.damage {
            Some(_) => None,
            None => counter.compare(self.state.counted(), self.head().0)?,
        };
        self.counter = Some(counter);
        self.put_back = self.put_back.take().or(reason);
        Ok(self)
    }

    fn tell_witness(&mut self) {
        if self.put_back.is_some() {
            return;
        }
        let (records, hash) = self.head();
        self.witness.iter_mut().for_each(|it| it.write(witness::Head { records, hash }));
    }

    fn compare(&mut self, known: witness::Head) -> Result<(), String> {
        let (records, _) = self.head();
        let first = known.records;
        match self.indexes.hash_after(&self.chain, first) {
            Ok(Some(hash)) if hash == known.hash => Ok(()),
            Ok(Some(_)) => {
                Err(format!("the journal's first {first} records are others than before"))
            }
            Ok(None) => Err(format!(
                "an older copy of the state directory was put back: the journal has {records} \
                 records, and had {first}"
            )),
            Err(ReadError::MovedAway { .. }) => {
                Err(format!("the journal's first {first} records are gone, and cannot be compared"))
            }
            Err(ReadError::Journal(error)) => Err(error.to_string()),
        }
    }

    /// Why this is not the journal that was in use before; an operator who resumes signing accepts
    /// it.
    pub fn put_back(&self) -> Option<&str> {
        self.put_back.as_deref()
    }

    /// What tells an older copy of the state directory from the one in use.
    pub fn witnesses(&self) -> Vec<protocol::Witness> {
        let waits = self.put_back.is_some();
        let file = self.witness.as_ref().map(|witness| witness.report(waits));
        let counter = self.counter.as_ref().map(|counter| counter.report(waits));
        file.into_iter().chain(counter).collect()
    }

    /// Why the counter in the TPM is not counted up any more.
    pub fn counter_failure(&self) -> Option<&str> {
        self.counter.as_ref().and_then(counter::Counter::failure)
    }

    /// What happens by the clock alone: leases end; what was paid from them goes to the disk, and the
    /// witness to its own, once a second; and the counter goes on where the journal did.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn tick(&mut self, moment: Moment) -> Result<(), JournalError> {
        let now = moment.now;
        self.end_leases(moment, now);
        self.count(moment);
        if self.urgent || now != self.synced_at {
            self.commit()?;
            self.synced_at = now;
        }
        self.witness.iter_mut().for_each(|witness| witness.sync(now));
        Ok(())
    }

    /// The end: nothing more comes, and everything goes to its disk.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn stop(&mut self) -> Result<(), JournalError> {
        self.end_leases(self.last, UnixSeconds::MAX);
        self.commit()?;
        self.counter.iter_mut().for_each(counter::Counter::hurry);
        self.count(self.last);
        self.commit()?;
        self.witness.iter_mut().for_each(Witness::sync_now);
        Ok(())
    }

    /// What is wrong with the file, if it did not verify or could not be written. It takes nothing
    /// more then.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// What the journal adds up to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Appends an event and applies it. It is on the disk after the next [`Journal::commit`]. With
    /// [`Journal::damage`] nothing happens: what can never be written is not kept.
    pub fn append(&mut self, moment: Moment, event: Event) {
        if self.damage.is_some() {
            return;
        }
        self.take(moment, event);
        self.counter.iter_mut().for_each(counter::Counter::grow);
        self.count(moment);
    }

    /// Appends what the counter is going to show, if it is time to count it up.
    fn count(&mut self, moment: Moment) {
        if self.damage.is_none()
            && self.put_back.is_none()
            && let Some(event) = self.counter.as_mut().and_then(|counter| counter.due(moment.now))
        {
            self.take(moment, event);
        }
    }

    fn take(&mut self, moment: Moment, event: Event) {
        self.last = moment;
        if matches!(event, Event::LatchSet { wallet: None, latch: Latch::Active, .. }) {
            self.put_back = None;
        }
        self.leases.end_by(&event);
        self.urgent |= !matches!(event, Event::Signed { by: Grant::Lease, .. });
        let entry = self.chain.append(moment, event);
        self.state.apply(entry.at, entry.event);
    }

    /// Hands everything that was appended to the system, without waiting for the disk: enough for
    /// what was paid from a lease.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn write(&mut self) -> Result<(), JournalError> {
        self.chain.write().inspect_err(|error| {
            self.damage.get_or_insert_with(|| error.to_string());
        })
    }

    /// Puts everything that was appended on the disk, with one `fdatasync`. A segment that is full
    /// then is ended, and the next one begun.
    ///
    /// # Errors
    /// When the disk does not take it. The journal takes nothing more from then on: what is on the
    /// disk is known again only after a restart.
    pub fn commit(&mut self) -> Result<Committed, JournalError> {
        self.chain.commit().inspect_err(|error| {
            self.damage.get_or_insert_with(|| error.to_string());
        })?;
        (self.urgent, self.synced_at) = (false, self.last.now);
        self.leases.committed();
        self.counter.iter_mut().for_each(counter::Counter::catch_up);
        if self.chain.segment_length() >= self.segment_bytes
            && let Err(error) = self.chain.rotate(self.last, &mut self.state)
        {
            // What was committed is on the disk; only the next batch finds no place.
            log::error(format_args!("no new segment of the journal: {error}"));
            self.damage.get_or_insert_with(|| error.to_string());
        }
        self.tell_witness();
        Ok(Committed(()))
    }

    /// Records that were written, from `from` on: at most `limit`, and no more than one reply holds.
    /// None at the end.
    ///
    /// # Errors
    /// When they were moved away, or cannot be read.
    pub fn read(&mut self, from: u64, limit: usize) -> Result<Vec<Record>, ReadError> {
        self.indexes.page(&self.chain, from, limit)
    }

    /// A record, and the hash of the one before it; `None` if there is no such record.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn record_at(&mut self, number: u64) -> Result<Option<([u8; 32], Record)>, ReadError> {
        self.indexes.record(&self.chain, number)
    }

    /// Up to where the segment is on the disk, in bytes.
    #[cfg(test)]
    pub(crate) fn synced_bytes(&self) -> usize {
        usize::try_from(self.chain.synced()).unwrap()
    }

    /// Whether nothing waits for the disk.
    #[cfg(test)]
    pub(crate) fn is_on_disk(&self) -> bool {
        self.chain.synced() == self.chain.segment_length()
    }

    /// Records appended, and the hash that ends the chain.
    pub fn head(&self) -> (u64, [u8; 32]) {
        self.chain.head()
    }
}

#[cfg(test)]
mod tests;
