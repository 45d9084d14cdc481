//! The end of a file that does not verify: what a power loss left of a write, or a damage.
//!
//! A write that was not synced can leave any of its sectors behind, and zeros in place of the
//! others. Nothing was signed by a record in it, but by a lease that stands before it and counts in
//! full, so it is taken off. But what looks like it may be a record that was on the disk and was
//! changed: then something may have been signed by it. It is
//! taken for a loss only if zeros, or the end of the file, explain that it does not verify, and
//! nothing behind it was written later than together with it.

use super::record::{HASH, HEAD, Head, Place};

/// What disks write in one piece, in bytes.
const SECTOR: u64 = 512;

/// Whether `tail`, which starts with a record that does not verify and ends with its file, is what
/// was left of a write that was not synced.
pub(super) fn was_lost(tail: &[u8], start: Place) -> bool {
    explained(tail, start) && !followed(tail, start)
}

/// Whether the file ends inside the first record, or zeros stand in it that its write explains.
fn explained(tail: &[u8], start: Place) -> bool {
    let head = tail.first_chunk().and_then(|bytes| Head::parse(*bytes, start));
    let length = head.map_or(HEAD, Head::record_length);
    let available = length_of(tail);
    if available < length {
        return true;
    }
    // From somewhere before its hash on there is nothing but zeros.
    let before_hash =
        head.map_or(HEAD.saturating_sub(1), |head| head.record_length().saturating_sub(HASH));
    let zeros = tail.iter().rev().take_while(|byte| **byte == 0).count();
    let written = available.saturating_sub(u64::try_from(zeros).unwrap_or(u64::MAX));
    written <= before_hash
        || sectors(tail, start.offset)
            .any(|(from, sector)| from < length && sector.iter().all(|byte| *byte == 0))
}

/// Whether a record behind the first was written when the first was on the disk already.
fn followed(tail: &[u8], start: Place) -> bool {
    tail.windows(16).enumerate().skip(1).any(|(from, bytes)| {
        let Some(bytes) = bytes.first_chunk() else { return false };
        let offset = start.offset.saturating_add(u64::try_from(from).unwrap_or(u64::MAX));
        let head = Head::parse(*bytes, Place { offset, ..start });
        head.is_some_and(|head| offset.saturating_sub(u64::from(head.unsynced)) > start.offset)
    })
}

/// The parts of the tail that are in one sector each, and where they start in it.
fn sectors(tail: &[u8], offset: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let first = SECTOR.saturating_sub(offset % SECTOR);
    let (first, rest) = tail.split_at(usize::try_from(first).unwrap_or(0).min(tail.len()));
    let sector = usize::try_from(SECTOR).unwrap_or(512);
    let rest = rest.chunks(sector);
    std::iter::once(first).chain(rest).scan(0_u64, |from, sector| {
        let start = *from;
        *from = from.saturating_add(length_of(sector));
        Some((start, sector))
    })
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
