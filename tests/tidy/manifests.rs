//! Which crate may depend on which, and where dependencies come from.

use std::collections::BTreeMap;

use crate::{Source, assert_none};

/// Dependencies between our own crates: the arrows of `docs/ARCHITECTURE.md`.
const INWARDS: &[(&str, &[&str])] = &[
    ("crates/archive", &[]),
    ("crates/primitives", &[]),
    ("crates/protocol", &["primitives"]),
    ("crates/sandbox", &[]),
    ("crates/txcodec", &["primitives"]),
    ("crates/api", &["primitives", "txcodec"]),
    ("signerd", &["primitives", "protocol", "sandbox", "txcodec"]),
    ("gatewayd", &["api", "primitives", "protocol", "sandbox", "txcodec"]),
    ("waiaasctl", &["api", "archive", "primitives", "protocol", "txcodec"]),
    ("tests", &["api", "primitives", "protocol", "txcodec"]),
    ("tests/prober", &["gatewayd", "sandbox", "signerd"]), // the daemons' own tables
    ("tests/sim", &["gatewayd", "primitives", "protocol", "sandbox", "signerd", "txcodec"]), // all of it
    ("tests/fuzz", &["api", "archive", "gatewayd", "primitives", "protocol", "signerd", "txcodec"]),
    ("xtask", &["primitives", "protocol", "tests", "txcodec"]),
];

/// Dependencies that are one crate's alone, beside the tests.
const OWNED: &[(&str, &[&str])] = &[
    ("aes-gcm", &["crates/archive", "signerd", "tests"]),
    ("axum", &["gatewayd"]),
    ("hyper-rustls", &["gatewayd"]),
    ("hyperlocal", &["tests", "waiaasctl"]),
    ("jsonwebtoken", &["gatewayd"]),
    ("landlock", &["crates/sandbox"]),
    ("memsec", &["signerd"]),
    ("seccompiler", &["crates/sandbox", "tests/prober"]),
    ("rusqlite", &["gatewayd", "tests"]),
    ("tokio", &["gatewayd", "tests", "tests/sim", "waiaasctl"]),
];

/// The dependencies of a manifest by section, such as `dependencies`.
fn dependencies(manifest: &Source) -> BTreeMap<String, Vec<String>> {
    let mut section = String::new();
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for line in manifest.text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            header.trim_end_matches(']').clone_into(&mut section);
        } else if section.ends_with("dependencies") && !line.starts_with(['#', ' ', '}', ']']) {
            let name = line.split(['=', '.']).next().unwrap_or_default().trim();
            if !name.is_empty() {
                found.entry(section.clone()).or_default().push(name.to_owned());
            }
        }
    }
    found
}

fn arrows(manifest: &Source) -> Vec<String> {
    let ours = |name: &str| INWARDS.iter().any(|(path, _)| path.rsplit('/').next() == Some(name));
    let row = INWARDS.iter().find(|(path, _)| *path == manifest.directory());
    let Some((crate_path, allowed)) = row else {
        return vec![format!("{}: no row in the table of arrows", manifest.path)];
    };
    let named = dependencies(manifest).remove("dependencies").unwrap_or_default();
    named
        .iter()
        .filter(|name| ours(name) && !allowed.contains(&name.as_str()))
        .map(|name| format!("{crate_path} must not depend on {name}"))
        .collect()
}

fn ownership(manifest: &Source) -> Vec<String> {
    let named = dependencies(manifest).into_values().flatten();
    let owners =
        |name: &str| OWNED.iter().find(|(owned, _)| *owned == name).map(|(_, owners)| *owners);
    named
        .filter(|name| owners(name).is_some_and(|owners| !owners.contains(&manifest.directory())))
        .map(|name| format!("{} must not depend on {name}", manifest.directory()))
        .collect()
}

fn manifests() -> Vec<Source> {
    let is_manifest = |source: &Source| source.path.ends_with("/Cargo.toml");
    Source::all().into_iter().filter(is_manifest).collect()
}

#[test]
fn dependencies_between_our_crates_point_inwards() {
    assert_none(&manifests().iter().flat_map(arrows).collect::<Vec<_>>());
    let broken = "[dependencies]\nsignerd = { workspace = true }\n";
    assert_eq!(arrows(&Source::new("gatewayd/Cargo.toml", broken)).len(), 1);
    assert_eq!(arrows(&Source::new("crates/new/Cargo.toml", "")).len(), 1);
}

#[test]
fn what_belongs_to_one_crate_is_linked_by_no_other() {
    assert_none(&manifests().iter().flat_map(ownership).collect::<Vec<_>>());
    let broken = "[dev-dependencies]\ntokio = { workspace = true }\n";
    assert_eq!(ownership(&Source::new("signerd/Cargo.toml", broken)).len(), 1);
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_workspace() {
    let broken = |source: &Source| {
        ["version.workspace = true", "license.workspace = true", "[lints]\nworkspace = true"]
            .iter()
            .filter(|line| !source.text.contains(**line))
            .map(|line| format!("{}: lacks `{}`", source.path, line.replace('\n', " ")))
            .collect::<Vec<_>>()
    };
    let ours = manifests().into_iter().filter(|source| !source.is_in(&["tests/fuzz/"]));
    assert_none(&ours.collect::<Vec<_>>().iter().flat_map(broken).collect::<Vec<_>>());
    assert_eq!(broken(&Source::new("a/Cargo.toml", "[package]\n")).len(), 3);
}

#[test]
fn lock_files_name_no_source_but_the_public_registry() {
    for source in Source::all() {
        let lines = source.text.lines().map(str::trim);
        if source.path.ends_with("Cargo.lock") {
            let other = |line: &&str| {
                line.starts_with("source = ")
                    && !line.contains("\"registry+https://github.com/rust-lang/crates.io-index\"")
            };
            assert_eq!(lines.clone().find(other), None, "{}", source.path);
        }
        if source.path.ends_with("package-lock.json") {
            assert_eq!(
                lines.clone().find(|line| line.starts_with("\"resolved\"")),
                None,
                "{}",
                source.path
            );
        }
    }
}
