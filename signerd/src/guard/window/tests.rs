//! Windows, compared with what they are to hold.

use proptest::prelude::*;
use protocol::wire::{read_all, to_bytes};

use super::*;

const NOW: UnixSeconds = 1_800_000_000;
const SOL: (Scope, Asset) = (Scope::Solana, Asset::Native);

fn amount(value: u64) -> Amount {
    Amount::from(value)
}

fn spent(windows: &Windows, span: Span, at: UnixSeconds) -> Option<Amount> {
    windows.spent(Ledger::Alone, span, SOL, at)
}

#[test]
fn what_is_counted_ahead_forgets_nothing_early() {
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    let last_of = |span: Span| span.leaves_at(span.bucket_of(NOW)) - 1;
    let last = last_of(Span::Hour);
    windows.add(Ledger::Alone, SOL, amount(7), last + LEAD_SECONDS);
    assert_eq!(spent(&windows, Span::Hour, last), Some(amount(12)));
    let last = last_of(Span::Month);
    windows.add(Ledger::Alone, SOL, amount(1), last + LEAD_SECONDS);
    assert_eq!(spent(&windows, Span::Month, last), Some(amount(13)));
}

#[test]
fn before_a_restore_nothing_counts_as_used_up_at_whatever_time() {
    for now in [0, 1, NOW] {
        assert_eq!(spent(&Windows::default(), Span::Month, now), Some(Amount::ZERO), "{now}");
    }
    let mut restored = Windows::default();
    restored.fill(1);
    assert_eq!(spent(&restored, Span::Hour, 2), None);
}

#[test]
fn spend_counts_for_its_window_and_never_a_second_less() {
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    for span in Span::ALL {
        let (length, bucket) = (span.seconds(), span.bucket_seconds());
        for (later, expected) in [(0, 5), (length - 1, 5), (length, 5), (length + bucket, 0)] {
            let counted = spent(&windows, span, NOW + later);
            assert_eq!(counted, Some(amount(expected)), "{span:?}, {later} s later");
        }
    }
}

#[test]
fn assets_networks_and_ledgers_are_counted_apart() {
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    let mainnet = (Scope::Evm("eip155:1".parse().unwrap()), Asset::Native);
    let day = |ledger, what| windows.spent(ledger, Span::Day, what, NOW);
    assert_eq!(day(Ledger::Alone, mainnet), Some(Amount::ZERO));
    assert_eq!(day(Ledger::Approved, SOL), Some(Amount::ZERO));
}

#[test]
fn what_can_leave_until_a_time_to_come_counts_from_now_on() {
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW + 100);
    windows.add(Ledger::Alone, SOL, amount(1), NOW);
    assert_eq!(spent(&windows, Span::Hour, NOW), Some(amount(6)));
    let end = NOW + 100 + Span::Hour.seconds();
    assert_eq!(spent(&windows, Span::Hour, end), Some(amount(6)));
    assert_eq!(spent(&windows, Span::Hour, end + 60), Some(Amount::ZERO));
}

#[test]
fn what_is_given_back_counts_no_more_and_nothing_else_does_less() {
    let token = (Scope::Solana, Asset::Token(primitives::SolanaAddress([7; 32]).into()));
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    windows.add(Ledger::Alone, SOL, amount(100), NOW + 60);
    for of in [(Ledger::Alone, token), (Ledger::Approved, SOL)] {
        windows.add(of.0, of.1, amount(100), NOW + 60);
    }
    let day = |windows: &Windows, ledger, of| windows.spent(ledger, Span::Day, of, NOW + 60);
    windows.give_back(SOL, amount(70), NOW + 60);
    for span in Span::ALL {
        assert_eq!(spent(&windows, span, NOW + 60), Some(amount(35)), "{span:?}");
    }
    assert_eq!(day(&windows, Ledger::Alone, token), Some(amount(100)));
    assert_eq!(day(&windows, Ledger::Approved, SOL), Some(amount(100)));
    let end = NOW + 60 + Span::Hour.seconds();
    assert_eq!(spent(&windows, Span::Hour, end), Some(amount(30)), "what was used still counts");
}

#[test]
fn what_cannot_be_given_back_goes_on_to_count() {
    let mut windows = Windows::default();
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    for (what, given_back, at) in
        [("more than was counted", 6, NOW), ("of another time", 5, NOW + DAY_SECONDS)]
    {
        windows.give_back(SOL, amount(given_back), at);
        assert_eq!(spent(&windows, Span::Month, NOW), Some(amount(5)), "{what}");
    }
    windows.add(Ledger::Alone, SOL, Amount::MAX, NOW);
    windows.give_back(SOL, amount(5), NOW);
    assert_eq!(spent(&windows, Span::Month, NOW), Some(Amount::MAX), "a sum that did not fit");
}

#[test]
fn tokens_of_which_nothing_counts_any_more_are_forgotten() {
    let mut windows = Windows::default();
    for number in 0..100_u8 {
        let token = Asset::Token(primitives::EvmAddress([number; 20]).into());
        windows.add(Ledger::Alone, (Scope::Solana, token), amount(1), NOW);
    }
    assert_eq!(windows.spent.len(), 300);
    windows.add(Ledger::Alone, SOL, amount(1), NOW + 2 * DAY_SECONDS);
    assert_eq!(windows.spent.len(), 103, "the month still counts");
    windows.add(Ledger::Alone, SOL, amount(1), NOW + 40 * DAY_SECONDS);
    assert_eq!(windows.spent.len(), 3);
}

#[test]
fn a_filled_window_is_full_for_its_length() {
    let mut windows = Windows::default();
    windows.fill(NOW);
    for span in Span::ALL {
        assert_eq!(spent(&windows, span, NOW + span.seconds() - 1), None);
        assert_eq!(spent(&windows, span, NOW + span.seconds()), Some(Amount::ZERO));
    }
}

#[test]
fn windows_survive_the_round_trip() {
    let mut windows = Windows::default();
    windows.fill(NOW - 5);
    windows.add(Ledger::Alone, SOL, amount(5), NOW);
    windows.add(Ledger::Approved, SOL, amount(6), NOW + 7200);
    windows.add_request(NOW);
    let bytes = to_bytes(&windows);
    assert_eq!(read_all::<Windows>(&bytes).unwrap(), windows);
    for end in 0..bytes.len() {
        assert!(read_all::<Windows>(&bytes[..end]).is_err(), "cut at {end}");
    }
}

proptest! {
    /// Against a model that keeps every single spend.
    #[test]
    fn a_window_never_counts_less_than_a_list_of_all_spends(
        steps in proptest::collection::vec((0_u64..4 * 3600, 0_u64..1000), 0..200),
    ) {
        let mut windows = Windows::default();
        let mut list = Vec::new();
        let mut now = NOW;
        for (wait, value) in steps {
            now += wait;
            windows.add(Ledger::Alone, SOL, amount(value), now);
            list.push((now, value));
            let sum_since = |oldest: u64| -> u64 {
                list.iter().filter(|(at, _)| *at >= oldest).map(|(_, value)| value).sum()
            };
            for span in Span::ALL {
                let counted = spent(&windows, span, now).unwrap();
                let begin = now - span.seconds();
                prop_assert!(counted >= amount(sum_since(begin)));
                prop_assert!(counted <= amount(sum_since(begin - span.bucket_seconds())));
            }
        }
    }
}
