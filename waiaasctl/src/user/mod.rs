//! `waiaas`: both daemons for one user, from one directory.

mod daemons;
mod error;
mod init;
mod layout;
mod lock;
mod quickset;
mod secrets;
mod settings;
mod signals;
mod start;
mod stop;
mod upkeep;

pub use error::UserError;
pub(crate) use start::choose_master_password;
pub use start::start;
pub use stop::stop;

use crate::args::UserCommand;
use crate::commands;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::place::{DataDir, Place};
use crate::view::{Format, View};

/// Does one command of `waiaas`.
///
/// # Errors
/// When it is not done; the failure says why and what to do.
pub fn run(
    command: UserCommand,
    data: &DataDir,
    environment: &Environment,
    format: Format,
) -> Result<View, Failure> {
    match command {
        UserCommand::Init(arguments) => init::init(&arguments, data, environment),
        UserCommand::Start(schedule) => start(data, environment, format, schedule),
        UserCommand::Quickset(arguments) => quickset::quickset(arguments.mode, data, environment),
        UserCommand::Status => Ok(commands::status(&Place::User(data.clone()))),
        UserCommand::Stop => stop(data),
    }
}
