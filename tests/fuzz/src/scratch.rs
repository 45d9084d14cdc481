//! A directory in memory for one input.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Removed when it is dropped. A process has one at a time.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty directory that no other user can read.
    pub fn new() -> Self {
        let path = Path::new("/dev/shm").join(format!("fuzz-{}", std::process::id()));
        let scratch = Self(path);
        scratch.remove();
        DirBuilder::new().mode(0o700).create(&scratch.0).expect("there is room in memory");
        scratch
    }

    /// A file or directory in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn remove(&self) {
        // It need not be there.
        drop(fs::remove_dir_all(&self.0));
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}
