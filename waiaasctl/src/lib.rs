//! The two programs of the people who run the wallet: `waiaasctl` operates the daemons, wherever they
//! run; `waiaas` runs both for one user, from one directory.
//!
//! Keys are signerd's, and [`signer`] asks it over control.sock; wallets, sessions and transactions
//! are gatewayd's, and [`gateway`] asks it over gateway.sock. A command returns a [`view::View`] or
//! an [`exit::Failure`]; only this module prints.
#![forbid(unsafe_code)]

mod approval;
pub mod args;
mod backup;
mod chain;
mod coins;
pub mod commands;
mod endpoints;
pub mod environment;
pub mod exit;
mod export;
mod files;
pub mod gateway;
pub mod manual;
mod names;
pub mod passphrase;
pub mod place;
mod progress;
mod receipt;
mod recovery;
pub mod signer;
mod systemd;
pub mod table;
mod terminal;
#[cfg(test)]
mod testing;
mod time;
mod trail;
pub mod user;
pub mod view;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::commands::Operation;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::place::{DataDir, Place};
use crate::view::{Format, View, render_failure};

/// Runs `waiaasctl` with the process's arguments.
pub fn operator() -> ExitCode {
    let args::Operator { options, command } = match args::Operator::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let format = Format::of_option(options.json);
    match Place::of_operator(options.data_dir.as_deref(), options.runtime_dir.as_deref()) {
        Ok(place) => {
            let passphrase_file = options.passphrase_file.as_deref();
            let operation = Operation::new(place.clone(), passphrase_file, format);
            finish(commands::run(command, &operation), Some(&place), format)
        }
        Err(error) => finish(Err(error.into()), None, format),
    }
}

/// Runs `waiaas` with the process's arguments and environment.
pub fn user() -> ExitCode {
    let args::User { options, command } = match args::User::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let format = Format::of_option(options.json);
    let environment = Environment::read();
    match DataDir::choose(options.data_dir.as_deref(), &environment) {
        Ok(data) => {
            let outcome = user::run(command, &data, &environment, format);
            finish(outcome, Some(&Place::User(data)), format)
        }
        Err(error) => finish(Err(error.into()), None, format),
    }
}

/// Prints what came of a command.
fn finish(outcome: Result<View, Failure>, place: Option<&Place>, format: Format) -> ExitCode {
    match outcome.and_then(|view| view.print(format).map(|()| view.exit())) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(exit)) => exit.into(),
        Err(failure) => {
            complain(&render_failure(&failure, place, format));
            failure.exit().into()
        }
    }
}

/// Prints clap's help, version or error; help and version are no failure.
fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Ok(()) if !error.use_stderr() => ExitCode::SUCCESS,
        Ok(()) | Err(_) => Exit::Usage.into(),
    }
}

/// Writes to standard error. There is nobody to tell when that fails.
pub(crate) fn complain(text: &str) {
    io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}
