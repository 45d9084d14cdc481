//! The vault as a whole, on a real directory.

use primitives::{Chain, Environment, WalletId};
use protocol::{Secret, VaultPhase};
use tempfile::TempDir;
use txcodec::SigningInput;

use super::{KdfCost, NewKey, Vault, VaultError};

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
        fixture.vault.init(&passphrase(), NOW).unwrap();
        fixture.vault.create(new_key(1, Chain::Evm)).unwrap();
        fixture.vault.create(new_key(2, Chain::Solana)).unwrap();
        fixture
    }

    /// What a restart of the program gives.
    fn reopened(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.state.path().join("vault"), KdfCost::CHEAP)
    }
}

#[test]
fn keys_survive_a_restart_and_sign_the_same() {
    let mut fixture = Fixture::open();
    let digest = SigningInput::Digest([7; 32]);
    let message = SigningInput::Bytes(b"message".to_vec());
    let signatures = [
        fixture.vault.sign_input(wallet(1), &digest).unwrap(),
        fixture.vault.sign_input(wallet(2), &message).unwrap(),
    ];
    let mut vault = fixture.reopened().unwrap();
    assert_eq!(vault.phase(), VaultPhase::Locked);
    assert!(vault.list().eq(fixture.vault.list()));
    vault.unlock(&passphrase(), NOW_MS).unwrap();
    assert_eq!(vault.phase(), VaultPhase::Open);
    assert_eq!(vault.instance(), fixture.vault.instance());
    assert_eq!(vault.sign_input(wallet(1), &digest).unwrap(), signatures[0]);
    assert_eq!(vault.sign_input(wallet(2), &message).unwrap(), signatures[1]);
}
