//! The daemons as children of this process: started, waited for, stopped in order.

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
/// The status with which gatewayd asks to be started again, of sysexits.h: it cannot read a file any
/// more that was replaced.
const START_AGAIN: i32 = 75;
/// How long signerd may take to end.
const STOP_SIGNERD: Duration = Duration::from_secs(1);

/// The daemons of a directory: those that were started, in that order.
#[derive(Debug)]
pub(super) struct Daemons<'a> {
    data: &'a DataDir,
    environment: &'a Environment,
    running: Vec<Daemon>,
}

#[derive(Debug)]
struct Daemon {
    name: &'static str,
    child: Child,
    /// How long it may take to end.
    patience: Duration,
}

/// How a wait for a daemon ended without a failure.
#[derive(Debug)]
pub(super) enum Waited<T> {
    /// It answers.
    For(T),
    /// Somebody asked this process to end first.
    Stopped,
}

impl<'a> Daemons<'a> {
    /// Makes sure that no daemon of an earlier run is left; starts none.
    ///
    /// # Errors
    /// When one is.
    pub(super) fn none(data: &'a DataDir, environment: &'a Environment) -> Result<Self, UserError> {
        refuse_leftovers(data)?;
        // Whatever the daemons make is their user's alone, as it is under systemd.
        umask(Mode::S_IRWXG | Mode::S_IRWXO);
        Ok(Self { data, environment, running: Vec::new() })
    }

    /// Starts signerd and waits until it answers.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not answer in time.
    pub(super) fn signerd(&mut self, signals: &mut Signals) -> Result<Waited<Signer>, Failure> {
        let arguments =
            arguments(&self.data.signerd_settings(), &self.data.signerd_state(), self.data);
        let signerd =
            Daemon::start("signerd", arguments, &self.environment.for_both, STOP_SIGNERD)?;
        self.running.push(signerd);
        let socket = self.place().control_socket();
        self.until("signerd", signals, || Signer::connect(&socket).ok())
    }

    /// Starts gatewayd and waits until it answers.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not answer in time.
    pub(super) fn gatewayd(&mut self, signals: &mut Signals) -> Result<Waited<Gateway>, Failure> {
        self.running.push(self.start_gatewayd()?);
        let gateway = Gateway::new(&self.place().gateway_socket())?;
        let healthy = || gateway.ask::<Health>(Call::get("/health")).ok();
        Ok(match self.until("gatewayd", signals, healthy)? {
            Waited::For(_health) => Waited::For(gateway),
            Waited::Stopped => Waited::Stopped,
        })
    }

    fn start_gatewayd(&self) -> Result<Daemon, UserError> {
        let mut environment = self.environment.for_both.clone();
        environment.extend(self.environment.for_gatewayd.iter().cloned());
        let arguments =
            arguments(&self.data.gatewayd_settings(), &self.data.gatewayd_state(), self.data);
        Daemon::start("gatewayd", arguments, &environment, STOP_GATEWAYD)
    }

    /// Waits until somebody asks this process to end. `turn` is called now and again, and says when
    /// next.
    ///
    /// # Errors
    /// When a daemon ends first.
    pub(super) fn attend(
        &mut self,
        signals: &mut Signals,
        mut turn: impl FnMut() -> Option<Instant>,
    ) -> Result<(), UserError> {
        loop {
            self.start_again()?;
            self.still_running()?;
            match signals.wait(turn()) {
                Event::Stop => return Ok(()),
                Event::Child | Event::Deadline => {}
            }
        }
    }

    /// Ends the last one first: gatewayd may have something to be signed.
    pub(super) fn stop(mut self, signals: &mut Signals) {
        while let Some(mut daemon) = self.running.pop() {
            daemon.stop(signals);
        }
    }

    fn until<T>(
        &mut self,
        name: &'static str,
        signals: &mut Signals,
        answer: impl Fn() -> Option<T>,
    ) -> Result<Waited<T>, Failure> {
        let deadline = Instant::now().checked_add(START);
        loop {
            self.still_running()?;
            if let Some(answer) = answer() {
                return Ok(Waited::For(answer));
            }
            if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
                return Err(UserError::NotReady { name, seconds: START.as_secs() }.into());
            }
            if signals.wait(Instant::now().checked_add(LOOK_AGAIN)) == Event::Stop {
                return Ok(Waited::Stopped);
            }
        }
    }

    /// Starts gatewayd in the place of one that asked for it.
    fn start_again(&mut self) -> Result<(), UserError> {
        let asks = |daemon: &mut Daemon| {
            daemon.ended().is_some_and(|status| status.code() == Some(START_AGAIN))
        };
        if let Some(place) = self.running.iter_mut().position(asks) {
            let again = self.start_gatewayd()?;
            self.running.splice(place..=place, [again]);
        }
        Ok(())
    }

    fn still_running(&mut self) -> Result<(), UserError> {
        for daemon in &mut self.running {
            if let Some(status) = daemon.ended() {
                return Err(UserError::Ended { name: daemon.name, status });
            }
        }
        Ok(())
    }

    fn place(&self) -> Place {
        Place::User(self.data.clone())
    }
}

impl Daemon {
    fn start(
        name: &'static str,
        arguments: Vec<OsString>,
        environment: &[(OsString, OsString)],
        patience: Duration,
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
        Ok(Self { name, child, patience })
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn stop(&mut self, signals: &mut Signals) {
        let deadline = Instant::now().checked_add(self.patience);
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
