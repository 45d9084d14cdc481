//! `METHOD_WHITELIST`: which functions of a contract may be called.

use std::collections::{BTreeMap, BTreeSet};

use api::ErrorCode;
use primitives::{Address, Chain, decode_hex, encode_hex};
use serde::Deserialize;
use serde_json::Value;
use txcodec::{Decoded, Selector};

use super::contract_whitelist::calls;
use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, address, each, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "METHOD_WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`selectors`"),
    meaning: "of each `contractAddress` named here only the functions with these `selectors` (four \
              bytes, hexadecimal) may be called; `CONTRACT_WHITELIST` says which contracts at all. \
              What is understood (transfers, approvals) is judged by what it does instead",
    example: r#"{ "methods": [{ "contractAddress": "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45", "selectors": ["0x5ae401dc"] }] }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    methods: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Listed {
    contract_address: String,
    selectors: Vec<String>,
}

#[derive(Debug)]
struct MethodWhitelist(BTreeMap<Address, BTreeSet<Selector>>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let mut methods: BTreeMap<Address, BTreeSet<Selector>> = BTreeMap::new();
    for (contract, selectors) in each("methods", fields.methods, listed)? {
        methods.entry(contract).or_default().extend(selectors);
    }
    Ok(Box::new(MethodWhitelist(methods)))
}

fn listed(field: &str, listed: Listed) -> Result<(Address, Vec<Selector>), RulesError> {
    let contract_field = format!("{field}.contractAddress");
    let contract = address(&contract_field, &listed.contract_address, Some(Chain::Evm))?;
    let selectors = each(&format!("{field}.selectors"), listed.selectors, |field, text| {
        selector(&text).ok_or_else(|| wrong(field, "expected four bytes, such as 0xa9059cbb"))
    })?;
    Ok((contract, selectors))
}

fn selector(text: &str) -> Option<Selector> {
    decode_hex(text.strip_prefix("0x")?).ok()?.try_into().ok()
}

impl Judge for MethodWhitelist {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let refused = calls(decoded, facts).find(|call| {
            let methods = self.0.get(&call.contract);
            let is_listed = |all: &BTreeSet<Selector>| {
                call.selector.is_some_and(|selector| all.contains(&selector))
            };
            methods.is_some_and(|all| !is_listed(all))
        });
        let Some(call) = refused else { return Verdict::FINE };
        let function = call.selector.map_or_else(
            || "what names no function".to_owned(),
            |selector| format!("the function 0x{}", encode_hex(&selector)),
        );
        let reason = format!("{function} of the contract {} is not allowed", call.contract);
        let remedy = format!("the operator can add its selector to the {NAME} policy");
        deny(NAME, ErrorCode::MethodNotWhitelisted, reason, remedy)
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, EvmAddress};
    use serde_json::json;
    use txcodec::evm::erc20;

    use super::*;
    use crate::policy::testing::{
        OTHER, TOKEN, call, facts, multicall, native, policy, refused, said, typed_data,
    };
    use crate::tx::Tier;

    #[test]
    fn of_a_contract_that_is_named_only_the_listed_functions_are_called() {
        let (fine, denied) = (Ok(Tier::Instant), Err("METHOD_NOT_WHITELISTED"));
        let rules = json!({ "methods": [
            { "contractAddress": TOKEN.to_string(), "selectors": ["0x01020304"] },
            { "contractAddress": TOKEN.to_string(), "selectors": ["0xac9650d8"] },
        ] });
        let policies = [policy(NAME, &rules)];
        let other = EvmAddress([5; 20]);
        for (decoded, expected) in [
            (call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3, 4]), fine),
            (call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3, 4, 9, 9]), fine),
            (call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3, 5]), denied),
            (call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3]), denied),
            (call(Some(other), Amount::ZERO, vec![9, 9, 9, 9]), fine),
            (call(Some(TOKEN), Amount::ZERO, erc20::transfer(OTHER, 1_u64.into())), fine),
            (multicall(TOKEN, &[vec![1, 2, 3, 4]]), fine),
            (multicall(TOKEN, &[vec![1, 2, 3, 4], vec![6, 6, 6, 6]]), denied),
            (typed_data("Vote", Some(TOKEN)), denied),
            (native(Amount::MAX), fine),
        ] {
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{decoded:?}");
            assert_eq!(said(NAME, &decoded, &facts(&[])), fine, "no policy");
        }
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        let contract = TOKEN.to_string();
        refused(
            NAME,
            &[
                json!({ "methods": [] }),
                json!({ "methods": [{ "contractAddress": contract, "selectors": [] }] }),
                json!({ "methods": [{ "contractAddress": contract, "selectors": ["transfer"] }] }),
                json!({ "methods": [{ "contractAddress": contract, "selectors": ["0x010203"] }] }),
                json!({ "methods": [{ "contractAddress": contract, "selectors": ["01020304"] }] }),
                json!({ "methods": [{ "contractAddress": "11111111111111111111111111111111", "selectors": ["0x01020304"] }] }),
            ],
        );
    }
}
