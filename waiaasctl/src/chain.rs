//! Checks the journal's chain, record by record, without the signer's help.

use protocol::journal::{Entry, Record, genesis};
use protocol::wire::WireError;

/// How far a chain was followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    next: u64,
    /// `None` where the records before the first were moved away: what it is tied to is not known.
    head: Option<[u8; 32]>,
    at: u64,
}

/// Where and why a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// The hash is not that of the records before and this one.
    #[error("record {number} was changed, or one before it, or it stood elsewhere")]
    Hash {
        /// Which place in the chain.
        number: u64,
    },
    /// It hangs together, but says something that this program cannot read.
    #[error("record {number} cannot be read")]
    Unreadable {
        /// Which place in the chain.
        number: u64,
        /// Why.
        source: WireError,
    },
    /// It says to be another record.
    #[error("record {number} calls itself record {called}")]
    Number {
        /// Which place in the chain.
        number: u64,
        /// What it says.
        called: u64,
    },
    /// The signer's clock never runs backwards.
    #[error("record {number} is earlier than the one before it")]
    Time {
        /// Which place in the chain.
        number: u64,
    },
}

impl Chain {
    /// Before the record of this number.
    pub(crate) fn before(first: u64) -> Self {
        let head = (first == 0).then(genesis);
        Self { next: first, head, at: 0 }
    }

    /// Follows the chain by one record, and says what is in it.
    ///
    /// # Errors
    /// When the record is not the next one.
    pub(crate) fn follow(&mut self, record: &Record) -> Result<Entry, Broken> {
        let number = self.next;
        if self.head.is_some_and(|head| !record.follows(head)) {
            return Err(Broken::Hash { number });
        }
        let entry = record.entry().map_err(|source| Broken::Unreadable { number, source })?;
        if entry.number != number {
            return Err(Broken::Number { number, called: entry.number });
        }
        if entry.at < self.at {
            return Err(Broken::Time { number });
        }
        (self.next, self.head) = (number.saturating_add(1), Some(record.hash));
        self.at = entry.at;
        Ok(entry)
    }

    /// The number of the record that comes next: how many there are in all.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// The hash of the last record, or what stands before the first of all.
    pub(crate) fn head(&self) -> [u8; 32] {
        self.head.unwrap_or_else(genesis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{journal, record};
    use protocol::journal::Event;

    fn follow(records: &[Record]) -> Result<u64, Broken> {
        let mut chain = Chain::before(0);
        for record in records {
            chain.follow(record)?;
        }
        Ok(chain.next())
    }

    #[test]
    fn a_chain_is_followed_to_its_head() {
        let records = journal(5);
        let mut chain = Chain::before(0);
        for record in &records {
            chain.follow(record).unwrap();
        }
        assert_eq!((chain.next(), chain.head()), (5, records[4].hash));
    }

    #[test]
    fn what_is_changed_left_out_added_or_moved_is_found_at_its_place() {
        let records = journal(5);
        let changed = |change: fn(&mut Vec<Record>)| {
            let mut records = records.clone();
            change(&mut records);
            follow(&records)
        };
        let cut = |records: &mut Vec<Record>| drop(records.pop());
        assert_eq!(changed(cut), Ok(4));
        assert_eq!(changed(|it| it[2].content[20] ^= 1), Err(Broken::Hash { number: 2 }));
        assert_eq!(changed(|it| it[2].hash[0] ^= 1), Err(Broken::Hash { number: 2 }));
        assert_eq!(changed(|it| drop(it.remove(2))), Err(Broken::Hash { number: 2 }));
        assert_eq!(changed(|it| drop(it.remove(0))), Err(Broken::Hash { number: 0 }));
        assert_eq!(changed(|it| it.swap(2, 3)), Err(Broken::Hash { number: 2 }));
        assert_eq!(changed(|it| it.insert(2, it[2].clone())), Err(Broken::Hash { number: 3 }));
    }

    #[test]
    fn a_chain_whose_beginning_was_moved_away_is_followed_from_its_first_record() {
        let records = journal(5);
        let follow_from = |first: u64, records: &[Record]| {
            let mut chain = Chain::before(first);
            records.iter().try_for_each(|record| chain.follow(record).map(drop))?;
            Ok((chain.next(), chain.head()))
        };
        assert_eq!(follow_from(2, &records[2..]), Ok((5, records[4].hash)));
        assert_eq!(follow_from(2, &records[3..]), Err(Broken::Number { number: 2, called: 3 }));
        assert_eq!(
            follow_from(2, &[records[2].clone(), records[4].clone()]),
            Err(Broken::Hash { number: 3 })
        );
    }

    #[test]
    fn a_record_whose_hash_fits_and_whose_words_do_not_is_found_too() {
        let [first] = &journal(1)[..] else { panic!() };
        for (number, at, expected) in [
            (1, 1_800_000_000, Ok(2)),
            (2, 1_800_000_001, Err(Broken::Number { number: 1, called: 2 })),
            (1, 1_799_999_999, Err(Broken::Time { number: 1 })),
        ] {
            let next = record(first.hash, number, at, Event::Renewed {});
            assert_eq!(follow(&[first.clone(), next]), expected);
        }
        let unknown = Record::new(first.hash, vec![1]);
        let expected = Broken::Unreadable { number: 1, source: WireError::Truncated };
        assert_eq!(follow(&[first.clone(), unknown]), Err(expected));
    }
}
