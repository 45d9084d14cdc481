//! How one guard compares with another: component by component, so that each difference can be
//! shown, and what only tightens is known for that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use primitives::{Address, Amount, Asset, Scope, encode_hex};
use protocol::{GuardChange, GuardOrder};

use super::ceilings::Ceilings;
use super::{AssetRule, Enrolment, Guard, Limits, Listed, NetworkRule};

impl Guard {
    /// How `self` compares with `before`, which it would replace, and what differs.
    ///
    /// [`GuardOrder::Same`] and [`GuardOrder::Tighter`] mean that nothing demands less than before.
    /// What cannot be compared counts as looser.
    pub fn compare(&self, before: &Self) -> (GuardOrder, Vec<GuardChange>) {
        let mut diff = Diff { changes: Vec::new() };
        diff.whole(before, self);
        let looser = diff.changes.iter().any(|change| change.order == GuardOrder::Looser);
        let order = match (looser, diff.changes.is_empty()) {
            (true, _) => GuardOrder::Looser,
            (false, false) => GuardOrder::Tighter,
            (false, true) => GuardOrder::Same,
        };
        (order, diff.changes)
    }
}

struct Diff {
    changes: Vec<GuardChange>,
}

impl Diff {
    /// Notes what differs, and whether it alone lets more pass.
    fn note(&mut self, key: String, before: Option<String>, after: Option<String>, tighter: bool) {
        if before != after {
            let order = if tighter { GuardOrder::Tighter } else { GuardOrder::Looser };
            self.changes.push(GuardChange { key, before, after, order });
        }
    }

    /// The most of something; as much as there is where absent.
    fn at_most<T: Ord + Display>(&mut self, key: String, before: Option<T>, after: Option<T>) {
        let tighter = is_at_most(after.as_ref(), before.as_ref());
        self.note(key, text(before), text(after), tighter);
    }

    fn whole(&mut self, before: &Guard, after: &Guard) {
        let messages = |guard: &Guard| Some(guard.messages.word().to_owned());
        let tighter = after.messages <= before.messages;
        self.note("messages".to_owned(), messages(before), messages(after), tighter);
        let delay = |guard: &Guard| Some(guard.delay_seconds.to_string());
        let tighter = after.delay_seconds >= before.delay_seconds;
        self.note("delay_seconds".to_owned(), delay(before), delay(after), tighter);
        let (old, new) = (before.pace, after.pace);
        self.at_most("requests_per_hour".to_owned(), Some(old.hour), Some(new.hour));
        self.at_most("requests_per_day".to_owned(), Some(old.day), Some(new.day));
        let enrolment = |guard: &Guard| {
            Some(match guard.owner_enrolment {
                Enrolment::Operator => "operator".to_owned(),
                Enrolment::FirstUse => "first-use".to_owned(),
            })
        };
        let tighter = after.owner_enrolment <= before.owner_enrolment;
        self.note("owner_enrolment".to_owned(), enrolment(before), enrolment(after), tighter);
        self.schedule(before, after);
        // A lease counts as spent before it is: a larger one is no tighter.
        let lease = |guard: &Guard| guard.lease_percent.map_or(0, u32::from);
        let shown = |guard: &Guard| guard.lease_percent.map(|percent| percent.to_string());
        let tighter = lease(after) <= lease(before);
        self.note("lease_percent".to_owned(), shown(before), shown(after), tighter);
        for scope in keys(&before.networks, &after.networks) {
            self.network(scope, before.networks.get(&scope), after.networks.get(&scope));
        }
    }

    fn schedule(&mut self, before: &Guard, after: &Guard) {
        let (old, new) = (before.schedule.hours, after.schedule.hours);
        let tighter = old.is_none_or(|old| new.is_some_and(|new| new.is_within(old)));
        self.note("hours".to_owned(), text(old), text(new), tighter);
        let (old, new) = (before.schedule.days, after.schedule.days);
        let tighter = old.is_none_or(|old| new.is_some_and(|new| new.is_within(old)));
        self.note("days".to_owned(), text(old), text(new), tighter);
    }

    fn network(&mut self, scope: Scope, before: Option<&NetworkRule>, after: Option<&NetworkRule>) {
        let name = format!("network.\"{scope}\"");
        match (before, after) {
            (Some(NetworkRule::Limited(before)), Some(NetworkRule::Limited(after))) => {
                self.limits(&name, scope, before, after);
            }
            (before, after) => {
                let kind = |rule: Option<&NetworkRule>| {
                    rule.map(|rule| match rule {
                        NetworkRule::Open => "open".to_owned(),
                        NetworkRule::Limited(_) => "limited".to_owned(),
                    })
                };
                let tighter = matches!(
                    (before, after),
                    (_, None) | (Some(NetworkRule::Open), Some(NetworkRule::Limited(_)))
                );
                self.note(name, kind(before), kind(after), tighter);
            }
        }
    }

    fn limits(&mut self, name: &str, scope: Scope, before: &Limits, after: &Limits) {
        let (old, new) = (before.recipients.as_ref(), after.recipients.as_ref());
        let tighter = old.is_none_or(|old| new.is_some_and(|new| new.is_subset(old)));
        let shown = |list: Option<&BTreeSet<Address>>| list.map(|list| joined(list.iter()));
        self.note(format!("{name}.recipients"), shown(old), shown(new), tighter);
        self.at_most(format!("{name}.fee"), before.fee, after.fee);
        let tighter = after.fee_per_byte(scope) >= before.fee_per_byte(scope);
        let key = format!("{name}.fee_per_byte");
        self.note(key, text(before.fee_per_byte), text(after.fee_per_byte), tighter);
        for asset in keys(&before.assets, &after.assets) {
            let name = match asset {
                Asset::Native => format!("{name}.native"),
                Asset::Token(token) => format!("{name}.token.{token}"),
            };
            match (before.assets.get(&asset), after.assets.get(&asset)) {
                (Some(old), Some(new)) => {
                    self.asset(&name, old, new);
                    self.spenders(&name, (before, old), (after, new));
                }
                (old, new) => self.one_asset(name, old, new),
            }
        }
        let selector = |selector: &txcodec::Selector| format!("0x{}", encode_hex(selector));
        for contract in keys(&before.contracts, &after.contracts) {
            let lists = (before.contracts.get(&contract), after.contracts.get(&contract));
            self.listing(format!("{name}.contract.{contract}.selectors"), lists, selector);
        }
        for contract in keys(&before.typed_data, &after.typed_data) {
            let lists = (before.typed_data.get(&contract), after.typed_data.get(&contract));
            self.listing(format!("{name}.typed_data.{contract}.types"), lists, Clone::clone);
        }
    }

    /// An asset that only one of them lists. Without it everything needs owners; but what owners
    /// could not exceed they can then.
    fn one_asset(&mut self, name: String, before: Option<&AssetRule>, after: Option<&AssetRule>) {
        let tighter = match (before, after) {
            (Some(before), None) => before.owner == Ceilings::default(),
            (_, Some(_)) | (None, None) => false,
        };
        let shown = |rule: Option<&AssetRule>| rule.map(|_| "listed".to_owned());
        self.note(name, shown(before), shown(after), tighter);
    }

    fn asset(&mut self, name: &str, before: &AssetRule, after: &AssetRule) {
        self.ceilings(&format!("{name}.immediate"), &before.immediate, &after.immediate);
        match (&before.delay, &after.delay) {
            (Some(before), Some(after)) => self.ceilings(&format!("{name}.delay"), before, after),
            (before, after) => {
                let shown = |delay: &Option<Ceilings>| delay.map(|_| "listed".to_owned());
                self.note(format!("{name}.delay"), shown(before), shown(after), after.is_none());
            }
        }
        self.ceilings(&format!("{name}.owner"), &before.owner, &after.owner);
    }

    /// An hour that is not limited is limited by its day, so what counts is what follows.
    fn ceilings(&mut self, name: &str, before: &Ceilings, after: &Ceilings) {
        let written = before.named().into_iter().zip(after.named());
        let counting = before.effective().named().into_iter().zip(after.effective().named());
        for (((key, before), (_, after)), ((_, old), (_, new))) in written.zip(counting) {
            let tighter = is_at_most(new, old);
            self.note(format!("{name}.{key}"), text(before), text(after), tighter);
        }
    }

    /// Allowances are for the spenders, or where none are listed for the recipients.
    fn spenders(
        &mut self,
        name: &str,
        (old_limits, old): (&Limits, &AssetRule),
        (new_limits, new): (&Limits, &AssetRule),
    ) {
        let tighter = match (allowances(old_limits, old), allowances(new_limits, new)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(old), Some(new)) => new.iter().all(|(spender, most)| {
                most.is_zero() || old.get(spender).is_some_and(|old| most <= old)
            }),
        };
        let shown = |rule: &AssetRule| {
            rule.spenders.as_ref().map(|spenders| {
                let pairs = spenders.iter().map(|(spender, most)| format!("{spender} = {most}"));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            })
        };
        self.note(format!("{name}.spenders"), shown(old), shown(new), tighter);
    }

    /// What is listed for a contract; nothing where it is not.
    fn listing<T: Ord>(
        &mut self,
        key: String,
        (before, after): (Option<&Listed<T>>, Option<&Listed<T>>),
        show: impl Fn(&T) -> String,
    ) {
        let tighter = match (before, after) {
            (_, None) | (Some(Listed::Any), _) => true,
            (None, Some(Listed::These(after))) => after.is_empty(),
            (Some(Listed::These(before)), Some(Listed::These(after))) => after.is_subset(before),
            (None | Some(Listed::These(_)), Some(Listed::Any)) => false,
        };
        let shown = |list: Option<&Listed<T>>| {
            list.map(|list| match list {
                Listed::Any => "any".to_owned(),
                Listed::These(items) => joined(items.iter().map(&show)),
            })
        };
        self.note(key, shown(before), shown(after), tighter);
    }
}

/// Who may be given how much at once; anybody anything where absent.
fn allowances(limits: &Limits, rule: &AssetRule) -> Option<BTreeMap<Address, Amount>> {
    let anything = |spender: &Address| (*spender, Amount::MAX);
    let recipients = limits.recipients.as_ref();
    rule.spenders.clone().or_else(|| recipients.map(|all| all.iter().map(anything).collect()))
}

/// Whether `after` is no more than `before`, where absent is without limit.
fn is_at_most<T: Ord>(after: Option<T>, before: Option<T>) -> bool {
    before.is_none_or(|before| after.is_some_and(|after| after <= before))
}

fn keys<K: Ord + Copy, V>(before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) -> BTreeSet<K> {
    before.keys().chain(after.keys()).copied().collect()
}

fn text(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn joined(items: impl Iterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}
