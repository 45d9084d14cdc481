//! The signer's own rules: what may leave a wallet without anybody else being asked.
//!
//! A [`Guard`] belongs to one wallet. It believes nothing but the bytes, what the operator wrote,
//! and the spend that the journal holds. [`clear`] is the only maker of [`Cleared`], which the
//! journal uses up; see `docs/guard.md` for the rules in words.

mod exposure;
mod text;
mod window;

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network, Scope, WalletId};
use protocol::journal::Grant;
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
pub struct Cleared(Clearance);

/// What was cleared: for the journal to count, and the vault to sign.
#[derive(Debug)]
pub(crate) struct Clearance {
    /// Whose guard said yes.
    pub(crate) wallet: WalletId,
    /// What its key signs.
    pub(crate) input: SigningInput,
    /// What it does, in short.
    pub(crate) intent: [u8; 32],
    /// Why it is allowed.
    pub(crate) by: Grant,
    /// Where it spends; `None` for messages.
    pub(crate) scope: Option<Scope>,
    /// What it spends at most.
    pub(crate) spend: BTreeMap<Asset, Amount>,
}

impl Cleared {
    /// Gives up what was cleared to who records it.
    pub(crate) fn into_clearance(self) -> Clearance {
        self.0
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
                (MessageRule::Text | MessageRule::All, Effect::Text { .. })
                | (MessageRule::All, Effect::TypedData { .. }) => true,
                (MessageRule::Text, Effect::TypedData { chain_id, .. }) => {
                    chain_id.is_some_and(|id| self.is_open(Scope::of(id)))
                }
                // Nothing, where none is allowed; permits and the like never: the codec reads them
                // as what they let happen, and that is no message.
                (MessageRule::None | MessageRule::Text | MessageRule::All, _) => false,
            };
            if !allowed {
                return Err(not_allowed("the guard does not allow messages of this kind"));
            }
        }
        Ok(())
    }

    fn signs_all_typed_data(&self, scope: Scope) -> bool {
        match (self.messages, scope) {
            (MessageRule::All, Scope::Evm(_)) => true,
            (MessageRule::None | MessageRule::Text | MessageRule::All, _) => false,
        }
    }

    fn is_open(&self, scope: Scope) -> bool {
        matches!(self.networks.get(&scope), Some(NetworkRule::Open))
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
    let (intent, by) = (decoded.intent(), Grant::Guard);
    let input = decoded.into_signing_input();
    Ok(Cleared(Clearance { wallet, input, intent, by, scope, spend }))
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
                Effect::CollectibleOut { .. }
                | Effect::AuthorityChange { .. }
                | Effect::Call { .. }
                | Effect::Deploy,
                NetworkRule::Open,
            ) => {}
            (Effect::CollectibleOut { .. }, NetworkRule::Limited(_)) => {
                return Err(not_allowed("the guard does not allow collectibles to leave"));
            }
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
        format!(
            "the guard has no ceiling for {name} on {scope}; set one with `waiaasctl guard set`"
        ),
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

#[cfg(test)]
mod tests {
    use primitives::{Chain, EvmAddress, builtin_by_name};
    use txcodec::evm::{Kind, Transaction, erc20};

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;
    const WALLET: EvmAddress = EvmAddress([0x11; 20]);
    const BOB: EvmAddress = EvmAddress([0xb0; 20]);
    const TOKEN: EvmAddress = EvmAddress([0x70; 20]);
    const OTHER: EvmAddress = EvmAddress([0x77; 20]);
    /// The fee ceiling of the transactions below.
    const FEE: u64 = 100_000 * 2;

    /// 1,000 of the coin and 500 of the token a transaction, 1,500 and 800 a day, fee excluded.
    fn guard() -> Guard {
        let text = format!(
            "[network.\"eip155:1\".native]\nper_transaction = \"{}\"\nper_day = \"{}\"\n\
             [network.\"eip155:1\".token.{TOKEN}]\nper_transaction = \"500\"\nper_day = \"800\"\n\
             [network.\"eip155:5\"]\nopen = true\n",
            FEE + 1000,
            2 * FEE + 1500,
        );
        Guard::from_toml(&text, Chain::Evm).unwrap()
    }

    fn unsigned(chain_id: u64, to: Option<EvmAddress>, value: u64, data: Vec<u8>) -> Decoded {
        let kind = Kind::Legacy { gas_price: Amount::from(2_u64) };
        let (value, chain_id) = (Amount::from(value), chain_id.try_into().unwrap());
        let transaction =
            Transaction { kind, chain_id, nonce: 0, gas_limit: 100_000, to, value, data };
        txcodec::evm::decode(&transaction.to_unsigned_bytes(), WALLET).unwrap()
    }

    fn judge(windows: &Windows, decoded: Decoded) -> Result<Cleared, RefusalCode> {
        let wallet = WalletId::from_bytes([1; 16]);
        clear(wallet, &guard(), windows, decoded, NOW).map_err(|refusal| refusal.code)
    }

    fn coins(value: u64) -> Decoded {
        unsigned(1, Some(BOB), value, vec![])
    }

    fn tokens(token: EvmAddress, amount: u64) -> Decoded {
        unsigned(1, Some(token), 0, erc20::transfer(BOB, Amount::from(amount)))
    }

    #[test]
    fn each_ceiling_holds_at_its_last_unit() {
        use RefusalCode::{
            EffectNotAllowed, NetworkNotAllowed, OverTransactionCeiling, TokenNotAllowed,
        };
        let approve = |amount| unsigned(1, Some(TOKEN), 0, erc20::approve(BOB, amount));
        let call = |chain_id| unsigned(chain_id, Some(TOKEN), 0, vec![1, 2, 3, 4]);
        let cases = [
            ("coins at the ceiling", coins(1000), None),
            ("coins over it by one", coins(1001), Some(OverTransactionCeiling)),
            ("tokens at the ceiling", tokens(TOKEN, 500), None),
            ("tokens over it by one", tokens(TOKEN, 501), Some(OverTransactionCeiling)),
            ("a token that is not listed", tokens(OTHER, 1), Some(TokenNotAllowed)),
            ("none of a token that is not listed", tokens(OTHER, 0), Some(TokenNotAllowed)),
            ("an allowance at the ceiling", approve(Amount::from(500_u64)), None),
            ("an unlimited allowance", approve(Amount::MAX), Some(OverTransactionCeiling)),
            ("a call", call(1), Some(EffectNotAllowed)),
            ("a call on an open network", call(5), None),
            ("a contract creation", unsigned(1, None, 0, vec![0x60]), Some(EffectNotAllowed)),
            ("another network", unsigned(2, Some(BOB), 0, vec![]), Some(NetworkNotAllowed)),
            (
                "more than there is, on an open network",
                unsigned(5, Some(BOB), u64::MAX, vec![]),
                None,
            ),
        ];
        for (what, decoded, refused) in cases {
            let code = judge(&Windows::default(), decoded).err();
            assert_eq!(code, refused, "{what}");
        }
    }

    #[test]
    fn many_small_ones_end_at_the_ceiling_of_the_day() {
        let scope = Scope::Evm("eip155:1".parse().unwrap());
        let mut windows = Windows::default();
        windows.add(scope, Asset::Native, Amount::from(FEE + 1000), NOW - DAY_SECONDS + 60);
        assert!(judge(&windows, coins(500)).is_ok());
        assert_eq!(judge(&windows, coins(501)).unwrap_err(), RefusalCode::OverDayCeiling);
        // Tokens have a day of their own, but their fee is spent from the coin's.
        assert!(judge(&windows, tokens(TOKEN, 500)).is_ok());
        windows.add(scope, Asset::Native, Amount::from(501_u64), NOW);
        assert_eq!(judge(&windows, tokens(TOKEN, 1)).unwrap_err(), RefusalCode::OverDayCeiling);
    }

    #[test]
    fn a_window_that_counts_everything_lets_nothing_pass() {
        let mut windows = Windows::default();
        windows.fill_until(NOW + 1);
        assert_eq!(judge(&windows, coins(0)).unwrap_err(), RefusalCode::OverDayCeiling);
        assert!(judge(&windows, unsigned(5, Some(BOB), 1, vec![])).is_ok());
    }

    #[test]
    fn typed_data_of_all_kinds_has_no_ceiling_and_exposure_says_so() {
        let text = |messages: &str| {
            let network = "[network.\"eip155:1\".native]\nper_transaction = \"1\"\nper_day = \"1\"";
            Guard::from_toml(&format!("messages = \"{messages}\"\n{network}"), Chain::Evm).unwrap()
        };
        let at_most_one = protocol::Ceiling::AtMost(Amount::from(1_u64));
        for (messages, ceiling) in
            [("none", at_most_one), ("text", at_most_one), ("all", protocol::Ceiling::Unlimited)]
        {
            let [line] = exposure(&text(messages), &Windows::default(), NOW)[..] else {
                panic!("one line")
            };
            assert_eq!((line.at_once, line.per_day), (ceiling, ceiling), "{messages}");
        }
    }

    #[test]
    fn a_new_wallet_is_limited_where_coins_are_worth_something() {
        let mainnet = builtin_by_name("solana-mainnet").unwrap();
        let devnet = builtin_by_name("solana-devnet").unwrap();
        let lines = |environment, network| {
            exposure(&Guard::default_for(environment, &[network]), &Windows::default(), NOW)
        };
        let five_sol = protocol::Ceiling::AtMost(Amount::from(5_000_000_000_u64));
        let [line] = lines(Environment::Mainnet, mainnet)[..] else { panic!("one line") };
        assert_eq!((line.asset, line.at_once, line.per_day), (Asset::Native, five_sol, five_sol));
        let [line] = lines(Environment::Testnet, devnet)[..] else { panic!("one line") };
        assert_eq!(line.at_once, protocol::Ceiling::Unlimited);
    }
}
