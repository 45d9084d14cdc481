//! Another version of a transaction that waits at the nodes: the same nonce and higher fees.

use primitives::{Amount, EvmAddress};
use txcodec::evm::{Kind, Transaction};

use super::fees::Fees;
use super::{Call, Evm};
use crate::chains::{ChainError, Replacement};

/// Nodes want each fee a tenth higher before they replace one transaction by another (geth's
/// `txpool.pricebump`); an eighth leaves nothing to rounding.
const RAISE: (u64, u64) = (9, 8);
const TOO_LARGE: ChainError = ChainError::Invalid("the fee is above 256 bits");

impl Evm {
    /// What takes the place of `unsigned`, at least an eighth above its fees and at least what the
    /// network asks for now.
    pub(in crate::chains) async fn replacement(
        &self,
        from: EvmAddress,
        unsigned: &[u8],
        replacement: Replacement,
    ) -> Result<Vec<u8>, ChainError> {
        let before = Transaction::from_unsigned_bytes(unsigned)
            .map_err(|_not_canonical| ChainError::Invalid("not an EVM transaction"))?;
        let now = Fees::now(&self.rpc).await?;
        let kind = raised(before.kind, &now.kind).ok_or(TOO_LARGE)?;
        let transaction = match replacement {
            Replacement::Same => Transaction { kind, ..before },
            Replacement::Nothing => {
                let nothing = Call { from, to: Some(from), value: Amount::ZERO, data: Vec::new() };
                let gas = self.estimate_gas(&nothing).await?;
                Transaction {
                    kind: without_list(kind),
                    gas_limit: super::draft::with_reserve(gas)?,
                    to: Some(from),
                    value: Amount::ZERO,
                    data: Vec::new(),
                    ..before
                }
            }
        };
        Ok(transaction.to_unsigned_bytes())
    }
}

/// The fees of `before`, raised, or those of `now` where they are higher.
fn raised(before: Kind, now: &Kind) -> Option<Kind> {
    let (now_max, now_tip) = match now {
        Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => (*gas_price, *gas_price),
        Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, .. } => {
            (*max_fee_per_gas, *max_priority_fee_per_gas)
        }
    };
    Some(match before {
        Kind::Legacy { gas_price } => Kind::Legacy { gas_price: raise(gas_price)?.max(now_max) },
        Kind::AccessList { gas_price, access_list } => {
            Kind::AccessList { gas_price: raise(gas_price)?.max(now_max), access_list }
        }
        Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, access_list } => {
            let max_priority_fee_per_gas = raise(max_priority_fee_per_gas)?.max(now_tip);
            let max_fee_per_gas =
                raise(max_fee_per_gas)?.max(now_max).max(max_priority_fee_per_gas);
            Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, access_list }
        }
    })
}

/// An eighth more, and one wei at least.
fn raise(price: Amount) -> Option<Amount> {
    let (times, part) = RAISE;
    let raised = price.checked_mul(times.into())?.checked_div(part.into())?;
    raised.checked_add(Amount::from(1_u64))
}

fn without_list(kind: Kind) -> Kind {
    match kind {
        Kind::Legacy { gas_price } => Kind::Legacy { gas_price },
        Kind::AccessList { gas_price, .. } => {
            Kind::AccessList { gas_price, access_list: Vec::new() }
        }
        Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, .. } => {
            let access_list = Vec::new();
            Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, access_list }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dynamic(max: u64, tip: u64) -> Kind {
        Kind::DynamicFee {
            max_fee_per_gas: max.into(),
            max_priority_fee_per_gas: tip.into(),
            access_list: Vec::new(),
        }
    }

    #[test]
    fn fees_are_raised_by_an_eighth_or_to_those_of_now() {
        let legacy = |gas_price: u64| Kind::Legacy { gas_price: gas_price.into() };
        for (before, now, expected) in [
            (dynamic(80, 8), dynamic(50, 5), dynamic(91, 10)),
            (dynamic(80, 8), dynamic(200, 5), dynamic(200, 10)),
            (dynamic(80, 8), dynamic(50, 30), dynamic(91, 30)),
            (dynamic(0, 0), dynamic(0, 0), dynamic(1, 1)),
            (dynamic(10, 10), dynamic(0, 0), dynamic(12, 12)),
            (dynamic(80, 8), legacy(100), dynamic(100, 100)),
            (legacy(80), dynamic(50, 5), legacy(91)),
            (legacy(80), legacy(500), legacy(500)),
        ] {
            assert_eq!(raised(before, &now), Some(expected));
        }
        let highest = Kind::Legacy { gas_price: Amount::MAX };
        assert_eq!(raised(highest, &legacy(1)), None);
    }

    proptest! {
        #[test]
        fn what_nodes_ask_of_a_replacement_is_always_given(
            max in 0_u64..u64::MAX / 16, tip in 0_u64..u64::MAX / 16, now in 0_u64..u64::MAX,
        ) {
            let Some(Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, .. }) =
                raised(dynamic(max, tip), &dynamic(now, now / 2))
            else {
                return Err(TestCaseError::fail("it has a fee"));
            };
            for (before, after) in [(max, max_fee_per_gas), (tip, max_priority_fee_per_gas)] {
                let after = after.checked_mul(100_u64.into()).unwrap();
                prop_assert!(after >= Amount::from(u128::from(before) * 110));
            }
            prop_assert!(max_priority_fee_per_gas <= max_fee_per_gas);
        }
    }
}
