//! An agent on one kept connection.

use std::time::{Duration, Instant};

use primitives::{Address, Chain, EvmAddress, SolanaAddress};
use serde_json::{Value, json};
use tests::stage::Stage;

use super::wire::{Wire, request};
use crate::shell::Failure;

/// For how long a payment may be under way.
const PATIENCE: Duration = Duration::from_mins(5);

/// A connection, and a session's token.
pub(crate) struct Agent<'a> {
    wire: Wire,
    token: &'a str,
    /// Of several wallets of the session, the one that pays.
    wallet: Option<&'a str>,
}

impl<'a> Agent<'a> {
    pub(crate) fn new(stage: &Stage, token: &'a str) -> Result<Self, Failure> {
        let wire = Wire::connect(stage.gatewayd.port).map_err(|why| why.to_string())?;
        Ok(Self { wire, token, wallet: None })
    }

    /// The same for one of several wallets of its session.
    pub(crate) fn of(self, wallet: &'a str) -> Self {
        Self { wallet: Some(wallet), ..self }
    }

    /// Asks for a payment of so many base units to somebody. Its id.
    pub(crate) fn send(&mut self, chain: Chain, amount: u64) -> Result<String, Failure> {
        let (to, network): (Address, _) = match chain {
            Chain::Evm => (EvmAddress([0xb0; 20]).into(), "ethereum-mainnet"),
            Chain::Solana => (SolanaAddress([0xb0; 32]).into(), "solana-mainnet"),
        };
        let amount = amount.to_string();
        let mut body =
            json!({ "type": "TRANSFER", "to": to, "amount": amount, "network": network });
        if let Some(wallet) = self.wallet {
            body["walletId"] = wallet.into();
        }
        let asked = self.ask("POST", "/v1/transactions/send", &body.to_string(), 201)?;
        let id = asked["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| format!("a payment without an id: {asked}"))
    }

    /// Asks until a transaction is as it should be.
    pub(crate) fn until(&mut self, id: &str, is_so: fn(&Value) -> bool) -> Result<Value, Failure> {
        let path = format!("/v1/transactions/{id}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.ask("GET", &path, "", 200)?;
            if is_so(&found) {
                return Ok(found);
            }
            let is_over =
                ["FAILED", "CANCELLED", "EXPIRED"].iter().any(|end| found["status"] == *end);
            if is_over || Instant::now() > deadline {
                return Err(format!("a payment stays as it is: {found}"));
            }
        }
    }

    /// Any request whose answer must have this status. The answer's JSON.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        status: u16,
    ) -> Result<Value, Failure> {
        let asked = request(method, path, Some(self.token), body);
        let answered = self.wire.exchange(&asked).map_err(|why| format!("{path}: {why}"))?;
        if answered != status {
            return Err(format!("{path}: {answered} {}", self.wire.text()));
        }
        serde_json::from_slice(self.wire.body()).map_err(|why| format!("{path}: {why}"))
    }
}
