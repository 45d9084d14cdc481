//! The guards that are shot at, and what the attacker may know of them: they are no secret.

use primitives::{Amount, Asset, Chain, EvmAddress, SolanaAddress};

use crate::guards;

/// Whom every guard that names recipients names.
pub const BOB: EvmAddress = EvmAddress([0xb0; 20]);
/// As above, on Solana.
pub const SOLANA_BOB: SolanaAddress = SolanaAddress([0xb0; 32]);
/// Who looks like Bob where people look: at both ends.
pub const LIKE_BOB: EvmAddress = EvmAddress([
    0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xb0, 0xb0,
    0xb0, 0xb0, 0xb0, 0xb0,
]);
/// Who takes allowances where the guard names spenders.
pub const SPENDER: EvmAddress = EvmAddress([0x5d; 20]);
/// Tokens that are listed.
pub const TOKENS: [EvmAddress; 2] = [EvmAddress([0x70; 20]), EvmAddress([0x71; 20])];
/// As above, on Solana.
pub const MINTS: [SolanaAddress; 2] = [SolanaAddress([3; 32]), SolanaAddress([4; 32])];
/// A token that nobody listed.
pub const STRANGE_TOKEN: EvmAddress = EvmAddress([0x7f; 20]);
/// As above, on Solana.
pub const STRANGE_MINT: SolanaAddress = SolanaAddress([9; 32]);
/// A contract that is listed where contracts are.
pub const ROUTER: EvmAddress = EvmAddress([0x90; 20]);
/// The one function of it that may be called.
pub const SWAP: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
/// Networks with ceilings: Ethereum, and a rollup that takes a fee for its layer 1.
pub const NETWORKS: [u64; 2] = [1, 10];
/// What the guard takes a byte on the rollup to cost, in wei.
pub const WEI_PER_BYTE: u64 = 1_000_000_000;

/// At once, in one transaction: 1 ETH or 1,000,000 SOL, so that 64 bits are not the limit.
pub const NATIVE_AT_ONCE: u64 = 1_000_000_000_000_000_000;
/// At once, of a token, in one transaction.
pub const TOKEN_AT_ONCE: u64 = 1_000_000_000;
/// How many of the largest transactions make a day.
const DAY: u64 = 10;
/// How many of the largest that leave at once the owners may let go in one transaction.
const APPROVED: u64 = 100;
/// And in a day.
const APPROVED_DAY: u64 = 1000;
/// What may be taken by each allowance, where spenders are named.
pub const SPENDER_MOST: u64 = 1_000_000;

/// What a guard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What it is called in reports.
    pub name: &'static str,
    /// For wallets of this kind of chain.
    pub chain: Chain,
    features: &'static [Feature],
}

/// Something that a guard may say besides the native ceilings, which all have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Ceilings for [`TOKENS`] or [`MINTS`].
    Tokens,
    /// Coins and tokens leave to Bob alone.
    Recipients,
    /// Allowances to [`SPENDER`] alone.
    Spenders,
    /// [`SWAP`] of [`ROUTER`] may be called, and a `Pledge` signed for it.
    Contracts,
    /// Five times as much after a second.
    Delay,
    /// A slice of the budget is taken ahead.
    Lease,
    /// No texts.
    Silent,
    /// Ceilings for an hour too.
    Hour,
    /// Ceilings for 30 days too.
    Month,
    /// Three people, of whom two let more leave.
    Owned,
}

use Feature::{Contracts, Delay, Hour, Lease, Month, Owned, Recipients, Silent, Spenders, Tokens};

/// Every guard that is shot at.
pub static RULES: &[Rules] = &[
    Rules { name: "coins alone", chain: Chain::Evm, features: &[Silent] },
    Rules { name: "coins and tokens", chain: Chain::Evm, features: &[Tokens, Hour] },
    Rules { name: "few recipients", chain: Chain::Evm, features: &[Tokens, Recipients, Spenders] },
    Rules { name: "a contract", chain: Chain::Evm, features: &[Tokens, Contracts] },
    Rules { name: "a wait", chain: Chain::Evm, features: &[Tokens, Delay] },
    Rules { name: "a lease", chain: Chain::Evm, features: &[Tokens, Lease, Month] },
    Rules { name: "owners", chain: Chain::Evm, features: &[Tokens, Owned, Hour, Month] },
    Rules { name: "owners and a lease", chain: Chain::Evm, features: &[Owned, Lease] },
    Rules { name: "owners and a wait", chain: Chain::Evm, features: &[Tokens, Owned, Delay] },
    Rules { name: "coins alone, Solana", chain: Chain::Solana, features: &[Silent] },
    Rules { name: "coins and tokens, Solana", chain: Chain::Solana, features: &[Tokens, Hour] },
    Rules { name: "few recipients, Solana", chain: Chain::Solana, features: &[Tokens, Recipients] },
    Rules { name: "a wait, Solana", chain: Chain::Solana, features: &[Tokens, Delay] },
    Rules { name: "a lease, Solana", chain: Chain::Solana, features: &[Tokens, Lease, Hour] },
    Rules { name: "owners, Solana", chain: Chain::Solana, features: &[Tokens, Owned, Month] },
];

impl Rules {
    /// Whether the guard says this.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// The most that owners let go in a day, of coins or of a token that is listed.
    pub(super) fn approved_in_a_day(asset: Asset) -> Amount {
        let at_once = match asset {
            Asset::Native => NATIVE_AT_ONCE,
            Asset::Token(_) => TOKEN_AT_ONCE,
        };
        Amount::from(at_once).checked_mul(APPROVED_DAY.into()).expect("70 bits")
    }

    /// The guard.
    pub fn text(&self) -> String {
        let mut text = guards::messages(if self.has(Silent) { "none" } else { "text" });
        text += &guards::any_pace();
        if self.has(Delay) {
            text += "delay_seconds = 1\n";
        }
        if self.has(Lease) {
            text += "lease_percent = 5\n";
        }
        match self.chain {
            Chain::Evm => {
                text += &self.network("eip155:1", &TOKENS.map(|token| token.to_string()));
                if self.has(Contracts) {
                    text += &guards::contract("eip155:1", &ROUTER.to_string(), &SWAP);
                    text += &guards::typed_data("eip155:1", &ROUTER.to_string(), "Pledge");
                }
                text += &self.network("eip155:10", &[]);
            }
            Chain::Solana => {
                text += &self.network("solana", &MINTS.map(|mint| mint.to_string()));
            }
        }
        text
    }

    fn network(&self, network: &str, tokens: &[String]) -> String {
        let fee_per_byte = if network == "eip155:10" { WEI_PER_BYTE } else { 0 };
        let mut text = guards::network(network, fee_per_byte.into());
        if self.has(Recipients) {
            text += &guards::recipients(&[&self.bob()]);
        }
        text += &self.asset(network, "native", NATIVE_AT_ONCE);
        let listed = tokens.iter().filter(|_| self.has(Tokens));
        for token in listed {
            text += &self.asset(network, &format!("token.{token}"), TOKEN_AT_ONCE);
            if self.has(Spenders) {
                text += &guards::spender(&SPENDER.to_string(), SPENDER_MOST.into());
            }
        }
        text
    }

    /// Bob as the guard has him: in other letters than the bytes are printed in.
    fn bob(&self) -> String {
        match self.chain {
            Chain::Evm => BOB.to_string().to_lowercase(),
            Chain::Solana => SOLANA_BOB.to_string(),
        }
    }

    fn asset(&self, network: &str, asset: &str, at_once: u64) -> String {
        let times = |count: u64| {
            Amount::from(at_once).checked_mul(count.into()).expect("64 bits and a few")
        };
        let mut immediate = vec![("per_transaction", times(1)), ("per_day", times(DAY))];
        if self.has(Hour) {
            immediate.push(("per_hour", times(DAY / 2)));
        }
        if self.has(Month) {
            immediate.push(("per_month", times(DAY * 3)));
        }
        let mut text = guards::ceilings(network, asset, "immediate", &immediate);
        if self.has(Delay) {
            let delayed = [("per_transaction", times(5)), ("per_day", times(5 * DAY))];
            text += &guards::further("delay", &delayed);
        }
        if self.has(Owned) {
            let approved = [("per_transaction", times(APPROVED)), ("per_day", times(APPROVED_DAY))];
            text += &guards::further("owner", &approved);
        }
        text
    }
}
