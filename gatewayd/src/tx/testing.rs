//! A gateway between a chain node and a signer that do what a test wants.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::num::NonZeroU32;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use primitives::{Address, Amount, Asset, EvmAddress, Network, builtin_by_name, decode_hex};
use protocol::{FRAME_HEADER, Frame, MAX_SIGNER_FRAME, RefusalCode, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake_signer::FakeGuard;
use super::torture::chain::TestChain;
use super::{Deed, Intent, Order, Status, Transaction, Transfer, advance};
use crate::app::App;
use crate::chains::testing::{FakeNode, Reaction};
use crate::clock::{Clock, ClockSetter, UnixSeconds};
use crate::config::Settings;
use crate::net::Endpoint;
use crate::networks::Networks;
use crate::session::grants::Grants;
use crate::session::{Agent, Master};
use crate::signer::Signer;
use crate::store::sessions::Source;
use crate::store::wallets::sample;
use crate::store::{Store, StoreError, TransactionId};
use crate::usecase::create_session::{NewSession, create_session};

/// When a test begins, Unix seconds.
pub(crate) const START: i64 = 1_000_000;
/// The first nonce that the chain has not seen when a test begins.
pub(crate) const FIRST_NONCE: u64 = 5;

/// What the chain and the signer know; a restart of the gateway does not change it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) node: NodeMood,
    pub(crate) signer: SignerMood,
    /// Hash and nonce of what the signer has signed, by the signed bytes.
    pub(super) signed: BTreeMap<Vec<u8>, (String, u64)>,
    /// Distinct unsigned bytes that the signer has counted.
    pub(crate) counted: BTreeSet<Vec<u8>>,
    /// What the node has, by nonce.
    chain: BTreeMap<u64, String>,
    /// A chain of blocks, in place of what the mood says.
    pub(crate) chain_of_blocks: Option<TestChain>,
    /// What the signer has signed, by the signed bytes.
    pub(super) transactions: BTreeMap<Vec<u8>, (String, txcodec::evm::Transaction)>,
    /// Blocks that the gateway waits for; none for what it does by itself.
    pub(crate) confirmations: Option<NonZeroU32>,
    /// What the signer's guard lets go, and what was announced to it.
    pub(crate) guard: FakeGuard,
}

/// What the node does with what it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NodeMood {
    #[default]
    Good,
    /// It answers nothing but errors.
    Down,
    /// It takes transactions, and says that something went wrong.
    KeepsAndFails,
    /// It takes no transactions.
    Refuses,
    /// It carries them out, and they fail.
    Reverts,
}

/// What the signer does when it is asked to sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SignerMood {
    #[default]
    Good,
    Locked,
    Refuses,
    /// It counts the transaction, and the connection breaks before the answer.
    CountsAndBreaks,
    /// It says no to everything.
    Says(RefusalCode),
}

/// A running gateway, its world, and where it keeps its state.
pub(crate) struct Scene {
    pub(crate) app: Arc<App>,
    pub(crate) clock: ClockSetter,
    pub(crate) world: Arc<Mutex<World>>,
    node: FakeNode,
    directory: TempDir,
}

impl Scene {
    /// With one wallet, on ethereum-sepolia.
    pub(crate) async fn start() -> Self {
        Self::start_in(World::default()).await
    }

    /// On a chain of blocks, of which the gateway waits for so many.
    pub(crate) async fn on_blocks(chain: TestChain, confirmations: u32) -> Self {
        let (chain_of_blocks, confirmations) = (Some(chain), NonZeroU32::new(confirmations));
        Self::start_in(World { chain_of_blocks, confirmations, ..World::default() }).await
    }

    async fn start_in(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        world.lock().unwrap().guard.now = START;
        let seen = Arc::clone(&world);
        let node =
            FakeNode::start(move |method, params| seen.lock().unwrap().react(method, params)).await;
        let directory = tempfile::tempdir().unwrap();
        serve_signer(directory.path(), &world);
        let (app, clock) = gateway(directory.path(), &node, &world, UnixSeconds::new(START)).await;
        app.store.write(|db| db.insert_wallet(&sample(1))).await.unwrap();
        Self { app, clock, world, node, directory }
    }

    /// Ends the gateway without a warning, and starts it again with what the disk has.
    pub(crate) async fn restart(self) -> Self {
        let Self { app, world, node, directory, .. } = self;
        let now = app.clock.now();
        // What was handed to the database is done, or was never begun, once a process is dead.
        app.store.write(|_db| Ok::<_, StoreError>(())).await.unwrap();
        drop(app);
        let (app, clock) = gateway(directory.path(), &node, &world, now).await;
        Self { app, clock, world, node, directory }
    }

    /// Another node of the same chain, but for what it says instead.
    pub(crate) async fn node(
        &self,
        instead: impl Fn(&str, &Value) -> Option<Reaction> + Send + Sync + 'static,
    ) -> FakeNode {
        let world = Arc::clone(&self.world);
        FakeNode::start(move |method, params| {
            instead(method, params).unwrap_or_else(|| world.lock().unwrap().react(method, params))
        })
        .await
    }

    /// Has the gateway ask these endpoints, in this order.
    pub(crate) fn ask_nodes(&self, endpoints: &[Endpoint]) {
        let mut networks = Networks::builtin();
        networks.set_endpoints("evm_ethereum_sepolia", endpoints.to_vec()).unwrap();
        self.app.chains.set_endpoints(&networks);
    }

    /// A second gateway with the same state, signer and node.
    pub(crate) async fn second_gateway(&self) -> Arc<App> {
        let now = self.app.clock.now();
        gateway(self.directory.path(), &self.node, &self.world, now).await.0
    }

    /// A new session of the wallet.
    pub(crate) async fn agent(&self) -> Agent {
        let new = NewSession {
            wallets: vec![sample(1).id],
            lifetime: None,
            max_renewals: None,
            absolute_lifetime: None,
            source: Source::Api,
            grants: Grants::default(),
        };
        let master = Master::operator();
        let opened = create_session(&self.app, &master, new).await.unwrap();
        Agent::from_token(&self.app, &opened.token).await.unwrap()
    }

    /// Asks for a payment of that many wei.
    pub(crate) async fn ask(&self, wei: u64) -> TransactionId {
        let id = TransactionId::new(&self.app.clock);
        let now = self.app.clock.now();
        let asked = Transaction::new(id, sample(1).id, None, payment(wei.into()), now);
        self.app.store.write(move |db| db.insert_transaction(&asked)).await.unwrap();
        id
    }

    /// Asks for payments of that many wei, one after the other.
    pub(crate) async fn ask_sequence(&self, wei: &[u64]) -> TransactionId {
        let id = TransactionId::new(&self.app.clock);
        let now = self.app.clock.now();
        let deeds = wei.iter().map(|wei| Deed::Transfer(transfer((*wei).into()))).collect();
        let order =
            Order { network: sepolia().chain_id, deed: Deed::Batch(deeds), gas_condition: None };
        let intent = Intent::Send(Box::new(order));
        let asked = Transaction::new(id, sample(1).id, None, intent, now);
        self.app.store.write(move |db| db.insert_transaction(&asked)).await.unwrap();
        id
    }

    /// Takes everything as far as it goes at this moment.
    pub(crate) async fn drive(&self) {
        for _round in 0..50 {
            let now = self.app.clock.now();
            let due = self.app.store.read(move |db| db.due_transactions(now, 100)).await.unwrap();
            if due.is_empty() {
                return;
            }
            for due in due {
                self.advance(due.id).await;
            }
        }
        panic!("something is always due");
    }

    /// Takes a payment as far as it goes now.
    pub(crate) async fn advance(&self, id: TransactionId) -> Transaction {
        self.world.lock().unwrap().guard.now = self.app.clock.now().get();
        advance(&self.app, id).await.unwrap();
        self.show(id).await
    }

    /// Takes a payment on until nothing more is due at this moment.
    pub(crate) async fn rest(&self, id: TransactionId) -> Transaction {
        for _round in 0..10 {
            let found = self.advance(id).await;
            if found.next_attempt_at.is_none_or(|next| next > self.app.clock.now()) {
                return found;
            }
        }
        panic!("it does not rest: {:?}", self.show(id).await);
    }

    /// Tries again, later each time, until the payment is over.
    pub(crate) async fn settle(&self, id: TransactionId) -> Transaction {
        for _attempt in 0..100 {
            let found = self.advance(id).await;
            if found.status.is_final() {
                return found;
            }
            self.clock.advance(Duration::from_secs(30));
        }
        panic!("it does not end: {:?}", self.show(id).await);
    }

    pub(crate) async fn show(&self, id: TransactionId) -> Transaction {
        self.app.store.read(move |db| db.transaction(id)).await.unwrap().unwrap()
    }

    /// What the wallet has spent in all, everything under way included.
    pub(crate) async fn spent(&self) -> Amount {
        let of = (sample(1).id, sepolia().chain_id, Asset::Native);
        let spent = self.app.store.read(move |db| db.spent(of, UnixSeconds::new(0), None));
        spent.await.unwrap()
    }

    pub(crate) fn feel(&self, node: NodeMood, signer: SignerMood) {
        let mut world = self.world.lock().unwrap();
        (world.node, world.signer) = (node, signer);
    }

    /// Nonces of what the chain has.
    pub(crate) fn mined(&self) -> Vec<u64> {
        self.world.lock().unwrap().chain.keys().copied().collect()
    }

    /// Wei of each transaction that the chain has.
    pub(crate) fn paid(&self) -> Vec<u64> {
        let world = self.world.lock().unwrap();
        let sent = world.transactions.values().filter(|(hash, _)| world.has(&json!(hash)));
        sent.map(|(_hash, sent)| sent.value.to_u64().unwrap()).collect()
    }

    /// Whether the chain has what is called that.
    pub(crate) fn has(&self, hash: &str) -> bool {
        self.world.lock().unwrap().has(&json!(hash))
    }

    /// Writes something into the database.
    pub(crate) async fn write(
        &self,
        work: impl FnOnce(&crate::store::Writing<'_>) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.app.store.write(work).await.unwrap();
    }
}

pub(crate) fn sepolia() -> &'static Network {
    builtin_by_name("ethereum-sepolia").unwrap()
}

/// A payment of that many wei.
pub(crate) fn payment(amount: Amount) -> Intent {
    let network = sepolia().chain_id;
    let deed = Deed::Transfer(transfer(amount));
    Intent::Send(Box::new(Order { network, deed, gas_condition: None }))
}

pub(crate) fn transfer(amount: Amount) -> Transfer {
    Transfer {
        asset: Asset::Native,
        to: Address::Evm(EvmAddress([0x22; 20])),
        amount,
        decimals: 18,
        symbol: None,
        memo: None,
    }
}

/// Where a payment stands, in a word that tests compare.
pub(crate) fn word(transaction: &Transaction) -> (Status, Option<&str>) {
    (transaction.status, transaction.problem.as_ref().map(|problem| problem.code.as_str()))
}

async fn gateway(
    directory: &Path,
    node: &FakeNode,
    world: &Mutex<World>,
    now: UnixSeconds,
) -> (Arc<App>, ClockSetter) {
    let mut settings = Settings::default();
    if let Some(confirmations) = world.lock().unwrap().confirmations {
        settings.transactions.evm_confirmations = confirmations;
    }
    settings.networks.set_endpoints("evm_ethereum_sepolia", vec![node.endpoint()]).unwrap();
    let store = Store::open(&directory.join("gateway.db")).unwrap();
    let signer = Signer::new(&directory.join("signer.sock"));
    let (clock, setter) = Clock::settable(now);
    (Arc::new(App::new(settings, clock, store, signer).await.unwrap()), setter)
}

impl World {
    fn react(&mut self, method: &str, params: &Value) -> Reaction {
        if let Some(chain) = &mut self.chain_of_blocks {
            return chain.react(method, params, &self.transactions);
        }
        if self.node == NodeMood::Down {
            return Reaction::Raw(503, String::new());
        }
        Reaction::Result(match method {
            "eth_chainId" => json!("0xaa36a7"),
            "eth_getBalance" => json!("0x8ac7230489e80000"),
            "eth_getTransactionCount" => json!(format!("{:#x}", self.next_nonce())),
            "eth_getBlockByNumber" => json!({"number": "0x64", "baseFeePerGas": "0x3b9aca00"}),
            "eth_maxPriorityFeePerGas" | "eth_gasPrice" => json!("0x3b9aca00"),
            "eth_estimateGas" => json!("0x5208"),
            "eth_sendRawTransaction" => return self.take(params[0].as_str().unwrap()),
            "eth_getTransactionReceipt" if self.has(&params[0]) => {
                let status = if self.node == NodeMood::Reverts { "0x0" } else { "0x1" };
                json!({"transactionHash": params[0], "blockNumber": "0x64", "status": status})
            }
            "eth_getTransactionByHash" if self.has(&params[0]) => json!({"hash": params[0]}),
            _ => json!(null),
        })
    }

    fn next_nonce(&self) -> u64 {
        self.chain.last_key_value().map_or(FIRST_NONCE, |(nonce, _hash)| nonce + 1)
    }

    fn has(&self, hash: &Value) -> bool {
        self.chain.values().any(|found| hash == found)
    }

    /// Carries out what follows directly on what it has.
    fn take(&mut self, raw: &str) -> Reaction {
        let bytes = decode_hex(raw.trim_start_matches("0x")).unwrap();
        let (hash, nonce) = self.signed[&bytes].clone();
        if self.node == NodeMood::Refuses {
            return Reaction::Error(-32000, "insufficient funds for gas * price + value");
        }
        if self.chain.values().any(|found| *found == hash) {
            return Reaction::Error(-32000, "already known");
        }
        if nonce != self.next_nonce() {
            return Reaction::Error(-32000, "nonce too low");
        }
        self.chain.insert(nonce, hash.clone());
        match self.node {
            NodeMood::KeepsAndFails => Reaction::Raw(502, "bad gateway".to_owned()),
            NodeMood::Good | NodeMood::Reverts | NodeMood::Down | NodeMood::Refuses => {
                Reaction::Result(json!(hash))
            }
        }
    }
}

fn serve_signer(directory: &Path, world: &Arc<Mutex<World>>) {
    let listener = UnixListener::bind(directory.join("signer.sock")).unwrap();
    let world = Arc::clone(world);
    std::thread::spawn(move || {
        for peer in listener.incoming() {
            let world = Arc::clone(&world);
            std::thread::spawn(move || while answer(peer.as_ref().unwrap(), &world).is_some() {});
        }
    });
}

fn answer(mut peer: &UnixStream, world: &Mutex<World>) -> Option<()> {
    let mut header = [0; FRAME_HEADER];
    peer.read_exact(&mut header).ok()?;
    let mut content = vec![0; Frame::content_length(header, MAX_SIGNER_FRAME).ok()?];
    peer.read_exact(&mut content).ok()?;
    let frame: Frame<Request> = Frame::from_content(&content).unwrap();
    let message = world.lock().unwrap().answer(frame.message)?;
    peer.write_all(&Frame { id: frame.id, message }.to_bytes()).ok()
}
