//! The package installed in a machine, a wallet of known secrets in it, and a chain beside them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tests::secrets::{self, Pattern};

use crate::machine::{Machine, stored};

/// What opens the vault.
const PASSPHRASE: &str = "Zw0lf Boxkaempfer jagen Viktor quer";
/// What clients of the gateway send as its operator.
const MASTER_PASSWORD: &str = "Jeder wackere Bayer vertilgt bequem";
/// Who is paid.
const BOB: &str = "0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0";
/// 10 ETH
const FUNDS: &str = "0x8ac7230489e80000";

/// Argon2 is computed some twenty times slower without the processor's help: longer than a watchdog
/// waits that knows real machines.
const PATIENT: &str = "for name in signerd gatewayd; do
    mkdir -p /run/systemd/system/waiaas-$name.service.d
    printf '[Service]\\nWatchdogSec=10min\\n' > /run/systemd/system/waiaas-$name.service.d/slow.conf
done
systemctl daemon-reload";

/// Both daemons' services.
pub(crate) const SERVICES: [&str; 2] = ["waiaas-signerd.service", "waiaas-gatewayd.service"];

/// A machine with the package, two wallets, and an agent for each.
pub(crate) struct Installation {
    pub(crate) machine: Machine,
    tokens: BTreeMap<&'static str, String>,
    payments: u64,
}

/// Where a request goes.
#[derive(Clone, Copy)]
enum Door {
    Operators,
    Agents,
    Chain,
}

impl Door {
    const fn settings(self) -> [&'static str; 2] {
        match self {
            Self::Operators => ["http://localhost", "unix-socket = \"/run/waiaas/gateway.sock\"\n"],
            Self::Agents => ["http://127.0.0.1:3100", ""],
            Self::Chain => ["http://127.0.0.1:8545", ""],
        }
    }
}

impl Installation {
    /// Boots, installs, makes the vault and the wallets, and has the vault open by itself from then on.
    pub(crate) fn new(release: &str, words: &str) -> Self {
        let anvil = tests::nodes::anvil_program();
        let package = stored("waiaas.deb");
        let machine = Machine::boot(release, words, &[&package, &anvil]);
        machine.shell(
            "systemd-run --quiet --unit=chain --setenv=HOME=/run \
                 /payload/anvil --port 8545 --block-time 1 --chain-id 1 --silent
             dpkg --install /payload/waiaas.deb
             printf '[rpc]\\nevm_ethereum_mainnet = \"http://127.0.0.1:8545\"\\n' > /etc/waiaas/gatewayd.toml",
        );
        if !tests::process::runs_machines() {
            machine.shell(PATIENT);
        }
        let mut installation = Self { machine, tokens: BTreeMap::new(), payments: 0 };
        installation.initialise();
        installation
    }

    /// What an operator types comes through pipes of the shell's own, and so stands in no argument
    /// and in no file but one that is gone again.
    fn initialise(&mut self) {
        let machine = &self.machine;
        machine.shell(&format!(
            "umask 077; cd /run
             printf '%s\\n' '{MASTER_PASSWORD}' > master
             printf '%s\\n' 'master_password_file = \"/run/master\"' 'unattended = \"host\"' > answers
             systemctl start waiaas.target
             printf '%s\\n' '{PASSPHRASE}' | waiaasctl init --answers answers --passphrase-file -
             rm master answers
             systemctl enable --now waiaas.target"
        ));
        for (chain, environment, key) in
            [("ethereum", "mainnet", evm_key()), ("solana", "testnet", solana_key())]
        {
            let kind = format!("--chain {chain} --environment {environment}");
            let key = primitives::encode_hex(&key);
            machine.shell(&format!(
                "printf '%s\\n' {key} | waiaasctl wallet import {chain} {kind} --key-file -"
            ));
        }
        machine.wait_until("curl --silent --max-time 5 http://127.0.0.1:8545 >/dev/null");
        let wallets = self.ask(Door::Operators, "GET", "/v1/wallets", "", &Value::Null);
        let listed = wallets["items"].as_array().or(wallets["wallets"].as_array());
        for wallet in listed.unwrap_or_else(|| panic!("{wallets}")) {
            let body = json!({ "walletIds": [wallet["id"]] });
            let session = self.ask(Door::Operators, "POST", "/v1/sessions", "", &body);
            let token = session["token"].as_str().unwrap().to_owned();
            let chain = if wallet["chain"] == "solana" { "solana" } else { "ethereum" };
            if chain == "ethereum" {
                self.call_chain("anvil_setBalance", &json!([wallet["publicKey"], FUNDS]));
            }
            self.tokens.insert(chain, token);
        }
    }

    /// A payment from the request to the chain, and a signature of each key.
    pub(crate) fn pay(&mut self) {
        self.payments += 1;
        let before = self.balance();
        let amount = 1_000_000_000_000_000 + self.payments;
        let body = json!({ "type": "TRANSFER", "to": BOB, "amount": amount.to_string(),
                           "network": "ethereum-mainnet" });
        let token = format!("authorization: Bearer {}", self.tokens["ethereum"]);
        let asked = self.ask(Door::Agents, "POST", "/v1/transactions/send", &token, &body);
        let path = format!("/v1/transactions/{}", asked["id"].as_str().unwrap());
        let mut last = Value::Null;
        let paid = tests::wait::within(std::time::Duration::from_mins(2), || {
            last = self.ask(Door::Agents, "GET", &path, &token, &Value::Null);
            (last["status"] == "CONFIRMED").then_some(())
        });
        assert!(paid.is_some(), "not paid: {last}");
        assert_eq!(self.balance() - before, u128::from(amount));

        let token = format!("authorization: Bearer {}", self.tokens["solana"]);
        let body = json!({ "message": format!("Sign in for the {}th time.", self.payments) });
        self.ask(Door::Agents, "POST", "/v1/transactions/sign-message", &token, &body);
    }

    /// A request with the gateway's master password.
    pub(crate) fn ask_as_master(&self) {
        let password = format!("x-master-password: {MASTER_PASSWORD}");
        self.ask(Door::Agents, "GET", "/v1/wallets", &password, &Value::Null);
    }

    /// Locks the vault and opens it again with the passphrase.
    pub(crate) fn lock_and_unlock(&self) {
        self.machine.shell(&format!(
            "waiaasctl lock
             printf '%s\\n' '{PASSPHRASE}' | waiaasctl unlock --passphrase-file -"
        ));
    }

    /// Waits until the gateway answers.
    pub(crate) fn wait_until_up(&self) {
        self.machine.wait_until("curl --silent --fail --max-time 5 http://127.0.0.1:3100/health");
    }

    /// The process of a service.
    pub(crate) fn process(&self, service: &str) -> String {
        self.machine.property(service, "MainPID")
    }

    /// Keys, passphrase and what the vault works with: where the signer guards them and nowhere else.
    pub(crate) fn guarded(&self) -> Vec<Pattern> {
        let vault = self.machine.shell("cat /var/lib/waiaas-signer/vault/vault.json");
        let mut all = secrets::of_vault(&vault, PASSPHRASE.as_bytes());
        all.extend(secrets::of_evm_key(&evm_key()));
        all.extend(secrets::of_solana_key(&solana_key()));
        let as_text: Vec<_> = all.iter().map(Pattern::as_text).collect();
        [all, as_text].concat()
    }

    /// What the gateway is shown and keeps hashes of.
    pub(crate) fn shown_to_gateway(&self) -> Vec<Pattern> {
        let tokens = self.tokens.iter();
        let mut all: Vec<_> = tokens
            .map(|(chain, token)| Pattern::new(&format!("the token for {chain}"), token.as_bytes()))
            .collect();
        all.push(Pattern::new("the master password", MASTER_PASSWORD.as_bytes()));
        all
    }

    fn balance(&self) -> u128 {
        let balance = self.call_chain("eth_getBalance", &json!([BOB, "latest"]));
        u128::from_str_radix(&balance.as_str().unwrap()[2..], 16).unwrap()
    }

    fn call_chain(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.ask(Door::Chain, "POST", "/", "", &body)["result"].clone()
    }

    /// A request that is granted, with this header.
    #[expect(clippy::too_many_arguments, reason = "they are what a request is made of")]
    #[track_caller]
    fn ask(&self, door: Door, method: &str, path: &str, header: &str, body: &Value) -> Value {
        let [base, settings] = door.settings();
        let mut settings =
            format!("{settings}request = {method}\nurl = {:?}\n", format!("{base}{path}"));
        for header in ["content-type: application/json", header] {
            settings = format!("{settings}header = {header:?}\n");
        }
        if !body.is_null() {
            settings = format!("{settings}data = {:?}\n", body.to_string());
        }
        let output = self.machine.shell(&format!(
            "curl --silent --show-error --fail-with-body --max-time 60 --config - <<'END'\n{settings}END\n"
        ));
        serde_json::from_str(&output).unwrap_or_else(|error| panic!("{path}: {error}: {output}"))
    }
}

/// Bytes that stand nowhere else.
fn evm_key() -> [u8; 32] {
    Sha256::digest(b"a key for Ethereum that is looked for").into()
}

fn solana_key() -> [u8; 32] {
    Sha256::digest(b"a key for Solana that is looked for").into()
}
