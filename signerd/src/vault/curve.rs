//! The two kinds of keys: secp256k1 for EVM chains, Ed25519 for Solana.

use ecdsa::hazmat::sign_prehashed_rfc6979;
use ed25519_dalek::Signer;
use primitives::{Address, Chain, SolanaAddress};
use sha2::Sha256;
use txcodec::SigningInput;
use txcodec::evm::address_of;
use zeroize::Zeroizing;

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
            Ok(key.public_key().to_sec1_bytes().into_vec())
        }
        Chain::Solana => {
            let key = ed25519_dalek::SigningKey::from_bytes(secret);
            Ok(key.verifying_key().to_bytes().to_vec())
        }
    }
}

/// The address that a public key is known by: that of its point, or the key itself. `None` for bytes
/// that are no public key.
pub(crate) fn address(chain: Chain, public_key: &[u8]) -> Option<Address> {
    match chain {
        Chain::Evm => {
            let compressed: &[u8; 33] = public_key.try_into().ok()?;
            let key = k256::PublicKey::from_sec1_bytes(compressed).ok()?;
            address_of(&key).map(Address::Evm)
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
            // A `SigningKey` would compute the public key first, which takes as long as signing.
            let scalar = Zeroizing::new(secp256k1(secret)?.to_nonzero_scalar());
            let (signature, recovery) =
                sign_prehashed_rfc6979::<k256::Secp256k1, Sha256>(&scalar, digest, &[]);
            let mut bytes = signature.to_bytes().to_vec();
            bytes.push(u8::from(recovery.is_y_odd()));
            Ok(bytes)
        }
        (Chain::Solana, SigningInput::Bytes(message)) => {
            // This computes the public key anew, by design: signed with another one, as a bit that flips
            // in ordinary memory would make it, two signatures of one message tell the private key.
            let key = ed25519_dalek::SigningKey::from_bytes(secret);
            Ok(key.sign(message).to_bytes().to_vec())
        }
        (Chain::Evm, SigningInput::Bytes(_)) | (Chain::Solana, SigningInput::Digest(_)) => {
            Err(VaultError::WrongChain(chain))
        }
    }
}

fn secp256k1(secret: &[u8; SECRET_LENGTH]) -> Result<k256::SecretKey, VaultError> {
    k256::SecretKey::from_slice(secret).map_err(|_out_of_range| {
        VaultError::BadKey(Chain::Evm, "the scalar is zero or not below the order of secp256k1")
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
    use primitives::{decode_hex, encode_hex};
    use serde_json::Value;
    use sha2::Digest;

    use super::*;

    /// The order of secp256k1 (SEC 2, section 2.4.1).
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        decode_hex(hex.trim_start_matches("0x")).unwrap().try_into().unwrap()
    }

    fn address_of(chain: Chain, secret: &[u8; 32]) -> String {
        address(chain, &public_key(chain, secret).unwrap()).unwrap().to_string()
    }

    #[test]
    fn scalars_of_secp256k1_end_below_its_order() {
        let before = |hex: &str| hex.replace("4141", "4140");
        let rows = [
            ("00".repeat(32), false),
            (format!("{}01", "00".repeat(31)), true),
            (before(ORDER), true),
            (ORDER.to_owned(), false),
            ("ff".repeat(32), false),
        ];
        for (scalar, is_key) in rows {
            assert_eq!(public_key(Chain::Evm, &bytes(&scalar)).is_ok(), is_key, "{scalar}");
            assert!(public_key(Chain::Solana, &bytes(&scalar)).is_ok(), "any seed is a seed");
        }
    }

    #[test]
    fn known_keys_have_their_known_addresses() {
        let rows = [
            (
                Chain::Evm,
                format!("{}01", "00".repeat(31)),
                "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
            ),
            // The key of the example in EIP-155.
            (Chain::Evm, "46".repeat(32), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"),
            // The first account of anvil and Hardhat.
            (
                Chain::Evm,
                "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80".to_owned(),
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            ),
            (Chain::Solana, "2a".repeat(32), "2iXtA8oeZqUU5pofxK971TCEvFGfems2AcDRaZHKD2pQ"),
        ];
        for (chain, secret, expected) in rows {
            assert_eq!(address_of(chain, &bytes(&secret)), expected);
        }
    }

    #[test]
    fn bytes_that_are_no_point_have_no_address() {
        let key = public_key(Chain::Evm, &[1; 32]).unwrap();
        assert!(address(Chain::Evm, &key).is_some());
        assert_eq!(address(Chain::Evm, &key[1..]), None);
        assert_eq!(address(Chain::Evm, &[2; 34]), None);
        assert_eq!(address(Chain::Evm, &[5; 33]), None);
        assert_eq!(address(Chain::Solana, &key), None);
        let no_point = [2; 32];
        assert_eq!(address(Chain::Solana, &no_point), None);
    }

    #[test]
    fn ed25519_signs_as_rfc_8032_section_7_1_says() {
        let rows = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ];
        for (seed, public, message, signature) in rows {
            let seed = bytes(seed);
            assert_eq!(encode_hex(&public_key(Chain::Solana, &seed).unwrap()), public);
            let input = SigningInput::Bytes(decode_hex(message).unwrap());
            let signed = sign(Chain::Solana, &seed, &input).unwrap();
            assert_eq!(encode_hex(&signed), signature);
        }
    }

    #[test]
    fn secp256k1_signs_as_the_example_of_eip_155() {
        let digest = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
        let signed = sign(Chain::Evm, &[0x46; 32], &SigningInput::Digest(bytes(digest))).unwrap();
        let expected = concat!(
            "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276",
            "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
            "00",
        );
        assert_eq!(encode_hex(&signed), expected);
    }

    #[test]
    fn every_signature_has_a_low_s_and_recovers_its_key() {
        let secret = bytes("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        let key = public_key(Chain::Evm, &secret).unwrap();
        let half_of_order: [u8; 32] =
            bytes("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
        let mut parities = [0; 2];
        for number in 0..200_u8 {
            let digest: [u8; 32] = Sha256::digest([number]).into();
            let signed = sign(Chain::Evm, &secret, &SigningInput::Digest(digest)).unwrap();
            assert!(signed[32..64] <= half_of_order[..]);
            parities[usize::from(signed[64])] += 1;
            let recovery = RecoveryId::from_byte(signed[64]).unwrap();
            let signature = Signature::from_slice(&signed[..64]).unwrap();
            let recovered = VerifyingKey::recover_from_prehash(&digest, &signature, recovery);
            assert_eq!(recovered.unwrap().to_sec1_point(true).as_bytes(), key);
        }
        assert!(parities.iter().all(|count| *count > 50), "{parities:?}");
    }

    #[test]
    fn input_for_the_other_kind_of_key_is_refused() {
        let (digest, message) = (SigningInput::Digest([1; 32]), SigningInput::Bytes(vec![1; 32]));
        let rows = [
            (Chain::Evm, &digest, true),
            (Chain::Evm, &message, false),
            (Chain::Solana, &message, true),
            (Chain::Solana, &digest, false),
        ];
        for (chain, input, is_signed) in rows {
            assert_eq!(sign(chain, &[1; 32], input).is_ok(), is_signed, "{chain} {input:?}");
        }
    }

    #[test]
    fn new_keys_differ_and_are_keys() {
        for chain in [Chain::Evm, Chain::Solana] {
            let keys: [[u8; 32]; 2] = std::array::from_fn(|_index| {
                let mut place = [0; 32];
                generate(chain, &mut place).unwrap();
                place
            });
            assert_ne!(keys[0], keys[1]);
            assert!(keys.iter().all(|key| public_key(chain, key).is_ok()));
        }
    }

    #[test]
    fn signatures_are_those_of_other_libraries() {
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
        let mut checked = 0;
        for folder in ["evm", "message", "solana"] {
            for file in std::fs::read_dir(vectors.join(folder)).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                checked += check_vector(&serde_json::from_str(&text).unwrap());
            }
        }
        assert!(checked > 20, "only {checked} vectors have a signature");
    }

    /// 1 if the vector has a signature, after comparing ours with it.
    fn check_vector(vector: &Value) -> usize {
        let hex = |name: &str| vector[name].as_str();
        let (Some(key), Some(signature)) = (hex("private_key"), hex("signature")) else { return 0 };
        let wallet = hex("wallet").unwrap();
        let chain = wallet.parse::<Address>().unwrap().chain();
        let raw = |text: &str| decode_hex(text.trim_start_matches("0x")).unwrap();
        let input = match hex("digest") {
            Some(digest) => SigningInput::Digest(bytes(digest)),
            None => SigningInput::Bytes(raw(hex("unsigned").or(hex("bytes")).unwrap())),
        };
        assert_eq!(address_of(chain, &bytes(key)), wallet);
        assert_eq!(sign(chain, &bytes(key), &input).unwrap(), raw(signature), "{vector}");
        1
    }
}
