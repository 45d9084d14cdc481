//! Solana, by the JSON-RPC methods of its validators (<https://solana.com/docs/rpc>).

mod account;
mod draft;
mod fees;
mod lookup;
mod outcome;
mod plan;
mod send;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use primitives::{Address, Amount, Asset, SolanaAddress};
use serde_json::{Value, json};
use txcodec::solana::associated_token;
use txcodec::solana::token::TokenProgram;

use self::account::{Account, read_account};
use self::token::{Mint, TokenAccount};
use super::answer::Part;
use super::rpc::Rpc;
use super::{
    Age, Balance, ChainError, Draft, DraftRequest, GasPrice, Outcome, Simulation, TokenMetadata,
};
use crate::config::Commitment;

/// What a node takes in one question.
const ACCOUNTS_AT_ONCE: usize = 100;
/// The most different tokens whose decimals are looked up. Strangers send worthless ones for free.
const MAX_MINTS: usize = 1_000;

/// Asks one Solana cluster.
#[derive(Clone, Debug)]
pub(super) struct Solana {
    pub(super) rpc: Arc<Rpc>,
    /// How far a transaction has to be to count as done.
    commitment: Commitment,
}

impl Solana {
    pub(super) fn new(rpc: Rpc, commitment: Commitment) -> Self {
        Self { rpc: Arc::new(rpc), commitment }
    }

    pub(super) async fn balance(&self, owner: SolanaAddress) -> Result<Amount, ChainError> {
        let params = json!([owner.to_string(), confirmed()]);
        let read = |part: Part<'_>| part.field("value")?.number();
        self.rpc.ask("getBalance", params, read).await.map(Amount::from)
    }

    /// What the owner's associated token account holds, which is what a transfer can draw from.
    pub(super) async fn token_balance(
        &self,
        owner: SolanaAddress,
        mint: SolanaAddress,
    ) -> Result<Amount, ChainError> {
        let [mint_account, token, token_2022] = self
            .accounts([
                mint,
                associated_token::derive(owner, mint, TokenProgram::Token),
                associated_token::derive(owner, mint, TokenProgram::Token2022),
            ])
            .await?;
        let account = match Mint::read(mint, mint_account.as_ref())?.program {
            TokenProgram::Token => token,
            TokenProgram::Token2022 => token_2022,
        };
        Ok(TokenAccount::read(mint, account.as_ref()).map_or(Amount::ZERO, |found| found.amount()))
    }

    pub(super) async fn token_metadata(
        &self,
        mint: SolanaAddress,
    ) -> Result<TokenMetadata, ChainError> {
        // Money is counted by it, and it never changes: a second endpoint has to say the same.
        let read = |part: Part<'_>| {
            let [account] = part.field("value")?.array::<1>()?;
            Mint::read(mint, read_account(account)?.as_ref())
        };
        let params = json!([texts(&[mint]), base64_accounts()]);
        let mint_of = self.rpc.agreed("getMultipleAccounts", params, read, |_mint| true);
        let Mint { decimals, symbol, name, .. } = mint_of.await?;
        Ok(TokenMetadata { address: mint.into(), decimals, symbol, name })
    }

    /// The native coin, and every token of which there is some, all token accounts added up.
    pub(super) async fn assets(&self, owner: SolanaAddress) -> Result<Vec<Balance>, ChainError> {
        let (lamports, token, token_2022) = tokio::try_join!(
            self.balance(owner),
            self.token_accounts(owner, TokenProgram::Token),
            self.token_accounts(owner, TokenProgram::Token2022),
        )?;
        let mut amounts = BTreeMap::<SolanaAddress, Amount>::new();
        for account in token.iter().chain(&token_2022) {
            let sum = amounts.entry(account.mint).or_default();
            *sum = sum.checked_add(account.amount()).unwrap_or(Amount::MAX);
        }
        amounts.retain(|_, amount| !amount.is_zero());
        let decimals = self.decimals(amounts.keys().copied().take(MAX_MINTS).collect()).await?;
        let tokens = amounts.into_iter().map(|(mint, amount)| Balance {
            asset: Asset::Token(mint.into()),
            amount,
            decimals: decimals.get(&mint).copied(),
        });
        let native = Balance { asset: Asset::Native, amount: lamports, decimals: None };
        Ok(std::iter::once(native).chain(tokens).collect())
    }

    /// What is offered for a compute unit now; the base fee never changes.
    pub(super) async fn gas_price(&self, payer: SolanaAddress) -> Result<GasPrice, ChainError> {
        let price = Amount::from(fees::priority_price(&self.rpc, payer, &[]).await?);
        Ok(GasPrice { gas: price, priority: price })
    }

    pub(super) async fn draft(&self, request: &DraftRequest) -> Result<Draft, ChainError> {
        draft::draft(self, request).await
    }

    pub(super) async fn simulate(&self, message: &[u8]) -> Result<Simulation, ChainError> {
        send::simulate(&self.rpc, message).await
    }

    pub(super) async fn broadcast(&self, signed: &[u8], hash: &str) -> Result<(), ChainError> {
        send::broadcast(&self.rpc, signed, hash).await
    }

    pub(super) async fn outcome(
        &self,
        hash: &str,
        last_valid_block_height: Option<u64>,
    ) -> Result<Outcome, ChainError> {
        outcome::outcome(self, hash, last_valid_block_height).await
    }

    pub(super) async fn age(&self, last_valid_block_height: u64) -> Result<Age, ChainError> {
        outcome::age(&self.rpc, last_valid_block_height).await
    }

    /// The accounts at these addresses; `None` where there is none.
    async fn accounts<const N: usize>(
        &self,
        addresses: [SolanaAddress; N],
    ) -> Result<[Option<Account>; N], ChainError> {
        let params = json!([texts(&addresses), base64_accounts()]);
        let read = |part: Part<'_>| {
            let accounts: Result<Vec<_>, _> =
                part.field("value")?.array::<N>()?.into_iter().map(read_account).collect();
            accounts?.try_into().map_err(|_count| part.bad("another number of accounts"))
        };
        self.rpc.ask("getMultipleAccounts", params, read).await
    }

    /// The accounts that exist of these.
    async fn known(
        &self,
        addresses: BTreeSet<SolanaAddress>,
    ) -> Result<BTreeMap<SolanaAddress, Account>, ChainError> {
        let addresses: Vec<_> = addresses.into_iter().collect();
        let mut known = BTreeMap::new();
        for addresses in addresses.chunks(ACCOUNTS_AT_ONCE) {
            let params = json!([texts(addresses), base64_accounts()]);
            let read = |part: Part<'_>| {
                let accounts = part.field("value")?.items()?;
                if accounts.len() != addresses.len() {
                    return Err(part.bad("another number of accounts"));
                }
                accounts.into_iter().map(read_account).collect::<Result<Vec<_>, _>>()
            };
            let accounts = self.rpc.ask("getMultipleAccounts", params, read).await?;
            let found = addresses.iter().copied().zip(accounts);
            known.extend(found.filter_map(|(address, account)| Some((address, account?))));
        }
        Ok(known)
    }

    /// Whether each of these is a lookup table in use.
    pub(super) async fn check_lookup_tables(
        &self,
        tables: &[SolanaAddress],
    ) -> Result<(), ChainError> {
        if tables.len() > lookup::MOST_TABLES {
            return Err(ChainError::Invalid("more lookup tables than a transaction can name"));
        }
        let known = self.known(tables.iter().copied().collect()).await?;
        tables.iter().try_for_each(|table| lookup::check(*table, known.get(table)))
    }

    async fn token_accounts(
        &self,
        owner: SolanaAddress,
        program: TokenProgram,
    ) -> Result<Vec<TokenAccount>, ChainError> {
        let filter = json!({"programId": program.address().to_string()});
        let params = json!([owner.to_string(), filter, base64_accounts()]);
        let read = |part: Part<'_>| {
            let items = part.field("value")?.items()?;
            items.into_iter().map(|item| read_token_account(item, owner)).collect()
        };
        self.rpc.ask("getTokenAccountsByOwner", params, read).await
    }

    async fn decimals(
        &self,
        mints: Vec<SolanaAddress>,
    ) -> Result<BTreeMap<SolanaAddress, u8>, ChainError> {
        let known = self.known(mints.into_iter().collect()).await?;
        let read = |(mint, account)| Some((mint, Mint::read(mint, Some(&account)).ok()?.decimals));
        Ok(known.into_iter().filter_map(read).collect())
    }
}

/// The address as one of this kind of chain.
pub(super) fn solana_address(address: Address) -> Result<SolanaAddress, ChainError> {
    match address {
        Address::Solana(address) => Ok(address),
        Address::Evm(_) => Err(ChainError::Invalid("an EVM address on a Solana network")),
    }
}

fn read_token_account(item: Part<'_>, owner: SolanaAddress) -> Result<TokenAccount, ChainError> {
    let account = read_account(item.field("account")?)?;
    TokenAccount::read_any(account.as_ref())
        .filter(|account| account.owner == owner)
        .ok_or_else(|| item.bad("not a token account of the owner"))
}

fn confirmed() -> Value {
    json!({"commitment": "confirmed"})
}

fn base64_accounts() -> Value {
    json!({"commitment": "confirmed", "encoding": "base64"})
}

fn texts(addresses: &[SolanaAddress]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests;
