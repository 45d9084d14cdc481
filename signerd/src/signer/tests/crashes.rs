//! What is left after a crash, a damaged journal, or the loss of everything but a backup.

use std::os::unix::fs::DirBuilderExt;

use super::*;
use crate::clock::testing::Machine;
use crate::journal::Witness;

#[test]
fn a_restored_signer_has_the_keys_is_suspended_and_lets_nothing_leave() {
    let (_state, mut signer, key) = with_wallet();
    let Reply::Backup(VaultCopy { archive, .. }) =
        operator(&mut signer, Request::Backup { passphrase: Some(passphrase()) })
    else {
        panic!("a backup")
    };
    let elsewhere = TempDir::new().unwrap();
    let mut other = start(elsewhere.path());
    let mut damaged = archive.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let restore = |archive| Request::Restore { passphrase: passphrase(), archive };
    assert!(code(operator(&mut other, restore(damaged))).is_some());
    let Reply::Journal(report) = operator(&mut other, restore(archive.clone())) else {
        panic!("a report")
    };
    assert_eq!(report.keys, 1);
    assert_eq!(code(operator(&mut other, restore(archive))), Some(RefusalCode::VaultExists));
    operator(&mut other, Request::Unlock { passphrase: passphrase() });
    let refused = gateway(&mut other, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::Suspended));
    operator(
        &mut other,
        Request::Resume {
            wallet: None,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        },
    );
    let refused = gateway(&mut other, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::NeedsOwner));
    assert_eq!(left(&mut other, key.wallet), Amount::ZERO);
}

#[test]
fn a_restore_that_ended_before_the_vault_was_there_is_done_again() {
    let (_state, mut signer, key) = with_wallet();
    let backup = Request::Backup { passphrase: None };
    let Reply::Backup(VaultCopy { archive, .. }) = operator(&mut signer, backup) else {
        panic!("a backup")
    };
    let elsewhere = TempDir::new().unwrap();
    let restore = || Request::Restore { passphrase: passphrase(), archive: archive.clone() };
    let first = operator(&mut start(elsewhere.path()), restore());
    assert!(matches!(first, Reply::Journal(_)), "{first:?}");
    std::fs::remove_dir_all(elsewhere.path().join("vault")).unwrap();
    let mut other = start(elsewhere.path());
    let again = operator(&mut other, restore());
    assert!(matches!(again, Reply::Journal(_)), "{again:?}");
    operator(&mut other, Request::Unlock { passphrase: passphrase() });
    assert_eq!(left(&mut other, key.wallet), Amount::ZERO);
    assert_eq!(other.latch().0, Latch::Suspended);
}

#[test]
fn another_backup_than_the_one_of_a_restore_that_was_cut_short_is_taken_whole() {
    let archive = |signer: &mut Signer| {
        let reply = operator(signer, Request::Backup { passphrase: Some(passphrase()) });
        let Reply::Backup(VaultCopy { archive, .. }) = reply else { panic!("{reply:?}") };
        archive
    };
    let (_first, mut first, lost) = with_wallet();
    let (_second, mut second, key) = with_wallet();
    let halt = |wallet, to| Request::Halt { wallet, from: None, to, reason: "gone".to_owned() };
    operator(&mut first, halt(Some(lost.wallet), Latch::Suspended));
    operator(&mut first, halt(None, Latch::Locked));
    let (first, second) = (archive(&mut first), archive(&mut second));
    let elsewhere = TempDir::new().unwrap();
    let mut signer = start(elsewhere.path());
    // The journal takes the first, and the vault's directory does not.
    let in_the_way = elsewhere.path().join("vault.partial/keys/in the way");
    let mut own = std::fs::DirBuilder::new();
    own.recursive(true).mode(0o700).create(&in_the_way).unwrap();
    let restore = |archive| Request::Restore { passphrase: passphrase(), archive };
    assert_eq!(code(operator(&mut signer, restore(first))), Some(RefusalCode::Internal));
    assert!(signer.journal.state().wallet(lost.wallet).is_some());
    std::fs::remove_dir(&in_the_way).unwrap();
    let reply = operator(&mut signer, restore(second));
    assert!(matches!(reply, Reply::Journal(_)), "{reply:?}");
    for _start in 0..2 {
        let wallets: Vec<_> = signer.journal.state().wallets().map(|it| it.snapshot().id).collect();
        assert_eq!(wallets, [key.wallet]);
        assert_eq!(signer.journal.state().latches().reason_of(lost.wallet), "");
        assert_eq!(left(&mut signer, key.wallet), Amount::ZERO, "nothing is freed");
        assert_eq!(signer.latch().0, Latch::Locked, "what is locked stays so");
        let again = archive(&mut signer);
        let verify = Request::VerifyBackup { passphrase: Some(passphrase()), archive: again };
        let reply = operator(&mut signer, verify);
        assert!(matches!(reply, Reply::OpenedBackup(_)), "{reply:?}");
        signer = start(elsewhere.path());
    }
}

/// Where each record of a segment ends: a head, the content, a hash.
fn record_ends(journal: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    while let Some(length) = journal[ends[ends.len() - 1]..].first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
        ends.push(ends[ends.len() - 1] + 16 + length + 32);
    }
    ends
}

#[test]
fn a_restore_that_a_crash_cut_short_lets_nothing_leave() {
    let (_state, mut signer, key) = with_wallet();
    let backup = Request::Backup { passphrase: Some(passphrase()) };
    let Reply::Backup(VaultCopy { archive, .. }) = operator(&mut signer, backup) else {
        panic!("a backup")
    };
    let elsewhere = TempDir::new().unwrap();
    let restore = Request::Restore { passphrase: passphrase(), archive };
    let restored = operator(&mut start(elsewhere.path()), restore);
    assert!(matches!(restored, Reply::Journal(_)));
    let file = elsewhere.path().join("journal/segment-00000000000000000000");
    let whole = std::fs::read(&file).unwrap();
    let mut outcomes = std::collections::BTreeSet::new();
    for end in record_ends(&whole) {
        std::fs::write(&file, &whole[..end]).unwrap();
        let mut signer = start(elsewhere.path());
        operator(&mut signer, Request::Unlock { passphrase: passphrase() });
        let known = signer.journal.state().wallet(key.wallet).is_some();
        assert!(!known || signer.latch().0 == Latch::Suspended, "cut at {end}");
        operator(
            &mut signer,
            Request::Resume {
                wallet: None,
                from: Latch::Suspended,
                passphrase: passphrase(),
                approval: None,
            },
        );
        outcomes.insert(code(gateway(&mut signer, sign(key.wallet, 0, 1))));
    }
    let nothing = [RefusalCode::UnknownWallet, RefusalCode::NeedsOwner].map(Some);
    assert_eq!(outcomes, nothing.into());
}

#[test]
fn a_rotation_that_a_crash_cut_short_can_be_asked_for_again() {
    let (state, mut signer, key) = with_wallet();
    let rotate = || Request::RotateKey { wallet: key.wallet, grace_seconds: 60 };
    assert_eq!(code(operator(&mut signer, rotate())), None);
    drop(signer);
    let file = state.path().join("journal/segment-00000000000000000000");
    let whole = std::fs::read(&file).unwrap();
    let ends = record_ends(&whole);
    std::fs::write(&file, &whole[..ends[ends.len() - 2]]).unwrap();
    let mut signer = start(state.path());
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert_eq!(code(operator(&mut signer, rotate())), None);
}

#[test]
fn a_destruction_that_a_crash_cut_short_can_be_asked_for_again_and_ends_no_backups() {
    let machine = Machine::new(1_800_000_000);
    let (state, mut signer, key) = with_wallet_on(machine.source());
    let destroy = || Request::DestroyKey { wallet: key.wallet, passphrase: passphrase() };
    assert_eq!(operator(&mut signer, destroy()), Reply::Done);
    drop(signer);
    let file = state.path().join("journal/segment-00000000000000000000");
    let whole = std::fs::read(&file).unwrap();
    let ends = record_ends(&whole);
    std::fs::write(&file, &whole[..ends[ends.len() - 2]]).unwrap();
    let mut signer = start_on(state.path(), machine.source());
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert!(signer.journal.state().wallet(key.wallet).is_some(), "its key is gone, its record not");
    let wrong = Secret::new(b"incorrect horse battery".to_vec());
    let guess = Request::DestroyKey { wallet: key.wallet, passphrase: wrong };
    assert_eq!(code(operator(&mut signer, guess)), Some(RefusalCode::WrongPassphrase));
    assert!(signer.journal.state().wallet(key.wallet).is_some());
    machine.pass(60);
    assert_eq!(operator(&mut signer, destroy()), Reply::Done);
    assert_eq!(code(operator(&mut signer, destroy())), Some(RefusalCode::UnknownWallet));
    let backup = Request::Backup { passphrase: Some(passphrase()) };
    let Reply::Backup(VaultCopy { archive, .. }) = operator(&mut signer, backup) else {
        panic!("a backup")
    };
    let verify = Request::VerifyBackup { passphrase: Some(passphrase()), archive };
    let reply = operator(&mut signer, verify);
    assert!(matches!(reply, Reply::OpenedBackup(_)), "{reply:?}");
}

/// What stands where a vault is about to be made, so that the disk does not take it.
fn in_the_way_of_a_vault(state: &TempDir) -> std::path::PathBuf {
    let path = state.path().join("vault");
    std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
    std::fs::write(path.join("in the way"), "").unwrap();
    path
}

#[test]
fn a_vault_whose_making_a_crash_cut_short_is_made_again() {
    let (state, signer, former) = with_wallet();
    let of_former = signer.journal.state().instance();
    drop(signer);
    std::fs::rename(state.path().join("vault"), state.path().join("moved away")).unwrap();
    let start = || {
        let settings = Settings { dead_man_seconds: 60, ..settings() };
        start_with(state.path(), Box::new(SystemTimeSource::new()), settings)
    };
    let mut signer = start();
    let in_the_way = in_the_way_of_a_vault(&state);
    let init = || Request::InitVault { passphrase: passphrase() };
    assert_eq!(code(operator(&mut signer, init())), Some(RefusalCode::Internal));
    assert!(signer.journal.is_on_disk(), "the record comes first");
    drop(signer);
    std::fs::remove_dir_all(in_the_way).unwrap();

    let mut signer = start();
    let known = signer.journal.state();
    assert!(known.wallet(former.wallet).is_none(), "its key was moved away");
    assert!(known.latches().suspends_at().is_some(), "the switch waits");
    let cut_short = known.instance();
    assert_ne!(cut_short, of_former);
    assert_eq!(operator(&mut signer, init()), Reply::Done);
    let instance = signer.journal.state().instance();
    assert_eq!(instance, signer.vault.instance());
    assert_ne!(instance, cut_short);
    assert_eq!(code(operator(&mut signer, init())), Some(RefusalCode::VaultExists));
    assert_eq!(signer.journal.state().instance(), instance);
    let (chain, environment) = (Chain::Evm, Environment::Mainnet);
    let create = Request::CreateKey { chain, environment, agent_id: None };
    let Reply::Key(key) = gateway(&mut signer, create) else { panic!("a key") };
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
}

#[test]
fn a_vault_that_is_refused_leaves_no_record() {
    let state = TempDir::new().unwrap();
    let mut signer = start(state.path());
    let (records, _) = signer.journal.head();
    let short = Request::InitVault { passphrase: Secret::new(b"elevenchars".to_vec()) };
    assert_eq!(code(operator(&mut signer, short)), Some(RefusalCode::WeakPassphrase));
    assert_eq!(signer.journal.head().0, records);
    let init = Request::InitVault { passphrase: passphrase() };
    assert_eq!(operator(&mut signer, init), Reply::Done);
    assert_eq!(signer.journal.head().0, records + 1);
}

#[test]
fn a_signer_whose_disk_fails_says_so_and_makes_no_key_that_nobody_knows() {
    let (state, mut signer, key) = with_wallet();
    let file = state.path().join("journal/segment-00000000000000000000");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    drop(signer);
    std::fs::write(&file, bytes).unwrap();
    signer = start(state.path());
    let unlock = Request::Unlock { passphrase: passphrase() };
    assert_eq!(code(operator(&mut signer, unlock)), Some(RefusalCode::JournalFailed));
    assert_eq!(signer.vault.phase(), protocol::VaultPhase::Locked);
    signer.vault.unlock(&passphrase(), signer.clock.now_ms()).unwrap();
    let keys = signer.vault.list().len();
    let (chain, environment) = (Chain::Evm, Environment::Mainnet);
    let create = Request::CreateKey { chain, environment, agent_id: None };
    assert_eq!(code(gateway(&mut signer, create)), Some(RefusalCode::JournalFailed));
    let destroy = Request::DestroyKey { wallet: key.wallet, passphrase: passphrase() };
    assert!(code(operator(&mut signer, destroy)).is_some());
    assert_eq!(signer.vault.list().len(), keys);
    assert_eq!(operator(&mut signer, Request::Lock), Reply::Done);
}

#[test]
fn nothing_is_signed_when_the_journal_does_not_verify() {
    let (state, mut signer, key) = with_wallet();
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    drop(signer);
    let file = state.path().join("journal/segment-00000000000000000000");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let mut signer = start(state.path());
    assert_eq!(signer.latch().0, Latch::Suspended);
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    assert!(code(gateway(&mut signer, sign(key.wallet, 1, 1))).is_some());
    let resume = Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    };
    assert_eq!(code(operator(&mut signer, resume)), Some(RefusalCode::JournalFailed));
}

#[test]
fn a_state_directory_that_was_put_back_signs_nothing_until_an_operator_resumes_it() {
    let (state, signer, key) = with_wallet();
    drop(signer);
    let elsewhere = TempDir::new().unwrap();
    let open = || {
        let vault = Vault::open(&state.path().join("vault"), KdfCost::CHEAP).unwrap();
        let witness = Witness::open(&elsewhere.path().join("witness")).unwrap();
        let journal = Journal::open(&state.path().join("journal")).unwrap().with_witness(witness);
        let time = Box::new(SystemTimeSource::new());
        let mut signer = Signer::start(vault, journal, time, Settings::default(), Vec::new());
        operator(&mut signer, Request::Unlock { passphrase: passphrase() });
        signer
    };
    let file = state.path().join("journal/segment-00000000000000000000");
    let older = std::fs::read(&file).unwrap();
    let mut signer = open();
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, CEILING - FEE))), None);
    signer.stop();
    drop(signer);
    assert_eq!(open().latch().0, Latch::Active, "nothing was put back");
    std::fs::write(&file, older).unwrap();
    let mut signer = open();
    let refused = gateway(&mut signer, sign(key.wallet, 1, 1));
    assert_eq!(code(refused), Some(RefusalCode::Suspended));
    assert!(signer.latch().1.contains("older copy"), "{}", signer.latch().1);
    drop(signer);
    let mut signer = open();
    let resume = Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    };
    assert_eq!(operator(&mut signer, resume), Reply::Done);
    drop(signer);
    assert_eq!(code(gateway(&mut open(), sign(key.wallet, 1, 1))), None);
}
