//! What a message is for: who pays the fee, who signs, and what the programs are told in which order.

use primitives::SolanaAddress;

use super::message::{CompiledInstruction, Message, Place};
use super::{compute_budget, well_known};
use crate::intent::{Intent, Kind};

/// Where programs see the other instructions of the message, by their position.
const INSTRUCTIONS: SolanaAddress = well_known(b"Sysvar1nstructions1111111111111111111111111");

/// The intent digest. The blockhash, the order of the accounts and the compute budget are not in it,
/// unless the message looks at itself, so that what is left out could change what it does.
pub(super) fn of(message: &Message) -> [u8; 32] {
    let whole = looks_at_itself(message);
    let deeds: Vec<_> = message
        .instructions
        .iter()
        .filter(|call| whole || program(message, call) != Some(compute_budget::PROGRAM))
        .collect();
    let mut signers = message.signers().to_vec();
    signers.sort_unstable();
    Intent::new(Kind::SolanaTransaction)
        .field(&message.fee_payer().0)
        .list(&signers, |intent, signer| intent.field(&signer.0))
        .list(deeds, |intent, call| {
            intent
                .field(&place(message, call.program_index))
                .list(&call.accounts, |intent, index| intent.field(&place(message, *index)))
                .field(&call.data)
        })
        .digest()
}

/// True when a program may read other instructions than its own: signature checks name them by
/// position, and every program can that is given the list.
fn looks_at_itself(message: &Message) -> bool {
    message.accounts.contains(&INSTRUCTIONS)
        || message.uses_lookup_tables()
        || message
            .instructions
            .iter()
            .filter_map(|call| program(message, call))
            .any(compute_budget::checks_signatures)
}

fn program(message: &Message, call: &CompiledInstruction) -> Option<SolanaAddress> {
    match message.place(call.program_index)? {
        Place::Here { address, .. } => Some(address),
        Place::Table { .. } => None,
    }
}

/// An account of the message: its address, and whether it signs and may be changed. An account of a
/// lookup table: the table's address, the place in it, whether it may be changed, and a zero.
fn place(message: &Message, index: u8) -> Vec<u8> {
    match message.place(index).expect("a checked message has every account that it uses") {
        Place::Here { address, is_signer, is_writable } => {
            [&address.0[..], &[u8::from(is_signer), u8::from(is_writable)]].concat()
        }
        Place::Table { table, index, is_writable } => {
            [&table.0[..], &[index, u8::from(is_writable), 0]].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::message::Version;
    use super::super::{AccountMeta, Instruction, decode};
    use super::*;

    const WALLET: SolanaAddress = SolanaAddress([1; 32]);

    fn metas() -> impl Strategy<Value = AccountMeta> {
        (1..6_u8, any::<bool>(), any::<bool>()).prop_map(|(byte, is_signer, is_writable)| {
            AccountMeta { address: SolanaAddress([byte; 32]), is_signer, is_writable }
        })
    }

    fn instructions() -> impl Strategy<Value = Vec<Instruction>> {
        let program = (100..103_u8).prop_map(|byte| SolanaAddress([byte; 32]));
        let call = (program, vec(metas(), 0..4), vec(any::<u8>(), 0..4));
        let call = call.prop_map(|(program_id, accounts, data)| Instruction {
            program_id,
            accounts,
            data,
        });
        vec(call, 0..4)
    }

    fn intent(instructions: &[Instruction], blockhash: [u8; 32], version: Version) -> [u8; 32] {
        let message = Message::compile(WALLET, instructions, blockhash, version).unwrap();
        decode(&message.to_bytes(), WALLET).unwrap().intent()
    }

    fn plain(instructions: &[Instruction]) -> [u8; 32] {
        intent(instructions, [9; 32], Version::V0)
    }

    /// What a message says beside its compute budget: instructions with the marks that it gives to
    /// their accounts, and who signs.
    fn deed(instructions: &[Instruction]) -> (Vec<Instruction>, Vec<SolanaAddress>) {
        let has = |address, mark: fn(&AccountMeta) -> bool| {
            let payer = AccountMeta::writable_signer(WALLET);
            let metas = instructions.iter().flat_map(|one| &one.accounts).chain([&payer]);
            metas.filter(|meta| meta.address == address).any(mark)
        };
        let mut marked = instructions.to_vec();
        for meta in marked.iter_mut().flat_map(|one| &mut one.accounts) {
            meta.is_signer = has(meta.address, |meta| meta.is_signer);
            meta.is_writable = has(meta.address, |meta| meta.is_writable);
        }
        let message = Message::compile(WALLET, instructions, [9; 32], Version::V0).unwrap();
        let mut signers = message.signers().to_vec();
        signers.sort_unstable();
        (marked, signers)
    }

    proptest! {
        #[test]
        fn every_attempt_has_the_same_intent(
            deeds in instructions(),
            blockhash in any::<[u8; 32]>(),
            units in any::<u32>(),
            price in any::<u64>(),
        ) {
            let budget = [
                compute_budget::set_compute_unit_limit(units),
                compute_budget::set_compute_unit_price(price),
            ];
            let dearer = [&budget[..], &deeds].concat();
            prop_assert_eq!(intent(&dearer, blockhash, Version::Legacy), plain(&deeds));
        }

        #[test]
        fn any_other_deed_has_another_intent(one in instructions(), other in instructions()) {
            prop_assert_eq!(plain(&one) == plain(&other), deed(&one) == deed(&other));
        }

        #[test]
        fn a_deed_more_less_or_in_another_place_is_another_intent(
            deeds in instructions(),
            place in any::<prop::sample::Index>(),
            changed in any::<prop::sample::Index>(),
        ) {
            prop_assume!(!deeds.is_empty());
            let place = place.index(deeds.len());
            let mut fewer = deeds.clone();
            let removed = fewer.remove(place);
            prop_assert_ne!(plain(&fewer), plain(&deeds));
            let mut moved = fewer;
            moved.insert(changed.index(deeds.len()), removed);
            prop_assert_eq!(plain(&moved) == plain(&deeds), moved == deeds);
        }
    }

    #[test]
    fn the_order_of_the_accounts_in_the_message_is_no_part_of_the_intent() {
        let metas = [2, 3].map(|byte| AccountMeta::writable(SolanaAddress([byte; 32])));
        let deed = Instruction {
            program_id: SolanaAddress([100; 32]),
            accounts: metas.to_vec(),
            data: vec![1],
        };
        let message =
            Message::compile(WALLET, std::slice::from_ref(&deed), [9; 32], Version::V0).unwrap();
        let mut turned = message.clone();
        turned.accounts.swap(1, 2);
        turned.instructions[0].accounts = vec![2, 1];
        assert_ne!(turned, message);
        assert_eq!(of(&turned.checked().unwrap()), plain(&[deed]));
    }

    #[test]
    fn a_message_that_looks_at_itself_is_its_intent_with_the_compute_budget() {
        let price = compute_budget::set_compute_unit_price;
        let looking = |program_id, accounts| Instruction { program_id, accounts, data: vec![] };
        let list = vec![AccountMeta::readonly(INSTRUCTIONS)];
        let ed25519 = well_known(b"Ed25519SigVerify111111111111111111111111111");
        for call in [looking(SolanaAddress([100; 32]), list), looking(ed25519, vec![])] {
            assert_ne!(plain(&[price(1), call.clone()]), plain(&[price(2), call.clone()]));
            assert_ne!(plain(&[price(1), call.clone()]), plain(&[call.clone(), price(1)]));
        }
        let other = looking(SolanaAddress([100; 32]), vec![]);
        assert_eq!(plain(&[price(1), other.clone()]), plain(&[other, price(2)]));
    }
}
