//! The journal on real files: what a crash leaves, and what somebody changed.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use primitives::{Amount, Asset, Chain, Environment, EvmAddress, Scope};
use protocol::journal::genesis;
use protocol::{Latch, Owners};
use tempfile::TempDir;

use super::*;
use crate::clock::UnixSeconds;
use crate::guard::{Ledger, Span};

mod leases;
mod loss;
mod memory;
mod rollback;
mod rotation;

/// The segment that a journal begins with.
const FIRST: &str = "segment-00000000000000000000";
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

fn leased_payment(digest: u8) -> Event {
    let (digest, intent, scope) = ([digest; 32], [0; 32], Some(scope()));
    Event::Signed { wallet: wallet(), digest, intent, by: Grant::Lease, scope, spend: vec![] }
}

fn spent(journal: &Journal) -> Option<Amount> {
    let windows = journal.state().wallet(wallet())?.windows();
    windows.spent(Ledger::Alone, Span::Day, (scope(), Asset::Native), NOW)
}

/// Reads all that is there as operators do, who check the chain by themselves: the first record, and
/// how many there are in all.
fn walk(journal: &mut Journal) -> Result<(u64, u64), String> {
    let first = match journal.read(0, 1) {
        Err(ReadError::MovedAway { first }) => first,
        Ok(_) | Err(ReadError::Journal(_)) => 0,
    };
    let (mut next, mut head) = (first, (first == 0).then(genesis));
    loop {
        let page = journal.read(next, usize::MAX).map_err(|error| format!("{error:?}"))?;
        if page.is_empty() {
            break;
        }
        for record in page {
            let number = record.entry().map(|entry| entry.number).map_err(|it| it.to_string())?;
            if number != next || head.is_some_and(|head| !record.follows(head)) {
                return Err(format!("record {next}"));
            }
            (next, head) = (next + 1, Some(record.hash));
        }
    }
    let end = (next, head.unwrap_or_else(genesis));
    if end == journal.head() { Ok((first, next)) } else { Err(format!("it ends at {next}")) }
}

/// A journal with a wallet that spent 5 and then 7.
fn sample() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let mut journal = Journal::open(directory.path()).unwrap();
    for event in [created(), signed(5), signed(7)] {
        journal.append(MOMENT, event);
        journal.commit().unwrap();
    }
    let file = directory.path().join(FIRST);
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
    let mut journal = Journal::open(directory.path()).unwrap();
    assert_eq!(spent(&journal), Some(Amount::from(12_u64)), "it was never written");
    assert_eq!(walk(&mut journal), Ok((0, 3)));
}

/// A gateway names as many tokens as it likes there.
#[test]
fn what_leaves_an_open_network_takes_no_room() {
    let directory = TempDir::new().unwrap();
    let mut journal = Journal::open(directory.path()).unwrap();
    let set =
        |version, text: &str| Event::GuardSet { wallet: wallet(), version, text: text.into() };
    let open = "[network.\"eip155:1\"]\nopen = true";
    for event in [created(), set(2, open), signed(5)] {
        journal.append(MOMENT, event);
    }
    assert_eq!(*journal.state().wallet(wallet()).unwrap().windows(), {
        let mut only_asked = crate::guard::Windows::default();
        only_asked.add_request(NOW);
        only_asked
    });
    for event in [set(3, "[network.\"eip155:1\"]"), signed(7)] {
        journal.append(MOMENT, event);
    }
    assert_eq!(spent(&journal), Some(Amount::from(7_u64)), "it counts where it is limited");
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
    usize::try_from(length).unwrap() + 16 + 32
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
        fs::write(directory.path().join(FIRST), vec![0; length]).unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        assert_eq!(journal.damage(), None, "{length} bytes");
        journal.append(MOMENT, created());
        journal.commit().unwrap();
        assert_eq!(walk(&mut journal), Ok((0, 1)));
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
fn a_file_that_the_system_does_not_give_is_no_damage_but_an_error() {
    let (directory, file) = sample();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(Journal::open(directory.path()), Err(JournalError::Io { .. })));
}

#[test]
fn what_a_crash_left_and_cannot_be_removed_is_an_error() {
    let (directory, file) = sample();
    let left = file.with_extension("partial");
    fs::create_dir(&left).unwrap();
    assert!(matches!(Journal::open(directory.path()), Err(JournalError::Io { .. })));
    fs::remove_dir(&left).unwrap();
    assert!(Journal::open(directory.path()).is_ok());
}

#[test]
fn what_does_not_wait_for_the_disk_is_there_once_the_journal_was_stopped() {
    let (directory, _) = sample();
    let mut journal = Journal::open(directory.path()).unwrap();
    journal.append(MOMENT, signed(1));
    journal.write().unwrap();
    assert!(!journal.is_on_disk());
    journal.stop().unwrap();
    assert!(journal.is_on_disk());
}

#[test]
fn what_was_not_paid_from_a_lease_goes_to_the_disk_in_the_same_second() {
    let (directory, _) = sample();
    let mut journal = Journal::open(directory.path()).unwrap();
    journal.append(MOMENT, signed(1));
    journal.tick(MOMENT).unwrap();
    for (event, is_on_disk) in [(leased_payment(2), false), (signed(3), true)] {
        journal.append(MOMENT, event);
        journal.write().unwrap();
        journal.tick(MOMENT).unwrap();
        assert_eq!(journal.is_on_disk(), is_on_disk);
    }
}

#[test]
fn a_file_that_was_changed_while_running_is_no_chain_to_who_reads_it() {
    let (directory, file) = sample();
    let mut journal = Journal::open(directory.path()).unwrap();
    assert_eq!(walk(&mut journal), Ok((0, 3)));
    let other = fs::OpenOptions::new().write(true).open(&file).unwrap();
    other.write_at(&[0xff], 60).unwrap();
    assert!(walk(&mut journal).is_err());
    other.set_len(0).unwrap();
    assert_eq!(walk(&mut journal), Err("it ends at 0".to_owned()));
}

#[test]
fn a_restored_wallet_counts_as_having_spent_everything() {
    let (directory, _) = sample();
    let mut journal = Journal::open(directory.path()).unwrap();
    journal.append(MOMENT, Event::Restored { instance: [9; 16], from_head: [0; 32] });
    assert_eq!(spent(&journal), None);
}
