//! Connections: accepted up to a limit, served, and let finish at the end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::sandbox::Door;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use nix::unistd::Uid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::asker;
use crate::session::Master;

/// What [`Patience::head`] is, but for tests.
const HEAD_ARRIVAL: Duration = Duration::from_secs(10);
/// The longest head, in bytes.
const MAX_HEAD: usize = 32 << 10;
/// The most headers.
const MAX_HEADERS: usize = 64;
/// How long to wait after an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where requests come in.
#[derive(Debug)]
pub enum Listener {
    /// An address of this machine.
    Tcp(TcpListener),
    /// The gateway's own socket, and whom it lets in.
    Unix(UnixListener, Door),
}

/// Who is at the other end of a connection, as the kernel tells it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    /// Somebody on this machine.
    Tcp {
        /// The connection's address.
        address: IpAddr,
    },
    /// An operator, whom the gateway's own socket let in.
    Operator(Master),
}

impl Peer {
    /// As the audit trail tells of it.
    pub(super) fn connection(self) -> asker::Connection {
        match self {
            Self::Tcp { address } => asker::Connection::Tcp(address),
            Self::Operator(operator) => asker::Connection::Socket(operator.uid().map(Uid::as_raw)),
        }
    }
}

enum Connection {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream, Master),
}

/// How much is put up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Connections that are open at once; who comes then waits in the kernel.
    pub connections: usize,
    /// How long the head of a request may take to arrive, and an idle connection may stay.
    pub head: Duration,
}

impl Patience {
    /// Ten seconds for a head, and so many connections.
    pub const fn new(connections: usize) -> Self {
        Self { connections, head: HEAD_ARRIVAL }
    }
}

/// Serves what comes in by `listener` until `ending` turns true; then waits until the requests that
/// run are answered.
pub async fn serve(
    listener: Listener,
    router: Router,
    patience: Patience,
    mut ending: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = accept_all(&listener, &router, patience, &graceful) => {}
        _ended = ending.wait_for(|ending| *ending) => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept_all(
    listener: &Listener,
    router: &Router,
    patience: Patience,
    graceful: &GracefulShutdown,
) {
    let open = Arc::new(Semaphore::new(patience.connections));
    while let Ok(permit) = Arc::clone(&open).acquire_owned().await {
        match listener.accept().await {
            Ok(connection) => {
                let served = connection.serve(router.clone(), patience, graceful.watcher());
                tokio::spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<Connection> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                if let Err(error) = stream.set_nodelay(true) {
                    // It is gone already, which no other connection shall wait for.
                    tracing::debug!(%error, "a connection broke");
                }
                Ok(Connection::Tcp(stream, address))
            }
            Self::Unix(listener, door) => loop {
                let (stream, _unnamed) = listener.accept().await?;
                let uid = Uid::from_raw(stream.peer_cred()?.uid());
                if let Some(operator) = Master::from_peer(*door, uid) {
                    return Ok(Connection::Unix(stream, operator));
                } // else dropping it closes it
            },
        }
    }
}

impl Connection {
    async fn serve(self, router: Router, patience: Patience, watcher: Watcher) {
        match self {
            Self::Tcp(stream, address) => {
                let peer = Peer::Tcp { address: address.ip() };
                serve_stream(stream, peer, router, (patience, watcher)).await;
            }
            Self::Unix(stream, operator) => {
                let peer = Peer::Operator(operator);
                serve_stream(stream, peer, router, (patience, watcher)).await;
            }
        }
    }
}

async fn serve_stream<S>(
    stream: S,
    peer: Peer,
    router: Router,
    (patience, watcher): (Patience, Watcher),
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection broke");
    }
}
