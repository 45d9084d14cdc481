//! `/approve`: an owner reads what waits, signs it in the browser, and sees what comes of it.

use primitives::{Address, Amount, Asset, Chain, EvmAddress, SolanaAddress};
use protocol::{Owners, Reply, Request};
use serde_json::{Value, json};
use tests::agent::Agent;

use tests::browser::{self, Browser, Scheme, TestWallet};
use tests::daemons::{change_guard, operator};
use tests::owner::{Form, Owner};
use tests::signer::passphrase;
use tests::stage::{Stage, Wallet};
use tests::wait;

/// Who gets paid.
fn bob(chain: Chain) -> Address {
    match chain {
        Chain::Evm => EvmAddress([0xb0; 20]).into(),
        Chain::Solana => SolanaAddress([0xb0; 32]).into(),
    }
}

/// A payment that waits for owners: who asked for it, its id, the link to its page.
struct Waiting {
    agent: Agent,
    id: String,
    link: String,
}

impl Waiting {
    /// Asks for 1.5 coins, which no default guard lets go without owners.
    fn ask(stage: &Stage, wallet: &Wallet) -> Self {
        let chain = wallet.address.chain();
        let (amount, network) = match chain {
            Chain::Evm => ("1500000000000000000", "ethereum-mainnet"),
            Chain::Solana => ("15000000000", "solana-mainnet"),
        };
        let to = bob(chain);
        let body = json!({ "type": "TRANSFER", "to": to, "amount": amount, "network": network });
        let agent = stage.agent(&[wallet]);
        let id = agent.send(&body);
        let page = wait::until("a question to the owners", || {
            let answer = agent.http().get(&format!("/v1/transactions/{id}/approval"));
            (answer.status == 200).then(|| answer.expect(200)["page"].take())
        });
        let link = page.as_str().unwrap().to_owned();
        Self { agent, id, link }
    }

    fn asked(&self) -> Value {
        self.agent.http().get(&format!("/v1/transactions/{}/approval", self.id)).expect(200)
    }
}

/// A wallet with coins and this one owner, at the signer and at the gateway.
fn owned(stage: &Stage, owner: &Owner<'_>) -> Wallet {
    let wallet = stage.funded_wallet(owner.address().chain());
    stage.trust_policies(&wallet);
    stage.confirm_owner(&wallet, owner.address());
    let named = json!({ "owner_address": owner.address() });
    stage.operator().put(&format!("/v1/wallets/{}/owner", wallet.id), &named).expect(200);
    wallet
}

#[test]
fn an_owner_approves_by_keyboard_alone_on_a_narrow_screen() {
    if !browser::is_there() {
        return;
    }
    let (stage, browser) = (Stage::start(), Browser::start());
    for (name, chain, form, scheme, title) in [
        ("text", Chain::Evm, Form::Text, Scheme::Light, "Send 1.5 ETH?"),
        ("typed-data", Chain::Evm, Form::TypedData, Scheme::Dark, "Send 1.5 ETH?"),
        ("solana", Chain::Solana, Form::Text, Scheme::Light, "Send 15 SOL?"),
    ] {
        let owner = Owner::new(chain, 1, &stage.evm);
        let wallet = owned(&stage, &owner);
        let waiting = Waiting::ask(&stage, &wallet);
        let before = stage.balance(bob(chain), Asset::Native);
        // On another network, as the owner left it.
        let app = TestWallet::new("Test Wallet", chain, &[(1, &owner)]).on(10);
        browser.open(&waiting.link, scheme, &[&app]);
        browser.wait_for(title);
        browser.wait_for("The signer's guard");
        browser.inspect(&format!("approve-{name}-asked"));
        browser.press("Test Wallet");
        browser.wait_for("Sign with this account");
        if form == Form::TypedData {
            browser.choose_after("text");
        }
        browser.inspect(&format!("approve-{name}-connected"));
        browser.press("Sign and approve");
        browser.wait_for("Paid");
        browser.inspect(&format!("approve-{name}-paid"));
        let paid = waiting.agent.wait_for(&waiting.id, "CONFIRMED");
        assert!(browser.text().contains(paid["txHash"].as_str().unwrap()));
        let arrived = stage.balance(bob(chain), Asset::Native).checked_sub(before).unwrap();
        assert_eq!(arrived.to_string(), paid["amount"].as_str().unwrap(), "{name}");
        let switched =
            browser.asked(&app).iter().any(|asked| asked == "wallet_switchEthereumChain");
        assert_eq!(switched, form == Form::TypedData, "typed data is signed on its network");
    }
}

#[test]
fn what_an_owner_does_not_sign_moves_nothing_and_the_page_says_why() {
    if !browser::is_there() {
        return;
    }
    let (stage, browser) = (Stage::start(), Browser::start());
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    let stranger = Owner::new(Chain::Evm, 2, &stage.evm);
    let wallet = owned(&stage, &owner);
    let waiting = Waiting::ask(&stage, &wallet);

    browser.open(&waiting.link[..waiting.link.len() - 1], Scheme::Light, &[]);
    browser.wait_for("This link is not whole");
    browser.inspect("approve-not-whole");
    let (start, _right) = waiting.link.rsplit_once('.').unwrap();
    browser.open(&format!("{start}.AAAAAAAAAAAAAAAAAAAAAA"), Scheme::Light, &[]);
    browser.wait_for("This link leads nowhere");
    assert!(!browser.text().contains("ETH"), "it shows nothing of the payment");
    browser.open(&waiting.link, Scheme::Light, &[]);
    browser.wait_for("There is no wallet for Ethereum in this browser");

    let app = TestWallet::new("Test Wallet", Chain::Evm, &[(2, &stranger)]);
    browser.open(&waiting.link, Scheme::Light, &[&app]);
    browser.wait_for("Send 1.5 ETH?");
    browser.answer(&app, "no");
    browser.press("Test Wallet");
    browser.wait_for("You said no in the wallet");
    browser.answer(&app, "busy");
    browser.press("Test Wallet");
    browser.wait_for("Test Wallet already asks you something");
    browser.answer(&app, "yes");
    browser.press("Test Wallet");
    browser.wait_for("This account is no owner");
    browser.inspect("approve-no-owner");
    browser.choose_accounts(&app, &TestWallet::new("Test Wallet", Chain::Evm, &[(1, &owner)]));
    browser.wait_for("Sign with this account");
    browser.answer(&app, "no");
    browser.press("Sign and approve");
    browser.wait_for("You said no in the wallet");
    browser.inspect("approve-declined");
    assert_eq!(waiting.asked()["signatures"], json!([]));

    // The guard changes under the owner's eyes: what they read is not what is asked any more.
    change_guard(&stage.place, wallet.id.parse().unwrap(), |text| {
        text.replace("delay_seconds = 600", "delay_seconds = 700")
    });
    browser.wait_for("The question is a new one");
    browser.inspect("approve-changed");
    browser.answer(&app, "no");
    browser.press("Reject");
    browser.wait_for("You said no in the wallet");
    browser.answer(&app, "yes");
    browser.press("Reject");
    browser.wait_for("Called off");
    browser.wait_for("the wallet's owner refused it");
    browser.inspect("approve-called-off");
    assert_eq!(stage.balance(bob(Chain::Evm), Asset::Native), Amount::ZERO);
}

#[test]
fn two_owners_sign_one_after_another_and_a_gateway_that_is_away_loses_no_signature() {
    if !browser::is_there() {
        return;
    }
    let (mut stage, browser) = (Stage::start(), Browser::start());
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.trust_policies(&wallet);
    let [first, second] = [1, 2].map(|number| Owner::new(Chain::Evm, number, &stage.evm));
    let mut members = vec![first.address(), second.address()];
    members.sort_unstable();
    let reply = operator(&stage.place).ask(Request::ConfirmOwners {
        wallet: wallet.id.parse().unwrap(),
        from_version: 0,
        owners: Owners { threshold: 2, members },
        passphrase: passphrase(),
        approval: None,
    });
    assert!(matches!(reply, Reply::Owners(_)), "{reply:?}");
    let waiting = Waiting::ask(&stage, &wallet);
    let app = TestWallet::new("First Wallet", Chain::Evm, &[(1, &first)]);
    browser.open(&waiting.link, Scheme::Light, &[&app]);
    browser.wait_for("0 of 2 signatures");
    browser.press("First Wallet");
    browser.wait_for("Sign with this account");
    browser.press("Sign and approve");
    browser.wait_for("You have signed");
    browser.wait_for("1 of 2 signatures");
    browser.inspect("approve-one-of-two");

    let app = TestWallet::new("Second Wallet", Chain::Evm, &[(2, &second)]);
    browser.open(&waiting.link, Scheme::Dark, &[&app]);
    browser.wait_for("Send 1.5 ETH?");
    browser.press("Second Wallet");
    browser.wait_for("Sign with this account");
    stage.gatewayd.process().kill();
    browser.press("Sign and approve");
    browser.wait_for("Your signature is kept on this page");
    browser.look("approve-gateway-away");
    stage.gatewayd.start_again(&stage.place);
    browser.wait_for("1 of 2 signatures");
    browser.press("Hand it in again");
    browser.wait_for("Paid");
    waiting.agent.wait_for(&waiting.id, "CONFIRMED");
}

#[test]
fn a_question_whose_time_ran_out_is_over_on_the_page_too() {
    if !browser::is_there() {
        return;
    }
    let (mut stage, browser) = (Stage::start(), Browser::start());
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    let wallet = owned(&stage, &owner);
    let waiting = Waiting::ask(&stage, &wallet);
    let app = TestWallet::new("Test Wallet", Chain::Evm, &[(1, &owner)]);
    browser.open(&waiting.link, Scheme::Light, &[&app]);
    browser.wait_for("Send 1.5 ETH?");
    browser.press("Test Wallet");
    browser.wait_for("Sign with this account");

    // As if the gateway had been away until the time was over.
    stage.gatewayd.process().kill();
    let sql = "UPDATE transactions SET waits_until = 1, next_attempt_at = 1 WHERE id =";
    stage.place.change_database(&format!("{sql} '{}'", waiting.id));
    stage.gatewayd.start_again(&stage.place);
    browser.wait_for("Too late");
    browser.look("approve-too-late");
    assert!(!browser.text().contains("Sign and approve"), "nothing is left to sign");
    waiting.agent.wait_for(&waiting.id, "EXPIRED");
    assert_eq!(stage.balance(bob(Chain::Evm), Asset::Native), Amount::ZERO);
}
