//! The types of policies, a file each.

mod action_category_limit;
mod allowed_networks;
mod allowed_tokens;
mod approve_amount_limit;
mod approve_tier_override;
mod approved_spenders;
mod contract_whitelist;
mod cumulative_usd_limit;
mod daily_limit;
mod environment_type;
mod erc8128_allowed_domains;
mod lending_asset_whitelist;
mod lending_ltv_limit;
mod max_gas;
mod method_whitelist;
mod perp_allowed_markets;
mod perp_max_leverage;
mod perp_max_position_usd;
mod rate_limit;
mod reputation_threshold;
mod spending_limit;
mod time_restriction;
mod venue_whitelist;
mod whitelist;
mod x402_allowed_domains;

use std::collections::BTreeMap;
use std::fmt;

use api::ErrorCode;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use txcodec::Decoded;

pub(super) use approve_amount_limit::unlimited;
pub(super) use cumulative_usd_limit::Caps;

use super::scope::{Chosen, Subject};
use super::written::RulesError;
use super::{Denial, Facts, Opinion, Verdict};
use crate::tx::Tier;

/// A type of policy.
#[derive(Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// Other names that are taken for it.
    pub aliases: &'static [&'static str],
    /// Who can enforce it.
    pub mark: Mark,
    /// What it does, for people.
    pub meaning: &'static str,
    /// Rules of it, as JSON.
    pub example: &'static str,
    /// What would let it ask for less care; empty where it only denies.
    pub eased_by: &'static str,
    /// Reads and checks what was written.
    read: fn(&Value) -> Result<Box<dyn Judge>, RulesError>,
    /// What holds where nothing was written.
    otherwise: fn(&Decoded, &Facts<'_>) -> Verdict,
}

/// Who can enforce a type of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The signer too, by these keys of its guard: from the bytes and its own journal.
    Hard(&'static str),
    /// The gateway alone.
    Soft,
}

/// What a policy says, read and checked.
pub(super) trait Judge: fmt::Debug + Send + Sync {
    /// What it says to what `decoded` does.
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict;

    /// What it is about, where policies of one type are about different things and all count.
    fn about(&self) -> &'static str {
        ""
    }

    /// The window in seconds in which it counts transactions, if it does.
    fn window(&self) -> Option<u64> {
        None
    }

    /// Its rolling caps in dollars, if it has such.
    fn caps(&self) -> Option<Caps> {
        None
    }

    /// Networks that it names, with their fields; whether there are such is not known here.
    fn networks(&self) -> Vec<(String, &str)> {
        Vec::new()
    }
}

/// Every type, in the order in which they are asked.
#[rustfmt::skip]
pub static ALL: &[Rule] = &[
    environment_type::RULE,
    allowed_networks::RULE,
    time_restriction::RULE,
    rate_limit::RULE,
    daily_limit::RULE,
    max_gas::RULE,
    whitelist::RULE,
    allowed_tokens::RULE,
    contract_whitelist::RULE,
    method_whitelist::RULE,
    approved_spenders::RULE,
    approve_amount_limit::RULE,
    approve_tier_override::RULE,
    x402_allowed_domains::RULE,
    erc8128_allowed_domains::RULE,
    venue_whitelist::RULE,
    lending_asset_whitelist::RULE,
    lending_ltv_limit::RULE,
    perp_allowed_markets::RULE,
    perp_max_leverage::RULE,
    perp_max_position_usd::RULE,
    action_category_limit::RULE,
    reputation_threshold::RULE,
    cumulative_usd_limit::RULE,
    spending_limit::RULE,
];

/// Checks a policy before it is stored. `is_network` says whether a network of that name is known.
///
/// # Errors
/// When there is no such type, or the rules are not what the type wants.
pub fn check(
    kind: &str,
    rules: &Value,
    is_network: impl Fn(&str) -> bool,
) -> Result<(), RulesError> {
    let says = read(kind, rules)?;
    let unknown = says.networks().into_iter().find(|(_field, name)| !is_network(name));
    match unknown {
        None => Ok(()),
        Some((field, name)) => {
            Err(super::written::wrong(field, format!("unknown network {name:?}")))
        }
    }
}

/// The type of that name.
pub fn named(kind: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.name == kind || rule.aliases.contains(&kind))
}

/// What rules of a type say.
pub(super) fn read(kind: &str, rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let rule = named(kind).ok_or_else(|| RulesError::UnknownType {
        kind: kind.to_owned(),
        known: ALL.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", "),
    })?;
    (rule.read)(rules)
}

/// What every type says, by the policies that were chosen of it; unreadable ones first.
pub(super) fn opinions(
    chosen: BTreeMap<Subject<'_>, Chosen<'_>>,
    decoded: &Decoded,
    facts: &Facts<'_>,
) -> impl Iterator<Item = Opinion> {
    let unknown = chosen.values().filter(|found| found.policy.rule.is_none());
    let unknown: Vec<_> = unknown.map(of_unknown_type).collect();
    let known = ALL.iter().flat_map(move |rule| {
        let found: Vec<_> = chosen
            .range((rule.name, "")..)
            .take_while(|((kind, _), _)| *kind == rule.name)
            .map(|(_, found)| rule.opinion(found, decoded, facts))
            .collect();
        let without =
            || Opinion { rule: rule.name, policy: None, verdict: (rule.otherwise)(decoded, facts) };
        let otherwise = found.is_empty().then(without);
        found.into_iter().chain(otherwise)
    });
    unknown.into_iter().chain(known)
}

fn of_unknown_type(found: &Chosen<'_>) -> Opinion {
    let reason = format!("a policy has the type {:?}, which is not known", found.policy.kind);
    let remedy = "disable it, or install the version that wrote it";
    Opinion {
        rule: "POLICY",
        policy: Some(found.position),
        verdict: deny("POLICY", ErrorCode::PolicyRulesCorrupt, reason, remedy),
    }
}

impl Rule {
    fn opinion(&self, found: &Chosen<'_>, decoded: &Decoded, facts: &Facts<'_>) -> Opinion {
        let corrupt = ErrorCode::PolicyRulesCorrupt;
        let verdict = match &found.policy.says {
            _ if found.disputed => {
                let reason = "two policies of the same scope and priority disagree";
                let remedy = "give one of them a higher priority, or disable it";
                deny(self.name, ErrorCode::PolicyDenied, reason, remedy)
            }
            Ok(says) => says.judge(decoded, facts),
            Err(error) => {
                let reason = format!("the policy cannot be read: {error}");
                deny(self.name, corrupt, reason, "write it again")
            }
        };
        Opinion { rule: self.name, policy: Some(found.position), verdict }
    }
}

/// No, and what would change that.
fn deny(
    rule: &'static str,
    code: ErrorCode,
    reason: impl Into<String>,
    remedy: impl Into<String>,
) -> Verdict {
    Verdict::Deny(Denial { rule, code, reason: reason.into(), remedy: remedy.into() })
}

/// Reads a tier by its name.
fn tier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tier, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse()
        .map_err(|_unknown| D::Error::custom("expected a tier: INSTANT, NOTIFY, DELAY or APPROVAL"))
}

/// What most types say where no policy is written: nothing.
fn nothing(_decoded: &Decoded, _facts: &Facts<'_>) -> Verdict {
    Verdict::FINE
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::policy::Policy;
    use crate::policy::testing::{facts, native, said};

    /// The names of the security model that users read.
    const TWELVE: [&str; 12] = [
        "AMOUNT_TIER",
        "DAILY_LIMIT",
        "CUMULATIVE_USD_LIMIT",
        "RATE_LIMIT",
        "ALLOWED_TOKENS",
        "CONTRACT_WHITELIST",
        "APPROVED_SPENDERS",
        "RECIPIENT_WHITELIST",
        "TIME_WINDOW",
        "MAX_GAS",
        "X402_ALLOWED_DOMAINS",
        "ENVIRONMENT_TYPE",
    ];

    #[test]
    fn every_name_means_one_type() {
        let mut names = BTreeSet::new();
        for name in ALL.iter().flat_map(|rule| rule.aliases.iter().chain([&rule.name])) {
            assert!(names.insert(*name), "{name}");
        }
        assert!(TWELVE.iter().all(|name| names.contains(name)), "{names:?}");
        assert!(ALL.len() >= 23, "{}", ALL.len());
    }

    #[test]
    fn rules_that_cannot_be_read_are_not_written_and_deny_where_they_are_stored() {
        for rule in ALL {
            for name in rule.aliases.iter().chain([&rule.name]) {
                for rules in [json!(null), json!([]), json!("x"), json!({ "no_such_field": 1 })] {
                    assert!(check(name, &rules, |_name| true).is_err(), "{name} {rules}");
                    let policies = [Policy::new(name, rules)];
                    let found = said(rule.name, &native(1_u64.into()), &facts(&policies));
                    assert_eq!(found, Err("POLICY_RULES_CORRUPT"), "{name}");
                }
            }
        }
    }

    #[test]
    fn an_alias_and_the_name_are_one_type_and_may_not_disagree() {
        let policies = [
            Policy::new("AMOUNT_TIER", json!({ "instant_max": "5" })),
            Policy::new("SPENDING_LIMIT", json!({ "instant_max": "6" })),
        ];
        let decoded = native(1_u64.into());
        assert_eq!(said("SPENDING_LIMIT", &decoded, &facts(&policies[..1])), Ok(Tier::Instant));
        assert_eq!(said("SPENDING_LIMIT", &decoded, &facts(&policies)), Err("POLICY_DENIED"));
    }
}
