//! `MAX_GAS`: how much gas a transaction may use, and what it may pay for it.

use api::ErrorCode;
use primitives::Amount;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, one_of, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "MAX_GAS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("`fee`"),
    meaning: "`max_gas_limit` (gas, or compute units on Solana) and `max_fee` (base units of the \
              coin, the most that the network could take, without rent) of one transaction; one of \
              the two may be left out. The signer can enforce the fee",
    example: r#"{ "max_gas_limit": 500000, "max_fee": "5000000000000000" }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxGas {
    #[serde(default)]
    max_gas_limit: Option<u64>,
    #[serde(default)]
    max_fee: Option<Amount>,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: MaxGas = read(rules)?;
    one_of("max_gas_limit, max_fee", &[limit.max_gas_limit.is_some(), limit.max_fee.is_some()])?;
    if limit.max_gas_limit == Some(0) {
        return Err(wrong("max_gas_limit", "no transaction uses no gas; expected 1 or more"));
    }
    if limit.max_fee.is_some_and(Amount::is_zero) {
        return Err(wrong("max_fee", "no transaction costs nothing; expected 1 or more"));
    }
    Ok(Box::new(limit))
}

impl Judge for MaxGas {
    fn judge(&self, decoded: &Decoded, _facts: &Facts<'_>) -> Verdict {
        let (gas, fee) = (decoded.gas_limit(), decoded.fee_ceiling());
        let code = ErrorCode::PolicyDenied;
        if let Some(most) = self.max_gas_limit.filter(|most| gas > *most) {
            let reason = format!("it may use {gas} gas, and {most} is the most that is allowed");
            return deny(NAME, code, reason, "raise max_gas_limit of the policy");
        }
        if let Some(most) = self.max_fee.filter(|most| fee > *most) {
            let reason = format!("its fee may be {fee} base units, and {most} is allowed at most");
            return deny(NAME, code, reason, "wait until fees are lower, or raise max_fee");
        }
        Verdict::FINE
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, gas, native, policy, program_call, refused, said, text};
    use crate::tx::Tier;

    #[test]
    fn gas_and_fee_are_within_the_limits_they_have() {
        let (fine, denied) = (Ok(Tier::Instant), Err("POLICY_DENIED"));
        for (rules, limit, price, expected) in [
            (json!({ "max_gas_limit": 21_000 }), 21_000, 5, fine),
            (json!({ "max_gas_limit": 21_000 }), 21_001, 0, denied),
            (json!({ "max_gas_limit": 21_000 }), u64::MAX, 0, denied),
            (json!({ "max_fee": "105000" }), 21_000, 5, fine),
            (json!({ "max_fee": "104999" }), 21_000, 5, denied),
            (json!({ "max_fee": "104999" }), u64::MAX, u64::MAX, denied),
            (json!({ "max_gas_limit": 21_000, "max_fee": "1" }), 21_000, 5, denied),
        ] {
            let policies = [policy(NAME, &rules)];
            assert_eq!(said(NAME, &gas(limit, price), &facts(&policies)), expected, "{rules}");
            assert_eq!(said(NAME, &gas(limit, price), &facts(&[])), fine, "no policy");
            assert_eq!(said(NAME, &text("hello"), &facts(&policies)), fine, "costs nothing");
        }
        // One instruction without a limit of its own: 200000 compute units, 5000 lamports.
        for (rules, expected) in [
            (json!({ "max_gas_limit": 200_000, "max_fee": "5000" }), fine),
            (json!({ "max_gas_limit": 199_999 }), denied),
            (json!({ "max_fee": "4999" }), denied),
        ] {
            let (_program, decoded) = program_call();
            let policies = [policy(NAME, &rules)];
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{rules}");
        }
        let policies = [policy(NAME, &json!({ "max_gas_limit": 1 }))];
        assert_eq!(
            said(NAME, &native(Amount::MAX), &facts(&policies)),
            fine,
            "the value is no fee"
        );
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({}),
                json!({ "max_gas_limit": 0 }),
                json!({ "max_gas_limit": "21000" }),
                json!({ "max_fee": "0" }),
                json!({ "max_fee": 5 }),
                json!({ "maxFee": "5" }),
            ],
        );
    }
}
