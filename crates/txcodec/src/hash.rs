//! The hash of Ethereum.

use sha3::{Digest, Keccak256};

/// Keccak-256 with the padding from before FIPS 202, as Ethereum uses it.
pub(crate) fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use primitives::encode_hex;

    use super::*;

    #[test]
    fn the_padding_is_that_of_ethereum() {
        assert_eq!(
            encode_hex(&keccak256(b"")),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
        );
    }
}
