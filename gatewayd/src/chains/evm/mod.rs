//! EVM chains, by the JSON-RPC methods of the Ethereum execution API.

mod contracts;
mod draft;
mod fees;
mod layer_1;
mod lost;
mod nonce;
mod plan;
mod preview;
mod refusal;
mod replace;
mod send;
mod sequel;

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use primitives::{Address, Amount, Asset, EvmAddress, encode_hex};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use txcodec::evm::{Kind, Transaction, erc20};

use self::fees::Fees;
use self::refusal::execution_failed;
use super::answer::{Part, read};
use super::rpc::{Rpc, RpcError};
use super::{
    Balance, ChainError, Draft, DraftRequest, GasPrice, Outcome, Preview, Sequel, Simulation,
    TokenMetadata,
};
use crate::config::{Finality, Transactions};

/// How many tokens are asked for at the same time.
const TOKENS_AT_ONCE: usize = 8;
/// More decimals than any token has, so that nobody multiplies by 10^255.
const MAX_DECIMALS: u8 = 36;

/// Asks one EVM network.
#[derive(Clone, Debug)]
pub(super) struct Evm {
    pub(super) rpc: Arc<Rpc>,
    chain_id: NonZeroU64,
    confirmations: NonZeroU32,
    finality: Finality,
}

/// A call as `eth_call` and `eth_estimateGas` take it.
#[derive(Clone, Debug)]
struct Call {
    from: EvmAddress,
    to: Option<EvmAddress>,
    value: Amount,
    data: Vec<u8>,
}

/// The part of a receipt that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Receipt {
    block: u64,
    status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Done,
    Reverted,
}

impl Evm {
    pub(super) fn new(rpc: Rpc, chain_id: NonZeroU64, settings: &Transactions) -> Self {
        Self {
            rpc: Arc::new(rpc),
            chain_id,
            confirmations: settings.evm_confirmations,
            finality: settings.evm_finality,
        }
    }

    pub(super) async fn balance(&self, owner: EvmAddress) -> Result<Amount, ChainError> {
        let params = json!([owner.to_string(), "latest"]);
        self.rpc.ask("eth_getBalance", params, read::quantity).await
    }

    pub(super) async fn token_balance(
        &self,
        owner: EvmAddress,
        token: EvmAddress,
    ) -> Result<Amount, ChainError> {
        let answer = self.read_contract(token, erc20::balance_of(owner)).await?;
        erc20::read_amount(&answer).map_err(|_other| not_a_token(token, "it has no balances"))
    }

    /// What `spender` may take of `owner`'s tokens.
    pub(super) async fn allowance(
        &self,
        token: EvmAddress,
        [owner, spender]: [EvmAddress; 2],
    ) -> Result<Amount, ChainError> {
        let answer = self.read_by_two(token, erc20::allowance(owner, spender)).await?;
        erc20::read_amount(&answer).map_err(|_other| not_a_token(token, "it has no allowances"))
    }

    pub(super) async fn token_metadata(
        &self,
        token: EvmAddress,
    ) -> Result<TokenMetadata, ChainError> {
        // One that keeps collectibles may say that it has decimals all the same.
        if self.keeps_collectibles(token).await? {
            return Err(not_a_token(token, "it keeps collectibles"));
        }
        let (decimals, symbol, name) = tokio::join!(
            self.read_by_two(token, erc20::decimals()),
            self.read_contract(token, erc20::symbol()),
            self.read_contract(token, erc20::name()),
        );
        let decimals = erc20::read_decimals(&decimals?)
            .ok()
            .filter(|decimals| *decimals <= MAX_DECIMALS)
            .ok_or_else(|| not_a_token(token, "it has no decimals"))?;
        Ok(TokenMetadata {
            address: token.into(),
            decimals,
            symbol: read_words(symbol)?,
            name: read_words(name)?,
        })
    }

    /// The native coin, and those of `tokens` that are tokens.
    pub(super) async fn assets(
        &self,
        owner: EvmAddress,
        tokens: &[EvmAddress],
    ) -> Result<Vec<Balance>, ChainError> {
        let amount = self.balance(owner).await?;
        let mut assets = vec![Balance { asset: Asset::Native, amount, decimals: None }];
        for tokens in tokens.chunks(TOKENS_AT_ONCE) {
            assets.extend(self.token_balances(owner, tokens).await?);
        }
        Ok(assets)
    }

    /// What gas costs now.
    pub(super) async fn gas_price(&self) -> Result<GasPrice, ChainError> {
        let fees = Fees::now(&self.rpc).await?;
        let priority = match fees.kind {
            Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => gas_price,
            Kind::DynamicFee { max_priority_fee_per_gas, .. } => max_priority_fee_per_gas,
        };
        Ok(GasPrice { gas: fees.estimate, priority })
    }

    pub(super) async fn draft(&self, request: &DraftRequest) -> Result<Draft, ChainError> {
        draft::draft(self, request).await
    }

    pub(super) async fn preview(&self, request: &DraftRequest) -> Result<Preview, ChainError> {
        preview::preview(self, request).await
    }

    pub(super) async fn sequel(&self, requests: &[DraftRequest]) -> Result<Sequel, ChainError> {
        sequel::sequel(self, requests).await
    }

    pub(super) async fn simulate(
        &self,
        from: EvmAddress,
        unsigned: &[u8],
    ) -> Result<Simulation, ChainError> {
        let transaction = Transaction::from_unsigned_bytes(unsigned)
            .map_err(|_not_canonical| ChainError::Invalid("not an EVM transaction"))?;
        let Transaction { to, value, data, .. } = transaction;
        match self.estimate_gas(&Call { from, to, value, data }).await {
            Ok(gas) => Ok(went_through(gas)),
            Err(ChainError::ExecutionFailed { reason, logs }) => {
                Ok(Simulation { failure: Some(reason), logs, units_consumed: None })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn outcome(&self, hash: &str) -> Result<Outcome, ChainError> {
        let Some(receipt) = self.receipt(hash).await? else {
            let known = self.knows(hash).await?;
            return Ok(if known { Outcome::Pending } else { Outcome::Unknown });
        };
        let confirmations = self.confirmations_of(&receipt).await?;
        let enough = confirmations >= u64::from(self.confirmations.get());
        if !enough || !self.is_final(&receipt).await? {
            return Ok(Outcome::Included);
        }
        Ok(match receipt.status {
            Status::Done => Outcome::Confirmed,
            Status::Reverted => {
                Outcome::Failed { reason: format!("reverted in block {}", receipt.block) }
            }
        })
    }

    /// What the transaction would use, in gas.
    async fn estimate_gas(&self, call: &Call) -> Result<u64, ChainError> {
        let params = json!([call.to_json()]);
        match self.rpc.call("eth_estimateGas", params, read::small_quantity).await {
            Ok(gas) => Ok(gas),
            Err(RpcError::Chain(error)) => Err(error),
            Err(RpcError::Node(error)) => Err(execution_failed(error)),
        }
    }

    pub(super) async fn read_contract(
        &self,
        contract: EvmAddress,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, ChainError> {
        let answer = self.rpc.call("eth_call", call_of(contract, &data), read::data).await;
        read_call(contract, answer)
    }

    /// As [`Self::read_contract`], for what money is counted by: a second endpoint has to say the same,
    /// where there is one.
    pub(super) async fn read_by_two(
        &self,
        contract: EvmAddress,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, ChainError> {
        let params = call_of(contract, &data);
        let answer = self.rpc.agreed_call("eth_call", params, read::data, |_answer| true).await;
        read_call(contract, answer)
    }

    async fn token_balances(
        &self,
        owner: EvmAddress,
        tokens: &[EvmAddress],
    ) -> Result<Vec<Balance>, ChainError> {
        let mut questions = JoinSet::new();
        for token in tokens.iter().copied() {
            let evm = self.clone();
            questions.spawn(async move { (token, evm.token_balance(owner, token).await) });
        }
        let mut balances = Vec::new();
        for (token, balance) in questions.join_all().await {
            let asset = Asset::Token(token.into());
            match balance {
                Ok(amount) => balances.push(Balance { asset, amount, decimals: None }),
                Err(ChainError::NotAToken { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        balances.sort_by_key(|balance| balance.asset);
        Ok(balances)
    }

    async fn receipt(&self, hash: &str) -> Result<Option<Receipt>, ChainError> {
        let read = |part: Part<'_>| read_receipt(part, hash);
        let decides = Option::is_some;
        self.rpc.agreed("eth_getTransactionReceipt", json!([hash]), read, decides).await
    }

    async fn confirmations_of(&self, receipt: &Receipt) -> Result<u64, ChainError> {
        if self.confirmations == NonZeroU32::MIN {
            return Ok(1);
        }
        let newest = self.newest_block().await?;
        Ok(newest.saturating_add(1).saturating_sub(receipt.block))
    }

    /// Whether the block that the settings ask for has been reached.
    async fn is_final(&self, receipt: &Receipt) -> Result<bool, ChainError> {
        let tag = match self.finality {
            Finality::Latest => return Ok(true),
            Finality::Safe => "safe",
            Finality::Finalized => "finalized",
        };
        let read = |block: Part<'_>| block.field("number")?.small_quantity();
        let reached = self.rpc.ask("eth_getBlockByNumber", json!([tag, false]), read).await?;
        Ok(receipt.block <= reached)
    }

    async fn newest_block(&self) -> Result<u64, ChainError> {
        self.rpc.ask("eth_blockNumber", json!([]), read::small_quantity).await
    }

    /// Whether the node has the transaction, on the chain or waiting.
    async fn knows(&self, hash: &str) -> Result<bool, ChainError> {
        let read = |part: Part<'_>| {
            if part.is_null() {
                return Ok(false);
            }
            check_hash(part.field("hash")?, hash)?;
            Ok(true)
        };
        self.rpc.ask("eth_getTransactionByHash", json!([hash]), read).await
    }
}

impl Call {
    fn to_json(&self) -> Value {
        let mut call = json!({
            "from": self.from.to_string(),
            "value": quantity(self.value),
            "data": hex(&self.data),
        });
        if let (Some(to), Some(fields)) = (self.to, call.as_object_mut()) {
            fields.insert("to".to_owned(), to.to_string().into());
        }
        call
    }
}

/// What `eth_call` takes.
fn call_of(contract: EvmAddress, data: &[u8]) -> Value {
    json!([{"to": contract.to_string(), "data": hex(data)}, "latest"])
}

/// What a contract answered; one that fails is no token.
fn read_call(
    contract: EvmAddress,
    answer: Result<Vec<u8>, RpcError>,
) -> Result<Vec<u8>, ChainError> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(RpcError::Chain(error)) => Err(error),
        Err(RpcError::Node(error)) => {
            let error = execution_failed(error);
            if let ChainError::ExecutionFailed { reason, .. } = &error {
                return Err(not_a_token(contract, reason));
            }
            Err(error)
        }
    }
}

/// The address as one of this kind of chain.
pub(super) fn evm_address(address: Address) -> Result<EvmAddress, ChainError> {
    match address {
        Address::Evm(address) => Ok(address),
        Address::Solana(_) => Err(ChainError::Invalid("a Solana address on an EVM network")),
    }
}

fn read_receipt(part: Part<'_>, hash: &str) -> Result<Option<Receipt>, ChainError> {
    if part.is_null() {
        return Ok(None);
    }
    check_hash(part.field("transactionHash")?, hash)?;
    let status = part.field("status")?;
    let status = match status.small_quantity()? {
        0 => Status::Reverted,
        1 => Status::Done,
        _ => return Err(status.bad("a status other than 0 and 1")),
    };
    Ok(Some(Receipt { block: part.field("blockNumber")?.small_quantity()?, status }))
}

fn check_hash(part: Part<'_>, hash: &str) -> Result<(), ChainError> {
    let is_same = part.text()?.eq_ignore_ascii_case(hash);
    is_same.then_some(()).ok_or_else(|| part.bad("it is about another transaction"))
}

/// A symbol or name; many tokens have none, or none that can be shown.
fn read_words(answer: Result<Vec<u8>, ChainError>) -> Result<Option<String>, ChainError> {
    match answer {
        Ok(answer) => Ok(erc20::read_text(&answer).ok().filter(|text| !text.is_empty())),
        Err(ChainError::NotAToken { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn went_through(gas: u64) -> Simulation {
    Simulation { failure: None, logs: Vec::new(), units_consumed: Some(gas) }
}

fn not_a_token(address: EvmAddress, reason: &str) -> ChainError {
    ChainError::NotAToken { address: address.to_string(), reason: reason.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", encode_hex(bytes))
}

fn quantity(amount: Amount) -> String {
    let digits = encode_hex(&amount.to_be_bytes());
    match digits.trim_start_matches('0') {
        "" => "0x0".to_owned(),
        digits => format!("0x{digits}"),
    }
}

#[cfg(test)]
mod tests;
