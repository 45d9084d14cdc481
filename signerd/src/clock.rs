//! The only reader of time.
//!
//! The signer's time is what the signer has seen pass. Within one boot of the machine the kernel
//! counts it (`CLOCK_BOOTTIME`, which goes on while the machine sleeps, and which nobody sets), also
//! while the signer does not run. Over a reboot, or on another machine, it goes on from the last
//! record of the journal: what was not seen does not count. The system's clock is asked once, when
//! there is no journal yet, and when an operator with the passphrase says that it is right. So no
//! step of it frees budget or ends a wait.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::log;

/// Where the kernel names this boot: a random UUID (`random(4)`).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Seconds since 1970, as the signer counts them.
pub type UnixSeconds = u64;

/// What the time is: by the signer's own clock, which judges, and by the system's, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the signer's clock.
    pub now: UnixSeconds,
    /// By the system's clock. It may be wrong.
    pub wall: UnixSeconds,
}

impl Moment {
    /// The later of the two: what ends by it ends too early rather than too late.
    pub fn latest(self) -> UnixSeconds {
        self.now.max(self.wall)
    }
}

/// Where time comes from: the kernel, or a test.
pub trait TimeSource: Debug {
    /// Which boot the uptime belongs to.
    fn boot(&self) -> [u8; 16];
    /// Since that boot, sleep included.
    fn uptime(&self) -> Duration;
    /// Since 1970, by the system's clock.
    fn wall(&self) -> Duration;
}

/// The kernel's clocks.
#[derive(Debug)]
pub struct SystemTimeSource {
    boot: [u8; 16],
}

impl SystemTimeSource {
    /// Reads the id of this boot; to be made before the sandbox closes `/proc`. Without one every
    /// start counts as after a reboot.
    pub fn new() -> Self {
        let read = std::fs::read_to_string(BOOT_ID).ok();
        let boot = read.as_deref().and_then(parse_boot_id).unwrap_or_else(|| {
            log::warning(format_args!(
                "{BOOT_ID} cannot be read: time between runs does not count"
            ));
            let mut random = [0; 16];
            // Without random bytes it is all zeros, which is the id of no boot.
            match getrandom::fill(&mut random) {
                Ok(()) => random,
                Err(_none) => [0; 16],
            }
        });
        Self { boot }
    }
}

impl Default for SystemTimeSource {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeSource for SystemTimeSource {
    fn boot(&self) -> [u8; 16] {
        self.boot
    }

    fn uptime(&self) -> Duration {
        let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has had it since 2.6.39");
        Duration::from(time)
    }

    fn wall(&self) -> Duration {
        #[expect(clippy::disallowed_methods, reason = "this module is where the time comes from")]
        let system = SystemTime::now();
        system.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// What a journal says of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the latest record carries.
    pub last: UnixSeconds,
    /// What the signer's clock showed when that boot had that uptime.
    pub at: UnixSeconds,
    /// The boot of the latest start.
    pub boot: [u8; 16],
    /// Milliseconds since that boot.
    pub uptime_ms: u64,
}

protocol::wire_fields!(Seen { last, at, boot, uptime_ms });

/// The signer's time.
#[derive(Debug)]
pub struct Clock {
    source: Box<dyn TimeSource>,
    /// What it showed at `uptime`.
    at: Duration,
    uptime: Duration,
}

impl Clock {
    /// Goes on from what was seen; by the system's clock where there is no journal yet.
    pub fn start(source: Box<dyn TimeSource>, seen: Option<Seen>) -> Self {
        let uptime = source.uptime();
        let at = seen.map_or_else(|| source.wall(), |seen| seen.now(source.boot(), uptime));
        Self { source, at, uptime }
    }

    /// The boot and its uptime in milliseconds, for the record of the start.
    pub fn boot(&self) -> ([u8; 16], u64) {
        (self.source.boot(), in_ms(self.source.uptime()))
    }

    /// Now, by both clocks.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: self.source.wall().as_secs() }
    }

    /// Now, in seconds.
    pub fn now(&self) -> UnixSeconds {
        self.since_1970().as_secs()
    }

    /// Now, in milliseconds, for what is named by time.
    pub fn now_ms(&self) -> u64 {
        in_ms(self.since_1970())
    }

    /// How far it is behind the system's clock; 0 where it is ahead.
    pub fn behind_seconds(&self) -> u64 {
        self.source.wall().as_secs().saturating_sub(self.now())
    }

    /// Goes on from the system's time, if that is later.
    pub fn accept_system_time(&mut self) {
        let wall = self.source.wall();
        if wall > self.since_1970() {
            (self.at, self.uptime) = (wall, self.source.uptime());
        }
    }

    fn since_1970(&self) -> Duration {
        self.at.saturating_add(self.source.uptime().saturating_sub(self.uptime))
    }
}

impl Seen {
    /// What the clock shows at a start in the boot `boot`.
    fn now(&self, boot: [u8; 16], uptime: Duration) -> Duration {
        let same_boot = boot == self.boot && boot != [0; 16];
        let passed = if same_boot {
            uptime.saturating_sub(Duration::from_millis(self.uptime_ms))
        } else {
            Duration::ZERO
        };
        let last = Duration::from_secs(self.last);
        Duration::from_secs(self.at).saturating_add(passed).max(last)
    }
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn parse_boot_id(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.trim().chars().filter(|letter| *letter != '-').collect();
    primitives::decode_hex(&digits).ok()?.try_into().ok()
}

#[cfg(test)]
pub(crate) mod testing {
    //! A machine whose clocks a test sets.

    use std::cell::Cell;
    use std::rc::Rc;

    use super::{Duration, TimeSource};

    /// The clocks of a machine; clones are of the same one.
    #[derive(Clone, Debug)]
    pub(crate) struct Machine {
        boot: Rc<Cell<u8>>,
        uptime_s: Rc<Cell<u64>>,
        wall_s: Rc<Cell<u64>>,
    }

    impl Machine {
        /// Up for an hour.
        pub(crate) fn new(wall_s: u64) -> Self {
            let new = |seconds| Rc::new(Cell::new(seconds));
            Self { boot: Rc::new(Cell::new(1)), uptime_s: new(3600), wall_s: new(wall_s) }
        }

        /// Time goes by, awake or asleep.
        pub(crate) fn pass(&self, seconds: u64) {
            self.uptime_s.set(self.uptime_s.get() + seconds);
            self.wall_s.set(self.wall_s.get() + seconds);
        }

        /// Somebody sets the system's clock.
        pub(crate) fn set_wall(&self, wall_s: u64) {
            self.wall_s.set(wall_s);
        }

        /// What the system's clock shows.
        pub(crate) fn wall_s(&self) -> u64 {
            self.wall_s.get()
        }

        /// It is off for so long, and then up for a minute.
        pub(crate) fn reboot(&self, seconds: u64) {
            self.boot.set(self.boot.get() + 1);
            self.uptime_s.set(60);
            self.wall_s.set(self.wall_s.get() + seconds + 60);
        }

        pub(crate) fn source(&self) -> Box<dyn TimeSource> {
            Box::new(self.clone())
        }
    }

    impl TimeSource for Machine {
        fn boot(&self) -> [u8; 16] {
            [self.boot.get(); 16]
        }

        fn uptime(&self) -> Duration {
            Duration::from_secs(self.uptime_s.get())
        }

        fn wall(&self) -> Duration {
            Duration::from_secs(self.wall_s.get())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Machine;
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const TEN_YEARS: u64 = 315_576_000;

    fn seen(clock: &Clock) -> Seen {
        let (boot, uptime_ms) = clock.boot();
        Seen { last: clock.now(), at: clock.now(), boot, uptime_ms }
    }

    #[test]
    fn only_time_that_the_kernel_counted_passes() {
        /// What happens to a machine, and how long that is by the signer's clock.
        type Row = (&'static str, fn(&Machine), u64);
        let rows: [Row; 8] = [
            ("nothing", |_| {}, 0),
            ("an hour", |machine| machine.pass(3600), 3600),
            ("its clock goes ahead", |machine| machine.set_wall(NOW + TEN_YEARS), 0),
            ("its clock goes back", |machine| machine.set_wall(NOW - TEN_YEARS), 0),
            ("its clock begins anew", |machine| machine.set_wall(0), 0),
            (
                "a step and a minute",
                |machine| {
                    machine.set_wall(0);
                    machine.pass(60);
                },
                60,
            ),
            ("a reboot", |machine| machine.reboot(7200), 0),
            (
                "a reboot and a step",
                |machine| {
                    machine.reboot(7200);
                    machine.set_wall(NOW + TEN_YEARS);
                },
                0,
            ),
        ];
        for (what, happens, passed) in rows {
            let machine = Machine::new(NOW);
            let clock = Clock::start(machine.source(), None);
            let seen = seen(&clock);
            happens(&machine);
            let restarted = Clock::start(machine.source(), Some(seen));
            assert_eq!(restarted.now(), NOW + passed, "{what}");
        }
        let other = Machine::new(NOW + TEN_YEARS);
        let clock = Clock::start(Machine::new(NOW).source(), None);
        other.reboot(0);
        other.pass(TEN_YEARS);
        let moved = Clock::start(other.source(), Some(seen(&clock)));
        assert_eq!(moved.now(), NOW, "another machine");
    }

    #[test]
    fn while_it_runs_the_system_clock_is_not_asked() {
        let machine = Machine::new(NOW);
        let clock = Clock::start(machine.source(), None);
        for (wall, behind) in [(NOW + TEN_YEARS, TEN_YEARS), (NOW - TEN_YEARS, 0), (NOW, 0)] {
            machine.set_wall(wall);
            assert_eq!((clock.now(), clock.behind_seconds()), (NOW, behind));
            assert_eq!(clock.moment(), Moment { now: NOW, wall });
        }
    }

    #[test]
    fn time_never_starts_before_the_last_record() {
        let machine = Machine::new(NOW);
        let seen = Seen { last: NOW + 500, ..seen(&Clock::start(machine.source(), None)) };
        assert_eq!(Clock::start(machine.source(), Some(seen)).now(), NOW + 500);
        machine.pass(700);
        assert_eq!(Clock::start(machine.source(), Some(seen)).now(), NOW + 700);
    }

    #[test]
    fn the_system_clock_is_accepted_ahead_and_never_back() {
        let machine = Machine::new(NOW);
        let mut clock = Clock::start(machine.source(), None);
        machine.set_wall(NOW - 5);
        clock.accept_system_time();
        assert_eq!(clock.now(), NOW);
        machine.set_wall(NOW + TEN_YEARS);
        clock.accept_system_time();
        machine.pass(5);
        assert_eq!((clock.now(), clock.behind_seconds()), (NOW + TEN_YEARS + 5, 0));
    }

    #[test]
    fn the_kernel_names_its_boot_and_counts_its_time() {
        assert_eq!(
            parse_boot_id("00112233-4455-6677-8899-aabbccddeeff\n").unwrap()[..3],
            [0, 17, 34]
        );
        assert_eq!(parse_boot_id("0011"), None);
        let source = SystemTimeSource::new();
        assert_ne!(source.boot(), [0; 16]);
        let before = source.uptime();
        assert!(source.uptime() >= before && !before.is_zero());
    }
}
