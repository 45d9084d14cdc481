//! Where requests come in: an address of this machine and the gateway's own socket, from systemd
//! where it opened them, else opened here. All of it happens before the process gives up the right
//! to.

use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use ::sandbox::{Door, DoorError};
use listenfd::ListenFd;

use crate::config::Settings;
use crate::http::Listener;

/// The socket's name in the runtime directory.
const SOCKET: &str = "gateway.sock";

/// Why there is nowhere to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error(
        "another program listens on {0}; as root, ss -ltnp 'sport = :{port}' names it. Stop it, or \
         set another [daemon] port",
        port = .0.port()
    )]
    Taken(SocketAddr),
    /// The address is not allowed, or not this machine's.
    #[error("cannot listen on {address}; change [daemon] hostname or port")]
    Address {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The socket cannot be made.
    #[error("cannot listen on {}", .path.display())]
    Socket {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something else stands where the socket belongs.
    #[error("{} is not a socket: move it away", .0.display())]
    NotASocket(PathBuf),
    /// Another gateway answers there.
    #[error("another gatewayd answers at {}: stop it, or name another --runtime-dir", .0.display())]
    Answered(PathBuf),
    /// systemd passed on an address that other machines reach.
    #[error(
        "systemd listens on {0}, which other machines can reach; run systemctl edit \
         waiaas-gatewayd.socket and set ListenStream= to an address of the loopback interface"
    )]
    Exposed(SocketAddr),
    /// systemd passed on something that is no listening socket.
    #[error("what systemd passed on is no listening socket")]
    Inherited(#[source] io::Error),
    /// Who connects to the gateway's own socket would be anybody.
    #[error(transparent)]
    Door(#[from] DoorError),
}

impl ListenError {
    /// Whether starting again changes nothing as long as nobody acts.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Taken(_)
            | Self::Socket { .. }
            | Self::Inherited(_)
            | Self::Door(DoorError::Nowhere(_)) => false,
            Self::Address { .. }
            | Self::NotASocket(_)
            | Self::Answered(_)
            | Self::Exposed(_)
            | Self::Door(
                DoorError::OpenToAll(_) | DoorError::OutOfSight { .. } | DoorError::NoFile,
            ) => true,
        }
    }
}

/// A listening socket, before there is a runtime to serve it.
#[derive(Debug)]
pub(crate) enum Socket {
    /// An address of this machine.
    Tcp(TcpListener),
    /// The gateway's own, and whom it lets in.
    Unix(UnixListener, Door),
}

impl Socket {
    /// Hands the socket to the runtime that this is called in.
    ///
    /// # Errors
    /// When the system does not let the runtime watch it.
    pub(crate) fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Listener::Tcp(tokio::net::TcpListener::from_std(socket)?)
            }
            Self::Unix(socket, door) => {
                socket.set_nonblocking(true)?;
                Listener::Unix(tokio::net::UnixListener::from_std(socket)?, door)
            }
        })
    }
}

/// The sockets of systemd, if it passed any on; else the address of the settings and the socket in
/// `runtime_dir`.
///
/// # Errors
/// When one cannot be opened, or systemd passed on something else.
pub(crate) fn open(settings: &Settings, runtime_dir: &Path) -> Result<Vec<Socket>, ListenError> {
    let address = SocketAddr::new(settings.daemon.hostname.address(), settings.daemon.port);
    let inherited = inherited()?;
    if inherited.is_empty() {
        let sockets = vec![tcp(address)?, unix(runtime_dir.join(SOCKET))?];
        tracing::info!(%address, "listening");
        return Ok(sockets);
    }
    for socket in &inherited {
        if let Socket::Tcp(socket) = socket {
            let found = socket.local_addr().map_err(ListenError::Inherited)?;
            if let Some(warning) = check_inherited(found, address)? {
                tracing::warn!("{warning}");
            }
        }
    }
    Ok(inherited)
}

fn inherited() -> Result<Vec<Socket>, ListenError> {
    let mut passed_on = ListenFd::from_env();
    let mut sockets = Vec::new();
    for position in 0..passed_on.len() {
        match passed_on.take_unix_listener(position) {
            Ok(socket) => sockets.extend(socket.map(with_door).transpose()?),
            Err(_not_unix) => {
                let socket = passed_on.take_tcp_listener(position);
                sockets.extend(socket.map_err(ListenError::Inherited)?.map(Socket::Tcp));
            }
        }
    }
    Ok(sockets)
}

fn with_door(socket: UnixListener) -> Result<Socket, ListenError> {
    let door = Door::of(&socket)?;
    Ok(Socket::Unix(socket, door))
}

/// What to tell the operator of a socket that systemd opened at `found`, where the settings say
/// `wanted`.
fn check_inherited(found: SocketAddr, wanted: SocketAddr) -> Result<Option<String>, ListenError> {
    if !found.ip().is_loopback() {
        return Err(ListenError::Exposed(found));
    }
    Ok((found != wanted).then(|| {
        format!(
            "systemd listens on {found}, so that [daemon] hostname and port, {wanted}, mean \
             nothing. To listen there, run systemctl edit waiaas-gatewayd.socket, write \
             [Socket], ListenStream= and ListenStream={wanted} as three lines, and run systemctl \
             restart waiaas-gatewayd.socket"
        )
    }))
}

fn tcp(address: SocketAddr) -> Result<Socket, ListenError> {
    TcpListener::bind(address).map(Socket::Tcp).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ListenError::Taken(address)
        } else {
            ListenError::Address { address, source }
        }
    })
}

/// Takes the place of a socket that a program left behind which was killed.
fn unix(path: PathBuf) -> Result<Socket, ListenError> {
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NotASocket(path)),
        Ok(_) if UnixStream::connect(&path).is_ok() => return Err(ListenError::Answered(path)),
        Ok(_) => fs::remove_file(&path)
            .map_err(|source| ListenError::Socket { path: path.clone(), source })?,
        Err(_nothing_there) => {}
    }
    let listen = || {
        let socket = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(socket)
    };
    with_door(listen().map_err(|source| ListenError::Socket { path: path.clone(), source })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_left_behind_is_replaced_and_belongs_to_its_user() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        drop(unix(path.clone()).unwrap());
        let _socket = unix(path.clone()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_socket_that_somebody_answers_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        let _first = unix(path.clone()).unwrap();
        assert!(matches!(unix(path.clone()), Err(ListenError::Answered(_))));
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[test]
    fn a_file_in_the_sockets_place_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        fs::write(&path, "somebody's").unwrap();
        assert!(matches!(unix(path.clone()), Err(ListenError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
    }

    #[test]
    fn a_port_that_is_taken_is_named_with_what_to_do() {
        let Socket::Tcp(first) = tcp("127.0.0.1:0".parse().unwrap()).unwrap() else {
            panic!("a TCP socket")
        };
        let address = first.local_addr().unwrap();
        let error = tcp(address).unwrap_err();
        let port = format!("'sport = :{}'", address.port());
        assert!(matches!(error, ListenError::Taken(_)) && error.to_string().contains(&port));
        drop(first);
        assert!(tcp(address).is_ok());
    }

    #[test]
    fn an_inherited_address_that_the_settings_do_not_name_is_told_with_what_to_change() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (found, wanted, warned) in [
            ("127.0.0.1:3100", "127.0.0.1:3100", false),
            ("[::1]:3100", "[::1]:3100", false),
            ("127.0.0.1:3100", "127.0.0.1:3101", true),
            ("127.0.0.1:3100", "127.0.0.2:3100", true),
            ("[::1]:3100", "127.0.0.1:3100", true),
        ] {
            let warning = check_inherited(address(found), address(wanted)).unwrap();
            assert_eq!(warning.is_some(), warned, "{found} {wanted}");
            let text = warning.unwrap_or_default();
            assert!(!warned || text.contains(&format!("ListenStream={wanted}")), "{text}");
        }
    }

    #[test]
    fn an_inherited_address_that_other_machines_reach_is_refused() {
        for found in ["0.0.0.0:3100", "[::]:3100", "192.0.2.1:3100", "[::ffff:127.0.0.1]:3100"] {
            let refused = check_inherited(found.parse().unwrap(), found.parse().unwrap());
            assert!(matches!(refused, Err(ListenError::Exposed(_))), "{found}");
        }
    }
}
