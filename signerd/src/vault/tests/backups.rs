//! Backups: what they hold, what is refused, and that they give the keys back.

use std::fs;
use std::os::unix::fs::DirBuilderExt;

use super::*;
use crate::vault::{BackupMaster, BackupPart};

fn master(parts: &[BackupPart]) -> BackupMaster {
    BackupMaster::of_parts(parts, &passphrase()).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, VaultError>) -> RefusalCode {
    result.unwrap_err().code()
}

#[test]
fn a_restored_vault_signs_the_same() {
    let mut fixture = Fixture::open();
    let signature = sign(&mut fixture.vault, wallet(1), &digest()).unwrap();
    fixture.vault.lock().unwrap();
    let parts = fixture.vault.backup_parts().unwrap();
    let names: Vec<_> = parts.iter().map(|part| part.name.clone()).collect();
    let key = |number| format!("keys/{}.json", wallet(number));
    assert_eq!(names, ["vault.json".to_owned(), key(1), key(2)]);

    assert_eq!(Vault::verify_parts(&parts, &mut master(&parts)).unwrap(), 2);
    let mut other = Fixture::empty();
    other.vault.restore_parts(&parts, &mut master(&parts)).unwrap();
    assert_eq!(other.vault.phase(), VaultPhase::Locked);
    assert_eq!(other.vault.instance(), fixture.vault.instance());
    let mut vault = other.reopened().unwrap();
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(sign(&mut vault, wallet(1), &digest()).unwrap(), signature);
}

#[test]
fn a_backup_is_not_restored_over_a_vault() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let mut other = Fixture::open();
    let refused = other.vault.restore_parts(&parts, &mut master(&parts));
    assert_eq!(code(refused), RefusalCode::VaultExists);
    sign(&mut other.vault, wallet(1), &digest()).unwrap();
}

#[test]
fn a_backup_with_a_wrong_part_is_refused_and_nothing_is_written() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let foreign = Fixture::open().vault.backup_parts().unwrap();
    let named = |name: &str| BackupPart { name: name.to_owned(), ..parts[1].clone() };
    let text = String::from_utf8(parts[1].bytes.clone()).unwrap();
    let mainnet = BackupPart {
        bytes: text.replace("\"testnet\"", "\"mainnet\"").into_bytes(),
        ..parts[1].clone()
    };
    let vault = || parts[0].clone();
    let upper = parts[1].name.to_uppercase();
    let rows = [
        ("nothing", vec![]),
        ("no vault file", vec![parts[1].clone()]),
        ("a key twice", vec![vault(), parts[1].clone(), parts[1].clone()]),
        ("the vault twice", vec![vault(), vault()]),
        ("a key under another name", vec![vault(), named(&parts[2].name)]),
        ("a key of another vault", vec![vault(), foreign[1].clone()]),
        ("a changed key", vec![vault(), mainnet]),
        ("a path upwards", vec![vault(), named("keys/../../escape.json")]),
        ("an absolute path", vec![vault(), named("/tmp/escape.json")]),
        ("another spelling of the id", vec![vault(), named(&upper)]),
        ("another file", vec![vault(), named("throttle.json")]),
    ];
    for (what, parts) in rows {
        let mut fixture = Fixture::empty();
        let refused = fixture.vault.restore_parts(&parts, &mut master(&[vault()]));
        assert_eq!(code(refused), RefusalCode::BadBackup, "{what}");
        assert_eq!(fixture.vault.phase(), VaultPhase::Uninitialised, "{what}");
        assert_eq!(fs::read_dir(fixture.state.path()).unwrap().count(), 0, "{what}");
    }
    assert_eq!(Vault::verify_parts(&[vault()], &mut master(&[vault()])).unwrap(), 0);
}

#[test]
fn a_backup_needs_the_passphrase_of_its_time() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let wrong = secret("incorrect horse battery");
    assert_eq!(code(BackupMaster::of_parts(&parts, &wrong)), RefusalCode::WrongPassphrase);
    let foreign = Fixture::open().vault.backup_parts().unwrap();
    let mut fixture = Fixture::empty();
    let refused = fixture.vault.restore_parts(&parts, &mut master(&foreign));
    assert_eq!(code(refused), RefusalCode::BadBackup);
    fixture.vault.restore_parts(&parts, &mut master(&parts)).unwrap();
}

#[test]
fn a_restore_that_was_killed_left_nothing_and_can_be_repeated() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let mut fixture = Fixture::empty();
    let keys = fixture.state.path().join("vault.partial/keys");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(keys).unwrap();
    fs::write(fixture.state.path().join("vault.partial/vault.json"), &parts[0].bytes).unwrap();
    assert_eq!(fixture.reopened().unwrap().phase(), VaultPhase::Uninitialised);
    fixture.vault.restore_parts(&parts, &mut master(&parts)).unwrap();
    assert_eq!(fixture.reopened().unwrap().list().len(), 2);
}

fn seal(vault: &mut Vault, plain: &[u8]) -> Vec<u8> {
    vault.seal_archive(Some(&passphrase()), NOW_MS, plain.to_vec()).unwrap().0
}

/// Opens it on a machine without a vault.
fn open_elsewhere(passphrase: &Secret, archive: &[u8]) -> Result<Vec<u8>, VaultError> {
    let opened = Fixture::empty().vault.open_archive(Some(passphrase), archive);
    opened.map(|opened| opened.content)
}

#[test]
fn an_archive_opens_with_its_passphrase_alone() {
    let mut fixture = Fixture::open();
    let vault = &mut fixture.vault;
    for content in [vec![], b"content".to_vec(), vec![7; 100_000]] {
        let archive = seal(vault, &content);
        assert_eq!(open_elsewhere(&passphrase(), &archive).unwrap(), content);
        let wrong = open_elsewhere(&secret("incorrect horse battery"), &archive);
        assert_eq!(code(wrong), RefusalCode::WrongPassphrase);
    }
}

#[test]
fn an_open_vault_makes_and_opens_archives_without_its_passphrase_and_a_locked_one_does_not() {
    let mut fixture = Fixture::open();
    let vault = &mut fixture.vault;
    let (archive, key) = vault.seal_archive(None, NOW_MS, b"content".to_vec()).unwrap();
    let opened = vault.open_archive(None, &archive).unwrap();
    assert_eq!((opened.content.as_slice(), &opened.key), (b"content".as_slice(), &key));
    let elsewhere = Fixture::empty().vault.open_archive(Some(&passphrase()), &archive).unwrap();
    assert_eq!(elsewhere.key, key);
    let foreign = Fixture::open().vault.open_archive(None, &archive);
    assert_eq!(code(foreign), RefusalCode::BadBackup);
    vault.lock().unwrap();
    let sealed = vault.seal_archive(None, NOW_MS, vec![]);
    assert_eq!(sealed.unwrap_err().code(), RefusalCode::VaultLocked);
    assert_eq!(code(vault.open_archive(None, &archive)), RefusalCode::VaultLocked);
    vault.seal_archive(Some(&passphrase()), NOW_MS, vec![]).unwrap();
}

#[test]
fn a_wrong_passphrase_makes_no_archive_and_counts_as_a_try() {
    let mut fixture = Fixture::open();
    let wrong = secret("incorrect horse battery");
    let mut make = || fixture.vault.seal_archive(Some(&wrong), NOW_MS, vec![]).unwrap_err().code();
    let codes: Vec<_> = (0..20).map(|_| make()).collect();
    assert_eq!(codes[0], RefusalCode::WrongPassphrase);
    assert_eq!(codes[19], RefusalCode::Throttled);
}

#[test]
fn two_archives_of_the_same_differ_and_so_do_their_keys() {
    let mut fixture = Fixture::open();
    let vault = &mut fixture.vault;
    let mut make = || vault.seal_archive(None, NOW_MS, b"content".to_vec()).unwrap();
    let (one, other) = (make(), make());
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn a_damaged_archive_is_refused() {
    let mut fixture = Fixture::open();
    let vault = &mut fixture.vault;
    let archive = seal(vault, b"content");
    let mut opens = |bytes: &[u8]| vault.open_archive(None, bytes).is_ok();
    assert!(opens(&archive));
    for end in 0..archive.len() {
        assert!(!opens(&archive[..end]), "cut at {end}");
    }
    for position in 0..archive.len() {
        let mut damaged = archive.clone();
        damaged[position] ^= 1;
        assert!(!opens(&damaged), "byte {position}");
    }
    let longer = [archive.as_slice(), &[0]].concat();
    assert!(!opens(&longer));
}

#[test]
fn an_archive_cannot_ask_for_more_than_the_machine_has() {
    let mut fixture = Fixture::open();
    let vault = &mut fixture.vault;
    let archive = seal(vault, b"");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let record = vault.backup_parts().unwrap()[0].bytes.clone();
    let field = text(&record);
    let field = field.lines().find(|line| line.contains("memlimit")).unwrap().to_owned();
    let digits: String = field.chars().filter(char::is_ascii_digit).collect();
    let greedy = text(&record).replace(&digits, "99999999999999");
    let length = u32::try_from(greedy.len()).unwrap().to_be_bytes();
    let rest = &archive[16 + 32 + 4 + record.len()..];
    let greedy = [&archive[..48], &length, greedy.as_bytes(), rest].concat();
    assert_eq!(code(open_elsewhere(&passphrase(), &greedy)), RefusalCode::BadBackup);
    let endless = [&archive[..48], &u32::MAX.to_be_bytes(), &archive[52..]].concat();
    assert_eq!(code(open_elsewhere(&passphrase(), &endless)), RefusalCode::BadBackup);
}
