//! What owners really approved: the gateway holds each until it is used, and longer, and makes of it
//! whatever looks like it.

use primitives::{Address, Amount, Chain, Environment, EvmAddress};
use protocol::{Approval, Payload, SignedForm, Terms, Warrant};
use txcodec::approval::Matter;

use super::classes::evm_bytes::{plain, takes};
use super::classes::evm_tokens::{TRANSFER, amount, word};
use super::classes::solana_fees::{budget, priority_fee};
use super::classes::solana_system::{FEE, message, native, payment};
use super::dice::Dice;
use super::rlp::Payment;
use super::rules::{BOB, LIKE_BOB, NATIVE_AT_ONCE, STRANGE_TOKEN, TOKEN_AT_ONCE, TOKENS};
use super::victim::people;
use super::{Fate, Shot, Taken, Target, evm_scope};
use crate::approver::Asked;

/// Units of computing of a Solana transaction, so that a unit's price is that of all, in lamports.
const UNITS: u32 = 1_000_000;

/// An approval that two of three owners gave.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) target: Target,
    deed: Deed,
    approval: Approval,
    /// How often it was sent as it was meant.
    pub(super) sent: u32,
    /// Whether a signature came of it.
    pub(super) is_used: bool,
}

/// What they allowed to be done.
#[derive(Clone, Debug)]
enum Deed {
    /// A payment, and what it moves besides its fee.
    Evm(Box<Payment>, Taken),
    /// Lamports for Bob.
    Solana(u64),
}

/// How something differs from what owners approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// The network would take more than they allowed.
    Dearer,
    /// It does something else.
    AnotherDeed,
    /// The wallet is another.
    AnotherWallet,
    /// The approval has something else in one place.
    Mutated,
}

impl Lie {
    pub(super) const ALL: [Self; 4] =
        [Self::Dearer, Self::AnotherDeed, Self::AnotherWallet, Self::Mutated];
}

/// Which signer is asked, in which version of the wallet's guard, and what its time is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    pub(super) instance: [u8; 16],
    pub(super) guard_version: u64,
    pub(super) now: u64,
}

impl Given {
    /// Has owners approve something that nobody else does.
    pub(super) fn new(dice: &mut Dice, target: Target, asking: Asking) -> Self {
        let deed = Deed::new(dice, &target);
        let Asking { instance, guard_version, now } = asking;
        let terms = Terms {
            guard_version,
            fee_ceiling: Amount::from(1_000_000_000_000 + dice.below(1_000_000_000_000_000)),
            expires_at: now + *dice.pick(&[1800, 86_400, 6 * 86_400]),
            nonce: dice.bytes(),
        };
        let asked = Asked { instance, wallet: target.wallet, address: target.address, terms };
        let (bytes, _) = deed.attempt(dice, &target, Amount::ZERO);
        let decoded = match target.address {
            Address::Evm(address) => txcodec::evm::decode(&bytes, address),
            Address::Solana(address) => txcodec::solana::decode(&bytes, address),
        };
        let decoded = decoded.expect("owners read what they sign");
        let matter = Matter::Sign { decoded: &decoded, environment: Environment::Mainnet };
        let people = people(target.rules.chain);
        let absent = dice.index(3);
        let who = people.iter().enumerate().filter(|(place, _)| *place != absent);
        let who: Vec<_> = who.map(|(_, person)| person).collect();
        let form = match target.rules.chain {
            Chain::Evm => *dice.pick(&[SignedForm::Text, SignedForm::TypedData]),
            Chain::Solana => SignedForm::Text,
        };
        let approval = asked.approve(matter, &who, form);
        Self { target, deed, approval, sent: 0, is_used: false }
    }

    /// An attempt to do what was approved, in bytes that were never sent.
    pub(super) fn attempt(&self, dice: &mut Dice) -> Shot {
        let fee = Amount::from(dice.below(400_000_000_000));
        let (bytes, takes) = self.deed.attempt(dice, &self.target, fee);
        Self::shot(bytes, takes, self.approval.clone())
    }

    /// The same without the approval.
    pub(super) fn unapproved(&self, dice: &mut Dice) -> Shot {
        Shot { warrant: Warrant::None, ..self.attempt(dice) }
    }

    /// Something that looks like it, to be sent as of `other` where the wallet is the lie.
    pub(super) fn pretended(&self, dice: &mut Dice, lie: Lie, other: &Target) -> Shot {
        let mut approval = self.approval.clone();
        let fee = Amount::from(dice.below(400_000_000_000));
        let (bytes, takes) = match lie {
            Lie::Dearer => {
                // Exactly as much, where a rollup takes the rest for its layer 1, or a bit more.
                let exactly = matches!(&self.deed, Deed::Evm(payment, _) if payment.chain_id == 10);
                let more = if exactly { 0 } else { 21_000 + dice.below(1_000_000) };
                let ceiling = approval.terms.fee_ceiling;
                let fee = ceiling.checked_add(more.into()).expect("50 bits");
                self.deed.attempt(dice, &self.target, fee)
            }
            Lie::AnotherDeed => {
                let deed = self.deed.another(dice);
                deed.attempt(dice, &self.target, fee)
            }
            Lie::AnotherWallet => self.deed.attempt(dice, other, fee),
            Lie::Mutated => {
                mutate(dice, &mut approval);
                self.deed.attempt(dice, &self.target, fee)
            }
        };
        Self::shot(bytes, takes, approval)
    }

    fn shot(bytes: Vec<u8>, takes: Vec<Taken>, approval: Approval) -> Shot {
        let warrant = Warrant::Approved(approval);
        Shot { payload: Payload::Transaction(bytes), warrant, takes, fate: Fate::Counted }
    }

    /// The first of what `takes` that is more than the owners allowed: what they read, and the fee.
    pub(super) fn exceeded(&self, takes: &[Taken]) -> Option<Taken> {
        let fee = self.approval.terms.fee_ceiling;
        let (scope, moved) = match &self.deed {
            Deed::Evm(payment, moved) => (evm_scope(payment.chain_id), *moved),
            Deed::Solana(lamports) => {
                let scope = primitives::Scope::Solana;
                (scope, Taken::native(scope, Amount::from(*lamports)))
            }
        };
        let allowed = [moved, Taken::native(scope, fee)];
        takes.iter().copied().find(|taken| {
            let same =
                allowed.iter().filter(|it| (it.scope, it.asset) == (taken.scope, taken.asset));
            taken.amount > super::sum(same.map(|it| it.amount))
        })
    }

    /// Whether its time is over, or nearly.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.approval.terms.expires_at <= now + 60
    }
}

impl Deed {
    fn new(dice: &mut Dice, target: &Target) -> Self {
        if target.rules.chain == Chain::Solana {
            return Self::Solana((NATIVE_AT_ONCE * 2) >> dice.below(40));
        }
        let stranger = EvmAddress(dice.bytes());
        let to = *dice.pick(&[BOB, LIKE_BOB, stranger]);
        let much = |at_once: u64, dice: &mut Dice| {
            Amount::from(at_once / 4).checked_mul((1 + dice.below(100)).into()).expect("70 bits")
        };
        let plain = Payment { gas_limit: 100_000, ..plain(dice, target) };
        if dice.percent(50) {
            let value = much(NATIVE_AT_ONCE, dice);
            let moved = Taken::native(evm_scope(plain.chain_id), value);
            let payment = Payment { to: to.0.to_vec(), value, ..plain };
            return Self::Evm(Box::new(payment), moved);
        }
        let token = *dice.pick(&[TOKENS[0], STRANGE_TOKEN]);
        let most = much(TOKEN_AT_ONCE, dice);
        let data = [TRANSFER.into(), word(to), amount(most)].concat();
        let (chain_id, value) = (1, Amount::ZERO);
        let payment = Payment { chain_id, to: token.0.to_vec(), value, data, ..plain };
        Self::Evm(Box::new(payment), Taken::token(evm_scope(1), token, most))
    }

    /// It in bytes that never were, where the network takes about so much besides what it always
    /// takes; and what all of it takes.
    fn attempt(&self, dice: &mut Dice, target: &Target, fee: Amount) -> (Vec<u8>, Vec<Taken>) {
        match self {
            Self::Evm(payment, moved) => {
                // So that price times limit is that fee to the last wei.
                let payment = Payment {
                    nonce: dice.below(1 << 40),
                    gas_limit: 1,
                    gas_price: fee,
                    ..payment.as_ref().clone()
                };
                let bytes = payment.dynamic();
                let mut takes = takes(&payment, bytes.len());
                if !matches!(moved.asset, primitives::Asset::Native) {
                    takes.push(*moved);
                }
                (bytes, takes)
            }
            Self::Solana(lamports) => {
                let price = fee.to_u64().expect("50 bits");
                let calls = [
                    budget(2, &UNITS.to_le_bytes()),
                    budget(3, &price.to_le_bytes()),
                    payment(target.solana(), *lamports),
                ];
                let amounts = [(*lamports).into(), FEE.into(), priority_fee(UNITS, price)];
                (message(dice, target, &calls), native(&amounts))
            }
        }
    }

    /// Nearly the same.
    fn another(&self, dice: &mut Dice) -> Self {
        match self {
            Self::Evm(payment, moved) => {
                let mut other = payment.clone();
                match dice.below(3) {
                    0 => {
                        let more = Amount::from(1 + dice.below(1 << 40));
                        other.value = other.value.checked_add(more).expect("70 bits");
                    }
                    1 => {
                        let place = dice.index(20);
                        other.to[place] ^= 1 << dice.index(8);
                    }
                    _ => other.data.push(dice.byte()),
                }
                Self::Evm(other, *moved)
            }
            Self::Solana(lamports) => Self::Solana(lamports + 1 + dice.below(1000)),
        }
    }
}

/// Changes one thing of an approval, so that it is none any more.
fn mutate(dice: &mut Dice, approval: &mut Approval) {
    let Approval { terms, signatures } = approval;
    let which = dice.index(signatures.len());
    match dice.below(9) {
        0 => flip(dice, &mut terms.nonce),
        1 => terms.guard_version += 1 + dice.below(9),
        2 => terms.expires_at += 1 + dice.below(1000),
        3 => {
            let more = Amount::from(1 + dice.below(1 << 60));
            terms.fee_ceiling = terms.fee_ceiling.checked_add(more).expect("62 bits");
        }
        4 => drop(signatures.pop()),
        5 => signatures[0] = signatures[1].clone(),
        6 => signatures[which].owner = signatures[1 - which].owner,
        7 => signatures[which].bytes.push(dice.byte()),
        _ => flip(dice, &mut signatures[which].bytes),
    }
}

fn flip(dice: &mut Dice, bytes: &mut [u8]) {
    let place = dice.index(bytes.len());
    bytes[place] ^= 1 << dice.index(8);
}
