//! `init`: from an installed package to a wallet that runs. Where systemd runs the daemons it makes what is
//! missing, step by step, so that doing it again goes on where it was interrupted, or changes nothing.

mod answers;
mod ask;
mod steps;

use std::path::{Path, PathBuf};

use protocol::{Request, VaultPhase};
use serde_json::{Value, json};

use self::answers::Answers;
use self::steps::{Run, Step};
use super::Operation;
use crate::args::FirstRunArgs;
use crate::exit::{Exit, Failure};
use crate::passphrase::{Passphrase, Source, Wanted, read_file, recover};
use crate::progress::Progress;
use crate::recovery::Recovery;
use crate::signer::Signer;
use crate::systemd::{self, TARGET};
use crate::view::View;

/// Where the random secrets are written.
const RECOVERY_FILE: &str = "/etc/waiaas/recovery.key";

/// Where the passphrase of the vault comes from, and the master password with it.
#[derive(Debug)]
enum Origin {
    /// `--passphrase-file`, or the terminal.
    Given(Source),
    /// A file that the answers name.
    File(PathBuf),
    /// Random secrets in a file of their own.
    Recovery(PathBuf),
}

/// The passphrase, once it is known.
#[derive(Debug)]
struct Keys {
    origin: Origin,
    known: Option<Passphrase>,
    master: Option<Passphrase>,
}

/// Makes what is missing.
pub(super) fn init(arguments: &FirstRunArgs, operation: &Operation) -> Result<View, Failure> {
    if !operation.place.is_installed() {
        return elsewhere(arguments, operation);
    }
    let file = arguments.answers.as_deref().map(answers::read).transpose()?;
    systemd::require(&operation.place, "init")?;
    if !systemd::is(&["cat", TARGET]) {
        return Err(Failure::new(
            Exit::Failed,
            format!("systemd knows no {TARGET}"),
            "install the package, then systemctl daemon-reload",
        ));
    }
    start_daemons()?;
    let mut signer = operation.signer()?;
    let gateway = operation.gateway()?;
    let (origin, answers) = match (file, arguments.auto_provision) {
        (Some((answers, passphrase)), _) => {
            let given = || Origin::Given(operation.passphrases.clone());
            (passphrase.map_or_else(given, Origin::File), answers)
        }
        (None, true) => {
            let file = arguments.recovery_file.clone();
            let file = file.unwrap_or_else(|| Path::new(RECOVERY_FILE).to_owned());
            (Origin::Recovery(file), Answers::of_nobody(arguments.rpc.clone()))
        }
        (None, false) => {
            let origin = Origin::Given(operation.passphrases.clone());
            (origin, ask::answers(&mut signer, &gateway, arguments.rpc.clone())?)
        }
    };
    let keys = Keys { origin, known: None, master: None };
    let mut run = Run { place: operation.place.clone(), signer, gateway, keys };
    let steps = run.all(answers)?;
    Ok(made(&steps, &run.keys.origin, operation))
}

/// Daemons that somebody else starts: the vault is made, and nothing else.
fn elsewhere(arguments: &FirstRunArgs, operation: &Operation) -> Result<View, Failure> {
    if arguments.auto_provision || arguments.answers.is_some() || !arguments.rpc.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "--auto-provision, --answers and --rpc are for the daemons that systemd runs",
            "for one user: waiaas init --auto-provision",
        ));
    }
    let mut signer = operation.signer()?;
    let passphrase = operation.passphrases.read_new(Wanted::NewVault)?;
    make_vault(&mut signer, &passphrase)?;
    Ok(View::said(
        "the vault is made; without its passphrase the keys are lost: keep it somewhere safe",
    )
    .line(format!("next: {}", operation.place.command("wallet create NAME --chain ethereum"))))
}

fn make_vault(signer: &mut Signer, passphrase: &Passphrase) -> Result<(), Failure> {
    let _progress = Progress::start("making the vault");
    Ok(signer.do_it(Request::InitVault { passphrase: passphrase.to_secret() })?)
}

/// The sockets start signerd when it is asked something.
fn start_daemons() -> Result<(), Failure> {
    let _progress = Progress::start("starting the daemons");
    systemd::systemctl(&["start", TARGET])
}

impl Keys {
    /// The passphrase for a vault that is made now.
    fn for_new_vault(&mut self) -> Result<&Passphrase, Failure> {
        let passphrase = match &self.origin {
            Origin::Given(source) => source.read_new(Wanted::NewVault)?,
            Origin::File(path) => read_file(path, Wanted::NewVault)?,
            Origin::Recovery(path) => {
                let recovery = if path.exists() {
                    recover(path)?
                } else {
                    Recovery::make(path, "waiaasctl unlock --passphrase-file takes it")?
                };
                return Ok(self.take(recovery));
            }
        };
        Ok(self.known.insert(passphrase))
    }

    /// The passphrase of the vault that is there.
    fn of_vault(&mut self) -> Result<&Passphrase, Failure> {
        let passphrase = match (self.known.take(), &self.origin) {
            (Some(known), _) => known,
            (None, Origin::Given(source)) => source.read(Wanted::Vault)?,
            (None, Origin::File(path)) => read_file(path, Wanted::Vault)?,
            (None, Origin::Recovery(path)) => {
                let recovery = recover(path)?;
                return Ok(self.take(recovery));
            }
        };
        Ok(self.known.insert(passphrase))
    }

    /// The master password of the recovery file, where there is one.
    fn master(&mut self) -> Result<Option<&Passphrase>, Failure> {
        if let Origin::Recovery(path) = &self.origin
            && self.master.is_none()
            && path.exists()
        {
            self.of_vault()?;
        }
        Ok(self.master.as_ref())
    }

    fn take(&mut self, recovery: Recovery) -> &Passphrase {
        self.master = Some(recovery.master_password);
        self.known.insert(recovery.vault_passphrase)
    }
}

fn made(steps: &[Step], origin: &Origin, operation: &Operation) -> View {
    let changed = steps.iter().any(|step| step.changed);
    let recovery = match origin {
        Origin::Recovery(path) => Some(path).filter(|path| path.exists()),
        Origin::Given(_) | Origin::File(_) => None,
    };
    let open =
        steps.iter().any(|step| step.name == "vault" && step.phase == Some(VaultPhase::Open));
    let wallet = steps.iter().find_map(|step| step.wallet.as_deref());
    let next = match (open, wallet) {
        (false, _) => operation.place.command("unlock"),
        (true, Some(name)) => operation.place.command(&format!("session create {name}")),
        (true, None) => operation.place.command("wallet create NAME --chain ethereum"),
    };
    let listed: Vec<Value> = steps
        .iter()
        .map(|step| json!({ "step": step.name, "changed": step.changed, "what": step.what }))
        .collect();
    let json = json!({
        "changed": changed,
        "steps": listed,
        "recoveryFile": recovery,
        "next": next,
    });
    let lines = steps.iter().map(|step| (step.name, step.what.clone())).collect();
    let mut view = View::new(json).fields(lines);
    if let Some(path) = recovery {
        view = view.line(format!(
            "{} (mode 0600) has the random secrets: whoever reads it can spend, and without it the keys \
             are lost; move it to another place now",
            path.display()
        ));
    }
    if !changed {
        view = view.line("everything was there already, nothing was changed");
    }
    view.line(format!("next: {next}; see how everything is: {}", operation.place.command("doctor")))
}
