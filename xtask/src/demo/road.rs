//! An agent's payments on both chains, from wallets to confirmations.

use primitives::{Address, Amount, Asset, Chain, EvmAddress, SolanaAddress};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::owner::{Form, Owner};
use tests::stage::{Stage, Wallet};
use tests::wait;

use crate::report::Report;
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
        report.step("give the EVM wallet an owner", || {
            stage.confirm_owner(&evm, owner(stage).address());
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
            report.step("INSTANT: send 0.001 ETH, and see it confirmed", || {
                self.pay_coins(evm, "0.001", "INSTANT").map(drop)
            }),
            report.step("send 25 of an ERC-20, and see it confirmed", || self.pay_tokens(evm)),
            report.step("INSTANT: send 0.05 SOL, and see it confirmed", || {
                self.pay_coins(solana, "0.05", "INSTANT").map(drop)
            }),
            report
                .step("send 25 of an SPL token, and see it confirmed", || self.pay_tokens(solana)),
            report.step("NOTIFY: 0.02 ETH are paid at once, and the trail says so", || {
                self.be_noted()
            }),
            report.step("DELAY: 0.1 ETH wait in the queue, and are cancelled", || {
                self.wait_in_queue()
            }),
            report.step("APPROVAL: 150 of the ERC-20 wait until their owner signs", || {
                self.need_owners()
            }),
            report.step("denied: a token that nobody allowed, by ALLOWED_TOKENS", || {
                self.be_denied()
            }),
        ];
        // The report has them already.
        drop(outcomes);
    }

    fn pay_coins(&self, purse: &Purse, coins: &str, tier: &str) -> Result<Value, Failure> {
        let decimals = if purse.wallet.address.chain() == Chain::Evm { 18 } else { 9 };
        let amount = Amount::from_units(coins, decimals).map_err(|error| error.to_string())?;
        let paid = self.pay(purse, Asset::Native, amount, &transfer(purse, amount))?;
        is_of(&paid, tier)?;
        Ok(paid)
    }

    fn pay_tokens(&self, purse: &Purse) -> Result<(), Failure> {
        let amount = Amount::from(25_000_000_u64);
        self.pay(purse, Asset::Token(purse.token), amount, &token_transfer(purse, amount)).map(drop)
    }

    /// Sends, waits for the confirmation, and asks the chain itself.
    fn pay(
        &self,
        purse: &Purse,
        asset: Asset,
        amount: Amount,
        body: &Value,
    ) -> Result<Value, Failure> {
        let before = self.stage.balance(purse.bob, asset);
        let id = self.agent.send(body);
        self.arrive(purse, &id, asset, (before, amount))
    }

    fn arrive(
        &self,
        purse: &Purse,
        id: &str,
        asset: Asset,
        (before, amount): (Amount, Amount),
    ) -> Result<Value, Failure> {
        let transaction = self.agent.reach(id, "CONFIRMED").map_err(|why| why.to_string())?;
        println!("  {}: {}", purse.network, text(&transaction["txHash"]));
        let after = self.stage.balance(purse.bob, asset);
        if before.checked_add(amount) == Some(after) {
            Ok(transaction)
        } else {
            Err(format!("the recipient had {before}, was sent {amount} and has {after}"))
        }
    }

    /// It does not wait, and whoever reads the trail finds it by its tier.
    fn be_noted(&self) -> Result<(), Failure> {
        let paid = self.pay_coins(&self.evm, "0.02", "NOTIFY")?;
        let path = format!("/v1/audit-logs?event_type=TX_SUBMITTED&tx_id={}", text(&paid["id"]));
        let trail = self.stage.operator().get(&path).expect(200);
        let found = &trail["data"][0]["details"]["tier"];
        if found == "NOTIFY" { Ok(()) } else { Err(format!("the trail says {found}")) }
    }

    fn wait_in_queue(&self) -> Result<(), Failure> {
        let tenth = Amount::from_units("0.1", 18).map_err(|error| error.to_string())?;
        let id = self.agent.send(&transfer(&self.evm, tenth));
        self.queued(&id, "DELAY")?;
        self.cancel(&id)
    }

    /// No policy of the gateway asks for them: the guard does. Nothing of it moves before an owner has
    /// signed what the signer asks; the signature is all the credential that is needed.
    fn need_owners(&self) -> Result<(), Failure> {
        let (purse, amount) = (&self.evm, Amount::from(150_000_000_u64));
        let asset = Asset::Token(purse.token);
        let before = self.stage.balance(purse.bob, asset);
        let id = self.agent.send(&token_transfer(purse, amount));
        let queued = self.queued(&id, "APPROVAL")?;
        println!("  the signer says: {}", text(&queued["error"]));
        let path = format!("/v1/transactions/{id}");
        let shown = wait::within(wait::PATIENCE, || {
            let asked = self.agent.http().get(&format!("{path}/approval"));
            (asked.status == 200).then(|| asked.expect(200))
        });
        let shown = shown.ok_or("the signer asks no owner")?;
        if self.stage.balance(purse.bob, asset) != before {
            return Err("it was paid before its owner had signed".to_owned());
        }
        let owner = owner(self.stage);
        let signed = owner.approve(&shown, Form::TypedData);
        let approved = self.stage.stranger().post(&format!("{path}/approve"), &signed);
        if approved.status != 200 {
            return Err(approved.to_string());
        }
        println!("  {} has signed", owner.address());
        self.arrive(purse, &id, asset, (before, amount)).map(drop)
    }

    /// The same as what is paid above, of a token that no policy names.
    fn be_denied(&self) -> Result<(), Failure> {
        let other = Purse {
            wallet: self.evm.wallet.clone(),
            token: self.stage.give_token(&self.evm.wallet),
            ..self.evm
        };
        let id = self.agent.send(&token_transfer(&other, Amount::from(1_u64)));
        let denied = self.agent.reach(&id, "CANCELLED").map_err(|why| why.to_string())?;
        let why = text(&denied["error"]);
        println!("  {why}");
        if why.starts_with("POLICY_DENIED: ") && why.contains("(ALLOWED_TOKENS)") {
            Ok(())
        } else {
            Err(format!("ALLOWED_TOKENS does not say why: {why}"))
        }
    }

    fn queued(&self, id: &str, tier: &str) -> Result<Value, Failure> {
        let queued = self.agent.reach(id, "QUEUED").map_err(|why| why.to_string())?;
        is_of(&queued, tier)?;
        Ok(queued)
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

/// Somebody with a key of their own, which neither daemon has.
fn owner(stage: &Stage) -> Owner<'_> {
    Owner::new(Chain::Evm, 1, &stage.evm)
}

fn is_of(transaction: &Value, tier: &str) -> Result<(), Failure> {
    println!("  its tier is {}", text(&transaction["tier"]));
    if transaction["tier"] == tier { Ok(()) } else { Err(format!("its tier is not {tier}")) }
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
