//! Rolling caps in dollars that are nearly reached: a warning, before one is.
//!
//! A warning is due once for each time that four fifths of a cap are passed: what was let pass before
//! was below them, with this it is not. Nothing has to be remembered for that.

use super::rules::Caps;
use super::{Facts, UsdMicros, scope};

/// Percent of a cap from which on it is nearly reached.
const NEAR_PERCENT: u64 = 80;

/// A cap that is nearly reached, or passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearing {
    /// Of which window.
    pub window: Window,
    /// What counts in it, with what leaves now.
    pub spent: UsdMicros,
    /// The cap.
    pub limit: UsdMicros,
}

/// A window in which dollars are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 24 hours.
    Day,
    /// 30 days.
    Month,
}

/// The cap of the policies that count that is nearest, if one is near; `None` also where nobody knows
/// what is spent.
pub fn nearing(facts: &Facts<'_>) -> Option<Nearing> {
    let chosen = scope::resolve(facts);
    let says = chosen.values().filter_map(|found| found.policy.says.as_ref().ok());
    let near = says.filter_map(|says| says.caps()).flat_map(|caps| near(caps, facts));
    near.max_by_key(Nearing::permille)
}

/// What counted in each window before: with what is judged, as far as that was let pass already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// In 24 hours; `None` where nobody knows.
    pub in_day: Option<UsdMicros>,
    /// In 30 days; `None` where nobody knows.
    pub in_month: Option<UsdMicros>,
}

/// The caps of which four fifths are passed by what is let pass now, and were not before; each once.
/// `None` of them where nobody knows what is spent.
pub fn crossed(facts: &Facts<'_>, before: Before) -> Vec<Nearing> {
    let chosen = scope::resolve(facts);
    let says = chosen.values().filter_map(|found| found.policy.says.as_ref().ok());
    let mut crossed = Vec::new();
    for near in says.filter_map(|says| says.caps()).flat_map(|caps| near(caps, facts)) {
        let spent = match near.window {
            Window::Day => before.in_day.or(facts.spent_in_day),
            Window::Month => before.in_month.or(facts.spent_in_month),
        };
        let was_near = spent.is_some_and(|spent| Nearing { spent, ..near }.is_near());
        if !was_near && !crossed.contains(&near) {
            crossed.push(near);
        }
    }
    crossed
}

fn near(caps: Caps, facts: &Facts<'_>) -> impl Iterator<Item = Nearing> {
    let windows = [
        (Window::Day, caps.daily_limit_usd, facts.spent_in_day),
        (Window::Month, caps.monthly_limit_usd, facts.spent_in_month),
    ];
    let worth = facts.worth;
    windows.into_iter().filter_map(move |(window, limit, spent)| {
        let near = Nearing { window, spent: spent?.checked_add(worth?)?, limit: limit? };
        near.is_near().then_some(near)
    })
}

impl Window {
    /// As warnings have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Month => "monthly",
        }
    }
}

impl Nearing {
    fn is_near(&self) -> bool {
        self.permille() >= u128::from(NEAR_PERCENT) * 10
    }

    /// How much of it is reached, in thousandths, rounded down.
    pub fn permille(&self) -> u128 {
        let (spent, limit) = (u128::from(self.spent.get()), u128::from(self.limit.get()));
        (spent * 1_000).checked_div(limit).unwrap_or(u128::MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Policy;
    use crate::policy::testing::{facts, policy};

    fn found(policies: &[Policy], worth: u64, spent: Option<u64>) -> Option<(Window, u128)> {
        let spent = spent.map(UsdMicros::new);
        let facts = Facts {
            worth: Some(UsdMicros::new(worth)),
            spent_in_day: spent,
            spent_in_month: spent,
            ..facts(policies)
        };
        nearing(&facts).map(|near| (near.window, near.permille()))
    }

    #[test]
    fn from_four_fifths_of_a_cap_on_there_is_a_warning() {
        let caps = json!({ "daily_limit_usd": 10, "monthly_limit_usd": 100 });
        for kind in ["SPENDING_LIMIT", "CUMULATIVE_USD_LIMIT"] {
            let policies = [policy(kind, &caps)];
            for (worth, spent, expected) in [
                (0, Some(7_999_999), None),
                (1, Some(7_999_999), Some((Window::Day, 800))),
                (2_000_000, Some(8_000_000), Some((Window::Day, 1_000))),
                (1_000_000, Some(98_000_000), Some((Window::Day, 9_900))),
                (1, None, None),
                (u64::MAX, Some(1), None),
            ] {
                assert_eq!(found(&policies, worth, spent), expected, "{worth} {spent:?}");
            }
        }
        let nothing = [policy("CUMULATIVE_USD_LIMIT", &json!({ "daily_limit_usd": 0 }))];
        assert_eq!(found(&nothing, 0, Some(0)), Some((Window::Day, u128::MAX)));
        assert_eq!(found(&[], 1, Some(1)), None);
    }

    #[test]
    fn a_warning_is_due_when_four_fifths_are_passed_and_not_again_while_they_are() {
        let caps = json!({ "daily_limit_usd": 10, "monthly_limit_usd": 100 });
        let policies = [policy("SPENDING_LIMIT", &caps), policy("CUMULATIVE_USD_LIMIT", &caps)];
        let dollars = |micros: Option<u64>| micros.map(UsdMicros::new);
        // Worth; spent by others; counted before, its own share included.
        for (worth, others, before, expected) in [
            (1, Some(7_999_998), Some(7_999_998), vec![]),
            (1, Some(7_999_999), Some(7_999_999), vec![Window::Day]),
            (1, Some(8_000_000), Some(8_000_000), vec![]),
            // Let pass before, judged again.
            (1, Some(7_999_999), Some(8_000_000), vec![]),
            // It became dearer while it waited.
            (2, Some(7_999_998), Some(7_999_999), vec![Window::Day]),
            (80_000_000, Some(0), Some(0), vec![Window::Day, Window::Month]),
            // Its own share was not known, or somebody else's is not.
            (1, Some(8_000_000), None, vec![]),
            (1, Some(7_999_999), None, vec![Window::Day]),
            (1, None, None, vec![]),
        ] {
            let facts = Facts {
                worth: Some(UsdMicros::new(worth)),
                spent_in_day: dollars(others),
                spent_in_month: dollars(others),
                ..facts(&policies)
            };
            let before = Before { in_day: dollars(before), in_month: dollars(before) };
            let found: Vec<_> = crossed(&facts, before).iter().map(|near| near.window).collect();
            assert_eq!(found, expected, "{worth} {others:?} {before:?}");
        }
        assert_eq!(crossed(&facts(&[]), Before::default()), []);
    }
}
