//! Typed data as a second reader of the binary form finds it (`docs/PROTOCOL.md`, "Typed data"), and
//! the digest that alloy makes of it.

use alloy_dyn_abi::TypedData;
use primitives::encode_hex;
use serde_json::{Map, Value, json};
use txcodec::{Decoded, SigningInput};

use crate::intent::Intent;

/// Fails unless alloy makes the same digest of what stands in `bytes`.
pub fn agree_on_meaning(bytes: &[u8], decoded: &Decoded) {
    let mut intent = Intent::new(5);
    intent.field(bytes);
    assert_eq!(decoded.intent(), intent.digest());
    let json = Reader { rest: bytes }.typed_data();
    let data: TypedData = serde_json::from_value(json).expect("what the codec reads alloy reads");
    let digest = data.eip712_signing_hash().expect("what the codec reads alloy hashes");
    assert_eq!(*decoded.signing_input(), SigningInput::Digest(digest.0));
}

/// Reads what the codec has read before, and so may not run out of bytes.
struct Reader<'a> {
    rest: &'a [u8],
}

/// Name of a struct type, and its fields as type and name.
type Types = Vec<(String, Vec<(String, String)>)>;

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn count(&mut self) -> usize {
        let bytes = self.take(4).try_into().expect("four bytes");
        usize::try_from(u32::from_be_bytes(bytes)).expect("a machine of 32 bits at least")
    }

    fn text(&mut self) -> String {
        let length = self.count();
        String::from_utf8(self.take(length).to_vec()).expect("a text is UTF-8")
    }

    fn typed_data(mut self) -> Value {
        assert_eq!(self.take(1), [1]);
        let count = self.count();
        let types: Types = (0..count)
            .map(|_| {
                let name = self.text();
                let fields = self.count();
                (name, (0..fields).map(|_| (self.text(), self.text())).collect())
            })
            .collect();
        let primary = self.text();
        let domain = self.fields(&types, "EIP712Domain");
        let message = self.fields(&types, &primary);
        assert!(self.rest.is_empty());
        let in_json = |(kind, name): &(String, String)| json!({ "type": kind, "name": name });
        let types: Map<_, _> = types
            .iter()
            .map(|(name, fields)| (name.clone(), fields.iter().map(in_json).collect()))
            .collect();
        json!({ "types": types, "primaryType": primary, "domain": domain, "message": message })
    }

    fn fields(&mut self, types: &Types, name: &str) -> Value {
        let (_, fields) = types.iter().find(|(other, _)| other == name).expect("a known type");
        let values = fields.iter().map(|(kind, name)| (name.clone(), self.value(types, kind)));
        Value::Object(values.collect())
    }

    fn value(&mut self, types: &Types, kind: &str) -> Value {
        if let Some(array) = kind.strip_suffix(']') {
            let (of, length) = array.rsplit_once('[').expect("an array has a length or none");
            let length =
                if length.is_empty() { self.count() } else { length.parse().expect("a length") };
            return (0..length).map(|_| self.value(types, of)).collect();
        }
        if types.iter().any(|(name, _)| name == kind) {
            return self.fields(types, kind);
        }
        match kind {
            "bool" => Value::Bool(self.take(1) == [1]),
            "string" => Value::String(self.text()),
            "bytes" => {
                let length = self.count();
                hex(self.take(length))
            }
            "address" => hex(self.take(20)),
            _ => self.sized(kind),
        }
    }

    fn sized(&mut self, kind: &str) -> Value {
        let width = |digits: &str| digits.parse::<usize>().expect("a width");
        if let Some(bits) = kind.strip_prefix("uint") {
            return hex(self.take(width(bits) / 8));
        }
        if let Some(bits) = kind.strip_prefix("int") {
            return signed(self.take(width(bits) / 8));
        }
        hex(self.take(width(kind.strip_prefix("bytes").expect("a type of EIP-712"))))
    }
}

fn hex(bytes: &[u8]) -> Value {
    Value::String(format!("0x{}", encode_hex(bytes)))
}

/// A number in two's complement, as decimal text.
fn signed(bytes: &[u8]) -> Value {
    let fill = if bytes[0] > 0x7f { 0xff } else { 0 };
    let mut word = [fill; 32];
    word[32 - bytes.len()..].copy_from_slice(bytes);
    Value::String(alloy_primitives::I256::from_be_bytes(word).to_string())
}
