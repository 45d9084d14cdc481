//! An older copy of the state directory is put back: the witness tells.

use protocol::WitnessState;

use super::*;
use crate::journal::witness::Witness;

struct Place {
    journal: TempDir,
    elsewhere: TempDir,
}

fn states(journal: &Journal) -> Vec<WitnessState> {
    journal.witnesses().iter().map(|witness| witness.state).collect()
}

impl Place {
    /// A journal with 5 and 7 spent, and a witness of it.
    fn new() -> Self {
        let place = Self { journal: sample().0, elsewhere: TempDir::new().unwrap() };
        let mut journal = place.open();
        assert_eq!(journal.put_back(), None, "a new witness begins with what there is");
        journal.append(MOMENT, signed(9));
        journal.commit().unwrap();
        place
    }

    fn witness(&self) -> PathBuf {
        self.elsewhere.path().join("witness")
    }

    fn open(&self) -> Journal {
        let witness = Witness::open(&self.witness()).unwrap();
        Journal::open(self.journal.path()).unwrap().with_witness(witness)
    }

    fn file(&self) -> PathBuf {
        self.journal.path().join(FIRST)
    }
}

fn resumed() -> Event {
    Event::LatchSet { wallet: None, latch: Latch::Active, reason: "resumed".to_owned() }
}

#[test]
fn an_older_copy_is_told_until_an_operator_resumes_signing() {
    let place = Place::new();
    let whole = fs::read(place.file()).unwrap();
    let older = whole.len() - (whole.len() - first_record(&whole)) / 3;
    fs::write(place.file(), &whole[..older]).unwrap();
    let mut journal = place.open();
    assert!(journal.put_back().unwrap().contains("older copy"), "{:?}", journal.put_back());
    journal.append(MOMENT, Event::Renewed {});
    journal.commit().unwrap();
    drop(journal);
    assert!(place.open().put_back().is_some(), "a restart does not make it right");
    let mut journal = place.open();
    journal.append(MOMENT, resumed());
    journal.commit().unwrap();
    assert_eq!(journal.put_back(), None);
    assert_eq!(place.open().put_back(), None, "the witness was written anew");
    fs::write(place.file(), &whole[..older]).unwrap();
    assert!(place.open().put_back().is_some(), "the same copy a second time");
}

#[test]
fn another_journal_of_any_length_is_told() {
    let place = Place::new();
    for payments in 0..6 {
        fs::remove_file(place.file()).unwrap();
        let mut other = Journal::open(place.journal.path()).unwrap();
        other.append(MOMENT, created());
        (0..payments).for_each(|number| other.append(MOMENT, signed(20 + number)));
        other.commit().unwrap();
        drop(other);
        assert!(place.open().put_back().is_some(), "{payments} payments");
    }
}

#[test]
fn a_witness_that_a_crash_left_behind_is_no_reason_to_stop() {
    let place = Place::new();
    let mut journal = Journal::open(place.journal.path()).unwrap().with_segments_of(1);
    for number in 30..33 {
        journal.append(MOMENT, signed(number));
        journal.commit().unwrap();
    }
    drop(journal);
    assert_eq!(place.open().put_back(), None);
    assert_eq!(place.open().put_back(), None);
}

#[test]
fn a_witness_that_cannot_be_read_stops_signing_and_an_empty_one_begins_anew() {
    let place = Place::new();
    fs::write(place.witness(), "something else\n").unwrap();
    let journal = place.open();
    assert!(journal.put_back().unwrap().contains("is no witness"));
    assert_eq!(states(&journal), [WitnessState::Waiting]);
    fs::write(place.witness(), "").unwrap();
    assert_eq!(place.open().put_back(), None);
    assert_eq!(states(&place.open()), [WitnessState::Current]);
    let without = Journal::open(place.journal.path()).unwrap();
    assert_eq!(without.witnesses(), []);
}
