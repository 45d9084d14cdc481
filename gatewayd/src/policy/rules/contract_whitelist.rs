//! `CONTRACT_WHITELIST`: which contracts and programs may be called. Without it, none.

use std::collections::BTreeSet;

use api::ErrorCode;
use primitives::{Address, Chain};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::effects::{Call, Claim, Manner, claims};
use crate::policy::written::{RulesError, address, each, read};
use crate::policy::{Facts, Verdict};

const NAME: &str = "CONTRACT_WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard,
    meaning: "`contracts` and Solana programs that may be called in ways that are not understood, \
              and that typed data of unknown meaning may be signed for. Without it, none. The zero \
              address stands for creating contracts",
    example: r#"{ "contracts": [{ "address": "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45", "name": "router", "chain": "ethereum" }] }"#,
    read: says,
    otherwise: |decoded, facts| refused(decoded, facts, |_contract| false),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    contracts: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    address: String,
    /// For people.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    /// What kind of address it is.
    #[serde(default)]
    chain: Option<Chain>,
}

#[derive(Debug)]
struct ContractWhitelist(BTreeSet<Address>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let listed = |field: &str, listed: Listed| {
        address(&format!("{field}.address"), &listed.address, listed.chain)
    };
    let contracts = each("contracts", fields.contracts, listed)?;
    Ok(Box::new(ContractWhitelist(contracts.into_iter().collect())))
}

impl Judge for ContractWhitelist {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        match refused(decoded, facts, |contract| self.0.contains(contract)) {
            Verdict::Deny(denial) => {
                deny(NAME, ErrorCode::ContractNotWhitelisted, denial.reason, denial.remedy)
            }
            allowed @ Verdict::Allow(_) => allowed,
        }
    }
}

fn refused(decoded: &Decoded, facts: &Facts<'_>, is_listed: impl Fn(&Address) -> bool) -> Verdict {
    let unlisted = calls(decoded, facts).find(|call| !is_listed(&call.contract));
    let Some(Call { contract, manner, .. }) = unlisted else { return Verdict::FINE };
    let reason = match manner {
        Manner::Called => format!("calls of the contract {contract} are not allowed"),
        Manner::Created => "creating contracts is not allowed".to_owned(),
        Manner::Shown => format!(
            "what the contract {contract} does with this typed data is not known, and it is not in \
             the list of allowed contracts"
        ),
    };
    let remedy = format!("the operator can add {contract} with a policy of type {NAME}");
    deny(NAME, ErrorCode::ContractCallDisabled, reason, remedy)
}

/// Code of others that is run.
pub(super) fn calls(decoded: &Decoded, facts: &Facts<'_>) -> impl Iterator<Item = Call> {
    claims(decoded, facts).filter_map(|claim| match claim {
        Claim::Call(call) => Some(call),
        Claim::Coins
        | Claim::Token(_)
        | Claim::Approval(_)
        | Claim::Harmless
        | Claim::Denied(_) => None,
    })
}
