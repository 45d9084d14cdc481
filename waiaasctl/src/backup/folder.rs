//! A folder of automatic backups: named after their time, the newest ones kept.
//!
//! Only a file that has the name of one and begins as one is ever removed, and only after a new one
//! was made and checked, which itself stays: when the clock is behind, its name is not the newest.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Scope;
use super::check::Checked;
use super::make::make;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::place::{Place, PlaceError};
use crate::time;

/// Where the installed system has its automatic backups.
const INSTALLED: &str = "/var/backups/waiaas";
const PREFIX: &str = "waiaas-";
const SUFFIX: &str = ".backup";
/// What says why the last one failed, until one succeeds.
const FAILURE: &str = "last-failure.json";
/// The longest such file that is read.
const MAX_FAILURE: usize = 64 * 1024;
/// The bits that let others change what is in a directory.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// The most files that are looked at.
const MAX_FILES: usize = 100_000;

/// A folder that is there.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// A backup in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where.
    pub(crate) path: PathBuf,
    /// Unix seconds, by its name.
    pub(crate) made_at: u64,
    /// Its bytes.
    pub(crate) bytes: u64,
}

/// Why the last automatic backup was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastFailure {
    /// Unix seconds.
    pub(crate) at: u64,
    /// What happened.
    pub(crate) what: String,
}

/// An automatic backup that was made.
#[derive(Debug)]
pub(crate) struct Kept {
    /// It.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) checked: Checked,
    /// Older ones that were removed.
    pub(crate) removed: Vec<PathBuf>,
}

/// Where the automatic backups of `place` are, unless the operator names a directory.
///
/// # Errors
/// When nothing says where.
pub(crate) fn of(place: &Place, named: Option<&Path>) -> Result<PathBuf, Failure> {
    match (named, place) {
        (Some(path), _) => Ok(path.to_owned()),
        (None, Place::User(data)) => Ok(data.backups()),
        (None, Place::Sockets(_)) if place.is_installed() => Ok(PathBuf::from(INSTALLED)),
        (None, Place::Sockets(_)) => {
            let what = "no directory for automatic backups is known for these sockets";
            Err(Failure::new(Exit::Usage, what, "name one with --dir"))
        }
    }
}

impl Folder {
    /// The folder at `path`, made if it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or others may change what is in it.
    pub(crate) fn make(path: &Path) -> Result<Self, Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| unusable(path, source))?;
        let mode = fs::metadata(path).map_err(|source| unusable(path, source))?.mode();
        if mode & WRITABLE_BY_OTHERS != 0 {
            return Err(PlaceError::Exposed { path: path.display().to_string() }.into());
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder at `path`, if there is one.
    pub(crate) fn existing(path: &Path) -> Option<Self> {
        path.is_dir().then(|| Self { path: path.to_owned() })
    }

    /// Makes a backup, and removes those that are more than `keep`; notes it when that fails.
    ///
    /// # Errors
    /// When it is not made; those that are there stay then.
    pub(crate) fn add(&self, place: &Place, keep: usize) -> Result<Kept, Failure> {
        let _lock = self.lock()?;
        let added = self.add_locked(place, keep);
        match &added {
            Ok(_kept) => self.forget_failure(),
            Err(failure) => self.note_failure(failure),
        }
        added
    }

    fn add_locked(&self, place: &Place, keep: usize) -> Result<Kept, Failure> {
        self.remove_leftovers()?;
        let path = self.path.join(name(time::now_ms()));
        let checked = make(place, None, &path, Scope::Everything)?;
        let removed = self.prune(keep, &path)?;
        Ok(Kept { path, checked, removed })
    }

    /// The backups in it, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn list(&self) -> Result<Vec<Found>, Failure> {
        let mut found = Vec::new();
        for (name, path) in self.files()? {
            if let Some(made_at) = time_of(&name)
                && is_backup(&path)
                && let Ok(metadata) = fs::symlink_metadata(&path)
            {
                found.push(Found { path, made_at, bytes: metadata.len() });
            }
        }
        // The names are those of their times, to the millisecond.
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// Why the last one was not made, if it was not.
    pub(crate) fn last_failure(&self) -> Option<LastFailure> {
        let text = files::read(&self.path.join(FAILURE), MAX_FAILURE).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Removes the oldest that are more than `keep`, of which the one just `made` is one.
    fn prune(&self, keep: usize, made: &Path) -> Result<Vec<PathBuf>, Failure> {
        let others = self.list()?.into_iter().filter(|found| found.path != made);
        let others: Vec<Found> = others.collect();
        let surplus = others.len().saturating_sub(keep.saturating_sub(1));
        let mut removed = Vec::new();
        for old in others.into_iter().take(surplus) {
            fs::remove_file(&old.path).map_err(|source| unusable(&old.path, source))?;
            removed.push(old.path);
        }
        Ok(removed)
    }

    /// Removes what a backup that was killed left beside its name. Nobody else makes one: the lock is
    /// held.
    fn remove_leftovers(&self) -> Result<(), Failure> {
        for (name, path) in self.files()? {
            let stem = name.strip_suffix(".tmp").and_then(|stem| stem.rsplit_once('.'));
            let ours = stem.is_some_and(|(stem, number)| {
                time_of(stem).is_some() && number.bytes().all(|byte| byte.is_ascii_digit())
            });
            if ours {
                fs::remove_file(&path).map_err(|source| unusable(&path, source))?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<File, Failure> {
        let directory = File::open(&self.path).map_err(|source| unusable(&self.path, source))?;
        match directory.try_lock() {
            Ok(()) => Ok(directory),
            Err(TryLockError::WouldBlock) => {
                let what = format!("a backup into {} is being made", self.path.display());
                Err(Failure::new(Exit::Running, what, "wait until it is done"))
            }
            Err(TryLockError::Error(source)) => Err(unusable(&self.path, source)),
        }
    }

    /// A failure that cannot be noted is told by this program's end, too.
    fn note_failure(&self, failure: &Failure) {
        let note = LastFailure { at: time::now_ms() / 1_000, what: failure.with_reason() };
        let text = serde_json::to_vec(&note).expect("a number and a text are JSON");
        files::replace(&self.path.join(FAILURE), &text).unwrap_or_default();
    }

    fn forget_failure(&self) {
        fs::remove_file(self.path.join(FAILURE)).unwrap_or_default();
    }

    fn files(&self) -> Result<Vec<(String, PathBuf)>, Failure> {
        let unreadable = |source| files::unreadable(&self.path, source);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)?.take(MAX_FILES) {
            let entry = entry.map_err(unreadable)?;
            if let Ok(name) = entry.file_name().into_string() {
                names.push((name, entry.path()));
            }
        }
        Ok(names)
    }
}

/// `waiaas-20261122T224512.123Z.backup`: sorted by name they are sorted by time.
fn name(unix_ms: u64) -> String {
    let digits: String = time::utc(unix_ms / 1_000).chars().filter(char::is_ascii_digit).collect();
    let (day, clock) = digits.split_at(8.min(digits.len()));
    format!("{PREFIX}{day}T{clock}.{:03}Z{SUFFIX}", unix_ms % 1_000)
}

/// The time in such a name, in Unix seconds; `None` for every other name.
fn time_of(found: &str) -> Option<u64> {
    let stamp = found.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (day, rest) = stamp.split_once('T')?;
    let (clock, ms) = rest.strip_suffix('Z')?.split_once('.')?;
    let number = |text: &str, range: std::ops::Range<usize>| -> Option<u64> {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (year, month, date) = (number(day, 0..4)?, number(day, 4..6)?, number(day, 6..8)?);
    let (hour, minute, second) = (number(clock, 0..2)?, number(clock, 2..4)?, number(clock, 4..6)?);
    let at = time::of((year, month, date), (hour, minute, second))?;
    let ms = number(ms, 0..3)?;
    (name(at.checked_mul(1_000)?.checked_add(ms)?) == found).then_some(at)
}

/// Whether it is a file of its own, no link, and begins as a backup of any version.
fn is_backup(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut start = [0; 14];
    is_file
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && archive::MAGIC.starts_with(&start)
}

fn unusable(path: &Path, source: io::Error) -> Failure {
    Failure::File { action: "cannot use", path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_795_387_512_123;

    fn folder() -> (tempfile::TempDir, Folder) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::make(&parent.path().join("backups")).unwrap();
        (parent, folder)
    }

    fn put(folder: &Folder, name: &str, content: &[u8]) -> PathBuf {
        let path = folder.path.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn names(folder: &Folder) -> Vec<String> {
        let mut names: Vec<String> =
            folder.files().unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_sorted_as_their_times_are() {
        assert_eq!(name(MS), "waiaas-20261122T224512.123Z.backup");
        let times = [MS, MS + 1, MS + 999, MS + 86_400_000, MS + 40 * 86_400_000];
        let named: Vec<_> = times.iter().map(|at| name(*at)).collect();
        assert!(named.is_sorted(), "{named:?}");
        for (at, name) in times.iter().zip(&named) {
            assert_eq!(time_of(name), Some(at / 1_000), "{name}");
        }
        for other in [
            "waiaas-20261122T224512.123Z.backup.tmp",
            "waiaas-20261122T224512.backup",
            "waiaas-20261322T224512.123Z.backup",
            "waiaas-20261131T224512.123Z.backup",
            "waiaas-20261122T244512.123Z.backup",
            "waiaas-2026112２T224512.123Z.backup",
            "waiaas-+0261122T224512.123Z.backup",
            "waiaas-.backup",
            "waiaas-T.Z.backup",
            "backup",
        ] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_the_oldest_backups_are_removed_and_nothing_that_is_none() {
        let (_parent, folder) = folder();
        let made: Vec<_> =
            (0..5).map(|number| put(&folder, &name(MS + number), b"waiaas-backup 2\n")).collect();
        let others = [
            put(&folder, &name(MS - 5), b"somebody's own file"),
            put(&folder, &name(MS - 6), b"short"),
            put(&folder, "waiaas-mine.backup", b"waiaas-backup 2\n"),
            put(&folder, "notes.txt", b"keep"),
        ];
        let outside = put(&folder, "outside", b"waiaas-backup 2\n");
        std::os::unix::fs::symlink(&outside, folder.path.join(name(MS - 7))).unwrap();
        fs::create_dir(folder.path.join(name(MS - 8))).unwrap();
        assert_eq!(folder.prune(3, &made[4]).unwrap(), made[..2]);
        assert_eq!(folder.prune(0, &made[4]).unwrap(), made[2..4], "one is kept always");
        assert!(others.iter().all(|path| path.exists()));
        assert!(outside.exists() && folder.path.join(name(MS - 7)).is_symlink());
        assert_eq!(folder.list().unwrap().len(), 1);
    }

    #[test]
    fn the_one_just_made_stays_though_the_clock_says_that_it_is_the_oldest() {
        let (_parent, folder) = folder();
        let mut made: Vec<_> =
            (0..7).map(|number| put(&folder, &name(MS + number), b"waiaas-backup 2\n")).collect();
        let behind = put(&folder, &name(MS - 86_400_000), b"waiaas-backup 2\n");
        assert_eq!(folder.prune(7, &behind).unwrap(), made[..1]);
        assert_eq!(folder.prune(1, &behind).unwrap(), made.split_off(1));
        assert_eq!(folder.list().unwrap().len(), 1);
        assert!(behind.exists());
    }

    #[test]
    fn what_a_killed_backup_left_is_removed_and_nothing_else() {
        let (_parent, folder) = folder();
        put(&folder, &format!("{}.4711.tmp", name(MS)), b"half");
        let others = ["waiaas-mine.backup.4711.tmp", "a.tmp", &format!("{}.x.tmp", name(MS))]
            .map(|other| put(&folder, other, b""));
        folder.remove_leftovers().unwrap();
        assert!(others.iter().all(|path| path.exists()));
        assert_eq!(names(&folder).len(), others.len());
    }

    #[test]
    fn one_is_made_at_a_time() {
        let (_parent, folder) = folder();
        let lock = folder.lock().unwrap();
        assert_eq!(folder.lock().unwrap_err().exit(), Exit::Running);
        drop(lock);
        folder.lock().unwrap();
    }

    #[test]
    fn a_failure_is_noted_until_one_succeeds_and_nothing_is_removed_by_it() {
        let (parent, folder) = folder();
        let old: Vec<_> =
            (0..9).map(|number| put(&folder, &name(MS + number), b"waiaas-backup 2\n")).collect();
        // Nobody listens there.
        let place = Place::of_operator(None, Some(parent.path())).unwrap();
        assert!(folder.add(&place, 7).is_err());
        let noted = folder.last_failure().unwrap();
        assert!(noted.what.contains("signerd cannot be reached"), "{noted:?}");
        assert!(old.iter().all(|path| path.exists()));
        folder.forget_failure();
        assert_eq!(folder.last_failure(), None);
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (_parent, folder) = folder();
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(Folder::make(&folder.path), Err(Failure::Place(_))));
    }
}
