//! Opened by the service's credential: what the journal knows, and when it is left alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use protocol::{Unattended, VaultPhase};

use super::*;
use crate::handlers::vault::open_unattended;
use crate::journal::Event;

const CREDENTIAL: [u8; 32] = [0x5c; 32];

fn set(signer: &mut Signer, text: &[u8], credential: Option<&[u8]>) -> Reply {
    let credential = credential.map(|bytes| Secret::new(bytes.to_vec()));
    let passphrase = Secret::new(text.to_vec());
    operator(signer, Request::SetCredential { passphrase, credential })
}

fn restart(state: &Path, signer: Signer) -> Signer {
    drop(signer);
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("waiaas-vault");
    fs::write(&path, CREDENTIAL).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let mut signer = start(state);
    let credential = signer.vault.take_credential(Some(directory.path())).unwrap();
    open_unattended(&mut signer, credential);
    signer
}

fn status(signer: &mut Signer) -> (VaultPhase, Unattended) {
    let Reply::Status(status) = operator(signer, Request::Status) else { panic!("a status") };
    (status.vault, status.unattended)
}

#[test]
fn a_start_with_the_credential_signs_without_an_operator_and_not_after_a_lock() {
    let (state, mut signer, key) = with_wallet();
    assert_eq!(set(&mut signer, b"correct horse battery staple", Some(&CREDENTIAL)), Reply::Done);
    let mut signer = restart(state.path(), signer);
    assert_eq!(status(&mut signer), (VaultPhase::Open, Unattended::Opened));
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);

    assert_eq!(operator(&mut signer, Request::Lock), Reply::Done);
    let mut signer = restart(state.path(), signer);
    assert_eq!(status(&mut signer), (VaultPhase::Locked, Unattended::Held));
    let locked = code(gateway(&mut signer, sign(key.wallet, 1, 1)));
    assert_eq!(locked, Some(RefusalCode::VaultLocked));
}

#[test]
fn setting_and_removing_stand_in_the_journal_and_wrong_passphrases_do_not() {
    let (_state, mut signer, _key) = with_wallet();
    assert_eq!(set(&mut signer, b"correct horse battery staple", Some(&CREDENTIAL)), Reply::Done);
    assert_eq!(set(&mut signer, b"correct horse battery staple", None), Reply::Done);
    let wrong = set(&mut signer, b"incorrect horse battery", Some(&CREDENTIAL));
    assert_eq!(code(wrong), Some(RefusalCode::WrongPassphrase));
    assert_eq!(recorded(&mut signer), [true, false]);
}

/// What the journal says of credentials.
fn recorded(signer: &mut Signer) -> Vec<bool> {
    let records = signer.journal.read(0, 100).unwrap();
    let set = records.iter().filter_map(|record| {
        let Event::CredentialSet { is_set } = record.entry().unwrap().event else { return None };
        Some(is_set)
    });
    set.collect()
}

#[test]
fn no_credential_opens_the_vault_without_a_record_wherever_it_is_cut_off() {
    let (state, mut signer, _key) = with_wallet();
    let right = b"correct horse battery staple";
    let file = state.path().join("vault/unattended.json");
    // The disk takes the record, and the wrapping not.
    let in_the_way = state.path().join("vault/unattended.json.partial");
    fs::create_dir(&in_the_way).unwrap();
    assert_eq!(code(set(&mut signer, right, Some(&CREDENTIAL))), Some(RefusalCode::Internal));
    assert!(signer.journal.is_on_disk());
    assert_eq!(recorded(&mut signer), [true]);
    fs::remove_dir(&in_the_way).unwrap();
    let mut signer = restart(state.path(), signer);
    assert_eq!(status(&mut signer), (VaultPhase::Locked, Unattended::Off));
    assert_eq!(set(&mut signer, right, Some(&CREDENTIAL)), Reply::Done);
    assert_eq!(recorded(&mut signer), [true, true]);

    // The wrapping cannot be removed, and the record does not say that it was.
    let wrapping = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(code(set(&mut signer, right, None)), Some(RefusalCode::Internal));
    assert_eq!(recorded(&mut signer), [true, true]);
    fs::remove_dir(&file).unwrap();
    fs::write(&file, wrapping).unwrap();
    assert_eq!(set(&mut signer, right, None), Reply::Done);
    assert!(!file.exists());
    assert_eq!(recorded(&mut signer), [true, true, false]);
}

#[test]
fn a_lock_by_idleness_is_noted_as_soon_as_the_disk_takes_it() {
    let (state, mut signer, _key) = with_wallet();
    assert_eq!(set(&mut signer, b"correct horse battery staple", Some(&CREDENTIAL)), Reply::Done);
    signer.settings.idle_lock_seconds = 60;
    let in_the_way = state.path().join("vault/unattended.json.partial");
    fs::create_dir(&in_the_way).unwrap();
    signer.last_signed_at = signer.clock.now() - 60;
    for _tick in 0..2 {
        signer.tick();
        assert_eq!(status(&mut signer), (VaultPhase::Locked, Unattended::Untried));
    }
    fs::remove_dir(&in_the_way).unwrap();
    signer.tick();
    assert_eq!(status(&mut signer), (VaultPhase::Locked, Unattended::Held));
    let mut signer = restart(state.path(), signer);
    assert_eq!(status(&mut signer), (VaultPhase::Locked, Unattended::Held));
}

#[test]
fn a_signer_whose_journal_is_damaged_opens_nothing_by_itself() {
    let (state, mut signer, _key) = with_wallet();
    assert_eq!(set(&mut signer, b"correct horse battery staple", Some(&CREDENTIAL)), Reply::Done);
    let segment = fs::read_dir(state.path().join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.metadata().unwrap().len() > 100)
        .unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[60] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let mut signer = restart(state.path(), signer);
    assert!(signer.journal.damage().is_some());
    assert_eq!(status(&mut signer).0, VaultPhase::Locked);
}
