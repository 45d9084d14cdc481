//! Address lookup tables: lists of accounts on the chain, which messages of version 0 can name by a
//! byte each. The signer signs no message whose accounts stand elsewhere, so accounts are written
//! out; what is read here is whether a table is one that others could use.
//!
//! The layout is that of `solana-address-lookup-table-interface`: a tag of 32 bits, the slots of the
//! end and of the last growth, who may change it, and after 56 bytes the addresses.

use primitives::SolanaAddress;

use super::account::Account;
use crate::chains::ChainError;

/// The most tables that a transaction can name: each takes 34 bytes of a packet at least.
pub(super) const MOST_TABLES: usize = 32;

const PROGRAM: &str = "AddressLookupTab1e1111111111111111111111111";
const META_LENGTH: usize = 56;
const ADDRESS_LENGTH: usize = 32;
const MOST_ADDRESSES: usize = 256;
/// The tag of a table that was made.
const LOOKUP_TABLE: u32 = 1;
/// The end of a table that nobody has ended.
const NEVER: u64 = u64::MAX;

/// Whether the account at `address` is a table in use.
pub(super) fn check(address: SolanaAddress, account: Option<&Account>) -> Result<(), ChainError> {
    let problem = match account {
        None => Some("the account does not exist"),
        Some(account) if account.program.to_string() != PROGRAM => {
            Some("the account belongs to another program")
        }
        Some(account) => match end(&account.data) {
            Some(NEVER) => None,
            Some(_ended) => Some("the table was deactivated"),
            None => Some("the account holds no table"),
        },
    };
    match problem {
        None => Ok(()),
        Some(reason) => Err(ChainError::NotALookupTable { address: address.to_string(), reason }),
    }
}

/// The slot in which a table was ended.
fn end(data: &[u8]) -> Option<u64> {
    let (meta, addresses) = data.split_at_checked(META_LENGTH)?;
    let is_list =
        addresses.len() % ADDRESS_LENGTH == 0 && addresses.len() <= MOST_ADDRESSES * ADDRESS_LENGTH;
    let (tag, rest) = meta.split_first_chunk()?;
    let is_table = u32::from_le_bytes(*tag) == LOOKUP_TABLE;
    (is_list && is_table).then_some(u64::from_le_bytes(*rest.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const TABLE: SolanaAddress = SolanaAddress([8; 32]);

    fn data(tag: u32, end: u64, addresses: usize) -> Vec<u8> {
        let mut data = [&tag.to_le_bytes()[..], &end.to_le_bytes()].concat();
        data.resize(META_LENGTH + addresses * ADDRESS_LENGTH, 0);
        data
    }

    fn checked(program: &str, data: Vec<u8>) -> Result<(), String> {
        let program = program.parse().unwrap();
        let account = Account { lamports: 1, program, data };
        check(TABLE, Some(&account)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_one_that_is_there_and_in_use() {
        let system = "11111111111111111111111111111111";
        let mut uneven = data(1, NEVER, 2);
        uneven.push(0);
        for (program, data, expected) in [
            (PROGRAM, data(1, NEVER, 0), None),
            (PROGRAM, data(1, NEVER, 256), None),
            (PROGRAM, data(1, NEVER - 1, 2), Some("the table was deactivated")),
            (PROGRAM, data(1, 0, 2), Some("the table was deactivated")),
            (PROGRAM, data(1, NEVER, 257), Some("the account holds no table")),
            (PROGRAM, data(0, NEVER, 2), Some("the account holds no table")),
            (PROGRAM, uneven, Some("the account holds no table")),
            (PROGRAM, vec![1, 0, 0, 0], Some("the account holds no table")),
            (PROGRAM, vec![], Some("the account holds no table")),
            (system, data(1, NEVER, 2), Some("the account belongs to another program")),
        ] {
            let said = expected.map(|why| format!("{TABLE} is no address lookup table: {why}"));
            assert_eq!(checked(program, data).err(), said);
        }
        let missing = check(TABLE, None).unwrap_err().to_string();
        assert!(missing.ends_with("the account does not exist"), "{missing}");
    }

    proptest! {
        #[test]
        fn no_bytes_of_a_table_stop_the_program(data in vec(any::<u8>(), 0..200)) {
            let is_in_use = checked(PROGRAM, data.clone()).is_ok();
            prop_assert!(!is_in_use || data.starts_with(&[1, 0, 0, 0]));
        }
    }
}
