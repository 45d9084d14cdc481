//! What of others is linked into the programs, and the texts of its licences, as they ask to be passed on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Plan, said, sbom};
use crate::shell::{Failure, cargo, output};

/// How the names of files begin that hold licences or what has to be told with them, in lower case.
const NAMES: &[&str] =
    &["authors", "copying", "copyright", "licence", "license", "notice", "unlicense"];

/// The longest such file, in bytes.
const MAX_TEXT: u64 = 256 * 1024;

/// How the list begins.
const HEAD: &str = "\
Crates of other authors that are linked into the programs, with their licences,
and the numbers of the texts below that came with each. Where a crate came
without a text, its licence's text is found with others.

Rust's standard library, of the Rust Project's contributors, is linked into all
programs, and is under MIT or Apache-2.0.

The GNU C Library, of the Free Software Foundation and others, is linked
statically into signerd, and is under the LGPL 2.1 or later. The text is
/usr/share/common-licenses/LGPL-2.1 on Debian, and elsewhere
/usr/share/licenses/waiaas/LICENSE-LGPL-2.1. Whoever wants signerd with another
version of the library builds it anew: its source and the lock file Cargo.lock
are public, and `cargo xtask package` links it with the library that is there.
";

/// The texts, each once, in the order in which the crates name them.
#[derive(Default)]
struct Texts {
    numbers: BTreeMap<String, usize>,
    in_order: Vec<String>,
}

impl Texts {
    /// The number of a text, which is added if it is new.
    fn number(&mut self, text: String) -> usize {
        let next = self.in_order.len() + 1;
        let number = *self.numbers.entry(text.clone()).or_insert(next);
        if number == next {
            self.in_order.push(text);
        }
        number
    }
}

/// The whole document: the same for the same lock file.
pub(super) fn text(plan: &Plan) -> Result<String, Failure> {
    let mut linked = BTreeSet::new();
    for (_program, built_from) in sbom::PROGRAMS {
        linked.extend(sbom::linked(plan.target, built_from)?);
    }
    let places = places()?;
    let mut texts = Texts::default();
    let mut list = String::from(HEAD);
    list.push('\n');
    for part in &linked {
        let Some(place) = places.get(&(part.name.clone(), part.version.clone())) else { continue };
        let mut numbers = BTreeSet::new();
        for file in licence_files(place)? {
            numbers.insert(texts.number(read(&file)?));
        }
        let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
        let numbers = if numbers.is_empty() { "no text".to_owned() } else { numbers.join(", ") };
        writeln!(list, "{} {}: {} ({numbers})", part.name, part.version, part.licence)
            .expect("a string takes everything");
    }
    for (place, text) in texts.in_order.iter().enumerate() {
        let number = place + 1;
        write!(list, "\n{0} {number} {0}\n\n{text}", "=".repeat(20))
            .expect("a string takes everything");
    }
    Ok(list)
}

/// Where the source of each crate of the registry is, by name and version.
fn places() -> Result<BTreeMap<(String, String), PathBuf>, Failure> {
    let metadata = output(&mut cargo("metadata --format-version 1 --locked"))?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata: no packages")?;
    let place = |package: &Value| {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let directory = Path::new(package["manifest_path"].as_str()?).parent()?.to_owned();
        Some(((text("name")?, text("version")?), directory))
    };
    let others = packages.iter().filter(|package| !package["source"].is_null());
    Ok(others.filter_map(place).collect())
}

/// The files of a crate's own directory that hold licences, in order of their names.
fn licence_files(place: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(place).map_err(|error| said(place, &error))? {
        let entry = entry.map_err(|error| said(place, &error))?;
        let about = entry.metadata().map_err(|error| said(place, &error))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let is_one = NAMES.iter().any(|begin| name.starts_with(begin));
        if is_one && about.is_file() && about.len() <= MAX_TEXT {
            found.insert(entry.path());
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| said(path, &error))?;
    Ok(tidied(&String::from_utf8_lossy(&bytes)))
}

/// Without what tells two copies of the same text apart: ends of lines, and space around it all.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut tidied = lines.join("\n").trim_matches(['\n', '\u{feff}', '\u{c}']).to_owned();
    tidied.push('\n');
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::Target;

    #[test]
    fn a_text_stands_there_once_however_its_lines_end() {
        let mut texts = Texts::default();
        let numbers =
            ["one\r\ntwo  \r\n", "three", "\none\ntwo"].map(|it| texts.number(tidied(it)));
        assert_eq!(numbers, [1, 2, 1]);
        assert_eq!(texts.in_order, ["one\ntwo\n", "three\n"]);
    }

    #[test]
    fn every_crate_that_is_linked_is_named_and_nearly_all_bring_a_text() {
        let plan = Plan::new(Target::host().unwrap(), "").unwrap();
        let text = text(&plan).unwrap();
        let (list, _texts) = text.split_once("=====").unwrap();
        let crates: Vec<&str> = list.lines().filter(|line| line.ends_with(')')).collect();
        assert!(crates.iter().any(|line| line.starts_with("k256 ")), "{list}");
        assert!(list.contains("LGPL 2.1") && list.contains("standard library"), "{list}");
        let bare = crates.iter().filter(|line| line.ends_with("(no text)")).count();
        assert!(bare * 10 < crates.len(), "{list}");
    }
}
