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
        let container = Container::boot(release);
        let evm = Evm::start(ETHEREUM);
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

    /// Makes the vault without asking anybody, and has it open by itself from then on.
    pub(crate) fn initialise(&self) {
        let settings = format!("[rpc]\nevm_ethereum_mainnet = \"{}\"\n", self.evm.node.url());
        std::fs::write(self.container.path("/etc/waiaas/gatewayd.toml"), settings).unwrap();
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
        let wallet = self.operator().post("/v1/wallets", &body).expect(201);
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
        wallet.payments += 1;
        let amount = Amount::from(1_000_000_000_000_000 + wallet.payments);
        let paid = wallet.agent.pay(&payment(amount));
        wallet.paid = wallet.paid.checked_add(amount).unwrap();
        assert_eq!(self.evm.balance(BOB), wallet.paid, "{paid} from {}", wallet.address);
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
