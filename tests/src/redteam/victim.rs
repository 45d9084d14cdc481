//! The signer that is shot at: it dies when somebody likes, and time passes for it as somebody likes.

use std::time::{Duration, Instant};

use primitives::{Chain, Environment};
use protocol::{Reply, Request};

use super::Target;
use super::rules::{Feature, Rules};
use crate::approver::{Owner, confirm, owners};
use crate::daemons::{
    Place, Signerd, change_guard, create_wallet, hostile_gateway, init_vault, operator, unlock,
};
use crate::process::{Build, time_can_pass};
use crate::signer::SignerClient;

/// How many of the owners have to sign.
pub(super) const THRESHOLD: u8 = 2;

/// A signer whose vault is open.
#[derive(Debug)]
pub struct Victim {
    place: Place,
    signerd: Signerd,
    started: Instant,
    /// How much more time passed for it than for this process.
    ahead: Duration,
    time_can_pass: bool,
}

impl Victim {
    /// Starts it in a directory of its own.
    pub fn new(build: Build) -> Self {
        let place = Place::for_build(build);
        let signerd = Signerd::start(&place, "");
        init_vault(&place);
        let time_can_pass = time_can_pass();
        Self { place, signerd, started: Instant::now(), ahead: Duration::ZERO, time_can_pass }
    }

    /// A wallet under these rules.
    pub(super) fn wallet(&self, rules: &Rules) -> Target {
        let key = create_wallet(&self.place, rules.chain, Environment::Mainnet);
        change_guard(&self.place, key.wallet, |_default| rules.text());
        if rules.has(Feature::Owned) {
            let people = people(rules.chain);
            confirm(&mut self.operator(), key.wallet, owners(THRESHOLD, &people.each_ref()));
        }
        Target { wallet: key.wallet, address: key.address, rules: *rules }
    }

    /// A connection as an attacker has it who took over gatewayd.
    pub(super) fn gateway(&self) -> SignerClient {
        hostile_gateway(&self.place)
    }

    pub(super) fn operator(&self) -> SignerClient {
        operator(&self.place)
    }

    /// How much time passed for it.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed() + self.ahead
    }

    /// The time by its own clock, in Unix seconds; a second more or less.
    #[expect(clippy::disallowed_methods, reason = "the signer began with the system's time")]
    pub(super) fn now(&self) -> u64 {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        (wall.unwrap_or_default() + self.ahead).as_secs()
    }

    /// kill -9.
    pub(super) fn kill(&mut self) {
        self.signerd.process().kill();
    }

    /// Starts it again when so much time has passed, where time can be made to pass, and opens its
    /// vault. How much did.
    pub(super) fn start_again(&mut self, later: Duration) -> Duration {
        let later = if self.time_can_pass { later } else { Duration::ZERO };
        self.ahead += later;
        self.signerd.start_later(&self.place, self.ahead);
        unlock(&self.place);
        later
    }

    /// Which version of a guard is in force.
    pub(super) fn guard_version(&self, target: &Target) -> u64 {
        let reply = self.gateway().ask(Request::ShowGuard { wallet: target.wallet });
        let Reply::Guard(guard) = reply else { panic!("no guard: {reply:?}") };
        guard.version
    }
}

/// The owners of every wallet that has some.
pub(super) fn people(chain: Chain) -> [Owner; 3] {
    match chain {
        Chain::Evm => [1, 2, 3].map(Owner::evm),
        Chain::Solana => [1, 2, 3].map(Owner::solana),
    }
}
