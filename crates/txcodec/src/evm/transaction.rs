//! The fields of a transaction and their one encoding.

use std::num::NonZeroU64;

use primitives::{Amount, EvmAddress};

use super::access_list::{self, AccessListEntry};
use super::rlp::{self, Reader};
use crate::DecodeError;

/// The most bytes of call data: what nodes relay in a whole transaction (geth's `txMaxSize`).
pub const MAX_CALL_DATA: usize = 128 * 1024;

/// The largest chain id whose `v` fits in 64 bits (EIP-2294).
const MAX_CHAIN_ID: u64 = u64::MAX / 2 - 36;

/// EIP-2718's type of an EIP-2930 transaction.
const ACCESS_LIST: u8 = 0x01;
/// EIP-2718's type of an EIP-1559 transaction.
const DYNAMIC_FEE: u8 = 0x02;
/// EIP-2718's type of an EIP-4844 transaction.
const BLOB: u8 = 0x03;
/// EIP-2718's type of an EIP-7702 transaction.
const SET_CODE: u8 = 0x04;
/// From here on the first byte is that of a list, and the transaction has no type.
const FIRST_LEGACY: u8 = 0xc0;

/// An unsigned transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its kind, with the fields that only this kind has.
    pub kind: Kind,
    /// The network that it is valid on (EIP-155).
    pub chain_id: NonZeroU64,
    /// The account's number of this transaction, from zero.
    pub nonce: u64,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// Who is called or paid; `None` creates a contract.
    pub to: Option<EvmAddress>,
    /// Wei that go along.
    pub value: Amount,
    /// Call data, or the code that creates the contract.
    pub data: Vec<u8>,
}

/// How a transaction is priced, and so encoded. Prices are in wei for one unit of gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From before EIP-2718, with the replay protection of EIP-155.
    Legacy {
        /// What is paid.
        gas_price: Amount,
    },
    /// EIP-2930.
    AccessList {
        /// What is paid.
        gas_price: Amount,
        /// What it will touch.
        access_list: Vec<AccessListEntry>,
    },
    /// EIP-1559.
    DynamicFee {
        /// The most that is paid, base fee and priority fee together.
        max_fee_per_gas: Amount,
        /// The most that is paid to the block's proposer.
        max_priority_fee_per_gas: Amount,
        /// What it will touch.
        access_list: Vec<AccessListEntry>,
    },
}

/// What follows the fields: the wallet's signature, or what stands there before it is made.
#[derive(Clone, Copy)]
pub(super) enum Tail<'a> {
    Unsigned,
    Signed { odd_y: OddY, r: &'a [u8; 32], s: &'a [u8; 32] },
}

/// Whether the signature's curve point has an odd y coordinate.
#[derive(Clone, Copy)]
pub(super) enum OddY {
    No,
    Yes,
}

impl Transaction {
    /// The bytes whose Keccak-256 is signed.
    pub fn to_unsigned_bytes(&self) -> Vec<u8> {
        self.serialize(Tail::Unsigned)
    }

    /// Reads the bytes whose Keccak-256 is signed.
    ///
    /// # Errors
    /// When they are not the one canonical encoding of a transaction of a known kind, name no
    /// chain, or break a limit.
    pub fn from_unsigned_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (first, rest) = bytes.split_first().ok_or(DecodeError::Truncated)?;
        let transaction = match *first {
            ACCESS_LIST => read_whole(rest, read_access_list_kind)?,
            DYNAMIC_FEE => read_whole(rest, read_dynamic_fee_kind)?,
            FIRST_LEGACY.. => read_whole(bytes, read_legacy)?,
            BLOB => return Err(DecodeError::Unsupported("a blob transaction (EIP-4844)")),
            SET_CODE => return Err(DecodeError::Unsupported("a set-code transaction (EIP-7702)")),
            _ => return Err(DecodeError::Unsupported("a transaction of this type")),
        };
        transaction.check()?;
        if transaction.to_unsigned_bytes() == bytes {
            Ok(transaction)
        } else {
            Err(DecodeError::NotCanonical("another encoding of the same transaction"))
        }
    }

    /// The most wei that the network can take for it; `None` above 256 bits.
    pub fn fee_ceiling(&self) -> Option<Amount> {
        Amount::from(self.gas_limit).checked_mul(self.max_fee_per_gas())
    }

    /// The most wei that one unit of gas can cost.
    pub const fn max_fee_per_gas(&self) -> Amount {
        match self.kind {
            Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => gas_price,
            Kind::DynamicFee { max_fee_per_gas, .. } => max_fee_per_gas,
        }
    }

    pub(super) fn serialize(&self, tail: Tail<'_>) -> Vec<u8> {
        let mut fields = Vec::new();
        let mut out = Vec::new();
        match &self.kind {
            Kind::Legacy { gas_price } => {
                rlp::put_amount(&mut fields, self.nonce.into());
                rlp::put_amount(&mut fields, *gas_price);
                self.put_payment(&mut fields);
                self.put_legacy_tail(&mut fields, tail);
            }
            Kind::AccessList { gas_price, access_list } => {
                out.push(ACCESS_LIST);
                self.put_chain_and_nonce(&mut fields);
                rlp::put_amount(&mut fields, *gas_price);
                self.put_payment(&mut fields);
                access_list::put(&mut fields, access_list);
                put_typed_tail(&mut fields, tail);
            }
            Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, access_list } => {
                out.push(DYNAMIC_FEE);
                self.put_chain_and_nonce(&mut fields);
                rlp::put_amount(&mut fields, *max_priority_fee_per_gas);
                rlp::put_amount(&mut fields, *max_fee_per_gas);
                self.put_payment(&mut fields);
                access_list::put(&mut fields, access_list);
                put_typed_tail(&mut fields, tail);
            }
        }
        rlp::put_list(&mut out, &fields);
        out
    }

    fn put_chain_and_nonce(&self, out: &mut Vec<u8>) {
        rlp::put_amount(out, self.chain_id.get().into());
        rlp::put_amount(out, self.nonce.into());
    }

    fn put_payment(&self, out: &mut Vec<u8>) {
        rlp::put_amount(out, self.gas_limit.into());
        rlp::put_bytes(out, self.to.as_ref().map_or(&[], |to| &to.0));
        rlp::put_amount(out, self.value);
        rlp::put_bytes(out, &self.data);
    }

    /// EIP-155: the chain id and two zeros; once signed, `v` says both the chain and the parity.
    fn put_legacy_tail(&self, out: &mut Vec<u8>, tail: Tail<'_>) {
        let chain_id = u128::from(self.chain_id.get());
        let (v, r, s) = match tail {
            Tail::Unsigned => (chain_id, Amount::ZERO, Amount::ZERO),
            Tail::Signed { odd_y, r, s } => {
                let parity = match odd_y {
                    OddY::No => 35,
                    OddY::Yes => 36,
                };
                let v = chain_id.saturating_mul(2).saturating_add(parity);
                (v, Amount::from_be_bytes(*r), Amount::from_be_bytes(*s))
            }
        };
        rlp::put_amount(out, v.into());
        rlp::put_amount(out, r);
        rlp::put_amount(out, s);
    }

    fn check(&self) -> Result<(), DecodeError> {
        if self.chain_id.get() > MAX_CHAIN_ID {
            return Err(DecodeError::Invalid("a chain id above that of EIP-2294"));
        }
        if self.nonce == u64::MAX {
            return Err(DecodeError::Invalid("a nonce above that of EIP-2681"));
        }
        match &self.kind {
            Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, .. }
                if max_priority_fee_per_gas > max_fee_per_gas =>
            {
                Err(DecodeError::Invalid("a priority fee above the maximum fee"))
            }
            Kind::DynamicFee { .. } | Kind::Legacy { .. } | Kind::AccessList { .. } => Ok(()),
        }
    }
}

fn put_typed_tail(out: &mut Vec<u8>, tail: Tail<'_>) {
    match tail {
        Tail::Unsigned => {}
        Tail::Signed { odd_y, r, s } => {
            let parity: u64 = match odd_y {
                OddY::No => 0,
                OddY::Yes => 1,
            };
            rlp::put_amount(out, parity.into());
            rlp::put_amount(out, Amount::from_be_bytes(*r));
            rlp::put_amount(out, Amount::from_be_bytes(*s));
        }
    }
}

/// Reads one list, all of its items, and nothing behind it.
fn read_whole(
    bytes: &[u8],
    read: fn(&mut Reader<'_>) -> Result<Transaction, DecodeError>,
) -> Result<Transaction, DecodeError> {
    let mut outer = Reader::new(bytes);
    let mut fields = outer.list()?;
    outer.finish()?;
    let transaction = read(&mut fields)?;
    fields.finish()?;
    Ok(transaction)
}

fn read_legacy(fields: &mut Reader<'_>) -> Result<Transaction, DecodeError> {
    let nonce = fields.u64()?;
    let gas_price = fields.amount()?;
    let payment = Payment::read(fields)?;
    if fields.is_empty() {
        return Err(DecodeError::NoChainId);
    }
    let chain_id = read_chain_id(fields)?;
    if !(fields.bytes()?.is_empty() && fields.bytes()?.is_empty()) {
        return Err(DecodeError::Invalid("a signature in an unsigned transaction"));
    }
    Ok(payment.into_transaction(Kind::Legacy { gas_price }, chain_id, nonce))
}

fn read_access_list_kind(fields: &mut Reader<'_>) -> Result<Transaction, DecodeError> {
    let chain_id = read_chain_id(fields)?;
    let nonce = fields.u64()?;
    let gas_price = fields.amount()?;
    let payment = Payment::read(fields)?;
    let access_list = access_list::read(fields.list()?)?;
    Ok(payment.into_transaction(Kind::AccessList { gas_price, access_list }, chain_id, nonce))
}

fn read_dynamic_fee_kind(fields: &mut Reader<'_>) -> Result<Transaction, DecodeError> {
    let chain_id = read_chain_id(fields)?;
    let nonce = fields.u64()?;
    let max_priority_fee_per_gas = fields.amount()?;
    let max_fee_per_gas = fields.amount()?;
    let payment = Payment::read(fields)?;
    let access_list = access_list::read(fields.list()?)?;
    let kind = Kind::DynamicFee { max_fee_per_gas, max_priority_fee_per_gas, access_list };
    Ok(payment.into_transaction(kind, chain_id, nonce))
}

fn read_chain_id(fields: &mut Reader<'_>) -> Result<NonZeroU64, DecodeError> {
    NonZeroU64::new(fields.u64()?).ok_or(DecodeError::NoChainId)
}

/// The four fields that stand side by side in every kind.
struct Payment {
    gas_limit: u64,
    to: Option<EvmAddress>,
    value: Amount,
    data: Vec<u8>,
}

impl Payment {
    fn read(fields: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            gas_limit: fields.u64()?,
            to: read_recipient(fields)?,
            value: fields.amount()?,
            data: read_data(fields)?,
        })
    }

    fn into_transaction(self, kind: Kind, chain_id: NonZeroU64, nonce: u64) -> Transaction {
        let Self { gas_limit, to, value, data } = self;
        Transaction { kind, chain_id, nonce, gas_limit, to, value, data }
    }
}

fn read_recipient(fields: &mut Reader<'_>) -> Result<Option<EvmAddress>, DecodeError> {
    match fields.bytes()? {
        [] => Ok(None),
        bytes => bytes
            .try_into()
            .map(|address| Some(EvmAddress(address)))
            .map_err(|_length| DecodeError::Invalid("a recipient that is not 20 bytes")),
    }
}

fn read_data(fields: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    match fields.bytes()? {
        bytes if bytes.len() > MAX_CALL_DATA => Err(DecodeError::TooMany("bytes of call data")),
        bytes => Ok(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use primitives::decode_hex;
    use proptest::prelude::*;

    use super::*;
    use crate::evm::arbitrary::{plain, transactions};

    proptest! {
        #[test]
        fn a_transaction_survives_the_round_trip(transaction in transactions()) {
            let bytes = transaction.to_unsigned_bytes();
            prop_assert_eq!(Transaction::from_unsigned_bytes(&bytes), Ok(transaction));
        }

        #[test]
        fn every_change_of_a_byte_is_refused_or_kept(
            transaction in transactions(),
            position in any::<prop::sample::Index>(),
            flipped in 1_u8..,
        ) {
            let mut bytes = transaction.to_unsigned_bytes();
            let position = position.index(bytes.len());
            bytes[position] ^= flipped;
            if let Ok(changed) = Transaction::from_unsigned_bytes(&bytes) {
                prop_assert_ne!(&changed, &transaction);
                prop_assert_eq!(changed.to_unsigned_bytes(), bytes);
            }
        }

        #[test]
        fn every_cut_and_every_addition_is_refused(
            transaction in transactions(),
            position in any::<prop::sample::Index>(),
            added in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            let bytes = transaction.to_unsigned_bytes();
            let cut = &bytes[..position.index(bytes.len())];
            prop_assert!(Transaction::from_unsigned_bytes(cut).is_err());
            let longer = [&bytes[..], &added].concat();
            prop_assert_eq!(
                Transaction::from_unsigned_bytes(&longer),
                Err(DecodeError::TrailingBytes)
            );
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(
            first in prop_oneof![Just(None), (0_u8..=4).prop_map(Some), (0xc0_u8..).prop_map(Some)],
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes: Vec<u8> = first.into_iter().chain(bytes).collect();
            if let Ok(transaction) = Transaction::from_unsigned_bytes(&bytes) {
                prop_assert_eq!(transaction.to_unsigned_bytes(), bytes);
            }
        }
    }

    fn read(hex: &str) -> Result<Transaction, DecodeError> {
        Transaction::from_unsigned_bytes(&decode_hex(hex).unwrap())
    }

    #[test]
    fn other_types_are_not_supported() {
        for first in (0..FIRST_LEGACY).filter(|first| ![1, 2].contains(first)) {
            let error = Transaction::from_unsigned_bytes(&[first, 0xc0]).unwrap_err();
            assert!(matches!(error, DecodeError::Unsupported(_)), "{first}: {error}");
        }
        assert_eq!(read(""), Err(DecodeError::Truncated));
    }

    /// Legacy fields: nonce 9, price 1, gas 2, to nobody, value 0, no data.
    #[test]
    fn a_legacy_transaction_without_a_chain_is_refused() {
        assert!(read("c9090102808080018080").is_ok());
        assert_eq!(read("c6090102808080"), Err(DecodeError::NoChainId));
        assert_eq!(read("c9090102808080808080"), Err(DecodeError::NoChainId));
        assert_eq!(read("c709010280808001"), Err(DecodeError::Truncated));
    }

    #[test]
    fn a_legacy_transaction_that_is_signed_is_refused() {
        let signed = Err(DecodeError::Invalid("a signature in an unsigned transaction"));
        assert_eq!(read("c9090102808080010180"), signed);
        assert_eq!(read("c9090102808080018001"), signed);
        assert_eq!(read("ca09010280808001808080"), Err(DecodeError::TrailingBytes));
    }

    #[test]
    fn a_typed_transaction_without_a_chain_is_refused() {
        assert!(read("01c801090102808080c0").is_ok());
        assert_eq!(read("01c880090102808080c0"), Err(DecodeError::NoChainId));
        assert_eq!(read("02c98009010102808080c0"), Err(DecodeError::NoChainId));
    }

    #[test]
    fn a_recipient_of_another_length_is_refused() {
        let refused = Err(DecodeError::Invalid("a recipient that is not 20 bytes"));
        assert_eq!(read("c9090102018080018080"), refused);
        let long = format!("de09010295{}8080018080", "22".repeat(21));
        assert_eq!(read(&long), refused);
    }

    #[test]
    fn values_that_no_network_takes_are_refused() {
        let refused = |transaction: Transaction, why| {
            let bytes = transaction.to_unsigned_bytes();
            assert_eq!(Transaction::from_unsigned_bytes(&bytes), Err(DecodeError::Invalid(why)));
        };
        let accepted = |transaction: Transaction| {
            let bytes = transaction.to_unsigned_bytes();
            assert_eq!(Transaction::from_unsigned_bytes(&bytes), Ok(transaction));
        };
        let chain = |id| Transaction { chain_id: NonZeroU64::new(id).unwrap(), ..plain() };
        let nonce = |nonce| Transaction { nonce, ..plain() };
        let fees = |max: u64, priority: u64| Transaction {
            kind: Kind::DynamicFee {
                max_fee_per_gas: max.into(),
                max_priority_fee_per_gas: priority.into(),
                access_list: vec![],
            },
            ..plain()
        };
        accepted(chain(MAX_CHAIN_ID));
        refused(chain(MAX_CHAIN_ID + 1), "a chain id above that of EIP-2294");
        accepted(nonce(u64::MAX - 1));
        refused(nonce(u64::MAX), "a nonce above that of EIP-2681");
        accepted(fees(5, 5));
        accepted(fees(0, 0));
        refused(fees(5, 6), "a priority fee above the maximum fee");
    }

    #[test]
    fn call_data_is_limited() {
        let bytes = |length| Transaction { data: vec![1; length], ..plain() }.to_unsigned_bytes();
        assert!(Transaction::from_unsigned_bytes(&bytes(MAX_CALL_DATA)).is_ok());
        assert_eq!(
            Transaction::from_unsigned_bytes(&bytes(MAX_CALL_DATA + 1)),
            Err(DecodeError::TooMany("bytes of call data"))
        );
    }
}
