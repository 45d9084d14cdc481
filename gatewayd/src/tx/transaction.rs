//! A transaction as the gateway keeps it.

use std::fmt;

use primitives::{Amount, ChainId, WalletId};
use serde::{Deserialize, Serialize};

use crate::clock::UnixSeconds;
use crate::store::{SessionId, TransactionId};

use super::{Order, Shown, Status, Tier};

/// Something that an agent asked to have signed, and how far it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its name.
    pub id: TransactionId,
    /// Whose key signs.
    pub wallet: WalletId,
    /// Who asked; `None` for the operator.
    pub session: Option<SessionId>,
    /// The sequence that it is a part of.
    pub part_of: Option<PartOf>,
    /// What was asked.
    pub intent: Intent,
    /// Where it stands.
    pub status: Status,
    /// How much care it is given, once it was judged.
    pub tier: Option<Tier>,
    /// How much care the signer asked for, or the sequence that it is a part of, where that is more
    /// than the policies ask for.
    pub demanded: Option<Tier>,
    /// [`Tier::Delay`]: when it goes on. [`Tier::Approval`]: when it expires.
    pub waits_until: Option<UnixSeconds>,
    /// What exists of it.
    pub progress: Progress,
    /// Why it ended badly, or why it is not done yet.
    pub problem: Option<Problem>,
    /// How often the present step was tried in vain.
    pub attempts: u32,
    /// When the scheduler looks at it again; `None` for never.
    pub next_attempt_at: Option<UnixSeconds>,
    /// When it was asked for.
    pub created_at: UnixSeconds,
    /// When it changed last.
    pub updated_at: UnixSeconds,
    /// It came with a backup: the network is asked for it, and is never sent it.
    pub restored: bool,
}

/// A place in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// The sequence.
    pub whole: TransactionId,
    /// From zero.
    pub place: u8,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Something that the gateway builds, has signed and sends.
    Send(Box<Order>),
    /// A transaction made elsewhere, which is signed and handed back.
    SignTransaction {
        /// Where it is valid.
        network: ChainId,
    },
    /// A text or typed data, which is signed and handed back.
    SignMessage,
}

/// What exists of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing but the wish.
    Asked,
    /// Bytes that the policy allowed.
    Drafted(Drafted),
    /// Bytes with their signature: from here on the network may have it.
    Signed(Drafted, Signed),
}

/// Bytes to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// As the signer takes them.
    pub unsigned: Vec<u8>,
    /// The most that the network takes for it, in wei or lamports.
    pub fee_ceiling: Amount,
    /// The EVM nonce that was allocated for it; `None` on Solana and where the asker chose it.
    pub nonce: Option<u64>,
    /// The block height after which Solana does not take it any more.
    pub last_valid_block_height: Option<u64>,
}

/// Signed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// As the network takes them.
    pub bytes: Vec<u8>,
    /// What the network calls it: `0x` and 64 digits, or base58 of the first signature.
    pub hash: String,
}

/// What the signer is told of a transaction before it is asked to sign, so that its wait begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Bytes that do the same as those that will be signed.
    pub unsigned: Vec<u8>,
    /// How far it got.
    pub stage: Stage,
}

/// How far an announcement got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The signer shall be told; it may have been.
    Wanted,
    /// It was told.
    Made {
        /// When it forgets by itself.
        known_until: UnixSeconds,
    },
    /// It shall forget.
    CalledOff,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable; for programs.
    pub code: String,
    /// What happened, and what to do; for people.
    pub message: String,
}

/// What a kind of intent is called in the HTTP contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// `TRANSFER`: the native coin.
    Transfer,
    /// `TOKEN_TRANSFER`
    TokenTransfer,
    /// `CONTRACT_CALL`
    ContractCall,
    /// `APPROVE`
    Approve,
    /// `BATCH`
    Batch,
    /// `NFT_TRANSFER`
    NftTransfer,
    /// `CONTRACT_DEPLOY`
    ContractDeploy,
    /// `SIGN`: a transaction made elsewhere.
    Sign,
    /// `SIGN_MESSAGE`
    SignMessage,
}

impl Transaction {
    /// A new one, which the scheduler takes up at once.
    pub fn new(
        id: TransactionId,
        wallet: WalletId,
        session: Option<SessionId>,
        intent: Intent,
        now: UnixSeconds,
    ) -> Self {
        Self {
            id,
            wallet,
            session,
            part_of: None,
            intent,
            status: Status::Pending,
            tier: None,
            demanded: None,
            waits_until: None,
            progress: Progress::Asked,
            problem: None,
            attempts: 0,
            next_attempt_at: Some(now),
            created_at: now,
            updated_at: now,
            restored: false,
        }
    }

    /// Its hash on the chain, once it was signed.
    pub fn hash(&self) -> Option<&str> {
        match &self.progress {
            Progress::Asked | Progress::Drafted(_) => None,
            Progress::Signed(_, signed) => Some(&signed.hash),
        }
    }
}

impl Intent {
    /// What it is called in the HTTP contract.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Send(order) => order.deed.kind(),
            Self::SignTransaction { .. } => Kind::Sign,
            Self::SignMessage => Kind::SignMessage,
        }
    }

    /// The network that it is for; a message is for none.
    pub fn network(&self) -> Option<ChainId> {
        match self {
            Self::Send(order) => Some(order.network),
            Self::SignTransaction { network } => Some(*network),
            Self::SignMessage => None,
        }
    }

    /// The order, where it is one.
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Send(order) => Some(order.as_ref()),
            Self::SignTransaction { .. } | Self::SignMessage => None,
        }
    }

    /// What lists and records show of it.
    pub fn shown(&self) -> Shown<'_> {
        self.order().map(|order| order.deed.shown()).unwrap_or_default()
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Transfer,
        Self::TokenTransfer,
        Self::ContractCall,
        Self::Approve,
        Self::Batch,
        Self::NftTransfer,
        Self::ContractDeploy,
        Self::Sign,
        Self::SignMessage,
    ];

    /// The word of the HTTP contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transfer => "TRANSFER",
            Self::TokenTransfer => "TOKEN_TRANSFER",
            Self::ContractCall => "CONTRACT_CALL",
            Self::Approve => "APPROVE",
            Self::Batch => "BATCH",
            Self::NftTransfer => "NFT_TRANSFER",
            Self::ContractDeploy => "CONTRACT_DEPLOY",
            Self::Sign => "SIGN",
            Self::SignMessage => "SIGN_MESSAGE",
        }
    }
}

/// As clients read it: `POLICY_DENIED: …`.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}
