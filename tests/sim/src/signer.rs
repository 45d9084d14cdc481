//! The signer itself: its core on a real vault and a real journal, killed and without power now and then.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use primitives::{Chain, Environment, WalletId};
use protocol::journal::{Event, genesis};
use protocol::{Reply, Request, Secret};
use signerd::config::Settings;
use signerd::dispatch::Role;
use signerd::journal::Journal;
use signerd::signer::{Incoming, Signer};
use signerd::vault::{KdfCost, Vault};

use crate::dice::Dice;
use crate::disk::Room;
use crate::guard;
use crate::machine::Machine;

/// So that a run has many segments.
const SEGMENT_BYTES: u64 = 48 * 1024;
/// The least that Argon2 takes.
const CHEAP: KdfCost = KdfCost { memory_kib: 8, passes: 1, lanes: 1 };
const PASSPHRASE: &[u8] = b"correct horse battery staple";
const PAGE: u16 = 200;

/// How a batch of requests ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// The process is killed before the batch is looked at.
    KilledBefore,
    /// The process is killed when the batch is on the disk, before the answer.
    KilledAfter,
    /// The power goes while the batch is written: what of it is on the disk, nobody knows.
    PowerLost,
    /// The disk is full after some bytes.
    DiskFull,
}

/// A signer with one wallet, and what is known of its journal.
#[derive(Debug)]
pub(crate) struct Holder {
    state: PathBuf,
    machine: Machine,
    /// `None` while it is exchanged.
    signer: Option<Signer>,
    pub(crate) wallet: WalletId,
    verified: Verified,
}

/// How far the journal was verified.
#[derive(Debug)]
struct Verified {
    records: u64,
    head: [u8; 32],
    signed: u64,
}

impl Holder {
    /// A new vault with a wallet for test networks.
    pub(crate) fn new(state: &Path, machine: &Machine) -> Result<Self, String> {
        let mut signer = start(state, machine)?;
        let made = ask(&mut signer, Role::Operator, Request::InitVault { passphrase: secret() });
        expect(&made, &Reply::Done)?;
        let (chain, environment) = (Chain::Evm, Environment::Testnet);
        let create = Request::CreateKey { chain, environment, agent_id: None };
        let Reply::Key(key) = ask(&mut signer, Role::Gateway, create) else {
            return Err("the signer makes no key".to_owned());
        };
        let show = ask(&mut signer, Role::Operator, Request::ShowGuard { wallet: key.wallet });
        let Reply::Guard(guard) = show else { return Err("it shows no guard".to_owned()) };
        let set = Request::SetGuard {
            wallet: key.wallet,
            from_version: guard.version,
            text: guard::text(),
            passphrase: Some(secret()),
            approval: None,
        };
        let set = ask(&mut signer, Role::Operator, set);
        if let Reply::Refused(refusal) = set {
            return Err(format!("the guard is not taken: {refusal}"));
        }
        let verified = Verified { records: 0, head: genesis(), signed: 0 };
        let (state, machine) = (state.to_owned(), machine.clone());
        Ok(Self { state, machine, signer: Some(signer), wallet: key.wallet, verified })
    }

    fn signer(&mut self) -> Result<&mut Signer, String> {
        self.signer.as_mut().ok_or_else(|| "there is no signer".to_owned())
    }

    /// Decides a batch as far as its fate lets it; no answers where nobody hears any.
    pub(crate) fn handle(
        &mut self,
        requests: Vec<Request>,
        fate: Fate,
        dice: &mut Dice,
    ) -> Result<Vec<Reply>, String> {
        let batch: Vec<Incoming> =
            requests.into_iter().map(|request| Incoming { role: Role::Gateway, request }).collect();
        match fate {
            Fate::Answered => {
                let replies = self.signer()?.handle(batch);
                self.verify()?;
                Ok(replies)
            }
            Fate::KilledBefore => self.restart().map(|()| Vec::new()),
            Fate::KilledAfter => {
                drop(self.signer()?.handle(batch));
                self.restart().map(|()| Vec::new())
            }
            Fate::PowerLost => {
                let before = self.segments()?;
                drop(self.signer()?.handle(batch));
                let after = self.segments()?;
                self.signer = None;
                tear(&before, &after, dice)?;
                self.machine.reboot();
                self.restart().map(|()| Vec::new())
            }
            Fate::DiskFull => {
                let length = self.segments()?.last().map_or(0, |(_, length)| *length);
                let room = Room::of(length + dice.below(400))?;
                let replies = self.signer()?.handle(batch);
                room.lift()?;
                self.restart()?;
                Ok(replies)
            }
        }
    }

    /// What happens by the clock alone.
    pub(crate) fn tick(&mut self) -> Result<(), String> {
        self.signer().map(Signer::tick)
    }

    /// Starts it on what the disk has, and opens the vault.
    fn restart(&mut self) -> Result<(), String> {
        self.signer = None;
        let mut signer = start(&self.state, &self.machine)?;
        let open = ask(&mut signer, Role::Operator, Request::Unlock { passphrase: secret() });
        expect(&open, &Reply::Done)?;
        self.signer = Some(signer);
        self.verify()
    }

    /// The segments of the journal with their lengths, in order.
    fn segments(&self) -> Result<Vec<(PathBuf, u64)>, String> {
        let listed = fs::read_dir(self.state.join("journal")).map_err(|error| error.to_string())?;
        let mut segments = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| error.to_string())?;
            if entry.file_name().to_string_lossy().starts_with("segment-") {
                let length = entry.metadata().map_err(|error| error.to_string())?.len();
                segments.push((entry.path(), length));
            }
        }
        segments.sort();
        Ok(segments)
    }

    /// Records stand behind each other, and those that were read before have not changed.
    fn verify(&mut self) -> Result<(), String> {
        loop {
            let from = self.verified.records;
            let read = Request::ReadJournal { from, limit: PAGE };
            let reply = ask(self.signer()?, Role::Operator, read);
            let Reply::Records(records) = reply else {
                return Err(format!("the journal cannot be read from {from} on: {reply:?}"));
            };
            if records.is_empty() {
                return Ok(());
            }
            for record in records {
                let number = self.verified.records;
                if !record.follows(self.verified.head) {
                    return Err(format!("record {number} does not follow the one before"));
                }
                let entry = record.entry().map_err(|error| format!("record {number}: {error}"))?;
                if entry.number != number {
                    return Err(format!("record {number} says it is {}", entry.number));
                }
                self.verified.signed += u64::from(matches!(entry.event, Event::Signed { .. }));
                self.verified.records += 1;
                self.verified.head = record.hash;
            }
        }
    }

    /// Records of the journal, and how many of them are of a signature.
    pub(crate) const fn journal(&self) -> (u64, u64) {
        (self.verified.records, self.verified.signed)
    }
}

fn start(state: &Path, machine: &Machine) -> Result<Signer, String> {
    let vault = Vault::open(&state.join("vault"), CHEAP).map_err(|error| error.to_string())?;
    let journal = Journal::open(&state.join("journal")).map_err(|error| error.to_string())?;
    if let Some(damage) = journal.damage() {
        return Err(format!("the journal does not verify: {damage}"));
    }
    let journal = journal.with_segments_of(SEGMENT_BYTES);
    let time = Box::new(machine.clone());
    let mut signer = Signer::start(vault, journal, time, Settings::default(), Vec::new());
    signer.begin()?;
    Ok(signer)
}

fn ask(signer: &mut Signer, role: Role, request: Request) -> Reply {
    let mut replies = signer.handle(vec![Incoming { role, request }]);
    replies.pop().expect("there are as many replies as requests")
}

fn secret() -> Secret {
    Secret::new(PASSPHRASE.to_vec())
}

fn expect(reply: &Reply, expected: &Reply) -> Result<(), String> {
    if reply == expected { Ok(()) } else { Err(format!("the signer says {reply:?}")) }
}

/// Cuts off what was written last, somewhere. What began a new segment was synced step by step, and stays.
fn tear(
    before: &[(PathBuf, u64)],
    after: &[(PathBuf, u64)],
    dice: &mut Dice,
) -> Result<(), String> {
    let (Some((old, synced)), Some((new, written))) = (before.last(), after.last()) else {
        return Ok(());
    };
    if old != new || written <= synced {
        return Ok(());
    }
    let kept = synced + dice.below(written - synced + 1);
    let file = OpenOptions::new().write(true).open(new).map_err(|error| error.to_string())?;
    file.set_len(kept).map_err(|error| error.to_string())
}
