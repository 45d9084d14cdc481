//! From a message and its signature to the transaction that travels.

use super::compact::write_length;

/// The wire form of a transaction with one signer: the count of signatures, the signature, the
/// message. The signature in base58 is the transaction's identifier.
pub fn assemble(message: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::new();
    write_length(1, &mut out);
    out.extend_from_slice(signature);
    out.extend_from_slice(message);
    out
}
