//! The process: what the kernel counts of it, by files that were opened before the program gave up
//! the right to open any.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statfs::fstatfs;

use super::family::{
    DISK_FREE_BYTES, PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_RESIDENT, PROCESS_THREADS,
    PROCESS_VIRTUAL,
};
use super::{Number, Scrape};

/// The longest of those files, in bytes.
const MOST: usize = 8 << 10;
/// Microseconds of a tick: `USER_HZ` is 100 wherever Linux runs (`proc_pid_stat(5)`).
const TICK_MICROS: u64 = 10_000;

/// Files that say how the process is.
#[derive(Debug)]
pub struct OwnProcess {
    stat: File,
    status: File,
    descriptors: File,
    disk: File,
    most_descriptors: Option<u64>,
}

impl OwnProcess {
    /// Opens them; `state` is on the disk that is looked at.
    ///
    /// # Errors
    /// When one cannot be opened, as where there is no `/proc`.
    pub fn open(state: &Path) -> io::Result<Self> {
        Ok(Self {
            stat: File::open("/proc/self/stat")?,
            status: File::open("/proc/self/status")?,
            descriptors: File::open("/proc/self/fd")?,
            disk: File::open(state)?,
            most_descriptors: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _hard)| soft),
        })
    }

    /// Adds what they say; what cannot be read is left out.
    pub(super) fn put(&self, scrape: &mut Scrape) {
        let (stat, status) = (read(&self.stat), read(&self.status));
        scrape.put_known(PROCESS_CPU, [], cpu_micros(&stat).map(Number::Millionths));
        scrape.put_known(PROCESS_RESIDENT, [], kibibytes(&status, "VmRSS:"));
        scrape.put_known(PROCESS_VIRTUAL, [], kibibytes(&status, "VmSize:"));
        scrape.put_known(PROCESS_THREADS, [], value(&status, "Threads:"));
        // The size of that directory is how many there are, from Linux 6.2 on.
        let open = self.descriptors.metadata().ok().map(|found| found.len());
        scrape.put_known(PROCESS_FDS, [], open.filter(|open| *open > 0));
        scrape.put_known(PROCESS_MAX_FDS, [], self.most_descriptors);
        scrape.put_known(DISK_FREE_BYTES, [], free_bytes(&self.disk));
    }
}

fn read(file: &File) -> String {
    let mut bytes = vec![0; MOST];
    let length = file.read_at(&mut bytes, 0).unwrap_or_default();
    bytes.truncate(length);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The 14th and 15th field of `proc_pid_stat(5)`, behind a name that may have spaces in it.
fn cpu_micros(stat: &str) -> Option<u64> {
    let (_name, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
    ticks.next()??.checked_add(ticks.next()??)?.checked_mul(TICK_MICROS)
}

/// A line of `proc_pid_status(5)`.
fn value(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    value(status, name)?.checked_mul(1 << 10)
}

fn free_bytes(disk: &File) -> Option<u64> {
    let found = fstatfs(disk).ok()?;
    found.blocks_available().checked_mul(u64::try_from(found.block_size()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        let stat = "42 (a ) name) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_micros(stat), Some(3_000_000));
        let status = "Name:\tgatewayd\nVmSize:\t  200 kB\nVmRSS:\t   12 kB\nThreads:\t9\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(12 << 10));
        assert_eq!(value(status, "Threads:"), Some(9));
        for nothing in ["", "42 (name", "42 (name) S 1", "VmRSS:\t\n"] {
            assert_eq!((cpu_micros(nothing), kibibytes(nothing, "VmRSS:")), (None, None));
        }
    }

    #[test]
    fn this_process_has_memory_threads_and_a_disk() {
        let directory = tempfile::tempdir().unwrap();
        let mut scrape = Scrape::default();
        OwnProcess::open(directory.path()).unwrap().put(&mut scrape);
        let found: Vec<String> = scrape.samples().map(|(name, ..)| name).collect();
        for family in [PROCESS_CPU, PROCESS_RESIDENT, PROCESS_THREADS, DISK_FREE_BYTES] {
            assert!(found.iter().any(|name| name == family.name), "{}: {found:?}", family.name);
        }
    }
}
