//! Backups: what they hold, what is refused, and that they give the keys back.

use std::fs;
use std::os::unix::fs::DirBuilderExt;

use super::*;
use crate::vault::BackupPart;

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

    assert_eq!(Vault::verify_parts(&parts, &passphrase()).unwrap(), 2);
    let mut other = Fixture::empty();
    other.vault.restore_parts(&parts, &passphrase()).unwrap();
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
    let refused = other.vault.restore_parts(&parts, &passphrase());
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
        let refused = fixture.vault.restore_parts(&parts, &passphrase());
        assert_eq!(code(refused), RefusalCode::BadBackup, "{what}");
        assert_eq!(fixture.vault.phase(), VaultPhase::Uninitialised, "{what}");
        assert_eq!(fs::read_dir(fixture.state.path()).unwrap().count(), 0, "{what}");
    }
    assert_eq!(Vault::verify_parts(&[vault()], &passphrase()).unwrap(), 0);
}

#[test]
fn a_backup_needs_the_passphrase_of_its_time() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let wrong = secret("incorrect horse battery");
    assert_eq!(code(Vault::verify_parts(&parts, &wrong)), RefusalCode::WrongPassphrase);
    let mut fixture = Fixture::empty();
    let refused = fixture.vault.restore_parts(&parts, &wrong);
    assert_eq!(code(refused), RefusalCode::WrongPassphrase);
    fixture.vault.restore_parts(&parts, &passphrase()).unwrap();
}

#[test]
fn a_restore_that_was_killed_left_nothing_and_can_be_repeated() {
    let parts = Fixture::open().vault.backup_parts().unwrap();
    let mut fixture = Fixture::empty();
    let keys = fixture.state.path().join("vault.partial/keys");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(keys).unwrap();
    fs::write(fixture.state.path().join("vault.partial/vault.json"), &parts[0].bytes).unwrap();
    assert_eq!(fixture.reopened().unwrap().phase(), VaultPhase::Uninitialised);
    fixture.vault.restore_parts(&parts, &passphrase()).unwrap();
    assert_eq!(fixture.reopened().unwrap().list().len(), 2);
}

#[test]
fn an_archive_opens_with_its_passphrase_alone() {
    let vault = Fixture::empty().vault;
    for content in [vec![], b"content".to_vec(), vec![7; 100_000]] {
        let archive = vault.seal_archive(&passphrase(), content.clone()).unwrap();
        assert_eq!(Vault::open_archive(&passphrase(), &archive).unwrap(), content);
        let wrong = Vault::open_archive(&secret("incorrect horse battery"), &archive);
        assert_eq!(code(wrong), RefusalCode::WrongPassphrase);
    }
    let weak = vault.seal_archive(&secret("short"), vec![]);
    assert_eq!(code(weak), RefusalCode::WeakPassphrase);
}

#[test]
fn two_archives_of_the_same_differ() {
    let vault = Fixture::empty().vault;
    let archive = || vault.seal_archive(&passphrase(), b"content".to_vec()).unwrap();
    assert_ne!(archive(), archive());
}

#[test]
fn a_damaged_archive_is_refused() {
    let vault = Fixture::empty().vault;
    let archive = vault.seal_archive(&passphrase(), b"content".to_vec()).unwrap();
    for end in 0..archive.len() {
        assert!(Vault::open_archive(&passphrase(), &archive[..end]).is_err(), "cut at {end}");
    }
    // Past the header's costs, of which a flipped bit can ask for a gibibyte.
    for position in (0..16).chain(28..archive.len()) {
        let mut damaged = archive.clone();
        damaged[position] ^= 1;
        assert!(Vault::open_archive(&passphrase(), &damaged).is_err(), "byte {position}");
    }
    let mut longer = archive.clone();
    longer.push(0);
    assert!(Vault::open_archive(&passphrase(), &longer).is_err());
}

#[test]
fn an_archive_cannot_ask_for_more_than_the_machine_has() {
    let vault = Fixture::empty().vault;
    let archive = vault.seal_archive(&passphrase(), vec![]).unwrap();
    // Memory in KiB, passes, lanes.
    for (position, value) in [(16, u32::MAX), (16, 1 << 21), (16, 0), (20, 65), (20, 0), (24, 17)] {
        let mut greedy = archive.clone();
        greedy[position..position + 4].copy_from_slice(&value.to_be_bytes());
        let refused = Vault::open_archive(&passphrase(), &greedy);
        assert_eq!(code(refused), RefusalCode::BadBackup, "{value} at {position}");
    }
}
