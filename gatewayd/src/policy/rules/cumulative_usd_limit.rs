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
    read: says,
    otherwise: nothing,
};

/// Rolling caps; what nobody knows the worth of is above them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Caps {
    #[serde(default)]
    pub(super) daily_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    pub(super) monthly_limit_usd: Option<UsdMicros>,
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
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let costs_nothing = decoded.spend().is_some_and(|spend| spend.is_empty());
        if costs_nothing || self.hold(facts.worth, facts.spent_in_day, facts.spent_in_month) {
            return Verdict::FINE;
        }
        Verdict::at_least(Tier::Approval)
    }
}
