//! A signer that plays its part of the protocol by a few numbers: what it lets go at once, after its
//! wait, and only with the owners.

use std::collections::{BTreeMap, BTreeSet};

use primitives::WalletId;
use protocol::{
    Announcement, AnnouncementId, Approval, GuardText, Kind, Latch, Owners, OwnersState, Payload,
    Refusal, RefusalCode, Reply, Request, SecretMemory, Status, Terms, VaultPhase, Warrant,
};
use txcodec::approval::{Matter, Question};
use txcodec::evm;

use super::testing::{SignerMood, World};
use crate::owner;
use crate::store::wallets::sample;

/// The guard of every wallet, and what was announced.
#[derive(Debug)]
pub(crate) struct FakeGuard {
    /// The signer's clock, Unix seconds: that of the gateway when it was last moved on.
    pub(crate) now: i64,
    /// Wei that may leave at once; more waits.
    pub(crate) at_once: u64,
    /// Wei that may leave after the wait; more needs the owners.
    pub(crate) after_wait: u64,
    /// How long the signer waits, in seconds.
    pub(crate) wait: i64,
    /// The version of the guard.
    pub(crate) version: u64,
    /// Who can approve.
    pub(crate) owners: Owners,
    /// Who was proposed.
    pub(crate) proposed: Option<Owners>,
    /// Wallets that were suspended.
    pub(crate) suspended: BTreeSet<WalletId>,
    /// Nonces of approvals that were used.
    pub(crate) used: BTreeSet<[u8; 16]>,
    /// Whether it hears nothing: every connection breaks.
    pub(crate) is_deaf: bool,
    /// Where the signer's latch is, and why.
    pub(crate) latch: (Latch, String),
    /// What waits or may be signed, with its intent, when it is ready and when it is forgotten.
    pub(crate) announced: BTreeMap<AnnouncementId, ([u8; 32], i64, i64)>,
}

/// Who the signer is.
pub(crate) const INSTANCE: [u8; 16] = [0x15; 16];
/// Seconds for which the signer remembers.
pub(crate) const LIFETIME: i64 = 86_400;

impl Default for FakeGuard {
    fn default() -> Self {
        let (at_once, after_wait) = (u64::MAX, u64::MAX);
        Self {
            now: 0,
            at_once,
            after_wait,
            wait: 0,
            version: 1,
            owners: Owners::NONE,
            proposed: None,
            suspended: BTreeSet::new(),
            used: BTreeSet::new(),
            is_deaf: false,
            latch: (Latch::Active, String::new()),
            announced: BTreeMap::new(),
        }
    }
}

impl World {
    /// The signer's answer; `None` where the connection breaks.
    pub(super) fn answer(&mut self, request: Request) -> Option<Reply> {
        if self.guard.is_deaf {
            return None;
        }
        if let Request::Sign { payload: Payload::Transaction(unsigned), warrant, .. } = request {
            return self.sign(&unsigned, &warrant);
        }
        if let Request::ProposeOwners { owners, .. } = request {
            return Some(self.propose(owners).unwrap_or_else(refused));
        }
        if let Request::Halt { wallet: Some(wallet), .. } = request {
            self.guard.suspended.insert(wallet);
            return Some(Reply::Done);
        }
        let kind = request.kind();
        let done = if kind == Kind::Status {
            Ok(Reply::Status(self.status()))
        } else if kind == Kind::Announce {
            self.announced(request)
        } else if kind == Kind::Halt {
            Ok(self.halted(request))
        } else if kind == Kind::Cancel {
            self.cancelled(request)
        } else if kind == Kind::ShowGuard {
            let version = self.guard.version;
            Ok(Reply::Guard(GuardText { version, text: String::new() }))
        } else if kind == Kind::ShowOwners {
            let confirmed = self.guard.owners.clone();
            let proposed = self.guard.proposed.clone();
            Ok(Reply::Owners(OwnersState { confirmed, proposed, version: 1 }))
        } else {
            Ok(Reply::Hello { version: protocol::VERSION, instance: INSTANCE })
        };
        Some(done.unwrap_or_else(refused))
    }

    fn propose(&mut self, owners: Owners) -> Result<Reply, RefusalCode> {
        self.available()?;
        if self.guard.owners != Owners::NONE {
            return Err(RefusalCode::NotPermitted);
        }
        self.guard.proposed = Some(owners);
        Ok(Reply::Done)
    }

    fn announced(&mut self, request: Request) -> Result<Reply, RefusalCode> {
        let Request::Announce { id, payload: Payload::Transaction(unsigned), wallet } = request
        else {
            return Err(RefusalCode::NotPermitted);
        };
        let (intent, ready_at, expires_at) = self.announce(id, &unsigned)?;
        let [ready_at, expires_at] = [ready_at, expires_at].map(|at| u64::try_from(at).unwrap());
        Ok(Reply::Announced(Announcement { wallet, id, intent, ready_at, expires_at }))
    }

    fn cancelled(&mut self, request: Request) -> Result<Reply, RefusalCode> {
        let Request::Cancel { id, .. } = request else { return Err(RefusalCode::NotPermitted) };
        if self.guard.latch.0 == Latch::Active {
            self.available()?;
        }
        self.guard.cancel(id).map(|()| Reply::Done)
    }

    /// Stricter, never looser; the first reason stands.
    fn halted(&mut self, request: Request) -> Reply {
        let Request::Halt { wallet: None, to, reason, .. } = request else { return Reply::Done };
        if to > self.guard.latch.0 {
            self.guard.latch = (to, reason);
        }
        Reply::Done
    }

    fn available(&self) -> Result<(), RefusalCode> {
        match self.guard.latch.0 {
            Latch::Active => {}
            Latch::Suspended => return Err(RefusalCode::Suspended),
            Latch::Locked => return Err(RefusalCode::Locked),
        }
        match self.signer {
            SignerMood::Locked => Err(RefusalCode::VaultLocked),
            SignerMood::Refuses => Err(RefusalCode::OverOwnerCeiling),
            SignerMood::Says(code) => Err(code),
            SignerMood::Good | SignerMood::CountsAndBreaks => Ok(()),
        }
    }

    fn sign(&mut self, unsigned: &[u8], warrant: &Warrant) -> Option<Reply> {
        if let Err(code) = self.available() {
            return Some(refused(code));
        }
        // The same bytes are signed again.
        if !self.counted.contains(unsigned) {
            if let Err(code) = self.guard.permit(unsigned, warrant) {
                return Some(refused(code));
            }
            self.counted.insert(unsigned.to_vec());
        }
        if self.signer == SignerMood::CountsAndBreaks {
            return None;
        }
        let mut signature = [1; 65];
        signature[64] = 0;
        let signed = evm::assemble(unsigned, &signature).unwrap();
        let transaction = evm::Transaction::from_unsigned_bytes(unsigned).unwrap();
        let nonce = transaction.nonce;
        let hash = format!("0x{}", primitives::encode_hex(&signed.hash));
        self.transactions.insert(signed.bytes.clone(), (hash.clone(), transaction));
        self.signed.insert(signed.bytes, (hash, nonce));
        Some(Reply::Signature(signature.to_vec()))
    }

    fn announce(
        &mut self,
        id: AnnouncementId,
        unsigned: &[u8],
    ) -> Result<([u8; 32], i64, i64), RefusalCode> {
        self.available()?;
        let guard = &mut self.guard;
        if value(unsigned) > guard.after_wait {
            return Err(RefusalCode::NeedsOwner);
        }
        let now = guard.now;
        guard.announced.retain(|_id, (_intent, _ready_at, expires_at)| *expires_at > now);
        let new = (intent(unsigned), now + guard.wait, now + LIFETIME);
        let kept = guard.announced.entry(id).or_insert(new);
        if kept.0 == new.0 { Ok(*kept) } else { Err(RefusalCode::UnknownAnnouncement) }
    }

    fn status(&self) -> Status {
        Status {
            version: "0.1.0".to_owned(),
            vault: VaultPhase::Open,
            latch: self.guard.latch.0,
            latch_reason: self.guard.latch.1.clone(),
            journal_damage: None,
            wallets_halted: 0,
            suspends_at: None,
            secret_memory: SecretMemory::Locked,
            wallets: 1,
            journal_records: 1,
            journal_head: [0; 32],
            witnesses: Vec::new(),
            now: u64::try_from(self.guard.now).unwrap(),
            behind_seconds: 0,
            unattended: protocol::Unattended::Off,
            idle_lock_seconds: 0,
            sandbox: Vec::new(),
        }
    }
}

impl FakeGuard {
    /// Uses up what was announced, where that is the reason to sign.
    fn permit(&mut self, unsigned: &[u8], warrant: &Warrant) -> Result<(), RefusalCode> {
        let wei = value(unsigned);
        match warrant {
            Warrant::Approved(approval) => self.approved(unsigned, approval),
            Warrant::None if wei <= self.at_once => Ok(()),
            Warrant::None if wei <= self.after_wait => Err(RefusalCode::NeedsDelay),
            Warrant::None => Err(RefusalCode::NeedsOwner),
            Warrant::Announced(_) if wei > self.after_wait => Err(RefusalCode::NeedsOwner),
            Warrant::Announced(id) => {
                let found = self.announced.get(id).filter(|found| found.0 == intent(unsigned));
                match found {
                    Some((_, ready_at, expires_at)) if *ready_at <= self.now => {
                        if *expires_at <= self.now {
                            return Err(RefusalCode::UnknownAnnouncement);
                        }
                        self.announced.remove(id);
                        Ok(())
                    }
                    Some(_) => Err(RefusalCode::NotYet),
                    None => Err(RefusalCode::UnknownAnnouncement),
                }
            }
        }
    }

    /// Uses up an approval that is for just this.
    fn approved(&mut self, unsigned: &[u8], approval: &Approval) -> Result<(), RefusalCode> {
        let Terms { guard_version, fee_ceiling, expires_at, nonce } = approval.terms;
        if guard_version != self.version {
            return Err(RefusalCode::GuardChanged);
        }
        if expires_at <= u64::try_from(self.now).unwrap() {
            return Err(RefusalCode::ApprovalExpired);
        }
        let decoded = super::decode(unsigned, sample(1).address).unwrap();
        let asked = Question {
            instance: INSTANCE,
            wallet: sample(1).id,
            address: sample(1).address,
            guard_version,
            fee_ceiling,
            expires_at,
            nonce,
            matter: Matter::Sign { decoded: &decoded, environment: sample(1).environment },
        };
        let rendered = asked.render().unwrap();
        let valid = approval.signatures.iter().all(|given| owner::is_valid(&rendered, given));
        let enough = approval.signatures.len() >= usize::from(self.owners.threshold);
        if !valid || !enough || decoded.fee_ceiling() > fee_ceiling {
            return Err(RefusalCode::BadApproval);
        }
        if self.used.insert(nonce) { Ok(()) } else { Err(RefusalCode::ApprovalUsed) }
    }

    fn cancel(&mut self, id: AnnouncementId) -> Result<(), RefusalCode> {
        self.announced.remove(&id).map(|_| ()).ok_or(RefusalCode::UnknownAnnouncement)
    }
}

fn refused(code: RefusalCode) -> Reply {
    Reply::Refused(Refusal::new(code, "not today"))
}

fn value(unsigned: &[u8]) -> u64 {
    let transaction = evm::Transaction::from_unsigned_bytes(unsigned).unwrap();
    transaction.value.to_u64().unwrap_or(u64::MAX)
}

fn intent(unsigned: &[u8]) -> [u8; 32] {
    super::decode(unsigned, sample(1).address).unwrap().intent()
}
