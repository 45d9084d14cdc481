//! A counter in a TPM that goes up with the journal, and never down: it tells an older copy of the
//! state directory from the one that was in use, and another machine's chip from this one's.
//!
//! The journal is ahead: a record says what the counter is going to show, and once that is on the
//! disk the counter is counted up. So the counter shows what the last such record says, or one less
//! after a crash in between, which the next start makes up for. An older copy of the journal says
//! less than the counter shows, from the first count after it was taken.

use protocol::{Witness, WitnessState};

use super::Event;
use crate::clock::UnixSeconds;
use crate::log;
use crate::tpm::{Found, Tpm, TpmError};

/// Seconds between two counts at least, but for those of a start and a stop: the memory behind it
/// wears out. In a year without a pause it is written 17,520 times.
const INTERVAL: u64 = 1800;

/// A counter's place in its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Which counter: [`crate::tpm::Found::counter`].
    pub(super) counter: [u8; 32],
    /// What it shows.
    pub(super) value: u64,
}

protocol::wire_fields!(Count { counter, value });

/// The counter, and how far the journal says that it is.
#[derive(Debug)]
pub(super) struct Counter {
    tpm: Tpm,
    /// What it shows; `None` where there is none yet, or none that was ever counted up.
    shows: Option<Count>,
    /// What the last record says that it will show.
    recorded: u64,
    /// It was counted up to that, and has not shown it yet.
    counted: bool,
    /// When it was last recorded in this run.
    counted_at: Option<UnixSeconds>,
    /// Whether the journal has more since.
    grown: bool,
    failure: Option<String>,
}

impl Counter {
    /// Asks the TPM for the counter.
    ///
    /// # Errors
    /// When the TPM does not answer, or refuses.
    pub(super) fn find(mut tpm: Tpm) -> Result<Self, TpmError> {
        let found = tpm.find()?;
        let shows =
            found.and_then(|Found { counter, value }| Some(Count { counter, value: value? }));
        let recorded = shows.map_or(0, |shows| shows.value);
        let (counted, counted_at, grown, failure) = (false, None, false, None);
        Ok(Self { tpm, shows, recorded, counted, counted_at, grown, failure })
    }

    /// Compares it with what a journal of so many records says of it, and makes up for a crash
    /// between a record and its count. Gives the reason why this is not the journal that was in use,
    /// if it is not.
    ///
    /// # Errors
    /// When the TPM does not answer, or refuses.
    pub(super) fn compare(
        &mut self,
        known: Option<Count>,
        records: u64,
    ) -> Result<Option<String>, TpmError> {
        match compare(known, self.shows, records) {
            Ok(Standing::InOrder) => Ok(None),
            Ok(Standing::OneBehind) => {
                self.tpm.increment()?;
                self.shows = known;
                self.recorded = known.map_or(0, |known| known.value);
                Ok(None)
            }
            Err(reason) => Ok(Some(reason)),
        }
    }

    /// The journal has a record more.
    pub(super) fn grow(&mut self) {
        self.grown = true;
    }

    /// The signer stops: what it wrote since the last count is counted now.
    pub(super) fn hurry(&mut self) {
        self.counted_at = None;
    }

    /// The next count, if it is time for one; to be recorded, committed, and then made by
    /// [`Counter::catch_up`].
    pub(super) fn due(&mut self, now: UnixSeconds) -> Option<Event> {
        let early = self.counted_at.is_some_and(|at| now < at.saturating_add(INTERVAL));
        if early || !self.grown || self.failure.is_some() || self.is_behind() {
            return None;
        }
        let made = match self.shows {
            Some(shows) => Ok(shows),
            None => make(&mut self.tpm),
        };
        let Count { counter, value } = made.map_err(|error| self.fail(&error)).ok()?;
        self.shows = Some(Count { counter, value });
        self.recorded = value.saturating_add(1);
        (self.counted_at, self.grown) = (Some(now), false);
        Some(Event::Counted { counter, value: self.recorded })
    }

    /// Counts up to what the journal has on the disk. A TPM that is busy is asked again with the next
    /// commit, for what it did not do yet. One that fails is not asked again in this run: it may have
    /// counted all the same, and must not get ahead of the journal.
    pub(super) fn catch_up(&mut self) {
        if self.failure.is_some() || !self.is_behind() {
            return;
        }
        match self.count_once() {
            Ok(value) if value == self.recorded => {
                self.shows = self.shows.map(|shows| Count { value, ..shows });
                self.counted = false;
            }
            Ok(value) => {
                let recorded = self.recorded;
                self.fail(&format!("it shows {value} and not {recorded}: somebody else counts"));
            }
            Err(error) if error.is_busy() => {}
            Err(error) => self.fail(&error),
        }
    }

    /// However often it has to be asked what it shows.
    fn count_once(&mut self) -> Result<u64, TpmError> {
        if !self.counted {
            self.tpm.increment()?;
            self.counted = true;
        }
        self.tpm.value()
    }

    fn is_behind(&self) -> bool {
        self.shows.is_some_and(|shows| shows.value < self.recorded)
    }

    fn fail(&mut self, why: &dyn std::fmt::Display) {
        log::error(format_args!("the counter in the TPM {}: {why}", self.tpm.path().display()));
        self.failure = Some(why.to_string());
    }

    /// Why it is not counted up any more in this run.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How it is; `waits` until an operator has accepted the journal as it is.
    pub(super) fn report(&self, waits: bool) -> Witness {
        let path = self.tpm.path().display();
        let at = self.shows.map_or_else(String::new, |shows| format!(", at {}", shows.value));
        let failure = self.failure.as_ref().map(|why| format!("is not counted up any more: {why}"));
        let state = match (&failure, waits, self.is_behind()) {
            (Some(_), ..) => WitnessState::Failing,
            (None, true, _) => WitnessState::Waiting,
            (None, false, true) => WitnessState::Busy,
            (None, false, false) => WitnessState::Current,
        };
        let place = format!("counter in the TPM {path}{at}");
        Witness { place, state, failure: failure.unwrap_or_default() }
    }
}

/// How a counter and its journal stand to each other.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// The journal goes on with it, or begins with it.
    InOrder,
    /// A crash came between the record and the count.
    OneBehind,
}

fn compare(known: Option<Count>, shows: Option<Count>, records: u64) -> Result<Standing, String> {
    match (known, shows) {
        (None, None) => Ok(Standing::InOrder),
        // It has nothing to forget.
        (None, Some(_)) if records == 0 => Ok(Standing::InOrder),
        (None, Some(_)) => {
            Err("the TPM has a counter of which this journal does not know: an older \
             copy of the state directory was put back, or another signer uses the counter"
                .to_owned())
        }
        (Some(known), Some(shows)) if known.counter == shows.counter => {
            compare_values(known.value, shows.value)
        }
        (Some(_), Some(_) | None) => Err("the journal's counter is not in this TPM: the state \
             directory is another machine's, or the TPM was cleared"
            .to_owned()),
    }
}

fn compare_values(recorded: u64, shown: u64) -> Result<Standing, String> {
    if shown == recorded {
        Ok(Standing::InOrder)
    } else if shown.checked_add(1) == Some(recorded) {
        Ok(Standing::OneBehind)
    } else if shown > recorded {
        Err(format!(
            "an older copy of the state directory was put back: its journal counted to {recorded}, \
             and the TPM to {shown}"
        ))
    } else {
        Err(format!(
            "the TPM counted to {shown}, and the journal to {recorded}: an older copy of the TPM \
             was put back, or another TPM"
        ))
    }
}

/// Makes a counter, or takes the one that was made and never used, and counts it up for the first
/// time: only then it says where it begins.
fn make(tpm: &mut Tpm) -> Result<Count, TpmError> {
    let counter = if let Some(found) = tpm.find()? {
        found.counter
    } else {
        let mut counter = [0; 32];
        getrandom::fill(&mut counter).map_err(TpmError::Random)?;
        tpm.make(counter)?;
        counter
    };
    tpm.increment()?;
    Ok(Count { counter, value: tpm.value()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(counter: u8, value: u64) -> Count {
        Count { counter: [counter; 32], value }
    }

    #[test]
    fn a_counter_fits_its_journal_or_one_that_has_nothing_to_forget() {
        for (known, shows, records) in [
            (None, None, 9),
            (None, Some(at(2, 57)), 0),
            (Some(at(1, 57)), Some(at(1, 57)), 9),
            (Some(at(1, u64::MAX)), Some(at(1, u64::MAX)), 9),
        ] {
            assert_eq!(
                compare(known, shows, records),
                Ok(Standing::InOrder),
                "{known:?} {shows:?}"
            );
        }
        assert_eq!(compare(Some(at(1, 57)), Some(at(1, 56)), 9), Ok(Standing::OneBehind));
        for (known, shows, words) in [
            (None, Some(at(2, 57)), "does not know"),
            (None, Some(at(2, 0)), "does not know"),
            (Some(at(1, 57)), None, "not in this TPM"),
            (Some(at(1, 57)), Some(at(2, 57)), "not in this TPM"),
            (Some(at(1, 57)), Some(at(2, 56)), "not in this TPM"),
            (Some(at(1, 57)), Some(at(1, 58)), "older copy of the state directory"),
            (Some(at(1, 57)), Some(at(1, u64::MAX)), "older copy of the state directory"),
            (Some(at(1, 57)), Some(at(1, 55)), "older copy of the TPM"),
            (Some(at(1, 57)), Some(at(1, 0)), "older copy of the TPM"),
        ] {
            let reason = compare(known, shows, 9).unwrap_err();
            assert!(reason.contains(words), "{known:?} {shows:?}: {reason}");
        }
    }
}
