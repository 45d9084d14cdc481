//! Shoots: makes wallets under every guard, asks for the numbers beforehand, sends requests of all
//! classes from several connections at once, and sums up what was signed.

use std::time::{Duration, Instant};

use primitives::{Chain, Environment};
use protocol::{AnnouncementId, Frame, Latch, Refusal, RefusalCode, Reply, Request, Warrant};

use super::dice::Dice;
use super::report::{Plan, Report};
use super::rules::{Feature, RULES};
use super::tally::Tally;
use super::{Class, Fate, Shot, Target, classes};
use crate::daemons::{Place, change_guard, create_wallet, hostile_gateway, operator};
use crate::signer::{SignerClient, passphrase};

/// Connections that ask at the same time.
const CONNECTIONS: usize = 4;
/// Requests that each sends before it reads a reply.
const IN_FLIGHT: u64 = 64;
/// Announcements that are remembered for later.
const MOST_ANNOUNCED: usize = 512;
/// Signed requests that are remembered and asked for again.
const MOST_REMEMBERED: usize = 256;

/// A request that is on its way, and what its answer means.
struct Sent {
    class: Option<&'static Class>,
    target: Target,
    what: What,
}

enum What {
    /// To sign.
    Shot(Shot),
    /// To announce this, to sign it later.
    Announced(AnnouncementId, Shot),
    /// What the gateway may not ask at all.
    Forbidden,
    /// What it may ask, and what is of no matter here.
    Allowed,
}

/// One run.
struct Engine<'a> {
    place: &'a Place,
    dice: Dice,
    targets: Vec<Target>,
    clients: Vec<SignerClient>,
    tally: Tally,
    announced: Vec<(Target, AnnouncementId, Shot)>,
    remembered: Vec<(Target, Shot)>,
}

/// Shoots at a signer whose vault is open.
pub fn run(place: &Place, plan: Plan) -> Report {
    let mut engine = Engine::new(place, plan.seed);
    engine.print();
    let started = Instant::now();
    engine.try_each_class();
    let mut halts = [plan.requests / 3, plan.requests * 2 / 3].into_iter().peekable();
    while engine.tally.requests < plan.requests {
        engine.volley();
        if halts.next_if(|at| engine.tally.requests >= *at).is_some() {
            engine.halt();
            engine.print();
        }
    }
    let took = started.elapsed();
    engine.look_after();
    let mut tally = engine.tally;
    assert!(took < Duration::from_hours(1), "the numbers of an hour do not hold for {took:?}");
    let lines = tally.compare();
    Report { tally, lines, took, plan }
}

impl<'a> Engine<'a> {
    fn new(place: &'a Place, seed: u64) -> Self {
        let targets = RULES.iter().map(|rules| {
            let key = create_wallet(place, rules.chain, Environment::Mainnet);
            change_guard(place, key.wallet, |_default| rules.text());
            Target { wallet: key.wallet, address: key.address, rules: *rules }
        });
        Self {
            place,
            dice: Dice::new(seed),
            targets: targets.collect(),
            clients: (0..CONNECTIONS).map(|_| hostile_gateway(place)).collect(),
            tally: Tally::default(),
            announced: Vec::new(),
            remembered: Vec::new(),
        }
    }

    /// Asks the signer for every wallet's numbers, and keeps them.
    fn print(&mut self) {
        for target in self.targets.clone() {
            let reply = self.clients[0].ask(Request::Exposure { wallet: target.wallet });
            let Reply::Exposure(exposure) = reply else { panic!("{reply:?}") };
            self.tally.print(target, exposure);
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

    fn ask(&mut self, class: &'static Class, target: Target, shot: Shot) {
        let reply = self.clients[0].ask(shot.request(target.wallet));
        self.count(Sent { class: Some(class), target, what: What::Shot(shot) }, reply);
    }

    /// Requests from all connections at once.
    fn volley(&mut self) {
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
        for (connection, on_their_way) in sent.into_iter().enumerate() {
            let mut replies: Vec<Option<Reply>> = Vec::new();
            replies.resize_with(on_their_way.len(), || None);
            for _ in 0..on_their_way.len() {
                let frame = self.clients[connection].receive().expect("the signer still serves");
                let place = usize::try_from(frame.id).expect("a small number");
                assert!(replies[place].replace(frame.message).is_none(), "two answers to one");
            }
            for (sent, reply) in on_their_way.into_iter().zip(replies) {
                self.count(sent, reply.expect("every id was answered"));
            }
        }
    }

    fn next(&mut self) -> (Request, Sent) {
        let target = *self.dice.pick(&self.targets);
        match self.dice.below(100) {
            0..3 => self.announce(target),
            3..8 => self.redeem(target),
            8..10 => self.again(target),
            10 => self.other(target),
            _ => self.shot(target),
        }
    }

    fn shot(&mut self, target: Target) -> (Request, Sent) {
        let class = self.any_class(target.rules.chain);
        let make = if self.dice.percent(75) { class.attack } else { class.neighbour };
        let shot = make(&mut self.dice, &target);
        let request = shot.request(target.wallet);
        (request, Sent { class: Some(class), target, what: What::Shot(shot) })
    }

    fn any_class(&mut self, chain: Chain) -> &'static Class {
        loop {
            let family = *self.dice.pick(classes::FAMILIES);
            let class = self.dice.pick(family);
            if class.chain == chain {
                return class;
            }
        }
    }

    fn announce(&mut self, target: Target) -> (Request, Sent) {
        let class = self.any_class(target.rules.chain);
        let shot = (class.attack)(&mut self.dice, &target);
        let id = AnnouncementId(self.dice.bytes());
        let (wallet, payload) = (target.wallet, shot.payload.clone());
        let what = What::Announced(id, shot);
        (Request::Announce { wallet, id, payload }, Sent { class: None, target, what })
    }

    /// What was announced, or something else by the same announcement, or by another wallet.
    fn redeem(&mut self, fallback: Target) -> (Request, Sent) {
        if self.announced.is_empty() {
            return self.shot(fallback);
        }
        let place = self.dice.index(self.announced.len());
        let (mut target, id, mut shot) = self.announced[place].clone();
        match self.dice.below(10) {
            0 => {
                // Another guard may let pass what its own does not.
                target = fallback;
                shot.fate = Fate::Counted;
            }
            1 => shot = (self.any_class(target.rules.chain).attack)(&mut self.dice, &target),
            2 => {
                let what = What::Allowed;
                let request = Request::Cancel { wallet: target.wallet, id };
                return (request, Sent { class: None, target, what });
            }
            _ => {}
        }
        shot.warrant = Warrant::Announced(id);
        let request = shot.request(target.wallet);
        (request, Sent { class: None, target, what: What::Shot(shot) })
    }

    /// The same bytes as before: the same signature, or none.
    fn again(&mut self, fallback: Target) -> (Request, Sent) {
        if self.remembered.is_empty() {
            return self.shot(fallback);
        }
        let (target, shot) = self.dice.pick(&self.remembered).clone();
        let request = shot.request(target.wallet);
        (request, Sent { class: None, target, what: What::Shot(shot) })
    }

    /// What else may be asked at `signer.sock`, and what may not.
    fn other(&mut self, target: Target) -> (Request, Sent) {
        let wallet = target.wallet;
        let secret = passphrase;
        let (request, what) = match self.dice.below(8) {
            0 => (Request::Status, What::Allowed),
            1 => (Request::ShowGuard { wallet }, What::Allowed),
            2 => (Request::ListAnnouncements { wallet }, What::Allowed),
            3 => (Request::Exposure { wallet }, What::Allowed),
            4 => {
                let text = "[network.\"eip155:1\"]\nopen = true\n".to_owned();
                let (from_version, passphrase) = (1, Some(secret()));
                let set =
                    Request::SetGuard { wallet, from_version, text, passphrase, approval: None };
                (set, What::Forbidden)
            }
            5 => {
                let resume = Request::Resume {
                    wallet: None,
                    from: Latch::Suspended,
                    passphrase: secret(),
                    approval: None,
                };
                (resume, What::Forbidden)
            }
            6 => (Request::Backup { passphrase: Some(secret()) }, What::Forbidden),
            _ => (Request::RotateKey { wallet, grace_seconds: 1 }, What::Forbidden),
        };
        (request, Sent { class: None, target, what })
    }

    fn count(&mut self, sent: Sent, reply: Reply) {
        self.tally.requests += 1;
        let Sent { class, target, what } = sent;
        let name = class.map_or("something remembered", |class| class.name);
        let guard = target.rules.name;
        match (what, reply) {
            (What::Shot(shot), Reply::Signature(signature)) => {
                if let Some(class) = class {
                    self.tally.classes.entry(class.name).or_default()[0] += 1;
                }
                if let Fate::Refused(codes) = shot.fate {
                    self.tally.mistake(format!("{name} under {guard:?} was signed, not {codes:?}"));
                }
                self.tally.signed(target.wallet, signature, &shot.takes);
                self.remember(target, shot);
            }
            (What::Shot(shot), Reply::Refused(Refusal { code, message, .. })) => {
                if let Some(class) = class {
                    self.tally.classes.entry(class.name).or_default()[1] += 1;
                }
                self.tally.refused(code);
                if !is_expected(&shot, &target, code) {
                    self.tally.mistake(format!("{name} under {guard:?}: {code}: {message}"));
                }
            }
            (What::Announced(id, shot), Reply::Announced(_)) => {
                if self.announced.len() == MOST_ANNOUNCED {
                    let gone = self.dice.index(MOST_ANNOUNCED);
                    self.announced.swap_remove(gone);
                }
                self.announced.push((target, id, shot));
            }
            (What::Announced(..) | What::Allowed, Reply::Refused(refusal)) => {
                self.tally.refused(refusal.code);
            }
            (What::Forbidden, Reply::Refused(refusal))
                if refusal.code == RefusalCode::NotPermitted =>
            {
                self.tally.refused(refusal.code);
            }
            (What::Allowed, _) => {}
            (What::Shot(_) | What::Announced(..) | What::Forbidden, reply) => {
                self.tally.mistake(format!("{name} under {guard:?} was answered by {reply:?}"));
            }
        }
    }

    fn remember(&mut self, target: Target, shot: Shot) {
        if self.remembered.len() == MOST_REMEMBERED {
            let gone = self.dice.index(MOST_REMEMBERED);
            self.remembered.swap_remove(gone);
        }
        self.remembered.push((target, shot));
    }

    /// Nothing at all is signed while the latch is elsewhere.
    fn halt(&mut self) {
        let reason = "enough for now".to_owned();
        let halt = Request::Halt { wallet: None, from: None, to: Latch::Suspended, reason };
        assert_eq!(self.clients[0].ask(halt), Reply::Done);
        let before = self.tally.signed;
        self.volley();
        if self.tally.signed != before {
            self.tally.mistake("something was signed while signing was suspended".to_owned());
        }
        let resume = Request::Resume {
            wallet: None,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        };
        assert_eq!(operator(self.place).ask(resume), Reply::Done);
    }

    /// The signer still serves, and its journal verifies.
    fn look_after(&mut self) {
        let status = operator(self.place).ask(Request::Status);
        let Reply::Status(status) = status else { panic!("{status:?}") };
        if status.latch != Latch::Active {
            self.tally.mistake(format!("the latch is {}: {}", status.latch, status.latch_reason));
        }
        let reply = operator(self.place).ask(Request::VerifyJournal);
        if !matches!(reply, Reply::Journal(_)) {
            self.tally.mistake(format!("the journal does not verify: {reply:?}"));
        }
    }
}

/// Whether a refusal is one of those that the class knows, or one that can meet everybody.
fn is_expected(shot: &Shot, target: &Target, code: RefusalCode) -> bool {
    const ANYBODY: &[RefusalCode] = &[RefusalCode::Suspended, RefusalCode::TooManyRequests];
    const NO_ROOM: &[RefusalCode] = &[RefusalCode::NeedsOwner, RefusalCode::NeedsDelay];
    const OF_WAITS: &[RefusalCode] = &[RefusalCode::NotYet, RefusalCode::UnknownAnnouncement];
    let is_message = !matches!(shot.payload, protocol::Payload::Transaction(_));
    let is_announced = matches!(shot.warrant, Warrant::Announced(_));
    ANYBODY.contains(&code)
        || (is_message
            && target.rules.has(Feature::Silent)
            && code == RefusalCode::EffectNotAllowed)
        || (is_announced && OF_WAITS.contains(&code))
        || match shot.fate {
            Fate::Refused(codes) => codes.contains(&code),
            // A sum of more than 256 bits is not counted, and so never signed; bytes of another
            // wallet may be those of another chain, or name another payer.
            Fate::Counted if is_announced => true,
            Fate::Counted => NO_ROOM.contains(&code) || code == RefusalCode::EffectNotAllowed,
        }
}
