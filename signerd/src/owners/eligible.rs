//! Who can own a wallet.

use ed25519_dalek::VerifyingKey;
use primitives::{Address, EvmAddress, WalletId};
use protocol::{MAX_OWNERS, Owners, Refusal, RefusalCode};

use crate::journal::State;

/// Checks that `owners` can own `wallet`: there is at least one, each stands once and in order, has
/// an address that signs on the wallet's kind of chain, and is no wallet of this signer. What a
/// wallet here signs the gateway can have signed, so it would approve for itself.
///
/// # Errors
/// A refusal that names who cannot, and why.
pub(crate) fn check_eligible(
    state: &State,
    wallet: WalletId,
    owners: &Owners,
) -> Result<(), Refusal> {
    let Owners { threshold, members } = owners;
    if members.is_empty() || members.len() > MAX_OWNERS {
        return Err(bad(format!("a wallet has from one to {MAX_OWNERS} owners")));
    }
    if *threshold == 0 || usize::from(*threshold) > members.len() {
        return Err(bad("at least one owner has to sign, and at most all of them"));
    }
    if !members.is_sorted_by(|one, next| one < next) {
        return Err(bad("each owner stands once, in the order of their addresses"));
    }
    let chain = state.wallet(wallet).map(|known| known.snapshot().chain);
    for member in members {
        if Some(member.chain()) != chain {
            let message = format!("{member} is on another kind of chain than the wallet");
            return Err(Refusal::new(RefusalCode::WrongChain, message));
        }
        if !can_sign(*member) {
            return Err(bad(format!("{member} is an address that nobody signs for")));
        }
        if state.wallets().any(|known| known.snapshot().address == *member) {
            let message = format!("{member} is a wallet of this signer: it would approve itself");
            return Err(bad(message));
        }
    }
    Ok(())
}

/// Whether there can be a key that signs for the address.
fn can_sign(address: Address) -> bool {
    match address {
        Address::Evm(address) => address != EvmAddress::ZERO,
        Address::Solana(address) => {
            VerifyingKey::from_bytes(&address.0).is_ok_and(|key| !key.is_weak())
        }
    }
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::BadOwners, message)
}
