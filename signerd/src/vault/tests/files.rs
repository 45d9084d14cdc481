//! Files that are damaged, foreign, written by others, or changed on purpose.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use primitives::encode_hex;

use super::*;
use crate::vault::curve;

/// What opening or unlocking says after `change` was done to a vault of two keys.
fn after(change: impl FnOnce(&Fixture)) -> Result<(), VaultError> {
    let fixture = Fixture::open();
    change(&fixture);
    let mut vault = fixture.reopened()?;
    let result = vault.unlock(&passphrase(), NOW_MS);
    assert_eq!(result.is_ok(), vault.phase() == VaultPhase::Open);
    result
}

fn key_path(number: u8) -> String {
    format!("keys/{}.json", wallet(number))
}

fn replace(fixture: &Fixture, name: &str, from: &str, to: &str) {
    let path = fixture.path(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn a_vault_made_by_another_program_is_opened() {
    let state = tempfile::tempdir().unwrap();
    let root = state.path().join("vault");
    let wallets = ["017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c073990"];
    fs::create_dir_all(root.join("keys")).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(root.join("vault.json"), include_str!("../testdata/vault.json")).unwrap();
    let keys = [
        include_str!("../testdata/keys/017f22e2-79b0-7cc3-98c4-dc0c0c07398f.json"),
        include_str!("../testdata/keys/017f22e2-79b0-7cc3-98c4-dc0c0c073990.json"),
    ];
    for (wallet, key) in wallets.iter().zip(keys) {
        fs::write(root.join(format!("keys/{wallet}.json")), key).unwrap();
    }
    let mut vault = Vault::open(&root, KdfCost::CHEAP).unwrap();
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    let addresses: Vec<_> = vault.list().map(|key| key.address.to_string()).collect();
    assert_eq!(
        addresses,
        [
            "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
            "2iXtA8oeZqUU5pofxK971TCEvFGfems2AcDRaZHKD2pQ"
        ]
    );
    let signed = sign(&mut vault, wallets[1].parse().unwrap(), &message()).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x2a; 32]);
    assert_eq!(signed, ed25519_dalek::Signer::sign(&key, b"message").to_bytes());
}

/// Ways to change a word in the key file of the first wallet: what is changed, from what, to what.
fn changes(fixture: &Fixture) -> Vec<(&'static str, String, String)> {
    let row = |what, from: &str, to: &str| (what, from.to_owned(), to.to_owned());
    let key = encode_hex(&fixture.vault.public_key(wallet(1)).unwrap().bytes);
    let other_key = encode_hex(&curve::public_key(Chain::Evm, &[1; 32]).unwrap());
    let instance = encode_hex(&fixture.vault.instance());
    vec![
        row("version", "\"version\": 1", "\"version\": 2"),
        row("unknown field", "\"version\": 1,", "\"version\": 1, \"x\": 1,"),
        row("id", &wallet(1).to_string(), &wallet(3).to_string()),
        row("type", "\"secp256k1\"", "\"ed25519\""),
        row("chain", "\"ethereum\"", "\"solana\""),
        row("environment", "\"testnet\"", "\"mainnet\""),
        row("public key", &key, &other_key),
        row("vault", &instance, &"00".repeat(16)),
        row("cipher", "aes-256-gcm", "aes-128-gcm"),
        row("other cost", "\"memlimit\": 8192", "\"memlimit\": 9216"),
        row("impossible cost", "\"memlimit\": 8192", "\"memlimit\": 1099511627776"),
        row("cut", "\"metadata\"", ""),
    ]
}

#[test]
fn a_changed_key_file_is_named_and_nothing_is_opened() {
    let count = changes(&Fixture::open()).len();
    for number in 0..count {
        let mut what = "";
        let result = after(|fixture| {
            let (name, from, to) = &changes(fixture)[number];
            what = name;
            replace(fixture, &key_path(1), from, to);
        });
        let error = result.unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains(&key_path(1)), "{what}: {error}");
    }
    after(|_unchanged| {}).unwrap();
}

#[test]
fn notes_in_a_key_file_are_not_sealed() {
    after(|vault| replace(vault, &key_path(1), "\"agent\"", "\"somebody\"")).unwrap();
}

#[test]
fn key_files_cannot_be_exchanged() {
    let error = after(|fixture| {
        fs::rename(fixture.path(&key_path(1)), fixture.path(&key_path(2))).unwrap();
    })
    .unwrap_err();
    assert!(error.to_string().contains(&key_path(2)), "{error}");
}

#[test]
fn a_key_of_another_vault_is_refused() {
    let mut other = Fixture::open();
    other.vault.create(new_key(3, Chain::Evm)).unwrap();
    let error = after(|fixture| {
        fs::copy(other.path(&key_path(3)), fixture.path(&key_path(3))).unwrap();
    })
    .unwrap_err();
    assert!(error.to_string().contains(&key_path(3)), "{error}");
    assert!(error.to_string().contains("another vault"), "{error}");
}

#[test]
fn files_that_do_not_belong_are_named() {
    let stray = after(|fixture| fs::write(fixture.path("keys/notes.txt"), "x").unwrap());
    assert!(stray.unwrap_err().to_string().contains("notes.txt"));
    let gone = after(|fixture| fs::remove_file(fixture.path("vault.json")).unwrap());
    assert!(gone.unwrap_err().to_string().contains("vault.json"));
    let huge = after(|fixture| fs::write(fixture.path(&key_path(1)), vec![b' '; 70_000]).unwrap());
    assert!(matches!(huge, Err(VaultError::Disk { .. })));
    let link = after(|fixture| {
        fs::rename(fixture.path(&key_path(1)), fixture.state.path().join("moved")).unwrap();
        std::os::unix::fs::symlink("../../moved", fixture.path(&key_path(1))).unwrap();
    });
    assert!(matches!(link, Err(VaultError::Disk { .. })));
}

#[test]
fn a_changed_vault_file_is_a_wrong_passphrase() {
    let error = after(|fixture| {
        let instance = encode_hex(&fixture.vault.instance());
        replace(fixture, "vault.json", &instance, &"00".repeat(16));
    })
    .unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase { .. }));
}

#[test]
fn a_vault_is_not_exchanged_while_the_signer_runs() {
    let mut fixture = Fixture::open();
    fixture.vault.lock().unwrap();
    let other = Fixture::open();
    fs::rename(fixture.path(""), fixture.state.path().join("old")).unwrap();
    fs::rename(other.path(""), fixture.path("")).unwrap();
    let error = fixture.vault.unlock(&passphrase(), NOW_MS).unwrap_err();
    assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
    fs::rename(fixture.path(""), other.path("")).unwrap();
    fs::rename(fixture.state.path().join("old"), fixture.path("")).unwrap();
    fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
}

#[test]
fn only_the_owner_may_look_into_the_directory() {
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let fixture = Fixture::open();
    assert_eq!(mode(fixture.path("")), 0o700);
    assert_eq!(mode(fixture.path("keys")), 0o700);
    assert_eq!(mode(fixture.path("vault.json")), 0o600);
    assert_eq!(mode(fixture.path(&key_path(1))), 0o600);
    for (bits, is_refused) in [(0o700, false), (0o701, true), (0o740, true), (0o755, true)] {
        fs::set_permissions(fixture.path(""), fs::Permissions::from_mode(bits)).unwrap();
        assert_eq!(fixture.reopened().is_err(), is_refused, "{bits:o}");
    }
}
