//! The upgradeable loader: it keeps the programs that can be replaced, and who may replace them.
//!
//! Layouts are those of `UpgradeableLoaderInstruction` in `solana-loader-v3-interface`.

use primitives::SolanaAddress;

use super::fields::Fields;
use super::instruction::Call;
use super::well_known;
use crate::{AuthorityKind, Effect};

/// The program.
pub(super) const PROGRAM: SolanaAddress =
    well_known(b"BPFLoaderUpgradeab1e11111111111111111111111");

const UPGRADE: u32 = 3;
const SET_AUTHORITY: u32 = 4;
const CLOSE: u32 = 5;
const SET_AUTHORITY_CHECKED: u32 = 7;

/// What a call of the program does to `wallet`; `None` when it is not read.
pub(super) fn effects(call: &Call<'_>, wallet: SolanaAddress) -> Option<Vec<Effect>> {
    let (tag, fields) = Fields::new(call.data)?;
    fields.finish()?;
    let (authority, subject, to) = match (tag, call.accounts.as_deref()?) {
        (UPGRADE, [_data, program, buffer, _spill, _rent, _clock, authority]) => {
            (*authority, *program, Some(*buffer))
        }
        (SET_AUTHORITY, [account, authority]) => (*authority, *account, None),
        // Of an account that is closed the coins go to somebody, and how many nothing says.
        (SET_AUTHORITY | SET_AUTHORITY_CHECKED, [account, authority, to])
        | (CLOSE, [account, to, authority] | [account, to, authority, _]) => {
            (*authority, *account, Some(*to))
        }
        _ => return None,
    };
    let change = Effect::AuthorityChange {
        kind: AuthorityKind::Program,
        subject: subject.into(),
        to: to.map(Into::into),
    };
    Some(if authority == wallet { vec![change] } else { Vec::new() })
}
