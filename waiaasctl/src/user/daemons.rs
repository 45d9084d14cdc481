//! Both daemons as children of this process: started, waited for, stopped in order.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use api::Health;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

use super::UserError;
use super::signals::{Event, Signals};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::gateway::{Call, Gateway};
use crate::place::{DataDir, Place};
use crate::signer::Signer;

/// Where the packages put the daemons.
const INSTALLED: &str = "/usr/libexec/waiaas";
/// How long a daemon may take until it answers.
const START: Duration = Duration::from_secs(20);
/// How often it is looked at until then.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long gatewayd may take to finish what it is doing; signerd still signs for it meanwhile.
const STOP_GATEWAYD: Duration = Duration::from_secs(3);
/// How long signerd may take to end.
const STOP_SIGNERD: Duration = Duration::from_secs(1);

/// Both daemons, running.
#[derive(Debug)]
pub(super) struct Daemons {
    signerd: Daemon,
    gatewayd: Daemon,
}

#[derive(Debug)]
struct Daemon {
    name: &'static str,
    child: Child,
}

/// The two connections that are there once both daemons are ready.
#[derive(Debug)]
pub(super) struct Ready {
    /// To signerd.
    pub(super) signer: Signer,
    /// To gatewayd.
    pub(super) gateway: Gateway,
}

/// How a wait for the daemons ended without a failure.
#[derive(Debug)]
pub(super) enum Waited<T> {
    /// As it was meant to.
    For(T),
    /// Somebody asked this process to end first.
    Stopped,
}

impl Daemons {
    /// Starts both.
    ///
    /// # Errors
    /// When a program is missing or cannot be started, or a daemon of an earlier run is left.
    pub(super) fn start(data: &DataDir, environment: &Environment) -> Result<Self, UserError> {
        refuse_leftovers(data)?;
        // Whatever the daemons make is their user's alone, as it is under systemd.
        umask(Mode::S_IRWXG | Mode::S_IRWXO);
        let mut gatewayd_only = environment.for_both.clone();
        gatewayd_only.extend(environment.for_gatewayd.iter().cloned());
        let signerd = Daemon::start(
            "signerd",
            arguments(&data.signerd_settings(), &data.signerd_state(), data),
            &environment.for_both,
        )?;
        let gatewayd = Daemon::start(
            "gatewayd",
            arguments(&data.gatewayd_settings(), &data.gatewayd_state(), data),
            &gatewayd_only,
        );
        match gatewayd {
            Ok(gatewayd) => Ok(Self { signerd, gatewayd }),
            Err(error) => {
                let mut signerd = signerd;
                signerd.kill();
                Err(error)
            }
        }
    }

    /// Waits until both answer.
    ///
    /// # Errors
    /// When one ends, or does not answer in time.
    pub(super) fn ready(
        &mut self,
        data: &DataDir,
        signals: &mut Signals,
    ) -> Result<Waited<Ready>, Failure> {
        let place = Place::User(data.clone());
        let gateway = Gateway::new(&place.gateway_socket())?;
        let patience = Instant::now().checked_add(START);
        loop {
            self.still_running()?;
            let signer = Signer::connect(&place.control_socket());
            let health = gateway.ask::<Health>(Call::get("/health"));
            let missing = match (signer, health) {
                (Ok(signer), Ok(_)) => return Ok(Waited::For(Ready { signer, gateway })),
                (Err(_), _) => self.signerd.name,
                (Ok(_), Err(_)) => self.gatewayd.name,
            };
            if patience.is_some_and(|end| Instant::now() >= end) {
                let seconds = START.as_secs();
                return Err(UserError::NotReady { name: missing, seconds }.into());
            }
            if signals.wait(Instant::now().checked_add(LOOK_AGAIN)) == Event::Stop {
                return Ok(Waited::Stopped);
            }
        }
    }

    /// Waits until somebody asks this process to end.
    ///
    /// # Errors
    /// When a daemon ends first.
    pub(super) fn attend(&mut self, signals: &mut Signals) -> Result<(), UserError> {
        loop {
            self.still_running()?;
            match signals.wait(None) {
                Event::Stop => return Ok(()),
                Event::Child | Event::Deadline => {}
            }
        }
    }

    /// Ends both: gatewayd first, as it may have something to be signed.
    pub(super) fn stop(mut self, signals: &mut Signals) {
        self.gatewayd.stop(signals, STOP_GATEWAYD);
        self.signerd.stop(signals, STOP_SIGNERD);
    }

    fn still_running(&mut self) -> Result<(), UserError> {
        for daemon in [&mut self.signerd, &mut self.gatewayd] {
            if let Some(status) = daemon.ended() {
                return Err(UserError::Ended { name: daemon.name, status });
            }
        }
        Ok(())
    }
}

impl Daemon {
    fn start(
        name: &'static str,
        arguments: Vec<OsString>,
        environment: &[(OsString, OsString)],
    ) -> Result<Self, UserError> {
        let child = Command::new(program(name)?)
            .args(arguments)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            // Its own group: Ctrl-C reaches this process alone, which stops both in order.
            .process_group(0)
            .spawn()
            .map_err(|source| UserError::Unstartable { name, source })?;
        Ok(Self { name, child })
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn stop(&mut self, signals: &mut Signals, patience: Duration) {
        let deadline = Instant::now().checked_add(patience);
        if self.ended().is_none() {
            self.signal(Signal::SIGTERM);
        }
        while self.ended().is_none() {
            if signals.wait(deadline) == Event::Deadline {
                return self.kill();
            }
        }
    }

    fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        // It is reaped here, or by the kernel when this process ends.
        match self.child.wait() {
            Ok(_) | Err(_) => {}
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
        // The child is not reaped before `ended` says so, so the number is still its own.
        match pid.map(|pid| kill(pid, signal)) {
            Ok(Ok(()) | Err(_)) | Err(_) => {}
        }
    }
}

fn arguments(settings: &Path, state: &Path, data: &DataDir) -> Vec<OsString> {
    let pair = |option: &str, path: &Path| [OsString::from(option), path.into()];
    let settings = settings.exists().then(|| pair("--config", settings));
    let others = [pair("--state-dir", state), pair("--runtime-dir", &data.runtime())];
    settings.into_iter().chain(others).flatten().collect()
}

/// The daemon's program: beside this one, else where the packages put it.
fn program(name: &'static str) -> Result<PathBuf, UserError> {
    let own = std::env::current_exe().map_err(|source| UserError::System {
        what: "this program's own path is unknown",
        source,
    })?;
    let beside = own.parent().unwrap_or(Path::new("/"));
    [beside, Path::new(INSTALLED)]
        .into_iter()
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| UserError::Missing {
            name,
            beside: beside.display().to_string(),
            installed: INSTALLED.to_owned(),
        })
}

/// A daemon whose `waiaas` was killed still has its socket and its state.
fn refuse_leftovers(data: &DataDir) -> Result<(), UserError> {
    let place = Place::User(data.clone());
    for socket in [place.control_socket(), place.gateway_socket()] {
        if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
            return Err(UserError::LeftOver { socket: socket.display().to_string() });
        }
    }
    Ok(())
}
