//! Sockets, connections and frames: one loop on one thread.
//!
//! Everything that arrived while the last batch was decided and written is the next batch, so the
//! more is asked at once, the more requests share one `fdatasync`. Nothing here knows what a request
//! means.

mod connection;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use protocol::{MAX_CONTROL_FRAME, MAX_SIGNER_FRAME};

use crate::dispatch::Role;
use crate::log;
use crate::service_manager::ServiceManager;
use crate::signer::{Incoming, Signer};
use connection::Connection;

/// Connections that one socket carries at a time; one more is closed at once.
const MAX_CONNECTIONS: usize = 64;
/// Connections that one socket gives to one round of the loop.
const MAX_ACCEPTED: usize = 16;
/// How long the loop sleeps at most, so that what depends on time happens.
const TICK: Duration = Duration::from_secs(1);

/// A socket that peers of one role connect to.
#[derive(Debug)]
pub struct Listener {
    role: Role,
    socket: UnixListener,
    /// The user who owns the socket's file, and so the one who may open it.
    owner: u32,
}

/// Why the signer cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The socket could not be made.
    #[error("{path}: {source}")]
    Bind {
        /// Which socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another signer answers there.
    #[error("{path}: another signer answers there; stop it first")]
    InUse {
        /// Which socket.
        path: PathBuf,
    },
    /// Waiting for events failed.
    #[error("waiting for requests: {0}")]
    Wait(io::Error),
}

/// Makes `signer.sock` and `control.sock` in `runtime_dir`, for the own user alone.
///
/// # Errors
/// When another signer answers there, or the sockets cannot be made.
pub fn bind(runtime_dir: &Path) -> Result<[Listener; 2], ListenError> {
    let bind_one = |role, name| {
        let path = runtime_dir.join(name);
        if UnixStream::connect(&path).is_ok() {
            return Err(ListenError::InUse { path });
        }
        bind_socket(role, &path).map_err(|source| ListenError::Bind { path, source })
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(runtime_dir)
        .map_err(|source| ListenError::Bind { path: runtime_dir.to_owned(), source })?;
    Ok([bind_one(Role::Gateway, "signer.sock")?, bind_one(Role::Operator, "control.sock")?])
}

/// The umask makes the socket's mode 0600 from its first moment.
fn bind_socket(role: Role, path: &Path) -> io::Result<Listener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let socket = UnixListener::bind(path)?;
    socket.set_nonblocking(true)?;
    let owner = std::fs::metadata(path)?.uid();
    Ok(Listener { role, socket, owner })
}

/// Serves until `stop` has a signal.
///
/// # Errors
/// When waiting for events fails.
pub fn serve(
    signer: &mut Signer,
    listeners: &[Listener],
    stop: &SignalFd,
    manager: &mut ServiceManager,
) -> Result<(), ListenError> {
    let tick = manager.patience().map_or(TICK, |patience| patience.min(TICK));
    let tick = PollTimeout::try_from(tick).unwrap_or(PollTimeout::ZERO);
    let mut connections: Vec<Connection> = Vec::new();
    loop {
        manager.alive(Instant::now());
        if wait(listeners, &connections, stop, tick).map_err(ListenError::Wait)? == Woken::ToStop {
            return Ok(());
        }
        for listener in listeners {
            accept(listener, &mut connections);
        }
        let now = Instant::now();
        for connection in &mut connections {
            connection.receive(now);
        }
        answer(signer, &mut connections);
        for connection in &mut connections {
            connection.send();
        }
        connections.retain(|connection| connection.is_alive(now));
        signer.tick();
    }
}

/// Decides one batch: what all connections asked since the last.
fn answer(signer: &mut Signer, connections: &mut [Connection]) {
    let mut batch = Vec::new();
    let mut senders = Vec::new();
    for (place, connection) in connections.iter_mut().enumerate() {
        for (id, request) in connection.take_requests() {
            batch.push(Incoming { role: connection.role(), request });
            senders.push((place, id));
        }
    }
    if batch.is_empty() {
        return;
    }
    for ((place, id), reply) in senders.into_iter().zip(signer.handle(batch)) {
        if let Some(connection) = connections.get_mut(place) {
            connection.reply(id, reply);
        }
    }
}

#[derive(PartialEq, Eq)]
enum Woken {
    ToWork,
    ToStop,
}

fn wait(
    listeners: &[Listener],
    connections: &[Connection],
    stop: &SignalFd,
    tick: PollTimeout,
) -> io::Result<Woken> {
    let readable = |descriptor| PollFd::new(descriptor, PollFlags::POLLIN);
    let mut polled = vec![readable(stop.as_fd())];
    polled.extend(listeners.iter().map(|listener| readable(listener.socket.as_fd())));
    polled.extend(connections.iter().map(poll_connection));
    match poll(&mut polled, tick) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let stopped = polled.first().and_then(PollFd::any).unwrap_or(false);
    Ok(if stopped { Woken::ToStop } else { Woken::ToWork })
}

fn poll_connection(connection: &Connection) -> PollFd<'_> {
    let descriptor: BorrowedFd<'_> = connection.as_fd();
    let mut interest = PollFlags::empty();
    interest.set(PollFlags::POLLIN, connection.wants_to_receive());
    interest.set(PollFlags::POLLOUT, connection.wants_to_send());
    PollFd::new(descriptor, interest)
}

/// A peer that connects without end keeps nobody waiting: the rest is for the next round.
fn accept(listener: &Listener, connections: &mut Vec<Connection>) {
    for _ in 0..MAX_ACCEPTED {
        let stream = match listener.socket.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) => {
                log::warning(format_args!("a connection could not be taken: {error}"));
                return;
            }
        };
        let of_role =
            connections.iter().filter(|connection| connection.role() == listener.role).count();
        if of_role >= MAX_CONNECTIONS || !is_allowed(&stream, listener.owner) {
            continue; // dropping it closes it
        }
        let limit = match listener.role {
            Role::Gateway => MAX_SIGNER_FRAME,
            Role::Operator => MAX_CONTROL_FRAME,
        };
        connections.push(Connection::new(stream, listener.role, limit));
    }
}

/// The file's mode lets nobody else connect; this is the second lock on the same door.
fn is_allowed(stream: &UnixStream, owner: u32) -> bool {
    match getsockopt(stream, PeerCredentials) {
        Ok(peer) => peer.uid() == owner || peer.uid() == 0,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_never_stops_connecting_is_left_for_the_next_round() {
        let directory = tempfile::TempDir::new().unwrap();
        let listener = bind_socket(Role::Gateway, &directory.path().join("socket")).unwrap();
        let connect = |_| UnixStream::connect(directory.path().join("socket")).unwrap();
        let peers: Vec<UnixStream> = (0..MAX_CONNECTIONS + 4).map(connect).collect();
        let mut connections = Vec::new();
        accept(&listener, &mut connections);
        assert!(connections.len() < peers.len() / 2, "{} at once", connections.len());
        while connections.len() < MAX_CONNECTIONS {
            accept(&listener, &mut connections);
        }
    }
}
