//! The Vote program: accounts of validators, and who may vote with them or take what they earned.
//!
//! Layouts are those of `VoteInstruction` in `solana-vote-interface`. What goes by a derived
//! authority, and what a validator does itself, is not read.

use primitives::SolanaAddress;

use super::fields::Fields;
use super::instruction::Call;
use super::stake::coins_to;
use super::well_known;
use crate::{AuthorityKind, Effect};

/// The program.
pub(super) const PROGRAM: SolanaAddress =
    well_known(b"Vote111111111111111111111111111111111111111");

const AUTHORIZE: u32 = 1;
const WITHDRAW: u32 = 3;
const AUTHORIZE_CHECKED: u32 = 7;

/// What a call of the program does to `wallet`; `None` when it is not read.
pub(super) fn effects(call: &Call<'_>, wallet: SolanaAddress) -> Option<Vec<Effect>> {
    let (tag, mut data) = Fields::new(call.data)?;
    let (authority, effects) = match (tag, call.accounts.as_deref()?) {
        (AUTHORIZE, [account, _clock, authority]) => {
            let to = data.address()?;
            let _role = data.small_number()?;
            (*authority, vec![given(*account, to)])
        }
        (AUTHORIZE_CHECKED, [account, _clock, authority, to]) => {
            let _role = data.small_number()?;
            (*authority, vec![given(*account, *to)])
        }
        (WITHDRAW, [_account, to, authority]) => {
            (*authority, coins_to(*to, wallet, data.number()?))
        }
        _ => return None,
    };
    data.finish()?;
    Some(if authority == wallet { effects } else { Vec::new() })
}

fn given(account: SolanaAddress, to: SolanaAddress) -> Effect {
    Effect::AuthorityChange {
        kind: AuthorityKind::Stake,
        subject: account.into(),
        to: Some(to.into()),
    }
}
