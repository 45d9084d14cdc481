//! The typed data as `eth_signTypedData_v4` takes it.

use primitives::{ChainId, encode_hex};
use serde_json::{Value, json};

use super::forms::{DOMAIN_NAME, DOMAIN_VERSION};
use super::lines::Rendered;
use crate::message::TextField;

impl Rendered {
    /// The typed data in JSON, for an EVM owner's wallet.
    pub fn typed_data_json(&self) -> Value {
        let mut domain = json!({ "name": DOMAIN_NAME, "version": DOMAIN_VERSION });
        let mut domain_type = vec![field("name", "string"), field("version", "string")];
        if let (Some(ChainId::Eip155(id)), Some(domain)) = (self.chain_id, domain.as_object_mut()) {
            domain.insert("chainId".to_owned(), json!(id));
            domain_type.push(field("chainId", "uint256"));
        }
        if let Some(domain) = domain.as_object_mut() {
            let salt = format!("0x{}", encode_hex(&self.salt()));
            domain.insert("salt".to_owned(), json!(salt));
            domain_type.push(field("salt", "bytes32"));
        }
        let fields = self.fields();
        let primary = self.primary_type;
        let message_type: Vec<Value> =
            fields.iter().map(|(name, value)| field(name, value.type_name())).collect();
        let message: serde_json::Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), text_value(value))).collect();
        json!({
            "types": { "EIP712Domain": domain_type, primary: message_type },
            "primaryType": primary,
            "domain": domain,
            "message": message,
        })
    }
}

fn field(name: &str, type_name: &str) -> Value {
    json!({ "name": name, "type": type_name })
}

fn text_value(value: TextField) -> Value {
    match value {
        TextField::One(text) => json!(text),
        TextField::List(texts) => json!(texts),
    }
}
