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
    mark: Mark::Hard("`contract`, `typed_data`"),
    meaning: "`contracts` and Solana programs that may be called in ways that are not understood, \
              and that typed data of unknown meaning may be signed for. Without it, none. The zero \
              address stands for creating contracts",
    example: r#"{ "contracts": [{ "address": "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45", "name": "router", "chain": "ethereum" }] }"#,
    eased_by: "",
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
        | Claim::Approval { .. }
        | Claim::Harmless
        | Claim::Denied(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, Environment, EvmAddress, builtin_by_name};
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{
        OTHER, TOKEN, call, facts, mainnet, multicall, native, policy, program_call, refused, said,
        token, typed_data,
    };
    use crate::tx::Tier;

    const ELSE: EvmAddress = EvmAddress([7; 20]);

    #[test]
    fn code_of_others_is_run_where_it_is_listed_and_nowhere_else() {
        let (fine, denied) = (Ok(Tier::Instant), Err("CONTRACT_NOT_WHITELISTED"));
        let unknown = || call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3, 4]);
        let create = || call(None, Amount::ZERO, vec![0x60]);
        let zero = EvmAddress::ZERO;
        for (listed, decoded, expected) in [
            (TOKEN, unknown(), fine),
            (ELSE, unknown(), denied),
            (TOKEN, call(Some(TOKEN), Amount::MAX, vec![1]), fine),
            (TOKEN, create(), denied),
            (zero, create(), fine),
            (zero, unknown(), denied),
            (ELSE, native(Amount::MAX), fine),
            (ELSE, token(1), fine), // understood, and so no call
            (TOKEN, multicall(TOKEN, &[vec![1, 2, 3, 4]]), fine),
            (ELSE, multicall(TOKEN, &[vec![1, 2, 3, 4]]), denied),
            (TOKEN, typed_data("Vote", Some(TOKEN)), fine),
            (ELSE, typed_data("Vote", Some(TOKEN)), denied),
        ] {
            let policies =
                [policy(NAME, &json!({ "contracts": [{ "address": listed.to_string() }] }))];
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{listed} {decoded:?}");
            let without = said(NAME, &decoded, &facts(&[]));
            let harmless = decoded == native(Amount::MAX) || decoded == token(1);
            let expected = if harmless { fine } else { Err("CONTRACT_CALL_DISABLED") };
            assert_eq!(without, expected, "without a policy: {decoded:?}");
        }
    }

    #[test]
    fn programs_of_solana_are_listed_the_same_way() {
        let (program, decoded) = program_call();
        let listed = |address: &str| {
            [policy(NAME, &json!({ "contracts": [{ "address": address, "chain": "solana" }] }))]
        };
        let policies = listed(&program.to_string());
        assert_eq!(said(NAME, &decoded, &facts(&policies)), Ok(Tier::Instant));
        let policies = listed("11111111111111111111111111111111");
        assert_eq!(said(NAME, &decoded, &facts(&policies)), Err("CONTRACT_NOT_WHITELISTED"));
    }

    #[test]
    fn wallets_for_test_networks_sign_any_typed_data_that_is_not_for_another() {
        let sepolia = builtin_by_name("ethereum-sepolia").unwrap();
        let denied = Err("CONTRACT_CALL_DISABLED");
        let vote = typed_data("Vote", Some(TOKEN));
        for (environment, network, expected) in [
            (Environment::Testnet, Some(sepolia), Ok(Tier::Instant)),
            (Environment::Testnet, Some(mainnet()), denied),
            (Environment::Testnet, None, denied), // a network that is not known
            (Environment::Mainnet, Some(sepolia), denied),
            (Environment::Mainnet, Some(mainnet()), denied),
            (Environment::Mainnet, None, denied),
        ] {
            let here = Facts { environment, network, ..facts(&[]) };
            assert_eq!(said(NAME, &vote, &here), expected, "{environment} {network:?}");
        }
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "contracts": [] }),
                json!({ "contracts": [{ "address": "router" }] }),
                json!({ "contracts": [{ "address": OTHER.to_string(), "chain": "solana" }] }),
                json!({ "contracts": [{ "address": OTHER.to_string(), "chain": "base" }] }),
                json!({ "contracts": [OTHER.to_string()] }),
            ],
        );
    }
}
