//! Everything that the signer decided, in one append-only, hash-chained file; the signer's state is
//! the fold of it.
//!
//! A record is a length with its check, that many bytes of content (number, times, event), and a
//! SHA-256 over the hash before it and the content: [`protocol::journal`]. Records are collected while a batch of requests is
//! decided and written together with one `fdatasync`: [`Journal::commit`] turns what waited for the
//! disk ([`Unsynced`]) into what stands on it ([`Recorded`]), and only that can be signed.

mod file;
mod recent;
mod state;

use std::path::Path;

use primitives::WalletId;
use protocol::JournalReport;
use sha2::{Digest, Sha256};
use txcodec::SigningInput;

pub use file::JournalError;
pub use protocol::journal::{Entry, Event, Grant, Origin, SpendLine, WalletSnapshot};
pub use recent::Repeat;
pub use state::{State, WalletState};

use crate::clock::Moment;
use crate::guard::{Clearance, Cleared};

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
            file::Chain::open(directory, &mut |entry| state.apply(entry.at, entry.event))?;
        Ok(Self { file, state, damage: damage.map(|error| error.to_string()) })
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
        let Moment { now, wall } = moment;
        let entry = self.file.append(now, wall, event);
        self.state.apply(entry.at, entry.event);
    }

    /// Counts what `cleared` spends, unless it was counted before.
    pub fn record(&mut self, moment: Moment, cleared: Cleared) -> Unsynced {
        let Clearance { wallet, input, intent, by, scope, spend } = cleared.into_clearance();
        let digest = digest_of(&input);
        let spend = match by {
            Grant::Again | Grant::Lease => Vec::new(),
            Grant::Guard | Grant::Announced(_) | Grant::Approved(_) => {
                spend.into_iter().map(|(asset, amount)| SpendLine { asset, amount }).collect()
            }
        };
        self.append(moment, Event::Signed { wallet, digest, intent, by, scope, spend });
        Unsynced(Recorded { wallet, input })
    }

    /// Puts everything that was appended on the disk, with one `fdatasync`.
    ///
    /// # Errors
    /// When the disk does not take it. The journal takes nothing more from then on: what is on the
    /// disk is known again only after a restart.
    pub fn commit(&mut self) -> Result<Committed, JournalError> {
        self.file.commit().map(|()| Committed(())).inspect_err(|error| {
            self.damage.get_or_insert_with(|| error.to_string());
        })
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

/// Names what a signature is over, without repeating it.
fn digest_of(input: &SigningInput) -> [u8; 32] {
    match input {
        SigningInput::Digest(digest) => Sha256::digest(digest).into(),
        SigningInput::Bytes(bytes) => Sha256::digest(bytes).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::FileExt;
    use std::path::PathBuf;

    use primitives::{Amount, Asset, Chain, Environment, EvmAddress, Scope};
    use protocol::{Latch, Owners};
    use tempfile::TempDir;

    use super::*;
    use crate::clock::UnixSeconds;
    use crate::guard::{Ledger, Span};

    const NOW: UnixSeconds = 1_800_000_000;
    const MOMENT: Moment = Moment { now: NOW, wall: NOW };

    fn wallet() -> WalletId {
        WalletId::from_bytes([1; 16])
    }

    fn created() -> Event {
        let wallet = WalletSnapshot {
            id: wallet(),
            chain: Chain::Evm,
            environment: Environment::Mainnet,
            public_key: vec![2; 33],
            address: EvmAddress([3; 20]).into(),
            created_at: NOW,
            retires_at: None,
            guard_version: 1,
            guard: "messages = \"none\"".to_owned(),
            owners: Owners::NONE,
            owners_version: 0,
            latch: Latch::Active,
        };
        Event::WalletCreated { origin: Origin::Created, wallet }
    }

    fn scope() -> Scope {
        Scope::Evm("eip155:1".parse().unwrap())
    }

    fn signed(amount: u64) -> Event {
        let line = SpendLine { asset: Asset::Native, amount: Amount::from(amount) };
        let digest = [u8::try_from(amount).unwrap(); 32];
        spends(digest, line)
    }

    fn spends(digest: [u8; 32], line: SpendLine) -> Event {
        let (intent, by, scope) = ([0; 32], Grant::Guard, Some(scope()));
        Event::Signed { wallet: wallet(), digest, intent, by, scope, spend: vec![line] }
    }

    fn spent(journal: &Journal) -> Option<Amount> {
        let windows = journal.state().wallet(wallet())?.windows();
        windows.spent(Ledger::Alone, Span::Day, (scope(), Asset::Native), NOW)
    }

    /// A journal with a wallet that spent 5 and then 7.
    fn sample() -> (TempDir, PathBuf) {
        let directory = TempDir::new().unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        for event in [created(), signed(5), signed(7)] {
            journal.append(MOMENT, event);
            journal.commit().unwrap();
        }
        let file = directory.path().join("journal");
        (directory, file)
    }

    #[test]
    fn what_was_committed_is_there_after_a_restart() {
        let (directory, _) = sample();
        let mut journal = Journal::open(directory.path()).unwrap();
        assert_eq!(spent(&journal), Some(Amount::from(12_u64)));
        assert_eq!(journal.state().seen().unwrap().last, NOW);
        journal.append(MOMENT, signed(1));
        assert_eq!(spent(&journal), Some(Amount::from(13_u64)), "it counts before it is written");
        drop(journal);
        let journal = Journal::open(directory.path()).unwrap();
        assert_eq!(spent(&journal), Some(Amount::from(12_u64)), "it was never written");
        assert_eq!(journal.verify().unwrap().records, 3);
    }

    #[test]
    fn a_record_that_was_cut_short_is_taken_off() {
        let (directory, file) = sample();
        let whole = fs::read(&file).unwrap();
        let last = whole.len() - (whole.len() - first_record(&whole)) / 2;
        let short = (last..whole.len()).map(|end| whole[..end].to_vec());
        let zeros = (last..whole.len() - 32).map(|end| {
            let mut bytes = whole.clone();
            bytes[end..].fill(0);
            bytes
        });
        for bytes in short.chain(zeros) {
            fs::write(&file, &bytes).unwrap();
            let mut journal = Journal::open(directory.path()).unwrap();
            assert_eq!(journal.damage(), None, "{bytes:x?}");
            assert_eq!(spent(&journal), Some(Amount::from(5_u64)), "{bytes:x?}");
            journal.append(MOMENT, signed(7));
            journal.commit().unwrap();
            assert_eq!(fs::read(&file).unwrap(), whole, "it goes on where it was cut");
        }
    }

    fn first_record(bytes: &[u8]) -> usize {
        let length = u32::from_be_bytes(*bytes.first_chunk().unwrap());
        usize::try_from(length).unwrap() + 8 + 32
    }

    #[test]
    fn a_changed_byte_is_found_and_nothing_is_taken_any_more() {
        let (directory, file) = sample();
        let whole = fs::read(&file).unwrap();
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(&file, &bytes).unwrap();
            let mut journal = Journal::open(directory.path()).unwrap();
            let damage = journal.damage().map(str::to_owned);
            assert!(damage.is_some(), "byte {position} of {}", whole.len());
            journal.append(MOMENT, signed(1));
            assert!(matches!(journal.commit(), Err(JournalError::Broken { .. })));
            assert_eq!(fs::read(&file).unwrap(), bytes, "a damaged journal is left as it is");
        }
    }

    #[test]
    fn a_record_that_is_gone_or_in_another_place_is_found() {
        let (directory, file) = sample();
        let whole = fs::read(&file).unwrap();
        let first = first_record(&whole);
        let length = (whole.len() - first) / 2;
        let [head, second, third] =
            [&whole[..first], &whole[first..first + length], &whole[first + length..]];
        for records in [[head, third, second], [second, third, head], [head, second, second]] {
            fs::write(&file, records.concat()).unwrap();
            let journal = Journal::open(directory.path()).unwrap();
            assert!(journal.damage().is_some());
        }
    }

    #[test]
    fn a_changed_record_is_found_though_zeros_follow() {
        let (directory, file) = sample();
        let whole = fs::read(&file).unwrap();
        let first = first_record(&whole);
        for position in 0..whole.len() - (whole.len() - first) / 2 {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            bytes.extend_from_slice(&[0; 64]);
            fs::write(&file, &bytes).unwrap();
            let journal = Journal::open(directory.path()).unwrap();
            assert!(journal.damage().is_some(), "byte {position} of {}", whole.len());
        }
    }

    #[test]
    fn a_first_record_of_which_only_zeros_came_to_the_disk_is_taken_off() {
        for length in [8, 31, 32, 200] {
            let directory = TempDir::new().unwrap();
            fs::write(directory.path().join("journal"), vec![0; length]).unwrap();
            let mut journal = Journal::open(directory.path()).unwrap();
            assert_eq!(journal.damage(), None, "{length} bytes");
            journal.append(MOMENT, created());
            journal.commit().unwrap();
            assert_eq!(journal.verify().unwrap().records, 1);
        }
    }

    #[test]
    fn a_journal_that_takes_nothing_more_keeps_nothing_either() {
        let (directory, file) = sample();
        let mut bytes = fs::read(&file).unwrap();
        bytes[20] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        let before = format!("{journal:?}").len();
        for _ in 0..100 {
            journal.append(MOMENT, signed(1));
            assert!(journal.commit().is_err());
        }
        assert_eq!(format!("{journal:?}").len(), before);
    }

    #[test]
    fn a_day_of_many_signatures_is_counted_in_time() {
        let directory = TempDir::new().unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        journal.append(MOMENT, created());
        let started = std::time::Instant::now();
        for number in 0..100_000_u64 {
            let line = SpendLine { asset: Asset::Native, amount: Amount::from(1_u64) };
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            journal.append(MOMENT, spends(digest, line));
        }
        assert_eq!(spent(&journal), Some(Amount::from(100_000_u64)));
        let seconds = started.elapsed().as_secs();
        assert!(seconds < 20, "it took {seconds} s: each looks at all that went before");
    }

    #[test]
    fn a_file_that_was_changed_while_running_does_not_verify() {
        let (directory, file) = sample();
        let journal = Journal::open(directory.path()).unwrap();
        assert!(journal.verify().is_ok());
        let other = fs::OpenOptions::new().write(true).open(&file).unwrap();
        other.write_at(&[0xff], 60).unwrap();
        assert!(journal.verify().is_err());
        other.set_len(0).unwrap();
        assert!(matches!(journal.verify(), Err(JournalError::OtherEnd { .. })));
    }

    #[test]
    fn a_restored_wallet_counts_as_having_spent_everything_for_a_day() {
        let (directory, _) = sample();
        let mut journal = Journal::open(directory.path()).unwrap();
        journal.append(MOMENT, Event::Restored { instance: [9; 16], from_head: [0; 32] });
        assert_eq!(spent(&journal), None);
    }
}
