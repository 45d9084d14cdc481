//! `SPENDING_LIMIT`: how much care an amount is given. Without it, the network's own ceilings hold.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Address, Amount, Asset, Chain, ChainId, Network, TierCeilings};
use serde::Deserialize;
use serde_json::Value;
use txcodec::{Decoded, Effect};

use super::cumulative_usd_limit::Caps;
use super::{Judge, Mark, Rule};
use crate::policy::approvals::approvals;
use crate::policy::written::{RulesError, not_above, read, wrong};
use crate::policy::{
    Allowed, DEFAULT_APPROVAL_TIMEOUT, DEFAULT_DELAY, Facts, UsdMicros, Verdict, outflow,
};
use crate::tx::Tier;

pub(super) const RULE: Rule = Rule {
    name: "SPENDING_LIMIT",
    aliases: &["AMOUNT_TIER"],
    mark: Mark::Hard("`native`, `token`"),
    meaning: "how much care an amount is given; see below. The signer can enforce the lines of \
              coins and tokens",
    example: r#"{ "instant_max": "10000000000000000", "notify_max": "50000000000000000", "delay_max": "250000000000000000", "delay_seconds": 900, "daily_limit_usd": 1000 }"#,
    eased_by: "a smaller amount, or higher lines in a policy of type SPENDING_LIMIT; for an amount without a known price, lines for it in token_limits",
    read: says,
    otherwise: |decoded, facts| SpendingLimit::default().verdict(DEFAULT_DELAY, decoded, facts),
};

/// Amounts up to a line, the line included, are of its tier. A line that is not given has no room:
/// what is above the line below it is of the tier above. USD lines count where one is given, and for
/// tokens that have no lines of their own.
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
    /// The same, read.
    #[serde(skip)]
    lines: BTreeMap<Named, TokenLimit>,
}

/// In whole units of the asset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the contract")]
struct TokenLimit {
    instant_max: String,
    notify_max: String,
    delay_max: String,
}

/// What a name of `token_limits` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Native,
    NativeOf(Chain),
    Token(ChainId, Address),
}

const DELAY_SECONDS: std::ops::RangeInclusive<u64> = 60..=2_592_000;
/// The wait of the delay tier where a policy is written and does not say.
const WRITTEN_DELAY: Duration = Duration::from_mins(5);
/// No asset has more; used to check how a number is written before its asset is known.
const MOST_DECIMALS: u8 = 36;
/// Collectibles are counted whole.
const WHOLE: u8 = 0;
/// Lines in dollars of tokens that have none of their own, where none are written: 10, 100, 500.
const USD_LINES: [UsdMicros; 3] =
    [UsdMicros::new(10_000_000), UsdMicros::new(100_000_000), UsdMicros::new(500_000_000)];

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let mut limit: SpendingLimit = read(rules)?;
    ordered("", [limit.instant_max, limit.notify_max, limit.delay_max])?;
    ordered("_usd", [limit.instant_max_usd, limit.notify_max_usd, limit.delay_max_usd])?;
    limit.caps().check()?;
    for (field, seconds) in
        [("delay_seconds", limit.delay_seconds), ("approval_timeout", limit.approval_timeout)]
    {
        if seconds.is_some_and(|seconds| !DELAY_SECONDS.contains(&seconds)) {
            return Err(wrong(field, "expected 60 to 2592000 seconds"));
        }
    }
    for (name, lines) in std::mem::take(&mut limit.token_limits) {
        let field = format!("token_limits.{name}");
        let named = Named::read(&name).ok_or_else(|| {
            let expected =
                "expected native, native:ethereum, native:solana or a CAIP-19 identifier";
            wrong(&field, expected)
        })?;
        lines
            .ceilings(MOST_DECIMALS)
            .map_err(|(line, problem)| wrong(format!("{field}.{line}"), problem))?;
        if limit.lines.insert(named, lines).is_some() {
            return Err(wrong(field, "names an asset that another name means too"));
        }
    }
    Ok(Box::new(limit))
}

impl Judge for SpendingLimit {
    fn caps(&self) -> Option<Caps> {
        Some(SpendingLimit::caps(self))
    }

    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        self.verdict(WRITTEN_DELAY, decoded, facts)
    }
}

/// The tier of an amount by the lines of its asset, as far as there are such.
#[derive(Clone, Copy)]
enum ByAmount {
    Tier(Tier),
    /// The asset has none: its worth decides.
    ByWorth,
}

impl SpendingLimit {
    fn verdict(&self, delay: Duration, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let seconds = |given: Option<u64>, otherwise| given.map_or(otherwise, Duration::from_secs);
        Verdict::Allow(Allowed {
            tier: self.tier(decoded, facts).unwrap_or(Tier::Approval),
            delay: seconds(self.delay_seconds, delay),
            approval_timeout: seconds(self.approval_timeout, DEFAULT_APPROVAL_TIMEOUT),
        })
    }

    /// The strictest tier of all that leaves; the fee is measured by the native coin's lines on its
    /// own, so that paying exactly a line stays below it. `None` where it cannot be measured.
    fn tier(&self, decoded: &Decoded, facts: &Facts<'_>) -> Option<Tier> {
        let leaving = outflow(decoded)?;
        let fee = (Asset::Native, decoded.fee_ceiling());
        if takes_what_is_not_counted(decoded, facts)? {
            return None;
        }
        let mut tier = self.collectible_tier(decoded, facts)?;
        let mut lines = self.usd_lines();
        for (asset, amount) in leaving.into_iter().chain([fee]) {
            if !amount.is_zero() {
                match self.by_amount(asset, amount, facts) {
                    ByAmount::Tier(found) => tier = tier.max(found),
                    ByAmount::ByWorth => lines = lines.or(Some(USD_LINES)),
                }
            }
        }
        if decoded.spend()?.is_empty() {
            return Some(tier);
        }
        let by_worth = match (lines, facts.worth) {
            (None, _) => Tier::Instant,
            (Some(_), None) => Tier::Approval,
            (Some(lines), Some(worth)) => tier_between(worth, lines),
        };
        let caps = self.caps().hold(facts.worth, facts.spent_in_day, facts.spent_in_month);
        Some(tier.max(by_worth).max(if caps { Tier::Instant } else { Tier::Approval }))
    }

    /// Collectibles have no worth that is known: without lines the owner decides, and about all of a
    /// contract always.
    fn collectible_tier(&self, decoded: &Decoded, facts: &Facts<'_>) -> Option<Tier> {
        let mut leaving: BTreeMap<Address, Amount> = BTreeMap::new();
        for effect in decoded.effects() {
            if let Effect::CollectibleOut { contract, amount, .. } = effect {
                let sum = leaving.entry(Address::Evm(*contract)).or_default();
                *sum = sum.checked_add(*amount)?;
            }
        }
        if approvals(decoded, facts).any(|approval| approval.amount.is_none()) {
            return None;
        }
        let mut tiers = leaving.into_iter().map(|(contract, amount)| {
            let lines = self.token_lines(contract, facts)?;
            Some(tier_of(amount, lines.ceilings(WHOLE).ok()?))
        });
        tiers.try_fold(Tier::Instant, |strictest, tier| Some(strictest.max(tier?)))
    }

    fn by_amount(&self, asset: Asset, amount: Amount, facts: &Facts<'_>) -> ByAmount {
        let Some(network) = facts.network else { return ByAmount::Tier(Tier::Approval) };
        match asset {
            Asset::Native => ByAmount::Tier(tier_of(amount, self.native_ceilings(network))),
            Asset::Token(token) => match self.token_lines(token, facts) {
                None => ByAmount::ByWorth,
                Some(lines) => {
                    let decimals = facts.decimals.get(&asset);
                    let ceilings = decimals.and_then(|decimals| lines.ceilings(*decimals).ok());
                    ByAmount::Tier(ceilings.map_or(Tier::Approval, |all| tier_of(amount, all)))
                }
            },
        }
    }

    fn token_lines(&self, token: Address, facts: &Facts<'_>) -> Option<&TokenLimit> {
        self.lines.get(&Named::Token(facts.network?.chain_id, token))
    }

    /// The stricter of both where coins have lines in base units and in whole ones.
    fn native_ceilings(&self, network: &Network) -> TierCeilings {
        let listed = [Named::NativeOf(network.chain()), Named::Native]
            .into_iter()
            .find_map(|name| self.lines.get(&name));
        // More places than the coin has: nothing that can be paid is below such a line.
        let listed = listed
            .map(|lines| lines.ceilings(network.native.decimals).unwrap_or(TierCeilings::ZERO));
        match (listed, self.native_lines()) {
            (Some(listed), Some(native)) => strictest(listed, native),
            (Some(lines), None) | (None, Some(lines)) => lines,
            (None, None) => network.default_tiers,
        }
    }

    fn native_lines(&self) -> Option<TierCeilings> {
        let [instant, notify, delay] =
            filled([self.instant_max, self.notify_max, self.delay_max], Amount::ZERO)?;
        Some(TierCeilings { instant, notify, delay })
    }

    fn usd_lines(&self) -> Option<[UsdMicros; 3]> {
        filled([self.instant_max_usd, self.notify_max_usd, self.delay_max_usd], UsdMicros::ZERO)
    }

    fn caps(&self) -> Caps {
        let Self { daily_limit_usd, monthly_limit_usd, .. } = *self;
        Caps { daily_limit_usd, monthly_limit_usd }
    }
}

impl TokenLimit {
    /// The lines in base units, or which of them is wrong and why.
    fn ceilings(&self, decimals: u8) -> Result<TierCeilings, (&'static str, String)> {
        let line = |name, text: &str| {
            Amount::from_units(text, decimals).map_err(|error| (name, error.to_string()))
        };
        let lines = TierCeilings {
            instant: line("instant_max", &self.instant_max)?,
            notify: line("notify_max", &self.notify_max)?,
            delay: line("delay_max", &self.delay_max)?,
        };
        if lines.instant > lines.notify || lines.notify > lines.delay {
            let problem = "expected instant_max <= notify_max <= delay_max".to_owned();
            return Err(("instant_max", problem));
        }
        Ok(lines)
    }
}

impl Named {
    fn read(name: &str) -> Option<Self> {
        match name.split_once(':') {
            None => (name == "native").then_some(Self::Native),
            Some(("native", chain)) => chain.parse().ok().map(Self::NativeOf),
            Some(_) => {
                let (network, asset) = name.split_once('/')?;
                let (namespace, reference) = asset.split_once(':')?;
                let network: ChainId = network.parse().ok()?;
                let known = match network.chain() {
                    Chain::Evm => matches!(namespace, "erc20" | "erc721" | "erc1155"),
                    Chain::Solana => namespace == "token",
                };
                let token = Address::parse_for(network.chain(), reference).ok()?;
                known.then_some(Self::Token(network, token))
            }
        }
    }
}

/// Whether none of a token is taken that has no decimals, or says that there are none. A contract of
/// collectibles is called like one of tokens, with a collectible's number where those have an amount,
/// and number zero is one too.
fn takes_what_is_not_counted(decoded: &Decoded, facts: &Facts<'_>) -> Option<bool> {
    let mut taken = decoded.spend()?.into_iter();
    Some(taken.any(|(asset, amount)| {
        let is_counted = || facts.decimals.get(&asset).is_some_and(|decimals| *decimals > 0);
        asset != Asset::Native && amount.is_zero() && !is_counted()
    }))
}

fn tier_of(amount: Amount, lines: TierCeilings) -> Tier {
    tier_between(amount, [lines.instant, lines.notify, lines.delay])
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

fn ordered<T: PartialOrd>(suffix: &str, lines: [Option<T>; 3]) -> Result<(), RulesError> {
    let [instant, notify, delay] = &lines;
    let names = ["instant_max", "notify_max", "delay_max"].map(|name| format!("{name}{suffix}"));
    let [first, second, third] = &names;
    not_above((first, instant.as_ref()), (second, notify.as_ref()))?;
    not_above((first, instant.as_ref()), (third, delay.as_ref()))?;
    not_above((second, notify.as_ref()), (third, delay.as_ref()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::judge;
    use crate::policy::testing::{
        OTHER, OWN, TOKEN, approve, facts, mainnet, native, outcome, policy, said, token,
        transfer_from, verdict,
    };

    fn check(rules: &Value) -> Result<(), RulesError> {
        says(rules).map(|_says| ())
    }

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
    fn the_collectible_of_number_zero_is_not_an_amount_of_zero() {
        let collectibles = OWN;
        let lines = json!({ "instant_max": "9", "notify_max": "9", "delay_max": "9" });
        let lines = json!({ "token_limits": { format!("eip155:1/erc721:{collectibles}"): lines } });
        let worth = Some(UsdMicros::ZERO);
        for policies in [vec![], vec![policy("SPENDING_LIMIT", &lines)]] {
            let facts = Facts { worth, ..facts(&policies) };
            for (decoded, expected) in [
                (transfer_from(collectibles, 0), Tier::Approval),
                // Of a token, which has decimals, it is an amount.
                (transfer_from(TOKEN, 0), Tier::Instant),
                (token(0), Tier::Instant),
                (approve(OTHER, Amount::ZERO), Tier::Instant),
            ] {
                assert_eq!(said(RULE.name, &decoded, &facts), Ok(expected), "{decoded:?}");
            }
            let whole = BTreeMap::from([(Asset::Token(collectibles.into()), 0)]);
            let facts = Facts { decimals: &whole, ..facts };
            let decoded = transfer_from(collectibles, 0);
            assert_eq!(said(RULE.name, &decoded, &facts), Ok(Tier::Approval), "counted whole");
        }
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
            let (spent_in_day, spent_in_month) = (Some(spent), Some(spent));
            let facts = Facts { worth, spent_in_day, spent_in_month, ..facts(&policies) };
            let found = judge(&native(Amount::from(1_u64)), &facts);
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
