//! Checks gatewayd's audit trail, entry by entry, without gatewayd's help, as it is read from
//! gatewayd or from an export. What is hashed stands in `docs/audit.md`.
//!
//! An export is lines of JSON: the first says how many entries follow and which hash ends them, each
//! other one is an entry's text with its hash behind it.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use api::{AuditLog, AuditLogPage};
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

/// The end of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The last entry's id; 0 where there is none.
    pub(crate) id: u64,
    /// The hash that ends it.
    pub(crate) head: [u8; 32],
}

/// How far a trail was followed.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    end: End,
    entries: u64,
    /// By the number of records that the signer's journal had, the hash that ended it then.
    ties: BTreeMap<u64, [u8; 32]>,
    /// An end that has to be passed on the way, and was not yet.
    wanted: Option<End>,
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
}

impl Trail {
    /// Before the first entry.
    pub(crate) fn new() -> Self {
        let end = End { id: 0, head: AuditLog::GENESIS };
        Self { end, entries: 0, ties: BTreeMap::new(), wanted: None }
    }

    /// Before the first entry of a trail that must have had that end once.
    pub(crate) fn through(wanted: End) -> Self {
        Self { wanted: Some(wanted).filter(|end| end.id > 0), ..Self::new() }
    }

    /// Follows the trail by one entry.
    ///
    /// # Errors
    /// When the entry is not the next one.
    pub(crate) fn follow(&mut self, entry: &AuditLog) -> Result<(), Broken> {
        if entry.id <= self.end.id {
            return Err(Broken::Order(entry.id));
        }
        let head = entry.hash_after(self.end.head);
        if primitives::encode_hex(&head) != entry.hash {
            return Err(Broken::Hash(entry.id));
        }
        self.end = End { id: entry.id, head };
        self.entries = self.entries.saturating_add(1);
        self.wanted = self.wanted.filter(|wanted| *wanted != self.end);
        self.tie(entry)
    }

    fn tie(&mut self, entry: &AuditLog) -> Result<(), Broken> {
        match entry.event_type.as_str() {
            SEEN => {}
            // What was seen before belongs to another journal.
            REPLACED => self.ties.clear(),
            _ => return Ok(()),
        }
        let (records, head) = tie_of(entry.details.get()).ok_or(Broken::Tie(entry.id))?;
        self.ties.insert(records, head);
        Ok(())
    }

    /// Follows gatewayd's trail as far as it goes now.
    ///
    /// # Errors
    /// When gatewayd cannot be asked, or the trail does not hold.
    pub(crate) fn read(
        mut self,
        gateway: &Gateway,
        mut each: impl FnMut(&AuditLog) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let what = "reading the audit trail";
        let progress = Progress::start(what);
        let end = newest(gateway)?;
        while self.end.id < end {
            let after = self.end.id.to_string();
            let call = Call::get("/v1/audit-logs").query("limit", PAGE).query("after", &after);
            let page: AuditLogPage = gateway.ask(call)?;
            if page.data.is_empty() {
                break;
            }
            for entry in page.data.iter().take_while(|entry| entry.id <= end) {
                self.follow(entry).map_err(|broken| failure(&broken))?;
                each(entry)?;
            }
            if page.data.iter().all(|entry| entry.id > end) {
                break;
            }
            progress.reached(what, self.end.id, end);
        }
        if self.end.id != end {
            let what = format!("the audit trail ends at entry {}, and had {end}", self.end.id);
            return Err(Failure::new(Exit::Failed, what, HELP));
        }
        Ok(self)
    }

    /// That the end that was wanted was there.
    ///
    /// # Errors
    /// When it was not.
    pub(crate) fn check_wanted(&self) -> Result<(), Failure> {
        match self.wanted {
            None => Ok(()),
            Some(End { id, .. }) => {
                let what = format!(
                    "the audit trail goes another way than the export, which ends at entry {id}: it \
                     was changed, cut off or replaced since"
                );
                Err(Failure::new(Exit::Failed, what, HELP))
            }
        }
    }

    /// Where it ends.
    pub(crate) const fn end(&self) -> End {
        self.end
    }

    /// How many entries it has.
    pub(crate) const fn entries(&self) -> u64 {
        self.entries
    }

    /// What it says of the signer's journal.
    pub(crate) const fn ties(&self) -> &BTreeMap<u64, [u8; 32]> {
        &self.ties
    }
}

/// The id of gatewayd's newest entry; 0 where there is none.
fn newest(gateway: &Gateway) -> Result<u64, Failure> {
    let call = Call::get("/v1/audit-logs").query("limit", "1");
    let page: AuditLogPage = gateway.ask(call)?;
    Ok(page.data.first().map_or(0, |entry| entry.id))
}

fn tie_of(details: &str) -> Option<(u64, [u8; 32])> {
    let details: Value = serde_json::from_str(details).ok()?;
    let records = details.get("records")?.as_str()?.parse().ok()?;
    let head = primitives::decode_hex(details.get("head")?.as_str()?).ok()?;
    Some((records, head.try_into().ok()?))
}

/// The first line of an export of this trail.
pub(crate) fn header(trail: &Trail) -> String {
    let head = primitives::encode_hex(&trail.end.head);
    let header = Header { version: 1, entries: trail.entries, head };
    serde_json::to_string(&header).expect("its keys are names")
}

/// An entry's line of an export.
pub(crate) fn line(entry: &AuditLog) -> String {
    let mut line = entry.text();
    line.truncate(line.len().saturating_sub(1)); // the brace that ends it
    line + r#","hash":""# + &entry.hash + r#""}"#
}

/// Reads an export to its end and checks it. `name` is for messages.
///
/// # Errors
/// When it is none, or does not verify.
pub(crate) fn check(mut input: impl BufRead, name: &str) -> Result<Trail, Failure> {
    let no_export = || {
        let what = format!("{name} is no export of the audit trail");
        Failure::new(Exit::Failed, what, "`waiaasctl audit export --trail` makes one")
    };
    let first = next_line(&mut input, name)?.ok_or_else(no_export)?;
    let header: Header = serde_json::from_str(&first).map_err(|_other| no_export())?;
    if header.version != 1 {
        return Err(no_export());
    }
    let mut trail = Trail::new();
    while let Some(line) = next_line(&mut input, name)? {
        let entry: AuditLog = serde_json::from_str(&line).map_err(|source| {
            let number = trail.entries.saturating_add(2);
            let what = format!("line {number} of {name} is no entry: {source}");
            Failure::new(Exit::Failed, what, HELP)
        })?;
        trail.follow(&entry).map_err(|broken| failure(&broken))?;
    }
    if trail.entries != header.entries {
        let what = format!("{name} ends after {} of {} entries", trail.entries, header.entries);
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    if primitives::encode_hex(&trail.end.head) != header.head {
        let what = format!("{name} hangs together, and ends in another hash than it says");
        return Err(Failure::new(Exit::Failed, what, HELP));
    }
    Ok(trail)
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
