//! `ALLOWED_TOKENS`: which tokens may leave. Without it, none.

use primitives::{Address, Asset, Chain, Network};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Rule, RulesError, read, wrong};
use crate::policy::{Allowed, Denial, Facts, Verdict, outflow};

pub(super) const RULE: Rule = Rule { name: NAME, aliases: &[], check, judge };

const NAME: &str = "ALLOWED_TOKENS";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowedTokens {
    tokens: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Listed {
    address: String,
    /// For people.
    #[serde(default, rename = "symbol")]
    _symbol: Option<String>,
    /// On this kind of chain only.
    #[serde(default)]
    chain: Option<Chain>,
    /// CAIP-19: on the network of this identifier only.
    #[serde(default)]
    asset_id: Option<String>,
}

fn check(rules: &Value) -> Result<(), RulesError> {
    let rules: AllowedTokens = read(rules)?;
    for (position, listed) in rules.tokens.iter().enumerate() {
        let field = |name: &str| format!("tokens[{position}].{name}");
        let address: Address =
            listed.address.parse().map_err(|error: primitives::AddressError| {
                wrong(field("address"), error.to_string())
            })?;
        if listed.chain.is_some_and(|chain| chain != address.chain()) {
            return Err(wrong(field("chain"), "the address belongs to the other kind of chain"));
        }
        let asset = listed.asset_id.as_deref();
        if asset.is_some_and(|asset| !asset.ends_with(&format!(":{}", listed.address))) {
            return Err(wrong(field("assetId"), "is not the CAIP-19 identifier of the address"));
        }
    }
    Ok(())
}

fn judge(
    rules: Option<&Value>,
    decoded: &Decoded,
    facts: &Facts<'_>,
) -> Result<Verdict, RulesError> {
    let listed =
        rules.map(read).transpose()?.map_or(Vec::new(), |rules: AllowedTokens| rules.tokens);
    let leaving = outflow(decoded).ok_or_else(|| wrong("tokens", "the amounts are too large"))?;
    let unlisted = leaving.keys().find_map(|asset| match asset {
        Asset::Native => None,
        Asset::Token(token) => {
            (!listed.iter().any(|listed| listed.is(*token, facts.network))).then_some(token)
        }
    });
    Ok(match unlisted {
        None => Verdict::Allow(Allowed::AT_ONCE),
        Some(token) => Verdict::Deny(Denial {
            rule: NAME,
            reason: format!("the token {token} is not in the list of allowed tokens"),
            remedy: "the operator can add it with a policy of type ALLOWED_TOKENS".to_owned(),
        }),
    })
}

impl Listed {
    fn is(&self, token: Address, network: Option<&Network>) -> bool {
        let here = |asset: &str| {
            network.is_some_and(|network| asset.starts_with(&format!("{}/", network.chain_id)))
        };
        self.address.parse() == Ok(token) && self.asset_id.as_deref().is_none_or(here)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{TOKEN, outcome, policy, token, verdict};
    use crate::tx::Tier;

    #[test]
    fn a_token_is_allowed_where_it_is_listed_and_nowhere_else() {
        let here = TOKEN.to_string();
        let lines = json!({ "instant_max": "1", "notify_max": "1", "delay_max": "1" });
        let limit = json!({ "token_limits": { format!("eip155:1/erc20:{here}"): lines } });
        let limit = policy("SPENDING_LIMIT", &limit);
        let other = "0x0000000000000000000000000000000000000001";
        let rows = [
            (json!([]), Err("ALLOWED_TOKENS")),
            (json!([{ "address": other }]), Err("ALLOWED_TOKENS")),
            (json!([{ "address": here }]), Ok(Tier::Instant)),
            (json!([{ "address": other }, { "address": here.to_lowercase() }]), Ok(Tier::Instant)),
            (
                json!([{ "address": here, "assetId": format!("eip155:1/erc20:{here}") }]),
                Ok(Tier::Instant),
            ),
            (
                json!([{ "address": here, "assetId": format!("eip155:10/erc20:{here}") }]),
                Err("ALLOWED_TOKENS"),
            ),
        ];
        for (tokens, expected) in rows {
            let listed = policy("ALLOWED_TOKENS", &json!({ "tokens": tokens }));
            check(&listed.rules).unwrap();
            let found = outcome(verdict(&token(1_000_000), &[listed, limit.clone()]));
            assert_eq!(found, expected, "{tokens}");
        }
    }

    #[test]
    fn a_list_that_would_mislead_is_refused() {
        for rules in [
            json!({}),
            json!({ "tokens": {} }),
            json!({ "tokens": [{}] }),
            json!({ "tokens": [{ "address": "USDC" }] }),
            json!({ "tokens": [{ "address": TOKEN.to_string(), "chain": "solana" }] }),
            json!({ "tokens": [{ "address": TOKEN.to_string(), "assetId": "eip155:1/erc20:0x1" }] }),
            json!({ "tokens": [], "denied": [] }),
        ] {
            assert!(check(&rules).is_err(), "{rules}");
        }
    }
}
