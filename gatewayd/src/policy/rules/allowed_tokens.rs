//! `ALLOWED_TOKENS`: which tokens and collectibles may leave. Without it, none.

use std::collections::BTreeMap;

use api::ErrorCode;
use primitives::{Address, Chain, ChainId};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::effects::{Claim, claims};
use crate::policy::written::{RulesError, address, each, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "ALLOWED_TOKENS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`token`"),
    meaning: "`tokens` that may leave, and contracts of collectibles. Without it, none. With \
              `assetId` (CAIP-19) on its network only. How much of them, `SPENDING_LIMIT` says",
    example: r#"{ "tokens": [{ "address": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "symbol": "USDC", "chain": "ethereum", "assetId": "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48" }] }"#,
    eased_by: "",
    read: says,
    otherwise: |decoded, facts| AllowedTokens::default().judge(decoded, facts),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    tokens: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Listed {
    address: String,
    /// For people.
    #[serde(default, rename = "symbol")]
    _symbol: Option<String>,
    /// What kind of address it is.
    #[serde(default)]
    chain: Option<Chain>,
    /// CAIP-19: on the network of this identifier only.
    #[serde(default)]
    asset_id: Option<String>,
}

/// Tokens, and on which network each may leave; `None` for every one.
#[derive(Debug, Default)]
struct AllowedTokens(BTreeMap<Address, Vec<Option<ChainId>>>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let mut tokens: BTreeMap<Address, Vec<Option<ChainId>>> = BTreeMap::new();
    for (token, network) in each("tokens", fields.tokens, listed)? {
        tokens.entry(token).or_default().push(network);
    }
    Ok(Box::new(AllowedTokens(tokens)))
}

fn listed(field: &str, listed: Listed) -> Result<(Address, Option<ChainId>), RulesError> {
    let token = address(&format!("{field}.address"), &listed.address, listed.chain)?;
    let Some(asset) = listed.asset_id else { return Ok((token, None)) };
    let parts = asset.split_once('/').and_then(|(network, rest)| {
        let (_namespace, reference) = rest.split_once(':')?;
        Some((network.parse::<ChainId>().ok()?, reference.parse::<Address>().ok()?))
    });
    match parts {
        Some((network, named)) if named == token && network.chain() == token.chain() => {
            Ok((token, Some(network)))
        }
        Some(_) | None => {
            Err(wrong(format!("{field}.assetId"), "is not the CAIP-19 identifier of the address"))
        }
    }
}

impl Judge for AllowedTokens {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let here = facts.network.map(|network| network.chain_id);
        let is_listed = |token: &Address| {
            let networks = self.0.get(token);
            networks.is_some_and(|all| all.iter().any(|one| one.is_none() || *one == here))
        };
        let unlisted = claims(decoded, facts).find_map(|claim| match claim {
            Claim::Token(token) => (!is_listed(&token)).then_some(token),
            Claim::Coins
            | Claim::Approval { .. }
            | Claim::Call(_)
            | Claim::Harmless
            | Claim::Denied(_) => None,
        });
        let Some(token) = unlisted else { return Verdict::FINE };
        let reason = format!("the token {token} is not in the list of allowed tokens");
        let remedy = format!("the operator can add it with a policy of type {NAME}");
        deny(NAME, ErrorCode::TokenNotAllowed, reason, remedy)
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, EvmAddress};
    use serde_json::json;
    use txcodec::evm::erc20;

    use super::*;
    use crate::policy::testing::{
        OTHER, OWN, TOKEN, call, collectible, facts, native, policy, refused, said, token,
    };
    use crate::tx::Tier;

    #[test]
    fn a_token_is_allowed_where_it_is_listed_and_nowhere_else() {
        let (fine, denied) = (Ok(Tier::Instant), Err("TOKEN_NOT_ALLOWED"));
        let here = TOKEN.to_string();
        let other = "0x0000000000000000000000000000000000000001";
        for (tokens, expected) in [
            (json!([{ "address": other }]), denied),
            (json!([{ "address": here }]), fine),
            (json!([{ "address": other }, { "address": here.to_lowercase() }]), fine),
            (json!([{ "address": here, "assetId": format!("eip155:1/erc20:{here}") }]), fine),
            (json!([{ "address": here, "assetId": format!("eip155:10/erc20:{here}") }]), denied),
            (
                json!([{ "address": here, "assetId": format!("eip155:10/erc20:{here}") },
                    { "address": here, "assetId": format!("eip155:1/erc20:{here}") }]),
                fine,
            ),
        ] {
            let policies = [policy(NAME, &json!({ "tokens": tokens }))];
            let facts = facts(&policies);
            assert_eq!(said(NAME, &token(1_000_000), &facts), expected, "{tokens}");
            assert_eq!(said(NAME, &token(u64::MAX), &facts), expected, "{tokens}");
            assert_eq!(said(NAME, &native(Amount::MAX), &facts), fine, "coins are no token");
        }
        assert_eq!(said(NAME, &token(1), &facts(&[])), denied, "no policy");
    }

    #[test]
    fn collectibles_are_listed_by_their_contract_and_allowances_are_not_asked_here() {
        let (fine, denied) = (Ok(Tier::Instant), Err("TOKEN_NOT_ALLOWED"));
        let policies = [policy(NAME, &json!({ "tokens": [{ "address": TOKEN.to_string() }] }))];
        assert_eq!(said(NAME, &collectible(TOKEN, 7), &facts(&policies)), fine);
        assert_eq!(said(NAME, &collectible(EvmAddress([5; 20]), 7), &facts(&policies)), denied);
        assert_eq!(said(NAME, &collectible(TOKEN, 7), &facts(&[])), denied);
        let approve = call(Some(TOKEN), Amount::ZERO, erc20::approve(OTHER, 1_u64.into()));
        assert_eq!(said(NAME, &approve, &facts(&[])), fine);
        let taken = erc20::Call::TransferFrom { from: OWN, to: OTHER, amount: 1_u64.into() };
        let taken = call(Some(TOKEN), Amount::ZERO, taken.to_data());
        assert_eq!(said(NAME, &taken, &facts(&[])), denied, "by transferFrom too");
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        let here = TOKEN.to_string();
        refused(
            NAME,
            &[
                json!({ "tokens": [] }),
                json!({ "tokens": {} }),
                json!({ "tokens": [{}] }),
                json!({ "tokens": [{ "address": "USDC" }] }),
                json!({ "tokens": [{ "address": here, "chain": "solana" }] }),
                json!({ "tokens": [{ "address": here, "assetId": "eip155:1/erc20:0x1" }] }),
                json!({ "tokens": [{ "address": here, "assetId": here }] }),
                json!({ "tokens": [{ "address": here }], "denied": [] }),
            ],
        );
    }
}
