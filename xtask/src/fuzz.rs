//! `tests/fuzz`: every target for a number of runs, or for an hour, from its checked-in corpus.

use std::fs;

use crate::shell::{Failure, call, cargo, need, root};

/// Enough to try each seed in some hundred ways, in a few seconds a target; those that have to write
/// files first get so many seconds.
const SHORT: [&str; 2] = ["-runs=200000", "-max_total_time=20"];
/// An hour a target.
const LONG: [&str; 1] = ["-max_total_time=3600"];
/// Seconds after which an input counts as one that hangs, and MiB that no input may need.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=1024"];

/// Builds the targets and runs each for a moment.
pub(crate) fn smoke() -> Result<(), Failure> {
    run_all(&SHORT)
}

/// Builds the targets and runs each for an hour.
pub(crate) fn long() -> Result<(), Failure> {
    run_all(&LONG)
}

fn run_all(bounds: &[&str]) -> Result<(), Failure> {
    need("g++", "g++")?;
    call(cargo("build --release --bins --locked").current_dir(root().join("tests/fuzz")))?;
    targets()?.iter().try_for_each(|target| run(target, bounds))
}

/// A target is a file in `src/bin`.
fn targets() -> Result<Vec<String>, Failure> {
    let files = fs::read_dir(root().join("tests/fuzz/src/bin")).map_err(|why| why.to_string())?;
    let stem = |file: fs::DirEntry| {
        let path = file.path();
        path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned)
    };
    let mut targets: Vec<_> = files.filter_map(|file| stem(file.ok()?)).collect();
    targets.sort();
    Ok(targets)
}

/// What a run finds is kept beside what was built, an input that breaks something in `artifacts`.
fn run(target: &str, bounds: &[&str]) -> Result<(), Failure> {
    let folder = root().join("tests/fuzz");
    let found = format!("target/corpus/{target}");
    for made in ["artifacts", &found] {
        fs::create_dir_all(folder.join(made)).map_err(|why| format!("{made}: {why}"))?;
    }
    let mut command = cargo("run --quiet --release --locked --bin");
    command.args([target, "--", "-verbosity=0", "-artifact_prefix=artifacts/"]).args(LIMITS);
    command.args(bounds).args([&found, &format!("corpus/{target}")]);
    println!("{target}: {}", bounds.join(" "));
    let output = command.current_dir(folder).output().map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("{target}: {}; the input is in tests/fuzz/artifacts", output.status))
}
