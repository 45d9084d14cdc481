//! Who owns a wallet: named by the master, proved by the owner's signature, and from then on changed
//! with that owner's signature alone.

use primitives::{Address, WalletId};
use protocol::Owners;

use crate::app::App;
use crate::owner::Action;
use crate::session::{Master, Owner, OwnerError};
use crate::signer::SignerError;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::wallets::{OwnerState, Wallet, WalletOwner, WalletStatus};
use crate::store::{StoreError, Writing};
use crate::usecase::wallets::WalletError;

/// Who shall own a wallet.
#[derive(Clone, Debug)]
pub struct NewOwner {
    /// By what key.
    pub address: Address,
    /// How they like to approve; as before if absent.
    pub approval_method: Option<ApprovalMethod>,
    /// Which program they approve with.
    pub wallet_type: Option<String>,
}

/// How an owner likes to approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalMethod {
    /// In no way that was said.
    Unsaid,
    /// In this, in the words of the HTTP contract.
    Said(&'static str),
}

/// A wallet whose owner was set, and what the signer thinks of it.
#[derive(Clone, Debug)]
pub struct OwnerSet {
    /// The wallet as it is now.
    pub wallet: Wallet,
    /// What an operator has to know or do.
    pub warning: Option<String>,
}

/// Why a wallet's owner is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum OwnerChangeError {
    /// There is no such wallet, it is over, or the database fails.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The address is on another kind of chain than the wallet.
    #[error("{0} is on another kind of chain than the wallet")]
    OtherChain(Address),
    /// The address is a wallet of this gateway.
    #[error("{0} is a wallet of this gateway: it would approve for itself")]
    OwnWallet(Address),
    /// Only its owner changes that.
    #[error("{owner} owns the wallet, and has to sign: {statement}")]
    Locked {
        /// Who has to sign.
        owner: Address,
        /// What.
        statement: String,
    },
    /// Somebody else's signature came along.
    #[error("{0} is not the owner of this wallet")]
    NotTheOwner(Address),
    /// The signer has confirmed owners, and this is none of them.
    #[error("the signer has confirmed other owners of this wallet: {0}")]
    OtherOwners(String),
    /// It was verified or changed in the meantime.
    #[error("the wallet's owner was changed meanwhile; look again")]
    Changed,
    /// Nobody owns it.
    #[error("the wallet has no owner")]
    NoOwner,
    /// What the owner signed is for something else.
    #[error(transparent)]
    Signature(#[from] OwnerError),
    /// The signer does not take the owner, or cannot be asked.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl From<StoreError> for OwnerChangeError {
    fn from(error: StoreError) -> Self {
        WalletError::from(error).into()
    }
}

/// Names the owner of a wallet, and proposes them to the signer, where an operator confirms them. The
/// owner who is locked in has to have signed for it.
///
/// # Errors
/// When there is no such wallet, the address cannot own it, the present owner did not agree, or the
/// signer has other owners or cannot be asked.
pub async fn set_owner(
    app: &App,
    _master: &Master,
    id: WalletId,
    new: NewOwner,
    present: Option<&Owner>,
) -> Result<OwnerSet, OwnerChangeError> {
    let wallet = app.store.read(move |db| db.wallet(id)).await?.ok_or(WalletError::Unknown(id))?;
    let address = new.address;
    check_eligible(app, &wallet, address).await?;
    let (agreed, actor) = agreed(&wallet, Some(address), present)?;
    let warning = propose(app, id, address).await?;
    let now = app.clock.now();
    let set = app.store.write(move |db| {
        let before = unchanged(db, id, agreed)?;
        if before.owner.is_none_or(|owner| owner.address != address) {
            db.set_owner(id, Some(WalletOwner { address, verified_at: None }), now)?;
            let entry = AuditEntry::new(now, "OWNER_SET", actor).wallet(id);
            let entry = entry.detail("owner", address);
            let entry = match before.owner {
                Some(owner) => entry.detail("replaces", owner.address),
                None => entry,
            };
            db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
        }
        new.keep_method(db, &before)?;
        Ok::<_, OwnerChangeError>(db.wallet(id)?.ok_or(WalletError::Unknown(id))?)
    });
    Ok(OwnerSet { wallet: set.await?, warning })
}

/// Leaves a wallet without an owner at the gateway; whom the signer has confirmed stays there until
/// an operator removes them. The owner who is locked in has to have signed for it.
///
/// # Errors
/// When there is no such wallet or owner, or the present owner did not agree.
pub async fn remove_owner(
    app: &App,
    _master: &Master,
    id: WalletId,
    present: Option<&Owner>,
) -> Result<Wallet, OwnerChangeError> {
    let wallet = app.store.read(move |db| db.wallet(id)).await?.ok_or(WalletError::Unknown(id))?;
    let owner = wallet.owner.ok_or(OwnerChangeError::NoOwner)?;
    let (agreed, actor) = agreed(&wallet, None, present)?;
    let now = app.clock.now();
    let removed = app.store.write(move |db| {
        unchanged(db, id, agreed)?;
        db.set_owner(id, None, now)?;
        db.set_approval_method(id, None, None)?;
        let entry = AuditEntry::new(now, "OWNER_REMOVED", actor).wallet(id);
        let entry = entry.detail("owner", owner.address);
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
        Ok::<_, OwnerChangeError>(db.wallet(id)?.ok_or(WalletError::Unknown(id))?)
    });
    removed.await
}

/// Takes an owner's signature as the proof that they hold the key. From now on only they change the
/// owner. A second time changes nothing.
///
/// # Errors
/// When they do not own that wallet, or signed for something else.
pub async fn verify_owner(
    app: &App,
    owner: &Owner,
    id: WalletId,
) -> Result<Wallet, OwnerChangeError> {
    let address = owner.address();
    if owner.wallet(id).is_none() {
        let found = app.store.read(move |db| db.wallet(id)).await?;
        return Err(match found.ok_or(WalletError::Unknown(id))?.owner {
            Some(_) => OwnerChangeError::NotTheOwner(address),
            None => OwnerChangeError::NoOwner,
        });
    }
    owner.wants(Action::Verify(id))?;
    let now = app.clock.now();
    let verified = app.store.write(move |db| {
        let wallet = in_use(db, id)?;
        match wallet.owner {
            Some(found) if found.address != address => {
                return Err(OwnerChangeError::NotTheOwner(address));
            }
            None => return Err(OwnerChangeError::NoOwner),
            Some(WalletOwner { verified_at: Some(_), .. }) => return Ok(wallet),
            Some(WalletOwner { verified_at: None, .. }) => {}
        }
        db.set_owner(id, Some(WalletOwner { address, verified_at: Some(now) }), now)?;
        db.audit(&AuditEntry::new(now, "OWNER_VERIFIED", Actor::Owner(address)).wallet(id))?;
        Ok(db.wallet(id)?.ok_or(WalletError::Unknown(id))?)
    });
    verified.await
}

impl NewOwner {
    fn keep_method(&self, db: &Writing<'_>, before: &Wallet) -> Result<(), StoreError> {
        let same = before.owner.is_some_and(|owner| owner.address == self.address);
        let method = match &self.approval_method {
            Some(ApprovalMethod::Said(word)) => Some(*word),
            Some(ApprovalMethod::Unsaid) => None,
            None => before.approval_method.as_deref().filter(|_word| same),
        };
        let wallet_type = self.wallet_type.as_deref();
        let wallet_type = wallet_type.or(before.wallet_type.as_deref().filter(|_word| same));
        db.set_approval_method(before.id, method, wallet_type)
    }
}

async fn check_eligible(
    app: &App,
    wallet: &Wallet,
    address: Address,
) -> Result<(), OwnerChangeError> {
    if address.chain() != wallet.chain {
        return Err(OwnerChangeError::OtherChain(address));
    }
    let is_wallet = app.store.read(move |db| {
        let wallets = db.wallets()?;
        Ok::<_, StoreError>(wallets.iter().any(|found| found.address == address))
    });
    if is_wallet.await? { Err(OwnerChangeError::OwnWallet(address)) } else { Ok(()) }
}

/// The owner whom the change is made from, if it may be made, and whose decision that is: an owner's
/// only where it took the owner's signature.
fn agreed(
    wallet: &Wallet,
    to: Option<Address>,
    present: Option<&Owner>,
) -> Result<(Option<WalletOwner>, Actor), OwnerChangeError> {
    let Some(owner) = wallet.owner else { return Ok((None, Actor::Operator)) };
    if to == Some(owner.address) || wallet.owner_state() != OwnerState::Locked {
        return Ok((Some(owner), Actor::Operator));
    }
    let action = match to {
        Some(by) => Action::Replace { wallet: wallet.id, by },
        None => Action::Remove(wallet.id),
    };
    let signer = present.ok_or_else(|| OwnerChangeError::Locked {
        owner: owner.address,
        statement: action.to_string(),
    })?;
    if signer.address() != owner.address {
        return Err(OwnerChangeError::NotTheOwner(signer.address()));
    }
    signer.wants(action)?;
    Ok((Some(owner), Actor::Owner(owner.address)))
}

/// Proposes the owner to the signer, where nobody is confirmed. What is left to do there.
async fn propose(
    app: &App,
    id: WalletId,
    address: Address,
) -> Result<Option<String>, OwnerChangeError> {
    let state = app.signer.owners_state(id).await?;
    if state.confirmed.members.contains(&address) {
        return Ok(None);
    }
    if state.confirmed != Owners::NONE {
        let members: Vec<_> = state.confirmed.members.iter().map(Address::to_string).collect();
        return Err(OwnerChangeError::OtherOwners(members.join(", ")));
    }
    app.signer.propose_owners(id, Owners { threshold: 1, members: vec![address] }).await?;
    Ok(Some(format!(
        "the signer counts this owner's approvals once an operator confirms them: waiaasctl owner \
         confirm {id} {address}"
    )))
}

/// The wallet, if it is used and its owner is still that one.
fn unchanged(
    db: &Writing<'_>,
    id: WalletId,
    owner: Option<WalletOwner>,
) -> Result<Wallet, OwnerChangeError> {
    let wallet = in_use(db, id)?;
    if wallet.owner == owner { Ok(wallet) } else { Err(OwnerChangeError::Changed) }
}

fn in_use(db: &Writing<'_>, id: WalletId) -> Result<Wallet, WalletError> {
    let wallet = db.wallet(id)?.ok_or(WalletError::Unknown(id))?;
    match wallet.status {
        WalletStatus::Terminated => Err(WalletError::Terminated(id)),
        WalletStatus::Creating
        | WalletStatus::Active
        | WalletStatus::Suspended
        | WalletStatus::Terminating => Ok(wallet),
    }
}

#[cfg(test)]
mod tests;
