//! Leases over any course of payments, times and crashes: what was signed counts, and without a
//! crash nothing else does.

use proptest::prelude::*;
use txcodec::evm::{Kind, Transaction};

use super::*;
use crate::guard::{Permit, judge};

/// What leaves at once in a day, of which a lease takes a twentieth.
const CEILING: u64 = 1_000_000;
/// What each payment costs besides its value.
const FEE: u64 = 21_000;

/// What happens to a signer.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pay(u64),
    Wait(u64),
    /// It goes on by itself.
    Tick,
    /// It is stopped and started.
    Stop,
    /// So many percent of what was not synced are on the disk when it starts again.
    Crash(usize),
}

struct Course {
    directory: TempDir,
    journal: Journal,
    now: UnixSeconds,
    payments: u64,
    signed: Vec<(UnixSeconds, u64)>,
    /// Whether something may count that was never signed.
    forfeited: bool,
}

impl Course {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        let text = format!(
            "lease_percent = 5\n[network.\"eip155:1\".native]\n\
             immediate = {{ per_day = \"{CEILING}\" }}\n"
        );
        for event in [created(), Event::GuardSet { wallet: wallet(), version: 2, text }] {
            journal.append(MOMENT, event);
        }
        journal.commit().unwrap();
        let (now, payments, signed, forfeited) = (NOW, 0, Vec::new(), false);
        Self { directory, journal, now, payments, signed, forfeited }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now, wall: self.now }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Pay(value) => {
                let is_signed = self.pay(value);
                let most = CEILING.saturating_sub(FEE + value);
                let others = self.signed_since(self.now - Span::Day.seconds() - 1860) + self.rest();
                assert!(is_signed || self.forfeited || others > most, "{value} after {others}");
            }
            Step::Wait(seconds) => self.now += seconds,
            Step::Tick => self.journal.tick(self.moment()).unwrap(),
            Step::Stop => {
                self.journal.stop().unwrap();
                self.journal = Journal::open(self.directory.path()).unwrap();
            }
            Step::Crash(percent) => {
                let file = self.directory.path().join(FIRST);
                let mut bytes = fs::read(&file).unwrap();
                let synced = self.journal.synced_bytes();
                bytes.truncate(synced + (bytes.len() - synced) * percent / 100);
                fs::write(&file, bytes).unwrap();
                self.journal = Journal::open(self.directory.path()).unwrap();
                self.forfeited = true;
            }
        }
        self.check();
    }

    /// As the signer signs: whether it did.
    fn pay(&mut self, value: u64) -> bool {
        let moment = self.moment();
        self.journal.end_leases(moment, self.now);
        self.payments += 1;
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: Amount::from(1_u64) },
            chain_id: 1.try_into().unwrap(),
            nonce: self.payments,
            gas_limit: FEE,
            to: Some(EvmAddress([0xb0; 20])),
            value: Amount::from(value),
            data: Vec::new(),
        };
        let unsigned = transaction.to_unsigned_bytes();
        let decoded = txcodec::evm::decode(&unsigned, EvmAddress([3; 20])).unwrap();
        let state = self.journal.state().wallet(wallet()).unwrap();
        let guard = state.guard().unwrap();
        let judged = judge(guard, state.windows(), decoded, wallet(), moment).unwrap();
        let permit = self.journal.pay(&judged, self.now).map_or(Permit::None, Permit::Leased);
        let Ok(cleared) = judged.clear(permit) else { return false };
        match self.journal.record(moment, cleared) {
            Noted::Waiting(_) => drop(self.journal.commit().unwrap()),
            Noted::Leased(_) => self.journal.write().unwrap(),
        }
        self.signed.push((self.now, FEE + value));
        true
    }

    fn signed_since(&self, oldest: UnixSeconds) -> u64 {
        self.signed.iter().filter(|(at, _)| *at >= oldest).map(|(_, amount)| amount).sum()
    }

    /// What leases still hold.
    fn rest(&self) -> u64 {
        self.journal.leased(wallet()).map(|(_, amount)| amount.to_u64().unwrap()).sum()
    }

    fn check(&self) {
        assert_eq!(self.journal.damage(), None);
        let windows = self.journal.state().wallet(wallet()).unwrap().windows();
        for (span, bucket) in [(Span::Hour, 60), (Span::Day, 1800), (Span::Month, 86_400)] {
            let counted = windows.spent(Ledger::Alone, span, (scope(), Asset::Native), self.now);
            let counted = counted.unwrap().to_u64().unwrap();
            let begin = self.now - span.seconds();
            let signed = self.signed_since(begin);
            assert!(counted >= signed, "{counted} of {signed} count in a {span:?}");
            let most = self.signed_since(begin - bucket - 60) + self.rest();
            assert!(self.forfeited || counted <= most, "{counted} for {most} in a {span:?}");
        }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u64..60_000).prop_map(Step::Pay),
        2 => (0_u64..20).prop_map(Step::Wait),
        2 => (20_u64..4 * 3600).prop_map(Step::Wait),
        1 => Just(Step::Tick),
        1 => Just(Step::Stop),
    ]
}

fn steps_and_crashes() -> impl Strategy<Value = Step> {
    prop_oneof![9 => steps(), 1 => (0_usize..=100).prop_map(Step::Crash)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_lost_in_crashes_all_that_was_signed_counts(
        steps in proptest::collection::vec(steps_and_crashes(), 0..150),
    ) {
        let mut course = Course::new();
        for step in steps {
            course.take(step);
        }
    }

    #[test]
    fn without_crashes_nothing_counts_but_what_was_signed_and_what_leases_hold(
        steps in proptest::collection::vec(steps(), 0..150),
    ) {
        let mut course = Course::new();
        for step in steps {
            course.take(step);
        }
    }

    #[test]
    fn who_pays_slowly_uses_the_whole_day(
        payments in proptest::collection::vec((0_u64..9000, 60_u64..400), 50..60),
    ) {
        let mut course = Course::new();
        let mut whole = 0;
        for (value, wait) in payments {
            if whole + FEE + value > CEILING {
                break;
            }
            prop_assert!(course.pay(value), "{value} after {whole} of {CEILING}");
            whole += FEE + value;
            course.take(Step::Wait(wait));
        }
        prop_assert!(whole > CEILING - FEE - 9000, "only {whole} of {CEILING}");
    }
}
