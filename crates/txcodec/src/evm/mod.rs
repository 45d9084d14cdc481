//! EVM transactions: what their bytes are, and what signing them would do.
//!
//! Read here: legacy transactions with replay protection (EIP-155), access lists (EIP-2930) and
//! dynamic fees (EIP-1559). What a rollup adds for publishing a transaction on its layer 1 is not in
//! the bytes, and so not in the fee ceiling.

mod abi;
mod access_list;
mod address;
#[cfg(test)]
mod arbitrary;
mod batch;
mod deeds;
mod effects;
pub mod erc20;
pub mod erc721;
mod frame;
mod intent;
mod rlp;
mod signature;
#[cfg(test)]
mod testing;
mod transaction;

use primitives::{ChainId, EvmAddress};

pub use access_list::{AccessListEntry, MAX_ACCESS_LIST_ITEMS};
pub use address::address_of;
pub(crate) use deeds::PERMIT2;
pub(crate) use effects::{Invocation, of_call};
pub use signature::{Signed, assemble};
pub use transaction::{Kind, MAX_CALL_DATA, Transaction};

use crate::hash::keccak256;
use crate::{DecodeError, Decoded, SigningInput, Subject};

/// Reads an unsigned transaction that `wallet` is asked to sign.
///
/// # Errors
/// When the bytes are not the one canonical encoding of a transaction of a known kind, name no
/// chain, break a limit, or could cost more than 2^256 wei in fees.
pub fn decode(unsigned: &[u8], wallet: EvmAddress) -> Result<Decoded, DecodeError> {
    let transaction = Transaction::from_unsigned_bytes(unsigned)?;
    let fee_ceiling =
        transaction.fee_ceiling().ok_or(DecodeError::Invalid("a fee above 256 bits"))?;
    let effects::Known { effects, raised } = effects::of(&transaction, wallet);
    Ok(Decoded {
        subject: Subject::EvmTransaction {
            chain_id: ChainId::Eip155(transaction.chain_id),
            nonce: transaction.nonce,
        },
        effects,
        fee_ceiling,
        gas_limit: transaction.gas_limit,
        signing_input: SigningInput::Digest(keccak256(unsigned)),
        intent: intent::of(&transaction),
        length: unsigned.len(),
        raised,
    })
}

#[cfg(test)]
mod tests {
    use primitives::{Address, Amount, decode_hex, encode_hex};

    use super::*;
    use crate::{AuthorityKind, Effect};

    const WALLET: EvmAddress = EvmAddress([0x11; 20]);
    const PEER: EvmAddress = EvmAddress([0x22; 20]);
    const TOKEN: EvmAddress = EvmAddress([0x33; 20]);

    fn effects(to: Option<EvmAddress>, wei: u64, data: &[u8]) -> Vec<Effect> {
        let transaction =
            Transaction { to, value: wei.into(), data: data.to_vec(), ..arbitrary::plain() };
        decode(&transaction.to_unsigned_bytes(), WALLET).unwrap().effects
    }

    fn native(to: EvmAddress, wei: u64) -> Effect {
        Effect::NativeOut { to: to.into(), amount: wei.into() }
    }

    fn unknown_call(data: &[u8]) -> Vec<Effect> {
        vec![Effect::Call { contract: TOKEN, selector: data.first_chunk().copied() }]
    }

    /// The function is known, what a contract makes of such arguments is not.
    fn unread_call(data: &[u8]) -> Vec<Effect> {
        let unread = Effect::Opaque(crate::OpaqueReason::UnreadCalls);
        [unknown_call(data), vec![unread]].concat()
    }

    #[test]
    fn coins_that_go_along_are_told_with_their_recipient() {
        assert_eq!(effects(Some(PEER), 7, &[]), [native(PEER, 7)]);
        assert_eq!(effects(Some(PEER), 0, &[]), [native(PEER, 0)]);
        assert_eq!(effects(Some(EvmAddress::ZERO), 7, &[]), [native(EvmAddress::ZERO, 7)]);
        assert_eq!(effects(Some(WALLET), 7, &[]), [native(WALLET, 7)]);
    }

    #[test]
    fn a_payment_of_nothing_to_the_wallet_itself_does_nothing() {
        assert_eq!(effects(Some(WALLET), 0, &[]), []);
    }

    #[test]
    fn a_creation_with_value_gives_it_to_the_zero_address() {
        assert_eq!(effects(None, 0, &[0x60]), [Effect::Deploy]);
        assert_eq!(effects(None, 7, &[0x60]), [native(EvmAddress::ZERO, 7), Effect::Deploy]);
    }

    #[test]
    fn a_call_that_is_not_known_is_told_with_its_selector() {
        for data in [&[1][..], &[1, 2, 3], &[1, 2, 3, 4], &[1, 2, 3, 4, 5]] {
            assert_eq!(effects(Some(TOKEN), 0, data), unknown_call(data));
        }
        let both = [native(TOKEN, 7), unknown_call(&[1; 4]).remove(0)];
        assert_eq!(effects(Some(TOKEN), 7, &[1; 4]), both);
    }

    #[test]
    fn token_calls_are_read() {
        let (token, to, amount) = (Address::Evm(TOKEN), Address::Evm(PEER), Amount::MAX);
        let out = Effect::TokenOut { token, to, amount };
        let allowance = Effect::Allowance { token, spender: to, amount };
        let from_wallet = erc20::Call::TransferFrom { from: WALLET, to: PEER, amount };
        let from_other = erc20::Call::TransferFrom { from: PEER, to: PEER, amount };
        let increase = erc20::Call::IncreaseAllowance { spender: PEER, amount };
        for (data, effect) in [
            (erc20::transfer(PEER, amount), &out),
            (from_wallet.to_data(), &out),
            (from_other.to_data(), &out),
            (erc20::approve(PEER, amount), &allowance),
            (increase.to_data(), &allowance),
        ] {
            assert_eq!(effects(Some(TOKEN), 0, &data), std::slice::from_ref(effect));
            assert_eq!(effects(Some(TOKEN), 7, &data), [native(TOKEN, 7), effect.clone()]);
        }
    }

    #[test]
    fn a_token_call_in_any_other_form_is_not_read() {
        let exact = erc20::transfer(PEER, Amount::MAX);
        let mut dirty_address = exact.clone();
        dirty_address[4] = 1;
        let longer = [&exact[..], &[0]].concat();
        let much_longer = [&exact[..], &[0; 32]].concat();
        for data in [&exact[..67], &exact[..4], &longer, &much_longer, &dirty_address] {
            assert_eq!(effects(Some(TOKEN), 0, data), unread_call(data));
        }
        assert_eq!(effects(Some(TOKEN), 0, &exact[..3]), unknown_call(&exact[..3]));
    }

    #[test]
    fn an_operator_is_a_change_of_authority() {
        let call = |flag: u8| {
            let peer = encode_hex(&PEER.0);
            decode_hex(&format!("a22cb465{peer:0>64}{flag:064x}")).unwrap()
        };
        let change = |to| {
            let subject = Address::Evm(TOKEN);
            [Effect::AuthorityChange { kind: AuthorityKind::Operator, subject, to }]
        };
        assert_eq!(effects(Some(TOKEN), 0, &call(1)), change(Some(PEER.into())));
        assert_eq!(effects(Some(TOKEN), 0, &call(0)), change(None));
        assert_eq!(effects(Some(TOKEN), 0, &call(2)), unread_call(&call(2)));
    }

    #[test]
    fn the_fee_ceiling_is_the_limit_times_the_highest_price() {
        let plain = arbitrary::plain();
        let decoded = decode(&plain.to_unsigned_bytes(), WALLET).unwrap();
        assert_eq!(decoded.fee_ceiling(), Amount::from(21_000 * 30_000_000_000_u64));
        let kind = Kind::Legacy { gas_price: Amount::MAX };
        let dear = Transaction { kind, ..plain };
        let refused = Err(DecodeError::Invalid("a fee above 256 bits"));
        assert_eq!(decode(&dear.to_unsigned_bytes(), WALLET), refused);
    }

    /// The example of EIP-155.
    #[test]
    fn the_example_of_eip_155_is_read_hashed_and_assembled() {
        let unsigned = decode_hex(
            "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000\
             80018080",
        )
        .unwrap();
        let decoded = decode(&unsigned, WALLET).unwrap();
        let chain_id = "eip155:1".parse().unwrap();
        assert_eq!(decoded.subject(), Subject::EvmTransaction { chain_id, nonce: 9 });
        let digest = decode_hex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
        let digest = digest.unwrap().try_into().unwrap();
        assert_eq!(decoded.signing_input(), &SigningInput::Digest(digest));
        let signature = decode_hex(
            "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
             67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300",
        )
        .unwrap();
        let signed = assemble(&unsigned, &signature.try_into().unwrap()).unwrap();
        assert_eq!(
            encode_hex(&signed.bytes),
            "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000\
             8025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f\
             761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        );
        assert_eq!(signed.hash, keccak256(&signed.bytes));
    }
}
