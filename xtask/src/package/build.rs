//! The programs as they are packaged: linked, stripped, their symbols apart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::target::Target;
use super::{Plan, emptied};
use crate::shell::{Failure, call, cargo, output, program, root};

/// A program of the packages, in its two parts.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// What is installed.
    pub(super) stripped: PathBuf,
    /// What a debugger wants beside it.
    pub(super) symbols: PathBuf,
    /// By which a debugger finds the symbols.
    pub(super) build_id: String,
}

/// What one call of Cargo builds.
///
/// The signer is built by itself: so it gets the features that it asks for, and none that another
/// program switched on. It alone is linked statically, as it lives in a root without libraries;
/// the option goes to its last call of the compiler, so that nothing is compiled twice for it.
struct Build {
    command: &'static str,
    last: &'static [&'static str],
    programs: &'static [&'static str],
}

#[rustfmt::skip]
static BUILDS: &[Build] = &[
    Build {
        command: "rustc --package signerd --bin signerd",
        last: &["--", "-Ctarget-feature=+crt-static"],
        programs: &["signerd"],
    },
    Build {
        command: "build --package gatewayd --package waiaasctl --bins",
        last: &[],
        programs: &["gatewayd", "waiaas", "waiaasctl"],
    },
];

/// Builds all programs.
pub(super) fn programs(plan: &Plan) -> Result<Vec<Program>, Failure> {
    let places = Places::find()?;
    emptied(&plan.work.join("programs"))?;
    let mut programs = Vec::new();
    for build in BUILDS {
        let mut command = cargo(build.command);
        command.args(["--profile", "dist", "--locked"]);
        if plan.target != Target::host()? {
            cross(&mut command, plan.target)?;
        }
        command.args(build.last);
        command.env("CARGO_ENCODED_RUSTFLAGS", places.rust_flags());
        command.env("CFLAGS", places.c_flags());
        call(&mut command)?;
        for name in build.programs {
            programs.push(split(plan, name)?);
        }
    }
    Ok(programs)
}

/// The tool for this machine, which prints completions and man pages.
pub(super) fn tool_of_this_machine(plan: &Plan) -> Result<PathBuf, Failure> {
    if plan.target == Target::host()? {
        return Ok(linked(plan.target)?.join("waiaasctl"));
    }
    call(&mut cargo("build --package waiaasctl --bin waiaasctl --locked"))?;
    Ok(tests::process::target_directory().join("debug/waiaasctl"))
}

/// Where Cargo puts the programs for `target`.
pub(super) fn linked(target: Target) -> Result<PathBuf, Failure> {
    let directory = tests::process::target_directory();
    Ok(if target == Target::host()? {
        directory.join("dist")
    } else {
        directory.join(target.triple()).join("dist")
    })
}

/// Has Cargo build for another machine.
fn cross(command: &mut Command, target: Target) -> Result<(), Failure> {
    let name = target.triple().replace('-', "_").to_uppercase();
    target.require_library()?;
    let linker = target.tool("gcc")?;
    command.args(["--target", target.triple()]).env(format!("CARGO_TARGET_{name}_LINKER"), linker);
    Ok(())
}

/// Takes a program's symbols apart from it.
fn split(plan: &Plan, name: &'static str) -> Result<Program, Failure> {
    let whole = linked(plan.target)?.join(name);
    let directory = plan.work.join("programs");
    let build_id = build_id(plan.target, &whole)?;
    let stripped = directory.join(name);
    let symbols = directory.join(format!("{}.debug", build_id.get(2..).unwrap_or_default()));
    let objcopy = plan.target.tool("objcopy")?;
    let only_symbols = ["--only-keep-debug", "--compress-debug-sections=zlib"];
    call(program(&objcopy).args(only_symbols).arg(&whole).arg(&symbols))?;
    let link = format!("--add-gnu-debuglink={}", symbols.display());
    let no_symbols = ["--strip-all", "--remove-section=.comment", &link];
    call(program(&objcopy).args(no_symbols).arg(&whole).arg(&stripped))?;
    Ok(Program { name, stripped, symbols, build_id })
}

fn build_id(target: Target, path: &Path) -> Result<String, Failure> {
    let notes = output(program(&target.tool("readelf")?).arg("--notes").arg(path))?;
    let id = notes.lines().find_map(|line| line.trim().strip_prefix("Build ID: "));
    Ok(id.ok_or_else(|| format!("{}: no build id", path.display()))?.to_owned())
}

/// Directories of this machine, of which nothing may show in the programs, and what stands there
/// instead. A later one that fits counts more.
pub(super) struct Places(Vec<(PathBuf, &'static str)>);

impl Places {
    /// Asks Cargo.
    pub(super) fn find() -> Result<Self, Failure> {
        let metadata = output(&mut cargo("metadata --format-version 1 --locked"))?;
        let metadata: Value =
            serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
        let packages = metadata["packages"].as_array().ok_or("cargo metadata: no packages")?;
        let registries: BTreeSet<PathBuf> = packages
            .iter()
            .filter(|package| !package["source"].is_null())
            .filter_map(|package| Path::new(package["manifest_path"].as_str()?).ancestors().nth(2))
            .map(Path::to_owned)
            .collect();
        let ours = [(root(), "/waiaas"), (tests::process::target_directory(), "/waiaas/target")];
        let theirs = registries.into_iter().map(|directory| (directory, "/crates"));
        Ok(Self(ours.into_iter().chain(theirs).collect()))
    }

    /// The directories of this machine.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let Self(places) = self;
        places.iter().map(|(path, _name)| path.as_path())
    }

    /// For rustc: <https://doc.rust-lang.org/rustc/remap-source-paths.html>, and that getrandom makes its
    /// system call: in a program that is linked statically it would look in vain for the function's name,
    /// and open `/dev/urandom`, which the confined signer may not.
    fn rust_flags(&self) -> String {
        let mut flags = self.flags("--remap-path-prefix");
        flags.push("--cfg=getrandom_backend=\"linux_getrandom\"".to_owned());
        flags.join("\u{1f}")
    }

    /// For the C compiler, which the crates of ring and SQLite call.
    fn c_flags(&self) -> String {
        self.flags("-ffile-prefix-map").join(" ")
    }

    fn flags(&self, option: &str) -> Vec<String> {
        let Self(places) = self;
        places.iter().map(|(path, name)| format!("{option}={}={name}", path.display())).collect()
    }
}
