//! Small payments from a lease: no wait for the disk, and never more than the ceilings.

use std::collections::BTreeSet;

use super::*;
use crate::clock::testing::Machine;
use crate::guard::{DAY_SECONDS, Ledger, Span};
use crate::journal::Grant;

const NOW: u64 = 1_800_000_000;
/// What a lease takes.
const SLICE: u64 = CEILING / 20;

fn lease_guard(percent: u8) -> String {
    format!(
        "lease_percent = {percent}\n[network.\"eip155:1\".native]\n\
         immediate = {{ per_transaction = \"{CEILING}\", per_day = \"{CEILING}\" }}\n\
         [network.\"eip155:10\".native]\nimmediate = {{ per_day = \"{CEILING}\" }}\n"
    )
}

fn set_guard(signer: &mut Signer, wallet: WalletId, text: String) {
    let from_version = signer.journal.state().wallet(wallet).unwrap().snapshot().guard_version;
    let passphrase = Some(passphrase());
    let set = Request::SetGuard { wallet, from_version, text, passphrase, approval: None };
    let reply = operator(signer, set);
    assert!(matches!(reply, Reply::Guard(_)), "{reply:?}");
}

/// A wallet with leases of a twentieth of its day.
fn leasing() -> (Machine, TempDir, Signer, WalletId) {
    let machine = Machine::new(NOW);
    let (state, mut signer, key) = with_wallet_on(machine.source());
    set_guard(&mut signer, key.wallet, lease_guard(5));
    (machine, state, signer, key.wallet)
}

fn pay(signer: &mut Signer, wallet: WalletId, nonce: u64, value: u64) -> Option<RefusalCode> {
    code(gateway(signer, sign(wallet, nonce, value)))
}

/// Why the last signature was allowed.
fn grant(signer: &mut Signer) -> Grant {
    let (records, _) = signer.journal.head();
    signer.journal.write().unwrap();
    let record = signer.journal.read(records - 1, 1).unwrap().pop().unwrap();
    let Event::Signed { by, .. } = record.entry().unwrap().event else { panic!("{record:?}") };
    by
}

/// How many leases were taken.
fn leases(signer: &mut Signer) -> usize {
    let records = signer.journal.read(0, usize::MAX).unwrap();
    let is_lease = |event: &Event| matches!(event, Event::Leased { .. });
    records.iter().filter(|record| is_lease(&record.entry().unwrap().event)).count()
}

#[test]
fn what_is_paid_from_a_lease_does_not_wait_for_the_disk() {
    let (machine, _state, mut signer, wallet) = leasing();
    assert_eq!(pay(&mut signer, wallet, 0, 1), None);
    assert!(signer.journal.is_on_disk(), "the lease itself is");
    assert_eq!(left_by_state(&signer, wallet), Amount::from(CEILING - SLICE));
    for nonce in 1..20 {
        assert_eq!(pay(&mut signer, wallet, nonce, 1), None);
        let can_leave = Amount::from(CEILING - (nonce + 1) * (FEE + 1));
        assert_eq!(left(&mut signer, wallet), can_leave, "the rest of the lease can");
        assert!(!signer.journal.is_on_disk());
        assert_eq!(grant(&mut signer), Grant::Lease);
    }
    assert_eq!(leases(&mut signer), 1);
    signer.tick();
    assert!(!signer.journal.is_on_disk(), "in the same second");
    machine.pass(1);
    signer.tick();
    assert!(signer.journal.is_on_disk());
    assert_eq!(pay(&mut signer, wallet, 20, 1), None);
    let halt = Request::Halt {
        wallet: None,
        from: None,
        to: Latch::Suspended,
        reason: "a drill".to_owned(),
    };
    let batch = [sign(wallet, 21, 1), halt];
    let batch = batch.map(|request| Incoming { role: Role::Gateway, request });
    let replies = signer.handle(batch.into());
    assert!(matches!(replies[..], [Reply::Signature(_), Reply::Done]), "{replies:?}");
    assert!(signer.journal.is_on_disk(), "a batch with anything else waits for it");
}

#[test]
fn a_lease_pays_for_the_same_key_network_and_rules_alone() {
    let (machine, _state, mut signer, wallet) = leasing();
    let create =
        Request::CreateKey { chain: Chain::Evm, environment: Environment::Mainnet, agent_id: None };
    let Reply::Key(other) = gateway(&mut signer, create) else { panic!("a key") };
    set_guard(&mut signer, other.wallet, lease_guard(5));
    assert_eq!(pay(&mut signer, wallet, 0, 1), None);
    assert_eq!(pay(&mut signer, other.wallet, 0, 1), None);
    assert_eq!(leases(&mut signer), 2, "another wallet");
    let elsewhere = Transaction { chain_id: 10.try_into().unwrap(), ..transaction(0, 1) };
    let payload = Payload::Transaction(elsewhere.to_unsigned_bytes());
    let sign_elsewhere = Request::Sign { wallet, payload, warrant: Warrant::None };
    assert_eq!(code(gateway(&mut signer, sign_elsewhere)), None);
    assert_eq!(leases(&mut signer), 3, "another network");
    machine.pass(59);
    assert_eq!(pay(&mut signer, wallet, 1, 1), None);
    assert_eq!(leases(&mut signer), 3);
    machine.pass(1);
    assert_eq!(pay(&mut signer, wallet, 2, 1), None);
    assert_eq!(leases(&mut signer), 4, "it is over");
    assert_eq!(pay(&mut signer, wallet, 3, SLICE - 3 * FEE), None);
    assert_eq!(pay(&mut signer, wallet, 4, 1), None);
    assert_eq!(leases(&mut signer), 5, "it is used up");
    set_guard(&mut signer, wallet, lease_guard(6));
    assert_eq!(pay(&mut signer, wallet, 5, 1), None);
    assert_eq!(leases(&mut signer), 6, "another guard");
    set_guard(&mut signer, wallet, lease_guard(6).replace("per_transaction", "per_hour"));
    let none = "messages = \"none\"".to_owned();
    set_guard(&mut signer, wallet, none);
    assert_eq!(pay(&mut signer, wallet, 6, 1), Some(RefusalCode::NetworkNotAllowed));
}

#[test]
fn a_halt_ends_a_lease_and_nothing_is_paid_from_it() {
    let (_machine, _state, mut signer, wallet) = leasing();
    assert_eq!(pay(&mut signer, wallet, 0, 1), None);
    let halt = |wallet| Request::Halt {
        wallet,
        from: None,
        to: Latch::Suspended,
        reason: "a drill".to_owned(),
    };
    for (number, of) in (1..).zip([None, Some(wallet)]) {
        gateway(&mut signer, halt(of));
        assert_eq!(pay(&mut signer, wallet, number, 1), Some(RefusalCode::Suspended));
        let resume = Request::Resume {
            wallet: of,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        };
        assert_eq!(operator(&mut signer, resume), Reply::Done);
        assert_eq!(pay(&mut signer, wallet, number, 1), None);
        assert_eq!(leases(&mut signer), 1 + usize::try_from(number).unwrap());
    }
}

#[test]
fn with_leases_a_day_lets_no_more_go_than_without_and_next_to_no_less() {
    let (machine, _state, mut signer, wallet) = leasing();
    let (each, mut signed, mut nonce) = (SLICE / 7, 0, 0);
    loop {
        machine.pass(nonce % 3);
        match pay(&mut signer, wallet, nonce, each - FEE) {
            None => signed += each,
            Some(RefusalCode::NeedsOwner) => break,
            Some(other) => panic!("{other}"),
        }
        nonce += 1;
    }
    assert!(signed <= CEILING && signed > CEILING / 100 * 98, "{signed} of {CEILING}");
    machine.pass(DAY_SECONDS - 3600);
    assert_eq!(pay(&mut signer, wallet, nonce, each - FEE), Some(RefusalCode::NeedsOwner));
    machine.pass(2 * 3600);
    assert_eq!(pay(&mut signer, wallet, nonce, each - FEE), None);
}

#[test]
fn what_a_slow_payer_does_not_use_of_a_lease_is_given_back_over_restarts_too() {
    let (machine, state, mut signer, wallet) = leasing();
    let each = CEILING / 100;
    for nonce in 0..100 {
        assert_eq!(pay(&mut signer, wallet, nonce, each - FEE), None, "payment {nonce}");
        if nonce % 10 == 9 {
            signer.stop();
            signer = start_on(state.path(), machine.source());
            operator(&mut signer, Request::Unlock { passphrase: passphrase() });
        }
        machine.pass(60);
        if nonce % 2 == 0 {
            signer.tick();
            assert!(signer.journal.is_on_disk());
            let can_leave = Amount::from(CEILING - (nonce + 1) * each);
            assert_eq!(left_by_state(&signer, wallet), can_leave);
        }
    }
    assert_eq!(pay(&mut signer, wallet, 100, 1), Some(RefusalCode::NeedsOwner));
}

#[test]
fn what_can_leave_is_the_same_before_and_after_the_end_of_a_lease() {
    let (machine, _state, mut signer, wallet) = leasing();
    assert_eq!(pay(&mut signer, wallet, 0, 1), None);
    let can_leave = Amount::from(CEILING - FEE - 1);
    for seconds in [0, 59, 1, 1, 3600] {
        machine.pass(seconds);
        assert_eq!(left(&mut signer, wallet), can_leave, "{seconds} s later");
    }
    assert_eq!(pay(&mut signer, wallet, 1, CEILING - 2 * FEE - 1), None, "all of it at once");
    assert_eq!(left(&mut signer, wallet), Amount::ZERO);
}

#[test]
fn a_payment_that_is_too_large_for_a_lease_gives_back_the_rest_of_it() {
    let (_machine, _state, mut signer, wallet) = leasing();
    let each = SLICE * 3 / 5;
    for nonce in 0..32 {
        assert_eq!(pay(&mut signer, wallet, nonce, each - FEE), None, "payment {nonce}");
    }
    assert_eq!(left(&mut signer, wallet), Amount::from(CEILING - 32 * each));
}

/// What a crash may leave of a journal: everything that was synced, and any number of records more.
fn leftovers(state: &Path, synced: usize) -> BTreeSet<Vec<u8>> {
    let whole = std::fs::read(state.join("journal/segment-00000000000000000000")).unwrap();
    let ends = (synced..=whole.len()).step_by(37).chain([whole.len()]);
    ends.map(|end| whole[..end].to_vec()).collect()
}

#[test]
fn a_crash_at_any_point_counts_all_that_was_signed_by_leases_and_forfeits_the_rest() {
    let (machine, state, mut signer, wallet) = leasing();
    let (mut signed, mut nonce) = (0, 0);
    for value in [SLICE / 4, SLICE / 3, SLICE / 3, 2 * SLICE, 1000, SLICE / 2, SLICE / 2] {
        machine.pass(7);
        assert_eq!(pay(&mut signer, wallet, nonce, value - FEE.min(value)), None);
        signed += value;
        nonce += 1;
        for bytes in leftovers(state.path(), signer.journal.synced_bytes()) {
            let crashed = TempDir::new().unwrap();
            std::fs::create_dir(crashed.path().join("journal")).unwrap();
            let file = crashed.path().join("journal/segment-00000000000000000000");
            std::fs::write(file, bytes).unwrap();
            let restarted = start_on(crashed.path(), machine.source());
            assert_eq!(restarted.journal.damage(), None);
            let most = Amount::from(CEILING - signed);
            let leaves = left_by_state(&restarted, wallet);
            assert!(leaves <= most, "{leaves} after {signed} of {CEILING}");
        }
    }
}

/// What the windows leave; the vault need not be there.
fn left_by_state(signer: &Signer, wallet: WalletId) -> Amount {
    let state = signer.journal.state().wallet(wallet).unwrap();
    let mainnet = (primitives::Scope::Evm("eip155:1".parse().unwrap()), Asset::Native);
    let spent = state.windows().spent(Ledger::Alone, Span::Day, mainnet, signer.clock.now());
    Amount::from(CEILING).saturating_sub(spent.unwrap())
}
