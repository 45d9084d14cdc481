//! Somebody who takes all that he gets, in a time that passes as he likes: he never gets more than
//! was printed.

use proptest::prelude::*;
use protocol::{Announcement, Ceiling};

use super::*;

/// A wallet and its guard, in virtual time.
struct Victim {
    guard: Guard,
    windows: Windows,
    announcements: Announcements,
    now: UnixSeconds,
    /// When what left.
    left: Vec<(UnixSeconds, u64)>,
    announced: Vec<(AnnouncementId, u64)>,
    last_id: u16,
}

/// What was printed, and when.
struct Printed {
    at: UnixSeconds,
    line: protocol::ExposureLine,
}

/// Transfers on a network without fees, so that the amount is all that leaves.
fn free(value: u64) -> Decoded {
    let transaction = Transaction {
        kind: Kind::Legacy { gas_price: Amount::ZERO },
        chain_id: 1.try_into().unwrap(),
        nonce: 0,
        gas_limit: 21_000,
        to: Some(BOB),
        value: Amount::from(value),
        data: vec![],
    };
    txcodec::evm::decode(&transaction.to_unsigned_bytes(), WALLET).unwrap()
}

impl Victim {
    fn judged(&self, value: u64) -> Judged {
        let moment = Moment { now: self.now, wall: self.now };
        judge(&self.guard, &self.windows, free(value), wallet(), moment).unwrap()
    }

    /// The largest amount that demands no more than `most`.
    fn largest(&self, most: &Demand) -> u64 {
        let (mut passes, mut fails) = (0, 5000);
        while fails - passes > 1 {
            let middle = u64::midpoint(passes, fails);
            if self.judged(middle).demand() <= most { passes = middle } else { fails = middle }
        }
        passes
    }

    fn take(&mut self, value: u64, permit: Permit) -> bool {
        let Ok(cleared) = self.judged(value).clear(permit) else { return false };
        for (asset, amount) in cleared.into_clearance().spend {
            self.windows.add(Ledger::Alone, (native().0, asset), amount, self.now);
        }
        self.left.push((self.now, value));
        true
    }

    fn take_at_once(&mut self) {
        let value = self.largest(&Demand::Immediate);
        self.take(value, Permit::None);
    }

    fn announce(&mut self, value: u64) {
        self.last_id += 1;
        let mut id = [0; 16];
        id[..2].copy_from_slice(&self.last_id.to_be_bytes());
        let id = AnnouncementId(id);
        let (intent, delay) = (free(value).intent(), self.guard.delay_seconds());
        if self.judged(value).demand() <= &Demand::Delay(u32::MAX)
            && let Ok(Wish::New(new)) =
                self.announcements.wish((wallet(), id), intent, delay, self.now)
        {
            self.announcements.add(self.now, &new);
            self.announced.push((id, value));
        }
    }

    /// Signs everything that has waited, the largest first, at once before and after.
    fn redeem(&mut self) {
        self.announced.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
        for (id, value) in std::mem::take(&mut self.announced) {
            let (intent, delay) = (free(value).intent(), self.guard.delay_seconds());
            let taken = match self.announcements.redeem(id, intent, delay, self.now) {
                Ok(waited) => self.take(value, Permit::Waited(waited)),
                Err(_not_yet) => false,
            };
            if taken {
                self.announcements.close(id);
            } else {
                self.announced.push((id, value));
            }
        }
    }

    fn print(&self) -> Printed {
        let delay = self.guard.delay_seconds();
        let announced: Vec<Announcement> = self.announcements.list(wallet(), delay, self.now);
        let outlook = Outlook {
            windows: &self.windows,
            announced: &announced,
            owners: Confirmed::No,
            now: self.now,
        };
        let [line] = exposure(&self.guard, &outlook)[..] else { panic!("one line") };
        Printed { at: self.now, line }
    }

    /// Compares what left since with what was printed; `before` counts what left until then.
    fn check(&self, printed: &Printed, before: usize) -> Result<(), TestCaseError> {
        let line = &printed.line;
        for (most, seconds) in [
            (line.at_once, 0),
            (line.per_hour, Span::Hour.seconds()),
            (line.per_day, Span::Day.seconds()),
            (line.per_month, Span::Month.seconds()),
        ] {
            let Ceiling::AtMost(most) = most else { panic!("a bound") };
            let since = self.left[before..].iter();
            let taken: u64 =
                since.filter(|(at, _)| *at <= printed.at + seconds).map(|(_, value)| value).sum();
            prop_assert!(Amount::from(taken) <= most, "{taken} in {seconds} s: {line:?}");
        }
        Ok(())
    }
}

/// Ceilings of each span from the shortest on, or none, each at least those before.
fn ceilings() -> impl Strategy<Value = [Option<u64>; 4]> {
    let optional = || proptest::option::of(0_u64..50);
    (optional(), optional(), 0_u64..200, proptest::option::of(0_u64..1000)).prop_map(
        |(transaction, hour, day, month)| {
            let hour = hour.map(|hour| hour + transaction.unwrap_or_default());
            let day = day + hour.or(transaction).unwrap_or_default();
            [transaction, hour, Some(day), month.map(|month| month + day)]
        },
    )
}

fn table(ceilings: [Option<u64>; 4]) -> String {
    let keys = ["per_transaction", "per_hour", "per_day", "per_month"].into_iter().zip(ceilings);
    let pairs = keys.filter_map(|(key, ceiling)| Some(format!("{key} = \"{}\"", ceiling?)));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

/// A guard, whose ceilings for waits are so much more than those for at once.
fn a_guard() -> impl Strategy<Value = Guard> {
    let delay_seconds = prop_oneof![Just(0_u32), Just(60), Just(3600), Just(5000), Just(100_000)];
    let more = proptest::option::of(0_u64..300);
    (ceilings(), delay_seconds, more).prop_map(|(immediate, delay_seconds, more)| {
        let delay = more.map_or_else(String::new, |more| {
            // What is not limited at once must not be limited after a wait.
            let delay = immediate.map(|ceiling| ceiling.map(|ceiling| ceiling + more));
            format!("delay = {}\n", table(delay))
        });
        let immediate = table(immediate);
        let text = format!(
            "delay_seconds = {delay_seconds}\n\
             [network.\"eip155:1\".native]\nimmediate = {immediate}\n{delay}"
        );
        Guard::from_toml(&text, Chain::Evm).unwrap()
    })
}

/// What somebody does, after so many seconds.
#[derive(Clone, Copy, Debug)]
enum Deed {
    TakeAtOnce,
    Announce(u64),
    AnnounceTheMost,
    Redeem,
    Print,
}

fn deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let wait = prop_oneof![
        3 => Just(0_u64),
        2 => 0_u64..120,
        2 => 0_u64..4000,
        2 => Just(3600_u64),
        1 => Just(86_400_u64),
        1 => 0_u64..200_000,
    ];
    let deed = prop_oneof![
        3 => Just(Deed::TakeAtOnce),
        1 => (1_u64..500).prop_map(Deed::Announce),
        2 => Just(Deed::AnnounceTheMost),
        2 => Just(Deed::Redeem),
        2 => Just(Deed::Print),
    ];
    proptest::collection::vec((wait, deed), 1..60)
}

/// The month's ceiling of what waits counts what leaves at once, so that holds to it too.
#[test]
fn a_month_that_only_waits_limit_limits_what_leaves_at_once() {
    let text = "[network.\"eip155:1\".native]\nimmediate = { per_day = \"10\" }\n\
        delay = { per_day = \"20\", per_month = \"50\" }";
    let mut victim = Victim {
        guard: Guard::from_toml(text, Chain::Evm).unwrap(),
        windows: Windows::default(),
        announcements: Announcements::default(),
        now: NOW,
        left: Vec::new(),
        announced: Vec::new(),
        last_id: 0,
    };
    let printed = victim.print();
    assert_eq!(printed.line.per_month, Ceiling::AtMost(Amount::from(50_u64)));
    for _ in 0..10 {
        victim.take_at_once();
        victim.now += 2 * DAY_SECONDS;
    }
    victim.check(&printed, 0).unwrap();
    assert_eq!(victim.left.iter().map(|(_, value)| value).sum::<u64>(), 50);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nobody_takes_more_than_was_printed(guard in a_guard(), deeds in deeds()) {
        let mut victim = Victim {
            guard,
            windows: Windows::default(),
            announcements: Announcements::default(),
            now: NOW,
            left: Vec::new(),
            announced: Vec::new(),
            last_id: 0,
        };
        let mut printed = Vec::new();
        for (wait, deed) in deeds {
            victim.now += wait;
            match deed {
                Deed::TakeAtOnce => victim.take_at_once(),
                Deed::Announce(value) => victim.announce(value),
                Deed::AnnounceTheMost => victim.announce(victim.largest(&Demand::Delay(u32::MAX))),
                Deed::Redeem => victim.redeem(),
                Deed::Print => printed.push((victim.print(), victim.left.len())),
            }
        }
        for (printed, before) in &printed {
            victim.check(printed, *before)?;
        }
    }

    /// The number is no fiction either: without a wait, and with the largest transaction allowed, all
    /// of it leaves at once.
    #[test]
    fn what_is_printed_for_now_leaves(guard in a_guard(), deeds in deeds()) {
        let mut victim = Victim {
            guard,
            windows: Windows::default(),
            announcements: Announcements::default(),
            now: NOW,
            left: Vec::new(),
            announced: Vec::new(),
            last_id: 0,
        };
        for (wait, deed) in deeds {
            victim.now += wait;
            if matches!(deed, Deed::TakeAtOnce) {
                victim.take_at_once();
            }
        }
        prop_assume!(victim.guard.delay_seconds() > 0);
        let Ceiling::AtMost(most) = victim.print().line.at_once else { panic!("a bound") };
        let before = victim.left.len();
        for _ in 0..2000 {
            if victim.largest(&Demand::Immediate) == 0 {
                break;
            }
            victim.take_at_once();
        }
        let taken: u64 = victim.left[before..].iter().map(|(_, value)| value).sum();
        prop_assert_eq!(Amount::from(taken), most);
    }
}
