//! Power losses: a write that was not synced leaves any of its sectors behind, or none.

use super::*;

const SECTOR: usize = 512;

/// What the disk may have of a file that was synced up to `synced` and written further: every end of
/// it, and every choice of its sectors with zeros in place of the others.
fn leftovers(whole: &[u8], synced: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<_> =
        (synced..=whole.len()).step_by(13).map(|end| whole[..end].to_vec()).collect();
    let first = synced / SECTOR;
    let sectors = whole.len().div_ceil(SECTOR) - first;
    for lost in 0_u32..1 << sectors {
        let mut bytes = whole.to_vec();
        for number in (0..sectors).filter(|number| lost & (1 << number) != 0) {
            let start = ((first + number) * SECTOR).max(synced);
            let end = ((first + number + 1) * SECTOR).min(whole.len());
            bytes[start..end].fill(0);
        }
        all.push(bytes);
    }
    all
}

/// A journal that was synced with 5 spent, and the bytes of its file then and after a batch of
/// payments of one that was written and not synced.
fn batch(payments: u8) -> (TempDir, usize, Vec<u8>) {
    let directory = TempDir::new().unwrap();
    let mut journal = Journal::open(directory.path()).unwrap();
    for event in [created(), signed(5)] {
        journal.append(MOMENT, event);
        journal.commit().unwrap();
    }
    let file = directory.path().join(FIRST);
    let synced = fs::read(&file).unwrap().len();
    for number in 0..payments {
        let line = SpendLine { asset: Asset::Native, amount: Amount::from(1_u64) };
        journal.append(MOMENT, spends([100 + number; 32], line));
    }
    journal.commit().unwrap();
    (directory, synced, fs::read(&file).unwrap())
}

#[test]
fn whatever_a_power_loss_leaves_of_a_write_the_synced_spend_counts_and_the_journal_verifies() {
    let (directory, synced, whole) = batch(12);
    assert!(whole.len() / SECTOR - synced / SECTOR >= 4, "the batch has several sectors");
    let file = directory.path().join(FIRST);
    for bytes in leftovers(&whole, synced) {
        fs::write(&file, &bytes).unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        assert_eq!(journal.damage(), None);
        let counted = spent(&journal).unwrap();
        assert!(counted >= Amount::from(5_u64) && counted <= Amount::from(19_u64), "{counted}");
        journal.append(MOMENT, signed(1));
        journal.commit().unwrap();
        assert!(walk(&mut journal).is_ok());
        let after = Journal::open(directory.path()).unwrap();
        assert_eq!(spent(&after), counted.checked_add(Amount::from(1_u64)));
    }
}

#[test]
fn sectors_that_are_gone_from_what_was_synced_are_a_damage() {
    let (directory, synced, mut whole) = batch(14);
    // The batch above, and another one behind it: the first was on the disk then.
    let mut journal = Journal::open(directory.path()).unwrap();
    journal.append(MOMENT, signed(1));
    journal.commit().unwrap();
    let file = directory.path().join(FIRST);
    let before = whole.len();
    whole = fs::read(&file).unwrap();
    let mut outcomes = Vec::new();
    for number in 0..before / SECTOR {
        let mut bytes = whole.clone();
        bytes[number * SECTOR..((number + 1) * SECTOR).min(before)].fill(0);
        fs::write(&file, &bytes).unwrap();
        outcomes.push(Journal::open(directory.path()).unwrap().damage().is_some());
    }
    assert!(synced < before && outcomes.iter().all(|damaged| *damaged), "{outcomes:?}");
}
