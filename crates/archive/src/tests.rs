//! The form as a whole: what goes in comes out, and nothing else comes out.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use crate::stream::{CHUNK, Sealer};
use crate::{ArchiveError, Entries, Kind, MAGIC, Opener, Writer, signer_part};

const KEY: [u8; 32] = [7; 32];
const TAG: usize = 16;

fn seal(plain: &[u8]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), &KEY);
    sealer.put(plain).unwrap();
    sealer.finish().unwrap()
}

fn open(sealed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Opener::new(sealed, &KEY).read_to_end(&mut plain).map(|_| plain)
}

/// A backup with these entries.
fn backup(parts: &[(Kind, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), b"sealed by the signer", &KEY).unwrap();
    for (kind, bytes) in parts {
        let mut part = writer.part(*kind).unwrap();
        part.put(bytes).unwrap();
        part.end().unwrap();
    }
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> Result<Vec<(Kind, Vec<u8>)>, ArchiveError> {
    let mut file = Cursor::new(file);
    assert_eq!(signer_part(&mut file)?, b"sealed by the signer");
    read_entries(Entries::new(Opener::new(file, &KEY)))
}

fn read_entries<R: Read>(mut entries: Entries<R>) -> Result<Vec<(Kind, Vec<u8>)>, ArchiveError> {
    let (mut found, mut piece) = (Vec::new(), Vec::new());
    while let Some(kind) = entries.next_entry()? {
        let mut bytes = Vec::new();
        while entries.piece(&mut piece)? {
            bytes.extend_from_slice(&piece);
        }
        found.push((kind, bytes));
    }
    Ok(found)
}

#[test]
fn a_stream_comes_out_as_it_went_in_at_every_length_round_a_chunk() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1] {
        let plain: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        let sealed = seal(&plain);
        let chunks = length.div_ceil(CHUNK).max(1);
        assert_eq!(sealed.len(), length + chunks * TAG, "{length}");
        assert_eq!(open(&sealed).unwrap(), plain, "{length}");
    }
}

#[test]
fn the_first_chunk_is_what_another_implementation_makes() {
    // By OpenSSL, through Node's `crypto` and Python's `cryptography`: the key above, a nonce of
    // eleven zero bytes and 1.
    let expected = [
        0x67, 0x09, 0xf0, 0x01, 0x55, 0x13, 0x52, 0x55, 0x85, 0xaa, 0x7f, 0xaf, 0x40, 0x79, 0x99,
        0x50, 0xc8, 0x36, 0x03, 0xeb, 0x5b, 0xab,
    ];
    assert_eq!(seal(b"WAIaaS"), expected);
}

#[test]
fn chunks_that_are_cut_off_moved_repeated_or_added_are_found() {
    let sealed = seal(&vec![1; 3 * CHUNK]);
    let whole = CHUNK + TAG;
    let chunk = |number: usize| &sealed[number * whole..(number + 1) * whole];
    let rows: [(&str, Vec<&[u8]>); 9] = [
        ("nothing", vec![]),
        ("the first alone", vec![chunk(0)]),
        ("without the last", vec![chunk(0), chunk(1)]),
        ("without the first", vec![chunk(1), chunk(2)]),
        ("without the middle", vec![chunk(0), chunk(2)]),
        ("two exchanged", vec![chunk(1), chunk(0), chunk(2)]),
        ("one twice", vec![chunk(0), chunk(1), chunk(1), chunk(2)]),
        ("a byte more", vec![&sealed, &[0]]),
        ("another stream behind it", vec![&sealed, &sealed]),
    ];
    for (what, pieces) in rows {
        assert!(open(&pieces.concat()).is_err(), "{what}");
    }
    assert!(open(&sealed).is_ok());
    let mut other = Opener::new(sealed.as_slice(), &[8; 32]);
    assert!(other.read_to_end(&mut Vec::new()).is_err(), "another key");
}

#[test]
fn a_stream_has_one_form() {
    // A full chunk that says that it is not the last, and an empty one that says it is.
    let mut sealer = Sealer::new(Vec::new(), &KEY);
    sealer.put(&vec![0; CHUNK + 1]).unwrap();
    let first = sealer.finish().unwrap()[..CHUNK + TAG].to_vec();
    assert!(open(&[first.as_slice(), &[0; TAG]].concat()).is_err());
}

#[test]
fn what_is_no_backup_and_what_is_another_version_are_told_apart() {
    let whole = backup(&[(Kind::Description, b"{}")]);
    assert!(read(&whole).is_ok());
    let newer = [b"waiaas-backup 3\n".as_slice(), &whole[16..]].concat();
    assert!(matches!(read(&newer), Err(ArchiveError::Version(version)) if version == "3"));
    for alien in [b"".as_slice(), b"waiaas", b"SQLite format 3\0 and more than sixteen bytes"] {
        assert!(matches!(read(alien), Err(ArchiveError::Alien)), "{alien:?}");
    }
    assert!(matches!(read(MAGIC), Err(ArchiveError::Changed)));
    let endless = [MAGIC.as_slice(), &u32::MAX.to_be_bytes()].concat();
    assert!(matches!(read(&endless), Err(ArchiveError::Changed)));
}

#[test]
fn every_byte_that_is_flipped_is_found() {
    let whole = backup(&[(Kind::Description, b"{}"), (Kind::Database, &[1; 300])]);
    let part = 20..20 + b"sealed by the signer".len();
    for position in (0..whole.len()).filter(|position| !part.contains(position)) {
        let mut changed = whole.clone();
        changed[position] ^= 1;
        // What the signer sealed is the signer's to check.
        let found = std::panic::catch_unwind(|| read(&changed).is_err());
        assert!(found.unwrap_or(true), "byte {position}");
    }
}

#[test]
fn entries_out_of_their_order_are_neither_written_nor_read() {
    let rows: [&[Kind]; 5] = [
        &[],
        &[Kind::Database],
        &[Kind::Journal, Kind::Description],
        &[Kind::Description, Kind::Description],
        &[Kind::Description, Kind::Database, Kind::Journal],
    ];
    for kinds in rows {
        let mut plain = Vec::new();
        for kind in kinds {
            plain.push(kind.tag());
            plain.extend_from_slice(&0_u32.to_be_bytes());
        }
        plain.push(0);
        let found = read_entries(Entries::new(plain.as_slice()));
        assert!(matches!(found, Err(ArchiveError::Malformed(_))), "{kinds:?}");
        let mut writer = Writer::begin(Vec::new(), b"", &KEY).unwrap();
        let written = kinds.iter().try_for_each(|kind| writer.part(*kind)?.end());
        assert_eq!(written.is_ok(), kinds.is_empty(), "{kinds:?}");
    }
    let unknown = [1, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0];
    assert!(read_entries(Entries::new(unknown.as_slice())).is_err());
    let behind = [1, 0, 0, 0, 0, 0, 0];
    assert!(read_entries(Entries::new(behind.as_slice())).is_err());
    assert!(read_entries(Entries::new(&behind[..6])).is_ok());
}

#[test]
fn an_entry_need_not_be_read_to_its_end() {
    let whole = backup(&[(Kind::Description, b"{}"), (Kind::Journal, &vec![1; 2_000_000])]);
    let mut file = Cursor::new(whole);
    signer_part(&mut file).unwrap();
    let mut entries = Entries::new(Opener::new(file, &KEY));
    assert_eq!(entries.next_entry().unwrap(), Some(Kind::Description));
    assert_eq!(entries.next_entry().unwrap(), Some(Kind::Journal));
    assert!(entries.piece(&mut Vec::new()).unwrap());
    assert_eq!(entries.next_entry().unwrap(), None);
    assert_eq!(entries.next_entry().unwrap(), None);
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 = self.0.saturating_sub(taken);
        if taken == 0 && !bytes.is_empty() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_wherever_it_happens() {
    let bytes = vec![1; 200_000];
    let length = backup(&[(Kind::Description, &bytes)]).len();
    let make = |room: usize| -> Result<(), ArchiveError> {
        let mut writer = Writer::begin(Full(room), b"sealed by the signer", &KEY)?;
        let mut part = writer.part(Kind::Description)?;
        part.put(&bytes)?;
        part.end()?;
        writer.finish().map(drop)
    };
    for room in [0, 15, 30, 70_000, 150_000, length - 1] {
        assert!(matches!(make(room), Err(ArchiveError::Io(_))), "{room}");
    }
    make(length).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_come_out_as_they_went_in(
        description in proptest::collection::vec(any::<u8>(), 0..100),
        journal in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200_000)),
        database in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200_000)),
    ) {
        let mut parts = vec![(Kind::Description, description.as_slice())];
        parts.extend(journal.as_deref().map(|bytes| (Kind::Journal, bytes)));
        parts.extend(database.as_deref().map(|bytes| (Kind::Database, bytes)));
        let found = read(&backup(&parts)).unwrap();
        let found: Vec<_> = found.iter().map(|(kind, bytes)| (*kind, bytes.as_slice())).collect();
        prop_assert_eq!(found, parts);
    }

    #[test]
    fn a_change_anywhere_behind_the_signers_part_is_found(
        length in 0_usize..300_000, at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let sealed = seal(&vec![3; length]);
        let mut changed = sealed.clone();
        changed[at.index(sealed.len())] ^= 1 << bit;
        prop_assert!(open(&changed).is_err());
        prop_assert!(open(&sealed[..at.index(sealed.len())]).is_err());
    }

    #[test]
    fn nothing_that_nobody_wrote_makes_the_reader_panic(plain: Vec<u8>, file: Vec<u8>) {
        let _entries = read_entries(Entries::new(plain.as_slice()));
        let _part = signer_part(&mut file.as_slice());
        let _stream = open(&file);
    }
}
