//! Connections: accepted up to a limit, served, and let finish at the end.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::sandbox::Door;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::Uid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use super::crowd::{Crowd, Phase};
use crate::asker;
use crate::session::Master;

/// What [`Patience::head`] is, but for tests.
const HEAD_ARRIVAL: Duration = Duration::from_secs(10);
/// The longest head, in bytes.
const MAX_HEAD: usize = 32 << 10;
/// The most headers.
const MAX_HEADERS: usize = 64;
/// How long the last answer of a connection that has to leave may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);
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

/// A process of this machine has millions of addresses, and is one client.
fn one_of_this_machine(address: IpAddr) -> IpAddr {
    let mapped = address.to_canonical();
    if mapped.is_loopback() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { mapped }
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
    /// Connections that are open at once. For one more the one leaves that has waited longest for its
    /// client; where all are being served, who comes waits.
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
    ending: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(patience.connections));
    let house = House { router, patience, crowd: Arc::default(), ending };
    let mut ending = house.ending.clone();
    tokio::select! {
        () = accept_all(&listener, &house, &room) => {}
        _ended = ending.wait_for(|ending| *ending) => {}
    }
    drop(listener);
    let all = u32::try_from(patience.connections).unwrap_or(u32::MAX);
    // Each connection holds one until it is over; nobody closes the semaphore.
    let _all_are_over = room.acquire_many(all).await;
}

/// What the connections of one listener share.
#[derive(Clone)]
struct House {
    router: Router,
    patience: Patience,
    crowd: Arc<Crowd>,
    ending: watch::Receiver<bool>,
}

async fn accept_all(listener: &Listener, house: &House, room: &Arc<Semaphore>) {
    loop {
        match listener.accept().await {
            Ok(connection) => {
                let Some(permit) = find_room(&house.crowd, room).await else { return };
                let served = connection.serve(house.clone());
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

/// Room for one more connection, if need be that of one that waits for its client.
async fn find_room(crowd: &Crowd, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
        return Some(permit);
    }
    crowd.make_room();
    let permit = Arc::clone(room).acquire_owned().await.ok();
    crowd.has_room();
    permit
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
    async fn serve(self, house: House) {
        match self {
            Self::Tcp(stream, address) => {
                serve_stream(
                    stream,
                    Peer::Tcp { address: one_of_this_machine(address.ip()) },
                    house,
                )
                .await;
            }
            Self::Unix(stream, operator) => {
                serve_stream(stream, Peer::Operator(operator), house).await;
            }
        }
    }
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    /// Somebody else needs the room.
    ForAnother,
    /// The program ends.
    ForGood,
}

async fn serve_stream<S>(stream: S, peer: Peer, house: House)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let House { router, patience, crowd, mut ending } = house;
    let seat = crowd.enter();
    let of_requests = Arc::clone(&seat);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let (seat, router) = (Arc::clone(&of_requests), router.clone());
        async move {
            seat.turn(Phase::Busy);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&seat));
            let answer = router.oneshot(request).await;
            seat.turn(Phase::Answered);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let outcome = loop {
        let leave = tokio::select! {
            outcome = connection.as_mut() => break outcome,
            () = seat.asked_to_leave() => Leave::ForAnother,
            _ended = ending.wait_for(|ending| *ending) => Leave::ForGood,
        };
        match (seat.phase(), leave) {
            // Nothing was begun.
            (Phase::New, _) | (Phase::Arriving, Leave::ForAnother) => return,
            // A request came in between: another one leaves.
            (Phase::Busy, Leave::ForAnother) => {}
            (Phase::Busy | Phase::Arriving, Leave::ForGood) => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
            (Phase::Answered, _) => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(LAST_WORDS, connection).await {
                    Ok(outcome) => break outcome,
                    Err(_elapsed) => return,
                }
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_this_machine_are_one_client() {
        for (address, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.200.3.4", "127.0.0.1"),
            ("::1", "127.0.0.1"),
            ("::ffff:127.0.0.9", "127.0.0.1"),
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(one_of_this_machine(address).to_string(), expected);
        }
    }
}
