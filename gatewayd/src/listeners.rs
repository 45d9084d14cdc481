//! Where requests come in: an address of this machine and the gateway's own socket, from systemd
//! where it opened them, else opened here.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use crate::config::Settings;
use crate::http::Listener;

/// The socket's name in the runtime directory.
const SOCKET: &str = "gateway.sock";

/// Why there is nowhere to listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}")]
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
    /// systemd passed on something that is no listening socket.
    #[error("what systemd passed on is no listening socket")]
    Inherited(#[source] io::Error),
}

/// The listeners of systemd, if it passed any on; else the address of the settings and the socket
/// in `runtime_dir`.
///
/// # Errors
/// When one cannot be opened, or systemd passed on something else.
pub(crate) fn open(settings: &Settings, runtime_dir: &Path) -> Result<Vec<Listener>, ListenError> {
    let inherited = inherited().map_err(ListenError::Inherited)?;
    if !inherited.is_empty() {
        return Ok(inherited);
    }
    let address = SocketAddr::new(settings.daemon.hostname.address(), settings.daemon.port);
    let tcp = tcp(address).map_err(|source| ListenError::Address { address, source })?;
    tracing::info!(%address, "listening");
    Ok(vec![tcp, unix(runtime_dir.join(SOCKET))?])
}

fn inherited() -> io::Result<Vec<Listener>> {
    let mut passed_on = ListenFd::from_env();
    let mut listeners = Vec::new();
    for position in 0..passed_on.len() {
        let listener = match passed_on.take_unix_listener(position) {
            Ok(Some(listener)) => {
                listener.set_nonblocking(true)?;
                Listener::Unix(UnixListener::from_std(listener)?)
            }
            Ok(None) => continue,
            Err(_not_unix) => match passed_on.take_tcp_listener(position)? {
                Some(listener) => {
                    listener.set_nonblocking(true)?;
                    Listener::Tcp(TcpListener::from_std(listener)?)
                }
                None => continue,
            },
        };
        listeners.push(listener);
    }
    Ok(listeners)
}

fn tcp(address: SocketAddr) -> io::Result<Listener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::Tcp)
}

/// Takes the place of a socket that a program left behind which was killed.
fn unix(path: PathBuf) -> Result<Listener, ListenError> {
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NotASocket(path)),
        Ok(_) => fs::remove_file(&path)
            .map_err(|source| ListenError::Socket { path: path.clone(), source })?,
        Err(_nothing_there) => {}
    }
    let listen = || {
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    listen()
        .map(Listener::Unix)
        .map_err(|source| ListenError::Socket { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_belongs_to_its_user() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        drop(unix(path.clone()).unwrap());
        let _listener = unix(path.clone()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_file_in_the_sockets_place_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        fs::write(&path, "somebody's").unwrap();
        assert!(matches!(unix(path.clone()), Err(ListenError::NotASocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
    }
}
