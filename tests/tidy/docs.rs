//! Documents: their links lead somewhere, and none of them is forgotten.

use std::collections::BTreeSet;

use crate::source::root;
use crate::{Source, assert_none};

/// The document's links and the lines that they stand in.
fn links(document: &Source) -> Vec<(usize, &str)> {
    (1..)
        .zip(document.text.lines())
        .flat_map(|(number, line)| {
            line.split("](").skip(1).filter_map(move |rest| Some((number, rest.split_once(')')?.0)))
        })
        .collect()
}

/// Where a relative link leads, from the root of the repository, and its anchor.
fn target(document: &Source, link: &str) -> Option<(String, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    if path.is_empty() {
        return Some((document.path.clone(), anchor));
    }
    let mut parts: Vec<&str> =
        document.directory().split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    Some((parts.join("/"), anchor))
}

/// The anchors that a forge makes of a document's headings.
fn anchors(document: &Source) -> BTreeSet<String> {
    let slug = |heading: &str| {
        let kept =
            heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let headings = document.text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| slug(line.trim_start_matches('#'))).collect()
}

fn broken_links(documents: &[Source], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents {
        for (number, link) in links(document) {
            let Some((path, anchor)) = target(document, link) else { continue };
            let other = documents.iter().find(|other| other.path == path);
            let anchored = match (&anchor, other) {
                (Some(anchor), Some(other)) => anchors(other).contains(anchor),
                (Some(_) | None, _) => true,
            };
            if !(exists(&path) && anchored) {
                found.push(format!("{}:{number}: {link} leads nowhere", document.path));
            }
        }
    }
    found
}

fn unreferenced(documents: &[Source]) -> Vec<String> {
    let linked: BTreeSet<String> = documents
        .iter()
        .flat_map(|document| links(document).into_iter().map(move |(_, link)| (document, link)))
        .filter_map(|(document, link)| target(document, link))
        .map(|(path, _anchor)| path)
        .collect();
    documents
        .iter()
        .filter(|document| document.is_in(&["docs/"]) && !linked.contains(&document.path))
        .map(|document| format!("{}: no document links to it", document.path))
        .collect()
}

fn documents() -> Vec<Source> {
    Source::all().into_iter().filter(|source| source.has_extension("md")).collect()
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(&broken_links(&documents(), |path| root().join(path).exists()));
    let documents = [
        Source::new("README.md", "[a](docs/a.md) [b](docs/a.md#the-end) [c](https://x.org/y)"),
        Source::new("docs/a.md", "# The beginning\n\n[up](../README.md) [gone](b.md)"),
    ];
    let found = broken_links(&documents, |path| path != "docs/b.md");
    let expected =
        ["README.md:1: docs/a.md#the-end leads nowhere", "docs/a.md:3: b.md leads nowhere"];
    assert_eq!(found, expected);
}

#[test]
fn every_document_is_linked_from_another() {
    assert_none(&unreferenced(&documents()));
    let documents = [
        Source::new("README.md", "[a](docs/a.md)"),
        Source::new("docs/a.md", ""),
        Source::new("docs/b.md", ""),
    ];
    assert_eq!(unreferenced(&documents), ["docs/b.md: no document links to it"]);
}
