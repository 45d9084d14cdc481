//! From the guard to the file, in the one form that is recorded and shown.

use std::fmt::Display;

use primitives::{Asset, EvmAddress, Scope, encode_hex};

use super::super::ceilings::Ceilings;
use super::super::{AssetRule, Enrolment, Guard, Limits, Listed, Messages, NetworkRule};

impl Guard {
    /// Writes the guard; [`Guard::from_toml`] reads the same guard from it.
    pub fn to_toml(&self) -> String {
        let quoted = |text: &dyn Display| format!("\"{text}\"");
        let first_use = self.owner_enrolment == Enrolment::FirstUse;
        let mut out = key("messages", Some(quoted(&self.messages.word())));
        out += &key("delay_seconds", Some(self.delay_seconds));
        out += &key("requests_per_hour", Some(self.pace.hour));
        out += &key("requests_per_day", Some(self.pace.day));
        out += &key("owner_enrolment", first_use.then_some("\"first-use\""));
        out += &key("hours", self.schedule.hours.map(|hours| quoted(&hours)));
        out += &key("days", self.schedule.days.map(|days| quoted(&days)));
        out += &key("lease_percent", self.lease_percent);
        for (scope, rule) in &self.networks {
            out += &network(*scope, rule);
        }
        out
    }
}

impl Messages {
    /// As it is written.
    pub(in super::super) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Owner => "owner",
            Self::Text => "text",
        }
    }
}

fn key(name: &str, value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| format!("{name} = {value}\n"))
}

fn network(scope: Scope, rule: &NetworkRule) -> String {
    let name = format!("network.\"{scope}\"");
    match rule {
        NetworkRule::Open => format!("\n[{name}]\nopen = true\n"),
        NetworkRule::Limited(limits) => limits_of(&name, limits),
    }
}

fn limits_of(name: &str, limits: &Limits) -> String {
    let amount = |amount| format!("\"{amount}\"");
    let recipients = limits.recipients.as_ref().map(|all| words(all.iter()));
    let mut head = key("recipients", recipients);
    head += &key("fee", limits.fee.map(amount));
    head += &key("fee_per_byte", limits.fee_per_byte.map(amount));
    let mut tables = String::new();
    for (asset, rule) in &limits.assets {
        tables += &asset_of(name, *asset, rule);
    }
    for (contract, selectors) in &limits.contracts {
        let selectors = listed(selectors, |selector| format!("0x{}", encode_hex(selector)));
        tables += &table(name, "contract", contract, &key("selectors", Some(selectors)));
    }
    for (contract, types) in &limits.typed_data {
        let types = key("types", Some(listed(types, Clone::clone)));
        tables += &table(name, "typed_data", contract, &types);
    }
    if head.is_empty() && !tables.is_empty() {
        tables
    } else {
        format!("\n[{name}]\n{head}{tables}")
    }
}

fn table(network: &str, kind: &str, contract: &EvmAddress, content: &str) -> String {
    format!("\n[{network}.{kind}.{contract}]\n{content}")
}

fn asset_of(network: &str, asset: Asset, rule: &AssetRule) -> String {
    let name = match asset {
        Asset::Native => "native".to_owned(),
        Asset::Token(token) => format!("token.{token}"),
    };
    let AssetRule { immediate, delay, owner, spenders } = rule;
    let owner = Some(owner).filter(|owner| **owner != Ceilings::default());
    let mut out = format!("\n[{network}.{name}]\n");
    out += &key("immediate", Some(inline(immediate)));
    out += &key("delay", delay.as_ref().map(inline));
    out += &key("owner", owner.map(inline));
    out + &key(
        "spenders",
        spenders.as_ref().map(|spenders| {
            let pairs = spenders.iter().map(|(spender, most)| format!("{spender} = \"{most}\""));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }),
    )
}

fn inline(ceilings: &Ceilings) -> String {
    let ceilings = ceilings.named().into_iter();
    let pairs = ceilings.filter_map(|(key, ceiling)| Some(format!("{key} = \"{}\"", ceiling?)));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn listed<T>(list: &Listed<T>, text: impl Fn(&T) -> String) -> String {
    match list {
        Listed::Any => "\"any\"".to_owned(),
        Listed::These(items) => words(items.iter().map(text)),
    }
}

/// A list of texts, as TOML writes them.
fn words(items: impl Iterator<Item = impl Display>) -> String {
    let texts = items.map(|item| toml::Value::String(item.to_string()).to_string());
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}
