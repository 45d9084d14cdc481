//! Where requests come in: an address of this machine, the gateway's own socket, and an address for
//! metrics where one is set; from systemd where it opened them, else opened here. All of it happens before the process gives up the right
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
/// What systemd calls the socket for metrics: `FileDescriptorName=` of `waiaas-metrics.socket`.
const FOR_METRICS: &str = "metrics";
/// What sets the addresses.
const PORT: &str = "[daemon] port";
const METRICS_LISTEN: &str = "[metrics] listen";

/// Why there is nowhere to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens there.
    #[error(
        "another program listens on {address}; as root, ss -ltnp 'sport = :{port}' names it. Stop \
         it, or set another {setting}",
        port = .address.port()
    )]
    Taken {
        /// Which address.
        address: SocketAddr,
        /// What sets it.
        setting: &'static str,
    },
    /// The address is not allowed, or not this machine's.
    #[error("cannot listen on {address}; change {setting}")]
    Address {
        /// Which address.
        address: SocketAddr,
        /// What sets it.
        setting: &'static str,
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
         waiaas-gatewayd.socket or waiaas-metrics.socket and set ListenStream= to an address of the \
         loopback interface"
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
            Self::Taken { .. }
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
    /// An address of this machine, for metrics alone.
    Metrics(TcpListener),
}

/// What a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Everything.
    Requests,
    /// `GET /metrics`.
    Metrics,
}

impl Socket {
    /// What is answered there.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self {
            Self::Tcp(_) | Self::Unix(..) => Purpose::Requests,
            Self::Metrics(_) => Purpose::Metrics,
        }
    }

    /// Hands the socket to the runtime that this is called in.
    ///
    /// # Errors
    /// When the system does not let the runtime watch it.
    pub(crate) fn into_listener(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(socket) | Self::Metrics(socket) => {
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
        let mut sockets = vec![Socket::Tcp(tcp(address, PORT)?), unix(runtime_dir.join(SOCKET))?];
        tracing::info!(%address, "listening");
        if let Some(address) = settings.metrics.listen {
            sockets.push(Socket::Metrics(tcp(address, METRICS_LISTEN)?));
            tracing::info!(%address, "listening for who reads metrics");
        }
        return Ok(sockets);
    }
    for socket in &inherited {
        let warning = match socket {
            Socket::Tcp(socket) => check_inherited(address_of(socket)?, address)?,
            Socket::Metrics(socket) => check_loopback(address_of(socket)?).map(|()| None)?,
            Socket::Unix(..) => None,
        };
        if let Some(warning) = warning {
            tracing::warn!("{warning}");
        }
    }
    let has_metrics = inherited.iter().any(|socket| socket.purpose() == Purpose::Metrics);
    if settings.metrics.listen.is_some() && !has_metrics {
        tracing::warn!(
            "systemd opens the sockets, so that {METRICS_LISTEN} means nothing: run systemctl \
             enable waiaas-metrics.socket and systemctl restart waiaas-gatewayd.service"
        );
    }
    Ok(inherited)
}

fn inherited() -> Result<Vec<Socket>, ListenError> {
    let names = sd_notify::listen_fds_with_names().map_err(ListenError::Inherited)?;
    let names: Vec<String> = names.map(|(_descriptor, name)| name).collect();
    let mut passed_on = ListenFd::from_env();
    let mut sockets = Vec::new();
    for position in 0..passed_on.len() {
        match passed_on.take_unix_listener(position) {
            Ok(socket) => sockets.extend(socket.map(with_door).transpose()?),
            Err(_not_unix) => {
                let socket = passed_on.take_tcp_listener(position);
                let is_for_metrics = names.get(position).is_some_and(|name| name == FOR_METRICS);
                let kind = if is_for_metrics { Socket::Metrics } else { Socket::Tcp };
                sockets.extend(socket.map_err(ListenError::Inherited)?.map(kind));
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
    check_loopback(found)?;
    Ok((found != wanted).then(|| {
        format!(
            "systemd listens on {found}, so that [daemon] hostname and port, {wanted}, mean \
             nothing. To listen there, run systemctl edit waiaas-gatewayd.socket, write \
             [Socket], ListenStream= and ListenStream={wanted} as three lines, and run systemctl \
             restart waiaas-gatewayd.socket"
        )
    }))
}

fn check_loopback(found: SocketAddr) -> Result<(), ListenError> {
    if found.ip().is_loopback() { Ok(()) } else { Err(ListenError::Exposed(found)) }
}

fn address_of(socket: &TcpListener) -> Result<SocketAddr, ListenError> {
    socket.local_addr().map_err(ListenError::Inherited)
}

fn tcp(address: SocketAddr, setting: &'static str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ListenError::Taken { address, setting }
        } else {
            ListenError::Address { address, setting, source }
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
        let first = tcp("127.0.0.1:0".parse().unwrap(), PORT).unwrap();
        let address = first.local_addr().unwrap();
        let error = tcp(address, PORT).unwrap_err();
        let port = format!("'sport = :{}'", address.port());
        assert!(matches!(error, ListenError::Taken { .. }) && error.to_string().contains(&port));
        drop(first);
        assert!(tcp(address, PORT).is_ok());
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
