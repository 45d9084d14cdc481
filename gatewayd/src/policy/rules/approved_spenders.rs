//! `APPROVED_SPENDERS`: who may be given allowances. Without it, nobody.

use std::collections::BTreeMap;

use api::ErrorCode;
use primitives::{Address, Amount};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::approvals::{Approval, Certainty, approvals};
use crate::policy::written::{RulesError, address, each, read, wrong};
use crate::policy::{Facts, Verdict};
use crate::tx::Tier;

const NAME: &str = "APPROVED_SPENDERS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`spenders`"),
    meaning: "`spenders` that may be given allowances, by transactions and by signatures (permits), \
              of at most `maxAmount` base units of a token where that is given, all of a transaction \
              together, with what stands where it is added to that. Without it, nobody. A withdrawal of one's leave needs none",
    example: r#"{ "spenders": [{ "address": "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45", "name": "router", "maxAmount": "1000000" }] }"#,
    eased_by: "",
    read: says,
    otherwise: |decoded, facts| match approvals(decoded, facts).next() {
        None => Verdict::FINE,
        Some(Approval { spender, .. }) => {
            let reason = format!("{spender} would be allowed to take tokens");
            deny(NAME, ErrorCode::ApproveDisabled, reason, remedy(spender))
        }
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    spenders: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Listed {
    address: String,
    /// For people.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    max_amount: Option<Amount>,
}

/// Spenders, with the most that each may be given of a token.
#[derive(Debug)]
struct ApprovedSpenders(BTreeMap<Address, Option<Amount>>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let mut spenders = BTreeMap::new();
    for (spender, most) in each("spenders", fields.spenders, |field, listed| {
        Ok((address(&format!("{field}.address"), &listed.address, None)?, listed.max_amount))
    })? {
        if spenders.insert(spender, most).is_some_and(|before| before != most) {
            return Err(wrong("spenders", format!("names {spender} with two different maxAmount")));
        }
    }
    Ok(Box::new(ApprovedSpenders(spenders)))
}

impl Judge for ApprovedSpenders {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let mut verdict = Verdict::FINE;
        for Approval { spender, amount, certainty, .. } in approvals(decoded, facts) {
            let Some(most) = self.0.get(&spender) else {
                let reason = format!("{spender} is not in the list of approved spenders");
                return deny(NAME, ErrorCode::SpenderNotApproved, reason, remedy(spender));
            };
            let above = |most: &Amount| amount.is_none_or(|amount| amount > *most);
            if let Some(most) = most.filter(above) {
                let reason = format!("{spender} may be given at most {most} base units of a token");
                let remedy = "ask for less, or raise its maxAmount";
                return deny(NAME, ErrorCode::ApproveAmountExceeded, reason, remedy);
            }
            if most.is_some() && certainty == Certainty::AtLeast {
                verdict = Verdict::at_least(Tier::Approval);
            }
        }
        verdict
    }
}

fn remedy(spender: Address) -> String {
    format!("the operator can add {spender} with a policy of type {NAME}")
}

#[cfg(test)]
mod tests {
    use primitives::{Asset, EvmAddress};
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{
        OTHER, TOKEN, approve, delegate, facts, increase, multicall, native, operator, permit,
        policy, raise, refused, said,
    };

    #[test]
    fn allowances_go_to_listed_spenders_up_to_their_most() {
        let (fine, unlisted, above) =
            (Ok(Tier::Instant), Err("SPENDER_NOT_APPROVED"), Err("APPROVE_AMOUNT_EXCEEDED"));
        let amount = |number: u64| Amount::from(number);
        let add = |number| txcodec::evm::erc20::approve(OTHER, amount(number));
        for (spender, most, decoded, expected) in [
            (OTHER, None, approve(OTHER, amount(1)), fine),
            (OTHER, None, approve(OTHER, Amount::MAX), fine),
            (TOKEN, None, approve(OTHER, amount(1)), unlisted),
            (OTHER, Some("10"), approve(OTHER, amount(10)), fine),
            (OTHER, Some("10"), approve(OTHER, amount(11)), above),
            (OTHER, Some("10"), approve(OTHER, Amount::MAX), above),
            (OTHER, Some("0"), approve(OTHER, Amount::ZERO), fine),
            (OTHER, None, permit(OTHER, amount(1)), fine),
            (OTHER, Some("10"), permit(OTHER, amount(11)), above),
            (TOKEN, None, permit(OTHER, amount(1)), unlisted),
            (OTHER, None, operator(OTHER, true), fine),
            (OTHER, Some("10"), operator(OTHER, true), above), // all of a contract
            (TOKEN, None, operator(OTHER, true), unlisted),
            (TOKEN, None, operator(OTHER, false), fine), // takes it back
            (TOKEN, None, approve(EvmAddress::ZERO, amount(1)), fine), // gives it to nobody
            (TOKEN, None, approve(OTHER, Amount::ZERO), fine),
            (TOKEN, None, permit(OTHER, Amount::ZERO), fine),
            (TOKEN, None, delegate(0), fine),
            (TOKEN, None, delegate(1), unlisted),
            (TOKEN, None, native(Amount::MAX), fine),
        ] {
            let mut listed = json!({ "address": spender.to_string() });
            if let Some(most) = most {
                listed["maxAmount"] = json!(most);
            }
            let policies = [policy(NAME, &json!({ "spenders": [listed] }))];
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{listed} {decoded:?}");
            let gives = approvals(&decoded, &facts(&[])).count() > 0;
            let without = if gives { Err("APPROVE_DISABLED") } else { fine };
            assert_eq!(said(NAME, &decoded, &facts(&[])), without, "{decoded:?}");
        }
        // Parts of a batch add up.
        let rules = json!({ "spenders": [{ "address": OTHER.to_string(), "maxAmount": "10" }] });
        let policies = [policy(NAME, &rules)];
        for (second, expected) in [(5, fine), (6, above)] {
            let batch = multicall(TOKEN, &[add(5), add(second)]);
            assert_eq!(said(NAME, &batch, &facts(&policies)), expected, "5 and {second}");
        }
        // What stands counts once.
        let standing = [((TOKEN.into(), OTHER.into()), amount(4))].into_iter().collect();
        let known = Facts { standing: &standing, ..facts(&policies) };
        for (second, expected) in [(3, fine), (4, above)] {
            let batch = multicall(TOKEN, &[raise(OTHER, 3), raise(OTHER, second)]);
            assert_eq!(said(NAME, &batch, &known), expected, "3 and {second}");
        }
    }

    #[test]
    fn what_is_added_counts_with_what_stands_and_needs_the_owner_where_that_is_unknown() {
        let (fine, above) = (Ok(Tier::Instant), Err("APPROVE_AMOUNT_EXCEEDED"));
        for (most, standing, by, expected) in [
            (Some("10"), Some(4_u64), 6, fine),
            (Some("10"), Some(4), 7, above),
            (Some("10"), Some(11), 0, fine), // nothing is given
            (Some("10"), None, 10, Ok(Tier::Approval)),
            (Some("10"), None, 11, above),
            (None, None, 11, fine),
            (None, Some(u64::MAX), 11, fine),
        ] {
            let mut listed = json!({ "address": OTHER.to_string() });
            if let Some(most) = most {
                listed["maxAmount"] = json!(most);
            }
            let policies = [policy(NAME, &json!({ "spenders": [listed] }))];
            let pair = (TOKEN.into(), OTHER.into());
            let standing = standing.map(|standing| (pair, standing.into())).into_iter().collect();
            let known = Facts { standing: &standing, ..facts(&policies) };
            let found = said(NAME, &increase(OTHER, by), &known);
            assert_eq!(found, expected, "{most:?} {standing:?} {by}");
        }
    }

    /// To a contract of collectibles the same bytes give away number 0 of them. It says no decimals, or
    /// that there are none.
    #[test]
    fn an_allowance_of_nothing_is_a_withdrawal_where_the_token_has_decimals() {
        let token = Asset::Token(TOKEN.into());
        let none = Amount::ZERO;
        for (decimals, expected) in [
            (Some(6), Ok(Tier::Instant)),
            (Some(1), Ok(Tier::Instant)),
            (Some(0), Err("APPROVE_DISABLED")),
            (None, Err("APPROVE_DISABLED")),
        ] {
            let decimals = decimals.map(|decimals| (token, decimals)).into_iter().collect();
            let known = Facts { decimals: &decimals, ..facts(&[]) };
            for decoded in [approve(OTHER, none), permit(OTHER, none)] {
                assert_eq!(said(NAME, &decoded, &known), expected, "{decimals:?} {decoded:?}");
            }
            let gives = approve(OTHER, Amount::from(1_u64));
            assert_eq!(said(NAME, &gives, &known), Err("APPROVE_DISABLED"));
        }
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        let other = OTHER.to_string();
        refused(
            NAME,
            &[
                json!({ "spenders": [] }),
                json!({ "spenders": [{ "address": "router" }] }),
                json!({ "spenders": [{ "address": other, "maxAmount": 5 }] }),
                json!({ "spenders": [{ "address": other, "maxAmount": "-5" }] }),
                json!({ "spenders": [{ "address": other, "maxAmount": "5" }, { "address": other }] }),
            ],
        );
    }
}
