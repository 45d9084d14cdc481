//! Receipts as files: a record that the signer signed, in JSON, for whoever wants to check it without
//! a signer.

use ed25519_dalek::{Signature, VerifyingKey};
use primitives::{decode_hex, encode_hex};
use protocol::journal::{Entry, Receipt, Record};
use protocol::wire::WireError;
use serde::{Deserialize, Serialize};

/// What the file says it is.
const KIND: &str = "WAIaaS receipt, version 1";
/// The longest file that is read, in bytes: a record and what is around it, in hexadecimal.
pub(crate) const MAX_RECEIPT: usize = 1024 * 1024;

/// The file; bytes are hexadecimal.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    kind: String,
    instance: String,
    before: String,
    content: String,
    hash: String,
    public_key: String,
    signature: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiptError {
    /// Not JSON, or not with these fields.
    #[error("it is no receipt")]
    Form(#[from] serde_json::Error),
    /// A field of another kind or length.
    #[error("`{0}` is not what a receipt has there")]
    Field(&'static str),
    /// The hash is not that of the record.
    #[error("the record was changed, or it stood behind another record")]
    Hash,
    /// The key is no key, or the signature not by it.
    #[error("the signature does not hold: the record is not what was signed with {key}")]
    Signature {
        /// The key that the receipt names.
        key: String,
    },
    /// Another key than was asked for.
    #[error("it was signed with {found}, not with {expected}")]
    Key {
        /// Which key signed.
        found: String,
        /// Which one should have.
        expected: String,
    },
    /// The proof holds, but the record says what this program cannot read.
    #[error("the record cannot be read")]
    Unreadable(#[from] WireError),
}

/// The file of a receipt.
pub(crate) fn to_json(receipt: &Receipt) -> serde_json::Value {
    serde_json::json!(File {
        kind: KIND.to_owned(),
        instance: encode_hex(&receipt.instance),
        before: encode_hex(&receipt.before),
        content: encode_hex(&receipt.record.content),
        hash: encode_hex(&receipt.record.hash),
        public_key: encode_hex(&receipt.public_key),
        signature: encode_hex(&receipt.signature),
    })
}

/// Reads the file of a receipt. Nothing is checked yet.
///
/// # Errors
/// When it is no such file.
pub(crate) fn from_json(text: &[u8]) -> Result<Receipt, ReceiptError> {
    let file: File = serde_json::from_slice(text)?;
    if file.kind != KIND {
        return Err(ReceiptError::Field("kind"));
    }
    let content = decode_hex(&file.content).map_err(|_no_hex| ReceiptError::Field("content"))?;
    Ok(Receipt {
        instance: array(&file.instance, "instance")?,
        before: array(&file.before, "before")?,
        record: Record { content, hash: array(&file.hash, "hash")? },
        public_key: array(&file.public_key, "publicKey")?,
        signature: array(&file.signature, "signature")?,
    })
}

/// Checks that the record is tied to the one before it, and signed: by `key` where one is named.
///
/// # Errors
/// When it proves nothing.
pub(crate) fn check(receipt: &Receipt, key: Option<[u8; 32]>) -> Result<Entry, ReceiptError> {
    if !receipt.record.follows(receipt.before) {
        return Err(ReceiptError::Hash);
    }
    let found = encode_hex(&receipt.public_key);
    let signed = Receipt::signed_bytes(receipt.instance, receipt.record.hash);
    VerifyingKey::from_bytes(&receipt.public_key)
        .and_then(|key| key.verify_strict(&signed, &Signature::from_bytes(&receipt.signature)))
        .map_err(|_no| ReceiptError::Signature { key: found.clone() })?;
    match key {
        Some(key) if key != receipt.public_key => {
            Err(ReceiptError::Key { found, expected: encode_hex(&key) })
        }
        Some(_) | None => Ok(receipt.record.entry()?),
    }
}

/// So many bytes in hexadecimal.
fn array<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], ReceiptError> {
    parse_hex(text).ok_or(ReceiptError::Field(field))
}

/// So many bytes in hexadecimal, with or without `0x`.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode_hex(text.strip_prefix("0x").unwrap_or(text)).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use ed25519_dalek::{Signer, SigningKey};

    fn receipt() -> Receipt {
        let records = testing::journal(3);
        let key = SigningKey::from_bytes(&[9; 32]);
        let (instance, record) = ([4; 16], records[2].clone());
        let signature = key.sign(&Receipt::signed_bytes(instance, record.hash)).to_bytes();
        let public_key = key.verifying_key().to_bytes();
        Receipt { instance, before: records[1].hash, record, public_key, signature }
    }

    #[test]
    fn a_receipt_survives_its_file_and_proves_its_record() {
        let text = to_json(&receipt()).to_string();
        let read = from_json(text.as_bytes()).unwrap();
        assert_eq!(read, receipt());
        assert_eq!(check(&read, None).unwrap().number, 2);
        assert_eq!(check(&read, Some(read.public_key)).unwrap().number, 2);
    }

    #[test]
    fn a_receipt_in_which_anything_was_changed_proves_nothing() {
        fn changed(change: fn(&mut Receipt)) -> Receipt {
            let mut receipt = receipt();
            change(&mut receipt);
            receipt
        }
        let another = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
        for (what, receipt) in [
            ("instance", changed(|it| it.instance[0] ^= 1)),
            ("before", changed(|it| it.before[0] ^= 1)),
            ("content", changed(|it| it.record.content[20] ^= 1)),
            ("hash", changed(|it| it.record.hash[0] ^= 1)),
            ("key", Receipt { public_key: another, ..receipt() }),
            ("signature", changed(|it| it.signature[0] ^= 1)),
        ] {
            assert!(check(&receipt, None).is_err(), "{what}");
        }
    }

    #[test]
    fn a_record_that_was_replaced_together_with_its_hash_is_not_what_was_signed() {
        let mut receipt = receipt();
        let other = testing::journal(2)[1].content.clone();
        receipt.record = Record::new(receipt.before, other);
        assert!(matches!(check(&receipt, None), Err(ReceiptError::Signature { .. })));
    }

    #[test]
    fn another_key_than_the_one_that_is_known_is_refused() {
        let error = check(&receipt(), Some([1; 32])).unwrap_err();
        assert!(matches!(error, ReceiptError::Key { .. }), "{error}");
    }

    #[test]
    fn a_file_of_another_form_is_no_receipt() {
        let good = to_json(&receipt());
        let with = |field: &str, value: &str| {
            let mut file = good.clone();
            file[field] = value.into();
            file.to_string()
        };
        for (text, what) in [
            ("{}".to_owned(), "missing fields"),
            ("[".to_owned(), "no JSON"),
            (with("kind", "other"), "another kind"),
            (with("hash", "00"), "too short"),
            (with("content", "xx"), "no hexadecimal"),
            (with("more", "x"), "a field too many"),
        ] {
            assert!(from_json(text.as_bytes()).is_err(), "{what}");
        }
        assert!(from_json(with("hash", &"0".repeat(64)).as_bytes()).is_ok());
    }
}
