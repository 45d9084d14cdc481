//! What a command shows: one JSON document for programs, or lines and tables for people.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::table::{Style, Table};

/// What a command shows.
#[derive(Clone, Debug, Default)]
pub struct View {
    json: Value,
    blocks: Vec<Block>,
    exit: Option<Exit>,
}

/// One piece of what people read.
#[derive(Clone, Debug)]
enum Block {
    Line(String),
    Fields(Vec<(&'static str, String)>),
    Table(Table),
    Verbatim(String),
    Exact(String),
}

/// How to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As JSON.
    Json,
    /// For people.
    Text,
}

impl Format {
    /// What the option `--json` means.
    pub const fn of_option(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

impl View {
    /// Starts with what programs get.
    pub fn new(json: Value) -> Self {
        Self { json, blocks: Vec::new(), exit: None }
    }

    /// Adds a fact for programs; what is no object stays as it is.
    #[must_use]
    pub fn with(mut self, name: &str, fact: Value) -> Self {
        if let Value::Object(facts) = &mut self.json {
            facts.insert(name.to_owned(), fact);
        }
        self
    }

    /// A sentence for people, and the same for programs.
    pub fn said(line: impl Into<String>) -> Self {
        let line = line.into();
        Self::new(json!({ "message": line })).line(line)
    }

    /// Adds a line.
    #[must_use]
    pub fn line(self, line: impl Into<String>) -> Self {
        self.block(Block::Line(line.into()))
    }

    /// Adds names and values, one a line.
    #[must_use]
    pub fn fields(self, fields: Vec<(&'static str, String)>) -> Self {
        self.block(Block::Fields(fields))
    }

    /// Adds a table.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds text that is meant to be stored or read by a program as it is.
    #[must_use]
    pub fn verbatim(self, text: impl Into<String>) -> Self {
        self.block(Block::Verbatim(text.into()))
    }

    /// Adds text of which every byte counts: no line feed is added at its end.
    #[must_use]
    pub fn exact(self, text: impl Into<String>) -> Self {
        self.block(Block::Exact(text.into()))
    }

    /// Says that the program ends so although there is something to show.
    #[must_use]
    pub fn ending(self, exit: Exit) -> Self {
        Self { exit: Some(exit), ..self }
    }

    /// How the program ends, where that is not well.
    pub const fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// The text for `format`, with a line feed at its end.
    pub fn render(&self, format: Format, style: Style) -> String {
        match format {
            Format::Json => format!("{:#}\n", self.json),
            Format::Text => self.blocks.iter().map(|block| block.render(style)).collect(),
        }
    }

    /// Writes it to standard output. A reader that went away is no failure.
    ///
    /// # Errors
    /// When the output cannot be written, such as to a full disk.
    pub fn print(&self, format: Format) -> Result<(), Failure> {
        let mut output = io::stdout().lock();
        let text = self.render(format, Style::of_terminal(output.is_terminal()));
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Failure::File {
                action: "cannot write to",
                path: "standard output".to_owned(),
                source,
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl Block {
    fn render(&self, style: Style) -> String {
        match self {
            Self::Line(line) => format!("{}\n", printable(line)),
            Self::Exact(text) => text.clone(),
            Self::Verbatim(text) if text.ends_with('\n') => text.clone(),
            Self::Verbatim(text) => format!("{text}\n"),
            Self::Table(table) => table.render(style),
            Self::Fields(fields) => {
                let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                let line = |(name, value): &(&str, String)| {
                    format!("{name:width$}  {}\n", printable(value))
                };
                fields.iter().map(line).collect()
            }
        }
    }
}

/// What went wrong, for standard error: what happened, why, and what to do.
pub fn render_failure(failure: &Failure, place: Option<&Place>, format: Format) -> String {
    let advice = failure.advice(place);
    match format {
        Format::Json => {
            let error = json!({
                "code": failure.code(),
                "message": failure.to_string(),
                "why": failure.why(),
                "advice": advice,
            });
            format!("{}\n", json!({ "error": error }))
        }
        Format::Text => {
            let line = |label: &str, text: Option<String>| {
                text.map(|text| format!("{label:7}{}\n", indented(&text))).unwrap_or_default()
            };
            let what = indented(&failure.to_string());
            format!("error: {what}\n{}{}", line("  why", failure.why()), line("  do", advice))
        }
    }
}

/// The lines of a message under each other, right of a label.
fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(printable).collect();
    lines.join("\n       ")
}

/// Replaces what would move a terminal's cursor or change its colours: names and messages may come
/// from others.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_one_document_or_lines() {
        let view = View::new(json!({ "name": "a" }))
            .line("made")
            .fields(vec![("id", "1".to_owned()), ("name", "a\u{1b}[31m".to_owned())]);
        let text = view.render(Format::Text, Style::Plain);
        assert_eq!(text, "made\nid    1\nname  a\u{fffd}[31m\n");
        let document: Value =
            serde_json::from_str(&view.render(Format::Json, Style::Plain)).unwrap();
        assert_eq!(document, json!({ "name": "a" }));
    }

    #[test]
    fn what_is_signed_is_printed_to_the_byte() {
        let view = View::new(Value::Null).exact("a\nb");
        assert_eq!(view.render(Format::Text, Style::Terminal), "a\nb");
    }

    #[test]
    fn a_failure_says_what_happened_why_and_what_to_do() {
        let failure = Failure::File {
            action: "cannot read",
            path: "/d/backup".to_owned(),
            source: io::Error::other("the disk is gone"),
        };
        let text = render_failure(&failure, None, Format::Text);
        assert_eq!(text, "error: cannot read /d/backup\n  why  the disk is gone\n");
        let failure = Failure::new(Exit::Failed, "line 1:\n  x = [\u{1b}\n", "close it");
        let text = render_failure(&failure, None, Format::Text);
        assert_eq!(text, "error: line 1:\n         x = [\u{fffd}\n  do   close it\n");
        let place = Place::of_operator(None, None).unwrap();
        let failure = Failure::new(Exit::NotFound, "no such wallet", "see waiaasctl wallet list");
        let text = render_failure(&failure, Some(&place), Format::Json);
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["error"]["code"], "NOT_FOUND");
        assert_eq!(document["error"]["advice"], "see waiaasctl wallet list");
    }
}
