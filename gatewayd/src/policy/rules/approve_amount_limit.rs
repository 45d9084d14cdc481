//! `APPROVE_AMOUNT_LIMIT`: how large an allowance may be. Without it, none is unlimited.

use api::ErrorCode;
use primitives::{Amount, Chain};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::approvals::{Approval, Certainty, approvals};
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Facts, Verdict};
use crate::tx::Tier;

const NAME: &str = "APPROVE_AMOUNT_LIMIT";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`spenders`, ceilings of the token"),
    meaning: "an allowance is of at most `maxAmount` base units, and with `blockUnlimited` (`true` \
              if left out, and without a policy) not unlimited: below 2^159 on EVM, which is half of \
              what Permit2 counts with, and 2^63 on Solana; never all collectibles of a contract. \
              Several of one token for one spender are added up, and what is added to an allowance counts \
              with what stands; where nobody knows that, it is of \
              the tier `APPROVAL`",
    example: r#"{ "maxAmount": "1000000000", "blockUnlimited": true }"#,
    eased_by: "",
    read: says,
    otherwise: |decoded, facts| WITHOUT.judge(decoded, facts),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApproveAmountLimit {
    #[serde(default)]
    max_amount: Option<Amount>,
    #[serde(default = "block_unlimited")]
    block_unlimited: bool,
}

const WITHOUT: ApproveAmountLimit = ApproveAmountLimit { max_amount: None, block_unlimited: true };

fn block_unlimited() -> bool {
    WITHOUT.block_unlimited
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: ApproveAmountLimit = read(rules)?;
    let is_unlimited = |most: Amount| most >= unlimited(Chain::Evm);
    if limit.block_unlimited && limit.max_amount.is_some_and(is_unlimited) {
        let problem = "is unlimited, which blockUnlimited forbids; set blockUnlimited to false";
        return Err(wrong("maxAmount", problem));
    }
    Ok(Box::new(limit))
}

impl Judge for ApproveAmountLimit {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let mut verdict = Verdict::FINE;
        for Approval { token, spender, amount, certainty } in approvals(decoded, facts) {
            let is_unlimited = amount.is_none_or(|amount| amount >= unlimited(token.chain()));
            if self.block_unlimited && is_unlimited {
                let reason = format!("{spender} would be allowed to take {token} without a limit");
                let remedy = "ask for an amount, or set blockUnlimited to false in a policy of \
                              type APPROVE_AMOUNT_LIMIT";
                return deny(NAME, ErrorCode::UnlimitedApproveBlocked, reason, remedy);
            }
            let above = |most: &Amount| amount.is_none_or(|amount| amount > *most);
            if let Some(most) = self.max_amount.filter(above) {
                let reason = format!("an allowance may be of at most {most} base units");
                let remedy = "ask for less, or raise maxAmount";
                return deny(NAME, ErrorCode::ApproveAmountExceeded, reason, remedy);
            }
            let is_limited = self.block_unlimited || self.max_amount.is_some();
            if is_limited && certainty == Certainty::AtLeast {
                verdict = Verdict::at_least(Tier::Approval);
            }
        }
        verdict
    }
}

/// From here on an allowance has no limit: half of what the narrowest type of the chain counts to.
pub(in crate::policy) fn unlimited(chain: Chain) -> Amount {
    let bit = match chain {
        Chain::Evm => 159,
        Chain::Solana => 63,
    };
    let mut bytes = [0; 32];
    let (byte, shift) = (31 - bit / 8, bit % 8);
    if let Some(place) = bytes.get_mut(byte) {
        *place = 1_u8 << shift;
    }
    Amount::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;
    use serde_json::json;
    use txcodec::evm::erc20;

    use super::*;
    use crate::policy::testing::{
        OTHER, TOKEN, approve, delegate, facts, increase, multicall, native, operator, permit,
        policy, raise, refused, said,
    };

    #[test]
    fn an_allowance_is_limited_and_unlimited_ones_are_blocked_unless_a_policy_says_otherwise() {
        let (fine, above, unlimited_is) =
            (Ok(Tier::Instant), Err("APPROVE_AMOUNT_EXCEEDED"), Err("UNLIMITED_APPROVE_BLOCKED"));
        let line = unlimited(Chain::Evm);
        let below = line.checked_sub(1_u64.into()).unwrap();
        assert_eq!(below.to_string(), "730750818665451459101842416358141509827966271487");
        let without = None;
        let ten = Some(json!({ "maxAmount": "10" }));
        let open = Some(json!({ "blockUnlimited": false }));
        let both = Some(json!({ "maxAmount": "10", "blockUnlimited": false }));
        for (rules, decoded, expected) in [
            (&without, approve(OTHER, below), fine),
            (&without, approve(OTHER, line), unlimited_is),
            (&without, approve(OTHER, Amount::MAX), unlimited_is),
            (&without, permit(OTHER, Amount::MAX), unlimited_is),
            (&without, operator(OTHER, true), unlimited_is),
            (&without, operator(OTHER, false), fine),
            (&without, delegate(i64::MAX.unsigned_abs()), fine),
            (&without, delegate(i64::MAX.unsigned_abs() + 1), unlimited_is),
            (&without, native(Amount::MAX), fine),
            (&ten, approve(OTHER, 10_u64.into()), fine),
            (&ten, approve(OTHER, 11_u64.into()), above),
            (&ten, approve(OTHER, Amount::MAX), unlimited_is),
            (&open, approve(OTHER, Amount::MAX), fine),
            (&open, operator(OTHER, true), fine),
            (&both, approve(OTHER, Amount::MAX), above),
            (&both, operator(OTHER, true), above),
        ] {
            let policies: Vec<_> = rules.iter().map(|rules| policy(NAME, rules)).collect();
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{rules:?} {decoded:?}");
        }
    }

    #[test]
    fn what_is_added_counts_with_what_stands_and_needs_the_owner_where_that_is_unknown() {
        let (fine, owner) = (Ok(Tier::Instant), Ok(Tier::Approval));
        let (above, unlimited_is) =
            (Err("APPROVE_AMOUNT_EXCEEDED"), Err("UNLIMITED_APPROVE_BLOCKED"));
        let line = unlimited(Chain::Evm);
        let ten = json!({ "maxAmount": "10" });
        let free = json!({ "blockUnlimited": false });
        for (rules, standing, by, expected) in [
            (&ten, Some(Amount::ZERO), 10, fine),
            (&ten, Some(4_u64.into()), 6, fine),
            (&ten, Some(4_u64.into()), 7, above),
            (&ten, Some(line), 1, unlimited_is),
            (&ten, Some(Amount::MAX), 1, unlimited_is),
            (&ten, None, 10, owner),
            (&ten, None, 11, above),
            (&free, None, 11, fine),
            (&json!({}), None, 11, owner),
            (&json!({}), Some(11_u64.into()), 11, fine),
        ] {
            let pair = (TOKEN.into(), OTHER.into());
            let standing = standing.map(|standing| (pair, standing)).into_iter().collect();
            let policies = [policy(NAME, rules)];
            let known = Facts { standing: &standing, ..facts(&policies) };
            let found = said(NAME, &increase(OTHER, by), &known);
            assert_eq!(found, expected, "{rules} {standing:?} {by}");
            // What is set replaces what stands.
            let set = said(NAME, &approve(OTHER, 10_u64.into()), &known);
            assert_eq!(set, fine, "{rules} {standing:?}");
        }
    }

    /// Each of them is within the limit.
    #[test]
    fn allowances_of_one_transaction_for_the_same_spender_of_the_same_token_are_added_up() {
        let (fine, above) = (Ok(Tier::Instant), Err("APPROVE_AMOUNT_EXCEEDED"));
        let set = |by: u64| erc20::approve(OTHER, by.into());
        let policies = [policy(NAME, &json!({ "maxAmount": "10" }))];
        for (stands, calls, expected) in [
            (0_u64, [raise(OTHER, 5), raise(OTHER, 5)], fine),
            (0, [raise(OTHER, 5), raise(OTHER, 6)], above),
            (0, [raise(OTHER, 10), raise(TOKEN, 10)], fine),
            (0, [raise(OTHER, 10), raise(TOKEN, 11)], above),
            (0, [set(5), raise(OTHER, 5)], fine),
            (0, [set(5), raise(OTHER, 6)], above),
            (0, [set(5), set(6)], above),
            (4, [raise(OTHER, 3), raise(OTHER, 3)], fine),
            (4, [raise(OTHER, 3), raise(OTHER, 4)], above),
        ] {
            let of = |spender: EvmAddress| ((TOKEN.into(), spender.into()), stands.into());
            let standing = [of(OTHER), of(TOKEN)].into_iter().collect();
            let known = Facts { standing: &standing, ..facts(&policies) };
            let batch = multicall(TOKEN, &calls);
            assert_eq!(said(NAME, &batch, &known), expected, "{stands} {calls:?}");
        }
        let halves = [raise(OTHER, 1), erc20::approve(OTHER, unlimited(Chain::Evm))];
        let blocked = said(NAME, &multicall(TOKEN, &halves), &facts(&[]));
        assert_eq!(blocked, Err("UNLIMITED_APPROVE_BLOCKED"));
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "maxAmount": 10 }),
                json!({ "maxAmount": "1e9" }),
                json!({ "maxAmount": unlimited(Chain::Evm).to_string() }),
                json!({ "blockUnlimited": "yes" }),
                json!({ "max_amount": "10" }),
            ],
        );
    }
}
