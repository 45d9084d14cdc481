//! Who may be given leave to take tokens, and how much.

use super::rules::{approve, permits_of, under, whole};
use super::*;

fn increase(spender: EvmAddress, by: u64) -> Decoded {
    let increase = erc20::Call::IncreaseAllowance { spender, amount: by.into() };
    unsigned(1, Some(TOKEN), 0, increase.to_data())
}

/// A guard that lets BOB be given up to this of TOKEN, and Permit2 be used.
fn up_to(most: impl std::fmt::Display) -> String {
    format!(
        "[network.\"eip155:1\".native]\nimmediate = {{ per_day = \"1000000\" }}\n\
         [network.\"eip155:1\".token.{TOKEN}]\nimmediate = {{ per_day = \"5000\" }}\n\
         spenders = {{ {BOB} = \"{most}\" }}\n\
         [network.\"eip155:1\".token.{OTHER}]\nimmediate = {{ per_day = \"5000\" }}\n\
         [network.\"eip155:1\".typed_data.0x000000000022D473030F116dDEE9F6B43aC78BA3]\n\
         types = \"any\"\n"
    )
}

#[test]
fn allowances_are_for_the_spenders_that_are_listed_up_to_their_most() {
    for (what, decoded, expected) in [
        ("the most", approve(BOB, 100), Asks::Nothing),
        ("one more", approve(BOB, 101), Asks::Owner),
        ("another spender", approve(OTHER, 1), Asks::Owner),
        ("another spender who loses it", approve(OTHER, 0), Asks::Nothing),
        ("a payment to another", tokens(TOKEN, 101), Asks::Nothing),
    ] {
        assert_eq!(whole(&up_to(100), decoded, NOW), expected, "{what}");
    }
}

#[test]
fn allowances_of_a_token_for_a_spender_are_added_up() {
    for (permitted, expected) in [
        (vec![(TOKEN, 50), (TOKEN, 50)], Asks::Nothing),
        (vec![(TOKEN, 50), (TOKEN, 51)], Asks::Owner),
        (vec![(TOKEN, 51), (OTHER, 1), (TOKEN, 50)], Asks::Owner),
        (vec![(TOKEN, 100), (OTHER, 100)], Asks::Nothing),
        (vec![(TOKEN, 100), (TOKEN, 0)], Asks::Nothing),
    ] {
        assert_eq!(whole(&up_to(100), permits_of(1, &permitted), NOW), expected, "{permitted:?}");
    }
}

/// What stands is nowhere in the bytes: a hundred small ones would pass any limit.
#[test]
fn what_is_added_to_an_allowance_needs_owners_where_allowances_are_limited() {
    let listed = |who: EvmAddress| format!("recipients = [\"{who}\"]");
    for (decoded, expected) in [
        (increase(BOB, 1), Asks::Owner),
        (increase(BOB, 100), Asks::Owner),
        (increase(OTHER, 1), Asks::Owner),
        (increase(BOB, 0), Asks::Nothing),
        (increase(OTHER, 0), Asks::Nothing),
        (approve(BOB, 100), Asks::Nothing),
    ] {
        assert_eq!(whole(&up_to(100), decoded.clone(), NOW), expected, "{decoded:?}");
    }
    assert_eq!(whole(&up_to(Amount::MAX), increase(BOB, 100), NOW), Asks::Nothing);
    assert_eq!(under("", increase(BOB, 100)), Asks::Nothing);
    assert_eq!(under(&listed(BOB), increase(BOB, 100)), Asks::Nothing);
    assert_eq!(under(&listed(OTHER), increase(BOB, 100)), Asks::Owner);
}
