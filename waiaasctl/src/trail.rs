//! Checks gatewayd's audit trail, entry by entry, without gatewayd's help, as it is read from
//! gatewayd or from an export. What is hashed stands in `docs/audit.md`.
//!
//! An export is lines of JSON: the first says how many entries follow, which hash ends them, and behind
//! which entry they begin where that is not the first of all; each other one is an entry's text with its
//! hash behind it.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use api::{AuditLog, AuditLogPage, TrailPlace};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::progress::Progress;

/// What `docs/` says about a trail that does not verify.
pub(crate) const HELP: &str = "see docs/audit.md, \"When it does not verify\"";
/// Entries asked for at once: the most of a page.
const PAGE: &str = "200";
/// The longest line of an export that is read, in bytes.
const MAX_LINE: u64 = 1024 * 1024;
/// The events that say how far the signer's journal came.
const SEEN: &str = "SIGNER_JOURNAL_SEEN";
const REPLACED: &str = "SIGNER_JOURNAL_REPLACED";

/// A place in a trail: behind the entry of that id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The entry's id; 0 before the first.
    pub(crate) id: u64,
    /// The hash that ends it.
    pub(crate) head: [u8; 32],
}

/// Entries that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// What they stand behind.
    pub(crate) start: End,
    /// What they end in.
    pub(crate) end: End,
    /// How many they are.
    pub(crate) entries: u64,
}

/// How far gatewayd's trail reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Behind which entry it begins.
    pub(crate) start: End,
    /// Its newest entry's id; the beginning's where there is none.
    pub(crate) newest: u64,
}

/// How far a trail was followed.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    span: Span,
    /// By the number of records that the signer's journal had, the hash that ended it then.
    ties: BTreeMap<u64, [u8; 32]>,
    /// Whether another journal took the place of the one before.
    replaced: bool,
    /// Places that have to be passed on the way, and were not yet.
    wanted: Vec<End>,
}

/// Where and why a trail does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// The hash is not that of the entries before and this one.
    #[error("entry {0} was changed, or one before it was changed or taken out")]
    Hash(u64),
    /// Ids only grow.
    #[error("entry {0} stands behind a later one")]
    Order(u64),
    /// A tie that cannot be read ties nothing.
    #[error("entry {0} does not say how far the signer's journal came")]
    Tie(u64),
}

/// The first line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The version of this form.
    #[serde(rename = "waiaasAuditTrail")]
    version: u32,
    entries: u64,
    head: String,
    /// What the entries stand behind; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<TrailPlace>,
}

/// An export of which the first line was read.
#[derive(Debug)]
pub(crate) struct Export<I> {
    input: I,
    /// For messages.
    pub(crate) name: String,
    /// What it says of itself; the hash that ends it is no fact yet.
    header: Header,
    start: End,
}

impl End {
    /// Before the first entry of all.
    pub(crate) const GENESIS: Self = Self { id: 0, head: AuditLog::GENESIS };

    /// Behind an entry that was checked.
    pub(crate) fn behind(entry: &AuditLog) -> Option<Self> {
        Self::of(&TrailPlace { id: entry.id, hash: entry.hash.clone() })
    }

    /// The same in the words of the gateway.
    pub(crate) fn place(self) -> TrailPlace {
        TrailPlace { id: self.id, hash: primitives::encode_hex(&self.head) }
    }

    fn of(place: &TrailPlace) -> Option<Self> {
        let head = primitives::decode_hex(&place.hash).ok()?.try_into().ok()?;
        Some(Self { id: place.id, head })
    }
}

impl Span {
    /// No entries yet, behind that one.
    pub(crate) const fn behind(start: End) -> Self {
        Self { start, end: start, entries: 0 }
    }

    /// With one more, which was checked.
    pub(crate) fn and(self, end: End) -> Self {
        Self { end, entries: self.entries.saturating_add(1), ..self }
    }
}

impl Extent {
    /// As gatewayd tells.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(crate) fn of(gateway: &Gateway) -> Result<Self, Failure> {
        let page: AuditLogPage = gateway.ask(Call::get("/v1/audit-logs").query("limit", "1"))?;
        let start = beginning(&page)?;
        let newest = page.data.first().map_or(start.id, |entry| entry.id);
        Ok(Self { start, newest })
    }
}

fn beginning(page: &AuditLogPage) -> Result<End, Failure> {
    let Some(place) = &page.begins_after else { return Ok(End::GENESIS) };
    End::of(place).ok_or_else(|| {
        let what = "gatewayd does not say where its audit trail begins";
        Failure::new(Exit::Failed, what, HELP)
    })
}

impl Trail {
    /// Behind that entry.
    pub(crate) fn behind(start: End) -> Self {
        let (ties, wanted) = (BTreeMap::new(), Vec::new());
        Self { span: Span::behind(start), ties, replaced: false, wanted }
    }

    /// Of a trail that must have ended there once.
    pub(crate) fn through(mut self, wanted: End) -> Self {
        if wanted.id > 0 && wanted != self.span.end {
            self.wanted.push(wanted);
        }
        self
    }

    /// Follows the trail by one entry.
    ///
    /// # Errors
    /// When the entry is not the next one.
    pub(crate) fn follow(&mut self, entry: &AuditLog) -> Result<(), Broken> {
        if entry.id <= self.span.end.id {
            return Err(Broken::Order(entry.id));
        }
        let head = entry.hash_after(self.span.end.head);
        if primitives::encode_hex(&head) != entry.hash {
            return Err(Broken::Hash(entry.id));
        }
        let end = End { id: entry.id, head };
        self.span = self.span.and(end);
        self.wanted.retain(|wanted| *wanted != end);
        self.tie(entry)
    }

    fn tie(&mut self, entry: &AuditLog) -> Result<(), Broken> {
        match entry.event_type.as_str() {
            SEEN => {}
            // What was seen before belongs to another journal.
            REPLACED => {
                self.ties.clear();
                self.replaced = true;
            }
            _ => return Ok(()),
        }
        let (records, head) = tie_of(entry.details.get()).ok_or(Broken::Tie(entry.id))?;
        self.ties.insert(records, head);
        Ok(())
    }

    /// Follows gatewayd's trail up to the entry of that id.
    ///
    /// # Errors
    /// When gatewayd cannot be asked, or the trail does not hold.
    pub(crate) fn read(
        mut self,
        gateway: &Gateway,
        last: u64,
        mut each: impl FnMut(&AuditLog) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let what = "reading the audit trail";
        let progress = Progress::start(what);
        while self.span.end.id < last {
            let after = self.span.end.id;
            let call = Call::get("/v1/audit-logs").query("limit", PAGE);
            let page: AuditLogPage = gateway.ask(call.query("after", &after.to_string()))?;
            if beginning(&page)?.id > after {
                let what = "the audit trail became shorter while it was read";
                return Err(Failure::new(Exit::Failed, what, "try again"));
            }
            for entry in page.data.iter().take_while(|entry| entry.id <= last) {
                self.follow(entry).map_err(|broken| failure(&broken))?;
                each(entry)?;
            }
            if page.data.last().is_none_or(|entry| entry.id > last) {
                break;
            }
            progress.reached(what, self.span.end.id, last);
        }
        if self.span.end.id != last {
            let what =
                format!("the audit trail ends at entry {}, and had {last}", self.span.end.id);
            return Err(Failure::new(Exit::Failed, what, HELP));
        }
        Ok(self)
    }

    /// A place that was wanted and was not there.
    pub(crate) fn missed(&self) -> Option<End> {
        self.wanted.first().copied()
    }

    /// With what an earlier part of it says of the signer's journal.
    pub(crate) fn preceded_by(mut self, earlier: &Self) -> Self {
        if !self.replaced {
            let ties = self.ties;
            self.ties = earlier.ties.clone().into_iter().chain(ties).collect();
            self.replaced = earlier.replaced;
        }
        self
    }

    /// Its entries.
    pub(crate) const fn span(&self) -> Span {
        self.span
    }

    /// What it says of the signer's journal.
    pub(crate) const fn ties(&self) -> &BTreeMap<u64, [u8; 32]> {
        &self.ties
    }
}

fn tie_of(details: &str) -> Option<(u64, [u8; 32])> {
    let details: Value = serde_json::from_str(details).ok()?;
    let records = details.get("records")?.as_str()?.parse().ok()?;
    let head = primitives::decode_hex(details.get("head")?.as_str()?).ok()?;
    Some((records, head.try_into().ok()?))
}

/// The first line of an export of these entries.
pub(crate) fn header(span: Span) -> String {
    let after = (span.start != End::GENESIS).then(|| span.start.place());
    let head = primitives::encode_hex(&span.end.head);
    let header = Header { version: 1, entries: span.entries, head, after };
    serde_json::to_string(&header).expect("its keys are names")
}

/// An entry's line of an export.
pub(crate) fn line(entry: &AuditLog) -> String {
    let mut line = entry.text();
    line.truncate(line.len().saturating_sub(1)); // the brace that ends it
    line + r#","hash":""# + &entry.hash + r#""}"#
}

impl<I: BufRead> Export<I> {
    /// Reads what an export says of itself. `name` is for messages.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn open(mut input: I, name: &str) -> Result<Self, Failure> {
        let no_export = || {
            let what = format!("{name} is no export of the audit trail");
            Failure::new(Exit::Failed, what, "`waiaasctl audit export --trail` makes one")
        };
        let first = next_line(&mut input, name)?.ok_or_else(no_export)?;
        let header: Header = serde_json::from_str(&first).map_err(|_other| no_export())?;
        let start = header.after.as_ref().map_or(Some(End::GENESIS), End::of);
        match start {
            Some(start) if header.version == 1 => {
                Ok(Self { input, name: name.to_owned(), header, start })
            }
            Some(_) | None => Err(no_export()),
        }
    }

    /// What its entries stand behind.
    pub(crate) const fn start(&self) -> End {
        self.start
    }

    /// Reads it to its end and checks it; `wanted` are places that it should pass.
    ///
    /// # Errors
    /// When it does not verify.
    pub(crate) fn check(self, wanted: &[End]) -> Result<Trail, Failure> {
        let Self { mut input, name, header, start } = self;
        let mut trail = wanted.iter().fold(Trail::behind(start), |it, end| it.through(*end));
        while let Some(line) = next_line(&mut input, &name)? {
            let entry: AuditLog = serde_json::from_str(&line).map_err(|source| {
                let number = trail.span.entries.saturating_add(2);
                let what = format!("line {number} of {name} is no entry: {source}");
                Failure::new(Exit::Failed, what, HELP)
            })?;
            trail.follow(&entry).map_err(|broken| failure(&broken))?;
        }
        let Span { entries, end, .. } = trail.span;
        if entries != header.entries {
            let what = format!("{name} ends after {entries} of {} entries", header.entries);
            return Err(Failure::new(Exit::Failed, what, HELP));
        }
        if primitives::encode_hex(&end.head) != header.head {
            let what = format!("{name} hangs together, and ends in another hash than it says");
            return Err(Failure::new(Exit::Failed, what, HELP));
        }
        Ok(trail)
    }
}

fn next_line(input: &mut impl BufRead, name: &str) -> Result<Option<String>, Failure> {
    let unreadable =
        |source| Failure::File { action: "cannot read", path: name.to_owned(), source };
    let mut line = String::new();
    let length = io::Read::take(&mut *input, MAX_LINE).read_line(&mut line).map_err(unreadable)?;
    Ok((length > 0).then_some(line))
}

fn failure(broken: &Broken) -> Failure {
    Failure::new(Exit::Failed, format!("the audit trail does not verify: {broken}"), HELP)
}
