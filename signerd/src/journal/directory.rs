//! The journal's directory: segments of the chain, and snapshots of what went before them.
//!
//! Both are named after the number of the segment's first record. A file appears under its name
//! only when it is whole and on the disk. The order of a rotation (both files written beside, then
//! the snapshot's name, then the segment's) tells a rotation that a crash cut short from a segment
//! that somebody took away.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::{JournalError, at};

const SEGMENT: &str = "segment-";
const SNAPSHOT: &str = "snapshot-";
/// What ends the name of a file that is not complete.
const PARTIAL: &str = ".partial";
/// Digits of a number in a name: as many as a number of 64 bits can have.
const DIGITS: usize = 20;

/// Where the journal's files are.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    root: PathBuf,
}

/// Which files are there, each by the number of its segment's first record, in order.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) segments: Vec<u64>,
    pub(super) snapshots: Vec<u64>,
    partial: Vec<PathBuf>,
}

impl Directory {
    /// The directory, made if it is missing, without what a crash left half-made.
    pub(super) fn open(root: &Path) -> Result<Self, JournalError> {
        let directory = Self { root: root.to_owned() };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(root).map_err(at(root))?;
        directory.end_rotation()?;
        Ok(directory)
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.named(SEGMENT, number)
    }

    pub(super) fn snapshot(&self, number: u64) -> PathBuf {
        self.named(SNAPSHOT, number)
    }

    fn named(&self, kind: &str, number: u64) -> PathBuf {
        self.root.join(format!("{kind}{number:0DIGITS$}"))
    }

    pub(super) fn list(&self) -> Result<Listing, JournalError> {
        let mut listing = Listing::default();
        let entries = fs::read_dir(&self.root).map_err(at(&self.root))?;
        for entry in entries {
            let path = entry.map_err(at(&self.root))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.ends_with(PARTIAL) {
                listing.partial.push(path);
            } else if let Some(number) = number_of(name, SEGMENT) {
                listing.segments.push(number);
            } else if let Some(number) = number_of(name, SNAPSHOT) {
                listing.snapshots.push(number);
            }
        }
        listing.segments.sort_unstable();
        listing.snapshots.sort_unstable();
        Ok(listing)
    }

    /// Makes the first segment, empty.
    pub(super) fn begin(&self) -> Result<File, JournalError> {
        let path = self.segment(0);
        let mut options = OpenOptions::new();
        let made = options.read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = made.map_err(at(&path))?;
        self.sync()?;
        Ok(file)
    }

    /// Opens a segment to be written on.
    pub(super) fn open_segment(&self, number: u64) -> Result<File, JournalError> {
        let path = self.segment(number);
        OpenOptions::new().read(true).write(true).open(&path).map_err(at(&path))
    }

    /// Puts a snapshot and the segment after it into the directory: first beside, then by name.
    pub(super) fn rotate(
        &self,
        number: u64,
        snapshot: &[u8],
        segment: &[u8],
    ) -> Result<File, JournalError> {
        let (snapshot_path, segment_path) = (self.snapshot(number), self.segment(number));
        write_whole(&partial(&snapshot_path), snapshot)?;
        write_whole(&partial(&segment_path), segment)?;
        self.sync()?;
        rename(&partial(&snapshot_path), &snapshot_path)?;
        self.sync()?;
        rename(&partial(&segment_path), &segment_path)?;
        self.sync()?;
        self.open_segment(number)
    }

    /// Finishes a rotation whose snapshot has its name, and undoes any other.
    fn end_rotation(&self) -> Result<(), JournalError> {
        let listing = self.list()?;
        if let Some(number) = listing.snapshots.last() {
            let segment = self.segment(*number);
            let beside = partial(&segment);
            if listing.segments.last() < Some(number) && listing.partial.contains(&beside) {
                rename(&beside, &segment)?;
            }
        }
        for path in listing.partial {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&path)(error)),
                Ok(()) | Err(_) => {}
            }
        }
        self.sync()
    }

    fn sync(&self) -> Result<(), JournalError> {
        let synced = File::open(&self.root).and_then(|directory| directory.sync_all());
        synced.map_err(at(&self.root))
    }
}

fn number_of(name: &str, kind: &str) -> Option<u64> {
    let digits = name.strip_prefix(kind)?;
    let all = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    if all { digits.parse().ok() } else { None }
}

/// The name beside `path` under which it is made.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PARTIAL);
    name.into()
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(at(path))
}

fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(at(from))
}
