//! From the file to the guard: what cannot be is refused with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use primitives::{Address, Amount, Asset, Chain, ChainId, EvmAddress, Network, Scope, decode_hex};
use protocol::wire::MAX_TEXT;
use toml::Spanned;
use txcodec::Selector;

use super::super::ceilings::Ceilings;
use super::super::pace::Pace;
use super::super::schedule::{Schedule, ScheduleError};
use super::super::{
    AssetRule, DEFAULT_DELAY_SECONDS, Enrolment, Guard, Limits, Listed, Messages, NetworkRule,
};
use super::file::{
    AssetToml, EnrolmentToml, GuardToml, ListToml, MessagesToml, NetworkToml, Table,
};
use super::{Fault, GuardError, MAX_DELAY_SECONDS, MAX_ENTRIES};

/// What is wrong, and where: an offset in bytes.
struct Mistake {
    at: usize,
    fault: Fault,
}

pub(super) fn read(
    text: &str,
    chain: Chain,
    known: Option<&[Network]>,
) -> Result<Guard, GuardError> {
    let toml: GuardToml = toml::from_str(text).map_err(GuardError::Syntax)?;
    let guard = guard(toml, chain, known).map_err(|Mistake { at, fault }| {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        GuardError::Line { line, fault }
    })?;
    if guard.to_toml().len() > MAX_TEXT { Err(GuardError::TooLong) } else { Ok(guard) }
}

fn guard(toml: GuardToml, chain: Chain, known: Option<&[Network]>) -> Result<Guard, Mistake> {
    let delay_seconds =
        toml.delay_seconds.map(|it| number(&it, 0, MAX_DELAY_SECONDS)).transpose()?;
    let pace = |most: Option<Spanned<u32>>, otherwise| {
        most.map_or(Ok(otherwise), |it| number(&it, 1, u32::MAX))
    };
    let Pace { hour, day } = Pace::default();
    let lease = toml.lease_percent.map(|it| number(&it, 1, 50)).transpose()?;
    Ok(Guard {
        messages: match toml.messages {
            MessagesToml::None => Messages::None,
            MessagesToml::Owner => Messages::Owner,
            MessagesToml::Text => Messages::Text,
        },
        delay_seconds: delay_seconds.unwrap_or(DEFAULT_DELAY_SECONDS),
        pace: Pace {
            hour: pace(toml.requests_per_hour, hour)?,
            day: pace(toml.requests_per_day, day)?,
        },
        owner_enrolment: match toml.owner_enrolment {
            EnrolmentToml::Operator => Enrolment::Operator,
            EnrolmentToml::FirstUse => Enrolment::FirstUse,
        },
        schedule: Schedule {
            hours: toml.hours.map(|it| part(&it)).transpose()?,
            days: toml.days.map(|it| part(&it)).transpose()?,
        },
        lease_percent: lease.and_then(|percent| u8::try_from(percent).ok()),
        networks: few(toml.network)?
            .into_iter()
            .map(|(name, network)| {
                let scope = scope(&name, chain, known)?;
                Ok((scope, rule(name.span().start, network, chain)?))
            })
            .collect::<Result<_, _>>()?,
    })
}

fn number(number: &Spanned<u32>, least: u32, most: u32) -> Result<u32, Mistake> {
    if (least..=most).contains(number.as_ref()) {
        Ok(*number.as_ref())
    } else {
        Err(mistake(number, Fault::Range(least, most)))
    }
}

fn part<T: FromStr<Err = ScheduleError>>(text: &Spanned<String>) -> Result<T, Mistake> {
    let schedule = |why| Fault::Schedule { text: text.as_ref().clone(), why };
    text.as_ref().parse().map_err(|why| mistake(text, schedule(why)))
}

fn few<T>(table: Table<T>) -> Result<Table<T>, Mistake> {
    match table.keys().nth(MAX_ENTRIES) {
        Some(over) => Err(mistake(over, Fault::TooMany)),
        None => Ok(table),
    }
}

fn scope(
    name: &Spanned<String>,
    chain: Chain,
    known: Option<&[Network]>,
) -> Result<Scope, Mistake> {
    let text = name.as_ref();
    let expected = |what| Err(mistake(name, Fault::Network(text.clone(), what)));
    match (chain, text.parse()) {
        (Chain::Solana, _) if text == "solana" => Ok(Scope::Solana),
        (Chain::Solana, _) => expected("\"solana\", which is every cluster"),
        (Chain::Evm, Ok(chain_id @ ChainId::Eip155(_))) => {
            let is_known = |known: &[Network]| known.iter().any(|it| it.chain_id == chain_id);
            if known.is_none_or(is_known) {
                Ok(Scope::Evm(chain_id))
            } else {
                Err(mistake(name, Fault::UnknownNetwork(text.clone())))
            }
        }
        (Chain::Evm, _) => expected("an EVM network such as \"eip155:1\""),
    }
}

fn rule(at: usize, network: NetworkToml, chain: Chain) -> Result<NetworkRule, Mistake> {
    let NetworkToml { open, recipients, fee, fee_per_byte, native, token, contract, typed_data } =
        network;
    let only_open = recipients.is_none()
        && (fee, fee_per_byte) == (None, None)
        && native.is_none()
        && token.is_empty()
        && contract.is_empty()
        && typed_data.is_empty();
    match (open, only_open) {
        (true, true) => return Ok(NetworkRule::Open),
        (true, false) => return Err(Mistake { at, fault: Fault::OpenWithLimits }),
        (false, _) => {}
    }
    let tokens = addresses(token, chain, |_at, token| asset(token, chain))?.into_iter();
    let mut assets: BTreeMap<_, _> =
        tokens.map(|(token, rule)| (Asset::Token(token), rule)).collect();
    if let Some(native) = native {
        let at = native.span().start;
        let rule = asset(native.into_inner(), chain)?;
        if rule.spenders.is_some() {
            return Err(Mistake { at, fault: Fault::NativeSpenders });
        }
        assets.insert(Asset::Native, rule);
    }
    Ok(NetworkRule::Limited(Limits {
        recipients: recipients.map(|all| recipients_of(all, chain)).transpose()?,
        fee,
        fee_per_byte,
        assets,
        contracts: on_evm("contract", contract, chain, |it| list(it.selectors, selector))?,
        typed_data: on_evm("typed_data", typed_data, chain, |it| {
            list(it.types, |_at, text| Ok(text))
        })?,
    }))
}

fn recipients_of(all: Vec<Spanned<String>>, chain: Chain) -> Result<BTreeSet<Address>, Mistake> {
    if let Some(over) = all.get(MAX_ENTRIES) {
        return Err(mistake(over, Fault::TooMany));
    }
    all.iter().map(|text| address(text, chain)).collect()
}

fn address(text: &Spanned<String>, chain: Chain) -> Result<Address, Mistake> {
    Address::parse_for(chain, text.as_ref())
        .map_err(|why| mistake(text, Fault::Address { text: text.as_ref().clone(), why }))
}

/// A table by address: none twice.
fn addresses<T, R>(
    table: Table<T>,
    chain: Chain,
    read: impl Fn(usize, T) -> Result<R, Mistake>,
) -> Result<BTreeMap<Address, R>, Mistake> {
    let mut rules = BTreeMap::new();
    for (text, rule) in few(table)? {
        let address = address(&text, chain)?;
        if rules.insert(address, read(text.span().start, rule)?).is_some() {
            return Err(mistake(&text, Fault::Twice(address)));
        }
    }
    Ok(rules)
}

/// The same, of what there is on EVM networks only.
fn on_evm<T, R>(
    key: &'static str,
    table: Table<T>,
    chain: Chain,
    read: impl Fn(T) -> Result<R, Mistake>,
) -> Result<BTreeMap<EvmAddress, R>, Mistake> {
    if let (Chain::Solana, Some(first)) = (chain, table.keys().next()) {
        return Err(mistake(first, Fault::NotOnSolana(key)));
    }
    let rules = addresses(table, chain, |_at, rule| read(rule))?.into_iter();
    Ok(rules
        .filter_map(|(address, rule)| match address {
            Address::Evm(address) => Some((address, rule)),
            Address::Solana(_) => None,
        })
        .collect())
}

fn list<T: Ord>(
    list: Spanned<ListToml>,
    read: impl Fn(usize, String) -> Result<T, Mistake>,
) -> Result<Listed<T>, Mistake> {
    let at = list.span().start;
    match list.into_inner() {
        ListToml::Word(word) if word == "any" => Ok(Listed::Any),
        ListToml::Word(word) => Err(Mistake { at, fault: Fault::Any(word) }),
        ListToml::List(words) if words.len() > MAX_ENTRIES => {
            Err(Mistake { at, fault: Fault::TooMany })
        }
        ListToml::List(words) => {
            let items = words.into_iter().map(|word| read(at, word));
            items.collect::<Result<_, _>>().map(Listed::These)
        }
    }
}

fn selector(at: usize, text: String) -> Result<Selector, Mistake> {
    let bytes = text.strip_prefix("0x").and_then(|digits| decode_hex(digits).ok());
    bytes
        .and_then(|bytes| Selector::try_from(bytes).ok())
        .ok_or(Mistake { at, fault: Fault::Selector(text) })
}

fn asset(toml: AssetToml, chain: Chain) -> Result<AssetRule, Mistake> {
    let mut immediate = windowed(&toml.immediate)?;
    let delay = toml.delay.map(|delay| above(&delay, "immediate", &immediate)).transpose()?;
    // What leaves at once counts there too. Shorter spans of `immediate` are limited by its day.
    immediate.month = immediate.month.or(delay.and_then(|delay| delay.month));
    let (name, lower) = delay.map_or(("immediate", immediate), |delay| ("delay", delay));
    let owner = toml.owner.map(|owner| not_below(&owner, name, &lower));
    let owner = owner.transpose()?.unwrap_or_default();
    let spenders = toml.spenders.map(|them| addresses(them, chain, |_at, most| Ok(most)));
    Ok(AssetRule { immediate, delay, owner, spenders: spenders.transpose()? })
}

/// Ceilings of what leaves without owners: those of a day are needed.
fn windowed(toml: &Spanned<Ceilings>) -> Result<Ceilings, Mistake> {
    let read = ceilings(toml)?;
    if read.day.is_some() { Ok(read) } else { Err(mistake(toml, Fault::NoDay)) }
}

/// Each ceiling is at least those of shorter spans.
fn ceilings(toml: &Spanned<Ceilings>) -> Result<Ceilings, Mistake> {
    let mut least: Option<(&str, Amount)> = None;
    for (key, ceiling) in toml.as_ref().named() {
        let Some(ceiling) = ceiling else { continue };
        if let Some((of, least)) = least.filter(|(_, least)| ceiling < *least) {
            let of = of.to_owned();
            return Err(mistake(toml, Fault::Below { key, ceiling, of, least }));
        }
        least = Some((key, ceiling));
    }
    Ok(*toml.as_ref())
}

/// Ceilings that let more pass than `lower`, which counts in them too.
fn above(toml: &Spanned<Ceilings>, name: &str, lower: &Ceilings) -> Result<Ceilings, Mistake> {
    windowed(toml)?;
    not_below(toml, name, lower)
}

/// Ceilings that let at least as much pass as `lower`.
fn not_below(toml: &Spanned<Ceilings>, name: &str, lower: &Ceilings) -> Result<Ceilings, Mistake> {
    let read = ceilings(toml)?;
    for ((key, ceiling), (_, least)) in read.named().into_iter().zip(lower.effective().named()) {
        if let (Some(ceiling), Some(least)) = (ceiling, least)
            && ceiling < least
        {
            let of = format!("{key} of {name}");
            return Err(mistake(toml, Fault::Below { key, ceiling, of, least }));
        }
    }
    Ok(read)
}

fn mistake<T>(place: &Spanned<T>, fault: Fault) -> Mistake {
    Mistake { at: place.span().start, fault }
}
