//! An owner reads a payment on the gateway's page, in a browser, and signs it there.

use primitives::{Amount, Chain, EvmAddress};
use serde_json::json;
use tests::browser::{self, Browser, Scheme, TestWallet};
use tests::owner::Owner;
use tests::stage::Stage;
use tests::wait;

use crate::report::Report;
use crate::shell::Failure;

/// What a default guard lets nobody send without owners, in ETH.
const MUCH: &str = "1.5";

/// A step of its own, where there is a browser.
pub(super) fn walk(report: &Report, stage: &Stage) {
    let name = "an owner approves 1.5 ETH on the page, in a browser";
    if !browser::is_there() {
        println!("– {name}: left out, as there is no Chromium here");
        return;
    }
    // The report has it already.
    drop(report.step(name, || approve(stage)));
}

fn approve(stage: &Stage) -> Result<(), Failure> {
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.confirm_owner(&wallet, owner.address());
    let agent = stage.agent(&[&wallet]);
    let amount = Amount::from_units(MUCH, 18).map_err(|error| error.to_string())?;
    let to = EvmAddress([0xb1; 20]);
    let body = json!({
        "type": "TRANSFER", "to": to, "amount": amount, "network": "ethereum-mainnet",
    });
    let id = agent.send(&body);
    let page = wait::until("a question to the owners", || {
        let answer = agent.http().get(&format!("/v1/transactions/{id}/approval"));
        (answer.status == 200).then(|| answer.expect(200)["page"].take())
    });
    let page = page.as_str().ok_or("the gateway tells no page")?;
    println!("  {page}");

    let browser = Browser::start();
    let app = TestWallet::new("Demo Wallet", Chain::Evm, &[(1, &owner)]);
    browser.open(page, Scheme::Light, &[&app]);
    browser.wait_for("Send 1.5 ETH?");
    browser.press("Demo Wallet");
    browser.wait_for("Sign with this account");
    browser.look("demo-asked");
    browser.press("Sign and approve");
    browser.wait_for("Paid");
    browser.look("demo-paid");
    println!("  its pictures: target/screenshots/demo-asked.png, demo-paid.png");
    agent.reach(&id, "CONFIRMED").map_err(|why| why.to_string())?;
    match stage.evm.balance(to) {
        arrived if arrived == amount => Ok(()),
        arrived => Err(format!("{amount} were sent, and {arrived} arrived")),
    }
}
