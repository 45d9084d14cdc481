//! `SPENDING_LIMIT`: how much care an amount is given. Without it, the network's own ceilings hold.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Amount, Asset, Chain, Network, TierCeilings};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Rule, RulesError, read, wrong};
use crate::policy::{
    Allowed, DEFAULT_APPROVAL_TIMEOUT, DEFAULT_DELAY, Facts, UsdMicros, Verdict, outflow,
};
use crate::tx::Tier;

pub(super) const RULE: Rule =
    Rule { name: "SPENDING_LIMIT", aliases: &["AMOUNT_TIER"], check, judge };

/// Amounts up to a line, the line included, are of its tier. A line that is not given has no room:
/// what is above the line below it is of the tier above. USD lines count where one is given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpendingLimit {
    #[serde(default)]
    instant_max: Option<Amount>,
    #[serde(default)]
    notify_max: Option<Amount>,
    #[serde(default)]
    delay_max: Option<Amount>,
    #[serde(default)]
    instant_max_usd: Option<UsdMicros>,
    #[serde(default)]
    notify_max_usd: Option<UsdMicros>,
    #[serde(default)]
    delay_max_usd: Option<UsdMicros>,
    #[serde(default)]
    daily_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    monthly_limit_usd: Option<UsdMicros>,
    #[serde(default)]
    delay_seconds: Option<u64>,
    #[serde(default)]
    approval_timeout: Option<u64>,
    /// By `native`, `native:<chain>` (which goes before) or CAIP-19.
    #[serde(default)]
    token_limits: BTreeMap<String, TokenLimit>,
}

/// In whole units of the asset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
struct TokenLimit {
    instant_max: String,
    notify_max: String,
    delay_max: String,
}

const DELAY_SECONDS: std::ops::RangeInclusive<u64> = 60..=2_592_000;
/// The wait of the delay tier where a policy is written and does not say.
const WRITTEN_DELAY: Duration = Duration::from_mins(5);
/// No asset has more; used to check how a number is written before its asset is known.
const MOST_DECIMALS: u8 = 36;

fn check(rules: &Value) -> Result<(), RulesError> {
    let limit: SpendingLimit = read(rules)?;
    ordered("instant_max", [limit.instant_max, limit.notify_max, limit.delay_max])?;
    ordered("instant_max_usd", [limit.instant_max_usd, limit.notify_max_usd, limit.delay_max_usd])?;
    for (field, seconds) in
        [("delay_seconds", limit.delay_seconds), ("approval_timeout", limit.approval_timeout)]
    {
        if seconds.is_some_and(|seconds| !DELAY_SECONDS.contains(&seconds)) {
            return Err(wrong(field, "expected 60 to 2592000 seconds"));
        }
    }
    for (asset, lines) in &limit.token_limits {
        if !is_asset(asset) {
            return Err(wrong(
                format!("token_limits.{asset}"),
                "expected native, native:ethereum, native:solana or a CAIP-19 identifier",
            ));
        }
        lines.ceilings(MOST_DECIMALS)?;
    }
    Ok(())
}

fn judge(
    rules: Option<&Value>,
    decoded: &Decoded,
    facts: &Facts<'_>,
) -> Result<Verdict, RulesError> {
    let limit: SpendingLimit = rules.map(read).transpose()?.unwrap_or_default();
    let tier = limit.asset_tier(decoded, facts)?.max(limit.usd_tier(decoded, facts));
    let delay = if rules.is_some() { WRITTEN_DELAY } else { DEFAULT_DELAY };
    Ok(Verdict::Allow(Allowed {
        tier,
        delay: limit.delay_seconds.map_or(delay, Duration::from_secs),
        approval_timeout: limit
            .approval_timeout
            .map_or(DEFAULT_APPROVAL_TIMEOUT, Duration::from_secs),
    }))
}

impl SpendingLimit {
    /// The strictest tier of all assets that leave; the fee is measured by the native coin's lines
    /// on its own, so that paying exactly a line stays below it.
    fn asset_tier(&self, decoded: &Decoded, facts: &Facts<'_>) -> Result<Tier, RulesError> {
        let Some(leaving) = outflow(decoded) else { return Ok(Tier::Approval) };
        let fee = (Asset::Native, decoded.fee_ceiling());
        let mut tier = Tier::Instant;
        for (asset, amount) in leaving.into_iter().chain([fee]) {
            if !amount.is_zero() {
                tier = tier.max(tier_of(amount, self.ceilings(asset, facts)?));
            }
        }
        Ok(tier)
    }

    /// The lines of an asset; `None` where there are none, and everything is above them.
    fn ceilings(
        &self,
        asset: Asset,
        facts: &Facts<'_>,
    ) -> Result<Option<TierCeilings>, RulesError> {
        let Some(network) = facts.network else { return Ok(None) };
        let listed =
            self.token_limits.iter().rev().find(|(name, _lines)| names(name, asset, network));
        match (listed, asset) {
            (Some((_name, lines)), Asset::Native) => {
                let listed = lines.ceilings(network.native.decimals)?;
                Ok(Some(strictest(listed, self.native_lines().unwrap_or(listed))))
            }
            (None, Asset::Native) => Ok(Some(self.native_lines().unwrap_or(network.default_tiers))),
            (Some((_name, lines)), Asset::Token(_)) => match facts.decimals.get(&asset) {
                Some(decimals) => lines.ceilings(*decimals).map(Some),
                None => Ok(None),
            },
            (None, Asset::Token(_)) => Ok(None),
        }
    }

    fn native_lines(&self) -> Option<TierCeilings> {
        let [instant, notify, delay] =
            filled([self.instant_max, self.notify_max, self.delay_max], Amount::ZERO)?;
        Some(TierCeilings { instant, notify, delay })
    }

    /// Nobody knows a price: then the amount is above every line that is given.
    fn usd_tier(&self, decoded: &Decoded, facts: &Facts<'_>) -> Tier {
        if decoded.spend().is_some_and(|spend| spend.is_empty()) {
            return Tier::Instant;
        }
        let lines = [self.instant_max_usd, self.notify_max_usd, self.delay_max_usd];
        let by_amount = match (filled(lines, UsdMicros::ZERO), facts.worth) {
            (None, _) => Tier::Instant,
            (Some(_), None) => Tier::Approval,
            (Some(lines), Some(worth)) => tier_between(worth, lines),
        };
        let windows = [
            (self.daily_limit_usd, facts.spent_in_day),
            (self.monthly_limit_usd, facts.spent_in_month),
        ];
        let within = |(cap, spent): (Option<UsdMicros>, Option<UsdMicros>)| {
            let total = spent.zip(facts.worth).and_then(|(spent, worth)| spent.checked_add(worth));
            cap.is_none_or(|cap| total.is_some_and(|total| total <= cap))
        };
        if windows.into_iter().all(within) { by_amount } else { Tier::Approval }
    }
}

impl TokenLimit {
    fn ceilings(&self, decimals: u8) -> Result<TierCeilings, RulesError> {
        let read = |field: &str, text: &str| {
            Amount::from_units(text, decimals)
                .map_err(|error| wrong(format!("token_limits.{field}"), error.to_string()))
        };
        let lines = TierCeilings {
            instant: read("instant_max", &self.instant_max)?,
            notify: read("notify_max", &self.notify_max)?,
            delay: read("delay_max", &self.delay_max)?,
        };
        let sorted = [lines.instant, lines.notify, lines.delay];
        ordered("token_limits", sorted.map(Some))?;
        Ok(lines)
    }
}

fn tier_of(amount: Amount, ceilings: Option<TierCeilings>) -> Tier {
    ceilings.map_or(Tier::Approval, |lines| {
        tier_between(amount, [lines.instant, lines.notify, lines.delay])
    })
}

fn tier_between<T: Ord>(amount: T, [instant, notify, delay]: [T; 3]) -> Tier {
    if amount <= instant {
        Tier::Instant
    } else if amount <= notify {
        Tier::Notify
    } else if amount <= delay {
        Tier::Delay
    } else {
        Tier::Approval
    }
}

fn strictest(one: TierCeilings, other: TierCeilings) -> TierCeilings {
    TierCeilings {
        instant: one.instant.min(other.instant),
        notify: one.notify.min(other.notify),
        delay: one.delay.min(other.delay),
    }
}

/// Lines of which at least one is given; one that is not given is that of the tier below.
fn filled<T: Copy>([instant, notify, delay]: [Option<T>; 3], zero: T) -> Option<[T; 3]> {
    instant.or(notify).or(delay)?;
    let instant = instant.unwrap_or(zero);
    let notify = notify.unwrap_or(instant);
    Some([instant, notify, delay.unwrap_or(notify)])
}

fn ordered<T: Copy + PartialOrd>(field: &str, lines: [Option<T>; 3]) -> Result<(), RulesError> {
    let given: Vec<T> = lines.into_iter().flatten().collect();
    if given.is_sorted() {
        Ok(())
    } else {
        Err(wrong(field, "expected instant <= notify <= delay"))
    }
}

fn is_asset(name: &str) -> bool {
    match name.split_once(':') {
        None => name == "native",
        Some(("native", chain)) => chain.parse::<Chain>().is_ok(),
        Some(_) => name.split_once('/').is_some_and(|(network, asset)| {
            let token = asset.strip_prefix("erc20:").or_else(|| asset.strip_prefix("token:"));
            network.parse::<primitives::ChainId>().is_ok_and(|network| {
                token.is_some_and(|token| {
                    primitives::Address::parse_for(network.chain(), token).is_ok()
                })
            })
        }),
    }
}

/// Whether a name of `token_limits` means `asset` on `network`.
fn names(name: &str, asset: Asset, network: &Network) -> bool {
    match asset {
        Asset::Native => {
            name == "native"
                || name
                    .strip_prefix("native:")
                    .is_some_and(|chain| chain.parse() == Ok(network.chain()))
        }
        Asset::Token(token) => name
            .strip_prefix(&format!("{}/", network.chain_id))
            .and_then(|rest| rest.strip_prefix("erc20:").or_else(|| rest.strip_prefix("token:")))
            .is_some_and(|address| address.parse() == Ok(token)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{
        TOKEN, mainnet, native, outcome, policy, token, verdict, verdict_worth,
    };

    fn one_more(amount: Amount) -> Amount {
        amount.checked_add(Amount::from(1_u64)).unwrap()
    }

    #[test]
    fn without_a_policy_the_networks_own_lines_hold() {
        let lines = mainnet().default_tiers;
        let rows = [
            (Amount::ZERO, Tier::Instant),
            (lines.instant, Tier::Instant),
            (one_more(lines.instant), Tier::Notify),
            (lines.notify, Tier::Notify),
            (one_more(lines.notify), Tier::Delay),
            (lines.delay, Tier::Delay),
            (one_more(lines.delay), Tier::Approval),
            (Amount::from(u128::MAX), Tier::Approval),
        ];
        for (amount, tier) in rows {
            assert_eq!(outcome(verdict(&native(amount), &[])), Ok(tier), "{amount}");
        }
        let Verdict::Allow(allowed) = verdict(&native(lines.delay), &[]) else { panic!() };
        assert_eq!(allowed.delay, DEFAULT_DELAY);
    }

    #[test]
    fn a_line_belongs_to_the_tier_below_it() {
        let all = json!({ "instant_max": "10", "notify_max": "20", "delay_max": "30",
                          "delay_seconds": 60 });
        let two = json!({ "instant_max": "10", "delay_max": "30" });
        let one = json!({ "delay_max": "30" });
        let rows: [(&Value, u64, Tier); 12] = [
            (&all, 10, Tier::Instant),
            (&all, 11, Tier::Notify),
            (&all, 20, Tier::Notify),
            (&all, 21, Tier::Delay),
            (&all, 30, Tier::Delay),
            (&all, 31, Tier::Approval),
            (&two, 10, Tier::Instant),
            (&two, 11, Tier::Delay),
            (&two, 31, Tier::Approval),
            (&one, 1, Tier::Delay),
            (&one, 30, Tier::Delay),
            (&one, 31, Tier::Approval),
        ];
        for (rules, amount, tier) in rows {
            check(rules).unwrap();
            let found = verdict(&native(amount.into()), &[policy("SPENDING_LIMIT", rules)]);
            assert_eq!(outcome(found), Ok(tier), "{amount} by {rules}");
        }
    }

    #[test]
    fn a_token_is_measured_in_its_own_units_by_the_chains_decimals() {
        let lines = json!({ "instant_max": "1", "notify_max": "2.5", "delay_max": "3" });
        let rules = json!({ "token_limits": { format!("eip155:1/erc20:{TOKEN}"): lines } });
        check(&rules).unwrap();
        let listed =
            policy("ALLOWED_TOKENS", &json!({ "tokens": [{ "address": TOKEN.to_string() }] }));
        let limit = policy("SPENDING_LIMIT", &rules);
        let rows = [
            (1_000_000, Tier::Instant),
            (1_000_001, Tier::Notify),
            (2_500_000, Tier::Notify),
            (2_500_001, Tier::Delay),
            (3_000_001, Tier::Approval),
        ];
        for (amount, tier) in rows {
            let found = verdict(&token(amount), &[listed.clone(), limit.clone()]);
            assert_eq!(outcome(found), Ok(tier), "{amount}");
        }
        assert_eq!(outcome(verdict(&token(1), &[listed])), Ok(Tier::Approval), "no line at all");
    }

    #[test]
    fn an_amount_without_a_price_is_above_every_dollar_line_that_is_given() {
        let usd = |micros| Some(UsdMicros::new(micros));
        let lines = json!({ "instant_max_usd": 1, "notify_max_usd": 2, "delay_max_usd": 3 });
        let daily = json!({ "daily_limit_usd": 5 });
        let rows = [
            (&lines, None, Tier::Approval),
            (&lines, usd(1_000_000), Tier::Instant),
            (&lines, usd(1_000_001), Tier::Notify),
            (&lines, usd(3_000_001), Tier::Approval),
            (&daily, None, Tier::Approval),
            (&daily, usd(1_000_000), Tier::Instant),
            (&daily, usd(1_000_001), Tier::Approval),
            (&daily, usd(u64::MAX), Tier::Approval),
        ];
        let spent = UsdMicros::new(4_000_000);
        for (rules, worth, tier) in rows {
            let policies = [policy("SPENDING_LIMIT", rules)];
            let found = verdict_worth(&native(Amount::from(1_u64)), &policies, worth, spent);
            assert_eq!(outcome(found), Ok(tier), "{worth:?} by {rules}");
        }
    }

    #[test]
    fn the_stricter_of_native_lines_counts() {
        let lines =
            json!({ "instant_max": "0.000000000000000005", "notify_max": "1", "delay_max": "1" });
        for name in ["native", "native:ethereum"] {
            let rules = json!({ "instant_max": "10", "token_limits": { name: lines } });
            let limit = policy("SPENDING_LIMIT", &rules);
            let policies = [limit];
            let tier = |amount: u64| outcome(verdict(&native(amount.into()), &policies));
            assert_eq!(tier(5), Ok(Tier::Instant));
            assert_eq!(tier(6), Ok(Tier::Notify));
            assert_eq!(tier(11), Ok(Tier::Approval));
        }
    }

    #[test]
    fn rules_that_would_mislead_are_refused() {
        for rules in [
            json!([]),
            json!({ "instant_max": "-1" }),
            json!({ "instant_max": "1.5" }),
            json!({ "instant_max": 5 }),
            json!({ "instant_max": "2", "notify_max": "1" }),
            json!({ "instant_max_usd": 2, "delay_max_usd": 1 }),
            json!({ "instant_max_usd": -1 }),
            json!({ "delay_seconds": 59 }),
            json!({ "delay_seconds": 2_592_001 }),
            json!({ "approval_timeout": 0 }),
            json!({ "instantMax": "1" }),
            json!({ "token_limits": { "USDC": {} } }),
            json!({ "token_limits": { "native": { "instant_max": "1" } } }),
            json!({ "token_limits": { "native:bitcoin":
                { "instant_max": "1", "notify_max": "1", "delay_max": "1" } } }),
            json!({ "token_limits": { "native":
                { "instant_max": "2", "notify_max": "1", "delay_max": "1" } } }),
        ] {
            assert!(check(&rules).is_err(), "{rules}");
        }
    }
}
