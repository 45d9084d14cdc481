//! The signer's own rules: what may leave a wallet without anybody else being asked.
//!
//! A [`Guard`] belongs to one wallet. It believes nothing but the bytes, what the operator wrote,
//! and the spend that the journal holds. [`clear`] is the only maker of [`Cleared`], which the
//! journal uses up; see `docs/guard.md` for the rules in words.

mod exposure;
mod text;
mod window;

use std::collections::BTreeMap;

use primitives::{Address, Amount, Asset, ChainId, Environment, Network, WalletId};
use protocol::{Refusal, RefusalCode};
use txcodec::{Decoded, Effect, SigningInput, Subject};

pub use exposure::exposure;
pub use text::GuardError;
pub use window::{DAY_SECONDS, Windows};

use crate::clock::UnixSeconds;

/// What one wallet may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    messages: MessageRule,
    networks: BTreeMap<Scope, NetworkRule>,
}

/// Where a ceiling holds.
///
/// The bytes of an EVM transaction name its network. Those of a Solana transaction do not name its
/// cluster, so all clusters of the wallet's environment share one set of ceilings: a gateway that
/// lies about the cluster gains nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One EVM network.
    Evm(ChainId),
    /// Every Solana cluster.
    Solana,
}

/// Which messages are signed that are no transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageRule {
    /// None.
    None,
    /// Texts, and typed data for networks that are open.
    Text,
    /// Texts and all typed data.
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NetworkRule {
    /// Whatever can be read is signed: for networks whose coins are worth nothing.
    Open,
    /// Transfers of these assets, up to their ceilings, and nothing else.
    Limited(BTreeMap<Asset, Ceilings>),
}

/// Inclusive, in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ceilings {
    per_transaction: Amount,
    per_day: Amount,
}

/// A transaction or message that the guard of `wallet` allows. Its fields are private and only
/// [`clear`] makes one, so nothing is recorded, and then signed, that was not cleared.
#[derive(Debug)]
pub struct Cleared {
    wallet: WalletId,
    input: SigningInput,
    scope: Option<Scope>,
    spend: BTreeMap<Asset, Amount>,
}

impl Cleared {
    /// The wallet whose guard said yes, what its key signs, and what the journal has to count.
    pub(crate) fn into_parts(
        self,
    ) -> (WalletId, SigningInput, Option<Scope>, BTreeMap<Asset, Amount>) {
        (self.wallet, self.input, self.scope, self.spend)
    }
}

impl Guard {
    /// The guard of a new wallet: on networks with coins of worth the ceiling of the DELAY tier, for
    /// one transaction and for a day; test networks are open; texts are signed.
    pub fn default_for(environment: Environment, networks: &[&Network]) -> Self {
        let rule = |network: &Network| match environment {
            Environment::Testnet => NetworkRule::Open,
            Environment::Mainnet => {
                let ceiling = network.default_tiers.delay;
                let ceilings = Ceilings { per_transaction: ceiling, per_day: ceiling };
                NetworkRule::Limited(BTreeMap::from([(Asset::Native, ceilings)]))
            }
        };
        let networks =
            networks.iter().map(|network| (Scope::of(network.chain_id), rule(network))).collect();
        Self { messages: MessageRule::Text, networks }
    }

    fn judge_message(&self, effects: &[Effect]) -> Result<(), Refusal> {
        for effect in effects {
            let allowed = match (self.messages, effect) {
                (MessageRule::None, _) => false,
                (MessageRule::Text | MessageRule::All, Effect::Text { .. })
                | (MessageRule::All, Effect::TypedData { .. }) => true,
                (MessageRule::Text, Effect::TypedData { chain_id, .. }) => {
                    chain_id.is_some_and(|id| self.is_open(Scope::of(id)))
                }
                // Permits and the like: the codec reads them as what they let happen.
                (MessageRule::Text | MessageRule::All, _) => false,
            };
            if !allowed {
                return Err(not_allowed("the guard does not allow messages of this kind"));
            }
        }
        Ok(())
    }

    fn is_open(&self, scope: Scope) -> bool {
        matches!(self.networks.get(&scope), Some(NetworkRule::Open))
    }
}

impl Scope {
    /// The scope that holds for a network.
    pub fn of(chain_id: ChainId) -> Self {
        match chain_id {
            ChainId::Eip155(_) => Self::Evm(chain_id),
            ChainId::Solana(_) => Self::Solana,
        }
    }
}

/// Decides whether `decoded` may be signed for `wallet`, given what left it already.
///
/// # Errors
/// A refusal that names the rule and what would satisfy it.
pub fn clear(
    wallet: WalletId,
    guard: &Guard,
    windows: &Windows,
    decoded: Decoded,
    now: UnixSeconds,
) -> Result<Cleared, Refusal> {
    let (scope, spend) = match decoded.subject() {
        Subject::EvmMessage | Subject::SolanaMessage => {
            guard.judge_message(decoded.effects())?;
            (None, BTreeMap::new())
        }
        Subject::EvmTransaction { chain_id, .. } => {
            let scope = Scope::of(chain_id);
            (Some(scope), judge_transaction(guard, windows, scope, &decoded, now)?)
        }
        Subject::SolanaTransaction { .. } => {
            let spend = judge_transaction(guard, windows, Scope::Solana, &decoded, now)?;
            (Some(Scope::Solana), spend)
        }
    };
    Ok(Cleared { wallet, input: decoded.into_signing_input(), scope, spend })
}

fn judge_transaction(
    guard: &Guard,
    windows: &Windows,
    scope: Scope,
    decoded: &Decoded,
    now: UnixSeconds,
) -> Result<BTreeMap<Asset, Amount>, Refusal> {
    let rule = guard.networks.get(&scope).ok_or_else(|| {
        Refusal::new(
            RefusalCode::NetworkNotAllowed,
            format!("the guard has no entry for {scope}; add one with `waiaasctl guard set`"),
        )
    })?;
    judge_effects(rule, decoded.effects())?;
    let spend = decoded
        .spend()
        .ok_or_else(|| Refusal::new(RefusalCode::OverTransactionCeiling, "the sum overflows"))?;
    if let NetworkRule::Limited(ceilings) = rule {
        for (asset, amount) in &spend {
            let ceilings = ceilings.get(asset).ok_or_else(|| not_listed(*asset, scope))?;
            let spent = windows.spent(scope, *asset, now);
            judge_amount(*asset, *amount, *ceilings, spent)?;
        }
    }
    Ok(spend)
}

fn judge_effects(rule: &NetworkRule, effects: &[Effect]) -> Result<(), Refusal> {
    for effect in effects {
        match (effect, rule) {
            (Effect::Opaque(reason), _) => {
                return Err(not_allowed(&format!("it cannot be read what this does: {reason:?}")));
            }
            (
                Effect::NativeOut { .. }
                | Effect::TokenOut { .. }
                | Effect::Allowance { .. }
                | Effect::Rent { .. }
                | Effect::Memo { .. },
                _,
            )
            | (
                Effect::AuthorityChange { .. } | Effect::Call { .. } | Effect::Deploy,
                NetworkRule::Open,
            ) => {}
            (Effect::AuthorityChange { .. }, NetworkRule::Limited(_)) => {
                return Err(not_allowed("the guard does not allow control to change hands"));
            }
            (Effect::Call { contract, .. }, NetworkRule::Limited(_)) => {
                return Err(not_allowed(&format!("the guard does not allow calls of {contract}")));
            }
            (Effect::Deploy, NetworkRule::Limited(_)) => {
                return Err(not_allowed("the guard does not allow contracts to be created"));
            }
            (Effect::Text { .. } | Effect::TypedData { .. }, _) => {
                return Err(not_allowed("a message inside a transaction"));
            }
        }
    }
    Ok(())
}

fn judge_amount(
    asset: Asset,
    amount: Amount,
    ceilings: Ceilings,
    spent: Option<Amount>,
) -> Result<(), Refusal> {
    let name = asset_name(asset);
    if amount > ceilings.per_transaction {
        let ceiling = ceilings.per_transaction;
        return Err(Refusal::new(
            RefusalCode::OverTransactionCeiling,
            format!("{amount} of {name}, fee included, where one transaction may move {ceiling}"),
        ));
    }
    let total = spent.and_then(|spent| spent.checked_add(amount));
    if total.is_none_or(|total| total > ceilings.per_day) {
        let left = spent.map_or(Amount::ZERO, |spent| ceilings.per_day.saturating_sub(spent));
        return Err(Refusal::new(
            RefusalCode::OverDayCeiling,
            format!("{amount} of {name}, fee included, where {left} of the day's ceiling are left"),
        ));
    }
    Ok(())
}

fn not_listed(asset: Asset, scope: Scope) -> Refusal {
    let code = match asset {
        Asset::Native => RefusalCode::EffectNotAllowed,
        Asset::Token(_) => RefusalCode::TokenNotAllowed,
    };
    let name = asset_name(asset);
    Refusal::new(
        code,
        format!("the guard has no ceiling for {name} on {scope}; set one with `waiaasctl guard set`"),
    )
}

fn not_allowed(message: &str) -> Refusal {
    Refusal::new(RefusalCode::EffectNotAllowed, message)
}

fn asset_name(asset: Asset) -> String {
    match asset {
        Asset::Native => "the native coin".to_owned(),
        Asset::Token(token) => token.to_string(),
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Evm(chain_id) => chain_id.fmt(formatter),
            Self::Solana => formatter.write_str("solana"),
        }
    }
}

/// `address` as the asset that a guard lists it under.
fn token(address: Address) -> Asset {
    Asset::Token(address)
}
