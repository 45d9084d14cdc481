//! What every file must have, and that every file is used.

use std::collections::BTreeSet;

use crate::{Source, assert_none};

/// Lines of code before a file's tests.
const MAX_LINES: usize = 400;

/// Files that may be longer: how long, and why.
const LONGER: &[(&str, usize, &str)] = &[];

/// Directories of which every file stands in a list that people read: one kind of thing a file, one
/// line in the list.
const REGISTERED: &[(&str, &str)] = &[
    ("crates/txcodec/src/evm/deeds", "crates/txcodec/src/evm/deeds/mod.rs"),
    (
        "crates/txcodec/src/message/typed_data/known",
        "crates/txcodec/src/message/typed_data/known/mod.rs",
    ),
    ("gatewayd/src/policy/rules", "gatewayd/src/policy/rules/mod.rs"),
];

/// Words that are a promise to do something later.
const PROMISES: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Where the table above stands.
const THIS: &str = "tests/tidy/files.rs";

fn opening(source: &Source) -> Option<String> {
    let first = source.text.lines().next().unwrap_or_default();
    (!first.starts_with("//! "))
        .then(|| format!("{}: the first line does not say what it is", source.path))
}

fn length(source: &Source) -> Option<String> {
    let lines = source.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    let named = LONGER.iter().find(|(path, ..)| *path == source.path);
    let limit = named.map_or(MAX_LINES, |(_, limit, _)| *limit);
    (lines > limit).then(|| format!("{}: {lines} lines, where {limit} are the limit", source.path))
}

fn promises(source: &Source) -> Vec<String> {
    let promise = |line: &str| PROMISES.iter().find(|word| line.contains(**word)).copied();
    (1..)
        .zip(source.text.lines())
        .filter_map(|(number, line): (usize, _)| Some((number, promise(line)?)))
        .map(|(number, word)| format!("{}:{number}: {word}", source.path))
        .collect()
}

/// Rust files that no `mod` line names: they are not even compiled.
fn orphans(sources: &[Source]) -> Vec<String> {
    let declared: BTreeSet<String> = sources.iter().flat_map(declared_modules).collect();
    let module = |source: &Source| match source.stem() {
        "mod" => source.directory().to_owned(),
        stem => format!("{}/{stem}", source.directory()),
    };
    sources
        .iter()
        .filter(|source| !is_root(source) && !declared.contains(&module(source)))
        .map(|source| format!("{}: no `mod` names it", source.path))
        .collect()
}

/// Whether Cargo compiles it by itself: its modules are beside it.
fn is_root(source: &Source) -> bool {
    matches!(source.stem(), "lib" | "main" | "build")
        || ["/benches", "/bin", "/examples", "/fuzz_targets", "/tests"]
            .iter()
            .any(|end| source.directory().ends_with(end))
}

/// The modules that a file declares, as paths without extension.
fn declared_modules(source: &Source) -> Vec<String> {
    let directory = match source.stem() {
        stem if stem != "mod" && !is_root(source) => format!("{}/{stem}", source.directory()),
        _ => source.directory().to_owned(),
    };
    let name = |line: &str| Some(line.split_once("mod ")?.1.strip_suffix(';')?.to_owned());
    let names = source.code().filter_map(|(_, line)| name(line.trim_end()));
    names.map(|name| format!("{directory}/{name}")).collect()
}

fn unregistered(sources: &[Source], directory: &str, list: &str) -> Vec<String> {
    let Some(list) = sources.iter().find(|source| source.path == list) else { return Vec::new() };
    let named = |stem: &str| list.code().any(|(_, line)| line.contains(&format!("{stem}::")));
    sources
        .iter()
        .filter(|source| source.directory() == directory && source.path != list.path)
        .filter(|source| source.stem() != "tests")
        .filter(|source| !named(source.stem()))
        .map(|source| format!("{}: not in the list of {}", source.path, list.path))
        .collect()
}

#[test]
fn every_file_says_in_its_first_line_what_it_is() {
    let all: Vec<_> = Source::all_rust().iter().filter_map(opening).collect();
    assert_none(&all);
    assert!(opening(&Source::new("a.rs", "use std::fs;\n")).is_some());
}

#[test]
fn no_file_is_longer_than_can_be_read() {
    let all: Vec<_> = Source::all_rust().iter().filter_map(length).collect();
    assert_none(&all);
    assert!(length(&Source::new("a.rs", &"fn a() {}\n".repeat(MAX_LINES + 1))).is_some());
    let mut tested = "fn a() {}\n".repeat(MAX_LINES);
    tested.push_str("#[cfg(test)]\nmod tests {}\n");
    assert!(length(&Source::new("a.rs", &tested)).is_none());
}

#[test]
fn nothing_is_promised_for_later() {
    let all = Source::all();
    let ours = all.iter().filter(|source| source.path != THIS && !source.has_extension("lock"));
    assert_none(
        &ours
            .filter(|source| !source.is_in(&["tests/vectors/"]))
            .flat_map(promises)
            .collect::<Vec<_>>(),
    );
    assert_eq!(promises(&Source::new("a.rs", "// TODO: all of it")).len(), 1);
}

#[test]
fn every_file_is_compiled() {
    assert_none(&orphans(&Source::all_rust()));
    let files =
        [Source::new("a/src/lib.rs", "mod b;"), Source::new("a/src/b.rs", "pub(crate) mod c;")];
    assert!(orphans(&files).is_empty());
    let [root, b] = files;
    let files = [root, b, Source::new("a/src/b/c.rs", ""), Source::new("a/src/c.rs", "")];
    assert_eq!(orphans(&files), ["a/src/c.rs: no `mod` names it"]);
    let examples =
        [Source::new("a/examples/d.rs", "mod e;"), Source::new("a/examples/e/mod.rs", "")];
    assert!(orphans(&examples).is_empty());
    assert_eq!(orphans(&examples[1..]), ["a/examples/e/mod.rs: no `mod` names it"]);
}

#[test]
fn every_file_of_a_kind_is_in_the_list_of_its_kind() {
    let sources = Source::all_rust();
    let all =
        REGISTERED.iter().flat_map(|(directory, list)| unregistered(&sources, directory, list));
    assert_none(&all.collect::<Vec<_>>());
    let files = [
        Source::new("rules/mod.rs", "static ALL: &[Kind] = &[a::KIND];"),
        Source::new("rules/a.rs", ""),
        Source::new("rules/b.rs", ""),
    ];
    let findings = unregistered(&files, "rules", "rules/mod.rs");
    assert_eq!(findings, ["rules/b.rs: not in the list of rules/mod.rs"]);
}

#[test]
fn a_file_that_may_be_longer_exists_and_is_longer() {
    let sources = Source::all_rust();
    for (path, _limit, why) in LONGER {
        let source = sources.iter().find(|source| source.path == *path).unwrap();
        assert!(source.text.lines().count() > MAX_LINES, "{path} needs no exception: {why}");
    }
}
