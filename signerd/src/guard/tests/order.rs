//! How guards compare: a guard that counts as tighter never demands less.

use std::collections::BTreeSet;

use proptest::prelude::*;
use protocol::GuardOrder;

use super::rules::typed_data;
use super::*;
use crate::guard::Limits;

fn read(text: &str) -> Guard {
    Guard::from_toml(text, Chain::Evm).unwrap()
}

/// Each line against a guard without it, or with the line before it.
#[test]
fn each_key_has_its_order() {
    use GuardOrder::{Looser, Same, Tighter};
    let network = |line: &str| format!("[network.\"eip155:1\"]\n{line}\n");
    let native = |line: &str| network(&format!("native.immediate.per_day = \"10\"\n{line}"));
    let token = |line: &str| {
        network(&format!("token.{TOKEN} = {{ immediate = {{ per_day = \"10\" }}{line} }}"))
    };
    let owned = str::to_owned;
    for (before, after, expected) in [
        (owned("messages = \"text\""), owned("messages = \"owner\""), Tighter),
        (owned("messages = \"owner\""), owned("messages = \"none\""), Tighter),
        (owned("delay_seconds = 60"), owned("delay_seconds = 61"), Tighter),
        (owned(""), owned("requests_per_hour = 10"), Tighter),
        (owned("requests_per_day = 11"), owned("requests_per_day = 10"), Tighter),
        (owned("owner_enrolment = \"first-use\""), owned(""), Tighter),
        (owned(""), owned("hours = \"08:00-18:00\""), Tighter),
        (owned("days = \"mon-fri\""), owned("days = \"mon-thu\""), Tighter),
        (owned("lease_percent = 5"), owned(""), Tighter),
        (network(""), owned(""), Tighter),
        (network("open = true"), network(""), Tighter),
        (network(""), network("recipients = []"), Tighter),
        (network(""), network("fee = \"5\""), Tighter),
        (network("fee_per_byte = \"1\""), network("fee_per_byte = \"2\""), Tighter),
        (native(""), network(""), Tighter),
        (native(""), native("native.immediate.per_hour = \"5\""), Tighter),
        (native("native.delay.per_day = \"12\""), native("native.delay.per_day = \"11\""), Tighter),
        (native("native.delay.per_day = \"12\""), native(""), Tighter),
        (native(""), native("native.owner.per_day = \"100\""), Tighter),
        (token(""), token(&format!(", spenders = {{ {BOB} = \"5\" }}")), Tighter),
        (
            token(&format!(", spenders = {{ {BOB} = \"5\" }}")),
            token(&format!(", spenders = {{ {BOB} = \"4\" }}")),
            Tighter,
        ),
        (network(&format!("contract.{BOB}.selectors = \"any\"")), network(""), Tighter),
        (
            network(&format!("contract.{BOB}.selectors = \"any\"")),
            network(&format!("contract.{BOB}.selectors = [\"0x01020304\"]")),
            Tighter,
        ),
        (
            network(&format!("typed_data.{BOB}.types = [\"A\", \"B\"]")),
            network(&format!("typed_data.{BOB}.types = [\"A\"]")),
            Tighter,
        ),
    ] {
        let (old, new) = (read(&before), read(&after));
        let (order, changes) = new.compare(&old);
        assert_eq!((order, changes.len()), (expected, 1), "{before} → {after}: {changes:#?}");
        assert_eq!(old.compare(&new).0, Looser, "{after} → {before}");
        assert_eq!(old.compare(&old), (Same, vec![]));
    }
}

#[test]
fn what_cannot_be_compared_counts_as_looser() {
    let two = |first: &str, second: &str| {
        (read(&format!("{first}\n{second}")), first.to_owned(), second.to_owned())
    };
    let (before, ..) = two("delay_seconds = 60", "messages = \"text\"");
    let (after, ..) = two("delay_seconds = 59", "messages = \"none\"");
    let (order, changes) = after.compare(&before);
    assert_eq!(order, GuardOrder::Looser);
    let orders: Vec<_> = changes.iter().map(|it| (it.key.as_str(), it.order)).collect();
    assert_eq!(orders, [("messages", GuardOrder::Tighter), ("delay_seconds", GuardOrder::Looser)]);
    // Without ceilings everything needs owners, but what not even they exceeded they may then.
    let owner = read(
        "[network.\"eip155:1\".native]\n\
         immediate = { per_day = \"1\" }\nowner = { per_day = \"2\" }",
    );
    assert_eq!(read("[network.\"eip155:1\"]").compare(&owner).0, GuardOrder::Looser);
    // Who may be paid may be given allowances, until spenders are listed.
    let token = format!("[network.\"eip155:1\"]\nrecipients = [\"{BOB}\"]\ntoken.{TOKEN}.");
    let before = read(&format!("{token}immediate = {{ per_day = \"1\" }}"));
    let spenders = |who| {
        let spenders = format!("spenders = {{ {who} = \"1\" }}");
        read(&format!("{token}immediate = {{ per_day = \"1\" }}\ntoken.{TOKEN}.{spenders}"))
    };
    assert_eq!(spenders(BOB).compare(&before).0, GuardOrder::Tighter);
    assert_eq!(spenders(OTHER).compare(&before).0, GuardOrder::Looser);
}

fn ceilings() -> BoxedStrategy<Ceilings> {
    let ceiling = || proptest::option::of((0_u64..6).prop_map(|it| Amount::from(it * 100_000)));
    (ceiling(), ceiling(), ceiling(), ceiling())
        .prop_map(|(transaction, hour, day, month)| Ceilings { transaction, hour, day, month })
        .boxed()
}

fn asset_rule() -> BoxedStrategy<AssetRule> {
    let most = (0_u64..3).prop_map(|it| Amount::from(it * 100_000));
    let spenders = proptest::collection::btree_map(someone(), most, 0..3);
    let parts = (ceilings(), proptest::option::of(ceilings()), ceilings());
    (parts, proptest::option::of(spenders))
        .prop_map(|((immediate, delay, owner), spenders)| AssetRule {
            immediate,
            delay,
            owner,
            spenders,
        })
        .boxed()
}

fn someone() -> impl Strategy<Value = Address> {
    prop_oneof![Just(BOB), Just(OTHER)].prop_map(Into::into)
}

fn listed<T: Ord + Clone + std::fmt::Debug + 'static>(
    items: [T; 2],
) -> impl Strategy<Value = Listed<T>> {
    let some = proptest::sample::subsequence(items.to_vec(), 0..=2);
    prop_oneof![Just(Listed::Any), some.prop_map(|some| Listed::These(BTreeSet::from_iter(some))),]
}

fn limits() -> BoxedStrategy<Limits> {
    let recipients = proptest::option::of(proptest::collection::btree_set(someone(), 0..3));
    let fee = proptest::option::of(prop_oneof![Just(0_u64), Just(FEE), Just(2 * FEE)]);
    let per_byte = proptest::option::of(0_u64..800);
    let assets = (proptest::option::of(asset_rule()), proptest::option::of(asset_rule()));
    let calls = proptest::option::of(listed([[1, 2, 3, 4], [5, 6, 7, 8]]));
    let types = proptest::option::of(listed(["Permit".to_owned(), "Vote".to_owned()]));
    (recipients, fee, per_byte, assets, calls, types)
        .prop_map(|(recipients, fee, per_byte, (native, token), calls, types)| Limits {
            recipients,
            fee: fee.map(Amount::from),
            fee_per_byte: per_byte.map(Amount::from),
            assets: native
                .map(|rule| (Asset::Native, rule))
                .into_iter()
                .chain(token.map(|rule| (Asset::Token(TOKEN.into()), rule)))
                .collect(),
            contracts: calls.map(|calls| (OTHER, calls)).into_iter().collect(),
            typed_data: types.map(|types| (TOKEN, types)).into_iter().collect(),
        })
        .boxed()
}

fn any_guard() -> BoxedStrategy<Guard> {
    let messages = prop_oneof![Just(Messages::None), Just(Messages::Owner), Just(Messages::Text)];
    let hours = prop_oneof![Just(None), Just(Some("08:00-18:00")), Just(Some("07:00-09:00"))];
    let days = prop_oneof![Just(None), Just(Some("mon-fri")), Just(Some("sat"))];
    let rule = || {
        prop_oneof![
            1 => Just(None),
            1 => Just(Some(NetworkRule::Open)),
            5 => limits().prop_map(|limits| Some(NetworkRule::Limited(limits))),
        ]
    };
    (messages, 60_u32..63, hours, days, rule(), rule())
        .prop_map(|(messages, delay_seconds, hours, days, one, five)| {
            let networks = [("eip155:1", one), ("eip155:5", five)].into_iter();
            let networks = networks
                .filter_map(|(scope, rule)| Some((Scope::Evm(scope.parse().unwrap()), rule?)));
            let mut guard = Guard::with_networks(networks.collect());
            (guard.messages, guard.delay_seconds) = (messages, delay_seconds);
            guard.schedule.hours = hours.map(|text| text.parse().unwrap());
            guard.schedule.days = days.map(|text| text.parse().unwrap());
            guard
        })
        .boxed()
}

/// One guard with a few things of another: pairs that differ everywhere are seldom ordered.
fn mixed(one: &Guard, other: &Guard, picks: u32) -> Guard {
    let picked = |number: u32| picks & (1 << number) != 0;
    let mut guard = one.clone();
    if picked(0) {
        guard.messages = other.messages;
    }
    if picked(1) {
        guard.delay_seconds = other.delay_seconds;
    }
    if picked(2) {
        guard.schedule = other.schedule;
    }
    for (number, (scope, rule)) in (3_u32..).step_by(9).zip(&mut guard.networks) {
        match (rule, other.networks.get(scope)) {
            (NetworkRule::Limited(rule), Some(NetworkRule::Limited(other))) => {
                mix_limits(rule, other, |offset| picked(number + offset));
            }
            (rule, Some(other)) if picked(number) => *rule = other.clone(),
            (_, Some(_) | None) => {}
        }
    }
    if picked(30) {
        guard.networks.pop_first();
    }
    guard
}

fn mix_limits(limits: &mut Limits, other: &Limits, picked: impl Fn(u32) -> bool) {
    let other = other.clone();
    if picked(0) {
        limits.recipients = other.recipients;
    }
    if picked(1) {
        (limits.fee, limits.fee_per_byte) = (other.fee, other.fee_per_byte);
    }
    if picked(2) {
        limits.contracts = other.contracts;
    }
    if picked(3) {
        limits.typed_data = other.typed_data;
    }
    for (asset, rule) in &mut limits.assets {
        let Some(other) = other.assets.get(asset).cloned() else { continue };
        if picked(4) {
            rule.immediate = other.immediate;
        }
        if picked(5) {
            rule.delay = other.delay;
        }
        if picked(6) {
            rule.owner = other.owner;
        }
        if picked(7) {
            rule.spenders = other.spenders;
        }
    }
    if picked(8) {
        limits.assets.pop_last();
    }
}

fn requests() -> Vec<Decoded> {
    let mut requests = Vec::new();
    for chain_id in [1, 5] {
        for (value, to) in [(0, BOB), (50_000, BOB), (150_000, OTHER), (400_000, BOB)] {
            requests.push(unsigned(chain_id, Some(to), value, vec![]));
            let token = |data| unsigned(chain_id, Some(TOKEN), 0, data);
            requests.push(token(erc20::transfer(to, Amount::from(value))));
            requests.push(token(erc20::approve(to, Amount::from(value))));
            let raise = erc20::Call::IncreaseAllowance { spender: to, amount: value.into() };
            requests.push(token(raise.to_data()));
        }
        for selector in [[1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 9, 9]] {
            requests.push(unsigned(chain_id, Some(OTHER), 10_000, selector.to_vec()));
        }
        requests.push(unsigned(chain_id, None, 0, vec![0x60]));
        requests.push(typed_data("Permit", Some(chain_id), 100_000));
        requests.push(typed_data("Vote", Some(chain_id), 1));
    }
    requests.push(txcodec::message::decode_text(Chain::Evm, b"hello").unwrap());
    requests
}

/// From nothing asked for to never, and whether owners may let it go.
fn verdict(guard: &Guard, windows: &Windows, request: &Decoded, wall: u64) -> (u64, bool) {
    let moment = Moment { now: NOW, wall };
    match judge(guard, windows, request.clone(), wallet(), moment) {
        Err(_) => (u64::MAX, false),
        Ok(judged) => {
            let rank = match judged.demand() {
                Demand::Immediate => 0,
                Demand::Delay(seconds) => 1 + u64::from(*seconds),
                Demand::Owner(_) | Demand::Never(_) => u64::MAX - 1,
            };
            (rank, judged.clear(approved(request)).is_ok())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_guard_that_counts_as_tighter_never_demands_less(
        before in any_guard(),
        other in any_guard(),
        picks in (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(a, b, c)| a & b & c),
        spent in proptest::collection::vec((0_u64..6, any::<bool>()), 0..3),
        wall in NOW..NOW + 7 * DAY_SECONDS,
    ) {
        let after = mixed(&before, &other, picks);
        let (order, changes) = after.compare(&before);
        prop_assert_eq!(order == GuardOrder::Same, changes.is_empty());
        prop_assert_eq!(changes.is_empty(), before.to_toml() == after.to_toml());
        if order == GuardOrder::Looser {
            return Ok(());
        }
        let mut windows = Windows::default();
        for (amount, approved) in spent {
            let ledger = if approved { Ledger::Approved } else { Ledger::Alone };
            windows.add(ledger, native(), Amount::from(amount * 70_000), NOW);
        }
        for request in requests() {
            let (old, old_owners) = verdict(&before, &windows, &request, wall);
            let (new, new_owners) = verdict(&after, &windows, &request, wall);
            prop_assert!(new >= old, "{:?}: {:?}", changes, request);
            prop_assert!(old_owners || !new_owners, "{:?}: {:?}", changes, request);
        }
    }
}
