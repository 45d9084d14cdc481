//! Opening with the service's credential.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::unistd::{Uid, setfsuid};
use protocol::Unattended;

use super::*;
use crate::vault::BackupMaster;

const CREDENTIAL: [u8; 32] = [0x5c; 32];

/// A directory of credentials with this one in it.
fn credentials(bytes: &[u8], mode: u32) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("waiaas-vault");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    directory
}

fn enabled() -> Fixture {
    let mut fixture = Fixture::open();
    set(&mut fixture.vault, &CREDENTIAL).unwrap();
    fixture
}

fn set(vault: &mut Vault, credential: &[u8]) -> Result<(), VaultError> {
    let wrapping = vault.wrap_for(&passphrase(), &Secret::new(credential.to_vec()), NOW_MS)?;
    vault.set_wrapping(wrapping)
}

/// What the credential of a directory makes of a vault.
fn tried(vault: &mut Vault, credentials: Option<&Path>) -> Unattended {
    let opened = match vault.take_credential(credentials) {
        Ok(Some(credential)) => vault.open_with_credential(credential),
        Ok(None) | Err(_) => Ok(vault.unattended()),
    };
    opened.unwrap_or_else(|_closed| vault.unattended())
}

/// What a start of the program gives, with this directory of credentials.
fn started(fixture: &Fixture, credentials: Option<&Path>) -> (Vault, Unattended) {
    let mut vault = fixture.reopened().unwrap();
    let outcome = tried(&mut vault, credentials);
    (vault, outcome)
}

#[test]
fn the_credential_opens_the_vault_at_every_start() {
    let fixture = enabled();
    assert_eq!(fixture.vault.unattended(), Unattended::Untried);
    let directory = credentials(&CREDENTIAL, 0o400);
    for _start in 0..2 {
        let (mut vault, outcome) = started(&fixture, Some(directory.path()));
        assert_eq!((outcome, vault.phase()), (Unattended::Opened, VaultPhase::Open));
        sign(&mut vault, wallet(1), &digest()).unwrap();
        sign(&mut vault, wallet(2), &message()).unwrap();
    }
}

#[test]
fn what_does_not_fit_leaves_the_vault_locked_and_the_passphrase_alone() {
    let other = credentials(&[0x5d; 32], 0o400);
    let fitting = credentials(&CREDENTIAL, 0o400);
    let empty = tempfile::tempdir().unwrap();
    for (directory, expected) in [
        (Some(other.path()), Unattended::Misfit),
        (Some(empty.path()), Unattended::Missing),
        (None, Unattended::Missing),
    ] {
        let fixture = enabled();
        let (mut vault, outcome) = started(&fixture, directory);
        assert_eq!((outcome, vault.phase()), (expected, VaultPhase::Locked));
        // The throttle was not touched.
        assert!(!fixture.path("throttle.json").exists());
        vault.unlock(&passphrase(), NOW_MS).unwrap();
        assert_eq!(vault.unattended(), expected, "what was wrong with the start stays known");
        let (vault, _) = started(&fixture, Some(fitting.path()));
        assert_eq!(vault.phase(), VaultPhase::Open);
    }
    let fixture = Fixture::open();
    let (vault, outcome) = started(&fixture, Some(fitting.path()));
    assert_eq!((outcome, vault.phase()), (Unattended::Off, VaultPhase::Locked));
}

#[test]
fn a_credential_of_another_form_is_not_used() {
    let fixture = enabled();
    let linked = tempfile::tempdir().unwrap();
    let target = credentials(&CREDENTIAL, 0o400);
    symlink(target.path().join("waiaas-vault"), linked.path().join("waiaas-vault")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("waiaas-vault")).unwrap();
    for (directory, fits) in [
        (credentials(&CREDENTIAL, 0o400), true),
        (credentials(&CREDENTIAL, 0o440), true),
        (credentials(&CREDENTIAL, 0o600), true),
        (credentials(&CREDENTIAL, 0o404), false),
        (credentials(&CREDENTIAL, 0o420), false),
        (credentials(&CREDENTIAL[..31], 0o400), false),
        (credentials(&[0x5c; 33], 0o400), false),
        (credentials(b"", 0o400), false),
        (linked, false),
        (directory, false),
    ] {
        let mut vault = fixture.reopened().unwrap();
        let taken = vault.take_credential(Some(directory.path()));
        assert_eq!(taken.is_ok(), fits, "{taken:?}");
        let expected = if fits { Unattended::Opened } else { Unattended::Failed };
        assert_eq!(tried(&mut vault, Some(directory.path())), expected);
    }
}

#[test]
fn what_was_locked_opens_only_by_its_passphrase_after_a_restart_too() {
    let mut fixture = enabled();
    let directory = credentials(&CREDENTIAL, 0o400);
    fixture.vault.lock().unwrap();
    assert_eq!(fixture.vault.unattended(), Unattended::Held);
    for _start in 0..2 {
        let (vault, outcome) = started(&fixture, Some(directory.path()));
        assert_eq!((outcome, vault.phase()), (Unattended::Held, VaultPhase::Locked));
    }
    let (mut vault, _) = started(&fixture, Some(directory.path()));
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    let (vault, outcome) = started(&fixture, Some(directory.path()));
    assert_eq!((outcome, vault.phase()), (Unattended::Opened, VaultPhase::Open));
}

#[test]
fn a_lock_that_the_disk_did_not_take_is_tried_again_until_it_does() {
    let mut fixture = enabled();
    let directory = credentials(&CREDENTIAL, 0o400);
    let in_the_way = fixture.path("unattended.json.partial");
    fs::create_dir(&in_the_way).unwrap();
    for _try in 0..2 {
        let error = fixture.vault.lock().unwrap_err();
        assert!(matches!(error, VaultError::Disk { .. }), "{error}");
        assert_eq!(fixture.vault.phase(), VaultPhase::Locked, "the keys are gone all the same");
        assert!(fixture.vault.is_lock_unnoted());
        assert_ne!(fixture.vault.unattended(), Unattended::Held, "nobody is told what is not so");
    }
    fs::remove_dir(&in_the_way).unwrap();
    fixture.vault.lock().unwrap();
    assert!(!fixture.vault.is_lock_unnoted());
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
}

/// What comes of `change` while files can be written and renamed in the vault's directory, and the
/// directory cannot be synced: nobody may open it to read, and this thread is not root to the disk.
fn without_sync<R>(fixture: &mut Fixture, change: impl FnOnce(&mut Vault) -> R) -> R {
    let (state, vault) = (fixture.state.path().to_owned(), fixture.path(""));
    let modes = |of_state, of_vault| {
        for (path, mode) in [(&state, of_state), (&vault, of_vault)] {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
    };
    modes(0o711, 0o333);
    let before = setfsuid(Uid::from_raw(65_534));
    let result = change(&mut fixture.vault);
    setfsuid(before);
    modes(0o700, 0o700);
    result
}

#[test]
fn a_wrapping_whose_sync_failed_is_held_by_the_next_lock() {
    let mut fixture = Fixture::open();
    let credential = Secret::new(CREDENTIAL.to_vec());
    let wrapping = fixture.vault.wrap_for(&passphrase(), &credential, NOW_MS).unwrap();
    let set = without_sync(&mut fixture, |vault| vault.set_wrapping(wrapping));
    assert!(matches!(set, Err(VaultError::Disk { .. })), "{set:?}");
    let directory = credentials(&CREDENTIAL, 0o400);
    let outcome = started(&fixture, Some(directory.path())).1;
    assert_eq!(outcome, Unattended::Opened, "the file is there, although its sync failed");
    assert_eq!(fixture.vault.unattended(), Unattended::Untried);
    fixture.vault.lock().unwrap();
    let (vault, outcome) = started(&fixture, Some(directory.path()));
    assert_eq!((outcome, vault.phase()), (Unattended::Held, VaultPhase::Locked));
    fixture.vault.remove_wrapping().unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Off);
}

#[test]
fn a_removal_whose_sync_failed_leaves_nothing_that_opens_a_locked_vault() {
    let mut fixture = enabled();
    let removed = without_sync(&mut fixture, Vault::remove_wrapping);
    assert!(matches!(removed, Err(VaultError::Disk { .. })), "{removed:?}");
    fixture.vault.lock().unwrap();
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
}

#[test]
fn a_vault_whose_opening_the_disk_did_not_take_is_as_before() {
    let mut fixture = enabled();
    let directory = credentials(&CREDENTIAL, 0o400);
    fixture.vault.lock().unwrap();
    let in_the_way = fixture.path("unattended.json.partial");
    fs::create_dir(&in_the_way).unwrap();
    assert!(fixture.vault.unlock(&passphrase(), NOW_MS).is_err());
    let state = (fixture.vault.phase(), fixture.vault.unattended());
    assert_eq!(state, (VaultPhase::Locked, Unattended::Held));
    fs::remove_dir(&in_the_way).unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
    fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Opened);
}

#[test]
fn an_unlock_ends_what_was_left_of_a_lock() {
    let mut fixture = enabled();
    let in_the_way = fixture.path("unattended.json.partial");
    fs::create_dir(&in_the_way).unwrap();
    assert!(fixture.vault.lock().is_err());
    fs::remove_dir(&in_the_way).unwrap();
    fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert!(!fixture.vault.is_lock_unnoted());
}

#[test]
fn a_credential_set_on_a_locked_vault_does_not_open_it() {
    let mut fixture = Fixture::open();
    fixture.vault.lock().unwrap();
    set(&mut fixture.vault, &CREDENTIAL).unwrap();
    assert_eq!(fixture.vault.phase(), VaultPhase::Locked);
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
    fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Opened);
}

#[test]
fn setting_and_removing_takes_the_passphrase_under_its_throttle() {
    let mut fixture = Fixture::open();
    let code = |result: Result<(), VaultError>| result.map_err(|error| error.code());
    let credential = Secret::new(CREDENTIAL.to_vec());
    let wrong = secret("incorrect horse battery");
    let mut try_wrong = |at| code(fixture.vault.wrap_for(&wrong, &credential, at).map(drop));
    assert_eq!(try_wrong(NOW_MS), Err(RefusalCode::WrongPassphrase));
    assert_eq!(try_wrong(NOW_MS), Err(RefusalCode::Throttled));
    assert_eq!(fixture.vault.unattended(), Unattended::Off);

    let mut fixture = enabled();
    for length in [0, 31, 33] {
        assert_eq!(code(set(&mut fixture.vault, &vec![1; length])), Err(RefusalCode::BadKey));
    }
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Opened);
    // Another takes its place.
    set(&mut fixture.vault, &[1; 32]).unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Misfit);
    fixture.vault.remove_wrapping().unwrap();
    assert_eq!(fixture.vault.unattended(), Unattended::Off);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Off);
    fixture.vault.remove_wrapping().unwrap();

    let mut none = Fixture::empty();
    assert_eq!(code(set(&mut none.vault, &CREDENTIAL)), Err(RefusalCode::VaultUninitialised));
}

#[test]
fn no_backup_has_it() {
    let fixture = enabled();
    let parts = fixture.vault.backup_parts().unwrap();
    let wrapping = fs::read_to_string(fixture.path("unattended.json")).unwrap();
    let (_before, sealed) = wrapping.split_once("\"ciphertext\": \"").unwrap();
    let sealed = &sealed[..64];
    for part in &parts {
        let text = str::from_utf8(&part.bytes).unwrap();
        assert!(part.name != "unattended.json" && !text.contains(sealed), "{}", part.name);
    }
    let mut restored = Fixture::empty();
    let mut master = BackupMaster::of_parts(&parts, &passphrase()).unwrap();
    restored.vault.restore_parts(&parts, &mut master).unwrap();
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&restored, Some(directory.path())).1, Unattended::Off);
}

#[test]
fn a_wrapping_that_was_changed_or_is_of_another_vault_is_refused() {
    let fixture = enabled();
    let path = fixture.path("unattended.json");
    let good = fs::read_to_string(&path).unwrap();
    let other = fs::read(enabled().path("unattended.json")).unwrap();
    for bad in [b"{}".to_vec(), b"".to_vec(), other, good.replace('}', ", \"a\": 1}").into()] {
        fs::write(&path, bad).unwrap();
        assert!(matches!(fixture.reopened(), Err(VaultError::Damaged { .. })));
    }
    let held = good.replace("\"held\": false", "\"held\": true");
    fs::write(&path, held).unwrap();
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
    fs::write(&path, good).unwrap();
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Opened);
}

#[test]
fn a_damaged_key_file_leaves_the_vault_locked() {
    let fixture = enabled();
    damage_a_key(&fixture);
    let directory = credentials(&CREDENTIAL, 0o400);
    let (vault, outcome) = started(&fixture, Some(directory.path()));
    assert_eq!((outcome, vault.phase()), (Unattended::Failed, VaultPhase::Locked));
}

#[test]
fn an_unlock_that_fails_opens_nothing_to_a_credential_either() {
    let mut fixture = enabled();
    fixture.vault.lock().unwrap();
    let path = damage_a_key(&fixture);
    let damaged = fs::read(&path).unwrap();
    assert!(matches!(fixture.vault.unlock(&passphrase(), NOW_MS), Err(VaultError::Damaged { .. })));
    // What opens nothing today does once the file is mended.
    assert!(fixture.vault.is_lock_unnoted());
    fixture.vault.lock().unwrap();
    assert_eq!(fs::read(&path).unwrap(), damaged, "the file is as it was");
    let directory = credentials(&CREDENTIAL, 0o400);
    assert_eq!(started(&fixture, Some(directory.path())).1, Unattended::Held);
}

/// Changes the seal of the first key; its file.
fn damage_a_key(fixture: &Fixture) -> PathBuf {
    let path = fixture.path(&format!("keys/{}.json", wallet(1)));
    let text = fs::read_to_string(&path).unwrap();
    let tag = text.find("\"tag\": \"").unwrap() + 8;
    let other = if text[tag..].starts_with('0') { "1" } else { "0" };
    fs::write(&path, [&text[..tag], other, &text[tag + 1..]].concat()).unwrap();
    path
}
