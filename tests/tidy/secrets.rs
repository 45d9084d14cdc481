//! Types that hold secrets can be neither printed, copied nor written out.

use crate::{Source, assert_none};

/// A type whose name ends so holds secret bytes.
const SECRET_ENDINGS: &[&str] = &[
    "Keypair",
    "MasterKey",
    "Passphrase",
    "Password",
    "PrivateKey",
    "Secret",
    "SecretRegion",
    "Seed",
];
/// What it must not derive.
const FORBIDDEN: &[&str] = &["Clone", "Copy", "Debug", "Deserialize", "Hash", "Serialize"];
/// Where a secret has a form in JSON: it is what the body of a request carries.
const BODIES: &[&str] = &["crates/api/src/"];

/// Types that may all the same, and why.
const EXCEPTIONS: &[(&str, &str)] =
    &[("ChangeMasterPassword", "a body of HTTP is read and written; it has no Debug")];

fn findings(source: &Source) -> Vec<String> {
    let mut derived = Vec::new();
    let mut found = Vec::new();
    for (number, line) in source.code() {
        let line = line.trim();
        if let Some(names) = line.strip_prefix("#[derive(") {
            derived = names.trim_end_matches(")]").split(',').map(str::trim).collect();
        } else if let Some(name) = declared_type(line) {
            let excepted = EXCEPTIONS.iter().any(|(excepted, _why)| *excepted == name);
            let secret = !excepted && SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending));
            let carried = |name: &str| source.is_in(BODIES) && name.ends_with("serialize");
            let wrong =
                |name: &&str| secret && FORBIDDEN.contains(name) && !carried(&name.to_lowercase());
            for wrong in derived.drain(..).filter(wrong) {
                found.push(format!("{}:{number}: {name} derives {wrong}", source.path));
            }
        } else if !line.starts_with("#[") && !line.is_empty() {
            derived.clear();
        }
    }
    found
}

/// The name, if the line declares a structure or an enumeration.
fn declared_type(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if !matches!(words.next()?, "struct" | "enum") {
        return None;
    }
    words.next()?.split(|c: char| !c.is_alphanumeric()).next()
}

#[test]
fn no_secret_type_derives_what_would_show_it() {
    let all: Vec<_> = Source::all_rust().iter().flat_map(findings).collect();
    assert_none(&all);
}

#[test]
fn the_rule_fires() {
    let broken = "#[derive(Clone, Debug)]\n#[must_use]\npub(crate) struct MasterKey([u8; 32]);\n";
    assert_eq!(findings(&Source::new("a.rs", broken)).len(), 2);
    let body = "#[derive(Debug, Serialize, Deserialize)]\nstruct NewPassword(String);\n";
    assert_eq!(findings(&Source::new("crates/api/src/a.rs", body)).len(), 1);
    assert_eq!(findings(&Source::new("gatewayd/src/a.rs", body)).len(), 3);
    let fine = "#[derive(Debug)]\nstruct SecretMemory;\n\nstruct Secret(Vec<u8>);\n";
    assert_eq!(findings(&Source::new("a.rs", fine)).len(), 0);
}
