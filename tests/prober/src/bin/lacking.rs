//! Runs a program as on a kernel that answers some system calls with an error:
//! `lacking CALL=ERROR[,CALL=ERROR..] PROGRAM [ARGUMENT..]`, where the error is a number.
//!
//! The filter is outside of the program's own ones, which it precedes: what they let through is
//! answered by it, and what they kill for is killed for.

use std::collections::BTreeMap;
use std::error::Error;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use sandbox::{Call, call};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use signerd::sandbox::TABLES;

/// Calls of the start that are in no table of the signer, because the confinement itself makes them.
const CONFINING: &[Call] = &[
    call!(SYS_capget, "capabilities are read"),
    call!(SYS_getsid, "the filter is tried"),
    call!(SYS_landlock_add_rule, "Landlock"),
    call!(SYS_landlock_create_ruleset, "Landlock"),
    call!(SYS_landlock_restrict_self, "Landlock"),
    call!(SYS_prctl, "the process is closed to others"),
    call!(SYS_prlimit64, "there is no core"),
    call!(SYS_seccomp, "a filter is loaded"),
];

#[expect(clippy::print_stderr, reason = "what a terminal expects")]
fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let calls = arguments.next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    let Some(program) = arguments.next() else { return ExitCode::from(2) };
    if let Err(error) = calls.split(',').try_for_each(refuse) {
        eprintln!("lacking {calls}: {error}");
        return ExitCode::from(2);
    }
    let error = Command::new(program).args(arguments).exec();
    eprintln!("lacking {calls}: {error}");
    ExitCode::from(2)
}

/// From here on the call is answered with the error.
fn refuse(word: &str) -> Result<(), Box<dyn Error>> {
    let (name, error) = word.split_once('=').ok_or("no error")?;
    let mut known = [TABLES.starting, TABLES.serving, CONFINING].into_iter().flatten();
    let call = known.find(|call| call.name == name).ok_or("no such call")?;
    let filter = SeccompFilter::new(
        BTreeMap::from([(call.number, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(error.parse()?),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
