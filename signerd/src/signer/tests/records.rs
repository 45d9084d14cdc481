//! The journal as operators read it: pages of records, and receipts that others can check.

use ed25519_dalek::{Signature, VerifyingKey};
use protocol::journal::{Grant, Receipt, genesis};
use protocol::wire::to_bytes;

use super::*;

fn page(signer: &mut Signer, from: u64, limit: u16) -> Vec<protocol::journal::Record> {
    let reply = operator(signer, Request::ReadJournal { from, limit });
    let Reply::Records(records) = reply else { panic!("{reply:?}") };
    assert!(to_bytes(&Reply::Records(records.clone())).len() < protocol::MAX_CONTROL_FRAME / 2);
    records
}

fn receipt(signer: &mut Signer, record: u64) -> Receipt {
    let reply = operator(signer, Request::Receipt { record });
    let Reply::Receipt(receipt) = reply else { panic!("{reply:?}") };
    receipt
}

fn is_genuine(receipt: &Receipt) -> bool {
    let signed = Receipt::signed_bytes(receipt.instance, receipt.record.hash);
    let key = VerifyingKey::from_bytes(&receipt.public_key).unwrap();
    key.verify_strict(&signed, &Signature::from_bytes(&receipt.signature)).is_ok()
        && receipt.record.follows(receipt.before)
}

#[test]
fn the_records_are_read_page_by_page_and_are_one_chain() {
    let (_state, mut signer, key) = with_wallet();
    for nonce in 0..5 {
        assert_eq!(code(gateway(&mut signer, sign(key.wallet, nonce, 1))), None);
    }
    let (records, head) = signer.journal.head();
    let (mut from, mut before) = (0, genesis());
    loop {
        let page = page(&mut signer, from, 2);
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2 && page[0].follows(before));
        before = last.hash;
        from += u64::try_from(page.len()).unwrap();
    }
    assert_eq!((from, before), (records, head));
    assert_eq!(page(&mut signer, 0, u16::MAX).len(), usize::try_from(records).unwrap());
    let read = Request::ReadJournal { from: 0, limit: 1 };
    assert_eq!(code(gateway(&mut signer, read)), Some(RefusalCode::NotPermitted));
}

#[test]
fn a_receipt_proves_a_record_to_who_has_the_public_key_alone() {
    let (_state, mut signer, key) = with_wallet();
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 7))), None);
    let (records, _) = signer.journal.head();
    let proof = receipt(&mut signer, records - 1);
    assert!(is_genuine(&proof));
    assert_eq!(proof.instance, signer.vault.instance());
    let Event::Signed { wallet, by, .. } = proof.record.entry().unwrap().event else {
        panic!("{proof:?}")
    };
    assert_eq!((wallet, by), (key.wallet, Grant::Guard));
    let first = receipt(&mut signer, 0);
    assert_eq!((first.public_key, first.before), (proof.public_key, genesis()));
    for changed in [
        Receipt { instance: [1; 16], ..proof.clone() },
        Receipt { before: [1; 32], ..proof.clone() },
        Receipt { record: first.record.clone(), ..proof.clone() },
        Receipt { signature: first.signature, ..proof.clone() },
    ] {
        assert!(!is_genuine(&changed), "{changed:?}");
    }
    assert_ne!(key.public_key, proof.public_key, "it is no wallet's key");
    let unknown = operator(&mut signer, Request::Receipt { record: records });
    assert_eq!(code(unknown), Some(RefusalCode::UnknownRecord));
    operator(&mut signer, Request::Lock);
    let locked = operator(&mut signer, Request::Receipt { record: 0 });
    assert_eq!(code(locked), Some(RefusalCode::VaultLocked));
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert_eq!(receipt(&mut signer, 0), first, "the key is the same after every start");
}

#[test]
fn refusals_stand_in_the_journal() {
    let (_state, mut signer, key) = with_wallet();
    let (before, _) = signer.journal.head();
    gateway(&mut signer, sign(key.wallet, 0, CEILING));
    assert_eq!(signer.journal.head().0, before + 1);
}
