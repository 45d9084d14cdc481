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
async fn a_connection_that_waits_for_its_client_leaves_for_one_that_comes() {
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(1)).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
    assert_eq!(answer(&mut first).await, "", "it had been answered, and was the only one");
}

/// More than there is room for, and each sends a byte now and again.
#[tokio::test]
async fn a_thousand_open_connections_keep_nobody_out() {
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(64)).await;
    let (ended, end) = tokio::sync::watch::channel(false);
    let mut crowd = Vec::new();
    for number in 0..1_000_usize {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut end = end.clone();
        crowd.push(tokio::spawn(async move {
            let head = b"POST /v1/transactions/send HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
            for byte in head.iter().chain(std::iter::repeat(&b'a')).skip(number % 2) {
                let wrote = stream.write_all(&[*byte]).await;
                let pause = timeout(Duration::from_millis(50), end.wait_for(|end| *end)).await;
                if wrote.is_err() || pause.is_ok() {
                    return;
                }
            }
        }));
        if number % 100 == 0 {
            let mut agent = TcpStream::connect(address).await.unwrap();
            agent.write_all(REQUEST).await.unwrap();
            assert!(answer(&mut agent).await.starts_with("HTTP/1.1 200"), "{number}");
        }
    }
    for _request in 0..20 {
        let mut agent = TcpStream::connect(address).await.unwrap();
        agent.write_all(REQUEST).await.unwrap();
        assert!(answer(&mut agent).await.starts_with("HTTP/1.1 200"));
    }
    ended.send_replace(true);
    for one in crowd {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn a_head_that_drips_is_given_up_and_a_body_that_drips_leaves_for_others() {
    let gateway = Gateway::new().await;
    let patience = Patience { connections: 2, head: Duration::from_millis(200) };
    let (address, _server) = start(&gateway, patience).await;
    let mut loris = TcpStream::connect(address).await.unwrap();
    let ended = timeout(SOON, async {
        for byte in REQUEST.iter().cycle().filter(|byte| **byte != b'\n') {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if loris.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    ended.await.expect("the gateway closes it");

    let head = format!(
        "POST /v1/transactions/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{",
        gateway.one.token
    );
    let mut bodies = Vec::new();
    for _body in 0..6 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        bodies.push(stream);
    }
    let mut agent = TcpStream::connect(address).await.unwrap();
    agent.write_all(REQUEST).await.unwrap();
    assert!(answer(&mut agent).await.starts_with("HTTP/1.1 200"));
    assert_eq!(answer(&mut bodies[0]).await, "", "it had waited longest");
}

/// A hundred megabytes, whether or not their length is told.
#[tokio::test]
async fn bodies_that_are_too_long_are_refused_and_others_are_served() {
    static PIECE: [u8; 1 << 16] = [b' '; 1 << 16];
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(8)).await;
    let mut refused = 0;
    for framing in ["Content-Length: 104857600", "Transfer-Encoding: chunked"] {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut reading, mut writing) = stream.into_split();
        let head = format!(
            "POST /v1/transactions/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\n{framing}\r\n\r\n",
            gateway.one.token
        );
        writing.write_all(head.as_bytes()).await.unwrap();
        let send = async move {
            for _piece in 0..1_600 {
                let chunk = if framing.starts_with("Transfer") {
                    [b"10000\r\n", &PIECE[..], b"\r\n"].concat()
                } else {
                    PIECE.to_vec()
                };
                if writing.write_all(&chunk).await.is_err() {
                    return true;
                }
            }
            false
        };
        let receive = async {
            let mut all = Vec::new();
            // A reset after the answer is as good as an end.
            let _end = timeout(SOON, reading.read_to_end(&mut all)).await.expect("in time");
            String::from_utf8_lossy(&all).into_owned()
        };
        let (cut_off, found) = tokio::join!(send, receive);
        assert!(cut_off, "all of it was read");
        refused +=
            usize::from(found.starts_with("HTTP/1.1 413") && found.contains("BODY_TOO_LARGE"));
        assert!(found.is_empty() || found.starts_with("HTTP/1.1 413"), "{found}");
        let mut agent = TcpStream::connect(address).await.unwrap();
        agent.write_all(REQUEST).await.unwrap();
        assert!(answer(&mut agent).await.starts_with("HTTP/1.1 200"));
    }
    assert!(refused > 0, "the answer is there for who reads it");
}

#[tokio::test]
async fn heads_that_are_too_long_or_have_too_many_lines_are_refused() {
    let gateway = Gateway::new().await;
    let (address, _server) = start(&gateway, Patience::new(8)).await;
    let lines = |count: usize| "X-Line: a\r\n".repeat(count);
    for (more, status) in [
        (lines(62), "200"),
        (lines(70), "431"),
        (format!("X-Long: {}\r\n", "a".repeat(20_000)), "200"),
        (format!("X-Long: {}\r\n", "a".repeat(400_000)), "431"),
        ("X Y: a\r\n".to_owned(), "400"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(), "400"),
        ("Transfer-Encoding: gzip\r\n".to_owned(), "400"),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let found = answer(&mut stream).await;
        let begin = more.get(..20).unwrap_or(&more);
        assert_eq!(found.get(9..12), Some(status), "{begin}: {found}");
    }
}

/// Who asks too often is held back, and who comes from elsewhere is not.
#[tokio::test]
async fn who_asks_too_often_waits_and_is_told_how_long() {
    let gateway = Gateway::new().await;
    let limits = gateway.app.limits.borrow().clone();
    let few = std::num::NonZeroU32::new(5).unwrap();
    gateway.app.limits.send_replace(crate::config::Limits { requests_per_minute: few, ..limits });
    let (address, _server) = start(&gateway, Patience::new(8)).await;
    let ask = |token: &'static str| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{token}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        answer(&mut stream).await
    };
    for _request in 0..5 {
        assert!(ask("").await.starts_with("HTTP/1.1 200"));
    }
    // No header makes another address of it.
    for header in ["", "X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n"] {
        let found = ask(header).await;
        assert!(found.starts_with("HTTP/1.1 429") && found.contains("retry-after: 12"), "{found}");
    }
    let agent = gateway.by_agent("GET", "/v1/connect-info", None).await;
    assert_eq!(agent.status, 200, "sessions are counted by themselves");
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
