//! `waiaas init`: the directory, the vault, the database.

use protocol::VaultPhase;
use serde_json::json;

use super::daemons::{Ready, Waited};
use super::lock::{self, Lock};
use super::secrets::{self, Secrets};
use super::start::{initialise, with_daemons};
use super::{UserError, layout};
use crate::args::InitArgs;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::passphrase::{PassphraseError, Source};
use crate::place::{DataDir, Place};
use crate::signer::Signer;
use crate::view::View;

/// Makes what is missing. To do it twice changes nothing.
pub(super) fn init(
    arguments: &InitArgs,
    data: &DataDir,
    environment: &Environment,
) -> Result<View, Failure> {
    layout::prepare(data)?;
    if lock::holder(data)?.is_some() {
        return already_running(data);
    }
    let _lock = Lock::take(data)?;
    with_daemons(data, environment, |daemons, signals| match daemons.ready(data, signals)? {
        Waited::For(ready) => make(ready, arguments, data, environment),
        Waited::Stopped => {
            Err(Failure::new(Exit::Failed, "interrupted, nothing was made", "try again"))
        }
    })
}

fn make(
    mut ready: Ready,
    arguments: &InitArgs,
    data: &DataDir,
    environment: &Environment,
) -> Result<View, Failure> {
    if ready.signer.status()?.vault != VaultPhase::Uninitialised {
        return Ok(already(data));
    }
    let secrets = choose(arguments, data, environment)?;
    initialise(&mut ready.signer, &ready.gateway, &secrets)?;
    Ok(made(data))
}

/// The secrets for a new vault: those given in advance, else random or typed ones.
fn choose(
    arguments: &InitArgs,
    data: &DataDir,
    environment: &Environment,
) -> Result<Secrets, Failure> {
    match secrets::given(data, environment)? {
        Some(secrets) => Ok(secrets),
        None if arguments.auto_provision => secrets::provision(data),
        None => Source::Terminal
            .read_new("a password for vault and gateway")
            .map(Secrets::One)
            .map_err(|error| nobody_to_ask(error, data)),
    }
}

/// `waiaas` has other ways to get a password than an operator's `--passphrase-file`.
fn nobody_to_ask(error: PassphraseError, data: &DataDir) -> Failure {
    let PassphraseError::NoTerminal { what, .. } = error else { return error.into() };
    let command = Place::User(data.clone()).user_command("init --auto-provision");
    Failure::new(
        Exit::Passphrase,
        format!("{what} is needed, and there is no terminal to ask on"),
        format!("have random secrets made: {command}; or set WAIAAS_MASTER_PASSWORD_FILE"),
    )
}

fn made(data: &DataDir) -> View {
    let place = Place::User(data.clone());
    let directory = data.path().display().to_string();
    let recovery = data.recovery_key();
    let recovery = recovery.exists().then(|| recovery.display().to_string());
    let json = json!({ "dataDir": directory, "initialised": true, "recoveryKey": recovery });
    let view = View::new(json).line(format!("{directory} is initialised"));
    let view = match recovery {
        Some(path) => view.line(format!(
            "{path} (mode 0600) has the random secrets: whoever reads it can spend, and without it the \
             keys are lost; keep a copy elsewhere"
        )),
        None => view.line("without the password the keys are lost: keep it somewhere safe"),
    };
    view.line(format!("next: {}", place.start_command()))
}

fn already(data: &DataDir) -> View {
    let directory = data.path().display().to_string();
    View::new(json!({ "dataDir": directory, "initialised": false }))
        .line(format!("{directory} was initialised before, nothing was changed"))
}

fn already_running(data: &DataDir) -> Result<View, Failure> {
    let place = Place::User(data.clone());
    if Signer::connect(&place.control_socket())?.status()?.vault == VaultPhase::Uninitialised {
        let directory = data.path().display().to_string();
        return Err(UserError::NeverInitialised { directory }.into());
    }
    Ok(already(data))
}
