//! The two kinds of keys: secp256k1 for EVM chains, Ed25519 for Solana.

use ed25519_dalek::Signer;
use k256::elliptic_curve::sec1::ToSec1Point;
use primitives::{Address, Chain, EvmAddress, SolanaAddress};
use sha3::{Digest, Keccak256};
use txcodec::SigningInput;

use super::VaultError;
use super::slots::SECRET_LENGTH;

/// Writes a new private key: a uniform scalar from 1 to the order of secp256k1 less one, or a seed
/// of Ed25519.
pub(super) fn generate(
    chain: Chain,
    place: &mut [u8; SECRET_LENGTH],
) -> Result<(), getrandom::Error> {
    loop {
        getrandom::fill(place)?;
        // A draw out of range has a chance of 2^-128; another draw keeps the rest uniform.
        if public_key(chain, place).is_ok() {
            return Ok(());
        }
    }
}

/// The public key that belongs to a private one: 33 bytes compressed, or 32 bytes.
///
/// # Errors
/// When the private key is out of its range.
pub(super) fn public_key(
    chain: Chain,
    secret: &[u8; SECRET_LENGTH],
) -> Result<Vec<u8>, VaultError> {
    match chain {
        Chain::Evm => {
            let key = secp256k1(secret)?;
            Ok(key.verifying_key().to_sec1_point(true).as_bytes().to_vec())
        }
        Chain::Solana => {
            let key = ed25519_dalek::SigningKey::from_bytes(secret);
            Ok(key.verifying_key().to_bytes().to_vec())
        }
    }
}

/// The address that a public key is known by: the last 20 bytes of Keccak-256 over the uncompressed
/// point without its tag (Ethereum's yellow paper, appendix F), or the key itself. `None` for bytes
/// that are no public key.
pub(super) fn address(chain: Chain, public_key: &[u8]) -> Option<Address> {
    match chain {
        Chain::Evm => {
            let compressed: &[u8; 33] = public_key.try_into().ok()?;
            let key = k256::PublicKey::from_sec1_bytes(compressed).ok()?;
            let point = key.to_sec1_point(false);
            let (_tag, coordinates) = point.as_bytes().split_first()?;
            let hash: [u8; 32] = Keccak256::digest(coordinates).into();
            hash.last_chunk().map(|last| Address::Evm(EvmAddress(*last)))
        }
        Chain::Solana => {
            let bytes = public_key.try_into().ok()?;
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok()?;
            Some(Address::Solana(SolanaAddress(bytes)))
        }
    }
}

/// Signs: ECDSA with the nonce of RFC 6979 and low s (EIP-2), as `r ‖ s ‖ yParity`, or Ed25519
/// (RFC 8032).
///
/// # Errors
/// When the input is for the other kind of key.
pub(super) fn sign(
    chain: Chain,
    secret: &[u8; SECRET_LENGTH],
    input: &SigningInput,
) -> Result<Vec<u8>, VaultError> {
    match (chain, input) {
        (Chain::Evm, SigningInput::Digest(digest)) => {
            let (signature, recovery) = secp256k1(secret)?.sign_prehash_recoverable(digest);
            let mut bytes = signature.to_bytes().to_vec();
            bytes.push(u8::from(recovery.is_y_odd()));
            Ok(bytes)
        }
        (Chain::Solana, SigningInput::Bytes(message)) => {
            let key = ed25519_dalek::SigningKey::from_bytes(secret);
            Ok(key.sign(message).to_bytes().to_vec())
        }
        (Chain::Evm, SigningInput::Bytes(_)) | (Chain::Solana, SigningInput::Digest(_)) => {
            Err(VaultError::WrongChain(chain))
        }
    }
}

fn secp256k1(secret: &[u8; SECRET_LENGTH]) -> Result<k256::ecdsa::SigningKey, VaultError> {
    k256::ecdsa::SigningKey::from_slice(secret).map_err(|_out_of_range| {
        VaultError::BadKey(Chain::Evm, "the scalar is zero or not below the order of secp256k1")
    })
}
