//! One `waiaas` a data directory: a lock that ends with the process that holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::UserError;
use crate::place::DataDir;

/// Held while the daemons run.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock and writes this process's number into it.
    ///
    /// # Errors
    /// When another process holds it.
    pub(super) fn take(data: &DataDir) -> Result<Self, UserError> {
        let mut file = open(data).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let pid = format!("{}\n", std::process::id());
                file.set_len(0).map_err(failed)?;
                file.write_all(pid.as_bytes()).map_err(failed)?;
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => Err(UserError::Running {
                directory: data.path().display().to_string(),
                pid: number(&mut file).unwrap_or_else(|| "unknown".to_owned()),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// The process that holds the lock, if one does.
///
/// # Errors
/// When the lock cannot be looked at.
pub(super) fn holder(data: &DataDir) -> Result<Option<i32>, UserError> {
    if !path(data).exists() {
        return Ok(None);
    }
    let mut file = open(data).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(number(&mut file).and_then(|pid| pid.parse().ok())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn path(data: &DataDir) -> PathBuf {
    data.runtime().join("waiaas.lock")
}

fn open(data: &DataDir) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path(data))
}

fn number(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn failed(source: io::Error) -> UserError {
    UserError::System { what: "the lock of the data directory cannot be used", source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_refused_until_the_first_has_ended() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        std::fs::create_dir(data.runtime()).unwrap();
        assert_eq!(holder(&data).unwrap(), None);
        let lock = Lock::take(&data).unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(holder(&data).unwrap(), Some(own));
        let error = Lock::take(&data).unwrap_err();
        assert!(error.to_string().contains(&own.to_string()), "{error}");
        drop(lock);
        assert_eq!(holder(&data).unwrap(), None);
        assert!(Lock::take(&data).is_ok());
    }
}
