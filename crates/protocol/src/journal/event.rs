//! What happened: the events that the signer's state is made of.

use primitives::{Address, Amount, Asset, Chain, Environment, Scope, WalletId};

use crate::wire::{Item, Reader, Wire, WireError};
use crate::{AnnouncementId, Latch, Owners, RefusalCode, wire_fields, wire_variants};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The signer started.
    Started {
        /// The program's version.
        version: String,
        /// The kernel's id of this boot (`/proc/sys/kernel/random/boot_id`).
        boot: [u8; 16],
        /// Milliseconds since that boot (`CLOCK_BOOTTIME`).
        uptime_ms: u64,
    },
    /// The vault was made.
    VaultCreated {
        /// Who this signer is from now on.
        instance: [u8; 16],
    },
    /// A wallet came to be.
    WalletCreated {
        /// How.
        origin: Origin,
        /// Its key's public side, and its guard.
        wallet: WalletSnapshot,
    },
    /// A wallet was replaced; it signs until then.
    WalletRetiring {
        /// Which one.
        wallet: WalletId,
        /// Unix seconds.
        until: u64,
    },
    /// A wallet's key was destroyed.
    WalletDestroyed {
        /// Which one.
        wallet: WalletId,
    },
    /// A guard was replaced.
    GuardSet {
        /// Whose.
        wallet: WalletId,
        /// One more than before.
        version: u64,
        /// The new guard, as TOML.
        text: String,
    },
    /// A signature was about to be made.
    Signed {
        /// By whose key.
        wallet: WalletId,
        /// SHA-256 of what was signed.
        digest: [u8; 32],
        /// `txcodec`'s digest of what it does.
        intent: [u8; 32],
        /// Why it was allowed.
        by: Grant,
        /// Where it spends; `None` for messages.
        scope: Option<Scope>,
        /// What it spends at most; empty when the same bytes were counted before.
        spend: Vec<SpendLine>,
    },
    /// Requests to sign, or to announce it, were refused.
    Refused {
        /// Whose key was asked for.
        wallet: WalletId,
        /// Why.
        code: RefusalCode,
        /// How many of them since the last such record.
        count: u32,
    },
    /// Signing was stopped or allowed again.
    LatchSet {
        /// Of one wallet, or of the whole signer.
        wallet: Option<WalletId>,
        /// From now on.
        latch: Latch,
        /// Why.
        reason: String,
    },
    /// A backup was taken over: every ceiling counts as used up for as long as its window is.
    Restored {
        /// Who this signer is from now on: what owners approved before is void.
        instance: [u8; 16],
        /// The hash that ended the journal when the backup was made.
        from_head: [u8; 32],
    },
    /// An intent was announced.
    Announced {
        /// Whose key shall sign.
        wallet: WalletId,
        /// What it was announced as.
        id: AnnouncementId,
        /// `txcodec`'s digest of what it does.
        intent: [u8; 32],
        /// From when on it may be signed, Unix seconds.
        ready_at: u64,
        /// Until when, Unix seconds.
        expires_at: u64,
    },
    /// An announcement was called off.
    Cancelled {
        /// Whose key should have signed.
        wallet: WalletId,
        /// What it was announced as.
        id: AnnouncementId,
    },
    /// Owners were proposed.
    OwnersProposed {
        /// Of which wallet.
        wallet: WalletId,
        /// Who.
        owners: Owners,
    },
    /// Owners were confirmed: from now on their signatures count, and nobody else's.
    OwnersConfirmed {
        /// Of which wallet.
        wallet: WalletId,
        /// Who; nobody where they were removed.
        owners: Owners,
    },
    /// Owners approved something other than a signature, with this approval.
    ApprovalUsed {
        /// Of which wallet.
        wallet: WalletId,
        /// The approval's.
        nonce: [u8; 16],
        /// Until when the nonce has to be remembered, Unix seconds.
        expires_at: u64,
    },
    /// An operator renewed the dead man's switch.
    Renewed {},
    /// An operator said that the system's clock is right: the signer's clock goes on from there.
    TimeAccepted {
        /// What it showed before, Unix seconds.
        from: u64,
    },
    /// An operator is about to set what opens the vault at a start without anybody, or ended that.
    CredentialSet {
        /// Whether there may be something.
        is_set: bool,
    },
    /// A slice of the budget was taken ahead, and counts as spent until it is given back.
    Leased {
        /// For which wallet.
        wallet: WalletId,
        /// Where it is spent.
        scope: Scope,
        /// Until when it may be used, Unix seconds.
        until: u64,
        /// How much of what.
        spend: Vec<SpendLine>,
        /// How many signatures.
        signatures: u32,
    },
    /// Nothing more is paid from a slice that was taken ahead, and the rest of it is given back.
    LeaseEnded {
        /// Of which wallet.
        wallet: WalletId,
        /// Where it was spent.
        scope: Scope,
        /// Until when it might have been used, Unix seconds: as what it was counted.
        until: u64,
        /// How much of what was left.
        unused: Vec<SpendLine>,
    },
    /// The journal goes on in a new file: what was before adds up to a snapshot.
    Continued {
        /// SHA-256 of the snapshot's file.
        snapshot: [u8; 32],
    },
    /// The counter in the TPM is about to be counted up.
    Counted {
        /// Which counter; random, from when it was made.
        counter: [u8; 32],
        /// What it shows then.
        value: u64,
    },
    /// The settings give the dead man's switch another time, which begins now.
    DeadManSet {
        /// Until signing is suspended; 0 for never.
        seconds: u32,
    },
}

/// Why a signature was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The guard lets it go at once.
    Guard,
    /// It was announced, and nobody called it off in time.
    Announced(AnnouncementId),
    /// Owners approved it.
    Approved(UsedApproval),
    /// The same bytes were signed within the last day: the same signature comes out again.
    Again,
    /// The guard lets it go at once, and it was paid from a lease.
    Lease,
}

/// What is remembered of an approval so that it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedApproval {
    /// The approval's.
    pub nonce: [u8; 16],
    /// Unix seconds from which on it is void anyhow.
    pub expires_at: u64,
}

/// How a wallet came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its key was made here.
    Created,
    /// Its key was made elsewhere.
    Imported,
    /// It replaces another.
    Rotated {
        /// The one that it replaces.
        from: WalletId,
    },
    /// It was in a backup.
    Restored,
}

/// A wallet without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletSnapshot {
    /// Its id.
    pub id: WalletId,
    /// Which kind of chain it signs for.
    pub chain: Chain,
    /// Which networks it signs for.
    pub environment: Environment,
    /// secp256k1: 33 bytes, compressed. Ed25519: 32 bytes.
    pub public_key: Vec<u8>,
    /// What it is known by on its chain.
    pub address: Address,
    /// Unix seconds.
    pub created_at: u64,
    /// Until when it signs, if it was replaced; Unix seconds.
    pub retires_at: Option<u64>,
    /// Its guard's version.
    pub guard_version: u64,
    /// Its guard, as TOML.
    pub guard: String,
    /// Whose signatures count.
    pub owners: Owners,
    /// How often owners were confirmed.
    pub owners_version: u64,
    /// Whether it is halted.
    pub latch: Latch,
}

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendLine {
    /// The native coin or a token.
    pub asset: Asset,
    /// Base units.
    pub amount: Amount,
}

wire_fields!(SpendLine { asset, amount });
impl Item for SpendLine {}
impl Item for UsedApproval {}
wire_fields!(UsedApproval { nonce, expires_at });
wire_variants!(Grant { 1 Guard, 2 Announced(id), 3 Approved(used), 4 Again, 5 Lease });
impl Item for WalletSnapshot {}
wire_fields!(WalletSnapshot {
    id,
    chain,
    environment,
    public_key,
    address,
    created_at,
    retires_at,
    guard_version,
    guard,
    owners,
    owners_version,
    latch,
});

impl Wire for Origin {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Created => 1_u8.write(out),
            Self::Imported => 2_u8.write(out),
            Self::Rotated { from } => {
                3_u8.write(out);
                from.write(out);
            }
            Self::Restored => 4_u8.write(out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Ok(Self::Created),
            2 => Ok(Self::Imported),
            3 => Ok(Self::Rotated { from: Wire::read(input)? }),
            4 => Ok(Self::Restored),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

/// The bytes of [`Event`]: one line of tag, name and fields an event.
macro_rules! events {
    ($($tag:literal $name:ident { $($field:ident),* $(,)? })+) => {
        impl Wire for Event {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name { $($field),* } => {
                        let tag: u8 = $tag;
                        tag.write(out);
                        $($field.write(out);)*
                    })+
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                match u8::read(input)? {
                    $($tag => Ok(Self::$name { $($field: Wire::read(input)?),* }),)+
                    tag => Err(WireError::UnknownTag(tag)),
                }
            }
        }
    };
}

events! {
    1 Started { version, boot, uptime_ms }
    2 VaultCreated { instance }
    3 WalletCreated { origin, wallet }
    4 WalletRetiring { wallet, until }
    5 WalletDestroyed { wallet }
    6 GuardSet { wallet, version, text }
    7 Signed { wallet, digest, intent, by, scope, spend }
    8 Refused { wallet, code, count }
    9 LatchSet { wallet, latch, reason }
    10 Restored { instance, from_head }
    11 Announced { wallet, id, intent, ready_at, expires_at }
    12 Cancelled { wallet, id }
    13 OwnersProposed { wallet, owners }
    14 OwnersConfirmed { wallet, owners }
    15 ApprovalUsed { wallet, nonce, expires_at }
    16 Renewed {}
    17 TimeAccepted { from }
    18 Leased { wallet, scope, until, spend, signatures }
    19 Continued { snapshot }
    20 CredentialSet { is_set }
    21 Counted { counter, value }
    22 DeadManSet { seconds }
    23 LeaseEnded { wallet, scope, until, unused }
}
