//! What is measured and driven hard: both daemons as release builds with nobody held back, and agents
//! that cost as little as can be.

mod agent;
mod wire;

use std::fs;
use std::path::Path;
use std::process::Command;

use primitives::{Amount, Chain};
use tests::daemons::{Place, change_guard};
use tests::guards;
use tests::process::{Build, program};
use tests::stage::{Stage, Wallet, World};

pub(crate) use agent::Agent;
pub(crate) use wire::{Door, Wire, request};

use crate::shell::{Failure, call, cargo, output};

/// As many requests as a session likes.
const NO_LIMITS: &str =
    "[limits]\nrequests_per_minute = 4294967295\nsends_per_minute = 4294967295\n";

/// Has a command done by a release build, as what it measures is: what is bare would flatter it otherwise.
/// All is built at once, or the same crates would be compiled for each package anew.
pub(crate) fn in_release(command: &str, words: &[&str]) -> Result<(), Failure> {
    call(&mut cargo("build --release --workspace --exclude sim --bins --examples --locked"))?;
    call(Command::new(program("xtask", Build::Release)).arg(command).args(words))
}

/// What an example of a crate prints; [`in_release`] has built it.
pub(crate) fn example(name: &str) -> Result<String, Failure> {
    output(&mut Command::new(program(&format!("examples/{name}"), Build::Release)))
}

/// A stage of release builds in this world, with settings that hold nobody back.
pub(crate) fn stage(world: World, settings: &str) -> Stage {
    let settings = format!("{settings}{NO_LIMITS}");
    Stage::start_at(Place::for_build(Build::Release), world, &settings)
}

/// Base units that leave at once, in one transaction: half an ether. More needs the owners.
const AT_ONCE: u64 = 500_000_000_000_000_000;

/// A wallet with plenty that may ask the signer for as much as it likes, though not at once.
pub(crate) fn wallet(stage: &Stage, chain: Chain) -> Result<Wallet, Failure> {
    let wallet = stage.funded_wallet(chain);
    let id = wallet.id.parse().map_err(|why| format!("the wallet's id: {why}"))?;
    let network = match chain {
        Chain::Evm => "eip155:1",
        Chain::Solana => "solana",
    };
    let most = [("per_transaction", Amount::from(AT_ONCE)), ("per_day", Amount::MAX)];
    change_guard(&stage.place, id, |_default| {
        guards::any_pace() + &guards::ceilings(network, "native", "immediate", &most)
    });
    stage.trust_policies(&wallet);
    Ok(wallet)
}

/// Bytes that a process has in memory, as `/proc/PID/status` says (`proc_pid_status(5)`).
pub(crate) fn resident(process: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))?;
    let kib = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    kib.map(|kib| kib * 1024).ok_or_else(|| format!("{path} has no VmRSS"))
}

/// How many descriptors a process has open.
pub(crate) fn descriptors(process: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{process}/fd");
    let open = fs::read_dir(&path).map_err(|why| format!("{path}: {why}"))?;
    u64::try_from(open.count()).map_err(|why| why.to_string())
}

/// Bytes of a file, or of all files in a directory.
pub(crate) fn size(path: &Path) -> Result<u64, Failure> {
    let said = |why: std::io::Error| format!("{}: {why}", path.display());
    let found = fs::metadata(path).map_err(said)?;
    if !found.is_dir() {
        return Ok(found.len());
    }
    let entries = fs::read_dir(path).map_err(said)?;
    entries.map(|entry| size(&entry.map_err(said)?.path())).sum()
}
