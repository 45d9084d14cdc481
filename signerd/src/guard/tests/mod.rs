//! The rules, each at its limit and one over.

use primitives::{Amount, Asset, Chain, Environment, EvmAddress, Scope, WalletId, builtin_by_name};
use protocol::journal::{Grant, UsedApproval};
use protocol::{Announcement, AnnouncementId, Ceiling, Demand, RefusalCode};
use txcodec::Decoded;
use txcodec::evm::{Kind, Transaction, erc20};

use super::*;
use crate::announce::{Announcements, Wish};
use crate::clock::{Moment, UnixSeconds};
use crate::owners::Approved;

mod allowances;
mod drain;
mod order;
mod recipients;
mod rules;

const NOW: UnixSeconds = 1_800_000_000;
const MOMENT: Moment = Moment { now: NOW, wall: NOW };
const WALLET: EvmAddress = EvmAddress([0x11; 20]);
const BOB: EvmAddress = EvmAddress([0xb0; 20]);
const TOKEN: EvmAddress = EvmAddress([0x70; 20]);
const OTHER: EvmAddress = EvmAddress([0x77; 20]);
/// The fee ceiling of the transactions below.
const FEE: u64 = 100_000 * 2;

/// 1,000 of the coin and 500 of the token at once, 1,500 and 800 a day, fee excluded; 2,000 of the
/// coin after a wait; 3,000 with owners.
fn guard() -> Guard {
    let text = format!(
        "delay_seconds = 60\n\
         [network.\"eip155:1\".native]\n\
         immediate = {{ per_transaction = \"{}\", per_day = \"{}\" }}\n\
         delay = {{ per_transaction = \"{}\", per_day = \"{}\" }}\n\
         owner = {{ per_transaction = \"{}\" , per_day = \"{}\" }}\n\
         [network.\"eip155:1\".token.{TOKEN}]\n\
         immediate = {{ per_transaction = \"500\", per_day = \"800\" }}\n\
         [network.\"eip155:5\"]\n\
         open = true\n",
        FEE + 1000,
        2 * FEE + 1500,
        FEE + 2000,
        2 * FEE + 2500,
        FEE + 3000,
        2 * FEE + 4000,
    );
    Guard::from_toml(&text, Chain::Evm).unwrap()
}

fn unsigned(chain_id: u64, to: Option<EvmAddress>, value: u64, data: Vec<u8>) -> Decoded {
    let kind = Kind::Legacy { gas_price: Amount::from(2_u64) };
    let (value, chain_id) = (Amount::from(value), chain_id.try_into().unwrap());
    let transaction = Transaction { kind, chain_id, nonce: 0, gas_limit: 100_000, to, value, data };
    txcodec::evm::decode(&transaction.to_unsigned_bytes(), WALLET).unwrap()
}

fn wallet() -> WalletId {
    WalletId::from_bytes([1; 16])
}

fn judged(windows: &Windows, decoded: Decoded) -> Result<Judged, RefusalCode> {
    judge(&guard(), windows, decoded, wallet(), MOMENT).map_err(|refusal| refusal.code)
}

/// What is demanded, without the reason.
#[derive(Debug, PartialEq)]
enum Asks {
    Nothing,
    Wait,
    Owner,
    Never(RefusalCode),
}

fn asks(windows: &Windows, decoded: Decoded) -> Asks {
    asks_of(judged(windows, decoded))
}

fn asks_of(judged: Result<Judged, RefusalCode>) -> Asks {
    match judged {
        Err(code) => Asks::Never(code),
        Ok(judged) => match judged.demand() {
            Demand::Immediate => Asks::Nothing,
            Demand::Delay(seconds) => {
                assert_eq!(*seconds, 60);
                Asks::Wait
            }
            Demand::Owner(_) => Asks::Owner,
            Demand::Never(why) => panic!("a refusal says so: {why}"),
        },
    }
}

fn coins(value: u64) -> Decoded {
    unsigned(1, Some(BOB), value, vec![])
}

fn tokens(token: EvmAddress, amount: u64) -> Decoded {
    unsigned(1, Some(token), 0, erc20::transfer(BOB, Amount::from(amount)))
}

fn native() -> (Scope, Asset) {
    (Scope::Evm("eip155:1".parse().unwrap()), Asset::Native)
}

#[test]
fn each_ceiling_holds_at_its_last_unit() {
    let approve = |amount| unsigned(1, Some(TOKEN), 0, erc20::approve(BOB, amount));
    let call = |chain_id| unsigned(chain_id, Some(TOKEN), 0, vec![1, 2, 3, 4]);
    for (what, decoded, expected) in [
        ("coins at the ceiling", coins(1000), Asks::Nothing),
        ("coins over it by one", coins(1001), Asks::Wait),
        ("coins at the ceiling of waits", coins(2000), Asks::Wait),
        ("coins over that by one", coins(2001), Asks::Owner),
        ("tokens at the ceiling", tokens(TOKEN, 500), Asks::Nothing),
        ("tokens over it by one", tokens(TOKEN, 501), Asks::Owner),
        ("a token that is not listed", tokens(OTHER, 1), Asks::Owner),
        ("none of a token that is not listed", tokens(OTHER, 0), Asks::Owner),
        ("an allowance at the ceiling", approve(Amount::from(500_u64)), Asks::Nothing),
        ("an unlimited allowance", approve(Amount::MAX), Asks::Owner),
        ("a call", call(1), Asks::Owner),
        ("a call on an open network", call(5), Asks::Nothing),
        ("a contract creation", unsigned(1, None, 0, vec![0x60]), Asks::Owner),
        (
            "another network",
            unsigned(2, Some(BOB), 0, vec![]),
            Asks::Never(RefusalCode::NetworkNotAllowed),
        ),
        (
            "more than there is, on an open network",
            unsigned(5, Some(BOB), u64::MAX, vec![]),
            Asks::Nothing,
        ),
    ] {
        assert_eq!(asks(&Windows::default(), decoded), expected, "{what}");
    }
}

#[test]
fn many_small_ones_end_at_the_ceiling_of_the_day() {
    let mut windows = Windows::default();
    let before = NOW - DAY_SECONDS;
    windows.add(Ledger::Alone, native(), Amount::from(FEE + 1000), before);
    assert_eq!(asks(&windows, coins(500)), Asks::Nothing);
    assert_eq!(asks(&windows, coins(501)), Asks::Wait);
    assert_eq!(asks(&windows, coins(1500)), Asks::Wait);
    assert_eq!(asks(&windows, coins(1501)), Asks::Owner);
    // Tokens have a day of their own, but their fee is spent from the coin's.
    assert_eq!(asks(&windows, tokens(TOKEN, 500)), Asks::Nothing);
    windows.add(Ledger::Alone, native(), Amount::from(501_u64), NOW);
    assert_eq!(asks(&windows, tokens(TOKEN, 1)), Asks::Wait);
    windows.add(Ledger::Alone, native(), Amount::from(1000_u64), NOW);
    assert_eq!(asks(&windows, tokens(TOKEN, 1)), Asks::Owner);
}

#[test]
fn what_owners_approved_takes_nothing_from_what_leaves_without_them() {
    let mut windows = Windows::default();
    windows.add(Ledger::Approved, native(), Amount::from(FEE + 2000), NOW);
    assert_eq!(asks(&windows, coins(1000)), Asks::Nothing);
    let clear = |value| judged(&windows, coins(value)).unwrap().clear(approved(&coins(value)));
    assert!(clear(2000).is_ok());
    assert_eq!(clear(2001).unwrap_err().code, RefusalCode::OverOwnerCeiling);
}

#[test]
fn a_window_that_counts_everything_lets_nothing_pass() {
    let mut windows = Windows::default();
    windows.fill(NOW);
    assert_eq!(asks(&windows, coins(0)), Asks::Owner);
    assert_eq!(asks(&windows, unsigned(5, Some(BOB), 1, vec![])), Asks::Nothing);
}

fn waited(decoded: &Decoded) -> Permit {
    let mut announcements = Announcements::default();
    let (id, intent) = (AnnouncementId([2; 16]), decoded.intent());
    let wish = announcements.wish((wallet(), id), intent, 0, NOW).unwrap();
    let Wish::New(announcement) = wish else { panic!("it is new") };
    announcements.add(NOW, &announcement);
    Permit::Waited(announcements.redeem(id, intent, 0, NOW).unwrap())
}

const USED: UsedApproval = UsedApproval { nonce: [3; 16], expires_at: NOW + 60 };

fn approved(decoded: &Decoded) -> Permit {
    Permit::Approved(Approved::new(wallet(), decoded.intent(), USED))
}

/// A value, why it may be signed, and what comes of it.
type Case<'a> = (u64, &'a dyn Fn(&Decoded) -> Permit, Result<Grant, RefusalCode>);

#[test]
fn a_demand_is_met_by_what_reaches_it_and_nothing_less() {
    use RefusalCode::{BadApproval, NeedsDelay, NeedsOwner, OverOwnerCeiling, UnknownAnnouncement};
    let none = |_: &Decoded| Permit::None;
    let again = |_: &Decoded| Permit::Again(crate::journal::Repeat::for_tests());
    let for_another = |_: &Decoded| waited(&coins(7));
    let to_another = |_: &Decoded| approved(&coins(7));
    let by_wait = Grant::Announced(AnnouncementId([2; 16]));
    let cases: [Case<'_>; 16] = [
        (1000, &none, Ok(Grant::Guard)),
        (1000, &waited, Ok(by_wait)),
        (1000, &approved, Ok(Grant::Approved(USED))),
        (1000, &again, Ok(Grant::Again)),
        (2000, &none, Err(NeedsDelay)),
        (2000, &waited, Ok(by_wait)),
        (2000, &for_another, Err(UnknownAnnouncement)),
        (2000, &approved, Ok(Grant::Approved(USED))),
        (2000, &again, Ok(Grant::Again)),
        (3000, &none, Err(NeedsOwner)),
        (3000, &waited, Err(NeedsOwner)),
        (3000, &approved, Ok(Grant::Approved(USED))),
        (3000, &to_another, Err(BadApproval)),
        (3000, &again, Ok(Grant::Again)),
        (3001, &approved, Err(OverOwnerCeiling)),
        (3001, &again, Err(OverOwnerCeiling)),
    ];
    for (number, (value, permit, expected)) in cases.into_iter().enumerate() {
        let decoded = coins(value);
        let permit = permit(&decoded);
        let cleared = judged(&Windows::default(), decoded).unwrap().clear(permit);
        let by = cleared.map(|cleared| cleared.into_clearance().by).map_err(|no| no.code);
        assert_eq!(by, expected, "case {number}: {value}");
    }
}

#[test]
fn an_approval_of_another_wallet_is_none() {
    let decoded = coins(2000);
    let other = Approved::new(WalletId::from_bytes([9; 16]), decoded.intent(), USED);
    let cleared = judged(&Windows::default(), decoded).unwrap().clear(Permit::Approved(other));
    assert_eq!(cleared.unwrap_err().code, RefusalCode::BadApproval);
}

#[test]
fn what_was_signed_is_signed_again_though_the_windows_are_full() {
    let mut windows = Windows::default();
    for ledger in [Ledger::Alone, Ledger::Approved] {
        windows.add(ledger, native(), Amount::from(2 * FEE + 4000), NOW);
    }
    let again = Permit::Again(crate::journal::Repeat::for_tests());
    assert!(judged(&windows, coins(3000)).unwrap().clear(again).is_ok());
    let anew = judged(&windows, coins(3000)).unwrap().clear(approved(&coins(3000)));
    let refusal = anew.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::OverOwnerCeiling);
    assert!(refusal.message.contains(" of the native coin, fee included"), "{}", refusal.message);
}

#[test]
fn a_new_wallet_is_limited_where_coins_are_worth_something() {
    let mainnet = builtin_by_name("solana-mainnet").unwrap();
    let devnet = builtin_by_name("solana-devnet").unwrap();
    let lines = |environment, network| {
        exposure(&Guard::default_for(environment, &[network]), &outlook(&Windows::default()))
    };
    let five_sol = Ceiling::AtMost(Amount::from(5_000_000_000_u64));
    let [line] = lines(Environment::Mainnet, mainnet)[..] else { panic!("one line") };
    assert_eq!((line.asset, line.at_once, line.per_day), (Asset::Native, five_sol, five_sol));
    let thirty = Ceiling::AtMost(Amount::from(150_000_000_000_u64));
    assert_eq!((line.per_hour, line.per_month), (five_sol, thirty));
    let [line] = lines(Environment::Testnet, devnet)[..] else { panic!("one line") };
    assert_eq!(line.at_once, Ceiling::Unlimited);
}

fn outlook(windows: &Windows) -> Outlook<'_> {
    Outlook { windows, announced: &[], owners: Confirmed::No, now: NOW }
}

/// What could leave on Ethereum, of its coin: at once, in an hour, a day, a month.
fn printed(text: &str, outlook: &Outlook<'_>) -> [Option<u64>; 4] {
    let guard = Guard::from_toml(text, Chain::Evm).unwrap();
    let [line] = exposure(&guard, outlook)[..] else { panic!("one line") };
    [line.at_once, line.per_hour, line.per_day, line.per_month].map(|ceiling| match ceiling {
        Ceiling::AtMost(amount) => Some(amount.to_u64().unwrap()),
        Ceiling::Unlimited => None,
    })
}

#[test]
fn exposure_is_the_tightest_of_what_the_windows_leave() {
    let guard = |delay: &str| {
        format!(
            "delay_seconds = 7200\n[network.\"eip155:1\".native]\n\
             immediate = {{ per_transaction = \"5\", per_hour = \"10\", per_day = \"100\" }}\n{delay}"
        )
    };
    let delay = "delay = { per_transaction = \"50\", per_day = \"300\", per_month = \"1000\" }";
    let nothing = Windows::default();
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, native(), Amount::from(30_u64), NOW - 12 * 3600);
    windows.add(Ledger::Alone, native(), Amount::from(4_u64), NOW - 1800);
    let mut filled = Windows::default();
    filled.fill(NOW - 1800);
    for (what, text, windows, expected) in [
        ("nothing left yet", guard(""), &nothing, [10, 10, 100, 3000]),
        // What left half an hour ago counts for half an hour more, and with its day in the month.
        ("some left", guard(""), &windows, [6, 10, 100, 3000]),
        (
            "nothing waits, and what will is not ready in an hour",
            guard(delay),
            &nothing,
            [10, 10, 300, 1000],
        ),
        ("some left, and waits", guard(delay), &windows, [6, 10, 300, 996]),
        ("everything counts as spent", guard(""), &filled, [0, 0, 100, 3000]),
    ] {
        assert_eq!(printed(&text, &outlook(windows)), expected.map(Some), "{what}");
    }
}

#[test]
fn what_has_waited_could_leave_at_once() {
    let text = "delay_seconds = 7200\n[network.\"eip155:1\".native]\n\
        immediate = { per_day = \"10\" }\n\
        delay = { per_transaction = \"50\", per_day = \"120\" }\n";
    let announced = |ready_at| Announcement {
        wallet: wallet(),
        id: AnnouncementId([1; 16]),
        intent: [1; 32],
        ready_at,
        expires_at: ready_at + DAY_SECONDS,
    };
    let windows = Windows::default();
    let (ready, in_an_hour) = (announced(NOW), announced(NOW + 3600));
    for (announced, at_once, per_hour) in [
        (&[][..], 10, 10),
        (&[announced(NOW + 3601)], 10, 10),
        (&[in_an_hour], 10, 60),
        (&[ready], 60, 60),
        (&[ready, in_an_hour], 60, 110),
        (&[ready, ready, ready], 120, 120),
    ] {
        let outlook = Outlook { announced, ..outlook(&windows) };
        let [now, hour, day, _] = printed(text, &outlook);
        assert_eq!([now, hour, day], [at_once, per_hour, 120].map(Some), "{announced:?}");
    }
}

#[test]
fn where_anybody_becomes_an_owner_nothing_is_limited() {
    let limited = "[network.\"eip155:1\".native]\nimmediate = { per_day = \"10\" }";
    let windows = Windows::default();
    for (enrolment, owners, expected) in [
        ("operator", Confirmed::No, Some(10)),
        ("first-use", Confirmed::Yes, Some(10)),
        ("first-use", Confirmed::No, None),
    ] {
        let text = format!("owner_enrolment = \"{enrolment}\"\n{limited}");
        let outlook = Outlook { owners, ..outlook(&windows) };
        assert_eq!(printed(&text, &outlook)[0], expected, "{enrolment}, {owners:?}");
    }
}

#[test]
fn what_no_number_says_is_said() {
    let remarks = |text: &str| remarks(&Guard::from_toml(text, Chain::Evm).unwrap(), Confirmed::No);
    assert!(remarks("messages = \"owner\"\n[network.\"eip155:1\"]").is_empty());
    let text = format!(
        "owner_enrolment = \"first-use\"\n[network.\"eip155:5\"]\nopen = true\n\
         [network.\"eip155:1\"]\ncontract.{OTHER}.selectors = [\"0x01020304\"]\n\
         typed_data.{OTHER}.types = \"any\"\n"
    );
    let remarks = remarks(&text);
    let said =
        ["signs first", "texts", "(1 functions)", "(every type)", "everything that can be read"];
    assert_eq!(remarks.len(), said.len(), "{remarks:#?}");
    for (remark, words) in remarks.iter().zip(said) {
        assert!(remark.contains(words), "{remark}");
    }
}
