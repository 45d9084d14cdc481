//! What a transaction is for: the network, who is paid or called, with how much and with which data.

use super::transaction::Transaction;
use crate::intent::{Intent, Kind};

/// The intent digest. How the transaction is numbered, priced and encoded is not in it.
pub(super) fn of(transaction: &Transaction) -> [u8; 32] {
    Intent::new(Kind::EvmTransaction)
        .field(&transaction.chain_id.get().to_be_bytes())
        .field(transaction.to.as_ref().map_or(&[], |to| &to.0)) // nobody, for a creation
        .field(&transaction.value.to_be_bytes())
        .field(&transaction.data)
        .digest()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use primitives::EvmAddress;
    use proptest::prelude::*;

    use super::super::arbitrary::transactions;
    use super::super::decode;
    use super::*;

    proptest! {
        #[test]
        fn every_attempt_has_the_same_intent(one in transactions(), other in transactions()) {
            let Transaction { kind, nonce, gas_limit, .. } = other;
            let again = Transaction { kind, nonce, gas_limit, ..one.clone() };
            prop_assert_eq!(of(&again), of(&one));
        }

        #[test]
        fn any_other_deed_has_another_intent(one in transactions(), other in transactions()) {
            let Transaction { chain_id, to, value, data, .. } = other;
            for changed in [
                Transaction { chain_id, ..one.clone() },
                Transaction { to, ..one.clone() },
                Transaction { value, ..one.clone() },
                Transaction { data: data.clone(), ..one.clone() },
                Transaction { chain_id, to, value, data, ..one.clone() },
            ] {
                prop_assert_eq!(of(&changed) == of(&one), deed(&changed) == deed(&one));
            }
        }

        #[test]
        fn what_is_decoded_has_the_intent_of_its_fields(one in transactions()) {
            if let Ok(decoded) = decode(&one.to_unsigned_bytes(), EvmAddress([0x11; 20])) {
                prop_assert_eq!(decoded.intent(), of(&one));
            }
        }
    }

    fn deed(one: &Transaction) -> (NonZeroU64, Option<EvmAddress>, primitives::Amount, &[u8]) {
        (one.chain_id, one.to, one.value, &one.data)
    }

    #[test]
    fn a_creation_is_no_payment_to_the_zero_address() {
        let plain = super::super::arbitrary::plain();
        let creation = Transaction { to: None, ..plain.clone() };
        let burn = Transaction { to: Some(EvmAddress::ZERO), ..plain };
        assert_ne!(of(&creation), of(&burn));
    }
}
