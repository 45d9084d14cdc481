//! `announcement list`, `cancel`.

use protocol::{Announcement, AnnouncementId, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Operation;
use crate::args::AnnouncementCommand;
use crate::exit::Failure;
use crate::table::{Column, Table};
use crate::time::{span, utc};
use crate::view::View;

/// Lists announcements or calls them off.
pub(super) fn run(command: AnnouncementCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        AnnouncementCommand::List { wallet } => list(&wallet, operation),
        AnnouncementCommand::Cancel { wallet, id } => cancel(&wallet, id, operation),
    }
}

/// Lists what waits. Whether its time has come is said by the signer's clock, not by ours.
fn list(reference: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let mut signer = operation.signer()?;
    let announcements = signer.announcements(wallet)?;
    let now = signer.status()?.now;
    let items: Vec<Value> = announcements.iter().map(|one| to_json(one, now)).collect();
    let view = View::new(json!({ "walletId": wallet, "now": now, "announcements": items }));
    if announcements.is_empty() {
        return Ok(view.line(format!("nothing is announced in {reference}")));
    }
    let columns = ["ID", "MAY BE SIGNED", "UNTIL", "INTENT"].map(Column::left);
    let mut table = Table::new(columns);
    for one in &announcements {
        table.row([
            id(one.id).to_string(),
            when(one, now),
            utc(one.expires_at),
            primitives::encode_hex(&one.intent),
        ]);
    }
    let cancel = operation.place.command(&format!("announcement cancel {reference} ID"));
    Ok(view.table(table).line(format!("to call one off: {cancel}")))
}

fn cancel(reference: &str, id: Option<Uuid>, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let mut signer = operation.signer()?;
    let ids: Vec<AnnouncementId> = match id {
        Some(id) => vec![AnnouncementId(id.into_bytes())],
        None => signer.announcements(wallet)?.into_iter().map(|one| one.id).collect(),
    };
    for id in &ids {
        signer.do_it(Request::Cancel { wallet, id: *id })?;
    }
    let cancelled: Vec<Uuid> = ids.iter().map(|one| self::id(*one)).collect();
    let view = View::new(json!({ "walletId": wallet, "cancelled": cancelled }));
    Ok(match cancelled.as_slice() {
        [] => view.line(format!("nothing is announced in {reference}")),
        [_, ..] => cancelled
            .iter()
            .fold(view, |view, id| view.line(format!("{id} is called off: it is not signed"))),
    })
}

const fn id(id: AnnouncementId) -> Uuid {
    Uuid::from_bytes(id.0)
}

fn when(announcement: &Announcement, now: u64) -> String {
    match announcement.ready_at.checked_sub(now) {
        None | Some(0) => "now".to_owned(),
        Some(seconds) => format!("in {}", span(seconds)),
    }
}

fn to_json(announcement: &Announcement, now: u64) -> Value {
    json!({
        "id": id(announcement.id),
        "intent": primitives::encode_hex(&announcement.intent),
        "readyAt": announcement.ready_at,
        "expiresAt": announcement.expires_at,
        "ready": announcement.ready_at <= now,
    })
}
