//! What is packaged is what the documents say.

use crate::source::root;

/// The settings that a document of ours shows, without what it says about them.
fn documented(part: usize) -> Vec<String> {
    let document = read("docs/settings.md");
    let example = document.split("```toml\n").nth(part).unwrap();
    let (example, _rest) = example.split_once("```").unwrap();
    example.lines().map(without_comment).filter(|line| !line.is_empty()).collect()
}

/// The settings of a file in which the defaults are commented out: `#key = value`.
fn packaged(path: &str) -> Vec<String> {
    let text = read(path);
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    lines
        .map(|line| without_comment(line.strip_prefix('#').unwrap_or(line)))
        .filter(|line| !line.is_empty())
        .collect()
}

fn without_comment(line: &str) -> String {
    line.split('#').next().unwrap().trim().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_packaged_settings_are_the_documented_defaults() {
    assert_eq!(packaged("packaging/etc/gatewayd.toml"), documented(1));
    let mut of_signerd = documented(2);
    // Those of the witness have no default, and stand in a sentence.
    of_signerd.extend(
        [
            "witness = \"/a/whole/path\"",
            "witness_tpm = \"/dev/tpmrm0\"",
            "witness_tpm_index = 0x01825741",
        ]
        .map(str::to_owned),
    );
    assert_eq!(packaged("packaging/etc/signerd.toml"), of_signerd);
}

#[test]
fn the_packaged_settings_set_nothing() {
    for path in ["packaging/etc/gatewayd.toml", "packaging/etc/signerd.toml"] {
        for line in read(path).lines() {
            assert!(line.is_empty() || line.starts_with(['#', '[']), "{path}: {line}");
        }
    }
}

/// What a daemon's `--help` and its settings say, and the man page that has to say it too.
#[test]
fn every_option_and_key_is_in_a_man_page() {
    for (usage, page) in [
        ("gatewayd/src/config/arguments.rs", "packaging/man/gatewayd.8"),
        ("signerd/src/config.rs", "packaging/man/signerd.8"),
    ] {
        let (usage, page) = (read(usage), read(page));
        let usage = usage.split("USAGE: &str = ").nth(1).unwrap().split("\";").next().unwrap();
        let options = usage.lines().filter_map(|line| line.strip_prefix("  --"));
        for option in options.map(|line| line.split(' ').next().unwrap()) {
            assert!(page.contains(&format!(".It Fl -{option}")), "--{option} has no line");
        }
    }
    for (part, page) in [(1, "packaging/man/gatewayd.toml.5"), (2, "packaging/man/signerd.toml.5")]
    {
        let page = read(page);
        for line in documented(part) {
            let (start, line) =
                if line.starts_with('[') { (".Ss ", line) } else { (".It Cm ", line) };
            let line = line.replace(" = \"", " = Qq ");
            let line = format!("{start}{}\n", line.trim_end_matches('"').trim_end());
            assert!(page.contains(&line), "{line:?} is in no man page");
        }
    }
}
