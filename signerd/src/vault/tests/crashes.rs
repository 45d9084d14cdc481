//! What a kill between two steps leaves behind, made by hand.

use std::fs;

use super::*;

#[test]
fn a_half_written_file_is_removed_and_the_old_one_stands() {
    let fixture = Fixture::open();
    let key = format!("keys/{}.json", wallet(1));
    for name in [&key, "vault.json", "throttle.json"] {
        fs::write(fixture.path(&format!("{name}.partial")), "{\"versi").unwrap();
    }
    fs::write(fixture.path(&format!("keys/{}.json.partial", wallet(9))), "").unwrap();
    let mut vault = fixture.reopened().unwrap();
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(vault.list().len(), 2);
    let left = |directory| fs::read_dir(fixture.path(directory)).unwrap().count();
    assert_eq!((left(""), left("keys")), (2, 2));
}

#[test]
fn a_vault_that_was_not_made_to_the_end_was_not_made() {
    let state = tempfile::tempdir().unwrap();
    let partial = state.path().join("vault.partial");
    fs::create_dir_all(partial.join("keys")).unwrap();
    fs::write(partial.join("vault.json"), "{}").unwrap();
    let mut vault = Vault::open(&state.path().join("vault"), KdfCost::CHEAP).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Uninitialised);
    assert!(!partial.exists());
    vault.init(&passphrase(), instance(), NOW).unwrap();
}

#[test]
fn an_empty_directory_is_no_vault_yet() {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir(state.path().join("vault")).unwrap();
    let mut vault = Vault::open(&state.path().join("vault"), KdfCost::CHEAP).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Uninitialised);
    vault.init(&passphrase(), instance(), NOW).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Open);
}

#[test]
fn a_key_that_did_not_reach_the_disk_is_not_there() {
    let mut fixture = Fixture::open();
    // A directory in the place of the file makes the rename fail.
    let key = fixture.path(&format!("keys/{}.json", wallet(3)));
    fs::create_dir_all(key.join("in the way")).unwrap();
    let error = fixture.vault.create(new_key(3, Chain::Evm)).unwrap_err();
    assert!(matches!(error, VaultError::Disk { .. }));
    assert_eq!(fixture.vault.public_key(wallet(3)), None);
    fs::remove_dir_all(&key).unwrap();
    fixture.vault.create(new_key(3, Chain::Evm)).unwrap();
    assert_eq!(fixture.reopened().unwrap().list().len(), 3);
}

#[test]
fn a_guess_counts_although_the_signer_was_killed_in_it() {
    let fixture = Fixture::open();
    // What stands on the disk while the passphrase is looked at.
    let started = format!("{{\"failures\":1,\"lastFailureMs\":{NOW_MS}}}");
    fs::write(fixture.path("throttle.json"), started).unwrap();
    let mut vault = fixture.reopened().unwrap();
    let error = vault.unlock(&passphrase(), NOW_MS + 100).unwrap_err();
    assert!(matches!(error, VaultError::Throttled { retry_after_seconds: 1 }));
    vault.unlock(&passphrase(), NOW_MS + 1_000).unwrap();
    assert!(!fixture.path("throttle.json").exists());
}

#[test]
fn an_unreadable_throttle_is_the_longest_wait() {
    let fixture = Fixture::open();
    fs::write(fixture.path("throttle.json"), "{").unwrap();
    let mut vault = fixture.reopened().unwrap();
    let error = vault.unlock(&passphrase(), NOW_MS).unwrap_err();
    assert!(matches!(error, VaultError::Throttled { retry_after_seconds: 300 }));
    vault.unlock(&passphrase(), NOW_MS + 300_000).unwrap();
}

#[test]
fn a_passphrase_is_not_looked_at_if_the_try_cannot_be_counted() {
    let fixture = Fixture::open();
    let mut vault = fixture.reopened().unwrap();
    fs::create_dir_all(fixture.path("throttle.json/in the way")).unwrap();
    let error = vault.unlock(&passphrase(), NOW_MS).unwrap_err();
    assert!(matches!(error, VaultError::Disk { .. }), "{error}");
    assert_eq!(vault.phase(), VaultPhase::Locked);
}

#[test]
fn locking_wipes_the_keys_although_the_disk_takes_no_notes() {
    let mut fixture = Fixture::open();
    fixture.vault.mark_used(wallet(1), NOW);
    let key = fixture.path(&format!("keys/{}.json", wallet(1)));
    fs::remove_file(&key).unwrap();
    fs::create_dir_all(key.join("in the way")).unwrap();
    assert!(fixture.vault.lock().is_err());
    assert_eq!(fixture.vault.phase(), VaultPhase::Locked);
}
