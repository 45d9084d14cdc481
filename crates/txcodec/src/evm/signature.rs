//! A transaction and its signature, put together for the network.

use super::transaction::{OddY, Tail, Transaction};
use crate::DecodeError;
use crate::hash::keccak256;

/// Half of the order of secp256k1, rounded down: a larger `s` is refused by the network (EIP-2).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];
/// The order of secp256k1 (SEC 2, section 2.4.1).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// A transaction as it is broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What the network takes.
    pub bytes: Vec<u8>,
    /// What the network will call it: Keccak-256 of the bytes.
    pub hash: [u8; 32],
}

/// Puts the signature to the transaction. It is `r`, `s` and the parity of y (0 or 1), 65 bytes.
/// Whose signature it is, is not checked.
///
/// # Errors
/// When the unsigned bytes are no transaction (see [`Transaction::from_unsigned_bytes`]), or the
/// network would refuse the signature whoever made it.
pub fn assemble(unsigned: &[u8], signature: &[u8; 65]) -> Result<Signed, DecodeError> {
    let transaction = Transaction::from_unsigned_bytes(unsigned)?;
    let bytes = transaction.serialize(read_signature(signature)?);
    let hash = keccak256(&bytes);
    Ok(Signed { bytes, hash })
}

fn read_signature(signature: &[u8; 65]) -> Result<Tail<'_>, DecodeError> {
    let (r, rest) = signature.split_first_chunk().ok_or(DecodeError::Truncated)?;
    let (s, parity) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
    let odd_y = match parity {
        [0] => OddY::No,
        [1] => OddY::Yes,
        _ => return Err(DecodeError::Invalid("a signature whose parity is neither 0 nor 1")),
    };
    if *r == [0; 32] || *r >= ORDER {
        return Err(DecodeError::Invalid("a signature whose r is outside the curve's order"));
    }
    if *s == [0; 32] || *s > HALF_ORDER {
        return Err(DecodeError::Invalid("a signature whose s is outside the range of EIP-2"));
    }
    Ok(Tail::Signed { odd_y, r, s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evm::arbitrary::plain;

    fn signature(r: [u8; 32], s: [u8; 32], parity: u8) -> [u8; 65] {
        [&r[..], &s, &[parity]].concat().try_into().unwrap()
    }

    /// The next number after an even one, the one before an odd one.
    fn neighbour(mut number: [u8; 32]) -> [u8; 32] {
        number[31] ^= 1;
        number
    }

    #[test]
    fn only_signatures_that_the_network_takes_are_put_to_a_transaction() {
        let unsigned = plain().to_unsigned_bytes();
        let one = neighbour([0; 32]);
        for (r, s, parity, taken) in [
            (one, one, 0, true),
            (one, one, 1, true),
            (one, one, 27, false),
            ([0; 32], one, 0, false),
            (one, [0; 32], 0, false),
            (neighbour(ORDER), one, 0, true),
            (ORDER, one, 0, false),
            (one, HALF_ORDER, 0, true),
            (one, neighbour(HALF_ORDER), 0, false),
        ] {
            let signed = assemble(&unsigned, &signature(r, s, parity));
            assert_eq!(signed.is_ok(), taken, "{r:x?} {s:x?} {parity}");
        }
    }

    #[test]
    fn bytes_that_are_no_transaction_are_not_assembled() {
        let unsigned = [&plain().to_unsigned_bytes()[..], &[0]].concat();
        let error = assemble(&unsigned, &signature([1; 32], [1; 32], 0)).unwrap_err();
        assert_eq!(error, DecodeError::TrailingBytes);
    }
}
