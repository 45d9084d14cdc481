//! Automatic backups while `waiaas start` runs the daemons.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::args::BackupSchedule;
use crate::backup::folder::{Folder, Kept};
use crate::complain;
use crate::exit::Failure;
use crate::place::{DataDir, Place};
use crate::time::now_ms;
use crate::view::{Format, render_failure};

/// After a backup that failed the next try comes so much later, in seconds.
const TRY_AGAIN: u64 = 600;
/// How often a backup that is being made is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The system's clock is looked at so often at least: it stands still in no deadline.
const LONGEST_WAIT: u64 = 3_600;

/// Makes a backup whenever one is due, beside whatever else this process does.
#[derive(Debug)]
pub(super) struct Upkeep {
    place: Place,
    schedule: BackupSchedule,
    format: Format,
    /// Unix seconds; `None` where none shall be made.
    due: Option<u64>,
    making: Option<JoinHandle<Result<Kept, Failure>>>,
    /// What was complained of last, which is not said again.
    last_complaint: Option<String>,
}

impl Upkeep {
    /// Goes by the newest backup that is there.
    pub(super) fn new(data: &DataDir, schedule: BackupSchedule, format: Format) -> Self {
        let newest = Folder::existing(&data.backups())
            .and_then(|folder| folder.list().ok())
            .and_then(|found| found.last().map(|newest| newest.made_at));
        let due = schedule.seconds().map(|every| due_after(newest, every, now()));
        let (place, making, last_complaint) = (Place::User(data.clone()), None, None);
        Self { place, schedule, format, due, making, last_complaint }
    }

    /// Takes up what has ended and begins what is due; says when to look again.
    pub(super) fn turn(&mut self) -> Option<Instant> {
        if self.making.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish();
        }
        let due = self.due?;
        if self.making.is_none() && due <= now() {
            let (place, keep) = (self.place.clone(), usize::from(self.schedule.backup_keep));
            self.making = Some(thread::spawn(move || make(&place, keep)));
        }
        let wait = match self.making {
            Some(_) => LOOK_AGAIN,
            None => Duration::from_secs(due.saturating_sub(now()).min(LONGEST_WAIT)),
        };
        Instant::now().checked_add(wait)
    }

    /// Waits for a backup that is being made; without daemons it fails soon.
    pub(super) fn end(mut self) {
        if let Some(making) = self.making.take() {
            // Nobody asked for it by name, so nobody is told that the end cut it off.
            drop(making.join());
        }
    }

    fn finish(&mut self) {
        let Some(Ok(outcome)) = self.making.take().map(JoinHandle::join) else { return };
        let every = self.schedule.seconds();
        match outcome {
            Ok(_kept) => {
                self.due = every.map(|every| now().saturating_add(every));
                self.last_complaint = None;
            }
            Err(failure) => {
                self.due = every.map(|every| now().saturating_add(every.min(TRY_AGAIN)));
                let text = render_failure(&failure, Some(&self.place), self.format);
                if self.last_complaint.as_ref() != Some(&text) {
                    complain(&text);
                    self.last_complaint = Some(text);
                }
            }
        }
    }
}

fn make(place: &Place, keep: usize) -> Result<Kept, Failure> {
    let path = crate::backup::folder::of(place, None)?;
    Folder::make(&path)?.add(place, keep)
}

/// When the next one is due. One that is of the future says that a clock was wrong.
fn due_after(newest: Option<u64>, every: u64, now: u64) -> u64 {
    newest.map_or(now, |newest| newest.min(now).saturating_add(every))
}

fn now() -> u64 {
    now_ms() / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_backup_is_due_a_day_after_the_newest() {
        for (newest, expected) in [
            (None, 1_000_000),
            (Some(0), 86_400),
            (Some(999_999), 1_086_399),
            (Some(1_000_000), 1_086_400),
            (Some(9_000_000), 1_086_400),
        ] {
            assert_eq!(due_after(newest, 86_400, 1_000_000), expected, "{newest:?}");
        }
    }

    #[test]
    fn none_is_made_where_none_is_wanted() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        let never = BackupSchedule { backup_every: 0, backup_keep: 7 };
        assert_eq!(Upkeep::new(&data, never, Format::Json).turn(), None);
        assert!(!data.backups().exists());
    }
}
