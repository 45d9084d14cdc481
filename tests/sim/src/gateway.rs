//! A life of the gateway: all of it but its HTTP listeners, on a runtime of one thread whose time stands
//! still, from its start to its end, which it does not see coming.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gatewayd::app::App;
use gatewayd::clock::{Clock, ClockSetter, UnixSeconds};
use gatewayd::config::Settings;
use gatewayd::net::HttpClient;
use gatewayd::session::grants::Grants;
use gatewayd::session::{Agent, Caller, Master};
use gatewayd::signer::Signer;
use gatewayd::store::idempotency::IdempotencyKey;
use gatewayd::store::sessions::Source;
use gatewayd::store::{Store, TransactionId, Workers};
use gatewayd::usecase::cancel_transaction::cancel_transaction;
use gatewayd::usecase::create_session::{NewSession, create_session};
use gatewayd::usecase::create_wallet::adopt_keys;
use gatewayd::usecase::order::{AmountRequest, AssetRequest, DeedRequest, OrderRequest};
use gatewayd::usecase::speed_up_transaction::speed_up_transaction;
use gatewayd::usecase::submit_transaction::{Submission, submit_transaction};
use nix::unistd::Uid;
use primitives::WalletId;
use protocol::{FRAME_HEADER, Frame, MAX_SIGNER_FRAME, Request};
use sandbox::Door;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener as Listener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::post::{Heard, NODES, Post, ToSigner};

/// Blocks that the gateway waits for: more than a reorganisation takes back.
const CONFIRMATIONS: u32 = 3;
/// More than are made in a second of the simulation.
const IDS_AT_ONCE: u64 = 20;
const DATABASE: &str = "gateway.db";
const LOG_OF_DATABASE: &str = "gateway.db-wal";
const NETWORK: &str = "ethereum-sepolia";
const PAYEE: &str = "0x2222222222222222222222222222222222222222";

/// A gateway that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) app: Arc<App>,
    /// What the one agent shows.
    pub(crate) token: String,
    /// Ends with it.
    _working: JoinSet<()>,
}

/// A gateway that starts or runs.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) clock: ClockSetter,
    starting: Option<JoinHandle<Result<Running, String>>>,
    pub(crate) running: Option<Running>,
}

/// What somebody does to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meddling {
    Cancel,
    SpeedUp,
}

/// A runtime on which the same is done in the same order each time: one thread that looks at what to do
/// next after each step, and timers that nothing but the simulation moves on.
pub(crate) fn runtime() -> Result<Runtime, String> {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).event_interval(1).build();
    runtime.map_err(|error| error.to_string())
}

impl Life {
    /// Begins one on what the directory has, within the runtime that this is called in.
    pub(crate) fn begin(
        directory: &Path,
        (now, life): (UnixSeconds, u64),
        post: &Post,
        (wallet, token): (WalletId, Option<String>),
    ) -> Result<Self, String> {
        let socket = directory.join("signer.sock");
        if socket.exists() {
            fs::remove_file(&socket).map_err(|error| error.to_string())?;
        }
        let listener = UnixListener::bind(&socket).map_err(|error| error.to_string())?;
        let closed = fs::set_permissions(&socket, fs::Permissions::from_mode(0o600));
        closed.and_then(|()| listener.set_nonblocking(true)).map_err(|error| error.to_string())?;
        let door = Door::of(&listener).map_err(|error| error.to_string())?;
        let master = Master::from_peer(door, Uid::effective()).ok_or("no operator")?;
        let listener = Listener::from_std(listener).map_err(|error| error.to_string())?;
        tokio::spawn(listen(listener, post.clone()));
        let (clock, setter) = Clock::settable(now);
        // Ids are in the order of their making, also those of two lives in one second.
        setter.advance(Duration::from_millis(life * IDS_AT_ONCE % 1000));
        let http = HttpClient::within(post.correspondent());
        let database = directory.join(DATABASE);
        let starting = tokio::spawn(async move {
            let store = Store::open_with(&database, Workers::Tasks).map_err(text)?;
            let app = App::asking(http, settings()?, clock, store, Signer::new(&socket));
            let app = Arc::new(app.await.map_err(text)?);
            let working = gatewayd::work(&app).await.map_err(text)?;
            adopt_keys(&app).await.map_err(text)?;
            let token = match token {
                Some(token) => token,
                None => create_session(&app, &master, session(wallet)).await.map_err(text)?.token,
            };
            Ok(Running { app, token, _working: working })
        });
        Ok(Self { clock: setter, starting: Some(starting), running: None })
    }

    /// Looks whether it has started; why not, if it failed.
    pub(crate) async fn look(&mut self) -> Result<(), String> {
        if let Some(started) = self.starting.take_if(|starting| starting.is_finished()) {
            self.running = Some(started.await.map_err(text)??);
        }
        Ok(())
    }
}

impl Running {
    /// The agent sends an order, and hears of it by the post if the gateway lives so long.
    pub(crate) fn ask(&self, order: usize, wei: u64, post: &Post) {
        let (app, token, post) = (Arc::clone(&self.app), self.token.clone(), post.clone());
        tokio::spawn(async move {
            let asked = async {
                let agent = Agent::from_token(&app, &token).await.map_err(text)?;
                submit_transaction(&app, &agent, submission(order, wei)?).await.map_err(text)
            };
            let accepted = asked.await.ok().map(|transaction| transaction.id);
            post.letters().agents.push(Heard { order, accepted });
        });
    }

    /// The agent wants one of its payments faster, or not at all.
    pub(crate) fn meddle(&self, id: TransactionId, meddling: Meddling) {
        let (app, token) = (Arc::clone(&self.app), self.token.clone());
        tokio::spawn(async move {
            let Ok(agent) = Agent::from_token(&app, &token).await else { return };
            let agent = Caller::Agent(agent);
            match meddling {
                Meddling::Cancel => drop(cancel_transaction(&app, &agent, id).await),
                Meddling::SpeedUp => drop(speed_up_transaction(&app, &agent, id).await),
            }
        });
    }
}

fn submission(order: usize, wei: u64) -> Result<Submission, String> {
    let deed = DeedRequest::Transfer {
        to: PAYEE.to_owned(),
        asset: AssetRequest::Native,
        amount: AmountRequest::BaseUnits(wei.to_string()),
        memo: None,
    };
    let network = Some(NETWORK.to_owned());
    let order_of_agent = OrderRequest { wallet: None, network, deed, gas_condition: None };
    let key = IdempotencyKey::from_client(&format!("order {order}")).map_err(text)?;
    Ok(Submission { order: order_of_agent, idempotency_key: Some(key), wait: None })
}

fn settings() -> Result<Settings, String> {
    let mut settings = Settings::default();
    settings.transactions.evm_confirmations =
        CONFIRMATIONS.try_into().map_err(|_zero| "no confirmations")?;
    let mut endpoints = Vec::new();
    for node in NODES {
        endpoints.push(node.parse().map_err(text)?);
    }
    settings.networks.set_endpoints("evm_ethereum_sepolia", endpoints).map_err(text)?;
    Ok(settings)
}

fn session(wallet: WalletId) -> NewSession {
    NewSession {
        wallets: vec![wallet],
        lifetime: None,
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Brings the gateway's requests to the signer.
async fn listen(listener: Listener, post: Post) {
    while let Ok((stream, _address)) = listener.accept().await {
        tokio::spawn(serve(stream, post.clone()));
    }
}

async fn serve(stream: UnixStream, post: Post) {
    let (mut input, out) = stream.into_split();
    let out = Arc::new(Mutex::new(Some(out)));
    while let Some(frame) = receive(&mut input).await {
        let (answer, answered) = oneshot::channel();
        post.letters().signer.push(ToSigner { request: frame.message, answer });
        let out = Arc::clone(&out);
        tokio::spawn(async move {
            let answer = answered.await;
            let mut out = out.lock().await;
            match answer {
                Ok(message) => send(&mut out, &Frame { id: frame.id, message }.to_bytes()).await,
                // The signer is gone, and the connection with it.
                Err(_lost) => drop(out.take()),
            }
        });
    }
}

async fn send(out: &mut Option<OwnedWriteHalf>, frame: &[u8]) {
    let sent = match out {
        Some(out) => out.write_all(frame).await,
        None => return,
    };
    if sent.is_err() {
        *out = None;
    }
}

async fn receive(input: &mut OwnedReadHalf) -> Option<Frame<Request>> {
    let mut header = [0; FRAME_HEADER];
    input.read_exact(&mut header).await.ok()?;
    let mut content = vec![0; Frame::content_length(header, MAX_SIGNER_FRAME).ok()?];
    input.read_exact(&mut content).await.ok()?;
    Frame::from_content(&content).ok()
}

/// The bytes of what was written since the database was last brought together.
pub(crate) fn log_length(directory: &Path) -> u64 {
    fs::metadata(directory.join(LOG_OF_DATABASE)).map_or(0, |found| found.len())
}

/// What a dead gateway leaves: its database as it stands, with the end of its log cut to `length` if there
/// is one. Memory that was shared is gone.
pub(crate) fn bury(from: &Path, to: &Path, length: Option<u64>) -> Result<(), String> {
    fs::create_dir(to).map_err(text)?;
    for name in [DATABASE, LOG_OF_DATABASE] {
        let left: PathBuf = from.join(name);
        if left.exists() {
            fs::copy(&left, to.join(name)).map_err(text)?;
        }
    }
    if let Some(length) = length {
        let log = fs::OpenOptions::new().write(true).open(to.join(LOG_OF_DATABASE));
        log.and_then(|log| log.set_len(length)).map_err(text)?;
    }
    Ok(())
}
