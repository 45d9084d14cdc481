//! A process with gatewayd's user and the whole of `signer.sock`, that wants the wallets' coins.
//!
//! A [`Class`] is one way to get more out of a wallet than its guard says. It makes [`Shot`]s:
//! requests together with what the signature would take from the wallet. That truth is known by
//! construction, from what the generator wrote into the bytes; nothing here asks `txcodec` what
//! bytes do, or a mistake there would hide itself.

pub mod classes;
pub mod dice;
pub mod engine;
mod given;
mod message;
mod moves;
pub mod report;
mod rlp;
pub mod rows;
pub mod rules;
pub mod tally;
mod verdict;
pub mod victim;

use primitives::{Address, Amount, Asset, Chain, ChainId, Scope, WalletId};
use protocol::{Payload, RefusalCode, Request, Warrant};

use dice::Dice;
use rules::Rules;

/// One way to drain a wallet, or round a limit.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// What it is called; [`rows`] refers to it.
    pub name: &'static str,
    /// On which kind of chain.
    pub chain: Chain,
    /// A request of the class.
    pub attack: fn(&mut Dice, &Target) -> Shot,
    /// Its innocent neighbour: as like as can be, and signed where the ceilings leave room.
    pub neighbour: fn(&mut Dice, &Target) -> Shot,
}

/// The wallet that is shot at.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its id.
    pub wallet: WalletId,
    /// Its address.
    pub address: Address,
    /// What its guard says.
    pub rules: Rules,
}

/// A request to sign, and the truth about it.
#[derive(Clone, Debug)]
pub struct Shot {
    /// What shall be signed.
    pub payload: Payload,
    /// Why the signer should.
    pub warrant: Warrant,
    /// What whoever has the signature can take from the wallet.
    pub takes: Vec<Taken>,
    /// What the signer has to make of it.
    pub fate: Fate,
}

/// So much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where.
    pub scope: Scope,
    /// Of what.
    pub asset: Asset,
    /// Base units; [`Amount::MAX`] also for more than fits.
    pub amount: Amount,
}

/// What the signer has to make of a shot when no owner says a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It must be refused, for one of these reasons or because nothing is signed at all.
    Refused(&'static [RefusalCode]),
    /// It may be signed as long as the ceilings leave room for it.
    Counted,
}

impl Shot {
    /// A transaction that must not be signed. What it would take is of no matter then.
    fn refused(bytes: Vec<u8>, codes: &'static [RefusalCode]) -> Self {
        Self::of(Payload::Transaction(bytes), Vec::new(), Fate::Refused(codes))
    }

    /// A transaction that counts.
    fn counted(bytes: Vec<u8>, takes: Vec<Taken>) -> Self {
        Self::of(Payload::Transaction(bytes), takes, Fate::Counted)
    }

    fn of(payload: Payload, takes: Vec<Taken>, fate: Fate) -> Self {
        Self { payload, warrant: Warrant::None, takes, fate }
    }

    /// The request.
    pub fn request(&self, wallet: WalletId) -> Request {
        let (payload, warrant) = (self.payload.clone(), self.warrant.clone());
        Request::Sign { wallet, payload, warrant }
    }
}

impl Target {
    /// Whether the guard has ceilings for it.
    fn has_line(&self, asset: Asset) -> bool {
        match asset {
            Asset::Native => true,
            Asset::Token(Address::Evm(token)) => {
                self.has_tokens() && rules::TOKENS.contains(&token)
            }
            Asset::Token(Address::Solana(mint)) => {
                self.has_tokens() && rules::MINTS.contains(&mint)
            }
        }
    }

    fn has_tokens(&self) -> bool {
        self.rules.has(rules::Feature::Tokens)
    }

    /// On an EVM chain.
    fn evm(&self) -> [u8; 20] {
        self.address.as_bytes().try_into().expect("the class is for EVM wallets")
    }

    /// On Solana.
    fn solana(&self) -> [u8; 32] {
        self.address.as_bytes().try_into().expect("the class is for Solana wallets")
    }
}

impl Taken {
    fn native(scope: Scope, amount: Amount) -> Self {
        Self { scope, asset: Asset::Native, amount }
    }

    fn token(scope: Scope, token: impl Into<Address>, amount: Amount) -> Self {
        Self { scope, asset: Asset::Token(token.into()), amount }
    }
}

/// The scope of an EVM network.
fn evm_scope(chain_id: u64) -> Scope {
    Scope::Evm(ChainId::Eip155(chain_id.try_into().expect("no network has the id 0")))
}

/// A sum that stops at the largest amount.
fn sum(amounts: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::sum(amounts).unwrap_or(Amount::MAX)
}
