//! An agent's payments on both chains, from wallets to confirmations.

use primitives::{Address, Amount, Asset, Chain, EvmAddress, SolanaAddress};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::stage::{Stage, Wallet};

use super::report::Report;
use crate::shell::Failure;

/// Who is paid.
const BOB: [Address; 2] =
    [Address::Evm(EvmAddress([0xb0; 20])), Address::Solana(SolanaAddress([0xb0; 32]))];

/// Everything that an agent needs.
pub(super) struct Road<'a> {
    stage: &'a Stage,
    agent: Agent,
    evm: Purse,
    solana: Purse,
}

/// A wallet, a token that it has, and who is paid from it.
struct Purse {
    wallet: Wallet,
    token: Address,
    bob: Address,
    network: &'static str,
}

impl<'a> Road<'a> {
    /// What an operator does first.
    pub(super) fn prepare(report: &Report, stage: &'a Stage) -> Result<Self, Failure> {
        let [evm, solana] = report.step("make an EVM and a Solana wallet", || {
            Ok([Chain::Evm, Chain::Solana].map(|chain| stage.create_wallet(chain)))
        })?;
        let [evm_token, solana_token] = report.step("fund them with coins and tokens", || {
            Ok([&evm, &solana].map(|wallet| {
                stage.fund(wallet);
                stage.give_token(wallet)
            }))
        })?;
        report.step("let the tokens through policies and guard", || {
            stage.allow_token(&evm, evm_token);
            stage.allow_token(&solana, solana_token);
            Ok(())
        })?;
        let agent = report.step("open a session", || Ok(stage.agent(&[&evm, &solana])))?;
        let [evm_bob, solana_bob] = BOB;
        Ok(Self {
            stage,
            agent,
            evm: Purse { wallet: evm, token: evm_token, bob: evm_bob, network: "ethereum-mainnet" },
            solana: Purse {
                wallet: solana,
                token: solana_token,
                bob: solana_bob,
                network: "solana-mainnet",
            },
        })
    }

    /// What an agent does then. A step that fails does not keep the next from being tried.
    pub(super) fn walk(&self, report: &Report) {
        let (evm, solana) = (&self.evm, &self.solana);
        let outcomes = [
            report
                .step("send 0.001 ETH, and see it confirmed", || self.pay_coins(evm, "0.001", 18)),
            report.step("send 25 of an ERC-20, and see it confirmed", || self.pay_tokens(evm)),
            report
                .step("send 0.05 SOL, and see it confirmed", || self.pay_coins(solana, "0.05", 9)),
            report
                .step("send 25 of an SPL token, and see it confirmed", || self.pay_tokens(solana)),
            report.step("the signer wants its owners for 150 of the ERC-20", || self.need_owners()),
            report.step("0.1 ETH wait in the queue, and are cancelled", || self.wait_in_queue()),
        ];
        // The report has them already.
        drop(outcomes);
    }

    fn pay_coins(&self, purse: &Purse, coins: &str, decimals: u8) -> Result<(), Failure> {
        let amount = Amount::from_units(coins, decimals).map_err(|error| error.to_string())?;
        self.pay(purse, Asset::Native, amount, &transfer(purse, amount))
    }

    fn pay_tokens(&self, purse: &Purse) -> Result<(), Failure> {
        let amount = Amount::from(25_000_000_u64);
        self.pay(purse, Asset::Token(purse.token), amount, &token_transfer(purse, amount))
    }

    /// Sends, waits for the confirmation, and asks the chain itself.
    fn pay(
        &self,
        purse: &Purse,
        asset: Asset,
        amount: Amount,
        body: &Value,
    ) -> Result<(), Failure> {
        let before = self.stage.balance(purse.bob, asset);
        let id = self.agent.send(body);
        let transaction = self.agent.reach(&id, "CONFIRMED").map_err(|why| why.to_string())?;
        println!("  {}: {}", purse.network, text(&transaction["txHash"]));
        let after = self.stage.balance(purse.bob, asset);
        if before.checked_add(amount) == Some(after) {
            Ok(())
        } else {
            Err(format!("the recipient had {before}, was sent {amount} and has {after}"))
        }
    }

    /// No policy of the gateway asks for them: the guard does.
    fn need_owners(&self) -> Result<(), Failure> {
        let body = token_transfer(&self.evm, Amount::from(150_000_000_u64));
        let id = self.agent.send(&body);
        let queued = self.queued(&id, "APPROVAL")?;
        println!("  the signer says: {}", text(&queued["error"]));
        self.cancel(&id)
    }

    fn wait_in_queue(&self) -> Result<(), Failure> {
        let tenth = Amount::from_units("0.1", 18).map_err(|error| error.to_string())?;
        let id = self.agent.send(&transfer(&self.evm, tenth));
        self.queued(&id, "DELAY")?;
        self.cancel(&id)
    }

    fn queued(&self, id: &str, tier: &str) -> Result<Value, Failure> {
        let queued = self.agent.reach(id, "QUEUED").map_err(|why| why.to_string())?;
        println!("  its tier is {}", text(&queued["tier"]));
        if queued["tier"] == tier { Ok(queued) } else { Err(format!("its tier is not {tier}")) }
    }

    fn cancel(&self, id: &str) -> Result<(), Failure> {
        let cancelled =
            self.agent.http().post(&format!("/v1/transactions/{id}/cancel"), &json!({}));
        if cancelled.status != 200 {
            return Err(cancelled.to_string());
        }
        self.agent.reach(id, "CANCELLED").map(drop).map_err(|why| why.to_string())
    }

    pub(super) fn say_what_to_try(&self) {
        let port = self.stage.gatewayd.port;
        let token = self.stage.open_session(&[&self.evm.wallet, &self.solana.wallet]);
        let run = self.stage.place.path("run");
        let body = transfer(&self.evm, Amount::from(1_000_000_000_000_u64));
        println!(
            "
Both daemons and both chains stay up until you press Enter. To be the agent:

  TOKEN={token}
  curl -s -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:{port}/v1/connect-info
  curl -s -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\
    -d '{body}' http://127.0.0.1:{port}/v1/transactions/send

To be the operator, in {}:

  target/debug/waiaasctl --runtime-dir {} status
  target/debug/waiaasctl --runtime-dir {} exposure {}
",
            crate::shell::root().display(),
            run.display(),
            run.display(),
            self.evm.wallet.id,
        );
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn transfer(purse: &Purse, amount: Amount) -> Value {
    json!({
        "type": "TRANSFER",
        "to": purse.bob,
        "amount": amount,
        "network": purse.network,
        "walletId": purse.wallet.id,
    })
}

fn token_transfer(purse: &Purse, amount: Amount) -> Value {
    let mut body = transfer(purse, amount);
    body["type"] = json!("TOKEN_TRANSFER");
    body["token"] = json!({ "address": purse.token, "decimals": 6, "symbol": "TUSD" });
    body
}
