//! Call data as alloy's ABI decoder reads it: calls in calls, and calls of tokens.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::U256;
use primitives::{Address, Amount, EvmAddress};
use txcodec::evm::{Kind, Transaction, decode};
use txcodec::{Effect, OpaqueReason};

use crate::EVM_WALLET;

/// Who is called.
const CONTRACT: EvmAddress = EvmAddress([0x33; 20]);

/// Functions that hold calls of the contract itself, and the types of their arguments.
const OF_ITSELF: [([u8; 4], &str); 3] = [
    ([0xac, 0x96, 0x50, 0xd8], "(bytes[])"),
    ([0x5a, 0xe4, 0x01, 0xdc], "(uint256,bytes[])"),
    ([0x1f, 0x04, 0x64, 0xd1], "(bytes32,bytes[])"),
];
/// Functions that hold calls which the contract makes, as an array of tuples from the called
/// contract to the data. Flags stand as numbers: they do not matter, and are not looked at.
const BY_IT: [([u8; 4], &str); 5] = [
    ([0x25, 0x2d, 0xba, 0x42], "((address,bytes)[])"),
    ([0xbc, 0xe3, 0x8b, 0xd7], "(uint256,(address,bytes)[])"),
    ([0x82, 0xad, 0x56, 0xcb], "((address,uint256,bytes)[])"),
    ([0x17, 0x4d, 0xea, 0x71], "((address,uint256,uint256,bytes)[])"),
    ([0x34, 0xfc, 0xd5, 0xbe], "((address,uint256,bytes)[])"),
];
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
const APPROVE: [u8; 4] = [0x09, 0x5e, 0xa7, 0xb3];
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];

/// Fails unless a call with `data` does what alloy's reading of it does, where the codec reads it.
pub fn agree(data: &[u8]) {
    let effects = effects(data);
    let Some((selector, arguments)) = data.split_first_chunk::<4>() else { return };
    if effects.contains(&Effect::Opaque(OpaqueReason::UnreadCalls)) {
        return;
    }
    let kind = |table: &[([u8; 4], &'static str)]| {
        table.iter().find(|(known, _)| known == selector).map(|(_, kind)| *kind)
    };
    let outer = Effect::Call { contract: CONTRACT, selector: Some(*selector) };
    if let Some(kind) = kind(&OF_ITSELF) {
        let calls = last_list(kind, arguments);
        let inner = calls.iter().flat_map(|call| own_call(bytes(call)));
        assert_eq!(effects, [outer].into_iter().chain(inner).collect::<Vec<_>>());
    } else if let Some(kind) = kind(&BY_IT) {
        let calls = last_list(kind, arguments);
        let mut told = effects.iter();
        assert_eq!(told.next(), Some(&outer));
        // Other functions of the calls may touch the wallet too, so this need not be all.
        for effect in calls.iter().filter_map(taken) {
            assert!(told.any(|told| *told == effect), "{effects:?} {effect:?}");
        }
    } else if let Some(effect) = token_effect(*selector, arguments) {
        assert_eq!(effects, [effect]);
    }
}

fn effects(data: &[u8]) -> Vec<Effect> {
    let transaction = Transaction {
        kind: Kind::Legacy { gas_price: Amount::ZERO },
        chain_id: std::num::NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 0,
        to: Some(CONTRACT),
        value: Amount::ZERO,
        data: data.to_vec(),
    };
    let decoded = decode(&transaction.to_unsigned_bytes(), EVM_WALLET);
    decoded.expect("a transaction that was written is read").effects().to_vec()
}

/// A call that the wallet makes of the same contract; without data it is no payment but a call.
fn own_call(data: &[u8]) -> Vec<Effect> {
    if data.is_empty() {
        return vec![Effect::Call { contract: CONTRACT, selector: None }];
    }
    effects(data)
}

/// The last argument, which is an array; the encoding is the one that alloy writes.
fn last_list(kind: &str, arguments: &[u8]) -> Vec<DynSolValue> {
    let kind: DynSolType = kind.parse().expect("a type of Solidity");
    let value = kind.abi_decode_params(arguments).expect("what the codec reads alloy reads");
    assert_eq!(value.abi_encode_params(), arguments);
    match value {
        DynSolValue::Tuple(mut fields) => match fields.pop() {
            Some(DynSolValue::Array(items)) => items,
            other => panic!("{other:?} is no array"),
        },
        other => panic!("{other:?} is no tuple"),
    }
}

fn bytes(value: &DynSolValue) -> &[u8] {
    value.as_bytes().expect("bytes")
}

/// The tokens that another contract takes from the wallet by one call.
fn taken(call: &DynSolValue) -> Option<Effect> {
    let fields = call.as_tuple().expect("a tuple");
    let token = EvmAddress(fields.first()?.as_address()?.into_array());
    let data = bytes(fields.last()?);
    let arguments = data.strip_prefix(&TRANSFER_FROM)?;
    let (from, to, amount) = three(arguments)?;
    (from == EVM_WALLET).then(|| Effect::TokenOut {
        token: Address::Evm(token),
        to: Address::Evm(to),
        amount,
    })
}

fn token_effect(selector: [u8; 4], arguments: &[u8]) -> Option<Effect> {
    let token = Address::Evm(CONTRACT);
    match selector {
        TRANSFER => {
            let (to, amount) = two(arguments)?;
            Some(Effect::TokenOut { token, to: Address::Evm(to), amount })
        }
        APPROVE => {
            let (spender, amount) = two(arguments)?;
            Some(Effect::Allowance { token, spender: Address::Evm(spender), amount })
        }
        TRANSFER_FROM => {
            let (_from, to, amount) = three(arguments)?;
            Some(Effect::TokenOut { token, to: Address::Evm(to), amount })
        }
        _ => None,
    }
}

fn two(arguments: &[u8]) -> Option<(EvmAddress, Amount)> {
    match &exact("(address,uint256)", arguments)?[..] {
        [one, amount] => Some((evm(one)?, number(amount)?)),
        _ => None,
    }
}

fn three(arguments: &[u8]) -> Option<(EvmAddress, EvmAddress, Amount)> {
    match &exact("(address,address,uint256)", arguments)?[..] {
        [one, other, amount] => Some((evm(one)?, evm(other)?, number(amount)?)),
        _ => None,
    }
}

/// The arguments, if alloy would write them with the same bytes.
fn exact(kind: &str, arguments: &[u8]) -> Option<Vec<DynSolValue>> {
    let kind: DynSolType = kind.parse().expect("a type of Solidity");
    let value = kind.abi_decode_params(arguments).ok()?;
    let is_exact = value.abi_encode_params() == arguments;
    match value {
        DynSolValue::Tuple(fields) if is_exact => Some(fields),
        _ => None,
    }
}

fn evm(value: &DynSolValue) -> Option<EvmAddress> {
    value.as_address().map(|address| EvmAddress(address.into_array()))
}

fn number(value: &DynSolValue) -> Option<Amount> {
    value.as_uint().map(|(number, _): (U256, usize)| Amount::from_be_bytes(number.to_be_bytes()))
}
