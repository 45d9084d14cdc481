//! `ACTION_CATEGORY_LIMIT`: what actions of one category may be worth.

use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::cumulative_usd_limit::Caps;
use super::{Judge, Mark, Rule, nothing};
use crate::policy::written::{RulesError, not_above, one_of, read, wrong};
use crate::policy::{Category, Facts, UsdMicros, Verdict};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "ACTION_CATEGORY_LIMIT",
    aliases: &[],
    mark: Mark::Soft,
    meaning: "actions of the `category` (`swap`, `bridge`, `staking`, `lending`, `yield`, `perp`, \
              `spot`, `prediction`, `nft`, `identity`, `other`) above `per_action_limit_usd`, or \
              together above `daily_limit_usd` in 24 hours or `monthly_limit_usd` in 30 days, are \
              at least of the tier `tier_on_exceed`, `APPROVAL` if left out. A worth that nobody \
              knows is above. Policies for different categories stand beside each other",
    example: r#"{ "category": "swap", "per_action_limit_usd": 100, "daily_limit_usd": 1000, "tier_on_exceed": "DELAY" }"#,
    eased_by: "less, later, or higher limits in the ACTION_CATEGORY_LIMIT policy",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    category: String,
    #[serde(default)]
    per_action_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    daily_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    monthly_limit_usd: Option<UsdMicros>,
    #[serde(default = "approval", deserialize_with = "super::tier")]
    tier_on_exceed: Tier,
}

fn approval() -> Tier {
    Tier::Approval
}

#[derive(Debug)]
struct ActionCategoryLimit {
    category: Category,
    each: Option<UsdMicros>,
    together: Caps,
    tier: Tier,
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let category = fields.category.parse::<Category>().map_err(|_unknown| {
        let known: Vec<&str> = Category::ALL.iter().map(|known| known.as_str()).collect();
        wrong("category", format!("expected one of {}", known.join(", ")))
    })?;
    let Fields { per_action_limit_usd: each, daily_limit_usd, monthly_limit_usd, .. } = fields;
    one_of(
        "per_action_limit_usd, daily_limit_usd, monthly_limit_usd",
        &[each.is_some(), daily_limit_usd.is_some(), monthly_limit_usd.is_some()],
    )?;
    let together = Caps { daily_limit_usd, monthly_limit_usd };
    together.check()?;
    let daily = ("daily_limit_usd", daily_limit_usd.as_ref());
    not_above(("per_action_limit_usd", each.as_ref()), daily)?;
    let tier = fields.tier_on_exceed;
    Ok(Box::new(ActionCategoryLimit { category, each, together, tier }))
}

impl Judge for ActionCategoryLimit {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let of_category = facts.action.filter(|action| action.category == self.category);
        let Some(action) = of_category else { return Verdict::FINE };
        let is_small = |most| action.worth.is_some_and(|worth| worth <= most);
        let together = self.together.hold(action.worth, action.spent_in_day, action.spent_in_month);
        if self.each.is_none_or(is_small) && together {
            return Verdict::FINE;
        }
        Verdict::at_least(self.tier)
    }

    fn about(&self) -> &'static str {
        self.category.as_str()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Action;
    use crate::policy::testing::{action, facts, native, policy, refused, said};

    #[test]
    fn an_action_above_a_limit_of_its_category_is_given_more_care() {
        let name = RULE.name;
        let usd = |micros| Some(UsdMicros::new(micros));
        let (fine, later) = (Ok(Tier::Instant), Ok(Tier::Delay));
        let swaps = json!({ "category": "swap", "per_action_limit_usd": 5, "daily_limit_usd": 8,
                            "monthly_limit_usd": 10, "tier_on_exceed": "DELAY" });
        for (category, worth, in_day, in_month, expected) in [
            (Category::Swap, usd(5_000_000), usd(3_000_000), usd(5_000_000), fine),
            (Category::Swap, usd(5_000_001), usd(0), usd(0), later),
            (Category::Swap, usd(5_000_000), usd(3_000_001), usd(5_000_000), later),
            (Category::Swap, usd(5_000_000), usd(3_000_000), usd(5_000_001), later),
            (Category::Swap, usd(u64::MAX), usd(u64::MAX), usd(0), later),
            (Category::Swap, None, usd(0), usd(0), later),
            (Category::Swap, usd(1), None, usd(0), later),
            (Category::Swap, usd(1), usd(0), None, later),
            (Category::Bridge, None, None, None, fine),
        ] {
            let policies = [policy(name, &swaps)];
            let action = Action {
                worth,
                spent_in_day: in_day,
                spent_in_month: in_month,
                ..action(category)
            };
            let facts = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(name, &native(1_u64.into()), &facts), expected, "{action:?}");
        }
        let policies = [policy(name, &swaps)];
        assert_eq!(said(name, &native(1_u64.into()), &facts(&policies)), fine, "no action");
    }

    #[test]
    fn policies_for_different_categories_stand_beside_each_other() {
        let name = RULE.name;
        let of = |category: &str| {
            policy(name, &json!({ "category": category, "per_action_limit_usd": 5 }))
        };
        let policies = [of("swap"), of("bridge")];
        for category in [Category::Swap, Category::Bridge, Category::Yield] {
            let action = Action { worth: Some(UsdMicros::new(6_000_000)), ..action(category) };
            let facts = Facts { action: Some(&action), ..facts(&policies) };
            let limited = category != Category::Yield;
            let expected = if limited { Tier::Approval } else { Tier::Instant };
            assert_eq!(said(name, &native(1_u64.into()), &facts), Ok(expected), "{category}");
        }
        let twice =
            [of("swap"), policy(name, &json!({ "category": "swap", "per_action_limit_usd": 6 }))];
        assert_eq!(said(name, &native(1_u64.into()), &facts(&twice)), Err("POLICY_DENIED"));
    }

    #[test]
    fn limits_that_would_mislead_are_refused() {
        refused(
            RULE.name,
            &[
                json!({ "category": "swap" }),
                json!({ "category": "gambling", "daily_limit_usd": 5 }),
                json!({ "daily_limit_usd": 5 }),
                json!({ "category": "swap", "daily_limit_usd": 6, "monthly_limit_usd": 5 }),
                json!({ "category": "swap", "per_action_limit_usd": 6, "daily_limit_usd": 5 }),
                json!({ "category": "swap", "daily_limit_usd": 6, "tier_on_exceed": "DENY" }),
            ],
        );
    }
}
