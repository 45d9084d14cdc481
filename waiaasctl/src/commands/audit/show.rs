//! `audit show`: records in plain words, and those that follow.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use primitives::WalletId;
use protocol::journal::{Entry, Record};
use serde_json::{Value, json};

use super::words::{entry_json, wallet_of, words};
use crate::args::AuditShowArgs;
use crate::commands::Operation;
use crate::commands::exposure::names;
use crate::exit::{Exit, Failure};
use crate::export::{HELP, PAGE};
use crate::progress::Progress;
use crate::signer::Signer;
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// How long to wait before asking for more, in milliseconds.
const PAUSE_MS: u16 = 500;

/// A record and what it says.
struct Shown {
    entry: Entry,
    hash: [u8; 32],
}

/// What is looked for, and how it is shown.
struct Look {
    wallet: Option<WalletId>,
    names: BTreeMap<WalletId, String>,
}

/// Shows records; with `--follow`, until the reader goes away or the program is ended.
pub(super) fn show(arguments: &AuditShowArgs, operation: &Operation) -> Result<View, Failure> {
    let reference = arguments.wallet.as_deref();
    let wallet = reference.map(|reference| operation.wallet(reference)).transpose()?;
    let look = Look { wallet, names: names(operation) };
    let mut signer = operation.signer()?;
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let (shown, next) = match arguments.since {
        Some(since) => look.first(since, limit, &mut signer)?,
        None => look.latest(limit, &mut signer)?,
    };
    let view = look.view(&shown);
    if !arguments.follow {
        return Ok(view);
    }
    view.print(operation.format)?;
    look.follow(next, &mut signer, operation)
}

impl Look {
    /// The first records from a number on, and the number behind the last of them.
    fn first(
        &self,
        since: u64,
        limit: usize,
        signer: &mut Signer,
    ) -> Result<(Vec<Shown>, u64), Failure> {
        let _progress = Progress::start("reading the journal");
        let (mut found, mut next) = (Vec::new(), since);
        while found.len() < limit {
            let page = signer.records(next, PAGE)?;
            if page.is_empty() {
                break;
            }
            for record in page {
                if found.len() == limit {
                    break;
                }
                let shown = read(record, next)?;
                next = shown.entry.number.saturating_add(1);
                found.extend(self.is_meant(&shown.entry).then_some(shown));
            }
        }
        Ok((found, next))
    }

    /// The latest records, and the number behind the last of all.
    fn latest(&self, limit: usize, signer: &mut Signer) -> Result<(Vec<Shown>, u64), Failure> {
        let _progress = Progress::start("reading the journal");
        let all = signer.status()?.journal_records;
        let back = u64::try_from(limit).unwrap_or(u64::MAX);
        // Those of one wallet may be anywhere.
        let mut next = if self.wallet.is_some() { 0 } else { all.saturating_sub(back) };
        let mut latest = VecDeque::new();
        loop {
            let page = signer.records(next, PAGE)?;
            if page.is_empty() {
                return Ok((latest.into(), next));
            }
            for record in page {
                let shown = read(record, next)?;
                next = shown.entry.number.saturating_add(1);
                latest.extend(self.is_meant(&shown.entry).then_some(shown));
                if latest.len() > limit {
                    latest.pop_front();
                }
            }
        }
    }

    /// Prints what is written from now on.
    fn follow(
        &self,
        mut next: u64,
        signer: &mut Signer,
        operation: &Operation,
    ) -> Result<View, Failure> {
        loop {
            for record in signer.records(next, PAGE)? {
                let shown = read(record, next)?;
                next = shown.entry.number.saturating_add(1);
                if self.is_meant(&shown.entry) {
                    self.line(&shown).print(operation.format)?;
                }
            }
            if reader_is_gone()? {
                return Ok(View::default());
            }
        }
    }

    fn is_meant(&self, entry: &Entry) -> bool {
        self.wallet.is_none_or(|wallet| wallet_of(&entry.event) == Some(wallet))
    }

    fn view(&self, shown: &[Shown]) -> View {
        let records: Vec<Value> =
            shown.iter().map(|one| entry_json(&one.entry, one.hash)).collect();
        let mut table = Table::new([
            Column::right("RECORD"),
            Column::left("TIME"),
            Column::left("WALLET"),
            Column::left("WHAT HAPPENED"),
        ]);
        for one in shown {
            table.row(self.cells(&one.entry));
        }
        let view = View::new(json!({ "records": records }));
        if shown.is_empty() { view.line("no records") } else { view.table(table) }
    }

    /// A record that is shown as it comes.
    fn line(&self, shown: &Shown) -> View {
        let [number, time, wallet, sentence] = self.cells(&shown.entry);
        let line = format!("{number:>6}  {time}  {wallet}  {sentence}");
        View::new(entry_json(&shown.entry, shown.hash)).line(line)
    }

    fn cells(&self, entry: &Entry) -> [String; 4] {
        let wallet = wallet_of(&entry.event);
        let name = |wallet| self.names.get(&wallet).cloned().unwrap_or_else(|| wallet.to_string());
        let (_, sentence) = words(&entry.event);
        [
            entry.number.to_string(),
            utc(entry.wall),
            wallet.map_or_else(|| "-".to_owned(), name),
            sentence,
        ]
    }
}

fn read(record: Record, number: u64) -> Result<Shown, Failure> {
    let hash = record.hash;
    let entry = record.entry().map_err(|error| {
        let what = format!("record {number} cannot be read: {error}");
        Failure::new(Exit::Failed, what, HELP)
    })?;
    Ok(Shown { entry, hash })
}

/// Waits a moment, or until nobody reads any more what is printed.
pub(super) fn reader_is_gone() -> Result<bool, Failure> {
    let output = std::io::stdout();
    let mut watched = [PollFd::new(output.as_fd(), PollFlags::empty())];
    poll(&mut watched, PollTimeout::from(PAUSE_MS)).map_err(|error| Failure::File {
        action: "cannot wait for",
        path: "standard output".to_owned(),
        source: error.into(),
    })?;
    let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
    let [watched] = &watched;
    Ok(watched.revents().is_some_and(|events| events.intersects(gone)))
}
