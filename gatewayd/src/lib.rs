//! The gateway: HTTP for agents, policies, queue, chains. Never sees a key.
#![forbid(unsafe_code)]

pub mod app;
pub mod asker;
pub mod autostop;
pub mod chains;
pub mod clock;
pub mod config;
pub mod http;
mod json;
mod listeners;
mod logging;
pub mod metrics;
mod names;
pub mod net;
pub mod networks;
pub mod owner;
pub mod policy;
pub mod prices;
pub mod refusals;
pub mod sandbox;
pub mod scheduler;
pub mod session;
pub mod signer;
mod state;
pub mod store;
pub mod switch;
pub mod trail;
pub mod tx;
pub mod usecase;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use ::sandbox::{Hardened, Layers, SandboxError};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Arguments, ConfigError, ProcessEnvironment, Settings};
use crate::http::{Patience, Shared};
use crate::listeners::{ListenError, Purpose, Socket};
use crate::logging::Logging;
use crate::metrics::OwnProcess;
use crate::names::ClosedBefore;
use crate::sandbox::Tables;
use crate::signer::Signer;
use crate::state::{StateDirectory, StateError};
use crate::store::{Store, StoreError};
use crate::usecase::{create_wallet, tell_of_sessions, terminate_wallet};

/// The signer's socket in the runtime directory.
const SIGNER_SOCKET: &str = "signer.sock";
/// Connections of those who read metrics.
const METRICS_CONNECTIONS: usize = 8;

/// Why the gateway does not run, or no longer does.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings are not right.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log cannot be written.
    #[error("the log cannot be written")]
    Logging(#[source] std::io::Error),
    /// The program cannot be confined.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The operating system gave no threads or signals.
    #[error("the program cannot start")]
    System(#[source] std::io::Error),
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody could reach it.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It cannot look names up any more, and can after a start.
    #[error(
        "{} was replaced, and a process that gave up all other files cannot read the new one: the \
         gateway is to be started again",
        .0.display()
    )]
    NamesReplaced(PathBuf),
}

/// What helps against a [`RunError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Somebody who does what the error says; starting again changes nothing.
    Somebody,
    /// Somebody who makes room on the disk.
    Room,
    /// Time, perhaps.
    Time,
    /// Another start, at once.
    Start,
}

impl RunError {
    /// What helps.
    pub fn remedy(&self) -> Remedy {
        let is_lasting = match self {
            Self::NamesReplaced(_) => return Remedy::Start,
            Self::State(StateError::Full(_)) | Self::Store(StoreError::Full { .. }) => {
                return Remedy::Room;
            }
            Self::Config(_) | Self::Sandbox(_) => true,
            Self::Logging(_) | Self::System(_) => false,
            Self::State(error) => error.is_lasting(),
            Self::Store(error) => error.is_lasting(),
            Self::Listen(error) => error.is_lasting(),
        };
        if is_lasting { Remedy::Somebody } else { Remedy::Time }
    }
}

/// Runs the gateway, held to `tables`, until it is told to end by SIGTERM, SIGINT or the operator.
///
/// # Errors
/// When it cannot start: settings, log, state directory, database, sockets or sandbox. When it has to
/// be started again: [`RunError::NamesReplaced`].
pub fn run(arguments: &Arguments, tables: &Tables<'_>) -> Result<(), RunError> {
    let hardened = Hardened::new()?;
    let environment = ProcessEnvironment::of_this_process();
    let settings = Settings::load(&arguments.config, &environment)?;
    let logging = Logging::start(settings.daemon.log_level).map_err(RunError::Logging)?;
    for name in &settings.ignored {
        tracing::warn!(name, "this setting means nothing here");
    }
    let state = StateDirectory::take(&arguments.state_dir)?;
    let sockets = listeners::open(&settings, &arguments.runtime_dir)?;
    let closed_before = ClosedBefore::look();
    let process = OwnProcess::open(state.path())
        .inspect_err(|error| tracing::warn!(%error, "the process cannot be looked at for metrics"));
    let processors = available_parallelism().map_or(1, NonZeroUsize::get); // files outside say so
    let layers = tables.confine(hardened, state.path(), arguments.config.path())?;
    for layer in &layers.missing {
        tracing::warn!(layer, "this kernel has no such layer of the sandbox");
    }
    let grace = settings.daemon.shutdown_timeout;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(processors).enable_all().build();
    let runtime = runtime.map_err(RunError::System)?;
    let confined = Confined { closed_before, process: process.ok(), layers };
    let start = Start { arguments, settings, logging, state, sockets, confined };
    let outcome = runtime.block_on(serve(start));
    runtime.shutdown_timeout(grace);
    outcome
}

/// What serving begins with.
struct Start<'a> {
    arguments: &'a Arguments,
    settings: Settings,
    logging: Logging,
    state: StateDirectory,
    sockets: Vec<Socket>,
    confined: Confined,
}

/// What was found and opened before the process was confined, and what confines it.
struct Confined {
    closed_before: ClosedBefore,
    process: Option<OwnProcess>,
    layers: Layers,
}

async fn serve(start: Start<'_>) -> Result<(), RunError> {
    let Start { arguments, settings, logging, state, sockets, confined } = start;
    let Confined { closed_before, process, layers } = confined;
    let store = Store::open(&state.database())?;
    let signer = Signer::new(&arguments.runtime_dir.join(SIGNER_SOCKET));
    let app = App::new(settings, Clock::system(), store, signer).await?;
    let app = app.confined(layers).observing(process).handing_out(state.mcp_tokens());
    let app = Arc::new(app);
    let signals = Signals::new().map_err(RunError::System)?;
    let mut serving = work(&app).await?;
    for socket in sockets {
        let shared = Shared::new(Arc::clone(&app));
        let (router, connections) = match socket.purpose() {
            Purpose::Requests => (http::router(shared), app.settings.limits.connections.get()),
            Purpose::Metrics => (http::metrics_router(shared), METRICS_CONNECTIONS),
        };
        let listener = socket.into_listener().map_err(RunError::System)?;
        let patience = Patience::new(connections);
        serving.spawn(http::serve(listener, router, patience, app.ending.subscribe()));
    }
    if let Some(interval) = sd_notify::watchdog_enabled() {
        tokio::spawn(feed_watchdog(interval));
    }
    match create_wallet::adopt_keys(&app).await {
        Ok(0) => {}
        Ok(adopted) => tracing::info!(adopted, "keys of the signer became wallets"),
        Err(error) => tracing::warn!(%error, "the signer's keys will be compared later"),
    }
    notify(&[NotifyState::Ready]);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the gateway is ready");
    let ended = tokio::select! {
        () = signals.handle(arguments, &app, &logging) => Ok(()),
        path = closed_before.replaced(&app.clock) => Err(RunError::NamesReplaced(path)),
    };
    notify(&[NotifyState::Stopping]);
    app.ending.send_replace(true);
    let drained = async { while serving.join_next().await.is_some() {} };
    if tokio::time::timeout(app.settings.daemon.shutdown_timeout, drained).await.is_err() {
        tracing::warn!("some requests were cut off: they ran for longer than shutdown_timeout");
    }
    tracing::info!("the gateway has ended");
    ended
}

/// Begins what goes on without being asked. What is returned ends in an orderly way once the program
/// shall end; the rest only watches.
///
/// # Errors
/// When the database fails.
pub async fn work(app: &Arc<App>) -> Result<JoinSet<()>, StoreError> {
    // Nothing is sent before that: a stop may have reached the signer alone.
    switch::watch::look(app).await?;
    let mut working = JoinSet::new();
    working.spawn(scheduler::run(Arc::clone(app)));
    working.spawn(trail::run(Arc::clone(app)));
    working.spawn(tell_of_sessions::run(Arc::clone(app)));
    working.spawn(terminate_wallet::run(Arc::clone(app)));
    let watched = Arc::clone(app);
    tokio::spawn(async move { watched.chains.watch(&watched.clock).await });
    let watched = Arc::clone(app);
    tokio::spawn(async move { switch::watch::run(&watched).await });
    let watched = Arc::clone(app);
    tokio::spawn(async move { autostop::watch::run(&watched).await });
    let watched = Arc::clone(app);
    tokio::spawn(async move { tx::look_back::run(&watched).await });
    Ok(working)
}

/// What the operating system tells the program.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Reloads the settings on SIGHUP; returns when the program shall end.
    async fn handle(mut self, arguments: &Arguments, app: &App, logging: &Logging) {
        let mut ending = app.ending.subscribe();
        loop {
            tokio::select! {
                _signal = self.terminate.recv() => return,
                _signal = self.interrupt.recv() => return,
                _asked = ending.wait_for(|ending| *ending) => return,
                _signal = self.hang_up.recv() => reload(arguments, app, logging),
            }
        }
    }
}

/// Takes over what may change while the program runs. Settings that are not right change nothing.
fn reload(arguments: &Arguments, app: &App, logging: &Logging) {
    let environment = ProcessEnvironment::of_this_process();
    match Settings::load(&arguments.config, &environment) {
        Ok(settings) => {
            let new = settings.reloadable();
            logging.set_level(new.log_level);
            app.limits.send_replace(new.limits);
            app.chains.set_endpoints(&new.networks);
            tracing::info!("the settings were read again");
            for name in settings.needs_restart(&app.settings) {
                tracing::warn!(name, "this setting counts after a restart");
            }
        }
        Err(ConfigError::Unreadable { path, source }) => {
            let path = path.display();
            // The right to read a file is not one to another of its name.
            tracing::error!(%path, %source, "the settings stay as they were; a file that was \
                replaced since the start is read after a restart");
        }
        Err(error) => tracing::error!(%error, "the settings stay as they were"),
    }
}

/// Tells systemd that the program still turns, twice as often as it wants to hear it.
async fn feed_watchdog(interval: Duration) {
    let mut ticks = tokio::time::interval(interval / 2);
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

/// Tells systemd, where it started the program.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}
