//! The plan's parts: what is shared, what each host knows, and what may happen.

use std::collections::BTreeMap;

use tests::redteam::dice::Dice;

const HOSTS: usize = 3;
const WALLETS: usize = 2;
/// What a wallet may spend in any [`WINDOW`].
const LIMIT: u64 = 100;
/// Seconds: short, so that many of them are in a history.
const WINDOW: u64 = 100;
/// Seconds for which a host may sign after it last read the shared state.
const LEASE: u64 = 40;

/// A rule of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A lost host's wallets are restored elsewhere when its lease is over, and not before.
    WaitForTheLease,
    /// What a wallet spent in the last window moves along with its key; restored from a backup, all of
    /// its limits count as used.
    TakeTheSpendAlong,
    /// Each move has a number of its own, and a host takes no older one.
    KnowTheEpoch,
    /// Without the shared state a host signs for as long as a lease.
    StopWithoutALease,
}

/// A payment: when, and how much.
type Payment = (u64, u64);

/// A wallet's key on a host, with what its journal knows.
#[derive(Clone, Debug)]
struct Key {
    epoch: u64,
    spent: Vec<Payment>,
}

#[derive(Debug)]
struct Host {
    is_up: bool,
    sees_shared: bool,
    /// When it last read the shared state, and what that was.
    read_at: u64,
    homes: Vec<Home>,
    /// Likewise, when the switch fell.
    fallen_at: Option<u64>,
    keys: BTreeMap<usize, Key>,
}

/// Where a wallet is, or is going to be, as the shared database has it.
#[derive(Clone, Copy, Debug)]
struct Home {
    host: usize,
    /// One more with each change.
    epoch: u64,
    /// When somebody gave up the host that had it.
    fenced_at: Option<u64>,
}

/// A sealed key on its way.
#[derive(Clone, Debug)]
struct Package {
    wallet: usize,
    to: usize,
    key: Key,
}

/// All hosts, what they share, and what has left.
#[derive(Debug)]
pub(crate) struct World {
    dice: Dice,
    left_out: Option<Rule>,
    now: u64,
    hosts: Vec<Host>,
    homes: Vec<Home>,
    fallen_at: Option<u64>,
    packages: Vec<Package>,
    /// What each wallet has really paid, from wherever.
    paid: Vec<Vec<Payment>>,
    signed: u64,
    moved: u64,
}

impl World {
    pub(crate) fn new(seed: u64, left_out: Option<Rule>) -> Self {
        let home = |wallet| Home { host: wallet % HOSTS, epoch: 0, fenced_at: None };
        let homes: Vec<Home> = (0..WALLETS).map(home).collect();
        let own = |host: usize| {
            let here = (0..WALLETS).filter(|wallet| wallet % HOSTS == host);
            here.map(|wallet| (wallet, Key { epoch: 0, spent: Vec::new() })).collect()
        };
        let host = |host| Host {
            is_up: true,
            sees_shared: true,
            read_at: 0,
            homes: homes.clone(),
            fallen_at: None,
            keys: own(host),
        };
        Self {
            dice: Dice::new(seed),
            left_out,
            now: 0,
            hosts: (0..HOSTS).map(host).collect(),
            homes,
            fallen_at: None,
            packages: Vec::new(),
            paid: vec![Vec::new(); WALLETS],
            signed: 0,
            moved: 0,
        }
    }

    fn keeps(&self, rule: Rule) -> bool {
        self.left_out != Some(rule)
    }

    pub(crate) fn signed(&self) -> u64 {
        self.signed
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Something happens.
    ///
    /// # Errors
    /// The promise that is broken by it.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.now += self.dice.below(2);
        let (host, wallet) = (self.dice.index(HOSTS), self.dice.index(WALLETS));
        match self.dice.below(1_000) {
            0..550 => self.pay(host, wallet)?,
            550..740 => self.read_shared(host),
            740..800 => self.restore(wallet, host),
            800..830 => self.hosts[host].sees_shared = self.dice.percent(80),
            830..850 => self.hosts[host].is_up = self.dice.percent(80),
            850..880 => self.order_move(wallet, host),
            880..950 => self.deliver(),
            950..980 => self.hand_over(host),
            980..990 => self.give_up(wallet),
            _ => self.throw_switch(),
        }
        Ok(())
    }

    /// A client asks this host for a payment, whoever has the wallet.
    fn pay(&mut self, host: usize, wallet: usize) -> Result<(), String> {
        let amount = 1 + self.dice.below(LIMIT);
        let now = self.now;
        let [needs_lease, knows_epoch] =
            [Rule::StopWithoutALease, Rule::KnowTheEpoch].map(|rule| self.keeps(rule));
        let at = &mut self.hosts[host];
        let holds_lease = now - at.read_at <= LEASE || !needs_lease;
        let home = at.homes[wallet];
        if !at.is_up || !holds_lease || at.fallen_at.is_some() || !home.is(host) {
            return Ok(());
        }
        let is_current = |key: &&mut Key| key.epoch == home.epoch || !knows_epoch;
        let Some(key) = at.keys.get_mut(&wallet).filter(is_current) else { return Ok(()) };
        if spent(&key.spent, now) + amount > LIMIT {
            return Ok(());
        }
        key.spent.push((now, amount));
        self.paid[wallet].push((now, amount));
        self.signed += 1;
        let whole = spent(&self.paid[wallet], now);
        if whole > LIMIT {
            return Err(format!("wallet {wallet} paid {whole} of {LIMIT}"));
        }
        match self.fallen_at {
            Some(fallen_at) if now > fallen_at + LEASE => {
                Err(format!("host {host} signs {} s after the switch fell", now - fallen_at))
            }
            _ => Ok(()),
        }
    }

    /// A host learns who has which wallet, and whether the switch fell; its lease begins anew.
    fn read_shared(&mut self, host: usize) {
        let at = &mut self.hosts[host];
        if at.is_up && at.sees_shared {
            at.read_at = self.now;
            at.homes.clone_from(&self.homes);
            at.fallen_at = self.fallen_at;
        }
    }

    /// An operator wants a wallet on another host, when it is where it should be: one row of the shared
    /// database, by compare-and-swap.
    fn order_move(&mut self, wallet: usize, to: usize) {
        let home = self.homes[wallet];
        let key = self.hosts[home.host].keys.get(&wallet);
        let has_arrived = key.is_some_and(|key| home.is(home.host) && key.epoch == home.epoch);
        if home.host != to && has_arrived {
            self.homes[wallet] = Home { host: to, epoch: home.epoch + 1, fenced_at: None };
        }
    }

    /// A host hands over the keys that are to be elsewhere, as it has read, after which it signs with them
    /// no more. It may do so again.
    fn hand_over(&mut self, host: usize) {
        let at = &self.hosts[host];
        if !at.is_up {
            return;
        }
        for (wallet, key) in &at.keys {
            let home = at.homes[*wallet];
            if home.host == host || home.epoch != key.epoch + 1 || home.fenced_at.is_some() {
                continue;
            }
            let spent =
                if self.keeps(Rule::TakeTheSpendAlong) { key.spent.clone() } else { Vec::new() };
            let key = Key { epoch: home.epoch, spent };
            self.packages.push(Package { wallet: *wallet, to: home.host, key });
        }
    }

    /// A package arrives: late, twice, or never.
    fn deliver(&mut self) {
        if self.packages.is_empty() {
            return;
        }
        let place = self.dice.index(self.packages.len());
        let package = if self.dice.percent(40) {
            self.packages[place].clone()
        } else {
            self.packages.swap_remove(place)
        };
        let knows_epoch = self.keeps(Rule::KnowTheEpoch);
        let at = &mut self.hosts[package.to];
        if !at.is_up || self.dice.percent(20) {
            return;
        }
        let last = at.keys.get(&package.wallet).map(|key| key.epoch);
        let is_new = last.is_none_or(|last| package.key.epoch > last);
        if is_new || !knows_epoch {
            at.keys.insert(package.wallet, package.key);
            self.moved += 1;
        }
    }

    /// Operators give up the host that has a wallet, so that it signs no more once it reads that.
    fn give_up(&mut self, wallet: usize) {
        let home = self.homes[wallet];
        if home.fenced_at.is_none() {
            let epoch = home.epoch + 1;
            self.homes[wallet] = Home { epoch, fenced_at: Some(self.now), ..home };
        }
    }

    /// Operators restore a wallet whose host they gave up from a backup, after a lease. Nobody knows what
    /// the lost host paid since that was made, so that everything counts as used.
    fn restore(&mut self, wallet: usize, to: usize) {
        let home = self.homes[wallet];
        let Some(fenced_at) = home.fenced_at else { return };
        let may_still_sign = self.now <= fenced_at + LEASE && self.keeps(Rule::WaitForTheLease);
        if may_still_sign || !self.hosts[to].is_up {
            return;
        }
        let used = vec![(self.now, LIMIT)];
        let spent = if self.keeps(Rule::TakeTheSpendAlong) { used } else { Vec::new() };
        let epoch = home.epoch + 1;
        self.hosts[to].keys.insert(wallet, Key { epoch, spent });
        self.homes[wallet] = Home { host: to, epoch, fenced_at: None };
        self.moved += 1;
    }

    /// The kill switch falls, or operators lift it when it has.
    fn throw_switch(&mut self) {
        self.fallen_at = match self.fallen_at {
            None if self.dice.percent(20) => Some(self.now),
            None | Some(_) => None,
        };
    }
}

impl Home {
    /// Whether the wallet is there, and nobody has given it up.
    fn is(self, host: usize) -> bool {
        self.host == host && self.fenced_at.is_none()
    }
}

/// What was paid in the window that ends now.
fn spent(payments: &[Payment], now: u64) -> u64 {
    let recent = payments.iter().filter(|(at, _amount)| at + WINDOW > now);
    recent.map(|(_at, amount)| amount).sum()
}
