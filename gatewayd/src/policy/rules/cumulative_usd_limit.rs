//! `CUMULATIVE_USD_LIMIT`: what may leave in a day and in 30 days by itself, in dollars.

use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, nothing};
use crate::policy::written::{RulesError, not_above, one_of, read};
use crate::policy::{Facts, UsdMicros, Verdict};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "CUMULATIVE_USD_LIMIT",
    aliases: &[],
    mark: Mark::Soft,
    meaning: "what would make the last 24 hours worth more than `daily_limit_usd`, or the last 30 \
              days more than `monthly_limit_usd`, is of the tier `APPROVAL`; it stands beside the \
              lines of `SPENDING_LIMIT`. A worth that nobody knows is above",
    example: r#"{ "daily_limit_usd": 500, "monthly_limit_usd": 5000 }"#,
    eased_by: "less, later, or higher limits in the CUMULATIVE_USD_LIMIT policy",
    read: says,
    otherwise: nothing,
};

/// Rolling caps; what nobody knows the worth of is above them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::policy) struct Caps {
    #[serde(default)]
    pub(in crate::policy) daily_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    pub(in crate::policy) monthly_limit_usd: Option<UsdMicros>,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let caps: Caps = read(rules)?;
    let given = [caps.daily_limit_usd.is_some(), caps.monthly_limit_usd.is_some()];
    one_of("daily_limit_usd, monthly_limit_usd", &given)?;
    caps.check()?;
    Ok(Box::new(caps))
}

impl Caps {
    /// That they do not contradict each other.
    pub(super) fn check(&self) -> Result<(), RulesError> {
        let daily = ("daily_limit_usd", self.daily_limit_usd.as_ref());
        not_above(daily, ("monthly_limit_usd", self.monthly_limit_usd.as_ref()))
    }

    /// Whether what leaves is within them.
    pub(super) fn hold(
        &self,
        worth: Option<UsdMicros>,
        spent_in_day: Option<UsdMicros>,
        spent_in_month: Option<UsdMicros>,
    ) -> bool {
        let within = |(cap, spent): (Option<UsdMicros>, Option<UsdMicros>)| {
            let total = spent.zip(worth).and_then(|(spent, worth)| spent.checked_add(worth));
            cap.is_none_or(|cap| total.is_some_and(|total| total <= cap))
        };
        let windows =
            [(self.daily_limit_usd, spent_in_day), (self.monthly_limit_usd, spent_in_month)];
        windows.into_iter().all(within)
    }
}

impl Judge for Caps {
    fn caps(&self) -> Option<Caps> {
        Some(*self)
    }

    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let costs_nothing = decoded.spend().is_some_and(|spend| spend.is_empty());
        if costs_nothing || self.hold(facts.worth, facts.spent_in_day, facts.spent_in_month) {
            return Verdict::FINE;
        }
        Verdict::at_least(Tier::Approval)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, native, outcome, policy, refused, said, text, verdict};

    #[test]
    fn what_would_be_above_a_cap_needs_the_owner_and_so_does_what_nobody_knows() {
        let name = RULE.name;
        let usd = |micros| Some(UsdMicros::new(micros));
        let (fine, owner) = (Ok(Tier::Instant), Ok(Tier::Approval));
        let daily = json!({ "daily_limit_usd": 5 });
        let monthly = json!({ "monthly_limit_usd": 5 });
        for (rules, worth, in_day, in_month, expected) in [
            (&daily, usd(1_000_000), usd(4_000_000), None, fine),
            (&daily, usd(1_000_001), usd(4_000_000), None, owner),
            (&daily, usd(1_000_000), None, usd(0), owner),
            (&daily, None, usd(0), usd(0), owner),
            (&daily, usd(u64::MAX), usd(1), usd(0), owner),
            (&monthly, usd(5_000_000), None, usd(0), fine),
            (&monthly, usd(5_000_000), usd(0), usd(1), owner),
            (&monthly, usd(0), usd(0), None, owner),
        ] {
            let policies = [policy(name, rules)];
            let facts =
                Facts { worth, spent_in_day: in_day, spent_in_month: in_month, ..facts(&policies) };
            let decoded = native(1_u64.into());
            assert_eq!(said(name, &decoded, &facts), expected, "{worth:?} {in_day:?} by {rules}");
            assert_eq!(said(name, &text("hello"), &facts), fine, "a text costs nothing");
        }
    }

    #[test]
    fn it_stands_beside_the_lines_of_a_spending_limit() {
        let policies = [
            policy(RULE.name, &json!({ "daily_limit_usd": 1 })),
            policy("SPENDING_LIMIT", &json!({ "instant_max": "10" })),
        ];
        assert_eq!(outcome(verdict(&native(1_u64.into()), &policies)), Ok(Tier::Approval));
        assert_eq!(outcome(verdict(&native(1_u64.into()), &policies[1..])), Ok(Tier::Instant));
    }

    #[test]
    fn caps_that_would_mislead_are_refused() {
        refused(
            RULE.name,
            &[
                json!({}),
                json!({ "daily_limit_usd": -1 }),
                json!({ "daily_limit_usd": "5" }),
                json!({ "daily_limit_usd": 6, "monthly_limit_usd": 5 }),
                json!({ "instant_max": "5" }),
            ],
        );
    }
}
