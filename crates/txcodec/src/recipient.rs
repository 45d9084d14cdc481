//! Who gets something, and whether that is somebody whom a list names.

use std::collections::BTreeSet;

use primitives::Address;

use crate::Effect;
use crate::solana::associated_token;

/// Who gets something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    address: Address,
    /// Of the token that goes there.
    token: Option<Address>,
}

impl Recipient {
    /// As the bytes name them: on Solana perhaps a token account.
    pub const fn address(self) -> Address {
        self.address
    }

    /// Whether it is `listed`, or on Solana the associated token account of `listed` for that token: its
    /// address is derived from theirs, so that nobody else can open it, and its program opens it for
    /// nobody else. Any other token account is only itself, whoever it says that it belongs to.
    pub fn is(self, listed: Address) -> bool {
        if self.address == listed {
            return true;
        }
        match (self.address, listed, self.token) {
            (Address::Solana(account), Address::Solana(owner), Some(Address::Solana(mint))) => {
                associated_token::is_of(account, owner, mint)
            }
            (Address::Evm(_) | Address::Solana(_), _, _) => false,
        }
    }

    /// Whether it [is](Self::is) one of those.
    pub fn is_one_of(self, listed: &BTreeSet<Address>) -> bool {
        listed.contains(&self.address) || listed.iter().any(|listed| self.is(*listed))
    }
}

/// Somebody to whom no token goes.
impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self { address, token: None }
    }
}

impl Effect {
    /// Who gets coins, tokens or collectibles, or owns an account that the wallet pays for.
    pub fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::NativeOut { to, .. } => Some((*to).into()),
            Self::TokenOut { to, token, .. } => {
                Some(Recipient { address: *to, token: Some(*token) })
            }
            Self::CollectibleOut { to, .. } => Some(Address::Evm(*to).into()),
            Self::Rent { owner, .. } => owner.map(|owner| Address::Solana(owner).into()),
            Self::Allowance { .. }
            | Self::AuthorityChange { .. }
            | Self::Call { .. }
            | Self::Deploy
            | Self::Text { .. }
            | Self::TypedData { .. }
            | Self::Memo { .. }
            | Self::Opaque(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, EvmAddress, SolanaAddress};

    use super::*;
    use crate::solana::token::TokenProgram;

    const OWNER: SolanaAddress = SolanaAddress([2; 32]);
    const MINT: SolanaAddress = SolanaAddress([4; 32]);

    fn paid(to: SolanaAddress, token: SolanaAddress) -> Recipient {
        let effect =
            Effect::TokenOut { token: token.into(), to: to.into(), amount: Amount::from(1_u64) };
        effect.recipient().unwrap()
    }

    #[test]
    fn the_associated_account_of_somebody_is_theirs_and_no_other_account_is() {
        let of = |owner, mint, program| associated_token::derive(owner, mint, program);
        let (other, other_mint) = (SolanaAddress([3; 32]), SolanaAddress([5; 32]));
        for (to, mint, expected) in [
            (OWNER, MINT, true),
            (of(OWNER, MINT, TokenProgram::Token), MINT, true),
            (of(OWNER, MINT, TokenProgram::Token2022), MINT, true),
            (of(OWNER, MINT, TokenProgram::Token), other_mint, false),
            (of(OWNER, other_mint, TokenProgram::Token), MINT, false),
            (of(other, MINT, TokenProgram::Token), MINT, false),
            (of(other, MINT, TokenProgram::Token2022), MINT, false),
            (other, MINT, false),
            (SolanaAddress([9; 32]), MINT, false),
        ] {
            assert_eq!(paid(to, mint).is(OWNER.into()), expected, "{to} {mint}");
            let listed = BTreeSet::from([Address::Solana(SolanaAddress([1; 32])), OWNER.into()]);
            assert_eq!(paid(to, mint).is_one_of(&listed), expected, "{to} {mint}");
        }
    }

    #[test]
    fn coins_for_a_token_account_are_not_for_its_owner_and_an_evm_address_is_only_itself() {
        let account = associated_token::derive(OWNER, MINT, TokenProgram::Token);
        assert!(!Recipient::from(Address::Solana(account)).is(OWNER.into()));
        let [one, two] = [1, 2].map(|byte| Address::Evm(EvmAddress([byte; 20])));
        let coins = |to| Effect::NativeOut { to, amount: Amount::from(1_u64) };
        assert!(coins(one).recipient().unwrap().is(one));
        assert!(!coins(one).recipient().unwrap().is(two));
        let tokens = Effect::TokenOut { token: two, to: one, amount: Amount::from(1_u64) };
        assert!(!tokens.recipient().unwrap().is(OWNER.into()));
    }
}
