//! What holds for every message, tried with many.

use primitives::{Amount, Asset, SolanaAddress};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::message::{Message, Version};
use super::{AccountMeta, Instruction, compute_budget, decode, system};
use crate::DecodeError;

const WALLET: SolanaAddress = SolanaAddress([1; 32]);
const BLOCKHASH: [u8; 32] = [9; 32];

/// One of few accounts, so that instructions share some.
fn accounts() -> impl Strategy<Value = SolanaAddress> {
    (1..8_u8).prop_map(|byte| SolanaAddress([byte; 32]))
}

fn metas() -> impl Strategy<Value = AccountMeta> {
    (accounts(), any::<bool>(), any::<bool>()).prop_map(|(address, is_signer, is_writable)| {
        AccountMeta { address, is_signer, is_writable }
    })
}

/// Calls of programs that are none of the accounts.
fn instructions() -> impl Strategy<Value = Vec<Instruction>> {
    let program = (100..103_u8).prop_map(|byte| SolanaAddress([byte; 32]));
    let call = (program, vec(metas(), 0..5), vec(any::<u8>(), 0..20));
    vec(
        call.prop_map(|(program_id, accounts, data)| Instruction { program_id, accounts, data }),
        0..5,
    )
}

fn versions() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Legacy), Just(Version::V0)]
}

fn messages() -> impl Strategy<Value = Message> {
    (instructions(), versions()).prop_map(|(instructions, version)| {
        Message::compile(WALLET, &instructions, BLOCKHASH, version).unwrap()
    })
}

proptest! {
    #[test]
    fn a_compiled_message_is_read_back(instructions in instructions(), version in versions()) {
        let message = Message::compile(WALLET, &instructions, BLOCKHASH, version).unwrap();
        let read = Message::from_bytes(&message.to_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&message));
        prop_assert_eq!(message.fee_payer(), WALLET);
        prop_assert_eq!(message.calls().count(), instructions.len());
        for (call, instruction) in message.calls().zip(&instructions) {
            let accounts = instruction.accounts.iter().map(|meta| meta.address).collect();
            prop_assert_eq!(call.program, instruction.program_id);
            prop_assert_eq!(call.accounts, Some(accounts));
            prop_assert_eq!(call.data, &instruction.data);
        }
    }

    #[test]
    fn those_who_must_sign_are_the_signers(instructions in instructions()) {
        let message = Message::compile(WALLET, &instructions, BLOCKHASH, Version::V0).unwrap();
        let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
        let mut signers: Vec<_> =
            metas.filter(|meta| meta.is_signer).map(|meta| meta.address).chain([WALLET]).collect();
        signers.sort_unstable();
        signers.dedup();
        let mut found = message.signers().to_vec();
        found.sort_unstable();
        prop_assert_eq!(found, signers);
    }

    #[test]
    fn a_message_that_was_cut_off_is_refused(message in messages(), end in any::<Index>()) {
        let bytes = message.to_bytes();
        let cut = &bytes[..end.index(bytes.len())];
        prop_assert_eq!(Message::from_bytes(cut), Err(DecodeError::Truncated));
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_the_message(
        message in messages(),
        place in any::<Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut bytes = message.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        if let Ok(other) = Message::from_bytes(&bytes) {
            prop_assert_ne!(&other, &message);
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }

    #[test]
    fn what_is_spent_is_every_payment_and_the_fee(
        payments in vec((accounts(), any::<u64>()), 0..10),
        units in 0..=compute_budget::MAX_UNITS,
        price in any::<u64>(),
    ) {
        let mut instructions = vec![
            compute_budget::set_compute_unit_limit(units),
            compute_budget::set_compute_unit_price(price),
        ];
        instructions.extend(payments.iter().map(|(to, lamports)| {
            system::transfer(WALLET, *to, *lamports)
        }));
        let message = Message::compile(WALLET, &instructions, BLOCKHASH, Version::V0).unwrap();
        let decoded = decode(&message.to_bytes(), WALLET).unwrap();
        let million = Amount::from(1_000_000_u64);
        let priority = Amount::from(u64::from(units)).checked_mul(price.into());
        let priority = priority.and_then(|product| product.checked_div_ceil(million)).unwrap();
        let paid = payments.iter().map(|(_, lamports)| Amount::from(*lamports));
        let expected = Amount::sum(paid.chain([Amount::from(5000_u64), priority]));
        prop_assert_eq!(decoded.spend().unwrap().get(&Asset::Native).copied(), expected);
    }
}
