//! The client of the signer, against a socket that answers as told.

use protocol::RefusalCode;

use super::*;
use crate::exit::Exit;
use crate::testing::{Peers, hello, key, status};

fn connect(peers: &Peers) -> Result<Signer, SignerError> {
    Signer::connect(&peers.place().control_socket())
}

#[test]
fn a_hello_with_the_version_comes_first() {
    let peers = Peers::new();
    let asked = peers.signer(vec![Reply::Status(status())]);
    assert_eq!(connect(&peers).unwrap().status().unwrap(), status());
    assert!(matches!(asked.recv().unwrap(), Request::Hello { version: VERSION }));
    assert!(matches!(asked.recv().unwrap(), Request::Status));
}

#[test]
fn keys_are_asked_for_until_there_are_no_more() {
    let peers = Peers::new();
    let pages = [vec![key(1), key(2)], vec![key(3)], vec![]];
    let asked = peers.signer(pages.map(Reply::Keys).to_vec());
    let keys = connect(&peers).unwrap().keys().unwrap();
    assert_eq!(keys, [key(1), key(2), key(3)]);
    let after: Vec<Option<WalletId>> =
        asked
            .try_iter()
            .filter_map(|request| {
                if let Request::ListKeys { after, .. } = request { Some(after) } else { None }
            })
            .collect();
    assert_eq!(after, [None, Some(key(2).wallet), Some(key(3).wallet)]);
}

#[test]
fn a_signer_that_is_not_there_is_told_from_one_that_says_no() {
    let peers = Peers::new();
    let error = connect(&peers).unwrap_err();
    assert_eq!((error.exit(), error.code().as_str()), (Exit::Unreachable, "SIGNER_UNREACHABLE"));
    let advice = error.advice(&peers.place()).unwrap();
    assert!(advice.contains("start the daemons"), "{advice}");

    let refusal = protocol::Refusal::new(RefusalCode::VaultLocked, "the vault is locked");
    let _asked = peers.signer(vec![Reply::Refused(refusal)]);
    let error = connect(&peers).unwrap().status().unwrap_err();
    assert_eq!(error.to_string(), "the vault is locked");
    assert_eq!((error.exit(), error.code().as_str()), (Exit::VaultClosed, "VAULT_LOCKED"));
    assert!(error.advice(&peers.place()).unwrap().ends_with("unlock"));
}

#[test]
fn a_throttled_passphrase_says_how_long_to_wait() {
    let mut refusal = protocol::Refusal::new(RefusalCode::Throttled, "too many wrong passphrases");
    refusal.retry_after_seconds = 8;
    let error = SignerError::Refused(refusal);
    assert_eq!(error.exit(), Exit::Passphrase);
    let advice = error.advice(&Peers::new().place()).unwrap();
    assert_eq!(advice, "wait 8 s, then try again");
}

#[test]
fn answers_that_are_not_the_protocol_are_refused() {
    type Answer = fn(RequestId) -> Option<Vec<u8>>;
    let answers: [(&str, Answer); 6] = [
        ("another version", |id| {
            Some(reply_of(id, Reply::Hello { version: 2, instance: [0; 16] }))
        }),
        ("another id", |id| Some(reply_of(id.wrapping_add(1), hello()))),
        ("another kind", |id| Some(reply_of(id, Reply::Done))),
        ("a frame over the limit", |_| Some(u32::MAX.to_be_bytes().to_vec())),
        ("no message", |_| Some(vec![0, 0, 0, 5, 0, 0, 0, 1, 99])),
        ("nothing", |_| None),
    ];
    for (what, answer) in answers {
        let peers = Peers::new();
        let _asked = peers.raw_signer(move |id, _request| answer(id));
        assert!(connect(&peers).is_err(), "{what} was taken for a hello");
    }
    let peers = Peers::new();
    let _asked = peers.raw_signer(move |id, _request| Some(reply_of(id, hello())));
    assert!(connect(&peers).is_ok());
}

fn reply_of(id: RequestId, message: Reply) -> Vec<u8> {
    Frame { id, message }.to_bytes()
}
