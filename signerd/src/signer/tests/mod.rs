//! The core on a real vault and a real journal, without sockets.

use std::path::Path;

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use primitives::{Amount, Asset, Chain, Environment, EvmAddress, WalletId};
use protocol::{Ceiling, KeyState, Latch, Payload, RefusalCode, Secret, VaultCopy, Warrant};
use tempfile::TempDir;
use txcodec::evm::{Kind, Transaction};

use super::*;
use crate::clock::SystemTimeSource;
use crate::vault::KdfCost;

mod announce;
mod clocks;
mod crashes;
mod cuts;
mod growth;
mod guard;
mod latch;
mod leases;
mod owners;
mod records;
mod unattended;

const GAS_PRICE: u64 = 1_000_000_000;
const FEE: u64 = 21_000 * GAS_PRICE;
/// What leaves at once, and in a day: 0.25 ETH.
const CEILING: u64 = 250_000_000_000_000_000;

fn passphrase() -> Secret {
    Secret::new(b"correct horse battery staple".to_vec())
}

/// A signer on `state`, started anew.
fn start(state: &Path) -> Signer {
    start_on(state, Box::new(SystemTimeSource::new()))
}

/// The same on a machine whose clocks a test sets.
fn start_on(state: &Path, time: Box<dyn TimeSource>) -> Signer {
    start_with(state, time, settings())
}

/// The same with other settings.
fn start_with(state: &Path, time: Box<dyn TimeSource>, settings: Settings) -> Signer {
    let vault = Vault::open(&state.join("vault"), KdfCost::CHEAP).unwrap();
    let journal = Journal::open(&state.join("journal")).unwrap();
    Signer::start(vault, journal, time, settings, Vec::new())
}

/// Everything that may leave in a day leaves at once.
fn settings() -> Settings {
    let mut settings = Settings::default();
    for network in &mut settings.networks {
        network.default_tiers.notify = network.default_tiers.delay;
    }
    settings
}

fn ask(signer: &mut Signer, role: Role, request: Request) -> Reply {
    signer.handle(vec![Incoming { role, request }]).pop().unwrap()
}

fn operator(signer: &mut Signer, request: Request) -> Reply {
    ask(signer, Role::Operator, request)
}

fn gateway(signer: &mut Signer, request: Request) -> Reply {
    ask(signer, Role::Gateway, request)
}

fn code(reply: Reply) -> Option<RefusalCode> {
    let Reply::Refused(refusal) = reply else { return None };
    Some(refusal.code)
}

/// A state directory with an open vault and an EVM wallet for main networks.
fn with_wallet() -> (TempDir, Signer, protocol::KeyInfo) {
    with_wallet_on(Box::new(SystemTimeSource::new()))
}

fn with_wallet_on(time: Box<dyn TimeSource>) -> (TempDir, Signer, protocol::KeyInfo) {
    let state = TempDir::new().unwrap();
    let mut signer = start_on(state.path(), time);
    let made = operator(&mut signer, Request::InitVault { passphrase: passphrase() });
    assert_eq!(made, Reply::Done);
    let create =
        Request::CreateKey { chain: Chain::Evm, environment: Environment::Mainnet, agent_id: None };
    let Reply::Key(key) = gateway(&mut signer, create) else { panic!("a key") };
    (state, signer, key)
}

fn transfer(nonce: u64, value: u64) -> Vec<u8> {
    transaction(nonce, value).to_unsigned_bytes()
}

fn transaction(nonce: u64, value: u64) -> Transaction {
    Transaction {
        kind: Kind::Legacy { gas_price: Amount::from(GAS_PRICE) },
        chain_id: 1.try_into().unwrap(),
        nonce,
        gas_limit: 21_000,
        to: Some(EvmAddress([0xb0; 20])),
        value: Amount::from(value),
        data: Vec::new(),
    }
}

fn sign(wallet: WalletId, nonce: u64, value: u64) -> Request {
    Request::Sign {
        wallet,
        payload: Payload::Transaction(transfer(nonce, value)),
        warrant: Warrant::None,
    }
}

fn left(signer: &mut Signer, wallet: WalletId) -> Amount {
    let Reply::Exposure(exposure) = operator(signer, Request::Exposure { wallet }) else {
        panic!("an exposure")
    };
    let mainnet = Some("eip155:1".parse().unwrap());
    let line = exposure.lines.iter().find(|line| line.network == mainnet).unwrap();
    assert_eq!(line.asset, Asset::Native);
    match line.at_once {
        Ceiling::AtMost(amount) => amount,
        Ceiling::Unlimited => panic!("a ceiling"),
    }
}

#[test]
fn a_transfer_under_the_ceiling_is_signed_by_the_wallet_and_counted() {
    let (_state, mut signer, key) = with_wallet();
    let Reply::Signature(signature) = gateway(&mut signer, sign(key.wallet, 0, 1000)) else {
        panic!("a signature")
    };
    let decoded = txcodec::evm::decode(&transfer(0, 1000), EvmAddress([0; 20])).unwrap();
    let txcodec::SigningInput::Digest(digest) = decoded.signing_input() else { panic!("a digest") };
    VerifyingKey::from_sec1_bytes(&key.public_key)
        .unwrap()
        .verify_prehash(digest, &Signature::from_slice(&signature[..64]).unwrap())
        .unwrap();
    let expected = Amount::from(CEILING - FEE - 1000);
    assert_eq!(left(&mut signer, key.wallet), expected);
}

#[test]
fn two_that_fit_alone_do_not_both_fit_in_one_batch() {
    let (_state, mut signer, key) = with_wallet();
    let half = CEILING / 2;
    let batch = [0, 1]
        .map(|nonce| Incoming { role: Role::Gateway, request: sign(key.wallet, nonce, half) });
    let replies = signer.handle(batch.into());
    let codes: Vec<_> = replies.into_iter().map(code).collect();
    assert_eq!(codes, [None, Some(RefusalCode::NeedsOwner)]);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 1, half - 2 * FEE))), None);
}

#[test]
fn the_same_bytes_are_counted_once_and_give_the_same_signature() {
    let (_state, mut signer, key) = with_wallet();
    let most = CEILING - FEE;
    let first = gateway(&mut signer, sign(key.wallet, 0, most));
    assert_eq!(code(first.clone()), None);
    assert_eq!(left(&mut signer, key.wallet), Amount::ZERO);
    assert_eq!(gateway(&mut signer, sign(key.wallet, 0, most)), first);
    let other = gateway(&mut signer, sign(key.wallet, 1, 0));
    assert_eq!(code(other), Some(RefusalCode::NeedsOwner));
}

#[test]
fn spend_survives_a_restart_and_the_vault_is_locked_then() {
    let (state, mut signer, key) = with_wallet();
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, CEILING - FEE))), None);
    drop(signer);
    let mut signer = start(state.path());
    assert_eq!(left(&mut signer, key.wallet), Amount::ZERO);
    let locked = gateway(&mut signer, sign(key.wallet, 1, 0));
    assert_eq!(code(locked), Some(RefusalCode::VaultLocked));
    let opened = operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert_eq!(opened, Reply::Done);
    let over = gateway(&mut signer, sign(key.wallet, 1, 0));
    assert_eq!(code(over), Some(RefusalCode::NeedsOwner));
}

#[test]
fn a_suspended_signer_signs_nothing_until_an_operator_resumes_it() {
    let (state, mut signer, key) = with_wallet();
    let suspend = Request::Halt {
        wallet: None,
        from: None,
        to: Latch::Suspended,
        reason: "a drill\n".to_owned(),
    };
    assert_eq!(gateway(&mut signer, suspend), Reply::Done);
    drop(signer);
    let mut signer = start(state.path());
    assert_eq!(signer.latch(), (Latch::Suspended, "a drill"));
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    let refused = gateway(&mut signer, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::Suspended));
    let resume = |text: &[u8]| Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: Secret::new(text.to_vec()),
        approval: None,
    };
    assert_eq!(
        code(gateway(&mut signer, resume(b"correct horse battery staple"))),
        Some(RefusalCode::NotPermitted)
    );
    assert_eq!(operator(&mut signer, resume(b"correct horse battery staple")), Reply::Done,);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
}

#[test]
fn a_guard_is_set_from_the_version_that_stands_with_the_passphrase() {
    let (_state, mut signer, key) = with_wallet();
    let wallet = key.wallet;
    let set = |from_version, text: &str, passphrase: &[u8]| Request::SetGuard {
        wallet,
        from_version,
        text: text.to_owned(),
        passphrase: Some(Secret::new(passphrase.to_vec())),
        approval: None,
    };
    let right: &[u8] = b"correct horse battery staple";
    let open = "[network.\"eip155:1\"]\nopen = true";
    for (request, refused) in [
        (set(2, open, right), RefusalCode::GuardChanged),
        (set(1, "mesages = 1", right), RefusalCode::BadGuard),
        (set(1, open, b"correct horse battery stable"), RefusalCode::WrongPassphrase),
        (set(1, open, right), RefusalCode::Throttled),
    ] {
        assert_eq!(code(operator(&mut signer, request)), Some(refused));
    }
    assert_eq!(code(gateway(&mut signer, sign(wallet, 0, 1))), None, "the old guard stands");
}

#[test]
fn a_new_guard_holds_from_the_next_request_on() {
    let (_state, mut signer, key) = with_wallet();
    let set = Request::SetGuard {
        wallet: key.wallet,
        from_version: 1,
        text: "messages = \"none\"".to_owned(),
        passphrase: Some(passphrase()),
        approval: None,
    };
    let Reply::Guard(guard) = operator(&mut signer, set) else { panic!("a guard") };
    assert_eq!(guard.version, 2);
    let refused = gateway(&mut signer, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::NetworkNotAllowed));
    let text = Request::Sign {
        wallet: key.wallet,
        payload: Payload::Text(b"hello".to_vec()),
        warrant: Warrant::None,
    };
    assert_eq!(code(gateway(&mut signer, text)), Some(RefusalCode::EffectNotAllowed));
}

#[test]
fn a_rotated_wallet_signs_until_its_grace_period_ends() {
    let (_state, mut signer, key) = with_wallet();
    let rotate = |grace_seconds| Request::RotateKey { wallet: key.wallet, grace_seconds };
    let Reply::Key(new) = operator(&mut signer, rotate(3600)) else { panic!("a key") };
    assert_ne!(new.address, key.address);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    assert_eq!(code(gateway(&mut signer, sign(new.wallet, 0, 1))), None);
    let again = operator(&mut signer, rotate(3600));
    assert_eq!(code(again), Some(RefusalCode::WalletRetired));
    let rotate = Request::RotateKey { wallet: new.wallet, grace_seconds: 0 };
    assert_eq!(code(operator(&mut signer, rotate)), None);
    let retired = gateway(&mut signer, sign(new.wallet, 1, 1));
    assert_eq!(code(retired), Some(RefusalCode::WalletRetired));
    let list = Request::ListKeys { after: None, limit: 10 };
    let Reply::Keys(keys) = gateway(&mut signer, list) else { panic!("keys") };
    assert!(matches!(keys[0].state, KeyState::Retiring { .. }));
    assert_eq!([keys[1].state, keys[2].state], [KeyState::Retired, KeyState::Active]);
}

#[test]
fn a_destroyed_wallet_is_gone() {
    let (state, mut signer, key) = with_wallet();
    let destroy = Request::DestroyKey { wallet: key.wallet, passphrase: passphrase() };
    assert_eq!(operator(&mut signer, destroy), Reply::Done);
    let refused = gateway(&mut signer, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::UnknownWallet));
    drop(signer);
    assert_eq!(start(state.path()).journal.state().wallets().count(), 0);
}

#[test]
fn the_list_of_keys_comes_in_pages_that_fit_in_memory_and_is_whole() {
    let (_state, mut signer, key) = with_wallet();
    let snapshot = signer.journal.state().wallet(key.wallet).unwrap().snapshot().clone();
    for number in 0..300_u16 {
        let id = WalletId::new_v7(u64::from(number), [1; 10]);
        let wallet = crate::journal::WalletSnapshot { id, ..snapshot.clone() };
        let origin = crate::journal::Origin::Imported;
        signer.note(Event::WalletCreated { origin, wallet });
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let list = Request::ListKeys { after, limit: u16::MAX };
        let Reply::Keys(page) = gateway(&mut signer, list) else { panic!("keys") };
        let Some(last) = page.last() else { break };
        after = Some(last.wallet);
        pages.push(page.len());
    }
    assert_eq!(pages, [192, 109]);
}

#[test]
fn a_page_of_keys_fits_in_the_gateways_frame_whatever_they_were_halted_for() {
    let (_state, mut signer, key) = with_wallet();
    let reason = "\u{1f512}".repeat(300);
    let halt = Request::Halt { wallet: Some(key.wallet), from: None, to: Latch::Suspended, reason };
    assert_eq!(gateway(&mut signer, halt), Reply::Done);
    let list = Request::ListKeys { after: None, limit: 1 };
    let Reply::Keys(keys) = gateway(&mut signer, list) else { panic!("keys") };
    assert_eq!(keys[0].latch_reason, "\u{1f512}".repeat(256));
    let longest = protocol::wire::to_bytes(&keys[0]).len();
    assert!(longest * 192 < protocol::MAX_SIGNER_FRAME - 64, "{longest} bytes each");
    let resume = Request::Resume {
        wallet: Some(key.wallet),
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    };
    assert_eq!(operator(&mut signer, resume), Reply::Done);
    let list = Request::ListKeys { after: None, limit: 1 };
    let Reply::Keys(keys) = gateway(&mut signer, list) else { panic!("keys") };
    assert_eq!(keys[0].latch_reason, "", "it is not halted");
}

#[test]
fn a_gateway_cannot_make_more_keys_than_a_backup_holds() {
    use protocol::wire::{MAX_BYTES, to_bytes};
    let (_state, mut signer, _) = with_wallet();
    let agent_id = Some("\u{1}".repeat(64)); // six letters each in the key file
    let create =
        Request::CreateKey { chain: Chain::Evm, environment: Environment::Mainnet, agent_id };
    let Reply::Key(key) = gateway(&mut signer, create) else { panic!("a key") };
    let snapshot = to_bytes(signer.journal.state().wallet(key.wallet).unwrap().snapshot());
    let parts = signer.vault.backup_parts().unwrap();
    let file = parts.iter().find(|part| part.name.contains(&key.wallet.to_string())).unwrap();
    let each = snapshot.len() + file.name.len() + file.bytes.len() + 8;
    assert!(crate::vault::MAX_KEYS * each < MAX_BYTES - 4096, "{each} bytes each");
}

#[test]
fn a_key_is_imported_once() {
    let (_state, mut signer, _) = with_wallet();
    let import = || Request::ImportKey {
        chain: Chain::Solana,
        environment: Environment::Testnet,
        key: Secret::new(vec![7; 32]),
        agent_id: Some("bot".to_owned()),
    };
    assert_eq!(code(operator(&mut signer, import())), None);
    assert_eq!(code(operator(&mut signer, import())), Some(RefusalCode::BadKey));
    assert_eq!(signer.vault.list().len(), 2);
}

#[test]
fn a_suspension_is_written_once_however_often_it_is_asked_for() {
    let (_state, mut signer, _) = with_wallet();
    let suspend = |reason: &str| Request::Halt {
        wallet: None,
        from: None,
        to: Latch::Suspended,
        reason: reason.to_owned(),
    };
    assert_eq!(operator(&mut signer, suspend("the first")), Reply::Done);
    let (records, _) = signer.journal.head();
    assert_eq!(gateway(&mut signer, suspend("another")), Reply::Done);
    assert_eq!(signer.journal.head().0, records);
    assert_eq!(signer.latch(), (Latch::Suspended, "the first"));
}

#[test]
fn the_vault_locks_itself_when_nobody_uses_it() {
    let (state, signer, _) = with_wallet();
    drop(signer);
    let settings = Settings { idle_lock_seconds: 1, ..settings() };
    let mut signer = start_with(state.path(), Box::new(SystemTimeSource::new()), settings);
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    signer.tick();
    assert_eq!(signer.vault.phase(), protocol::VaultPhase::Open);
    signer.last_signed_at = signer.clock.now() - 1;
    signer.tick();
    assert_eq!(signer.vault.phase(), protocol::VaultPhase::Locked);
}
