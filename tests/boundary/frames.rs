//! Bytes that are no protocol: the connection ends, and nobody else notices.

use protocol::{
    FRAME_HEADER, Frame, MAX_CONTROL_FRAME, MAX_SIGNER_FRAME, RefusalCode, Reply, Request,
};
use tests::signer::SignerClient;

use crate::bench::Bench;

fn hello() -> Vec<u8> {
    Frame { id: 1, message: Request::Hello { version: protocol::VERSION } }.to_bytes()
}

fn status() -> Vec<u8> {
    Frame { id: 2, message: Request::Status }.to_bytes()
}

/// A frame with this content behind a header that tells its length.
fn framed(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length, content].concat()
}

fn length_only(length: usize) -> Vec<u8> {
    u32::try_from(length).unwrap().to_be_bytes().to_vec()
}

fn silent(bench: &Bench, socket: &str) -> SignerClient {
    SignerClient::connect_silently(&bench.place.socket(socket)).unwrap()
}

#[test]
fn what_breaks_the_protocol_closes_the_connection_and_hurts_nobody_else() {
    let bench = Bench::new();
    let mut other = bench.gateway();
    let content = status()[FRAME_HEADER..].to_vec();
    let claims_more = [&content[..4], &[6], &[9; 16], &u32::MAX.to_be_bytes(), b"abc"].concat();
    let broken: [(&str, Vec<u8>); 9] = [
        ("a request before the hello", status()),
        ("another protocol", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("a frame over the limit", length_only(MAX_SIGNER_FRAME + 1)),
        ("a frame of four gigabytes", vec![0xff; 4]),
        ("an empty frame", length_only(0)),
        ("half a message", [hello(), framed(&content[..4])].concat()),
        ("an unknown request", [hello(), framed(&[&content[..4], &[250]].concat())].concat()),
        ("bytes behind the message", [hello(), framed(&[&content[..], &[0]].concat())].concat()),
        ("a length inside that is not true", [hello(), framed(&claims_more)].concat()),
    ];
    for (name, bytes) in broken {
        for socket in ["signer.sock", "control.sock"] {
            if socket == "control.sock" && name == "a frame over the limit" {
                continue; // operators send backups
            }
            let mut client = silent(&bench, socket);
            client.send(&bytes);
            while client.receive().is_ok() {} // what was well-formed before is answered
            assert!(client.is_closed(), "{name} at {socket}");
        }
        assert!(matches!(other.ask(Request::Status), Reply::Status(_)), "after {name}");
    }
    assert!(matches!(bench.operator().ask(Request::Status), Reply::Status(_)));
}

#[test]
fn a_frame_over_the_operators_limit_is_refused_by_its_header() {
    let bench = Bench::without_vault();
    let mut client = silent(&bench, "control.sock");
    client.send(&length_only(MAX_CONTROL_FRAME + 1));
    assert!(client.is_closed());
}

#[test]
fn another_version_is_told_and_closed() {
    let bench = Bench::without_vault();
    let mut client = silent(&bench, "signer.sock");
    client.send(&Frame { id: 1, message: Request::Hello { version: 99 } }.to_bytes());
    let reply = client.receive().unwrap().message;
    let Reply::Refused(refusal) = reply else { panic!("{reply:?}") };
    assert_eq!(refusal.code, RefusalCode::UnknownVersion);
    assert!(client.is_closed());
}

#[test]
fn half_a_frame_keeps_nobody_waiting() {
    let bench = Bench::without_vault();
    let whole = status();
    for sent in [1, FRAME_HEADER, FRAME_HEADER + 1, whole.len() - 1] {
        let mut slow = silent(&bench, "signer.sock");
        slow.send(&[hello(), whole[..sent].to_vec()].concat());
        assert!(matches!(bench.gateway().ask(Request::Status), Reply::Status(_)));
        slow.send(&whole[sent..]);
        let replies = [slow.receive().unwrap(), slow.receive().unwrap()];
        assert_eq!(replies.map(|frame| frame.id), [1, 2]);
    }
}

#[test]
fn many_requests_at_once_are_all_answered() {
    let bench = Bench::without_vault();
    let mut client = silent(&bench, "signer.sock");
    client.send(&hello());
    let ids = 2..1002;
    for id in ids.clone() {
        client.send(&Frame { id, message: Request::Status }.to_bytes());
    }
    let answered: Vec<u32> = (1..1002).map(|_| client.receive().unwrap().id).collect();
    assert!(answered.into_iter().skip(1).eq(ids));
}

#[test]
fn a_gateway_with_too_many_connections_does_not_shut_out_the_operator() {
    let bench = Bench::without_vault();
    let mut held: Vec<SignerClient> = (0..200)
        .filter_map(|_| SignerClient::connect_silently(&bench.place.socket("signer.sock")).ok())
        .collect();
    let last = held.last_mut().unwrap();
    assert!(last.is_closed());
    assert!(matches!(bench.operator().ask(Request::Status), Reply::Status(_)));
    drop(held);
    tests::wait::until("a free connection", || {
        let mut client = silent(&bench, "signer.sock");
        client.send(&hello());
        client.receive().ok()
    });
}
