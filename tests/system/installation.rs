//! The package installed in a container, and a wallet that works in it.

use primitives::{Address, Amount, EvmAddress};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::evm::Evm;
use tests::http::Http;
use tests::wait;

use crate::container::{Container, Release, said, stored};

/// Where the packages are put.
const PACKAGES: &str = "/var/tmp/packages";
/// The gateway's port.
const PORT: u16 = 3100;
/// Ethereum's chain id: the limits for coins of worth hold.
const ETHEREUM: u64 = 1;
/// Where the vault's passphrase is, for whoever needs it.
pub(crate) const PASSPHRASE_FILE: &str = "/root/passphrase";
/// Who is paid.
const BOB: EvmAddress = EvmAddress([0xb0; 20]);

/// Both daemons' services.
pub(crate) const SERVICES: [&str; 2] = ["waiaas-signerd.service", "waiaas-gatewayd.service"];
/// Everything that listens.
pub(crate) const SOCKETS: [&str; 3] =
    ["waiaas-signer.socket", "waiaas-control.socket", "waiaas-gatewayd.socket"];

/// A version of the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// As it was built.
    This,
    /// The same programs under a higher number.
    Higher,
}

/// A container with the package in it, and a chain that it reaches.
pub(crate) struct Installation {
    pub(crate) container: Container,
    pub(crate) evm: Evm,
}

/// A wallet, and who may spend from it.
pub(crate) struct Wallet {
    pub(crate) agent: Agent,
    address: EvmAddress,
    payments: u64,
    paid: Amount,
}

impl Version {
    const fn file(self) -> &'static str {
        match self {
            Self::This => "waiaas.deb",
            Self::Higher => "waiaas-higher.deb",
        }
    }
}

impl Installation {
    /// Boots a system and installs the package, which starts nothing.
    pub(crate) fn new(release: Release) -> Self {
        Self::beside(Container::boot(release), Evm::start(ETHEREUM))
    }

    /// Gives the system up and installs another, beside the same chain.
    pub(crate) fn replaced_by(self, release: Release) -> Self {
        let Self { container, evm } = self;
        drop(container);
        Self::beside(Container::boot(release), evm)
    }

    fn beside(container: Container, evm: Evm) -> Self {
        container.output(&["mkdir", PACKAGES]);
        for version in [Version::This, Version::Higher] {
            let file = version.file();
            let copy = container.path(&format!("{PACKAGES}/{file}"));
            std::fs::copy(stored(file), copy).unwrap();
        }
        let installation = Self { container, evm };
        installation.install(Version::This).unwrap();
        installation
    }

    /// Installs a version; what was said, if it is refused.
    pub(crate) fn install(&self, version: Version) -> Result<(), String> {
        let package = format!("{PACKAGES}/{}", version.file());
        let output = self.container.run(&["dpkg", "--install", &package]);
        if output.status.success() { Ok(()) } else { Err(said(&output)) }
    }

    /// Tells the gateway where its chain is.
    pub(crate) fn configure(&self) {
        let settings = format!("[rpc]\nevm_ethereum_mainnet = \"{}\"\n", self.evm.node.url());
        std::fs::write(self.container.path("/etc/waiaas/gatewayd.toml"), settings).unwrap();
    }

    /// Makes the vault without asking anybody, and has it open by itself from then on.
    pub(crate) fn initialise(&self) {
        self.configure();
        self.container.output(&["waiaasctl", "init", "--auto-provision"]);
        self.container.output(&["systemctl", "enable", "--now", "waiaas.target"]);
    }

    /// HTTP as root of the container.
    pub(crate) fn operator(&self) -> Http {
        Http::unix(&self.container.path("/run/waiaas/gateway.sock"))
    }

    /// A wallet with 10 ETH, and an agent of it.
    pub(crate) fn wallet(&self) -> Wallet {
        let body = json!({
            "name": "wallet",
            "chain": "ethereum",
            "environment": "mainnet",
            "createSession": false,
        });
        self.funded(&self.operator().post("/v1/wallets", &body).expect(201))
    }

    /// The same with a wallet that is there.
    pub(crate) fn wallet_named(&self, name: &str) -> Wallet {
        let wallets = self.operator().get("/v1/wallets").expect(200);
        let wallets = wallets["items"].as_array().unwrap();
        self.funded(wallets.iter().find(|wallet| wallet["name"] == name).unwrap())
    }

    fn funded(&self, wallet: &Value) -> Wallet {
        let Address::Evm(address) = wallet["publicKey"].as_str().unwrap().parse().unwrap() else {
            panic!("{wallet}");
        };
        self.evm.fund(address, Amount::from_units("10", 18).unwrap());
        let session = self.operator().post("/v1/sessions", &json!({ "walletIds": [wallet["id"]] }));
        let token = session.expect(201)["token"].as_str().unwrap().to_owned();
        Wallet { agent: Agent::new(PORT, &token), address, payments: 0, paid: Amount::ZERO }
    }

    /// A payment from the request to the chain, and what has arrived in all. No two are the same: the
    /// gateway takes what is asked twice in a row for one.
    #[track_caller]
    pub(crate) fn pay(&self, wallet: &mut Wallet) {
        let (amount, body) = wallet.next_payment();
        let paid = wallet.agent.pay(&body);
        wallet.paid = wallet.paid.checked_add(amount).unwrap();
        assert_eq!(self.evm.balance(BOB), wallet.paid, "{paid} from {}", wallet.address);
    }

    /// Asks for a payment that is taken on and not made; its id, when it says `why`.
    #[track_caller]
    pub(crate) fn cannot_pay(&self, wallet: &mut Wallet, why: &str) -> String {
        let (_amount, body) = wallet.next_payment();
        let id = wallet.agent.send(&body);
        let says = |found: &Value| found["error"].as_str().is_some_and(|error| error.contains(why));
        wallet.agent.wait_until(&id, says);
        assert_eq!(self.evm.balance(BOB), wallet.paid, "{id}");
        id
    }
}

impl Wallet {
    fn next_payment(&mut self) -> (Amount, Value) {
        self.payments += 1;
        let amount = Amount::from(1_000_000_000_000_000 + self.payments);
        (amount, payment(amount))
    }
}

/// Waits until the gateway answers.
pub(crate) fn wait_until_up() {
    let http = Http::tcp(PORT);
    wait::until("a gateway that answers", || http.try_send("GET", "/health", &[], Vec::new()).ok());
}

/// A transfer of ether to Bob.
fn payment(amount: Amount) -> Value {
    let amount = amount.to_string();
    json!({ "type": "TRANSFER", "to": BOB, "amount": amount, "network": "ethereum-mainnet" })
}
