//! Sockets, connections and frames: one loop on one thread.
//!
//! Everything that arrived while the last batch was decided and written is the next batch, so the
//! more is asked at once, the more requests share one `fdatasync`. Nothing here knows what a request
//! means.

mod connection;
mod handed_over;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{
    getsockopt,
    sockopt::{AcceptConn, PeerCredentials},
};
use nix::unistd::geteuid;
use protocol::{MAX_CONTROL_FRAME, MAX_SIGNER_FRAME};
use sandbox::Door;

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
    door: Door,
}

/// Why the signer cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The socket could not be made.
    #[error(
        "{path}: {source}; the sockets are made there: the directory must be one that the signer's user \
         may write (--runtime-dir)"
    )]
    Bind {
        /// Which socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else than a socket is there.
    #[error("{path}: this is no socket, and a socket has to be made there; move it away")]
    Taken {
        /// What is there.
        path: PathBuf,
    },
    /// The service manager handed over other sockets than it should.
    #[error(
        "the service manager must hand over two listening Unix sockets, `signer` and `control` \
         (FileDescriptorName= in their units): {0}"
    )]
    HandedOver(String),
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

/// The sockets that the service manager handed over under these `names`, or else `signer.sock` and
/// `control.sock` in `runtime_dir`, made for the own user alone.
///
/// # Errors
/// When other sockets were handed over, another signer answers there, or they cannot be made.
pub fn open(names: Option<&str>, runtime_dir: &Path) -> Result<[Listener; 2], ListenError> {
    match handed_over::take(names)? {
        Some(listeners) => Ok(listeners),
        None => bind(runtime_dir),
    }
}

fn bind(runtime_dir: &Path) -> Result<[Listener; 2], ListenError> {
    let bind_one = |role, name| {
        let path = runtime_dir.join(name);
        if UnixStream::connect(&path).is_ok() {
            return Err(ListenError::InUse { path });
        }
        match std::fs::symlink_metadata(&path) {
            Ok(found) if !found.file_type().is_socket() => return Err(ListenError::Taken { path }),
            Ok(_) | Err(_) => {}
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
    Listener::new(role, UnixListener::bind(path)?)
}

impl Listener {
    fn new(role: Role, socket: UnixListener) -> io::Result<Self> {
        if !getsockopt(&socket, AcceptConn)? {
            return Err(io::Error::other("it does not listen"));
        }
        socket.set_nonblocking(true)?;
        let door = Door::of(&socket).map_err(io::Error::other)?;
        check_role(role, (door.owner(), door.is_open_to_group()), geteuid().as_raw())?;
        Ok(Self { role, socket, door })
    }
}

/// The gateway is one user, whoever that is. Operators are root, or the signer's `own` user where it made
/// the socket, and whom they let in by a group.
fn check_role(role: Role, (owner, is_open_to_group): (u32, bool), own: u32) -> io::Result<()> {
    let wrong = match role {
        Role::Gateway if is_open_to_group => "a group may connect to its file",
        Role::Operator if ![0, own].contains(&owner) => "its file is not root's, whose it must be",
        Role::Gateway | Role::Operator => return Ok(()),
    };
    Err(io::Error::other(format!("{wrong}; find out who changed it, and restart its socket unit")))
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
    let mut ready = Vec::new();
    loop {
        manager.alive(Instant::now());
        wait(listeners, &connections, stop, tick, &mut ready).map_err(ListenError::Wait)?;
        let [is_to_stop, ready @ ..] = ready.as_slice() else { continue };
        if *is_to_stop {
            return Ok(());
        }
        let (at_doors, with_bytes) = ready.split_at(listeners.len().min(ready.len()));
        let now = Instant::now();
        for (connection, _ready) in
            connections.iter_mut().zip(with_bytes).filter(|(_, ready)| **ready)
        {
            connection.receive(now);
        }
        for (listener, _ready) in listeners.iter().zip(at_doors).filter(|(_, ready)| **ready) {
            accept(listener, &mut connections);
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

/// Sleeps until there is something to do, and notes for each descriptor whether it is ready: `stop`, the
/// listeners, the connections.
fn wait(
    listeners: &[Listener],
    connections: &[Connection],
    stop: &SignalFd,
    tick: PollTimeout,
    ready: &mut Vec<bool>,
) -> io::Result<()> {
    let readable = |descriptor| PollFd::new(descriptor, PollFlags::POLLIN);
    let mut polled = vec![readable(stop.as_fd())];
    polled.extend(listeners.iter().map(|listener| readable(listener.socket.as_fd())));
    polled.extend(connections.iter().map(poll_connection));
    match poll(&mut polled, tick) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    ready.clear();
    ready.extend(polled.iter().map(|descriptor| descriptor.any().unwrap_or(true)));
    Ok(())
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
        if of_role >= MAX_CONNECTIONS || !is_allowed(&stream, listener.door) {
            continue; // dropping it closes it
        }
        let limit = match listener.role {
            Role::Gateway => MAX_SIGNER_FRAME,
            Role::Operator => MAX_CONTROL_FRAME,
        };
        connections.push(Connection::new(stream, listener.role, limit));
    }
}

/// A peer that the kernel does not name is nobody.
fn is_allowed(stream: &UnixStream, door: Door) -> bool {
    getsockopt(stream, PeerCredentials).is_ok_and(|peer| door.admits(peer.uid()))
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::SocketAddr;

    use super::*;

    fn with_mode(role: Role, mode: u32) -> io::Result<Listener> {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixListener::bind(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        Listener::new(role, socket)
    }

    #[test]
    fn a_socket_is_refused_whose_file_lets_in_others_than_its_role_is_for() {
        for (role, mode, wrong) in [
            (Role::Gateway, 0o600, None),
            (Role::Gateway, 0o644, None),
            (Role::Gateway, 0o660, Some("a group may connect")),
            (Role::Gateway, 0o666, Some("every user may connect")),
            (Role::Operator, 0o600, None),
            (Role::Operator, 0o660, None),
            (Role::Operator, 0o662, Some("every user may connect")),
        ] {
            let error = with_mode(role, mode).err().map(|error| error.to_string());
            let is_it =
                error.as_deref().map(|said| wrong.is_some_and(|wrong| said.contains(wrong)));
            assert_eq!(is_it, wrong.map(|_| true), "{role:?} {mode:o}: {error:?}");
        }
    }

    #[test]
    fn the_gateways_socket_is_one_users_and_the_operators_roots_or_the_signers_own() {
        const GATEWAY: u32 = 997;
        const OWN: u32 = 998;
        const UNKNOWN: u32 = 65_534;
        for (role, owner, is_open_to_group, fits) in [
            (Role::Gateway, GATEWAY, false, true),
            (Role::Gateway, UNKNOWN, false, true),
            (Role::Gateway, OWN, false, true),
            (Role::Gateway, GATEWAY, true, false),
            (Role::Operator, 0, true, true),
            (Role::Operator, 0, false, true),
            (Role::Operator, OWN, false, true),
            (Role::Operator, GATEWAY, false, false),
            (Role::Operator, UNKNOWN, true, false),
        ] {
            let checked = check_role(role, (owner, is_open_to_group), OWN);
            assert_eq!(checked.is_ok(), fits, "{role:?} {owner} {is_open_to_group}");
        }
    }

    #[test]
    fn a_socket_without_a_file_in_sight_is_refused() {
        let name = format!("waiaas-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let socket = UnixListener::bind_addr(&address).unwrap();
        let error = Listener::new(Role::Gateway, socket).unwrap_err();
        assert!(error.to_string().contains("has no file"), "{error}");

        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixListener::bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = Listener::new(Role::Gateway, socket).unwrap_err();
        assert!(error.to_string().contains("out of sight"), "{error}");
    }

    #[test]
    fn a_peer_is_asked_for_by_the_kernels_word() {
        let door = with_mode(Role::Gateway, 0o600).unwrap().door;
        let (stream, _peer) = UnixStream::pair().unwrap();
        assert!(is_allowed(&stream, door), "its own user");
    }

    #[test]
    fn a_file_in_the_way_of_a_socket_is_left_and_an_old_socket_is_not() {
        let directory = tempfile::TempDir::new().unwrap();
        drop(bind(directory.path()).unwrap());
        drop(bind(directory.path()).unwrap());
        let path = directory.path().join("control.sock");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(bind(directory.path()), Err(ListenError::Taken { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

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
