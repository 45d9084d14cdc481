//! `audit log` and `follow`: gatewayd's audit trail, and what is added to it.

use std::collections::BTreeMap;

use api::{AuditLog, AuditLogPage};
use primitives::WalletId;
use serde_json::{Value, json};

use super::show::reader_is_gone;
use crate::args::{AuditFilter, AuditLogArgs};
use crate::commands::exposure::names;
use crate::commands::{Operation, to_json};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// The most entries of a page.
const PAGE: u32 = 200;
/// What `audit follow` shows of what was there before.
const BEFORE: u32 = 10;

/// What is looked for, and how it is shown.
struct Look<'o> {
    filter: &'o AuditFilter,
    wallet: Option<WalletId>,
    names: BTreeMap<WalletId, String>,
    operation: &'o Operation,
}

/// Shows entries; with `--follow`, until the reader goes away or the program is ended.
pub(super) fn log(arguments: &AuditLogArgs, operation: &Operation) -> Result<View, Failure> {
    let look = Look::new(&arguments.filter, operation)?;
    let gateway = operation.gateway()?;
    let newest = newest(&gateway)?;
    let found = match arguments.since {
        Some(since) => look.forwards(since.saturating_sub(1), arguments.limit, &gateway)?,
        None => look.latest(arguments.limit, &gateway)?,
    };
    if !arguments.follow {
        return Ok(look.view(&found));
    }
    // What fits may be long ago, and all of `--limit`: what is new comes behind both.
    let last = match (arguments.since, found.last()) {
        (Some(_), Some(last)) => last.id,
        (Some(since), None) => since.saturating_sub(1),
        (None, last) => last.map_or(newest, |last| last.id.max(newest)),
    };
    look.view(&found).print(operation.format)?;
    look.follow(last, &gateway)
}

/// Shows the last entries, and those that follow.
pub(super) fn follow(filter: &AuditFilter, operation: &Operation) -> Result<View, Failure> {
    let look = Look::new(filter, operation)?;
    let gateway = operation.gateway()?;
    let newest = newest(&gateway)?;
    let found = look.latest(BEFORE, &gateway)?;
    for entry in &found {
        look.line(entry).print(operation.format)?;
    }
    look.follow(found.last().map_or(newest, |last| last.id.max(newest)), &gateway)
}

/// The id of the newest entry of all.
fn newest(gateway: &Gateway) -> Result<u64, Failure> {
    let page: AuditLogPage = gateway.ask(Call::get("/v1/audit-logs").query("limit", "1"))?;
    Ok(page.data.first().map_or(0, |entry| entry.id))
}

impl<'o> Look<'o> {
    fn new(filter: &'o AuditFilter, operation: &'o Operation) -> Result<Self, Failure> {
        let wallet = filter.wallet.as_deref();
        let wallet = wallet.map(|reference| operation.wallet(reference)).transpose()?;
        Ok(Self { filter, wallet, names: names(operation), operation })
    }

    fn call(&self, limit: u32) -> Call {
        let Self { filter, wallet, .. } = self;
        let asked = [
            ("wallet_id", wallet.map(|wallet| wallet.to_string())),
            ("event_type", filter.event.clone()),
            ("severity", filter.severity.as_ref().map(|severity| severity.to_lowercase())),
            ("session_id", filter.session.clone()),
            ("tx_id", filter.tx.clone()),
            ("from", filter.from.map(|from| from.to_string())),
            ("to", filter.to.map(|to| to.to_string())),
        ];
        let call = Call::get("/v1/audit-logs").query("limit", &limit.min(PAGE).to_string());
        asked.iter().fold(call, |call, (name, value)| match value {
            Some(value) => call.query(name, value),
            None => call,
        })
    }

    /// The latest entries that fit, oldest first.
    fn latest(&self, limit: u32, gateway: &Gateway) -> Result<Vec<AuditLog>, Failure> {
        let next = |page: &AuditLogPage| page.next_cursor.map(|id| ("cursor", id));
        let mut found = self.pages(limit, None, next, gateway)?;
        found.reverse();
        Ok(found)
    }

    /// The first entries that fit behind the one of that id.
    fn forwards(&self, id: u64, limit: u32, gateway: &Gateway) -> Result<Vec<AuditLog>, Failure> {
        let next = |page: &AuditLogPage| page.next_cursor.map(|id| ("after", id));
        self.pages(limit, Some(("after", id)), next, gateway)
    }

    fn pages(
        &self,
        limit: u32,
        mut at: Option<(&'static str, u64)>,
        next: impl Fn(&AuditLogPage) -> Option<(&'static str, u64)>,
        gateway: &Gateway,
    ) -> Result<Vec<AuditLog>, Failure> {
        let mut found: Vec<AuditLog> = Vec::new();
        loop {
            let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
            if left == 0 {
                return Ok(found);
            }
            let call = self.call(left);
            let page: AuditLogPage = gateway.ask(match at {
                Some((name, id)) => call.query(name, &id.to_string()),
                None => call,
            })?;
            at = next(&page);
            found.extend(page.data);
            if at.is_none() {
                return Ok(found);
            }
        }
    }

    /// Prints what is written from now on.
    fn follow(&self, mut last: u64, gateway: &Gateway) -> Result<View, Failure> {
        loop {
            for entry in self.forwards(last, PAGE, gateway)? {
                last = entry.id;
                self.line(&entry).print(self.operation.format)?;
            }
            if reader_is_gone()? {
                return Ok(View::default());
            }
        }
    }

    fn view(&self, entries: &[AuditLog]) -> View {
        let mut table = Table::new([
            Column::right("ENTRY"),
            Column::left("TIME"),
            Column::left("WHO"),
            Column::left("FROM"),
            Column::left("WALLET"),
            Column::left("EVENT"),
            Column::left("DETAILS"),
        ]);
        for entry in entries {
            table.row(self.cells(entry));
        }
        let view = View::new(json!({ "entries": to_json(&entries) }));
        let view = if entries.is_empty() { view.line("no entries") } else { view.table(table) };
        match entries.iter().find(|entry| !entry.intact) {
            None => view,
            Some(entry) => view.line(damaged(entry)).ending(Exit::Failed),
        }
    }

    /// An entry that is shown as it comes.
    fn line(&self, entry: &AuditLog) -> View {
        let [id, time, who, from, wallet, event, details] = self.cells(entry);
        let line = format!("{id:>6}  {time}  {who}  {from}  {wallet}  {event}  {details}");
        let view = View::new(to_json(entry)).line(line.trim_end());
        if entry.intact { view } else { view.line(damaged(entry)) }
    }

    fn cells(&self, entry: &AuditLog) -> [String; 7] {
        let none = || "-".to_owned();
        let name = |id: &String| {
            let known = id.parse().ok().and_then(|id| self.names.get(&id).cloned());
            known.unwrap_or_else(|| id.clone())
        };
        let from = match (&entry.ip_address, entry.peer_uid) {
            (Some(address), _) => address.clone(),
            (None, Some(uid)) => format!("user {uid}"),
            (None, None) => none(),
        };
        let who = match entry.actor.as_str() {
            "master" => "operator".to_owned(),
            other => other.to_owned(),
        };
        let event = match entry.severity.as_str() {
            "info" => entry.event_type.clone(),
            severity => format!("{} ({severity})", entry.event_type),
        };
        [
            entry.id.to_string(),
            utc(u64::try_from(entry.timestamp).unwrap_or_default()),
            who,
            from,
            entry.wallet_id.as_ref().map_or_else(none, name),
            event,
            details(entry),
        ]
    }
}

/// What more there is, as `name=value`.
fn details(entry: &AuditLog) -> String {
    let Ok(Value::Object(details)) = serde_json::from_str(entry.details.get()) else {
        return entry.details.get().to_owned();
    };
    let transaction = entry.tx_id.iter().map(|id| format!("tx={id}"));
    let others = details.iter().map(|(name, value)| {
        // A text of one word needs no quotes.
        match value.as_str().filter(|text| !text.contains(' ')) {
            Some(word) => format!("{name}={word}"),
            None => format!("{name}={value}"),
        }
    });
    transaction.chain(others).collect::<Vec<_>>().join(" ")
}

fn damaged(entry: &AuditLog) -> String {
    format!(
        "entry {} is not what was written, or the one before it is not: waiaasctl audit verify \
         --trail says more",
        entry.id
    )
}
