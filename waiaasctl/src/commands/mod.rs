//! The commands of `waiaasctl`: each asks a daemon and returns what to show.

mod announcement;
mod approval;
mod audit;
mod autostop;
mod backup;
mod balance;
mod decision;
mod doctor;
mod exposure;
mod first_run;
mod guard;
mod import;
mod kill_switch;
mod latch;
mod leaving;
mod metrics;
mod owner;
mod owner_message;
mod policy;
mod price;
mod receipt;
mod rpc;
mod service;
mod session;
mod session_words;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod transaction;
mod unattended;
mod vault;
mod wallet;

use std::path::Path;

use api::{Wallet, WalletList};
use primitives::WalletId;
use protocol::Secret;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::args::{Command, TimeCommand};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway, GatewayError};
use crate::manual;
use crate::passphrase::{Passphrase, Source, Wanted};
use crate::place::Place;
use crate::signer::Signer;
use crate::view::{Format, View};

/// What every command needs: where the daemons are, and where passphrases come from.
#[derive(Debug)]
pub struct Operation {
    place: Place,
    passphrases: Source,
    format: Format,
}

/// Does one command.
///
/// # Errors
/// When it is not done; the failure says why and what to do.
pub fn run(command: Command, operation: &Operation) -> Result<View, Failure> {
    match command {
        Command::Init(arguments) => first_run::init(&arguments, operation),
        Command::Start => service::start(operation),
        Command::Stop => service::stop(operation),
        Command::Status => Ok(status(&operation.place)),
        Command::Doctor => Ok(doctor::run(operation)),
        Command::Metrics(arguments) => metrics::metrics(&arguments, operation),
        Command::Unlock => vault::unlock(operation),
        Command::Lock => vault::lock(operation),
        Command::Unattended(command) => unattended::run(&command, operation),
        Command::Autostop(command) => autostop::run(command, operation),
        Command::KillSwitch(command) => kill_switch::run(command, operation),
        Command::Suspend(arguments) => latch::suspend(arguments, operation),
        Command::Resume(arguments) => latch::resume(&arguments, operation),
        Command::Renew => latch::renew(operation),
        Command::Time(TimeCommand::Accept) => latch::accept_time(operation),
        Command::Wallet(command) => wallet::run(command, operation),
        Command::Session(command) => session::run(command, operation),
        Command::Send(arguments) => transaction::send(arguments, operation),
        Command::Balance(arguments) => balance::balance(&arguments, operation),
        Command::Tx(command) => transaction::run(command, operation),
        Command::Policy(command) => policy::run(command, operation),
        Command::Token(command) => token::run(command, operation),
        Command::Price(arguments) => price::price(&arguments, operation),
        Command::Rpc(command) => rpc::run(command, operation),
        Command::Guard(command) => guard::run(command, operation),
        Command::Exposure(arguments) => exposure::exposure(arguments.wallet.as_deref(), operation),
        Command::Owner(command) => owner::run(command, operation),
        Command::Approval(command) => approval::run(command, operation),
        Command::Announcement(command) => announcement::run(command, operation),
        Command::Backup(arguments) => backup::run(arguments, operation),
        Command::Restore(arguments) => backup::restore(&arguments, operation),
        Command::Audit(command) => audit::run(command, operation),
        Command::Receipt(command) => receipt::run(command, operation),
        Command::Completions(arguments) => {
            let script = manual::completions(arguments.shell, arguments.program);
            Ok(View::new(json!({ "script": script })).verbatim(script))
        }
        Command::Man { dir } => man(&dir),
    }
}

pub(crate) use backup::restored_view;
pub(crate) use session::over;
pub(crate) use status::status;
pub(crate) use wallet::new_wallet;

impl Operation {
    /// Commands for the daemons at `place`; passphrases come from `passphrase_file`, or the terminal.
    pub fn new(place: Place, passphrase_file: Option<&Path>, format: Format) -> Self {
        Self { place, passphrases: Source::from_option(passphrase_file), format }
    }

    fn signer(&self) -> Result<Signer, Failure> {
        Ok(Signer::connect(&self.place.control_socket())?)
    }

    fn gateway(&self) -> Result<Gateway, Failure> {
        Ok(Gateway::new(&self.place.gateway_socket())?)
    }

    fn passphrase(&self) -> Result<Passphrase, Failure> {
        Ok(self.passphrases.read(Wanted::Vault)?)
    }

    fn secret(&self) -> Result<Secret, Failure> {
        self.passphrase().map(|passphrase| passphrase.to_secret())
    }

    /// The wallet of that id, or of that name in gatewayd.
    fn wallet(&self, reference: &str) -> Result<WalletId, Failure> {
        if let Ok(id) = reference.parse() {
            return Ok(id);
        }
        let wallets = live_wallets(&self.gateway()?)?;
        let found: Vec<&Wallet> =
            wallets.iter().filter(|wallet| wallet.name == reference).collect();
        match found.as_slice() {
            [wallet] => Ok(WalletId::from_bytes(wallet.id.into_bytes())),
            [] => Err(not_found(reference, &self.place)),
            [_, ..] => Err(ambiguous(reference, &found)),
        }
    }

    /// All wallets that gatewayd has.
    fn all_wallets(&self) -> Result<Vec<Uuid>, Failure> {
        Ok(live_wallets(&self.gateway()?)?.into_iter().map(|wallet| wallet.id).collect())
    }
}

/// The wallets of gatewayd that are not terminated.
pub(crate) fn live_wallets(gateway: &Gateway) -> Result<Vec<Wallet>, GatewayError> {
    let list: WalletList = gateway.ask(Call::get("/v1/wallets"))?;
    Ok(list.items.into_iter().filter(|wallet| wallet.status != "TERMINATED").collect())
}

/// The id of a wallet as gatewayd's types have it.
const fn uuid(wallet: WalletId) -> Uuid {
    Uuid::from_bytes(wallet.to_bytes())
}

fn ambiguous(reference: &str, wallets: &[&Wallet]) -> Failure {
    let ids: Vec<String> = wallets.iter().map(|wallet| wallet.id.to_string()).collect();
    let what = format!("several wallets are called {reference}");
    Failure::new(Exit::Usage, what, format!("use the id of one of them: {}", ids.join(", ")))
}

fn not_found(reference: &str, place: &Place) -> Failure {
    Failure::new(
        Exit::NotFound,
        format!("there is no wallet called {reference}"),
        format!("see {}", place.command("wallet list")),
    )
}

fn man(directory: &Path) -> Result<View, Failure> {
    let pages = manual::write_man_pages(directory).map_err(|source| Failure::File {
        action: "cannot write the man pages into",
        path: directory.display().to_string(),
        source,
    })?;
    let directory = directory.display().to_string();
    let view = View::new(json!({ "directory": directory, "pages": pages.len() }));
    Ok(view.line(format!("{} pages written into {directory}", pages.len())))
}

/// An answer as `--json` prints it.
fn to_json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("the bodies of `api` have names for keys")
}
