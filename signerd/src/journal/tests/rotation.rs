//! Segments and snapshots: a state is the same however the records are cut, and a crash leaves the old or
//! the new.

use proptest::prelude::*;
use protocol::wire::to_bytes;

use super::*;

/// So short that every commit begins a new segment.
const SHORT: u64 = 1;

fn open(directory: &Path, segment_bytes: u64) -> Journal {
    Journal::open(directory).unwrap().with_segments_of(segment_bytes)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().unwrap();
    for name in names(from) {
        fs::copy(from.join(&name), to.path().join(&name)).unwrap();
    }
    to
}

/// A journal of four segments: three records, and a continuation before all but the first.
fn rotated() -> TempDir {
    rotated_with([created(), signed(5), signed(7)])
}

fn rotated_with(events: [Event; 3]) -> TempDir {
    let directory = TempDir::new().unwrap();
    let mut journal = open(directory.path(), SHORT);
    for event in events {
        journal.append(MOMENT, event);
        journal.commit().unwrap();
    }
    directory
}

fn segment(number: u64) -> String {
    format!("segment-{number:020}")
}

fn snapshot(number: u64) -> String {
    format!("snapshot-{number:020}")
}

#[test]
fn a_journal_goes_on_in_new_segments_and_is_one_chain() {
    let directory = rotated();
    let mut expected = vec![segment(0), segment(1), segment(3), segment(5)];
    expected.extend([1, 3, 5].map(snapshot));
    assert_eq!(names(directory.path()), expected);
    let mut journal = open(directory.path(), SEGMENT_BYTES);
    assert_eq!(journal.damage(), None);
    assert_eq!(spent(&journal), Some(Amount::from(12_u64)));
    assert_eq!(walk(&mut journal), Ok((0, 6)));
    journal.append(MOMENT, signed(1));
    journal.commit().unwrap();
    assert_eq!(walk(&mut journal), Ok((0, 7)));
    assert_eq!(spent(&journal), Some(Amount::from(13_u64)));
}

/// Names and what they hold.
type Files<'a> = Vec<(String, &'a [u8])>;

#[test]
fn a_rotation_that_a_crash_cut_short_left_the_old_or_the_new() {
    let directory = rotated();
    let (last, before) = (directory.path().join(segment(5)), directory.path().join(snapshot(5)));
    let (segment_bytes, snapshot_bytes) = (fs::read(&last).unwrap(), fs::read(&before).unwrap());
    let beside = |name: String| format!("{name}.partial");
    // In the order of their making: each file beside, cut at any byte or whole, then by its name.
    let mut states: Vec<(Files<'_>, u64)> = Vec::new();
    for end in 0..=snapshot_bytes.len() {
        states.push((vec![(beside(snapshot(5)), &snapshot_bytes[..end])], 5));
    }
    for end in 0..=segment_bytes.len() {
        let files = vec![
            (beside(snapshot(5)), snapshot_bytes.as_slice()),
            (beside(segment(5)), &segment_bytes[..end]),
        ];
        states.push((files, 5));
    }
    let named = (snapshot(5), snapshot_bytes.as_slice());
    states.push((vec![named.clone(), (beside(segment(5)), &segment_bytes)], 6));
    states.push((vec![named, (segment(5), &segment_bytes)], 6));
    for (files, records) in states {
        let crashed = copy(directory.path());
        fs::remove_file(crashed.path().join(segment(5))).unwrap();
        fs::remove_file(crashed.path().join(snapshot(5))).unwrap();
        for (name, bytes) in &files {
            fs::write(crashed.path().join(name), bytes).unwrap();
        }
        let mut journal = open(crashed.path(), SHORT);
        assert_eq!(journal.damage(), None);
        assert_eq!(journal.head().0, records);
        assert_eq!(spent(&journal), Some(Amount::from(12_u64)));
        journal.append(MOMENT, signed(1));
        journal.commit().unwrap();
        assert!(walk(&mut journal).is_ok());
        assert!(names(crashed.path()).iter().all(|name| !name.ends_with(".partial")));
    }
}

#[test]
fn what_lies_beside_a_segment_that_is_there_does_not_take_its_place() {
    let directory = rotated();
    let before = fs::read(directory.path().join(segment(5))).unwrap();
    fs::write(directory.path().join(segment(5) + ".partial"), "not a segment").unwrap();
    let journal = open(directory.path(), SHORT);
    assert_eq!(journal.damage(), None);
    assert_eq!(fs::read(directory.path().join(segment(5))).unwrap(), before);
}

#[test]
fn a_file_is_one_of_the_journal_by_its_whole_name() {
    let directory = rotated();
    for other in ["segment-6", "segment-0000000000000000006x", "segment-000000000000000000006"] {
        fs::write(directory.path().join(other), "a note of somebody").unwrap();
    }
    let journal = open(directory.path(), SHORT);
    assert_eq!((journal.damage(), journal.head().0), (None, 6));
}

#[test]
fn a_snapshot_that_the_system_does_not_give_is_no_damage_but_an_error() {
    let directory = rotated();
    let file = directory.path().join(snapshot(5));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(Journal::open(directory.path()), Err(JournalError::Io { .. })));
}

#[test]
fn a_file_that_is_gone_or_changed_is_named_and_nothing_is_taken_any_more() {
    let directory = rotated();
    let newest = [segment(5), snapshot(5)];
    for name in &newest {
        let damaged = copy(directory.path());
        fs::remove_file(damaged.path().join(name)).unwrap();
        let journal = open(damaged.path(), SHORT);
        assert!(journal.damage().unwrap().contains(name), "{:?}", journal.damage());
        let whole = fs::read(directory.path().join(name)).unwrap();
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(damaged.path().join(name), &bytes).unwrap();
            let mut journal = open(damaged.path(), SHORT);
            assert!(journal.damage().is_some(), "{name}, byte {position}");
            journal.append(MOMENT, signed(1));
            assert!(matches!(journal.commit(), Err(JournalError::Broken { .. })));
            assert_eq!(fs::read(damaged.path().join(name)).unwrap(), bytes);
        }
    }
    let empty = copy(directory.path());
    fs::write(empty.path().join(segment(5)), []).unwrap();
    assert!(open(empty.path(), SHORT).damage().is_some(), "it had a record when it was named");
    let all_gone = copy(directory.path());
    for number in [0, 1, 3, 5] {
        fs::remove_file(all_gone.path().join(segment(number))).unwrap();
    }
    assert!(open(all_gone.path(), SHORT).damage().is_some(), "it does not begin anew");
}

#[test]
fn older_segments_matter_to_who_reads_them_and_older_snapshots_to_nobody() {
    let directory = rotated();
    for (name, is_whole) in [(segment(1), false), (segment(3), false), (snapshot(3), true)] {
        let changed = copy(directory.path());
        let path = changed.path().join(&name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[70] ^= 1;
        fs::write(&path, bytes).unwrap();
        let mut journal = open(changed.path(), SEGMENT_BYTES);
        assert_eq!((journal.damage(), spent(&journal)), (None, Some(Amount::from(12_u64))));
        assert_eq!(walk(&mut journal).is_ok(), is_whole, "{name}");
    }
    let archived = copy(directory.path());
    for (gone, first) in [(0, 1), (1, 3)] {
        fs::remove_file(archived.path().join(segment(gone))).unwrap();
        assert_eq!(walk(&mut open(archived.path(), SEGMENT_BYTES)), Ok((first, 6)));
    }
    fs::copy(directory.path().join(segment(0)), archived.path().join(segment(0))).unwrap();
    let hole = walk(&mut open(archived.path(), SEGMENT_BYTES));
    assert_eq!(hole, Err("it ends at 1".to_owned()), "a hole is no archive");
}

#[test]
fn the_end_of_another_journal_does_not_go_on_the_chain() {
    let (own, other) = (rotated(), rotated_with([created(), signed(6), signed(7)]));
    for number in [3, 5] {
        for name in [segment(number), snapshot(number)] {
            fs::copy(other.path().join(&name), own.path().join(&name)).unwrap();
        }
    }
    let mut journal = open(own.path(), SEGMENT_BYTES);
    assert_eq!(journal.damage(), None, "a start reads the last segment alone");
    assert_eq!(walk(&mut journal), Err("record 3".to_owned()));
}

#[test]
fn of_many_segments_few_indexes_are_kept() {
    let directory = TempDir::new().unwrap();
    let mut journal = open(directory.path(), SHORT);
    journal.append(MOMENT, created());
    for amount in 1..80 {
        journal.append(MOMENT, signed(amount));
        journal.commit().unwrap();
    }
    assert!(names(directory.path()).len() > 2 * 64, "each with its snapshot");
    for number in 0..journal.head().0 {
        assert!(journal.record_at(number).unwrap().is_some());
    }
    assert_eq!(journal.indexes.kept(), 64);
}

#[test]
fn records_are_read_by_their_number_over_all_segments() {
    let directory = TempDir::new().unwrap();
    let mut journal = open(directory.path(), 100_000);
    journal.append(MOMENT, created());
    for number in 0..3_000_u64 {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let line = SpendLine { asset: Asset::Native, amount: Amount::from(1_u64) };
        journal.append(MOMENT, spends(digest, line));
        if number % 100 == 0 {
            journal.commit().unwrap();
        }
    }
    journal.commit().unwrap();
    let (records, head) = journal.head();
    let mut restarted = open(directory.path(), 100_000);
    assert!(names(directory.path()).len() > 8);
    for journal in [&mut journal, &mut restarted] {
        let (mut from, mut before) = (0, genesis());
        loop {
            let page = journal.read(from, 700).unwrap();
            if page.is_empty() {
                break;
            }
            for record in page {
                assert!(record.follows(before));
                assert_eq!(record.entry().unwrap().number, from);
                let (hash, alone) = journal.record_at(from).unwrap().unwrap();
                assert_eq!((hash, &alone), (before, &record));
                (before, from) = (record.hash, from + 1);
            }
        }
        assert_eq!((from, before), (records, head));
        assert_eq!(journal.record_at(records).unwrap(), None);
    }
    fs::remove_file(directory.path().join(FIRST)).unwrap();
    let gone = restarted.read(0, 1);
    let Err(ReadError::MovedAway { first }) = gone else { panic!("{gone:?}") };
    assert!(restarted.record_at(first).unwrap().is_some(), "the snapshot has the hash before it");
    let before_it = restarted.indexes.hash_after(&restarted.chain, 1);
    assert!(matches!(before_it, Err(ReadError::MovedAway { .. })), "{before_it:?}");
}

#[test]
fn what_waits_for_the_disk_is_not_read() {
    let directory = TempDir::new().unwrap();
    let mut journal = open(directory.path(), SEGMENT_BYTES);
    journal.append(MOMENT, created());
    assert_eq!(journal.read(0, 10).unwrap().len(), 0);
    journal.commit().unwrap();
    assert_eq!(journal.read(0, 10).unwrap().len(), 1);
}

fn events() -> impl Strategy<Value = Event> {
    let line = |amount: u64| SpendLine { asset: Asset::Native, amount: Amount::from(amount) };
    prop_oneof![
        Just(created()),
        (any::<u8>(), 0_u64..1000).prop_map(move |(byte, value)| spends([byte; 32], line(value))),
        Just(Event::WalletRetiring { wallet: wallet(), until: NOW + 5 }),
        Just(Event::GuardSet {
            wallet: wallet(),
            version: 2,
            text: "messages = \"text\"".to_owned()
        }),
        Just(Event::LatchSet { wallet: None, latch: Latch::Locked, reason: "so".to_owned() }),
        Just(Event::Restored { instance: [9; 16], from_head: [0; 32] }),
        Just(Event::Started { version: String::new(), boot: [1; 16], uptime_ms: 7 }),
        Just(Event::WalletDestroyed { wallet: wallet() }),
        Just(Event::TimeAccepted { from: NOW }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_snapshot_and_the_rest_are_the_same_as_everything_from_the_beginning(
        steps in proptest::collection::vec((0_u64..90_000, events(), any::<bool>()), 1..60),
    ) {
        let directory = TempDir::new().unwrap();
        let mut journal = open(directory.path(), 1000);
        let mut now = NOW;
        for (wait, event, commit) in steps {
            now += wait;
            journal.append(Moment { now, wall: now }, event);
            if commit {
                journal.commit().unwrap();
            }
        }
        journal.commit().unwrap();
        let restarted = open(directory.path(), 1000);
        let mut folded = State::default();
        let mut from = 0;
        while let Some(record) = journal.read(from, 1).unwrap().pop() {
            let entry = record.entry().unwrap();
            folded.apply(entry.at, entry.event);
            from += 1;
        }
        let bytes = to_bytes(journal.state());
        prop_assert_eq!(&bytes, &to_bytes(restarted.state()));
        prop_assert_eq!(&bytes, &to_bytes(&folded));
        prop_assert_eq!(walk(&mut journal), Ok((0, from)));
    }
}
