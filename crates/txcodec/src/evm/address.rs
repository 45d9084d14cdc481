//! Addresses of Ethereum accounts.

use k256::elliptic_curve::sec1::ToSec1Point;
use primitives::EvmAddress;

use crate::hash::keccak256;

/// The address that a secp256k1 key is known by: the last 20 bytes of Keccak-256 over the uncompressed
/// point without its tag (Ethereum's yellow paper, appendix F).
pub fn address_of(key: &k256::PublicKey) -> Option<EvmAddress> {
    let point = key.to_sec1_point(false);
    let (_tag, coordinates) = point.as_bytes().split_first()?;
    keccak256(coordinates).last_chunk().map(|last| EvmAddress(*last))
}
