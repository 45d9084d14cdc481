//! Access lists (EIP-2930): what a transaction says beforehand that it will touch. They change what
//! it costs, never what it does.

use primitives::EvmAddress;

use super::rlp::{self, Reader};
use crate::DecodeError;

/// The most addresses and storage keys that an access list may have, taken together.
pub const MAX_ACCESS_LIST_ITEMS: usize = 1024;

/// An account, and which of its storage will be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessListEntry {
    /// The account.
    pub address: EvmAddress,
    /// Keys in its storage.
    pub storage_keys: Vec<[u8; 32]>,
}

pub(super) fn put(out: &mut Vec<u8>, entries: &[AccessListEntry]) {
    let mut items = Vec::new();
    for entry in entries {
        let mut keys = Vec::new();
        for key in &entry.storage_keys {
            rlp::put_bytes(&mut keys, key);
        }
        let mut fields = Vec::new();
        rlp::put_bytes(&mut fields, &entry.address.0);
        rlp::put_list(&mut fields, &keys);
        rlp::put_list(&mut items, &fields);
    }
    rlp::put_list(out, &items);
}

pub(super) fn read(mut list: Reader<'_>) -> Result<Vec<AccessListEntry>, DecodeError> {
    let mut entries = Vec::new();
    let mut budget = MAX_ACCESS_LIST_ITEMS;
    while !list.is_empty() {
        spend_one(&mut budget)?;
        entries.push(read_entry(list.list()?, &mut budget)?);
    }
    Ok(entries)
}

fn read_entry(mut fields: Reader<'_>, budget: &mut usize) -> Result<AccessListEntry, DecodeError> {
    let address = EvmAddress(fields.array()?);
    let mut keys = fields.list()?;
    fields.finish()?;
    let mut storage_keys = Vec::new();
    while !keys.is_empty() {
        spend_one(budget)?;
        storage_keys.push(keys.array()?);
    }
    Ok(AccessListEntry { address, storage_keys })
}

fn spend_one(budget: &mut usize) -> Result<(), DecodeError> {
    *budget = budget.checked_sub(1).ok_or(DecodeError::TooMany("access list items"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(entries: &[AccessListEntry]) -> Result<Vec<AccessListEntry>, DecodeError> {
        let mut out = Vec::new();
        put(&mut out, entries);
        read(Reader::new(&out).list().unwrap())
    }

    fn entry(keys: usize) -> AccessListEntry {
        AccessListEntry { address: EvmAddress([7; 20]), storage_keys: vec![[9; 32]; keys] }
    }

    #[test]
    fn a_list_survives_the_round_trip() {
        for entries in [vec![], vec![entry(0)], vec![entry(1), entry(2)]] {
            assert_eq!(round_trip(&entries), Ok(entries));
        }
    }

    #[test]
    fn addresses_and_keys_are_limited_together() {
        assert!(round_trip(&[entry(MAX_ACCESS_LIST_ITEMS - 1)]).is_ok());
        let refused = Err(DecodeError::TooMany("access list items"));
        assert_eq!(round_trip(&[entry(MAX_ACCESS_LIST_ITEMS)]), refused);
        assert_eq!(round_trip(&[entry(MAX_ACCESS_LIST_ITEMS - 1), entry(0)]), refused);
    }
}
