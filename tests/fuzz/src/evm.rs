//! EVM transactions as `alloy-rlp` reads them, by the layouts of EIP-155, EIP-2930 and EIP-1559.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use primitives::{Amount, ChainId, EvmAddress};
use txcodec::evm::{AccessListEntry, Kind, Transaction};
use txcodec::{Decoded, SigningInput, Subject};

use crate::intent::Intent;

#[derive(RlpDecodable, RlpEncodable)]
struct Legacy {
    nonce: u64,
    gas_price: U256,
    gas: u64,
    to: TxKind,
    value: U256,
    data: Bytes,
    chain_id: u64,
    r: U256,
    s: U256,
}

#[derive(RlpDecodable, RlpEncodable)]
struct Eip2930 {
    chain_id: u64,
    nonce: u64,
    gas_price: U256,
    gas: u64,
    to: TxKind,
    value: U256,
    data: Bytes,
    access_list: Vec<Touched>,
}

#[derive(RlpDecodable, RlpEncodable)]
struct Eip1559 {
    chain_id: u64,
    nonce: u64,
    priority_fee: U256,
    max_fee: U256,
    gas: u64,
    to: TxKind,
    value: U256,
    data: Bytes,
    access_list: Vec<Touched>,
}

#[derive(RlpDecodable, RlpEncodable)]
struct Touched {
    address: Address,
    keys: Vec<B256>,
}

/// Fails unless the second reader finds the same in `bytes`, and writes them back the same.
pub fn agree(bytes: &[u8], transaction: &Transaction) {
    assert_eq!(second(bytes), *transaction);
}

/// Fails unless `decoded` is what the second reader's transaction means.
pub fn agree_on_meaning(bytes: &[u8], decoded: &Decoded) {
    let read = second(bytes);
    let Subject::EvmTransaction { chain_id: ChainId::Eip155(chain_id), nonce } = decoded.subject()
    else {
        panic!("{decoded:?} is no EVM transaction");
    };
    assert_eq!((chain_id, nonce), (read.chain_id, read.nonce));
    assert_eq!(*decoded.signing_input(), SigningInput::Digest(keccak256(bytes).0));
    let price = match read.kind {
        Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => gas_price,
        Kind::DynamicFee { max_fee_per_gas, .. } => max_fee_per_gas,
    };
    let price = U256::from_be_bytes(price.to_be_bytes());
    let fee = U256::from(read.gas_limit).checked_mul(price).expect("a fee of 256 bits at most");
    assert_eq!(decoded.fee_ceiling(), amount(fee));
    let mut intent = Intent::new(1);
    intent.field(&read.chain_id.get().to_be_bytes());
    intent.field(read.to.as_ref().map_or(&[], |to| &to.0));
    intent.field(&read.value.to_be_bytes());
    intent.field(&read.data);
    assert_eq!(decoded.intent(), intent.digest());
}

fn second(bytes: &[u8]) -> Transaction {
    match bytes {
        [1, list @ ..] => {
            let read: Eip2930 = whole(list);
            let access_list = entries(read.access_list);
            let kind = Kind::AccessList { gas_price: amount(read.gas_price), access_list };
            let Eip2930 { chain_id, nonce, gas, to, value, data, .. } =
                Eip2930 { access_list: Vec::new(), ..read };
            transaction(kind, [chain_id, nonce, gas], to, value, data)
        }
        [2, list @ ..] => {
            let read: Eip1559 = whole(list);
            let kind = Kind::DynamicFee {
                max_fee_per_gas: amount(read.max_fee),
                max_priority_fee_per_gas: amount(read.priority_fee),
                access_list: entries(read.access_list),
            };
            let Eip1559 { chain_id, nonce, gas, to, value, data, .. } =
                Eip1559 { access_list: Vec::new(), ..read };
            transaction(kind, [chain_id, nonce, gas], to, value, data)
        }
        list => {
            let read: Legacy = whole(list);
            assert!(read.r.is_zero() && read.s.is_zero());
            let kind = Kind::Legacy { gas_price: amount(read.gas_price) };
            let numbers = [read.chain_id, read.nonce, read.gas];
            transaction(kind, numbers, read.to, read.value, read.data)
        }
    }
}

fn whole<T: Decodable + Encodable>(bytes: &[u8]) -> T {
    let mut rest = bytes;
    let read = T::decode(&mut rest).expect("what the codec reads the second reader reads");
    assert!(rest.is_empty());
    assert_eq!(alloy_rlp::encode(&read), bytes);
    read
}

fn transaction(kind: Kind, numbers: [u64; 3], to: TxKind, value: U256, data: Bytes) -> Transaction {
    let [chain_id, nonce, gas_limit] = numbers;
    Transaction {
        kind,
        chain_id: chain_id.try_into().expect("a chain id"),
        nonce,
        gas_limit,
        to: to.to().map(|to| EvmAddress(to.into_array())),
        value: amount(value),
        data: data.to_vec(),
    }
}

fn entries(list: Vec<Touched>) -> Vec<AccessListEntry> {
    list.into_iter()
        .map(|touched| AccessListEntry {
            address: EvmAddress(touched.address.into_array()),
            storage_keys: touched.keys.into_iter().map(|key| key.0).collect(),
        })
        .collect()
}

fn amount(value: U256) -> Amount {
    Amount::from_be_bytes(value.to_be_bytes())
}
