//! The Stake program: coins that are staked, and who may move them or vote with them.
//!
//! Layouts are those of `StakeInstruction` in `solana-stake-interface`. What goes by a derived
//! authority, merges accounts or locks them up is not read.

use primitives::{Amount, SolanaAddress};

use super::fields::Fields;
use super::instruction::Call;
use super::well_known;
use crate::{AuthorityKind, Effect};

/// The program.
pub(super) const PROGRAM: SolanaAddress =
    well_known(b"Stake11111111111111111111111111111111111111");

const INITIALIZE: u32 = 0;
const AUTHORIZE: u32 = 1;
const DELEGATE_STAKE: u32 = 2;
const SPLIT: u32 = 3;
const WITHDRAW: u32 = 4;
const DEACTIVATE: u32 = 5;
const INITIALIZE_CHECKED: u32 = 9;
const AUTHORIZE_CHECKED: u32 = 10;

/// What a call of the program does to `wallet`; `None` when it is not read.
///
/// The program asks whether the authority is among all signers of the call, so the wallet has a say
/// wherever it stands: also where the custodian of a lockup does, or the configuration of old.
pub(super) fn effects(call: &Call<'_>, wallet: SolanaAddress) -> Option<Vec<Effect>> {
    let (tag, mut data) = Fields::new(call.data)?;
    let accounts = call.accounts.as_deref()?;
    let (authority, effects) = match (tag, accounts) {
        (INITIALIZE, [account, _rent]) => {
            let parties = [data.address()?, data.address()?];
            let lockup = [data.number()?, data.number()?];
            let _custodian = data.address()?;
            if lockup != [0, 0] {
                return None;
            }
            (wallet, parties.map(|to| given(*account, Some(to))).to_vec())
        }
        (INITIALIZE_CHECKED, [account, _rent, staker, withdrawer]) => {
            (wallet, [staker, withdrawer].map(|to| given(*account, Some(*to))).to_vec())
        }
        (AUTHORIZE, [account, _clock, authority] | [account, _clock, authority, _]) => {
            let to = data.address()?;
            let _role = data.small_number()?;
            (*authority, vec![given(*account, Some(to))])
        }
        (
            AUTHORIZE_CHECKED,
            [account, _clock, authority, to] | [account, _clock, authority, to, _],
        ) => {
            let _role = data.small_number()?;
            (*authority, vec![given(*account, Some(*to))])
        }
        // Whom the coins vote for.
        (DELEGATE_STAKE, [account, vote, _clock, _history, _config, authority]) => {
            (*authority, vec![given(*account, Some(*vote))])
        }
        (DEACTIVATE, [account, _clock, authority]) => (*authority, vec![given(*account, None)]),
        // The new account keeps the authorities of the old one.
        (SPLIT, [_account, new, authority]) => {
            let _lamports = data.number()?;
            (*authority, vec![given(*new, Some(*authority))])
        }
        (
            WITHDRAW,
            [_account, to, _clock, _history, authority]
            | [_account, to, _clock, _history, authority, _],
        ) => (*authority, coins_to(*to, wallet, data.number()?)),
        _ => return None,
    };
    data.finish()?;
    let has_a_say = authority == wallet || accounts.contains(&wallet);
    Some(if has_a_say { effects } else { Vec::new() })
}

fn given(account: SolanaAddress, to: Option<SolanaAddress>) -> Effect {
    Effect::AuthorityChange {
        kind: AuthorityKind::Stake,
        subject: account.into(),
        to: to.map(Into::into),
    }
}

/// Coins that leave an account which the wallet rules; home to the wallet they are no effect.
pub(super) fn coins_to(to: SolanaAddress, wallet: SolanaAddress, lamports: u64) -> Vec<Effect> {
    let out = Effect::NativeOut { to: to.into(), amount: Amount::from(lamports) };
    if to == wallet { Vec::new() } else { vec![out] }
}
