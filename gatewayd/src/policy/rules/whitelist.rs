//! `WHITELIST`: who may get something.

use std::collections::BTreeSet;

use api::ErrorCode;
use primitives::Address;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::effects::NEW_CONTRACT;
use crate::policy::written::{RulesError, address, each, read};
use crate::policy::{Facts, Verdict};

const NAME: &str = "WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &["RECIPIENT_WHITELIST"],
    mark: Mark::Hard,
    meaning: "`allowed_addresses` may get coins, tokens and collectibles, those sent along with a \
              call included; others may not. On Solana the owner of a token account, where the \
              transaction says who that is",
    example: r#"{ "allowed_addresses": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"] }"#,
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    allowed_addresses: Vec<String>,
}

#[derive(Debug)]
struct Whitelist(BTreeSet<Address>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let listed = |field: &str, text: String| address(field, &text, None);
    let addresses = each("allowed_addresses", fields.allowed_addresses, listed)?;
    Ok(Box::new(Whitelist(addresses.into_iter().collect())))
}

impl Judge for Whitelist {
    fn judge(&self, decoded: &Decoded, _facts: &Facts<'_>) -> Verdict {
        let unlisted = decoded.recipients().find(|to| !self.0.contains(to));
        let Some(to) = unlisted else { return Verdict::FINE };
        let who = if to == NEW_CONTRACT { "whoever takes it".to_owned() } else { to.to_string() };
        let reason = format!("{who} is not in the list of allowed recipients");
        let remedy = format!("the operator can add it to allowed_addresses of the {NAME} policy");
        deny(NAME, ErrorCode::WhitelistDenied, reason, remedy)
    }
}
