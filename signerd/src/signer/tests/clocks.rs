//! Clocks that jump: no budget comes free, and nothing that waits is over, but by time that passed.

use super::*;
use crate::clock::testing::Machine;
use crate::guard::DAY_SECONDS;

const NOW: u64 = 1_800_000_000;
const TEN_YEARS: u64 = 315_576_000;

/// A signer whose wallet spent its day's ceiling, on a machine of ours.
fn spent() -> (Machine, TempDir, Signer, WalletId) {
    let machine = Machine::new(NOW);
    let (state, mut signer, key) = with_wallet_on(machine.source());
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, CEILING - FEE))), None);
    (machine, state, signer, key.wallet)
}

#[test]
fn a_step_of_the_system_clock_frees_nothing_while_running_or_over_a_restart() {
    for wall in [0, NOW - TEN_YEARS, NOW - 1, NOW + DAY_SECONDS, NOW + TEN_YEARS] {
        let (machine, state, mut signer, wallet) = spent();
        machine.set_wall(wall);
        assert_eq!(left(&mut signer, wallet), Amount::ZERO, "running, {wall}");
        drop(signer);
        let mut signer = start_on(state.path(), machine.source());
        assert_eq!(left(&mut signer, wallet), Amount::ZERO, "restarted, {wall}");
        drop(signer);
        machine.reboot(5);
        machine.set_wall(wall);
        let mut signer = start_on(state.path(), machine.source());
        assert_eq!(left(&mut signer, wallet), Amount::ZERO, "rebooted, {wall}");
        drop(signer);
        let other = Machine::new(wall);
        (0..9).for_each(|_| other.reboot(0)); // so that its boot is another
        other.pass(TEN_YEARS);
        let mut signer = start_on(state.path(), other.source());
        assert_eq!(left(&mut signer, wallet), Amount::ZERO, "on another machine, {wall}");
    }
}

#[test]
fn a_day_that_passed_frees_the_ceiling_also_while_the_signer_did_not_run() {
    let (machine, state, mut signer, wallet) = spent();
    machine.pass(DAY_SECONDS + 3600); // a window is whole hours long, and never shorter
    assert_eq!(left(&mut signer, wallet), Amount::from(CEILING));
    let (machine, state_2, signer, wallet) = spent();
    drop((state, signer));
    machine.pass(DAY_SECONDS + 3600);
    let mut signer = start_on(state_2.path(), machine.source());
    assert_eq!(left(&mut signer, wallet), Amount::from(CEILING));
}

#[test]
fn an_operator_with_the_passphrase_alone_accepts_the_time_that_nobody_saw() {
    let (machine, state, signer, wallet) = spent();
    drop(signer);
    machine.reboot(2 * DAY_SECONDS);
    let mut signer = start_on(state.path(), machine.source());
    let accept = |text: &[u8]| Request::AcceptTime { passphrase: Secret::new(text.to_vec()) };
    let right: &[u8] = b"correct horse battery staple";
    assert_eq!(code(gateway(&mut signer, accept(right))), Some(RefusalCode::NotPermitted));
    let wrong = operator(&mut signer, accept(b"correct horse battery stable"));
    assert_eq!(code(wrong), Some(RefusalCode::WrongPassphrase));
    assert_eq!(left(&mut signer, wallet), Amount::ZERO);
    machine.pass(60); // until the throttle is over
    assert_eq!(operator(&mut signer, accept(right)), Reply::Done);
    assert_eq!(signer.clock.now(), machine.wall_s());
    assert_eq!(left(&mut signer, wallet), Amount::from(CEILING));
    let (records, _) = signer.journal.head();
    assert_eq!(operator(&mut signer, accept(right)), Reply::Done);
    assert_eq!(signer.journal.head().0, records, "there is nothing to accept");
    machine.pass(100);
    drop(signer);
    let restarted = start_on(state.path(), machine.source());
    assert_eq!(restarted.clock.now(), machine.wall_s(), "what was accepted stands");
}
