//! The layer `paths`: how many instructions the hot paths take, by valgrind's count, compared with
//! those that `tests/paths.toml` keeps. Seconds are noisy on shared machines; instructions are not.

use std::collections::BTreeMap;
use std::path::Path;

use crate::shell::{Failure, call, cargo, output, program, root};

/// What is kept, from the root of the repository.
const KEPT: &str = "tests/paths.toml";
/// The kinds of `signerd/examples/signatures.rs`.
const PATHS: [&str; 4] =
    ["ed25519-durable", "ed25519-leased", "secp256k1-durable", "secp256k1-leased"];
/// By how many per cent a count may differ from what is kept: keys, and the kind of processor.
const TOLERANCE: u64 = 5;
/// Work before what is counted, and with it: the difference leaves out what is done once.
const ROUNDS: [u64; 2] = [20, 120];

/// Counts them all, and says which differ.
pub(crate) fn check() -> Result<(), Failure> {
    let text =
        std::fs::read_to_string(root().join(KEPT)).map_err(|why| format!("{KEPT}: {why}"))?;
    let kept: BTreeMap<String, u64> =
        toml::from_str(&text).map_err(|why| format!("{KEPT}: {why}"))?;
    call(&mut cargo("build --release --package signerd --example signatures --locked"))?;
    let mut wrong = Vec::new();
    for path in PATHS {
        let expected = kept.get(path).ok_or_else(|| format!("{KEPT}: {path} is missing"))?;
        let counted = instructions(path)?;
        println!("{path:<18} {counted:>9} instructions, {expected} are kept");
        if counted.abs_diff(*expected) * 100 > expected * TOLERANCE {
            wrong.push(format!("{path} takes {counted} instructions, and {expected} are kept"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}; if that is meant, write it into {KEPT}", wrong.join("; ")))
}

/// Instructions of one turn.
fn instructions(path: &str) -> Result<u64, Failure> {
    let directory = tempfile::tempdir().map_err(|why| why.to_string())?;
    let [before, with] = ROUNDS;
    let difference = total(path, with, directory.path())?
        .checked_sub(total(path, before, directory.path())?)
        .ok_or("more rounds take fewer instructions")?;
    Ok(difference / (with - before))
}

/// Instructions that the signer's core takes for so many rounds, and to get ready for them.
fn total(path: &str, rounds: u64, directory: &Path) -> Result<u64, Failure> {
    let counts = directory.join("counts");
    let mut valgrind = program("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no"])
        .arg("--toggle-collect=signerd::signer::Signer::handle")
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(format!("--log-file={}", directory.join("log").display()))
        .arg(root().join("target/release/examples/signatures"))
        .args([path, &rounds.to_string()]);
    output(&mut valgrind)?;
    let text = std::fs::read_to_string(&counts).map_err(|why| why.to_string())?;
    let totals = text.lines().find_map(|line| line.strip_prefix("summary: "));
    totals
        .and_then(|total| total.trim().parse().ok())
        .ok_or_else(|| format!("{path}: valgrind's output has no summary"))
}
