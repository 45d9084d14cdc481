//! Signing is stopped by anybody and started again by few; what was stopped stays so.

use protocol::{Owners, Status};

use super::*;
use crate::clock::testing::Machine;

const NOW: u64 = 1_800_000_000;
const LATCH_CHANGED: Option<RefusalCode> = Some(RefusalCode::LatchChanged);
const NOT_PERMITTED: Option<RefusalCode> = Some(RefusalCode::NotPermitted);

fn halt(wallet: Option<WalletId>, to: Latch) -> Request {
    Request::Halt { wallet, from: None, to, reason: "a drill".to_owned() }
}

fn resume(wallet: Option<WalletId>, from: Latch) -> Request {
    Request::Resume { wallet, from, passphrase: passphrase(), approval: None }
}

fn status(signer: &mut Signer) -> Status {
    let Reply::Status(status) = gateway(signer, Request::Status) else { panic!("a status") };
    status
}

fn wallet_latch(signer: &mut Signer, wallet: WalletId) -> Latch {
    let list = Request::ListKeys { after: None, limit: 10 };
    let Reply::Keys(keys) = gateway(signer, list) else { panic!("keys") };
    keys.iter().find(|key| key.wallet == wallet).unwrap().latch
}

/// Another wallet like the first.
fn another_wallet(signer: &mut Signer) -> WalletId {
    let create =
        Request::CreateKey { chain: Chain::Evm, environment: Environment::Mainnet, agent_id: None };
    let Reply::Key(key) = gateway(signer, create) else { panic!("a key") };
    key.wallet
}

/// Makes a wallet one that has an owner.
pub(super) fn give_owner(signer: &mut Signer, wallet: WalletId) {
    let snapshot = signer.journal.state().wallet(wallet).unwrap().snapshot().clone();
    let owners = Owners { threshold: 1, members: vec![EvmAddress([5; 20]).into()] };
    let wallet = crate::journal::WalletSnapshot { owners, owners_version: 1, ..snapshot };
    signer.note(Event::WalletCreated { origin: crate::journal::Origin::Created, wallet });
}

#[test]
fn nothing_behind_a_halt_in_the_same_batch_is_signed() {
    let (_state, mut signer, key) = with_wallet();
    for whose in [Some(key.wallet), None] {
        let requests =
            [sign(key.wallet, 0, 1), halt(whose, Latch::Suspended), sign(key.wallet, 1, 1)];
        let batch = requests.map(|request| Incoming { role: Role::Gateway, request });
        let replies = signer.handle(batch.into());
        assert!(matches!(replies[0], Reply::Signature(_)), "{replies:?}");
        assert_eq!(replies[1], Reply::Done);
        assert_eq!(code(replies[2].clone()), Some(RefusalCode::Suspended));
        assert_eq!(operator(&mut signer, resume(whose, Latch::Suspended)), Reply::Done);
    }
}

#[test]
fn a_latch_only_ever_gets_stricter_by_a_halt_and_is_where_the_asker_thinks() {
    use Latch::{Active, Locked, Suspended};
    let (_state, mut signer, key) = with_wallet();
    let changed = LATCH_CHANGED;
    for wallet in [None, Some(key.wallet)] {
        for (from, to, refused, then) in [
            (Some(Suspended), Locked, changed, Active),
            (Some(Active), Active, None, Active),
            (Some(Active), Suspended, None, Suspended),
            (Some(Active), Locked, changed, Suspended),
            (None, Suspended, None, Suspended),
            (None, Active, None, Suspended),
            (Some(Suspended), Locked, None, Locked),
            (Some(Locked), Suspended, None, Locked),
            (None, Locked, None, Locked),
        ] {
            let request = Request::Halt { wallet, from, to, reason: format!("to {to}") };
            assert_eq!(code(gateway(&mut signer, request)), refused, "{from:?} to {to}");
            let now = match wallet {
                None => signer.latch().0,
                Some(wallet) => wallet_latch(&mut signer, wallet),
            };
            assert_eq!(now, then, "{from:?} to {to}");
        }
        assert_eq!(code(operator(&mut signer, resume(wallet, Suspended))), changed);
        assert_eq!(code(gateway(&mut signer, resume(wallet, Locked))), NOT_PERMITTED);
        assert_eq!(operator(&mut signer, resume(wallet, Locked)), Reply::Done);
        assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    }
    let unknown = halt(Some(WalletId::from_bytes([9; 16])), Suspended);
    assert_eq!(code(gateway(&mut signer, unknown)), Some(RefusalCode::UnknownWallet));
}

#[test]
fn a_halted_wallet_leaves_the_others_alone_and_stays_halted_over_a_restart() {
    let (state, mut signer, key) = with_wallet();
    let other = another_wallet(&mut signer);
    assert_eq!(gateway(&mut signer, halt(Some(key.wallet), Latch::Suspended)), Reply::Done);
    assert_eq!(code(gateway(&mut signer, sign(other, 0, 1))), None);
    drop(signer);
    let mut signer = start(state.path());
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert_eq!(code(gateway(&mut signer, sign(other, 1, 1))), None);
    let Reply::Refused(refusal) = gateway(&mut signer, sign(key.wallet, 0, 1)) else {
        panic!("a refusal")
    };
    assert_eq!(refusal.code, RefusalCode::Suspended);
    assert!(refusal.message.contains("a drill"), "{}", refusal.message);
    let said = status(&mut signer);
    assert_eq!((said.latch, said.wallets_halted, said.wallets), (Latch::Active, 1, 2));
    assert_eq!(code(operator(&mut signer, resume(None, Latch::Suspended))), LATCH_CHANGED);
    let resume_wallet = resume(Some(key.wallet), Latch::Suspended);
    assert_eq!(operator(&mut signer, resume_wallet), Reply::Done);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    assert_eq!(status(&mut signer).wallets_halted, 0);
}

#[test]
fn resuming_takes_the_passphrase() {
    let (_state, mut signer, key) = with_wallet();
    for wallet in [None, Some(key.wallet)] {
        gateway(&mut signer, halt(wallet, Latch::Suspended));
        let passphrase = Secret::new(b"not the passphrase at all".to_vec());
        let from = Latch::Suspended;
        let request = Request::Resume { wallet, from, passphrase, approval: None };
        let refused = code(operator(&mut signer, request));
        assert!(matches!(refused, Some(RefusalCode::WrongPassphrase | RefusalCode::Throttled)));
    }
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), Some(RefusalCode::Suspended));
}

#[test]
fn after_a_lock_of_the_signer_wallets_with_owners_wait_for_them() {
    let (state, mut signer, key) = with_wallet();
    let owned = another_wallet(&mut signer);
    give_owner(&mut signer, owned);
    let locked_already = another_wallet(&mut signer);
    give_owner(&mut signer, locked_already);
    gateway(&mut signer, halt(Some(locked_already), Latch::Locked));
    gateway(&mut signer, halt(None, Latch::Locked));
    let (records, _) = signer.journal.head();
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), Some(RefusalCode::Locked));
    assert_eq!(operator(&mut signer, resume(None, Latch::Locked)), Reply::Done);
    let (refusal, lock, resumed) = (1, 1, 1);
    let expected = records + refusal + lock + resumed;
    assert_eq!(signer.journal.head().0, expected, "what is locked is not locked again");
    drop(signer);
    let mut signer = start(state.path());
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    assert_eq!(code(gateway(&mut signer, sign(owned, 0, 1))), Some(RefusalCode::Locked));
    let alone = operator(&mut signer, resume(Some(owned), Latch::Locked));
    assert_eq!(code(alone), Some(RefusalCode::NeedsOwner));
    assert_eq!(wallet_latch(&mut signer, owned), Latch::Locked);
}

#[test]
fn out_of_a_suspension_no_owner_is_needed() {
    let (_state, mut signer, key) = with_wallet();
    give_owner(&mut signer, key.wallet);
    for wallet in [None, Some(key.wallet)] {
        gateway(&mut signer, halt(wallet, Latch::Suspended));
        assert_eq!(operator(&mut signer, resume(wallet, Latch::Suspended)), Reply::Done);
        assert_eq!(wallet_latch(&mut signer, key.wallet), Latch::Active);
    }
}

#[test]
fn a_restored_signer_is_as_halted_as_it_was_and_suspended_at_least() {
    use Latch::{Active, Locked, Suspended};
    for (of_signer, of_wallet, then) in
        [(Active, Suspended, Suspended), (Suspended, Locked, Suspended), (Locked, Active, Locked)]
    {
        let (_state, mut signer, key) = with_wallet();
        gateway(&mut signer, halt(None, of_signer));
        gateway(&mut signer, halt(Some(key.wallet), of_wallet));
        let backup = operator(&mut signer, Request::Backup { passphrase: Some(passphrase()) });
        let Reply::Backup(VaultCopy { archive, .. }) = backup else { panic!("a backup") };
        let elsewhere = TempDir::new().unwrap();
        let mut other = start(elsewhere.path());
        let restore = Request::Restore { passphrase: passphrase(), archive };
        assert_eq!(code(operator(&mut other, restore)), None);
        assert_eq!(other.latch(), (then, "restored from a backup"));
        assert_eq!(wallet_latch(&mut other, key.wallet), of_wallet);
    }
}

#[test]
fn a_key_that_replaces_that_of_a_halted_wallet_is_halted_too() {
    let (_state, mut signer, key) = with_wallet();
    gateway(&mut signer, halt(Some(key.wallet), Latch::Locked));
    let rotate = Request::RotateKey { wallet: key.wallet, grace_seconds: 60 };
    let Reply::Key(new) = operator(&mut signer, rotate) else { panic!("a key") };
    assert_eq!(new.latch, Latch::Locked);
    assert_eq!(code(gateway(&mut signer, sign(new.wallet, 0, 1))), Some(RefusalCode::Locked));
}

/// A signer whose dead man's switch waits for 100 s from [`NOW`] on, on a machine of ours.
fn with_switch() -> (Machine, TempDir, Signer, WalletId) {
    let machine = Machine::new(NOW);
    let (state, signer, key) = with_wallet_on(machine.source());
    drop(signer);
    let signer = restart(&state, &machine, switch());
    (machine, state, signer, key.wallet)
}

fn restart(state: &TempDir, machine: &Machine, settings: Settings) -> Signer {
    let mut signer = start_with(state.path(), machine.source(), settings);
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    signer
}

fn switch() -> Settings {
    Settings { dead_man_seconds: 100, ..Settings::default() }
}

#[test]
fn without_an_operator_signing_is_suspended_when_the_time_is_over() {
    let (machine, state, mut signer, wallet) = with_switch();
    assert_eq!(status(&mut signer).suspends_at, Some(NOW + 100));
    machine.pass(99);
    assert_eq!(code(gateway(&mut signer, sign(wallet, 0, 1))), None);
    machine.pass(1);
    // It is judged with the request itself, not only now and then.
    assert_eq!(code(gateway(&mut signer, sign(wallet, 1, 1))), Some(RefusalCode::Suspended));
    let said = status(&mut signer);
    assert_eq!((said.latch, said.suspends_at), (Latch::Suspended, None));
    assert!(said.latch_reason.contains("dead man's switch"), "{}", said.latch_reason);
    assert_eq!(operator(&mut signer, Request::Renew), Reply::Done);
    assert_eq!(status(&mut signer).latch, Latch::Suspended, "renewing does not resume");
    drop(signer);
    let mut signer = restart(&state, &machine, Settings::default());
    assert_eq!(status(&mut signer).latch, Latch::Suspended, "it stands in the journal");
    machine.pass(1000);
    assert_eq!(operator(&mut signer, resume(None, Latch::Suspended)), Reply::Done);
    drop(signer);
    let mut signer = restart(&state, &machine, switch());
    assert_eq!(status(&mut signer).suspends_at, Some(NOW + 1200), "resuming renews it");
    assert_eq!(code(gateway(&mut signer, sign(wallet, 1, 1))), None);
}

#[test]
fn the_switch_is_put_off_by_operators_alone_and_goes_off_without_a_request() {
    let (machine, _state, mut signer, _) = with_switch();
    machine.pass(90);
    assert_eq!(code(gateway(&mut signer, Request::Renew)), NOT_PERMITTED);
    assert_eq!(operator(&mut signer, Request::Renew), Reply::Done);
    machine.pass(99);
    signer.tick();
    assert_eq!(signer.latch().0, Latch::Active);
    machine.pass(1);
    let (records, _) = signer.journal.head();
    signer.tick();
    signer.tick();
    assert_eq!(signer.latch().0, Latch::Suspended);
    assert_eq!(signer.journal.head().0, records + 1, "it is written once");
}

#[test]
fn what_comes_too_late_to_put_the_switch_off_does_not() {
    let (machine, _state, mut signer, wallet) = with_switch();
    machine.pass(100);
    assert_eq!(operator(&mut signer, Request::Renew), Reply::Done);
    assert_eq!(code(gateway(&mut signer, sign(wallet, 0, 1))), Some(RefusalCode::Suspended));
}

#[test]
fn the_switch_waits_on_through_restarts_but_not_through_steps_of_the_clock() {
    let (machine, state, mut signer, wallet) = with_switch();
    machine.set_wall(NOW + 1_000_000);
    assert_eq!(code(gateway(&mut signer, sign(wallet, 0, 1))), None);
    machine.set_wall(NOW - 1_000_000);
    for _start in 0..3 {
        machine.pass(33);
        drop(signer);
        signer = restart(&state, &machine, switch());
        assert_eq!(status(&mut signer).suspends_at, Some(NOW + 100), "a restart puts nothing off");
    }
    machine.pass(1);
    assert_eq!(status(&mut signer).latch, Latch::Suspended, "the time went on");
}

#[test]
fn a_switch_that_the_settings_are_new_to_waits_its_time_from_then_on() {
    let machine = Machine::new(NOW);
    let (state, signer, key) = with_wallet_on(machine.source());
    machine.pass(1000);
    drop(signer);
    let mut signer = restart(&state, &machine, switch());
    assert_eq!(status(&mut signer).suspends_at, Some(NOW + 1100));
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    machine.pass(50);
    drop(signer);
    let shorter = Settings { dead_man_seconds: 20, ..Settings::default() };
    let mut signer = restart(&state, &machine, shorter);
    assert_eq!(status(&mut signer).suspends_at, Some(NOW + 1070), "a shorter one too");
    drop(signer);
    let mut signer = restart(&state, &machine, Settings::default());
    assert_eq!(status(&mut signer).suspends_at, None, "it is off");
    machine.pass(1000);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 1, 1))), None);
}

#[test]
fn a_wallet_is_refused_with_its_own_reason_and_its_neighbour_signs() {
    let (_state, mut signer, key) = with_wallet();
    let other = another_wallet(&mut signer);
    let halt = |wallet, reason: &str| {
        let (wallet, reason) = (Some(wallet), reason.to_owned());
        Request::Halt { wallet, from: None, to: Latch::Suspended, reason }
    };
    for (wallet, reason) in [(other, "another's"), (key.wallet, "its own")] {
        assert_eq!(gateway(&mut signer, halt(wallet, reason)), Reply::Done);
    }
    assert_eq!(operator(&mut signer, resume(Some(other), Latch::Suspended)), Reply::Done);
    let Reply::Refused(refusal) = gateway(&mut signer, sign(key.wallet, 0, 1)) else {
        panic!("a refusal")
    };
    assert!(refusal.message.contains("suspended (its own)"), "{}", refusal.message);
    assert_eq!(code(gateway(&mut signer, sign(other, 0, 1))), None);
}
