//! The vault as a whole, on a real directory.

use std::path::PathBuf;

use primitives::{Chain, Environment, WalletId};
use protocol::{RefusalCode, Secret, VaultPhase};
use tempfile::TempDir;
use txcodec::SigningInput;

use super::state::Key;
use super::{KdfCost, MAX_KEYS, NewKey, Vault, VaultError};

mod backups;
mod crashes;
mod files;
mod residue;
mod unattended;

const NOW: u64 = 1_800_000_000;
const NOW_MS: u64 = NOW * 1_000;

/// A directory with a vault of two keys, open.
struct Fixture {
    state: TempDir,
    vault: Vault,
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn passphrase() -> Secret {
    secret("correct horse battery")
}

/// Another for each vault.
fn instance() -> [u8; 16] {
    let mut instance = [0; 16];
    getrandom::fill(&mut instance).unwrap();
    instance
}

fn wallet(number: u8) -> WalletId {
    WalletId::from_bytes([number; 16])
}

fn new_key(number: u8, chain: Chain) -> NewKey {
    NewKey {
        wallet: wallet(number),
        chain,
        environment: Environment::Testnet,
        agent_id: Some("agent".to_owned()),
        created_at: NOW,
    }
}

impl Fixture {
    fn empty() -> Self {
        let state = tempfile::tempdir().unwrap();
        let vault = Vault::open(&state.path().join("vault"), KdfCost::CHEAP).unwrap();
        Self { state, vault }
    }

    fn open() -> Self {
        let mut fixture = Self::empty();
        fixture.vault.init(&passphrase(), instance(), NOW).unwrap();
        fixture.vault.create(new_key(1, Chain::Evm)).unwrap();
        fixture.vault.create(new_key(2, Chain::Solana)).unwrap();
        fixture
    }

    /// What a restart of the program gives.
    fn reopened(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.path(""), KdfCost::CHEAP)
    }

    /// A file of the vault.
    fn path(&self, name: &str) -> PathBuf {
        self.state.path().join("vault").join(name)
    }
}

fn digest() -> SigningInput {
    SigningInput::Digest([7; 32])
}

fn message() -> SigningInput {
    SigningInput::Bytes(b"message".to_vec())
}

fn sign(vault: &mut Vault, wallet: WalletId, input: &SigningInput) -> Result<Vec<u8>, VaultError> {
    vault.sign_input(wallet, input)
}

#[test]
fn keys_survive_a_restart_and_sign_the_same() {
    let mut fixture = Fixture::open();
    let signatures = [
        sign(&mut fixture.vault, wallet(1), &digest()).unwrap(),
        sign(&mut fixture.vault, wallet(2), &message()).unwrap(),
    ];
    let mut vault = fixture.reopened().unwrap();
    assert_eq!(vault.phase(), VaultPhase::Locked);
    assert!(vault.list().eq(fixture.vault.list()));
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Open);
    assert_eq!(vault.instance(), fixture.vault.instance());
    assert_eq!(sign(&mut vault, wallet(1), &digest()).unwrap(), signatures[0]);
    assert_eq!(sign(&mut vault, wallet(2), &message()).unwrap(), signatures[1]);
}

#[test]
fn what_the_phase_does_not_allow_is_refused() {
    let mut fixture = Fixture::empty();
    let vault = &mut fixture.vault;
    assert_eq!((vault.phase(), vault.instance()), (VaultPhase::Uninitialised, [0; 16]));
    let refused = |result: Result<(), VaultError>| result.unwrap_err().code();
    assert_eq!(refused(vault.unlock(&passphrase(), NOW_MS)), RefusalCode::VaultUninitialised);
    assert_eq!(refused(vault.check(&passphrase(), NOW_MS)), RefusalCode::VaultUninitialised);
    let created = vault.create(new_key(1, Chain::Evm)).map(drop);
    assert_eq!(refused(created), RefusalCode::VaultUninitialised);
    assert_eq!(refused(vault.backup_parts().map(drop)), RefusalCode::VaultUninitialised);

    vault.init(&passphrase(), instance(), NOW).unwrap();
    assert_eq!(refused(vault.init(&passphrase(), instance(), NOW)), RefusalCode::VaultExists);
    assert_eq!(refused(vault.unlock(&passphrase(), NOW_MS)), RefusalCode::VaultOpen);
    vault.create(new_key(1, Chain::Evm)).unwrap();

    vault.lock().unwrap();
    assert_eq!(vault.phase(), VaultPhase::Locked);
    let created = vault.create(new_key(2, Chain::Evm)).map(drop);
    assert_eq!(refused(created), RefusalCode::VaultLocked);
    let signed = sign(vault, wallet(1), &digest()).map(drop);
    assert_eq!(refused(signed), RefusalCode::VaultLocked);
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    sign(vault, wallet(1), &digest()).unwrap();
}

#[test]
fn a_short_passphrase_is_refused() {
    let rows = [
        (b"".to_vec(), false),
        (b"elevenchars".to_vec(), false),
        (b"twelve chars".to_vec(), true),
        ("\u{e9}".repeat(11).into_bytes(), false),
        ("\u{e9}".repeat(12).into_bytes(), true),
        (vec![0xff; 40], false),
    ];
    for (bytes, is_enough) in rows {
        let made = Fixture::empty().vault.init(&Secret::new(bytes.clone()), instance(), NOW);
        let code = made.map_err(|error| error.code());
        let expected = if is_enough { Ok(()) } else { Err(RefusalCode::WeakPassphrase) };
        assert_eq!(code, expected, "{bytes:?}");
    }
}

#[test]
fn wrong_passphrases_are_slowed_down_across_restarts() {
    let fixture = Fixture::open();
    let mut vault = fixture.reopened().unwrap();
    let wrong = secret("incorrect horse battery");
    let answer = |result: Result<(), VaultError>| {
        let error = result.unwrap_err();
        (error.code(), error.retry_after_seconds())
    };
    assert_eq!(answer(vault.unlock(&wrong, NOW_MS)), (RefusalCode::WrongPassphrase, 1));
    // The right one is not looked at before its time either.
    assert_eq!(answer(vault.unlock(&passphrase(), NOW_MS + 1)), (RefusalCode::Throttled, 1));
    assert_eq!(answer(vault.check(&passphrase(), NOW_MS + 999)), (RefusalCode::Throttled, 1));
    let later = NOW_MS + 1_000;
    assert_eq!(answer(vault.check(&wrong, later)), (RefusalCode::WrongPassphrase, 2));

    let mut vault = fixture.reopened().unwrap();
    assert_eq!(answer(vault.unlock(&passphrase(), later + 500)), (RefusalCode::Throttled, 2));
    vault.unlock(&passphrase(), later + 2_000).unwrap();
    assert_eq!(answer(vault.check(&wrong, later + 2_000)), (RefusalCode::WrongPassphrase, 1));
}

#[test]
fn checking_a_passphrase_changes_nothing() {
    let mut fixture = Fixture::open();
    fixture.vault.check(&passphrase(), NOW_MS).unwrap();
    assert_eq!(fixture.vault.phase(), VaultPhase::Open);
    let mut vault = fixture.reopened().unwrap();
    vault.check(&passphrase(), NOW_MS).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Locked);
}

#[test]
fn a_key_from_elsewhere_is_taken_over_as_it_is() {
    let mut fixture = Fixture::open();
    let key = |byte, length| Secret::new(vec![byte; length]);
    let evm = fixture.vault.import(new_key(3, Chain::Evm), &key(0x46, 32)).unwrap();
    assert_eq!(evm.address.to_string(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    let solana = fixture.vault.import(new_key(4, Chain::Solana), &key(0x2a, 32)).unwrap();
    assert_eq!(solana.address.to_string(), "2iXtA8oeZqUU5pofxK971TCEvFGfems2AcDRaZHKD2pQ");
    assert_eq!(fixture.vault.public_key(wallet(3)), Some(&evm));

    for bad in [key(0, 32), key(0xff, 32), key(0x46, 31), key(0x46, 33), key(0, 0)] {
        let refused = fixture.vault.import(new_key(5, Chain::Evm), &bad).unwrap_err();
        assert_eq!(refused.code(), RefusalCode::BadKey);
    }
    assert_eq!(fixture.vault.public_key(wallet(5)), None);
    assert_eq!(fixture.reopened().unwrap().list().len(), 4);
}

#[test]
fn a_wallet_has_one_key_and_an_agent_a_short_name() {
    let mut fixture = Fixture::open();
    let again = fixture.vault.create(new_key(1, Chain::Solana)).unwrap_err();
    assert!(matches!(again, VaultError::WalletExists(_)));
    let named = |number, length| NewKey {
        agent_id: Some("\u{e9}".repeat(length)),
        ..new_key(number, Chain::Evm)
    };
    fixture.vault.create(named(3, 64)).unwrap();
    let refused = fixture.vault.create(named(4, 65)).unwrap_err();
    assert_eq!(refused.code(), RefusalCode::LimitReached);
    assert_eq!(fixture.reopened().unwrap().list().len(), 3);
}

#[test]
fn a_full_vault_takes_no_more_keys() {
    let mut fixture = Fixture::open();
    let key = fixture.vault.keys[&wallet(1)].record.clone();
    for number in 2..MAX_KEYS {
        let id = WalletId::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
        let public = fixture.vault.keys[&wallet(1)].public.clone();
        fixture.vault.keys.insert(id, Key { record: key.clone(), public, used_at: None });
    }
    assert_eq!(fixture.vault.keys.len(), MAX_KEYS);
    let refused = fixture.vault.create(new_key(9, Chain::Evm)).unwrap_err();
    assert_eq!(refused.code(), RefusalCode::LimitReached);
    fixture.vault.keys.pop_first();
    fixture.vault.create(new_key(9, Chain::Evm)).unwrap();
}

#[test]
fn a_destroyed_key_is_gone_for_good() {
    let mut fixture = Fixture::open();
    fixture.vault.destroy(wallet(1)).unwrap();
    let code = |result: Result<(), VaultError>| result.unwrap_err().code();
    let signed = sign(&mut fixture.vault, wallet(1), &digest()).map(drop);
    assert_eq!(code(signed), RefusalCode::UnknownWallet);
    assert_eq!(code(fixture.vault.destroy(wallet(1))), RefusalCode::UnknownWallet);
    sign(&mut fixture.vault, wallet(2), &message()).unwrap();
    let mut vault = fixture.reopened().unwrap();
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(vault.public_key(wallet(1)), None);
    sign(&mut vault, wallet(2), &message()).unwrap();
}

#[test]
fn use_and_replacement_are_noted_in_the_file() {
    let mut fixture = Fixture::open();
    fixture.vault.mark_used(wallet(1), NOW + 5);
    fixture.vault.mark_rotated(wallet(2), NOW + 6).unwrap();
    let unknown = fixture.vault.mark_rotated(wallet(3), NOW).unwrap_err();
    assert_eq!(unknown.code(), RefusalCode::UnknownWallet);
    fixture.vault.lock().unwrap();
    let mut vault = fixture.reopened().unwrap();
    assert_eq!(vault.public_key(wallet(1)).unwrap().last_used_at, Some(NOW + 5));
    assert_eq!(vault.public_key(wallet(2)).unwrap().rotated_at, Some(NOW + 6));
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    sign(&mut vault, wallet(1), &digest()).unwrap();
}

#[test]
fn many_keys_need_little_locked_memory() {
    let mut fixture = Fixture::open();
    for number in 3..=250 {
        fixture
            .vault
            .import(new_key(number, Chain::Solana), &Secret::new(vec![number; 32]))
            .unwrap();
    }
    fixture.vault.lock().unwrap();
    fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
    for number in 3..=250 {
        let key = ed25519_dalek::SigningKey::from_bytes(&[number; 32]);
        let signed = sign(&mut fixture.vault, wallet(number), &message()).unwrap();
        assert_eq!(signed, ed25519_dalek::Signer::sign(&key, b"message").to_bytes());
    }
}

#[test]
fn nothing_secret_is_in_the_files_or_in_debug_output() {
    let mut fixture = Fixture::open();
    fixture.vault.import(new_key(3, Chain::Solana), &Secret::new(vec![0x2a; 32])).unwrap();
    let parts = fixture.vault.backup_parts().unwrap();
    for part in &parts {
        let text = str::from_utf8(&part.bytes).unwrap();
        assert!(!text.contains(&"2a".repeat(32)), "{}", part.name);
        assert!(!text.contains("horse"), "{}", part.name);
    }
    assert_eq!(format!("{:?}", fixture.vault), "Vault");
}
