//! Files that only their owner may read, written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Mode of what only its owner may read.
const PRIVATE: u32 = 0o600;
/// The bits that let others at a file.
const FOR_OTHERS: u32 = 0o077;

/// Writes a file that must not exist yet.
///
/// # Errors
/// When it exists or cannot be written; nothing is left behind then.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let temporary = write_beside(path, content)?;
    // A link, unlike a rename, does not replace what is there.
    let linked = fs::hard_link(&temporary, path);
    let removed = fs::remove_file(&temporary);
    linked
        .and(removed)
        .and_then(|()| sync_directory(path))
        .map_err(|source| unwritable(path, source))
}

/// Writes a file that must not exist yet, piece by piece, by `fill`.
///
/// # Errors
/// When it exists, cannot be written, or `fill` fails; nothing is left behind then.
pub(crate) fn fill_new<T>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    fill_and_check(path, fill, |filled, _beside| Ok(filled))
}

/// The same; `check` gets what `fill` gives, and looks at what was written and synced before it gets
/// its name.
///
/// # Errors
/// As [`fill_new`], and when `check` fails.
pub(crate) fn fill_and_check<T, C>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failure>,
    check: impl FnOnce(T, &Path) -> Result<C, Failure>,
) -> Result<C, Failure> {
    let temporary = beside(path);
    let file = create(&temporary).map_err(|source| unwritable(path, source))?;
    let mut file = BufWriter::new(file);
    let filled = fill(&mut file);
    let written = filled.and_then(|filled| {
        let file = file.into_inner().map_err(|error| unwritable(path, error.into_error()))?;
        file.sync_all().map_err(|source| unwritable(path, source))?;
        drop(file);
        let checked = check(filled, &temporary)?;
        fs::hard_link(&temporary, path).map_err(|source| unwritable(path, source))?;
        Ok(checked)
    });
    // What was written, or not, matters more than what is left beside it.
    fs::remove_file(&temporary).unwrap_or_default();
    let written = written?;
    sync_directory(path).map_err(|source| unwritable(path, source))?;
    Ok(written)
}

/// Writes a file in place of what may be there.
///
/// # Errors
/// When it cannot be written; what was there stays then.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let temporary = write_beside(path, content)?;
    fs::rename(temporary, path)
        .and_then(|()| sync_directory(path))
        .map_err(|source| unwritable(path, source))
}

/// Writes a file in place of one that is there, with its mode and its owner.
///
/// # Errors
/// When there is none, or it cannot be written; what was there stays then.
pub(crate) fn replace_alike(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let temporary = write_beside(path, content)?;
    let alike = fs::metadata(path).and_then(|found| {
        chown(&temporary, Some(found.uid()), Some(found.gid()))?;
        fs::set_permissions(&temporary, found.permissions())
    });
    let replaced = alike.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        fs::remove_file(&temporary).unwrap_or_default();
    }
    replaced.and_then(|()| sync_directory(path)).map_err(|source| unwritable(path, source))
}

/// Reads at most `limit` bytes; `-` is standard input.
///
/// # Errors
/// When there are more, or the file cannot be read.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| unreadable(path, source);
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut content = Vec::new();
    input.take(most).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() > limit {
        let reason = format!("it is longer than {limit} bytes");
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, reason)));
    }
    Ok(content)
}

/// Whether others than its owner may do anything with a file.
pub(crate) fn is_for_others(metadata: &Metadata) -> bool {
    metadata.mode() & FOR_OTHERS != 0
}

/// Where a file is written before it gets its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path)
}

fn write_beside(path: &Path, content: &[u8]) -> Result<PathBuf, Failure> {
    let temporary = beside(path);
    let written = create(&temporary)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    match written {
        Ok(()) => Ok(temporary),
        Err(source) => {
            // It may not exist: the failure that matters is the one before.
            fs::remove_file(&temporary).unwrap_or_default();
            Err(unwritable(path, source))
        }
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// The failure of a file that could not be written.
pub(crate) fn unwritable(path: &Path, source: io::Error) -> Failure {
    Failure::File { action: "cannot write", path: path.display().to_string(), source }
}

/// The failure of a file that could not be read.
pub(crate) fn unreadable(path: &Path, source: io::Error) -> Failure {
    Failure::File { action: "cannot read", path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_written_file_is_its_owners_alone_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        for content in [b"one".as_slice(), b"two"] {
            replace(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_exists_is_not_overwritten_by_a_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup");
        write_new(&path, b"one").unwrap();
        assert!(write_new(&path, b"two").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_was_not_filled_is_not_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("export");
        let no = || Failure::new(crate::exit::Exit::Failed, "no", "");
        let outcome = fill_new(&path, |out| {
            out.write_all(b"one").unwrap();
            Err::<(), _>(no())
        });
        assert!(outcome.is_err());
        let put = |bytes: &'static [u8]| {
            move |out: &mut BufWriter<File>| {
                out.write_all(bytes).map_err(|source| unwritable(Path::new("export"), source))
            }
        };
        let outcome = fill_and_check(&path, put(b"one"), |(), beside| {
            assert_eq!(fs::read(beside).unwrap(), b"one");
            Err::<(), _>(no())
        });
        assert!(outcome.is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fill_new(&path, put(b"onetwo")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"onetwo");
        assert!(fill_new(&path, put(b"three")).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("guard");
        fs::write(&path, [0; 11]).unwrap();
        assert!(read(&path, 10).is_err());
        assert_eq!(read(&path, 11).unwrap().len(), 11);
    }
}
