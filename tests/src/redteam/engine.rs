//! Shoots: makes wallets under every guard, asks for the numbers beforehand, sends requests of all
//! classes from several connections at once, kills the signer now and then, and sums up what was
//! signed.

use std::collections::BTreeMap;
use std::iter;
use std::time::{Duration, Instant};

use primitives::WalletId;
use protocol::{AnnouncementId, Frame, Latch, RefusalCode, Reply, Request};

use super::dice::Dice;
use super::given::{Asking, Given, Lie};
use super::report::{Plan, Report};
use super::rules::{Feature, RULES};
use super::tally::Tally;
use super::victim::Victim;
use super::{Class, Fate, Shot, Target, classes};
use crate::approver;
use crate::signer::{SignerClient, passphrase};

/// Connections that ask at the same time.
const CONNECTIONS: usize = 4;
/// Requests that each sends before it reads a reply.
const IN_FLIGHT: u64 = 64;
/// Approvals that the gateway holds at a time.
const MOST_GIVEN: usize = 200;
/// How much later the signer is started again, one kill after the other. The first are those that a
/// short run gets to.
const LATER: [Duration; 8] = [
    Duration::from_mins(61),
    Duration::from_hours(25),
    Duration::from_hours(31 * 24),
    Duration::ZERO,
    Duration::from_mins(30),
    Duration::ZERO,
    Duration::from_hours(6),
    Duration::from_mins(59),
];

/// A request that is on its way, and what its answer means.
pub(super) struct Sent {
    pub(super) class: Option<&'static Class>,
    pub(super) target: Target,
    pub(super) what: What,
}

pub(super) enum What {
    /// To sign.
    Shot(Shot),
    /// To sign what owners approved: the approval of that number.
    Approved(u64, Shot),
    /// To sign what looks as if owners had approved it.
    Pretended(Lie, Shot),
    /// To announce this, to sign it later.
    Announced(AnnouncementId, Shot),
    /// What the gateway may not ask at all.
    Forbidden,
    /// What it may ask, and what is of no matter here.
    Allowed,
}

/// One run.
pub(super) struct Engine<'a> {
    victim: &'a mut Victim,
    pub(super) dice: Dice,
    pub(super) targets: Vec<Target>,
    clients: Vec<SignerClient>,
    pub(super) tally: Tally,
    pub(super) announced: Vec<(Target, AnnouncementId, Shot)>,
    pub(super) remembered: Vec<(Target, Shot)>,
    /// What owners gave, by a number.
    pub(super) given: BTreeMap<u64, Given>,
    last_given: u64,
    instance: [u8; 16],
    guard_versions: BTreeMap<WalletId, u64>,
}

/// Shoots at a signer.
pub fn run(victim: &mut Victim, plan: Plan) -> Report {
    let mut engine = Engine::new(victim, plan.seed);
    engine.print();
    let started = Instant::now();
    engine.try_each_class();
    engine.try_approvals();
    let evenly = |count: u64| {
        let places = (1..=count).map(move |place| plan.requests / (count + 1) * place);
        places.collect::<Vec<_>>().into_iter().peekable()
    };
    let (mut halts, mut kills) = (evenly(2), evenly(plan.kills));
    let mut later = LATER.into_iter().cycle();
    while engine.tally.requests < plan.requests {
        if kills.next_if(|at| engine.tally.requests >= *at).is_some() {
            engine.kill(later.next().unwrap_or_default());
            engine.print();
        }
        engine.volley(None);
        if halts.next_if(|at| engine.tally.requests >= *at).is_some() {
            engine.halt();
            engine.print();
        }
    }
    let took = started.elapsed();
    engine.look_after();
    let mut tally = engine.tally;
    let lines = tally.compare();
    Report { tally, lines, took, plan }
}

impl<'a> Engine<'a> {
    fn new(victim: &'a mut Victim, seed: u64) -> Self {
        let targets: Vec<_> = RULES.iter().map(|rules| victim.wallet(rules)).collect();
        let version = |target: &Target| (target.wallet, victim.guard_version(target));
        let guard_versions = targets.iter().map(version).collect();
        Self {
            dice: Dice::new(seed),
            clients: connect(victim),
            tally: Tally::default(),
            announced: Vec::new(),
            remembered: Vec::new(),
            given: BTreeMap::new(),
            last_given: 0,
            instance: approver::instance(&mut victim.gateway()),
            guard_versions,
            targets,
            victim,
        }
    }

    /// Asks the signer for every wallet's numbers, and keeps them.
    fn print(&mut self) {
        for target in self.targets.clone() {
            let at = self.victim.elapsed();
            let reply = self.clients[0].ask(Request::Exposure { wallet: target.wallet });
            let Reply::Exposure(exposure) = reply else { panic!("{reply:?}") };
            self.tally.print(target, exposure, at);
        }
    }

    /// Each class at each wallet of its chain, while there is room for the neighbour: what must be
    /// refused is, and the neighbour is signed.
    fn try_each_class(&mut self) {
        for target in self.targets.clone() {
            for class in classes::all().filter(|class| class.chain == target.rules.chain) {
                let attack = (class.attack)(&mut self.dice, &target);
                if matches!(attack.fate, Fate::Refused(_)) {
                    self.ask(class, target, attack);
                }
                let neighbour = (class.neighbour)(&mut self.dice, &target);
                let must_pass = neighbour.fate == Fate::Counted;
                let before = self.tally.signed;
                self.ask(class, target, neighbour);
                if must_pass && self.tally.signed == before {
                    self.tally.mistake(format!(
                        "{} under {:?}: its neighbour was refused",
                        class.name, target.rules.name
                    ));
                }
            }
        }
    }

    /// By how much time passed for the signer.
    pub(super) fn elapsed(&self) -> Duration {
        self.victim.elapsed()
    }

    /// The signer's time in Unix seconds.
    pub(super) fn now(&self) -> u64 {
        self.victim.now()
    }

    fn ask(&mut self, class: &'static Class, target: Target, shot: Shot) {
        let reply = self.clients[0].ask(shot.request(target.wallet));
        self.count(Sent { class: Some(class), target, what: What::Shot(shot) }, reply);
    }

    /// What owners approve is signed, once, and nothing that differs from it.
    fn try_approvals(&mut self) {
        for target in self.owned() {
            let number = self.ask_owners(target);
            let other = *self.targets.iter().find(|other| is_another(other, &target)).expect("two");
            for lie in Lie::ALL {
                let shot = self.given[&number].pretended(&mut self.dice, lie, &other);
                let of = if lie == Lie::AnotherWallet { other } else { target };
                self.ask_alone(of, What::Pretended(lie, shot));
            }
            for expected in [Ok(()), Err(RefusalCode::ApprovalUsed)] {
                let shot = self.given[&number].attempt(&mut self.dice);
                let reply = self.clients[0].ask(shot.request(target.wallet));
                let refused =
                    if let Reply::Refused(refusal) = &reply { Some(refusal) } else { None };
                let found = refused.map_or(Ok(()), |refusal| Err(refusal.code));
                if found != expected {
                    let name = target.rules.name;
                    self.tally.mistake(format!("{name}: an approval led to {reply:?}"));
                }
                self.given.entry(number).and_modify(|given| given.sent += 1);
                let what = What::Approved(number, shot);
                self.count(Sent { class: None, target, what }, reply);
            }
        }
    }

    fn ask_alone(&mut self, target: Target, what: What) {
        let (What::Shot(shot) | What::Approved(_, shot) | What::Pretended(_, shot)) = &what else {
            panic!("to be signed")
        };
        let reply = self.clients[0].ask(shot.request(target.wallet));
        self.count(Sent { class: None, target, what }, reply);
    }

    fn owned(&self) -> Vec<Target> {
        let owned = self.targets.iter().filter(|target| target.rules.has(Feature::Owned));
        owned.copied().collect()
    }

    /// Has the owners of a wallet approve something. Its number.
    fn ask_owners(&mut self, target: Target) -> u64 {
        let guard_version = self.guard_versions[&target.wallet];
        let asking = Asking { instance: self.instance, guard_version, now: self.victim.now() };
        self.last_given += 1;
        self.given.insert(self.last_given, Given::new(&mut self.dice, target, asking));
        self.last_given
    }

    /// Has owners approve one thing more, and drops an approval that is of no use.
    fn next_given(&mut self) {
        let now = self.victim.now();
        if self.given.len() >= MOST_GIVEN {
            let of_no_use = |(_, given): &(&u64, &Given)| given.is_used || given.is_over(now);
            let Some(number) = self.given.iter().find(of_no_use).map(|(number, _)| *number) else {
                return;
            };
            self.given.remove(&number);
        }
        let owned = self.owned();
        let target = *self.dice.pick(&owned);
        self.ask_owners(target);
    }

    /// Requests from all connections at once. The signer is killed after so many replies.
    fn volley(&mut self, kill_after: Option<usize>) {
        self.next_given();
        let mut sent: Vec<Vec<Sent>> = Vec::new();
        for connection in 0..self.clients.len() {
            let mut bytes = Vec::new();
            let mut on_their_way = Vec::new();
            for id in 0..IN_FLIGHT {
                let (request, what) = self.next();
                let id = u32::try_from(id).expect("a small number");
                bytes.extend(Frame { id, message: request }.to_bytes());
                on_their_way.push(what);
            }
            self.clients[connection].send(&bytes);
            sent.push(on_their_way);
        }
        let mut received = 0;
        for (connection, on_their_way) in sent.into_iter().enumerate() {
            let mut replies: Vec<Option<Reply>> = Vec::new();
            replies.resize_with(on_their_way.len(), || None);
            for _ in 0..on_their_way.len() {
                if kill_after == Some(received) {
                    self.victim.kill();
                }
                received += 1;
                // What a killed signer sent is there to be read.
                let Ok(frame) = self.clients[connection].receive() else {
                    assert!(kill_after.is_some(), "the signer does not serve any more");
                    break;
                };
                let place = usize::try_from(frame.id).expect("a small number");
                assert!(replies[place].replace(frame.message).is_none(), "two answers to one");
            }
            for (sent, reply) in on_their_way.into_iter().zip(replies) {
                match reply {
                    Some(reply) => self.count(sent, reply),
                    None => self.tally.lost += 1,
                }
            }
        }
    }

    /// kill -9 while it works, and a start when so much time has passed.
    fn kill(&mut self, later: Duration) {
        let most = self.clients.len() * usize::try_from(IN_FLIGHT).expect("a small number");
        let after = self.dice.index(most);
        self.volley(Some(after));
        let at = self.victim.elapsed();
        let later = self.victim.start_again(later);
        self.tally.killed(at, later);
        self.clients = connect(self.victim);
    }

    /// Nothing at all is signed while the latch is elsewhere.
    fn halt(&mut self) {
        let reason = "enough for now".to_owned();
        let halt = Request::Halt { wallet: None, from: None, to: Latch::Suspended, reason };
        assert_eq!(self.clients[0].ask(halt), Reply::Done);
        let before = self.tally.signed;
        self.volley(None);
        if self.tally.signed != before {
            self.tally.mistake("something was signed while signing was suspended".to_owned());
        }
        let resume = Request::Resume {
            wallet: None,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        };
        assert_eq!(self.victim.operator().ask(resume), Reply::Done);
    }

    /// The signer still serves, and its journal verifies.
    fn look_after(&mut self) {
        let status = self.victim.operator().ask(Request::Status);
        let Reply::Status(status) = status else { panic!("{status:?}") };
        if status.latch != Latch::Active {
            self.tally.mistake(format!("the latch is {}: {}", status.latch, status.latch_reason));
        }
        if let Err(why) = self.victim.operator().read_journal() {
            self.tally.mistake(format!("the journal does not verify: {why}"));
        }
    }
}

fn connect(victim: &Victim) -> Vec<SignerClient> {
    iter::repeat_with(|| victim.gateway()).take(CONNECTIONS).collect()
}

/// Whether it is a wallet of the same chain and not the same.
pub(super) fn is_another(one: &Target, other: &Target) -> bool {
    one.rules.chain == other.rules.chain && one.wallet != other.wallet
}
