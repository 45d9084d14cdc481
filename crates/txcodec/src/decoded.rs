//! What decoding makes: effects, worst-case fee, and the bytes that a key signs.

use std::collections::{BTreeMap, BTreeSet};

use primitives::{Address, Amount, Asset, Chain, ChainId};

use crate::hash::keccak256;
use crate::{Effect, Recipient};

/// More than a signature adds to an unsigned transaction: `yParity`, `r`, `s` and longer lengths
/// (EIP-155, 1559 and 2930).
const SIGNATURE_LENGTH: u64 = 80;

/// A transaction or message that was read completely. Only this crate makes one, from the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub(crate) subject: Subject,
    pub(crate) effects: Vec<Effect>,
    pub(crate) fee_ceiling: Amount,
    pub(crate) gas_limit: u64,
    pub(crate) signing_input: SigningInput,
    pub(crate) intent: [u8; 32],
    pub(crate) length: usize,
    pub(crate) raised: BTreeSet<(Address, Address)>,
}

/// What kind of thing was read, and what its bytes say about where it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A transaction for one EVM network: the chain id is in the bytes.
    EvmTransaction {
        /// EIP-155's chain id.
        chain_id: ChainId,
        /// The account's number of this transaction, from zero.
        nonce: u64,
    },
    /// A transaction for some Solana cluster: the bytes do not say which.
    SolanaTransaction {
        /// Who pays the fee, and signs first.
        fee_payer: primitives::SolanaAddress,
    },
    /// A text by EIP-191, or typed data by EIP-712, valid wherever a contract takes it.
    EvmMessage,
    /// A text on Solana.
    SolanaMessage,
}

/// What a key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigningInput {
    /// A Keccak-256 digest, for ECDSA over secp256k1.
    Digest([u8; 32]),
    /// The whole message, for Ed25519.
    Bytes(Vec<u8>),
}

/// Why bytes are not read: they are malformed, or not what this crate would have written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than the format needs.
    #[error("the bytes end too early")]
    Truncated,
    /// More bytes than the format says.
    #[error("bytes are left over at the end")]
    TrailingBytes,
    /// A longer form, leading zeros, or another order than the one canonical encoding.
    #[error("the encoding is not canonical: {0}")]
    NotCanonical(&'static str),
    /// A transaction type or message version that is not read here.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// A value that no valid transaction has.
    #[error("invalid: {0}")]
    Invalid(&'static str),
    /// No replay protection, or a chain id of zero.
    #[error("the transaction names no chain (EIP-155), so it could be replayed on another")]
    NoChainId,
    /// The message to sign is a transaction in disguise, or could be one.
    #[error("the message could be taken for a transaction, and is not signed as a message")]
    TransactionAsMessage,
    /// More items than the limit of this crate.
    #[error("too many {0}")]
    TooMany(&'static str),
}

impl Decoded {
    /// What kind of thing it is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The kind of chain whose keys sign it.
    pub fn chain(&self) -> Chain {
        match self.subject {
            Subject::EvmTransaction { .. } | Subject::EvmMessage => Chain::Evm,
            Subject::SolanaTransaction { .. } | Subject::SolanaMessage => Chain::Solana,
        }
    }

    /// The network that the bytes name: that of an EVM transaction, or of the domain of typed data.
    /// `None` where they name none, so that the signature holds wherever it is taken.
    pub fn chain_id(&self) -> Option<ChainId> {
        match (self.subject, self.effects.first()) {
            (Subject::EvmTransaction { chain_id, .. }, _) => Some(chain_id),
            (Subject::EvmMessage, Some(Effect::TypedData { chain_id, .. })) => *chain_id,
            (
                Subject::EvmMessage | Subject::SolanaMessage | Subject::SolanaTransaction { .. },
                _,
            ) => None,
        }
    }

    /// Everything that it does, in the order of the bytes.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The most that the network can take for it, in wei or lamports.
    pub fn fee_ceiling(&self) -> Amount {
        self.fee_ceiling
    }

    /// The most gas that it may use, or compute units on Solana; zero for messages.
    pub fn gas_limit(&self) -> u64 {
        self.gas_limit
    }

    /// What the key signs.
    pub fn signing_input(&self) -> &SigningInput {
        &self.signing_input
    }

    /// What is done, as one digest: the same for every attempt to do the same, another for anything
    /// else (`docs/PROTOCOL.md`, "The intent digest").
    ///
    /// Nonce, gas, prices, blockhash and compute budget are not in it: an owner's approval and a
    /// delay are for an intent, and hold for the attempt that gets through.
    pub fn intent(&self) -> [u8; 32] {
        self.intent
    }

    /// Tokens and spenders whose allowances add to what stands (`increaseAllowance`): the amounts of
    /// [`Effect::Allowance`] are what is added, and what may be taken afterwards is for the chain to say.
    pub fn raised_allowances(&self) -> &BTreeSet<(Address, Address)> {
        &self.raised
    }

    /// The most that a rollup takes for publishing it on its layer 1, at so much a byte: for what
    /// was read and for its signature, in wei. Nothing for messages, and on Solana. `None` above 256
    /// bits.
    pub fn layer_1_fee(&self, per_byte: Amount) -> Option<Amount> {
        match self.subject {
            Subject::EvmTransaction { .. } => {
                let length = u64::try_from(self.length).ok()?.checked_add(SIGNATURE_LENGTH)?;
                per_byte.checked_mul(Amount::from(length))
            }
            Subject::SolanaTransaction { .. } | Subject::EvmMessage | Subject::SolanaMessage => {
                Some(Amount::ZERO)
            }
        }
    }

    /// The same, with what a rollup takes for its layer 1 in the fee ceiling, at so much a byte. `None`
    /// above 256 bits.
    #[must_use]
    pub fn with_layer_1_fee(mut self, per_byte: Amount) -> Option<Self> {
        self.fee_ceiling = self.fee_ceiling.checked_add(self.layer_1_fee(per_byte)?)?;
        Some(self)
    }

    /// Several transactions of one account as what they do together, for those who judge a sequence as
    /// a whole: there is nothing in it that a key could sign. `None` for none, or when their fees or
    /// their gas cannot be added up.
    pub fn together(parts: &[Self]) -> Option<Self> {
        let first = parts.first()?;
        let intents: Vec<u8> = parts.iter().flat_map(|part| part.intent).collect();
        Some(Self {
            subject: first.subject,
            effects: parts.iter().flat_map(|part| part.effects.clone()).collect(),
            fee_ceiling: Amount::sum(parts.iter().map(|part| part.fee_ceiling))?,
            gas_limit: parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.gas_limit))?,
            signing_input: SigningInput::Bytes(Vec::new()),
            intent: keccak256(&intents),
            length: parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.length))?,
            raised: parts.iter().flat_map(|part| part.raised.clone()).collect(),
        })
    }

    /// What the key signs, when nothing else is asked any more.
    pub fn into_signing_input(self) -> SigningInput {
        self.signing_input
    }

    /// The most that can leave the wallet because of it: what goes out, allowances given, rent and
    /// fees. `None` when a sum does not fit in 256 bits. [`Effect::Call`] and the other effects
    /// without an amount are not in it: a guard judges them by themselves.
    pub fn spend(&self) -> Option<BTreeMap<Asset, Amount>> {
        let mut spend = BTreeMap::new();
        let mut add = |asset, amount: Amount| {
            let total: &mut Amount = spend.entry(asset).or_default();
            *total = total.checked_add(amount)?;
            Some(())
        };
        for effect in &self.effects {
            match effect {
                Effect::NativeOut { amount, .. } | Effect::Rent { amount, .. } => {
                    add(Asset::Native, *amount)?;
                }
                Effect::TokenOut { token, amount, .. }
                | Effect::Allowance { token, amount, .. } => add(Asset::Token(*token), *amount)?,
                Effect::CollectibleOut { .. }
                | Effect::AuthorityChange { .. }
                | Effect::Call { .. }
                | Effect::Deploy
                | Effect::Text { .. }
                | Effect::TypedData { .. }
                | Effect::Memo { .. }
                | Effect::Opaque(_) => {}
            }
        }
        if !self.fee_ceiling.is_zero() {
            add(Asset::Native, self.fee_ceiling)?;
        }
        Some(spend)
    }

    /// The most that the network takes because of it: the fee, and the rent of new accounts, in base
    /// units of the native coin. `None` above 256 bits.
    pub fn network_takes(&self) -> Option<Amount> {
        let rent = self.effects.iter().filter_map(|effect| match effect {
            Effect::Rent { amount, .. } => Some(*amount),
            Effect::NativeOut { .. }
            | Effect::TokenOut { .. }
            | Effect::CollectibleOut { .. }
            | Effect::Allowance { .. }
            | Effect::AuthorityChange { .. }
            | Effect::Call { .. }
            | Effect::Deploy
            | Effect::Text { .. }
            | Effect::TypedData { .. }
            | Effect::Memo { .. }
            | Effect::Opaque(_) => None,
        });
        Amount::sum(rent.chain([self.fee_ceiling]))
    }

    /// Who gets something: recipients of coins, tokens and collectibles, and owners of accounts that
    /// the wallet pays for, in the order of the bytes.
    pub fn recipients(&self) -> impl Iterator<Item = Recipient> {
        self.effects.iter().filter_map(Effect::recipient)
    }
}

#[cfg(test)]
mod tests {
    use primitives::EvmAddress;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::OpaqueReason;

    const TOKENS: [Address; 2] =
        [Address::Evm(EvmAddress([1; 20])), Address::Evm(EvmAddress([2; 20]))];
    const PEER: Address = Address::Evm(EvmAddress([3; 20]));

    fn decoded(effects: Vec<Effect>, fee_ceiling: Amount) -> Decoded {
        let signing_input = SigningInput::Digest([0; 32]);
        let subject = Subject::EvmMessage;
        let (intent, gas_limit, length, raised) = ([0; 32], 0, 0, BTreeSet::new());
        Decoded { subject, effects, fee_ceiling, gas_limit, signing_input, intent, length, raised }
    }

    #[test]
    fn each_byte_of_an_evm_transaction_and_of_its_signature_is_paid_for_on_layer_1() {
        let (chain_id, nonce) = (ChainId::Eip155(std::num::NonZeroU64::MIN), 0);
        let fee_payer = primitives::SolanaAddress([1; 32]);
        let seven = Amount::from(7_u64);
        for (subject, per_byte, expected) in [
            (Subject::EvmTransaction { chain_id, nonce }, seven, Some(Amount::from(7_u64 * 200))),
            (Subject::EvmTransaction { chain_id, nonce }, Amount::ZERO, Some(Amount::ZERO)),
            (Subject::EvmTransaction { chain_id, nonce }, Amount::MAX, None),
            (Subject::SolanaTransaction { fee_payer }, Amount::MAX, Some(Amount::ZERO)),
            (Subject::EvmMessage, Amount::MAX, Some(Amount::ZERO)),
            (Subject::SolanaMessage, Amount::MAX, Some(Amount::ZERO)),
        ] {
            let read = Decoded { subject, length: 120, ..decoded(vec![], Amount::ZERO) };
            assert_eq!(read.layer_1_fee(per_byte), expected, "{subject:?} at {per_byte}");
            let with =
                |fee| Decoded { fee_ceiling: fee, ..read.clone() }.with_layer_1_fee(per_byte);
            let eleven = Amount::from(11_u64);
            let sum = expected.and_then(|fee| fee.checked_add(eleven));
            assert_eq!(with(eleven).map(|with| with.fee_ceiling()), sum, "{subject:?}");
            let fits = expected == Some(Amount::ZERO);
            assert_eq!(with(Amount::MAX).is_some(), fits, "{subject:?} at {per_byte}");
        }
    }

    /// Small amounts, and those that make a sum overflow.
    fn amounts() -> impl Strategy<Value = Amount> {
        prop_oneof![
            any::<u64>().prop_map(Amount::from),
            any::<[u8; 32]>().prop_map(Amount::from_be_bytes),
            Just(Amount::MAX),
            Just(Amount::ZERO),
        ]
    }

    /// An effect, and what of it counts.
    type Counted = (Effect, Option<(Asset, Amount)>);

    fn effects() -> impl Strategy<Value = Counted> {
        let token = prop::sample::select(TOKENS.to_vec());
        let (to, spender) = (PEER, PEER);
        prop_oneof![
            amounts().prop_map(move |amount| {
                (Effect::NativeOut { to, amount }, Some((Asset::Native, amount)))
            }),
            (token.clone(), amounts()).prop_map(move |(token, amount)| {
                (Effect::TokenOut { token, to, amount }, Some((Asset::Token(token), amount)))
            }),
            (token, amounts()).prop_map(move |(token, amount)| {
                (Effect::Allowance { token, spender, amount }, Some((Asset::Token(token), amount)))
            }),
            Just((Effect::Deploy, None)),
            Just((Effect::Opaque(OpaqueReason::OtherSigners), None)),
        ]
    }

    proptest! {
        #[test]
        fn a_sum_is_exact_or_there_is_none(
            effects in vec(effects(), 0..6),
            fee_ceiling in prop_oneof![Just(Amount::ZERO), amounts()],
        ) {
            let fee = (!fee_ceiling.is_zero()).then_some((Asset::Native, fee_ceiling));
            let (effects, counted): (Vec<_>, Vec<_>) = effects.into_iter().unzip();
            let all: Vec<_> = counted.into_iter().flatten().chain(fee).collect();
            let assets = [Asset::Native, Asset::Token(TOKENS[0]), Asset::Token(TOKENS[1])];
            let mut expected = Some(BTreeMap::new());
            for asset in assets {
                let of_it: Vec<_> = all.iter().filter(|(of, _)| *of == asset).collect();
                let sum = Amount::sum(of_it.iter().map(|(_, amount)| *amount));
                expected = match (expected, sum, of_it.is_empty()) {
                    (expected, _, true) => expected,
                    (Some(mut expected), Some(sum), false) => {
                        expected.insert(asset, sum);
                        Some(expected)
                    }
                    (_, None, false) | (None, _, false) => None,
                };
            }
            prop_assert_eq!(decoded(effects, fee_ceiling).spend(), expected);
        }
    }
}
