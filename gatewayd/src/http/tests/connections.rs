//! Connections over real sockets: slow ones, too many, and the end.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use ::sandbox::Door;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::http::{Listener, Patience, serve};

const SOON: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn start(gateway: &Gateway, patience: Patience) -> (std::net::SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ending = gateway.app.ending.subscribe();
    let listener = Listener::Tcp(listener);
    let server = tokio::spawn(serve(listener, gateway.router.clone(), patience, ending));
    (address, server)
}

/// Reads one answer's head and body; the empty text at the end of the connection.
async fn answer(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let length = timeout(SOON, stream.read(&mut buffer)).await.expect("in time").unwrap_or(0);
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let gateway = Gateway::new().await;
    let patience = Patience { connections: 8, head: Duration::from_millis(100) };
    let (address, _server) = start(&gateway, patience).await;
    for beginning in [&b""[..], b"GET /health HTTP/1.1\r\nHost: loc"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let found = answer(&mut stream).await;
        assert!(found.is_empty() || found.starts_with("HTTP/1.1 408"), "{found}");
    }
}

#[tokio::test]
async fn more_connections_than_allowed_wait_until_one_is_free() {
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(1)).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    let mut buffer = [0; 1];
    let waited = timeout(Duration::from_millis(100), second.read(&mut buffer)).await;
    assert!(waited.is_err(), "the first connection is still open");
    drop(first);
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn requests_that_follow_each_other_at_once_are_answered_in_order() {
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(8)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let second = b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(&[REQUEST, second].concat()).await.unwrap();
    let mut all = String::new();
    timeout(SOON, stream.read_to_string(&mut all)).await.unwrap().unwrap();
    let statuses: Vec<&str> = all.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "404"]);
}

#[tokio::test]
async fn the_end_waits_for_nobody_who_only_keeps_a_connection_open() {
    let gateway = Gateway::new().await;
    let (address, server) = start(&gateway, Patience::new(8)).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut idle).await.starts_with("HTTP/1.1 200"));
    gateway.app.ending.send_replace(true);
    timeout(SOON, server).await.expect("in time").unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    assert_eq!(answer(&mut idle).await, "");
}

#[tokio::test]
async fn the_operator_is_known_at_the_socket_by_the_kernels_word() {
    let gateway = Gateway::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.sock");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let door = Door::of(&socket).unwrap();
    socket.set_nonblocking(true).unwrap();
    let listener = Listener::Unix(UnixListener::from_std(socket).unwrap(), door);
    let ending = gateway.app.ending.subscribe();
    let _server = tokio::spawn(serve(listener, gateway.router.clone(), Patience::new(8), ending));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let request = b"GET /v1/admin/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut all = String::new();
    timeout(SOON, stream.read_to_string(&mut all)).await.unwrap().unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
}
