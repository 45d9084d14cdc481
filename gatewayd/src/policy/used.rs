//! Rolling caps in dollars that count, and how much of each is used.

use super::nearing::Window;
use super::{Facts, UsdMicros, scope};

/// A cap, and what counts in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The type of the policy that sets it.
    pub rule: &'static str,
    /// Of which window.
    pub window: Window,
    /// What counts in it; `None` where nobody knows.
    pub spent: Option<UsdMicros>,
    /// The cap.
    pub limit: UsdMicros,
}

/// The caps of the policies that count.
pub fn used(facts: &Facts<'_>) -> Vec<Used> {
    let mut used = Vec::new();
    for chosen in scope::resolve(facts).values() {
        let caps = chosen.policy.says.as_ref().ok().and_then(|says| says.caps());
        let Some((rule, caps)) = chosen.policy.rule.zip(caps) else { continue };
        for (window, spent, limit) in [
            (Window::Day, facts.spent_in_day, caps.daily_limit_usd),
            (Window::Month, facts.spent_in_month, caps.monthly_limit_usd),
        ] {
            used.extend(limit.map(|limit| Used { rule: rule.name, window, spent, limit }));
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, policy};

    #[test]
    fn each_cap_that_counts_is_told_with_what_is_spent_in_its_window() {
        let policies = [
            policy("SPENDING_LIMIT", &json!({ "daily_limit_usd": 10 })),
            policy("CUMULATIVE_USD_LIMIT", &json!({ "monthly_limit_usd": 100 })),
            policy("RATE_LIMIT", &json!({ "max_requests": 1, "window_seconds": 1 })),
        ];
        let facts = Facts { spent_in_day: Some(UsdMicros::new(3)), ..facts(&policies) };
        let facts = Facts { spent_in_month: None, ..facts };
        let found: Vec<_> = used(&facts)
            .iter()
            .map(|it| (it.rule, it.window, it.spent.map(UsdMicros::get), it.limit.get()))
            .collect();
        assert_eq!(
            found,
            [
                ("CUMULATIVE_USD_LIMIT", Window::Month, None, 100_000_000),
                ("SPENDING_LIMIT", Window::Day, Some(3), 10_000_000),
            ]
        );
    }
}
