//! The world of a run, and what happens in it: one act after another, each drawn by the seed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gatewayd::clock::UnixSeconds;
use protocol::{Payload, Reply, Request, Warrant};
use txcodec::evm;

use crate::chain::{Chain, GWEI, Sent};
use crate::dice::Dice;
use crate::gateway::{Life, Meddling};
use crate::guard::Spent;
use crate::log::{Log, Show};
use crate::machine::Machine;
use crate::node::{Node, Nodes};
use crate::payments::Payments;
use crate::post::Post;
use crate::signer::{Fate, Holder};

/// What was signed, by the bytes that go to the network.
pub(crate) type Known = BTreeMap<Vec<u8>, Sent>;

/// When a run begins, Unix seconds.
const START: i64 = 1_800_000_000;
/// Payments that are under way at the same time.
const AT_ONCE: usize = 24;
/// The longest that the gateway's clock is set back or ahead, in seconds.
const STEP: u64 = 900;

/// Everything but the gateway.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) log: Log,
    pub(crate) post: Post,
    pub(crate) chain: Chain,
    pub(crate) holder: Holder,
    pub(crate) payments: Payments,
    pub(crate) mood: Nodes,
    /// What the gateway's clock shows.
    pub(crate) now: UnixSeconds,
    machine: Machine,
    /// Seconds that really passed.
    passed: u64,
    known: Known,
    late: Vec<Sent>,
    spent: Spent,
}

/// How a gateway ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// `kill -9`.
    Killed,
    /// The power goes: what was not synced may be lost.
    PowerLost,
}

/// What an act leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    GoOn,
    /// The gateway's disk is full for so many of its steps.
    Full(u64),
    /// The gateway dies after so many of its steps.
    Dies(Death, u64),
}

impl World {
    pub(crate) fn new(seed: u64, directory: &Path, show: Show) -> Result<Self, String> {
        let machine = Machine::new(u64::try_from(START).unwrap_or_default());
        let state: PathBuf = directory.join("signer");
        Ok(Self {
            dice: Dice::new(seed),
            log: Log::new(show),
            post: Post::default(),
            chain: Chain::new(),
            holder: Holder::new(&state, &machine)?,
            payments: Payments::default(),
            mood: Nodes::Bad,
            now: UnixSeconds::new(START),
            machine,
            passed: 0,
            known: Known::new(),
            late: Vec::new(),
            spent: Spent::default(),
        })
    }

    /// One act.
    pub(crate) fn act(&mut self, life: &Life) -> Result<Next, String> {
        let heard = std::mem::take(&mut self.post.letters().agents);
        for heard in heard {
            let how = if heard.accepted.is_some() { "accepted" } else { "not accepted" };
            self.log.note(format!("order {} is {how}", heard.order));
            self.payments.hear(heard.order, heard.accepted)?;
        }
        let (to_nodes, to_signer) = {
            let letters = self.post.letters();
            (letters.nodes.len(), letters.signer.len())
        };
        match self.dice.below(1000) {
            0..450 if to_nodes > 0 => self.node_answers(),
            0..650 if to_signer > 0 => return self.signer_answers(Fate::Answered),
            650..665 if self.mood == Nodes::Bad => return self.disaster(life),
            665..720 => self.agent_asks(life),
            720..760 => self.agent_asks_again(life),
            760..775 if self.mood == Nodes::Bad => self.agent_meddles(life),
            _ => self.time_passes(life)?,
        }
        Ok(Next::GoOn)
    }

    fn node_answers(&mut self) {
        let mut letters = self.post.letters();
        let place = self.dice.place(letters.nodes.len());
        let asked = letters.nodes.swap_remove(place);
        drop(letters);
        let method = asked.question["method"].as_str().unwrap_or_default().to_owned();
        let number = asked.node;
        let Self { chain, known, dice, mood, late, .. } = self;
        let how = Node { chain, known, dice, mood: *mood, late }.answer(asked);
        self.log.note(format!("node {number} {how}: {method}"));
    }

    /// Some of what waits for the signer is a batch.
    fn signer_answers(&mut self, fate: Fate) -> Result<Next, String> {
        let mut letters = self.post.letters();
        let size = 1 + self.dice.place(letters.signer.len());
        let mut batch = Vec::new();
        for _one in 0..size.min(letters.signer.len()) {
            let place = self.dice.place(letters.signer.len());
            batch.push(letters.signer.swap_remove(place));
        }
        drop(letters);
        let kinds: Vec<String> =
            batch.iter().map(|asked| format!("{:?}", asked.request.kind())).collect();
        self.log.note(format!("signer: {} {fate:?}", kinds.join(" ")));
        let signing: Vec<_> = batch.iter().map(|asked| to_sign(&asked.request)).collect();
        let (requests, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|asked| (asked.request, asked.answer)).unzip();
        let replies = self.holder.handle(requests, fate, &mut self.dice)?;
        for ((signing, answer), reply) in signing.into_iter().zip(answers).zip(replies) {
            if let Some((unsigned, warrant)) = signing {
                self.hear(&unsigned, &warrant, &reply)?;
            }
            // Who asked may be gone.
            drop(answer.send(reply));
        }
        let (records, signed) = self.holder.journal();
        self.log.note(format!("the journal has {records} records, {signed} of signatures"));
        Ok(Next::GoOn)
    }

    /// A signature is out.
    fn hear(&mut self, unsigned: &[u8], warrant: &Warrant, reply: &Reply) -> Result<(), String> {
        let word = if let Reply::Refused(refusal) = reply {
            format!("refused: {:?}", refusal.code)
        } else {
            "signed".to_owned()
        };
        let transaction = evm::Transaction::from_unsigned_bytes(unsigned);
        let transaction = transaction.map_err(|error| error.to_string())?;
        let (nonce, value) = (transaction.nonce, transaction.value);
        let fee = transaction.fee_ceiling().unwrap_or_default();
        let why = match warrant {
            Warrant::None => "at once",
            Warrant::Announced(_) => "after its wait",
            Warrant::Approved(_) => "by owners",
        };
        self.log.note(format!("{word}: nonce {nonce}, {value} wei, fee {fee}, {why}"));
        let Reply::Signature(signature) = reply else { return Ok(()) };
        self.spent.sign((self.passed, warrant), unsigned, &transaction)?;
        self.payments.sign(&transaction);
        let signature: &[u8; 65] =
            signature.as_slice().try_into().map_err(|_length| "a signature has 65 bytes")?;
        let signed = evm::assemble(unsigned, signature).map_err(|error| error.to_string())?;
        let hash = format!("0x{}", primitives::encode_hex(&signed.hash));
        self.known.insert(signed.bytes, Sent { hash, transaction });
        Ok(())
    }

    fn disaster(&mut self, life: &Life) -> Result<Next, String> {
        let steps = self.dice.below(60);
        match self.dice.below(16) {
            0..2 => {
                self.log.note(format!("the gateway is killed in {steps} steps"));
                Ok(Next::Dies(Death::Killed, steps))
            }
            2..4 => {
                self.log.note(format!("the gateway's power goes in {steps} steps"));
                Ok(Next::Dies(Death::PowerLost, steps))
            }
            4..6 => {
                self.log.note(format!("the gateway's disk is full for {steps} steps"));
                Ok(Next::Full(steps))
            }
            6..12 => {
                let fates =
                    [Fate::KilledBefore, Fate::KilledAfter, Fate::PowerLost, Fate::DiskFull];
                if self.post.letters().signer.is_empty() {
                    return Ok(Next::GoOn);
                }
                let fate = fates[self.dice.place(fates.len())];
                self.signer_answers(fate)
            }
            12..14 => {
                let by = self.dice.below(STEP);
                let ahead = self.dice.in_hundred(50);
                let seconds = Duration::from_secs(by);
                self.now = if ahead { self.now.plus(seconds) } else { self.now.minus(seconds) };
                let way = if ahead { "ahead" } else { "back" };
                self.log.note(format!("the gateway's clock goes {way} by {by} s"));
                life.clock.set(self.now);
                Ok(Next::GoOn)
            }
            _ => {
                let wall = self.machine.wall_s().saturating_sub(STEP * 100);
                let wall = wall.saturating_add(self.dice.below(STEP * 200));
                self.machine.set_wall(wall);
                self.log.note(format!("the signer's system clock shows {wall}"));
                Ok(Next::GoOn)
            }
        }
    }

    fn agent_asks(&mut self, life: &Life) {
        let Some(running) = &life.running else { return };
        let open = self.payments.orders.len().saturating_sub(self.ended());
        if self.mood == Nodes::Good || open >= AT_ONCE {
            return;
        }
        let kind = [0, 0, 0, 1, 1, 2][self.dice.place(6)];
        let place = self.payments.order(kind);
        let wei = self.payments.orders[place].wei;
        self.log.note(format!("order {place} of {wei} wei"));
        running.ask(place, wei, &self.post);
    }

    /// Roughly: what the chain has.
    fn ended(&self) -> usize {
        usize::try_from(self.chain.mined()).unwrap_or_default()
    }

    fn agent_asks_again(&mut self, life: &Life) {
        let Some(running) = &life.running else { return };
        let unheard = self.payments.unheard();
        if unheard.is_empty() {
            return;
        }
        let place = unheard[self.dice.place(unheard.len())];
        let order = &mut self.payments.orders[place];
        order.is_asked = true;
        self.log.note(format!("order {place} again"));
        running.ask(place, order.wei, &self.post);
    }

    fn agent_meddles(&mut self, life: &Life) {
        let Some(running) = &life.running else { return };
        if self.payments.orders.is_empty() {
            return;
        }
        let newest = self.payments.orders.len().min(16);
        let place = self.payments.orders.len() - 1 - self.dice.place(newest);
        let Some(id) = self.payments.orders[place].accepted else { return };
        let wants = [Meddling::Cancel, Meddling::SpeedUp][self.dice.place(2)];
        self.log.note(format!("order {place}: {wants:?}"));
        running.meddle(id, wants);
    }

    fn time_passes(&mut self, life: &Life) -> Result<(), String> {
        let seconds = 1 + self.dice.below(8);
        self.passed += seconds;
        self.machine.pass(seconds);
        self.now = self.now.plus(Duration::from_secs(seconds));
        if self.mood == Nodes::Good {
            self.chain.base_fee = GWEI;
        } else if let Some(what) = self.chain.suffer(&mut self.dice) {
            self.log.note(what.to_owned());
        }
        if !self.late.is_empty() && (self.mood == Nodes::Good || self.dice.in_hundred(20)) {
            let sent = self.late.swap_remove(self.dice.place(self.late.len()));
            let taken = self.chain.take(sent);
            self.log.note(format!("one arrives late: {taken:?}"));
        }
        if self.mood == Nodes::Good || self.dice.in_hundred(60) {
            self.chain.mine();
        }
        self.holder.tick()?;
        let mined = self.chain.mined();
        self.log.note(format!("{seconds} s pass; {mined} are on the chain"));
        life.clock.set(self.now);
        Ok(())
    }
}

/// What is to be signed, and why it may be.
fn to_sign(request: &Request) -> Option<(Vec<u8>, Warrant)> {
    let Request::Sign { payload: Payload::Transaction(unsigned), warrant, .. } = request else {
        return None;
    };
    Some((unsigned.clone(), warrant.clone()))
}
