//! Bills of materials: what is linked into each program, as `CycloneDX` 1.5
//! (<https://cyclonedx.org/docs/1.5/json/>).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::target::Target;
use super::{Plan, VERSION, said};
use crate::shell::{Failure, cargo, output, program, root};

/// A program, and the crate that it is built from.
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("gatewayd", "gatewayd"),
    ("signerd", "signerd"),
    ("waiaas", "waiaasctl"),
    ("waiaasctl", "waiaasctl"),
];

/// A crate as it is linked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: String,
}

/// Writes one bill a program; returns their paths.
pub(super) fn write(plan: &Plan) -> Result<Vec<PathBuf>, Failure> {
    let sums = checksums()?;
    let system = system_parts(plan)?;
    let mut paths = Vec::new();
    for (program, built_from) in PROGRAMS {
        let linked = linked(plan.target, built_from)?;
        let mut parts: Vec<Value> = linked.iter().map(|part| component(part, &sums)).collect();
        parts
            .extend(system.iter().filter(|(of, _)| of.contains(program)).map(|(_, it)| it.clone()));
        let bill = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": { "component": {
                "type": "application", "bom-ref": *program, "name": *program, "version": VERSION,
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            } },
            "components": parts,
        });
        let file = format!("{program}-{VERSION}-linux-{}.cdx.json", plan.target.machine());
        let path = plan.directory.join(file);
        std::fs::write(&path, format!("{bill:#}\n")).map_err(|error| said(&path, &error))?;
        paths.push(path);
    }
    Ok(paths)
}

/// The crates that are linked into what is built from `package`: neither what only builds it, nor
/// macros.
pub(super) fn linked(target: Target, package: &str) -> Result<BTreeSet<Crate>, Failure> {
    let mut tree = cargo("tree --edges normal,no-proc-macro --prefix none --no-dedupe --locked");
    tree.args(["--format", "{p}|{l}", "--package", package, "--target", target.triple()]);
    Ok(output(&mut tree)?.lines().filter_map(Crate::read).collect())
}

impl Crate {
    /// Reads a line such as `zeroize v1.9.2|Apache-2.0 OR MIT`.
    fn read(line: &str) -> Option<Self> {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.trim_end_matches(" (*)").replace('/', " OR "), // as Cargo once did
        })
    }
}

/// The SHA-256 of each crate that came from the registry, by name and version.
pub(super) fn checksums() -> Result<BTreeMap<(String, String), String>, Failure> {
    let path = root().join("Cargo.lock");
    let text = std::fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
    let lock: toml::Table = text.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let packages = packages.ok_or("Cargo.lock: no packages")?;
    let text = |package: &toml::Value, key| Some(package.get(key)?.as_str()?.to_owned());
    let known = packages.iter().filter_map(|package| {
        let sum = text(package, "checksum")?;
        Some(((text(package, "name")?, text(package, "version")?), sum))
    });
    Ok(known.collect())
}

fn component(part: &Crate, sums: &BTreeMap<(String, String), String>) -> Value {
    let Crate { name, version, licence } = part;
    let purl = format!("pkg:cargo/{name}@{version}");
    let mut component = json!({
        "type": "library", "bom-ref": purl, "name": name, "version": version,
        "licenses": [{ "expression": licence }],
    });
    // Our own crates are in no registry.
    if let Some(sum) = sums.get(&(name.clone(), version.clone())) {
        component["purl"] = json!(purl);
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

/// What is linked and is no crate, with the programs that it is in: Rust's own library, and the
/// system's where it is linked statically.
fn system_parts(plan: &Plan) -> Result<Vec<(&'static [&'static str], Value)>, Failure> {
    let rust = output(program("rustc").arg("--version"))?;
    let rust = rust.split(' ').nth(1).unwrap_or_default();
    let mut glibc = json!({ "type": "library", "bom-ref": "glibc", "name": "glibc" });
    if plan.target == Target::host()? {
        let version = output(program("getconf").arg("GNU_LIBC_VERSION"))?;
        glibc["version"] = json!(version.trim().trim_start_matches("glibc "));
    }
    let rust =
        json!({ "type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": rust });
    Ok(vec![(&["gatewayd", "signerd", "waiaas", "waiaasctl"], rust), (&["signerd"], glibc)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_read_from_cargos_tree() {
        let read = |line| Crate::read(line).map(|it| (it.name, it.version, it.licence));
        let row = |name: &str, version: &str, licence: &str| {
            Some((name.to_owned(), version.to_owned(), licence.to_owned()))
        };
        for (line, expected) in [
            ("zeroize v1.9.2|Apache-2.0 OR MIT", row("zeroize", "1.9.2", "Apache-2.0 OR MIT")),
            ("a v1.0.0+b|MIT/Apache-2.0 (*)", row("a", "1.0.0+b", "MIT OR Apache-2.0")),
            ("api v0.1.0 (/somewhere)|MIT", row("api", "0.1.0", "MIT")),
            ("", None),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_crate_of_the_registry_has_its_sum_and_ours_has_none() {
        let sums = checksums().unwrap();
        let linked = linked(Target::host().unwrap(), "signerd").unwrap();
        for part in &linked {
            let ours = matches!(
                part.name.as_str(),
                "primitives" | "protocol" | "sandbox" | "signerd" | "txcodec"
            );
            assert_eq!(component(part, &sums).get("hashes").is_none(), ours, "{}", part.name);
        }
        assert!(linked.iter().any(|part| part.name == "k256"));
        assert!(!linked.iter().any(|part| part.name == "serde_derive"), "a macro is not linked");
    }
}
