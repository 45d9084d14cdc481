//! Everything at once: two chain nodes that say they are the main networks, so that the limits for
//! coins of worth hold, both daemons, and what operators do before an agent can start.

use primitives::{Address, Amount, Asset, Chain, ChainId, Environment};
use protocol::{Announcement, Owners, Reply, Request};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::daemons::{
    Gatewayd, Place, Signerd, change_guard, hostile_gateway, init_vault, operator,
};
use crate::evm::Evm;
use crate::http::Http;
use crate::owner::Owner;
use crate::signer::passphrase;
use crate::solana::{self, Solana};
use crate::wait;

/// Ethereum's chain id.
const ETHEREUM: u64 = 1;

/// The whole installation, and the world around it. What is started last ends first.
#[derive(Debug)]
pub struct Stage {
    /// The gateway.
    pub gatewayd: Gatewayd,
    /// The signer, its vault open.
    pub signerd: Signerd,
    /// The EVM node.
    pub evm: Evm,
    /// The Solana node.
    pub solana: Solana,
    /// Where the daemons' files are.
    pub place: Place,
}

/// The two nodes alone.
#[derive(Debug)]
pub struct World {
    /// The EVM node.
    pub evm: Evm,
    /// The Solana node.
    pub solana: Solana,
}

/// A wallet as the gateway describes it.
#[derive(Clone, Debug)]
pub struct Wallet {
    /// Its id.
    pub id: String,
    /// On its chain.
    pub address: Address,
}

impl World {
    /// Starts both nodes.
    pub fn start() -> Self {
        Self { evm: Evm::start(ETHEREUM), solana: Solana::start(solana::MAINNET) }
    }

    /// gatewayd's settings that lead to the nodes.
    pub fn settings(&self) -> String {
        format!(
            "[rpc]\nevm_ethereum_mainnet = \"{}\"\nsolana_mainnet = \"{}\"\n",
            self.evm.node.url(),
            self.solana.node.url()
        )
    }
}

impl Stage {
    /// Starts everything, and makes a vault.
    pub fn start() -> Self {
        let world = World::start();
        let settings = world.settings();
        Self::start_in(world, &settings)
    }

    /// Starts the daemons in a world, the gateway with other settings.
    pub fn start_in(world: World, settings: &str) -> Self {
        Self::start_at(Place::new(), world, settings)
    }

    /// As [`Self::start_in`], with the programs of a place.
    pub fn start_at(place: Place, world: World, settings: &str) -> Self {
        let signerd = Signerd::start(&place, "");
        init_vault(&place);
        let gatewayd = Gatewayd::start(&place, settings);
        let World { evm, solana } = world;
        Self { gatewayd, signerd, evm, solana, place }
    }

    /// HTTP as an operator, known by the user who asks.
    pub fn operator(&self) -> Http {
        Http::unix(&self.place.socket("gateway.sock"))
    }

    /// HTTP as nobody.
    pub fn stranger(&self) -> Http {
        Http::tcp(self.gatewayd.port)
    }

    /// Makes a wallet for coins of worth.
    #[track_caller]
    pub fn create_wallet(&self, chain: Chain) -> Wallet {
        let environment = Environment::Mainnet;
        let body = json!({
            "name": format!("{chain} wallet"),
            "chain": chain,
            "environment": environment,
            "createSession": false,
        });
        let wallet = self.operator().post("/v1/wallets", &body).expect(201);
        let text = |field: &str| wallet[field].as_str().unwrap().to_owned();
        Wallet { id: text("id"), address: text("publicKey").parse().unwrap() }
    }

    /// A wallet with plenty: 10 ETH or 100 SOL.
    #[track_caller]
    pub fn funded_wallet(&self, chain: Chain) -> Wallet {
        let wallet = self.create_wallet(chain);
        self.fund(&wallet);
        wallet
    }

    /// Gives a wallet 10 ETH or 100 SOL.
    pub fn fund(&self, wallet: &Wallet) {
        match wallet.address {
            Address::Evm(address) => {
                self.evm.fund(address, Amount::from_units("10", 18).unwrap());
            }
            Address::Solana(address) => self.solana.fund(address, 100_000_000_000),
        }
    }

    /// Opens a session for wallets: what an agent gets.
    #[track_caller]
    pub fn agent(&self, wallets: &[&Wallet]) -> Agent {
        Agent::new(self.gatewayd.port, &self.open_session(wallets))
    }

    /// Opens a session for wallets. Its token.
    #[track_caller]
    pub fn open_session(&self, wallets: &[&Wallet]) -> String {
        let ids: Vec<&str> = wallets.iter().map(|wallet| wallet.id.as_str()).collect();
        let session = self.operator().post("/v1/sessions", &json!({ "walletIds": ids }));
        session.expect(201)["token"].as_str().unwrap().to_owned()
    }

    /// Gives a wallet 1,000 of a new token of 6 decimals.
    pub fn give_token(&self, wallet: &Wallet) -> Address {
        match wallet.address {
            Address::Evm(address) => {
                self.evm.deploy_token(address, Amount::from(1_000_000_000_u64)).into()
            }
            Address::Solana(address) => self.solana.make_token(address, 1_000_000_000).into(),
        }
    }

    /// What an operator does so that a wallet may pay with a token: a guard of 100 a transaction and
    /// 200 a day, and policies that let 1,000 pass at once.
    #[track_caller]
    pub fn allow_token(&self, wallet: &Wallet, token: Address) {
        let network = Self::network(wallet);
        let (scope, kind) = match token.chain() {
            Chain::Evm => (network.to_string(), "erc20"),
            Chain::Solana => ("solana".to_owned(), "token"),
        };
        change_guard(&self.place, wallet.id.parse().unwrap(), |text| {
            let table = format!("[network.\"{scope}\".token.{token}]");
            let immediate = "{ per_transaction = \"100000000\", per_day = \"200000000\" }";
            format!("{text}\n{table}\nimmediate = {immediate}\n")
        });
        let lines = json!({ "instant_max": "1000", "notify_max": "1000", "delay_max": "1000" });
        let asset = format!("{network}/{kind}:{token}");
        self.set_policy(wallet, "ALLOWED_TOKENS", &json!({ "tokens": [{ "address": token }] }));
        self.set_policy(wallet, "SPENDING_LIMIT", &json!({ "token_limits": { asset: lines } }));
    }

    /// Lets the policies pass 1,000 coins at once, so that the guard alone decides.
    #[track_caller]
    pub fn trust_policies(&self, wallet: &Wallet) {
        let lines = json!({ "instant_max": "1000", "notify_max": "1000", "delay_max": "1000" });
        self.set_policy(wallet, "SPENDING_LIMIT", &json!({ "token_limits": { "native": lines } }));
    }

    /// Has the guard wait so many seconds for what it does not let go at once.
    #[track_caller]
    pub fn set_delay(&self, wallet: &Wallet, seconds: u32) {
        change_guard(&self.place, wallet.id.parse().unwrap(), |text| {
            let changed =
                text.replace("delay_seconds = 600", &format!("delay_seconds = {seconds}"));
            assert_ne!(changed, text, "the guard does not say how long it waits");
            changed
        });
    }

    /// What the signer has announced of a wallet.
    #[track_caller]
    pub fn announced(&self, wallet: &Wallet) -> Vec<Announcement> {
        let request = Request::ListAnnouncements { wallet: wallet.id.parse().unwrap() };
        let reply = hostile_gateway(&self.place).ask(request);
        let Reply::Announcements(announced) = reply else { panic!("{reply:?}") };
        announced
    }

    /// Waits until so many announcements of a wallet are open.
    #[track_caller]
    pub fn wait_until_announced(&self, wallet: &Wallet, count: usize) {
        wait::until("an announcement", || (self.announced(wallet).len() == count).then_some(()));
    }

    /// Makes somebody the only owner of a wallet, as an operator does.
    #[track_caller]
    pub fn confirm_owner(&self, wallet: &Wallet, owner: Address) {
        let reply = operator(&self.place).ask(Request::ConfirmOwners {
            wallet: wallet.id.parse().unwrap(),
            from_version: 0,
            owners: Owners { threshold: 1, members: vec![owner] },
            passphrase: passphrase(),
            approval: None,
        });
        assert!(matches!(reply, Reply::Owners(_)), "{reply:?}");
    }

    /// Names the owner of a wallet at the gateway, who verifies.
    #[track_caller]
    pub fn lock_owner(&self, wallet: &Wallet, owner: &Owner<'_>) {
        let path = format!("/v1/wallets/{}/owner", wallet.id);
        self.operator().put(&path, &json!({ "owner_address": owner.address() })).expect(200);
        let as_owner = self.as_owner(owner, "verify", &wallet.id);
        as_owner.post(&format!("{path}/verify"), &json!({})).expect(200);
    }

    /// HTTP as an owner who signed the message that the gateway wrote for an action.
    #[track_caller]
    pub fn as_owner(&self, owner: &Owner<'_>, action: &str, id: &str) -> Http {
        let body = json!({ "address": owner.address(), "action": action, "id": id });
        let written = self.stranger().post("/v1/owners/messages", &body).expect(200);
        let signature = owner.sign(written["message"].as_str().unwrap());
        self.stranger()
            .with_header("x-owner-address", &owner.address().to_string())
            .with_header("x-owner-message", written["header"].as_str().unwrap())
            .with_header("x-owner-signature", &signature)
    }

    /// Writes a policy for a wallet.
    #[track_caller]
    pub fn set_policy(&self, wallet: &Wallet, kind: &str, rules: &Value) {
        let body = json!({ "walletId": wallet.id, "type": kind, "rules": rules });
        self.operator().post("/v1/policies", &body).expect(201);
    }

    /// How many transactions of a wallet of an EVM chain are on it.
    pub fn nonce(&self, wallet: &Wallet) -> Amount {
        match wallet.address {
            Address::Evm(address) => self.evm.nonce(address),
            Address::Solana(address) => panic!("{address} numbers nothing"),
        }
    }

    /// What an address has of something, in base units, as its chain says.
    pub fn balance(&self, address: Address, asset: Asset) -> Amount {
        match (address, asset) {
            (Address::Evm(owner), Asset::Native) => self.evm.balance(owner),
            (Address::Evm(owner), Asset::Token(Address::Evm(token))) => {
                self.evm.token_balance(token, owner)
            }
            (Address::Solana(owner), Asset::Native) => self.solana.balance(owner),
            (Address::Solana(owner), Asset::Token(Address::Solana(mint))) => {
                self.solana.token_balance(mint, owner)
            }
            (_, Asset::Token(token)) => panic!("{token} is on another chain than {address}"),
        }
    }

    fn network(wallet: &Wallet) -> ChainId {
        let name = match wallet.address {
            Address::Evm(_) => "ethereum-mainnet",
            Address::Solana(_) => "solana-mainnet",
        };
        primitives::builtin_by_name(name).unwrap().chain_id
    }
}
