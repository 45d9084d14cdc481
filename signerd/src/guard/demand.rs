//! From what was judged to what may be signed: a demand, and the reason why it is met.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};
use protocol::journal::{Event, Grant};
use protocol::{Demand, Refusal, RefusalCode};
use txcodec::{Decoded, SigningInput};

use crate::announce::Waited;
use crate::journal::{Paid, Repeat};
use crate::owners::Approved;

/// A transaction or message that the guard of a wallet does not refuse, and what it demands for it.
/// Only [`super::judge()`] makes one.
#[derive(Debug)]
pub struct Judged {
    pub(super) wallet: WalletId,
    pub(super) decoded: Decoded,
    pub(super) scope: Option<Scope>,
    pub(super) spend: BTreeMap<Asset, Amount>,
    pub(super) fee: Amount,
    pub(super) demand: Demand,
    /// Were it paid from a lease, which has room in the windows already.
    pub(super) leased: Demand,
    pub(super) owners: OwnerCeilings,
}

/// Whether what not even owners exceed holds.
#[derive(Debug)]
pub(super) struct OwnerCeilings {
    /// Were it approved.
    pub(super) approved: Result<(), Refusal>,
    /// Were it signed again, which adds nothing to what left before.
    pub(super) again: Result<(), Refusal>,
}

impl OwnerCeilings {
    /// Where there is none.
    pub(super) const NONE: Self = Self { approved: Ok(()), again: Ok(()) };
}

/// Why a demand is met.
#[derive(Debug)]
pub enum Permit {
    /// There is no reason: it goes at once, or not.
    None,
    /// The same bytes were signed within the last day.
    Again(Repeat),
    /// It was announced, and its wait is over.
    Waited(Waited),
    /// The wallet's owners approved it.
    Approved(Approved),
    /// It was paid from a lease.
    Leased(Paid),
}

/// A transaction or message that may be signed. Its fields are private and only [`Judged::clear`]
/// makes one, so nothing is recorded, and then signed, that was not cleared.
#[derive(Debug)]
pub struct Cleared(Clearance);

/// What was cleared: for the journal to count, and the vault to sign.
#[derive(Debug)]
pub(crate) struct Clearance {
    /// Whose guard said yes.
    pub(crate) wallet: WalletId,
    /// What its key signs.
    pub(crate) input: SigningInput,
    /// What it does, in short.
    pub(crate) intent: [u8; 32],
    /// Why it is allowed.
    pub(crate) by: Grant,
    /// Where it spends; `None` for messages that name no network.
    pub(crate) scope: Option<Scope>,
    /// What it spends at most.
    pub(crate) spend: BTreeMap<Asset, Amount>,
}

impl Cleared {
    /// Gives up what was cleared to who records it.
    pub(crate) fn into_clearance(self) -> Clearance {
        self.0
    }
}

impl Permit {
    /// Who become the wallet's owners when it is used.
    pub(crate) fn enrolment(&self) -> Option<Event> {
        match self {
            Self::Approved(approved) => approved.enrolment(),
            Self::None | Self::Again(_) | Self::Waited(_) | Self::Leased(_) => None,
        }
    }
}

impl Judged {
    /// What has to happen before it is signed.
    pub fn demand(&self) -> &Demand {
        &self.demand
    }

    /// What it does, in short: the same for every attempt to do the same.
    pub fn intent(&self) -> [u8; 32] {
        self.decoded.intent()
    }

    /// The most that the network takes for it: the fee, what a rollup takes for its layer 1, and rent;
    /// in base units of the native coin.
    pub fn network_takes(&self) -> Amount {
        self.fee
    }

    /// What was judged.
    pub fn decoded(&self) -> &Decoded {
        &self.decoded
    }

    /// Clears it, if `permit` meets the demand.
    ///
    /// # Errors
    /// A refusal that says what is missing.
    pub fn clear(self, permit: Permit) -> Result<Cleared, Refusal> {
        let by = self.grant(permit)?;
        let Self { wallet, decoded, scope, spend, .. } = self;
        let intent = decoded.intent();
        let input = decoded.into_signing_input();
        Ok(Cleared(Clearance { wallet, input, intent, by, scope, spend }))
    }

    fn grant(&self, permit: Permit) -> Result<Grant, Refusal> {
        match permit {
            Permit::None => match &self.demand {
                Demand::Immediate => Ok(Grant::Guard),
                Demand::Delay(seconds) => Err(needs_delay(*seconds)),
                Demand::Owner(why) => Err(needs_owner(why)),
                Demand::Never(why) => Err(never(why)),
            },
            Permit::Waited(waited) => {
                if waited.intent() != self.intent() {
                    return Err(needs_another(RefusalCode::UnknownAnnouncement, "announced"));
                }
                match &self.demand {
                    Demand::Immediate | Demand::Delay(_) => Ok(Grant::Announced(waited.id())),
                    Demand::Owner(why) => Err(needs_owner(why)),
                    Demand::Never(why) => Err(never(why)),
                }
            }
            Permit::Approved(approved) => {
                if !approved.is_for(self.wallet, self.intent()) {
                    return Err(needs_another(RefusalCode::BadApproval, "approved"));
                }
                self.owners.approved.clone().map(|()| Grant::Approved(approved.used()))
            }
            Permit::Leased(paid) => match &self.leased {
                Demand::Immediate if paid.is_for(self.wallet, self.intent()) => Ok(Grant::Lease),
                Demand::Immediate => Err(needs_another(RefusalCode::Internal, "leased")),
                Demand::Delay(seconds) => Err(needs_delay(*seconds)),
                Demand::Owner(why) => Err(needs_owner(why)),
                Demand::Never(why) => Err(never(why)),
            },
            Permit::Again(_repeat) => self.owners.again.clone().map(|()| Grant::Again),
        }
    }
}

fn needs_delay(seconds: u32) -> Refusal {
    Refusal::new(
        RefusalCode::NeedsDelay,
        format!("more than leaves at once: announce it, and sign it {seconds} s later"),
    )
}

fn needs_owner(why: &str) -> Refusal {
    Refusal::new(RefusalCode::NeedsOwner, format!("the wallet's owners have to approve it: {why}"))
}

fn never(why: &str) -> Refusal {
    Refusal::new(RefusalCode::EffectNotAllowed, why)
}

fn needs_another(code: RefusalCode, done: &str) -> Refusal {
    Refusal::new(code, format!("what was {done} is something else"))
}
