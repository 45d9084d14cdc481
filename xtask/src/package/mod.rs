//! `cargo xtask package`: programs, pages and units as packages of the distributions.

mod archive;
mod build;
pub(crate) mod check;
mod manifest;
mod notices;
mod sbom;
mod stage;
mod target;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::shell::{Failure, need, output, program};
pub(crate) use target::Target;

/// The version that all our crates have.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The packages' own revision of a version.
const REVISION: &str = "1";

/// What makes the packages, beside Cargo and the C toolchain, and the packages of Debian that have it.
const TOOLS: &[(&str, &str)] = &[
    ("git", "git"),
    ("gzip", "gzip"),
    ("objcopy", "binutils"),
    ("readelf", "binutils"),
    ("xz", "xz-utils"),
];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    suffix: String,
    target: Target,
    form: Form,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A line a file.
    Lines,
    /// One object.
    Json,
}

/// What one run is made of: for which machine, of which version, and where its files go.
#[derive(Debug)]
struct Plan {
    target: Target,
    /// Behind the revision, so that a package of the same programs counts as newer.
    suffix: String,
    /// Of the last commit, in Unix seconds: the same source gives the same bytes.
    source_date: String,
    /// Where the packages go.
    directory: PathBuf,
    /// Where they are put together.
    work: PathBuf,
}

impl Plan {
    fn new(target: Target, suffix: &str) -> Result<Self, Failure> {
        let directory = ::tests::process::target_directory().join("package");
        let work = directory.join("work").join(target.triple());
        std::fs::create_dir_all(&work).map_err(|error| said(&work, &error))?;
        let source_date = output(program("git").args(["log", "-1", "--format=%ct"]))?;
        Ok(Self {
            target,
            suffix: suffix.to_owned(),
            source_date: source_date.trim().to_owned(),
            directory,
            work,
        })
    }

    /// The same once more, in directories of its own.
    fn again(&self) -> Result<Self, Failure> {
        let directory = self.work.join("again");
        let work = directory.join("work");
        std::fs::create_dir_all(&work).map_err(|error| said(&work, &error))?;
        Ok(Self {
            target: self.target,
            suffix: self.suffix.clone(),
            source_date: self.source_date.clone(),
            directory,
            work,
        })
    }

    /// What comes after the version, in both kinds of package.
    fn revision(&self) -> String {
        format!("{REVISION}{}", self.suffix)
    }
}

/// Does what the command line says: `--version-suffix S`, `--target TRIPLE`, `--json`.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let started = Instant::now();
    let made =
        read(words).and_then(|options| Ok((make(options.target, &options.suffix)?, options)));
    match made {
        Ok((files, options)) => {
            show(&files, options.form, started);
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn read(words: &[&str]) -> Result<Options, Failure> {
    let mut options = Options { suffix: String::new(), target: Target::host()?, form: Form::Lines };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("a value is missing after {word}"));
        match *word {
            "--version-suffix" => options.suffix = checked_suffix(value()?)?,
            "--target" => options.target = Target::new(value()?)?,
            "--json" => options.form = Form::Json,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(options)
}

/// What may stand in the version of a `.deb` and in the release of an `.rpm`.
fn checked_suffix(suffix: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '~');
    if suffix.chars().all(fits) {
        return Ok(suffix.to_owned());
    }
    Err(format!("{suffix}: a suffix of a version has letters, digits, `+`, `.` and `~` alone"))
}

/// Makes all packages of `target`; returns their paths.
///
/// `suffix` goes to the end of the version: the same programs in a package that counts as newer.
pub(crate) fn make(target: Target, suffix: &str) -> Result<Vec<PathBuf>, Failure> {
    for (tool, from) in TOOLS {
        need(tool, from)?;
    }
    let plan = Plan::new(target, suffix)?;
    let programs = build::programs(&plan)?;
    let trees = stage::trees(&plan, &programs)?;
    let mut files = archive::pack(&plan, &trees)?;
    files.extend(sbom::write(&plan)?);
    files.push(archive::sums(&plan, &files)?);
    Ok(files)
}

/// Whether a file that was made is the archive of the programs with this end of its name, and not of
/// their symbols.
pub(crate) fn is_of_programs(path: &Path, end: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(end) && !name.contains("-dbgsym") && !name.contains("-debuginfo")
}

fn show(files: &[PathBuf], form: Form, started: Instant) {
    let sized = files.iter().map(|path| {
        let bytes = std::fs::metadata(path).map_or(0, |found| found.len());
        (path.display().to_string(), bytes)
    });
    match form {
        Form::Json => {
            let files: Vec<_> = sized
                .map(|(path, bytes)| serde_json::json!({ "path": path, "bytes": bytes }))
                .collect();
            println!("{:#}", serde_json::json!({ "version": VERSION, "files": files }));
        }
        Form::Lines => {
            for (path, bytes) in sized {
                println!("{bytes:>10}  {path}");
            }
            println!("in {:.1} s", started.elapsed().as_secs_f32());
        }
    }
}

/// Makes a directory, or makes it empty.
fn emptied(directory: &Path) -> Result<(), Failure> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(|error| said(directory, &error))?;
    }
    std::fs::create_dir_all(directory).map_err(|error| said(directory, &error))
}

/// What the system says about a file, as a sentence.
fn said(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read_or_refused() {
        let host = Target::host().unwrap();
        let read_options = read(&["--version-suffix", "+2", "--json"]).unwrap();
        let expected = Options { suffix: "+2".to_owned(), target: host, form: Form::Json };
        assert_eq!(read_options, expected);
        for (words, reason) in [
            (&["--version-suffix"][..], "a value is missing after --version-suffix"),
            (&["--version-suffix", "-2"], "a suffix of a version"),
            (&["--target", "riscv64gc-unknown-linux-gnu"], "no packages are made for"),
            (&["deb"], "unknown option deb"),
        ] {
            let why = read(words).unwrap_err();
            assert!(why.contains(reason), "{why}");
        }
    }
}
