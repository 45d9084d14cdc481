//! Every command line in the documents is one that the programs understand.

use std::fs;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::{Operator, User};

/// What stands for an address in the documents.
const OWNER: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";

/// A command line, and how much of it has to be there.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// To be typed as it is.
    Whole(String),
    /// Named in a sentence, perhaps without what belongs behind it.
    Named(String),
}

/// The command lines of a document: lines of its blocks, and code in its sentences.
fn found(document: &str) -> Vec<Found> {
    let (mut found, mut is_block, mut prose) = (Vec::new(), false, String::new());
    let document = document.replace("\\\n", " ");
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if is_block || line.starts_with("    ") {
            let line = line.split(" #").next().unwrap_or_default();
            let line = line.trim().trim_start_matches("sudo ");
            let line = line.split([';', '|', '>']).next().unwrap_or_default();
            found.extend(is_command(line).then(|| Found::Whole(line.to_owned())));
        } else {
            prose.push_str(line.trim());
            prose.push(' ');
        }
    }
    let code = prose.split('`').skip(1).step_by(2).map(|code| code.trim_start_matches("sudo "));
    found.extend(code.filter(|code| is_command(code)).map(|code| Found::Named(code.to_owned())));
    found
}

fn is_command(line: &str) -> bool {
    ["waiaasctl ", "waiaas "].iter().any(|program| line.starts_with(program))
}

/// The words of a line as a shell has them; what may be left out is there, and of several the first.
fn words(line: &str) -> Vec<String> {
    let line = line.replace(['[', ']'], "").replace("\"$OWNER\"", OWNER).replace("ADDRESS", OWNER);
    let (mut words, mut quote) = (vec![String::new()], None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, ' ') => words.push(String::new()),
            (_, character) => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| word.split('|').next().unwrap_or_default().to_owned()).collect()
}

fn parse(line: &str) -> Result<(), clap::Error> {
    let words = words(line);
    if words[0] == "waiaas" {
        User::try_parse_from(words).map(drop)
    } else {
        Operator::try_parse_from(words).map(drop)
    }
}

fn is_understood(found: &Found) -> Result<(), clap::Error> {
    match found {
        Found::Whole(line) => parse(line),
        Found::Named(line) => match parse(line) {
            Err(error) if is_incomplete(&error) => Ok(()),
            other => other,
        },
    }
}

fn is_incomplete(error: &clap::Error) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    ) || (kind == ErrorKind::InvalidValue && error.to_string().contains("a value is required"))
}

#[test]
fn every_command_line_of_the_documents_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let documents = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let markdown = documents.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let mut count = 0;
    for path in markdown.chain(["README.md", "SECURITY.md"].map(|name| root.join(name))) {
        for found in found(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            if let Err(error) = is_understood(&found) {
                panic!("{}: {found:?}: {error}", path.display());
            }
        }
    }
    assert!(count > 80, "{count} command lines");
}

/// The lines below a command that show how it is typed.
fn examples(command: &clap::Command) -> Vec<String> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let own =
        after.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| is_command(line));
    let own: Vec<String> =
        own.map(|line| line.split([',', '>']).next().unwrap().to_owned()).collect();
    command.get_subcommands().flat_map(examples).chain(own).collect()
}

#[test]
fn every_example_of_the_help_is_understood() {
    let lines =
        [Operator::command(), User::command()].iter().flat_map(examples).collect::<Vec<_>>();
    assert!(lines.len() > 35, "{}", lines.len());
    for line in lines {
        assert!(parse(&line).is_ok(), "{line}: {:?}", parse(&line));
    }
}

#[test]
fn what_is_not_understood_is_noticed() {
    let document = "Run `waiaasctl audit verify --file` and `waiaasctl audits`:\n\n    \
                    sudo waiaasctl unlock --force   # now\n\n```sh\nwaiaas init --restore\n```\n";
    let all = found(document);
    assert_eq!(all.len(), 4, "{all:?}");
    let understood: Vec<bool> = all.iter().map(|found| is_understood(found).is_ok()).collect();
    assert_eq!(understood, [false, false, true, false], "{all:?}");
    assert!(
        is_understood(&Found::Named("waiaasctl unattended enable [--with-key tpm2|host]".into()))
            .is_ok()
    );
}
