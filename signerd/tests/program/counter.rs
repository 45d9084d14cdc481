//! The running program with a counter in a TPM: older copies of its state, crashes, other chips.

use std::fs;
use std::path::Path;
use std::process::Command;

use protocol::{Latch, Reply, Request, Status, WitnessState};
use signerd::clock::Moment;
use signerd::journal::{Event, Journal};
use signerd::tpm::{Found, INDEX, Tpm};

use crate::harness::{Signer, passphrase};
use crate::swtpm::{Increment, Road, SoftwareTpm, setting};

/// A signer with a vault, and a counter that its journal knows.
fn signer_of(tpm: &SoftwareTpm) -> Signer {
    let mut signer = Signer::start_with(&setting(&tpm.socket()));
    let made = signer.connect("control.sock").ask(Request::InitVault { passphrase: passphrase() });
    assert_eq!(made, Reply::Done);
    signer
}

fn status(signer: &mut Signer) -> Status {
    let reply = signer.connect("control.sock").ask(Request::Status);
    let Reply::Status(status) = reply else { panic!("{reply:?}") };
    status
}

/// Fails with the reason for which it is suspended.
fn assert_signs(signer: &mut Signer) {
    let status = status(signer);
    assert_eq!((status.latch, status.latch_reason.as_str()), (Latch::Active, ""));
    let [witness] = &status.witnesses[..] else { panic!("{:?}", status.witnesses) };
    assert_eq!(witness.state, WitnessState::Current, "{witness}");
    assert!(witness.place.starts_with("counter in the TPM "), "{witness}");
    assert_eq!(status.journal_damage, None);
}

fn assert_suspended(signer: &mut Signer, why: &str) {
    let status = status(signer);
    assert_eq!(status.latch, Latch::Suspended, "{}", status.latch_reason);
    assert!(status.latch_reason.contains(why), "{}", status.latch_reason);
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

fn resume(signer: &mut Signer) {
    let (wallet, from, approval) = (None, Latch::Suspended, None);
    let resume = Request::Resume { wallet, from, passphrase: passphrase(), approval };
    assert_eq!(signer.connect("control.sock").ask(resume), Reply::Done);
}

#[test]
fn a_counter_is_made_once_and_begins_above_one_that_was_deleted() {
    let mut software = SoftwareTpm::start();
    let mut tpm = Tpm::open(&software.socket(), INDEX).unwrap();
    assert_eq!(tpm.find().unwrap(), None);
    tpm.make([7; 32]).unwrap();
    assert_eq!(tpm.find().unwrap(), Some(Found { counter: [7; 32], value: None }));
    assert!(tpm.make([8; 32]).unwrap_err().to_string().contains("TPM_RC 0x14c"), "it is defined");
    tpm.increment().unwrap();
    let first = tpm.value().unwrap();
    tpm.increment().unwrap();
    drop(tpm);
    let mut tpm = Tpm::open(&software.socket(), INDEX).unwrap();
    assert_eq!(tpm.find().unwrap(), Some(Found { counter: [7; 32], value: Some(first + 1) }));
    drop(tpm);
    let undefine = [0x80, 2, 0, 0, 0, 31, 0, 0, 1, 0x22, 0x40, 0, 0, 1, 1, 0x82, 0x57, 0x41];
    let empty_password = [0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0];
    assert_eq!(software.command(&[undefine.as_slice(), &empty_password].concat()), 0);
    let mut tpm = Tpm::open(&software.socket(), INDEX).unwrap();
    assert_eq!(tpm.find().unwrap(), None);
    tpm.make([7; 32]).unwrap();
    tpm.increment().unwrap();
    assert!(tpm.value().unwrap() > first + 1, "nobody turns it down");
}

#[test]
fn a_restart_goes_on_however_the_signer_ended() {
    let tpm = SoftwareTpm::start();
    let mut signer = signer_of(&tpm);
    assert_signs(&mut signer);
    for _ in 0..2 {
        signer.stop_and_restart();
        assert_signs(&mut signer);
        signer.kill_and_restart();
        assert_signs(&mut signer);
    }
}

#[test]
fn an_older_copy_of_the_state_is_told_until_an_operator_resumes_signing() {
    let tpm = SoftwareTpm::start();
    let mut signer = signer_of(&tpm);
    let (state, older) = (signer.directory.path().join("state"), signer.directory.path().join("o"));
    copy(&state, &older);
    signer.stop_and_restart();
    assert_signs(&mut signer);
    let put_back = |signer: &mut Signer| {
        signer.stop();
        fs::remove_dir_all(&state).unwrap();
        copy(&older, &state);
        signer.restart();
    };
    put_back(&mut signer);
    assert_suspended(&mut signer, "older copy of the state directory was put back");
    signer.stop_and_restart();
    assert_suspended(&mut signer, "older copy of the state directory was put back");
    resume(&mut signer);
    signer.kill_and_restart();
    assert_eq!(status(&mut signer).latch, Latch::Active);
    put_back(&mut signer);
    assert_suspended(&mut signer, "older copy of the state directory was put back");
}

#[test]
fn a_kill_between_the_record_and_the_count_accuses_nobody() {
    let tpm = SoftwareTpm::start();
    let mut signer = signer_of(&tpm);
    for increment in [Increment::Lost, Increment::Unanswered, Increment::Lost, Increment::Lost] {
        let road = Road::to(&tpm, increment);
        signer.set(&setting(&road.socket()));
        signer.kill_and_restart();
        road.wait();
        signer.set(&setting(&tpm.socket()));
        if increment == Increment::Unanswered {
            signer.kill_and_restart();
            assert_signs(&mut signer);
        }
    }
    signer.kill_and_restart();
    assert_signs(&mut signer);
}

#[test]
fn another_chip_is_told_and_so_is_a_journal_from_before_the_counter() {
    let (tpm, other) = (SoftwareTpm::start(), SoftwareTpm::start());
    let mut signer = signer_of(&tpm);
    signer.set(&setting(&other.socket()));
    signer.stop_and_restart();
    assert_suspended(&mut signer, "not in this TPM");
    resume(&mut signer);
    signer.stop_and_restart();
    assert_eq!(status(&mut signer).latch, Latch::Active, "it has a counter there from now on");
    signer.set(&setting(&tpm.socket()));
    signer.stop_and_restart();
    assert_suspended(&mut signer, "not in this TPM");

    let mut without = Signer::start();
    let made = without.connect("control.sock").ask(Request::InitVault { passphrase: passphrase() });
    assert_eq!(made, Reply::Done);
    without.set(&setting(&other.socket()));
    without.stop_and_restart();
    assert_suspended(&mut without, "of which this journal does not know");
    without.set(&(setting(&other.socket()) + "witness_tpm_index = 0x01820001\n"));
    without.stop_and_restart();
    resume(&mut without);
    assert_eq!(status(&mut without).latch, Latch::Active, "a place of its own");
}

#[test]
fn a_chip_that_is_missing_or_refuses_is_an_error_of_the_start() {
    let mut owned = SoftwareTpm::start();
    let password = [0, 1, b'x'];
    let change = [0x80, 2, 0, 0, 0, 30, 0, 0, 1, 0x29, 0x40, 0, 0, 1];
    let empty_password = [0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0];
    assert_eq!(owned.command(&[change.as_slice(), &empty_password, &password].concat()), 0);
    let missing = Path::new("/nowhere/tpm");
    for (path, words) in [
        (missing, "it cannot be opened: is there a TPM 2.0"),
        (owned.socket().as_path(), "TPM2_NV_DefineSpace: its owner has a password"),
        (Path::new("/dev/zero"), "no TPM 2.0"),
        (Path::new("/dev/null"), "it does not answer"),
    ] {
        let (status, said) = Signer::refused(&setting(path));
        assert_eq!(status, Some(78), "{said}");
        assert!(said.contains(words), "{}: {said}", path.display());
    }
}

/// A journal in this process, at the time that a test says.
fn journal_of(directory: &Path, tpm: &Path) -> Journal {
    let journal = Journal::open(directory).unwrap();
    journal.with_counter(Tpm::open(tpm, INDEX).unwrap()).unwrap()
}

#[test]
fn it_is_counted_at_a_start_and_a_stop_and_now_and_then_while_something_is_written() {
    let (tpm, directory) = (SoftwareTpm::start(), tempfile::tempdir().unwrap());
    let mut journal = journal_of(directory.path(), &tpm.socket());
    let at = |now: u64| Moment { now: 1_800_000_000 + now, wall: 0 };
    let mut write = |now| {
        journal.append(at(now), Event::Renewed {});
        journal.commit().unwrap();
        journal.head().0
    };
    let records = [(0, 2), (1, 3), (1799, 4), (1800, 6), (1801, 7)].map(|(now, records)| {
        let wrote = write(now);
        (wrote, records)
    });
    assert!(records.iter().all(|(wrote, expected)| wrote == expected), "{records:?}");
    for (now, records) in [(3599, 7), (3600, 8), (9000, 8)] {
        journal.tick(at(now)).unwrap();
        assert_eq!(journal.head().0, records, "the tick at {now}");
    }
    journal.stop().unwrap();
    assert_eq!(journal.head().0, 8, "nothing was written since");
    journal.append(at(9001), Event::Renewed {});
    journal.append(at(9002), Event::Renewed {});
    assert_eq!(journal.head().0, 11);
    journal.stop().unwrap();
    assert_eq!(journal.head().0, 12);
    drop(journal);
    let journal = journal_of(directory.path(), &tpm.socket());
    assert_eq!((journal.put_back(), journal.counter_failure()), (None, None));
}

#[test]
fn a_chip_that_is_busy_is_asked_again_and_counted_once() {
    for busy in [Increment::Busy, Increment::Unshown] {
        let (tpm, directory) = (SoftwareTpm::start(), tempfile::tempdir().unwrap());
        drop({
            let mut journal = journal_of(directory.path(), &tpm.socket());
            journal.append(Moment { now: 1, wall: 1 }, Event::Renewed {});
            journal.stop().unwrap();
            journal
        });
        let road = Road::to(&tpm, busy);
        let mut journal = journal_of(directory.path(), &road.socket());
        journal.append(Moment { now: 2, wall: 2 }, Event::Renewed {});
        journal.commit().unwrap();
        assert_eq!(journal.witnesses()[0].state, WitnessState::Busy, "{busy:?}");
        journal.commit().unwrap();
        assert_eq!(journal.counter_failure(), None, "{busy:?}");
        assert_eq!(journal.witnesses()[0].state, WitnessState::Current, "{busy:?}");
        drop(journal);
        let journal = journal_of(directory.path(), &tpm.socket());
        assert_eq!(journal.put_back(), None, "{busy:?}");
    }
}

#[test]
fn a_counter_that_somebody_else_counts_is_told_and_not_asked_again() {
    let (tpm, directory) = (SoftwareTpm::start(), tempfile::tempdir().unwrap());
    drop({
        let mut journal = journal_of(directory.path(), &tpm.socket());
        journal.append(Moment { now: 1, wall: 1 }, Event::Renewed {});
        journal.stop().unwrap();
        journal
    });
    let road = Road::to(&tpm, Increment::Doubled);
    let mut journal = journal_of(directory.path(), &road.socket());
    journal.append(Moment { now: 2, wall: 2 }, Event::Renewed {});
    journal.commit().unwrap();
    let witness = &journal.witnesses()[0];
    assert_eq!(witness.state, WitnessState::Failing);
    assert!(witness.failure.contains("somebody else counts"), "{witness}");
    let records = journal.head().0;
    journal.append(Moment { now: 9000, wall: 2 }, Event::Renewed {});
    journal.stop().unwrap();
    assert_eq!(journal.head().0, records + 1, "nothing more is said of it");
    drop(journal);
    let journal = journal_of(directory.path(), &tpm.socket());
    assert!(journal.put_back().unwrap().contains("older copy"), "{:?}", journal.put_back());
}

#[test]
fn a_chip_that_fails_is_told_and_not_asked_again_in_this_run() {
    let (tpm, directory) = (SoftwareTpm::start(), tempfile::tempdir().unwrap());
    let mut journal = journal_of(directory.path(), &tpm.socket());
    journal.append(Moment { now: 1, wall: 1 }, Event::Renewed {});
    journal.stop().unwrap();
    drop(journal);
    let road = Road::to(&tpm, Increment::Refused);
    let mut journal = journal_of(directory.path(), &road.socket());
    journal.append(Moment { now: 2, wall: 2 }, Event::Renewed {});
    for _ in 0..2 {
        journal.commit().unwrap();
        assert_eq!(journal.witnesses()[0].state, WitnessState::Failing);
        assert!(journal.counter_failure().is_some());
    }
    drop(journal);
    let journal = journal_of(directory.path(), &tpm.socket());
    assert_eq!(journal.put_back(), None, "it is one behind, and nobody is accused");
}

#[test]
fn a_new_journal_goes_on_with_a_counter_that_is_there() {
    let tpm = SoftwareTpm::start();
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut journal = journal_of(first.path(), &tpm.socket());
    journal.append(Moment { now: 1, wall: 1 }, Event::Renewed {});
    journal.stop().unwrap();
    drop(journal);
    let journal = journal_of(second.path(), &tpm.socket());
    assert_eq!((journal.put_back(), journal.counter_failure()), (None, None));
}
