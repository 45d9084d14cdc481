//! What the guard promises, counted by somebody else: a sum over what was signed, by time that really
//! passed.

use std::collections::BTreeMap;

use primitives::Amount;
use protocol::Warrant;
use txcodec::evm::Transaction;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
/// Wei in one transaction, in an hour and in a day at once; and in one and in a day after the wait.
const AT_ONCE: [u64; 3] = [10 * FINNEY, 60 * FINNEY, 150 * FINNEY];
const AFTER_WAIT: [u64; 2] = [100 * FINNEY, 300 * FINNEY];
/// A thousandth of an ether, in wei.
const FINNEY: u64 = 1_000_000_000_000_000;
/// Seconds from an announcement to its signature.
pub(crate) const DELAY: u64 = 60;

/// The guard as the operator writes it.
pub(crate) fn text() -> String {
    let [one, hour, day] = AT_ONCE;
    let [one_later, day_later] = AFTER_WAIT;
    format!(
        "messages = \"text\"\ndelay_seconds = {DELAY}\n\n[network.\"eip155:11155111\".native]\n\
         immediate = {{ per_transaction = \"{one}\", per_hour = \"{hour}\", per_day = \"{day}\" }}\n\
         delay = {{ per_transaction = \"{one_later}\", per_day = \"{day_later}\" }}\n"
    )
}

/// Everything that was signed.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    /// When each unsigned transaction was counted last.
    counted: BTreeMap<Vec<u8>, u64>,
    /// When, how much, and whether at once.
    signed: Vec<(u64, Amount, bool)>,
}

impl Spent {
    /// A signature left the signer.
    ///
    /// # Errors
    /// What the guard does not let go.
    pub(crate) fn sign(
        &mut self,
        (now, warrant): (u64, &Warrant),
        unsigned: &[u8],
        transaction: &Transaction,
    ) -> Result<(), String> {
        let at_once = matches!(warrant, Warrant::None);
        let again = self.counted.get(unsigned).is_some_and(|at| at.saturating_add(DAY) >= now);
        if again {
            return Ok(());
        }
        self.counted.insert(unsigned.to_vec(), now);
        let fee = transaction.fee_ceiling();
        let spend = fee.and_then(|fee| fee.checked_add(transaction.value));
        let spend = spend.ok_or("a spend of more than 256 bits was signed")?;
        let [one, hour, day] = AT_ONCE;
        let [one_later, day_later] = AFTER_WAIT;
        check(spend, if at_once { one } else { one_later }, "in one transaction")?;
        self.signed.push((now, spend, at_once));
        check(self.since(now.saturating_sub(HOUR), true), hour, "at once in an hour")?;
        check(self.since(now.saturating_sub(DAY), true), day, "at once in a day")?;
        check(self.since(now.saturating_sub(DAY), false), day_later, "in a day")
    }

    fn since(&self, then: u64, only_at_once: bool) -> Amount {
        let counts = self.signed.iter().rev().take_while(|(at, ..)| *at > then);
        let counts = counts.filter(|(.., at_once)| *at_once || !only_at_once);
        Amount::sum(counts.map(|(_, spend, _)| *spend)).unwrap_or(Amount::MAX)
    }
}

fn check(spend: Amount, ceiling: u64, what: &str) -> Result<(), String> {
    if spend <= ceiling.into() {
        return Ok(());
    }
    Err(format!("{spend} wei were signed {what}; the guard lets {ceiling} go"))
}

#[cfg(test)]
mod tests {
    use txcodec::evm::Kind;

    use super::*;

    fn transaction(nonce: u64, value: u64) -> Transaction {
        Transaction {
            kind: Kind::Legacy { gas_price: Amount::ZERO },
            chain_id: 11_155_111.try_into().unwrap(),
            nonce,
            gas_limit: 21_000,
            to: None,
            value: value.into(),
            data: vec![1],
        }
    }

    #[test]
    fn more_than_an_hour_lets_go_is_noticed_and_the_same_bytes_count_once() {
        let mut spent = Spent::default();
        let mut sign = |at, nonce| {
            let one = transaction(nonce, AT_ONCE[0]);
            spent.sign((at, &Warrant::None), &one.to_unsigned_bytes(), &one)
        };
        for nonce in 0..6 {
            sign(1 + nonce, nonce).unwrap();
            sign(1 + nonce, nonce).unwrap();
        }
        assert!(sign(HOUR, 6).is_err());
        let mut spent = Spent::default();
        let much = transaction(0, AT_ONCE[0] + 1);
        assert!(spent.sign((0, &Warrant::None), &[0], &much).is_err());
    }
}
