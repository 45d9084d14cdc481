//! The two forms that are signed: a text, and typed data whose fields are the same lines.

use super::lines::{Line, Rendered, Shape};
use crate::message::{self, TextDomain, TextField, TypedData};

/// What a text begins with; the lines follow, one each.
pub const HEADING: &str = "WAIaaS approval. Whoever signs this allows what it says, once.\n";

/// `name` of the typed data's domain.
pub(super) const DOMAIN_NAME: &str = "WAIaaS";
/// `version` of the typed data's domain.
pub(super) const DOMAIN_VERSION: &str = "1";

impl Rendered {
    /// The text: the heading, an empty line, and `label: value` a line. A Solana owner signs its
    /// bytes, an EVM owner by EIP-191.
    pub fn text(&self) -> String {
        let lines = self.lines.iter().map(|Line { label, value }| format!("\n{label}: {value}"));
        std::iter::once(HEADING.to_owned()).chain(lines).collect()
    }

    /// The digest of the text by EIP-191, version `0x45`: what an EVM owner signs.
    pub fn text_digest(&self) -> [u8; 32] {
        message::personal_digest(self.text().as_bytes())
    }

    /// The typed data (EIP-712): a string for each label, a list of strings for each that may stand
    /// more than once, in the order of the lines.
    pub fn typed_data(&self) -> TypedData {
        let domain = TextDomain {
            name: DOMAIN_NAME,
            version: DOMAIN_VERSION,
            chain_id: self.chain_id,
            salt: self.salt(),
        };
        TypedData::of_texts(&domain, self.primary_type, self.fields())
    }

    /// `salt` of the typed data's domain: the instance, and sixteen zeros.
    pub(super) fn salt(&self) -> [u8; 32] {
        let mut salt = [0; 32];
        salt.iter_mut().zip(self.instance).for_each(|(to, from)| *to = from);
        salt
    }

    /// The fields of the typed data with their names.
    pub(super) fn fields(&self) -> Vec<(&'static str, TextField)> {
        let mut fields: Vec<(&'static str, TextField)> = Vec::new();
        for Line { label, value } in &self.lines {
            let value = value.clone();
            match (label.field(), fields.last_mut()) {
                ((name, Shape::List), Some((last, TextField::List(list)))) if *last == name => {
                    list.push(value);
                }
                ((name, Shape::List), _) => fields.push((name, TextField::List(vec![value]))),
                ((name, Shape::One), _) => fields.push((name, TextField::One(value))),
            }
        }
        fields
    }
}
