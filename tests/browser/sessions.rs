//! `/sessions`: an owner reads what an agent asks for, grants or refuses it in the browser, sees what
//! became of it, and ends it.

use primitives::{Address, Chain, EvmAddress};
use serde_json::{Value, json};
use tests::browser::{self, Browser, Scheme, TestWallet};
use tests::http::Answer;
use tests::owner::Owner;
use tests::stage::{Stage, Wallet};

/// A session that an agent without one asks for.
struct Asked {
    id: String,
    secret: String,
    link: String,
}

impl Asked {
    fn ask(stage: &Stage, wallets: &[&Wallet], constraints: &Value) -> Self {
        let wallets: Vec<&str> = wallets.iter().map(|wallet| wallet.id.as_str()).collect();
        let body = json!({ "agent": "shopper-1", "walletIds": wallets, "ttl": 3_600,
            "maxRenewals": 3, "absoluteLifetime": 86_400, "constraints": constraints });
        let made = stage.stranger().post("/v1/sessions/requests", &body).expect(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret"), link: text("page") }
    }

    /// The agent comes for its token.
    fn collect(&self, stage: &Stage) -> Answer {
        let path = format!("/v1/sessions/requests/{}/token", self.id);
        stage.stranger().post(&path, &json!({ "secret": self.secret }))
    }

    /// Its time runs out.
    fn expire(&self, stage: &Stage) {
        let sql = "UPDATE session_requests SET expires_at = 1 WHERE id =";
        stage.place.change_database(&format!("{sql} '{}'", self.id));
    }
}

fn limits(chain: Chain) -> Value {
    let (network, one, all) = match chain {
        Chain::Evm => ("ethereum-mainnet", "1000000000000000", "5000000000000000"),
        Chain::Solana => ("solana-mainnet", "1000000", "5000000"),
    };
    json!({
        "allowedOperations": ["TRANSFER", "TOKEN_TRANSFER"],
        "allowedNetworks": [network],
        "limits": [{ "network": network, "asset": "native", "perTransaction": one, "total": all }],
        "totalUsd": 10,
        "maxTransactions": 20,
    })
}

#[test]
fn an_owner_grants_by_keyboard_alone_and_takes_it_back() {
    if !browser::is_there() {
        return;
    }
    let (stage, browser) = (Stage::start(), Browser::start());
    for (chain, scheme, most) in [
        (Chain::Evm, Scheme::Light, "0.001 ETH at once, 0.005 ETH in all, on Ethereum Mainnet."),
        (Chain::Solana, Scheme::Dark, "0.001 SOL at once, 0.005 SOL in all, on Solana Mainnet."),
    ] {
        let owner = Owner::new(chain, 1, &stage.evm);
        let wallet = stage.create_wallet(chain);
        stage.lock_owner(&wallet, &owner);
        let asked = Asked::ask(&stage, &[&wallet], &limits(chain));
        let app = TestWallet::new("Test Wallet", chain, &[(1, &owner)]);
        browser.open(&asked.link, scheme, &[&app]);
        browser.wait_for(&format!("Let “shopper-1” use “{chain} wallet”?"));
        for said in [most, "Only send coins and send tokens.", "10 dollars in all", "3 times"] {
            browser.wait_for(said);
        }
        browser.inspect(&format!("sessions-{chain}-asked"));
        browser.press("Test Wallet");
        browser.wait_for("Sign with this account");
        browser.inspect(&format!("sessions-{chain}-connected"));
        assert_eq!(asked.collect(&stage).expect(200)["status"], "PENDING");
        browser.press("Sign and grant");
        browser.wait_for("The agent can fetch its token");
        browser.inspect(&format!("sessions-{chain}-granted"));
        match chain {
            Chain::Evm => ends_what_was_fetched(&stage, &browser, &asked),
            Chain::Solana => {
                browser.press("Refuse it after all");
                browser.wait_for("The agent gets nothing");
                let nothing = asked.collect(&stage);
                assert_eq!(nothing.code(), "SIGN_REQUEST_ALREADY_PROCESSED");
            }
        }
        browser.inspect(&format!("sessions-{chain}-over"));
    }
}

/// The agent has its token; the owner ends the session.
fn ends_what_was_fetched(stage: &Stage, browser: &Browser, asked: &Asked) {
    let collected = asked.collect(stage).expect(200);
    let agent = stage.stranger().with_token(collected["token"].as_str().unwrap());
    let info = agent.get("/v1/connect-info").expect(200);
    assert_eq!(info["session"]["constraints"], limits(Chain::Evm));
    browser.wait_for("The agent has its session");
    browser.inspect("sessions-ethereum-in-use");
    browser.press("Sign and end it");
    browser.wait_for("The session is over");
    assert_eq!(agent.get("/v1/connect-info").code(), "SESSION_REVOKED");
}

#[test]
fn what_an_owner_does_not_sign_is_not_granted_and_the_page_says_why() {
    if !browser::is_there() {
        return;
    }
    let (stage, browser) = (Stage::start(), Browser::start());
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    let stranger = Owner::new(Chain::Evm, 2, &stage.evm);
    let wallet = stage.create_wallet(Chain::Evm);
    stage.lock_owner(&wallet, &owner);
    let asked = Asked::ask(&stage, &[&wallet], &json!({ "role": "viewer" }));

    browser.open(&asked.link[..asked.link.len() - 1], Scheme::Light, &[]);
    browser.wait_for("This link is not whole");
    browser.inspect("sessions-not-whole");
    let (start, _right) = asked.link.rsplit_once('.').unwrap();
    browser.open(&format!("{start}.AAAAAAAAAAAAAAAAAAAAAA"), Scheme::Light, &[]);
    browser.wait_for("This link leads nowhere");
    assert!(!browser.text().contains("shopper-1"), "it shows nothing of the request");
    browser.open(&asked.link.replace("/sessions#", "/approve#"), Scheme::Light, &[]);
    browser.wait_for("This link leads nowhere");
    browser.open(&asked.link, Scheme::Light, &[]);
    browser.wait_for("There is no wallet for Ethereum in this browser");

    let app = TestWallet::new("Test Wallet", Chain::Evm, &[(2, &stranger)]);
    browser.open(&asked.link, Scheme::Light, &[&app]);
    browser.wait_for("Let “shopper-1” look at “ethereum wallet”?");
    browser.press("Test Wallet");
    browser.wait_for("This account is not the owner");
    browser.inspect("sessions-no-owner");
    browser.choose_accounts(&app, &TestWallet::new("Test Wallet", Chain::Evm, &[(1, &owner)]));
    browser.wait_for("Sign with this account");
    browser.answer(&app, "no");
    browser.press("Sign and grant");
    browser.wait_for("You said no in the wallet");
    browser.inspect("sessions-declined");
    assert_eq!(asked.collect(&stage).expect(200)["status"], "PENDING");
    browser.answer(&app, "yes");
    browser.press("Refuse");
    browser.wait_for("The agent gets nothing");
    browser.inspect("sessions-refused");
    assert_eq!(asked.collect(&stage).code(), "SIGN_REQUEST_ALREADY_PROCESSED");

    browser.open(&asked.link, Scheme::Dark, &[&app]);
    browser.wait_for("The agent gets nothing");
    assert!(!browser.text().contains("Test Wallet"), "nothing is left to sign");
}

#[test]
fn what_others_decided_or_nobody_did_in_time_is_shown_at_once() {
    if !browser::is_there() {
        return;
    }
    let (stage, browser) = (Stage::start(), Browser::start());
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    let wallet = stage.create_wallet(Chain::Evm);
    stage.lock_owner(&wallet, &owner);
    let app = TestWallet::new("Test Wallet", Chain::Evm, &[(1, &owner)]);

    let late = Asked::ask(&stage, &[&wallet], &limits(Chain::Evm));
    browser.open(&late.link, Scheme::Light, &[&app]);
    browser.wait_for("Let “shopper-1” use");
    browser.press("Test Wallet");
    browser.wait_for("Sign with this account");
    late.expire(&stage);
    browser.wait_for("Too late");
    browser.inspect("sessions-too-late");
    assert!(!browser.text().contains("Sign and grant"), "nothing is left to sign");
    assert_eq!(late.collect(&stage).code(), "SIGN_REQUEST_EXPIRED");

    let decided = Asked::ask(&stage, &[&wallet], &limits(Chain::Evm));
    browser.open(&decided.link, Scheme::Dark, &[&app]);
    browser.wait_for("Let “shopper-1” use");
    let path = format!("/v1/sessions/requests/{}/approve", decided.id);
    stage.operator().post(&path, &json!({})).expect(200);
    browser.wait_for("The agent can fetch its token");

    let unowned = stage.create_wallet(Chain::Evm);
    let token: Address = EvmAddress([0xb0; 20]).into();
    let constraints = json!({
        "allowedRecipients": [token],
        "limits": [{ "network": "ethereum-mainnet", "asset": token, "total": "25000000" }],
    });
    let asked = Asked::ask(&stage, &[&wallet, &unowned], &constraints);
    browser.open(&asked.link, Scheme::Light, &[&app]);
    browser.wait_for("No owner can decide this");
    browser.wait_for("base units of a token in all");
    browser.inspect("sessions-no-common-owner");
}
