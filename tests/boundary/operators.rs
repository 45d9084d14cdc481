//! Tightening is easy, loosening is hard.

use primitives::{Amount, Chain};
use protocol::{GuardText, Latch, OpenedBackup, RefusalCode, Reply, Request, Secret, VaultCopy};
use tests::signer::passphrase;

use crate::bench::{Bench, MAINNET, Wallet, sign, transfer};

fn payment() -> Vec<u8> {
    transfer(MAINNET, 0, Amount::from(1_u64)).to_unsigned_bytes()
}

fn wrong() -> Secret {
    Secret::new(b"not the passphrase".to_vec())
}

fn guard(bench: &Bench, wallet: Wallet) -> GuardText {
    let reply = bench.operator().ask(Request::ShowGuard { wallet: wallet.id });
    let Reply::Guard(guard) = reply else { panic!("{reply:?}") };
    guard
}

#[test]
fn the_gateway_may_stop_signing_and_only_the_passphrase_starts_it_again() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let suspend = Request::Halt {
        wallet: None,
        from: None,
        to: Latch::Suspended,
        reason: "the agent went mad".to_owned(),
    };
    assert_eq!(bench.gateway().ask(suspend), Reply::Done);
    assert_eq!(sign(&mut bench.gateway(), wallet, payment()), Err(RefusalCode::Suspended));
    bench.crash_and_restart();
    assert_eq!(bench.status().latch, Latch::Suspended);
    assert!(bench.status().latch_reason.contains("the agent went mad"));
    let resume = |passphrase| Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase,
        approval: None,
    };
    bench.gateway().expect_refusal(resume(passphrase()), RefusalCode::NotPermitted);
    bench.operator().expect_refusal(resume(wrong()), RefusalCode::WrongPassphrase);
    assert_eq!(bench.status().latch, Latch::Suspended);
    tests::wait::until("the throttle to let go", || {
        (bench.operator().ask(resume(passphrase())) == Reply::Done).then_some(())
    });
    sign(&mut bench.gateway(), wallet, payment()).unwrap();
}

#[test]
fn wrong_passphrases_are_slowed_down_and_a_restart_does_not_help() {
    let mut bench = Bench::new();
    assert_eq!(bench.operator().ask(Request::Lock), Reply::Done);
    let unlock = |passphrase| Request::Unlock { passphrase };
    bench.operator().expect_refusal(unlock(wrong()), RefusalCode::WrongPassphrase);
    tests::wait::until("a long wait", || {
        let refusal = bench.operator().refusal(unlock(wrong()));
        (refusal.retry_after_seconds >= 3).then_some(())
    });
    let refusal = bench.operator().refusal(unlock(passphrase()));
    assert_eq!(refusal.code, RefusalCode::Throttled, "{}", refusal.message);
    bench.signerd.process().kill();
    bench.signerd.start_again(&bench.place);
    let refusal = bench.operator().refusal(unlock(passphrase()));
    assert_eq!(refusal.code, RefusalCode::Throttled, "{}", refusal.message);
}

#[test]
fn a_guard_is_loosened_by_the_passphrase_and_from_its_newest_version_only() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let before = guard(&bench, wallet);
    let set = |from_version, text: &str, passphrase| Request::SetGuard {
        wallet: wallet.id,
        from_version,
        text: text.to_owned(),
        passphrase: Some(passphrase),
        approval: None,
    };
    let open = "messages = \"text\"\n[network.\"eip155:1\"]\nopen = true\n";
    let version = before.version;
    for (request, code) in [
        (set(version + 1, open, passphrase()), RefusalCode::GuardChanged),
        (set(version, "opn = true", passphrase()), RefusalCode::BadGuard),
        (set(version, open, wrong()), RefusalCode::WrongPassphrase),
    ] {
        bench.operator().expect_refusal(request, code);
        assert_eq!(guard(&bench, wallet), before);
    }
    let changed = tests::wait::until("the throttle to let go", || {
        let reply = bench.operator().ask(set(version, open, passphrase()));
        if let Reply::Guard(guard) = reply { Some(guard) } else { None }
    });
    assert!(changed.version > version);
    bench.operator().expect_refusal(set(version, open, passphrase()), RefusalCode::GuardChanged);
}

#[test]
fn a_locked_vault_signs_nothing_until_it_is_opened() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    assert_eq!(bench.operator().ask(Request::Lock), Reply::Done);
    assert_eq!(sign(&mut bench.gateway(), wallet, payment()), Err(RefusalCode::VaultLocked));
    tests::daemons::unlock(&bench.place);
    sign(&mut bench.gateway(), wallet, payment()).unwrap();
}

#[test]
fn a_destroyed_wallet_signs_no_more() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let destroy = |passphrase| Request::DestroyKey { wallet: wallet.id, passphrase };
    assert_eq!(bench.operator().ask(destroy(passphrase())), Reply::Done);
    let refused = sign(&mut bench.gateway(), wallet, payment()).unwrap_err();
    assert!(matches!(refused, RefusalCode::UnknownWallet | RefusalCode::WalletRetired));
}

#[test]
fn a_backup_is_checked_and_restored_into_a_signer_without_a_vault() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    sign(&mut bench.gateway(), wallet, payment()).unwrap();
    let reply = bench.operator().ask(Request::Backup { passphrase: Some(passphrase()) });
    let Reply::Backup(VaultCopy { archive, key, .. }) = reply else { panic!("{reply:?}") };

    let other = Bench::without_vault();
    let verify =
        |archive: Vec<u8>| Request::VerifyBackup { passphrase: Some(passphrase()), archive };
    let mut damaged = archive.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert!(matches!(other.operator().ask(verify(damaged)), Reply::Refused(_)));
    let reply = other.operator().ask(verify(archive.clone()));
    let Reply::OpenedBackup(OpenedBackup { key: opened, journal }) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!((journal.keys, opened), (1, key));

    let restore = Request::Restore { passphrase: passphrase(), archive };
    assert!(matches!(other.operator().ask(restore), Reply::Journal(_)));
    assert_eq!(other.status().latch, Latch::Suspended);
    let reply = other.operator().ask(Request::ListKeys { after: None, limit: 10 });
    let Reply::Keys(keys) = reply else { panic!("{reply:?}") };
    assert_eq!(keys.iter().map(|key| key.address).collect::<Vec<_>>(), [wallet.address]);
}
