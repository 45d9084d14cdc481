//! `waiaas start`: both daemons in the foreground.

use std::io::IsTerminal;

use api::{AdminStatus, ChangeMasterPassword, MasterPasswordChanged};
use protocol::{Request, Secret, VaultPhase};
use serde_json::json;

use super::daemons::{Daemons, Waited};
use super::lock::Lock;
use super::secrets::{self, Secrets};
use super::signals::Signals;
use super::upkeep::Upkeep;
use super::{UserError, layout, settings};
use crate::args::BackupSchedule;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::gateway::{Call, Gateway};
use crate::passphrase::{Passphrase, Source, Wanted};
use crate::place::{DataDir, Place};
use crate::progress::Progress;
use crate::signer::Signer;
use crate::view::{Format, View};

/// Runs both daemons until SIGTERM, SIGINT or SIGHUP, or until one of them ends.
///
/// # Errors
/// When they cannot be started, the vault cannot be opened, or one of them ends by itself.
pub fn start(
    data: &DataDir,
    environment: &Environment,
    format: Format,
    schedule: BackupSchedule,
) -> Result<View, Failure> {
    layout::prepare(data)?;
    let secrets = secrets::given(data, environment)?;
    let _lock = Lock::take(data)?;
    let mut upkeep = Upkeep::new(data, schedule, format);
    let outcome = with_daemons(data, environment, |daemons, signals| {
        let Waited::For(mut signer) = daemons.signerd(signals)? else { return Ok(()) };
        let vault = open_vault(&mut signer, secrets.as_ref(), data)?;
        drop(signer);
        let Waited::For(gateway) = daemons.gatewayd(signals)? else { return Ok(()) };
        if let Some(secrets) = &secrets {
            set_master_password(&gateway, secrets)?;
        }
        drop(gateway);
        listening(vault, data, environment).print(format)?;
        Ok(daemons.attend(signals, || upkeep.turn())?)
    });
    upkeep.end();
    outcome?;
    Ok(View::said("both daemons have ended"))
}

/// Does `act`, which starts daemons, and stops them whatever came of it.
pub(super) fn with_daemons<T>(
    data: &DataDir,
    environment: &Environment,
    act: impl FnOnce(&mut Daemons<'_>, &mut Signals) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut signals = Signals::take()?;
    let mut daemons = Daemons::none(data, environment)?;
    let outcome = act(&mut daemons, &mut signals);
    daemons.stop(&mut signals);
    outcome
}

/// Makes the vault if there is none, and opens it where something to open it with was given. This
/// comes before gatewayd: who finds it healthy finds an open vault.
fn open_vault(
    signer: &mut Signer,
    secrets: Option<&Secrets>,
    data: &DataDir,
) -> Result<VaultPhase, Failure> {
    match (signer.status()?.vault, secrets) {
        (VaultPhase::Uninitialised, Some(secrets)) => make_vault(signer, secrets)?,
        (VaultPhase::Uninitialised, None) => {
            let directory = data.path().display().to_string();
            return Err(UserError::NeverInitialised { directory }.into());
        }
        (VaultPhase::Locked, Some(secrets)) => {
            unlock(signer, secrets.vault_passphrase().to_secret())?;
        }
        (VaultPhase::Locked, None) if std::io::stdin().is_terminal() => {
            let passphrase = Source::Terminal.read(Wanted::Vault)?;
            unlock(signer, passphrase.to_secret())?;
        }
        (VaultPhase::Locked, None) | (VaultPhase::Open, _) => {}
    }
    Ok(signer.status()?.vault)
}

fn unlock(signer: &mut Signer, passphrase: Secret) -> Result<(), Failure> {
    let _progress = Progress::start("opening the vault");
    Ok(signer.do_it(Request::Unlock { passphrase })?)
}

/// Makes the vault.
pub(super) fn make_vault(signer: &mut Signer, secrets: &Secrets) -> Result<(), Failure> {
    let _progress = Progress::start("making the vault");
    let passphrase = secrets.vault_passphrase().to_secret();
    Ok(signer.do_it(Request::InitVault { passphrase })?)
}

/// Gives gatewayd its master password if it has none: the database is new, or an earlier start was
/// interrupted.
pub(super) fn set_master_password(gateway: &Gateway, secrets: &Secrets) -> Result<(), Failure> {
    let status: AdminStatus = gateway.ask(Call::get("/v1/admin/status"))?;
    if status.auto_provisioned {
        choose_master_password(gateway, secrets.master_password())?;
    }
    Ok(())
}

/// Gives gatewayd its master password.
///
/// # Errors
/// When gatewayd does not take it.
pub(crate) fn choose_master_password(
    gateway: &Gateway,
    password: &Passphrase,
) -> Result<(), Failure> {
    let body = ChangeMasterPassword { new_password: password.reveal().to_owned() };
    let _changed: MasterPasswordChanged =
        gateway.ask(Call::put("/v1/admin/master-password").body(&body))?;
    Ok(())
}

fn listening(vault: VaultPhase, data: &DataDir, environment: &Environment) -> View {
    let place = Place::User(data.clone());
    let url = settings::base_url(data, environment);
    let directory = data.path().display().to_string();
    let opened = match vault {
        VaultPhase::Open => vault.to_string(),
        VaultPhase::Locked | VaultPhase::Uninitialised => {
            format!("{vault}: nothing is signed before {}", place.command("unlock"))
        }
    };
    let json = json!({
        "event": "listening",
        "baseUrl": url,
        "dataDir": directory,
        "vault": vault.to_string(),
        "pid": std::process::id(),
    });
    let view = View::new(json).line(format!("waiaas listens on {url}")).fields(vec![
        ("data", directory),
        ("vault", opened),
        ("stop", format!("Ctrl-C, or {}", place.user_command("stop"))),
    ]);
    if data.token().exists() {
        view
    } else {
        view.line(format!("next, in another terminal: {}", place.user_command("quickset")))
    }
}
