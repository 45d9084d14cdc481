//! The files of the repository.

use std::fs;
use std::path::Path;

/// Never ours: what tools make.
const SKIPPED: &[&str] = &[".git", "artifacts", "corpus", "node_modules", "target"];

/// A text file.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The repository's text files, in order of their paths.
    pub(crate) fn all() -> Vec<Self> {
        let mut found = Vec::new();
        collect(root(), "", &mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// The Rust files among them.
    pub(crate) fn all_rust() -> Vec<Self> {
        Self::all().into_iter().filter(|source| source.has_extension("rs")).collect()
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Its name without directory and extension.
    pub(crate) fn stem(&self) -> &str {
        Path::new(&self.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// Its directory, without a `/` at the end; empty for the root.
    pub(crate) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _name)| directory)
    }

    /// Whether it is one of `places`: a file, or a directory, which ends in `/`.
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || is_below(&self.path, place))
    }

    /// Numbered lines without comments.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines().map(without_comment))
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn is_below(path: &str, place: &str) -> bool {
    place.ends_with('/') && path.starts_with(place)
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), found);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(Source { path, text });
        }
    }
}

/// A line up to its `//`. The two slashes of an address in a string are not taken for a comment.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices("//")
        .find(|(place, _)| !line[..*place].ends_with(':'))
        .map_or(line.len(), |(place, _)| place);
    &line[..comment]
}

#[test]
fn comments_are_no_code() {
    assert_eq!(without_comment("let a = 1; // one"), "let a = 1; ");
    assert_eq!(without_comment("//! a module"), "");
    assert_eq!(without_comment(r#"get("http://x") // y"#), r#"get("http://x") "#);
}
