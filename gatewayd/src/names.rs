//! The files by which glibc looks names up, and what to do when one is replaced.
//!
//! The right to read one is a right to this very file ([`crate::sandbox`]), while DHCP clients write a
//! new `/etc/resolv.conf` and give it the old one's name. A right to all of `/etc` would be one to
//! what else is there; a process of its own for names would be a second program to confine. So the
//! gateway ends when that happens, with a status that asks for another start: its sockets are
//! systemd's, what waits is in the database, and nothing is lost but a moment.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;

/// Each with what it says.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("/etc/gai.conf", "which address of a name is tried first"),
    ("/etc/host.conf", "how glibc looks names up"),
    ("/etc/hosts", "names of nodes that this machine knows"),
    ("/etc/nsswitch.conf", "where glibc looks names up"),
    ("/etc/resolv.conf", "who is asked for names"),
];

/// Longer than a tenth of `StartLimitIntervalSec` in the unit: a file that is replaced again and again
/// does not keep the gateway down.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// What could not be read before the process gave up any file.
#[derive(Debug)]
pub(crate) struct ClosedBefore(Vec<&'static Path>);

impl ClosedBefore {
    /// Looks. To be called before the process is confined.
    pub(crate) fn look() -> Self {
        Self(closed().collect())
    }

    /// Waits until there is another file that cannot be read. Its path.
    pub(crate) async fn replaced(self, clock: &Clock) -> PathBuf {
        loop {
            clock.sleep(LOOK_AGAIN).await;
            if let Some(path) = closed().find(|path| !self.0.contains(path)) {
                return path.to_owned();
            }
        }
    }
}

/// Those that are there and may not be read.
fn closed() -> impl Iterator<Item = &'static Path> {
    let is_closed = |path: &&Path| {
        File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    };
    FILES.iter().map(|(path, _why)| Path::new(path)).filter(is_closed)
}
