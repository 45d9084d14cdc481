//! What the service manager is told (`sd_notify(3)`), over a socket that is connected before the
//! sandbox closes the way there.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, send};

use crate::config::Notices;
use crate::log;

/// The service manager, if there is one.
#[derive(Debug, Default)]
pub struct ServiceManager {
    socket: Option<UnixDatagram>,
    /// How often it is told that this process lives: twice in the time that it waits.
    every: Option<Duration>,
    told_at: Option<Instant>,
}

impl ServiceManager {
    /// Connects to where it listens. That it does not is no reason not to start: it will say so by
    /// itself.
    pub fn connect(notices: &Notices) -> Self {
        let Some(address) = &notices.socket else { return Self::default() };
        match connect(address) {
            Ok(socket) => Self {
                socket: Some(socket),
                every: notices.watchdog.and_then(|time| time.checked_div(2)),
                told_at: None,
            },
            Err(error) => {
                log::warning(format_args!("the service manager cannot be told anything: {error}"));
                Self::default()
            }
        }
    }

    /// Requests are answered from now on.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// No more requests are answered.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// To be called at least as often as [`ServiceManager::patience`] says.
    pub(crate) fn alive(&mut self, now: Instant) {
        let Some(every) = self.every else { return };
        if self.told_at.is_none_or(|told_at| now.duration_since(told_at) >= every) {
            self.told_at = Some(now);
            self.tell("WATCHDOG=1");
        }
    }

    /// How long it may wait for the next word.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.every
    }

    /// It never waits: a manager that reads no more will notice by itself.
    fn tell(&self, word: &str) {
        let Some(socket) = &self.socket else { return };
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        if let Err(error) = send(socket.as_raw_fd(), word.as_bytes(), flags) {
            log::warning(format_args!("the service manager was not told {word}: {error}"));
        }
    }
}

fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(socket: &OsStr, watchdog: Option<Duration>) -> ServiceManager {
        ServiceManager::connect(&Notices { socket: Some(socket.to_owned()), watchdog })
    }

    fn heard(listener: &UnixDatagram) -> Option<String> {
        listener.set_nonblocking(true).unwrap();
        let mut word = [0; 64];
        let length = listener.recv(&mut word).ok()?;
        Some(String::from_utf8_lossy(&word[..length]).into_owned())
    }

    #[test]
    fn it_is_told_by_a_path_or_an_abstract_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let name = format!("waiaas-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let rows = [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}").into()),
        ];
        for (listener, address) in rows {
            let manager = manager(&address, None);
            manager.ready();
            manager.stopping();
            assert_eq!(heard(&listener).as_deref(), Some("READY=1"));
            assert_eq!(heard(&listener).as_deref(), Some("STOPPING=1"));
        }
    }

    #[test]
    fn the_watchdog_hears_twice_in_the_time_that_it_waits_and_not_more_often() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let mut manager = manager(path.as_os_str(), Some(Duration::from_secs(10)));
        assert_eq!(manager.patience(), Some(Duration::from_secs(5)));
        let start = Instant::now();
        for (seconds, told) in [(0, true), (1, false), (4, false), (5, true), (6, false)] {
            manager.alive(start + Duration::from_secs(seconds));
            assert_eq!(heard(&listener).is_some(), told, "after {seconds} s");
        }
    }

    #[test]
    fn nobody_is_told_anything_where_there_is_nobody() {
        let mut nobody = manager(OsStr::new("/nowhere/notify"), Some(Duration::from_secs(1)));
        nobody.ready();
        nobody.alive(Instant::now());
        assert_eq!(nobody.patience(), None);
    }
}
