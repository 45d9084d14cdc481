//! Each check on facts that are good, and on facts that are not.

use std::collections::BTreeSet;

use primitives::Environment;
use protocol::{Latch, SecretMemory, Unattended, VaultPhase, Witness, WitnessState};

use super::facts::*;
use super::host::{parse_process, parse_units};
use super::*;
use crate::place::Place;
use crate::systemd::{Seal, Stored};
use crate::testing;

const SIGNERD: &str = "waiaas-signerd.service";

/// A machine on which nothing is wrong.
fn healthy() -> Facts {
    let mut signer = testing::status();
    signer.version = env!("CARGO_PKG_VERSION").to_owned();
    signer.unattended = Unattended::Opened;
    signer.witnesses = vec![a_witness(WitnessState::Current)];
    let words = [
        "not_dumpable",
        "no_new_privs",
        "no_core",
        "umask_077",
        "no_capabilities",
        "landlock",
        "seccomp",
    ];
    let words: Vec<String> = words.map(str::to_owned).into();
    signer.sandbox.clone_from(&words);
    let unit = |name: &str| Unit {
        name: name.to_owned(),
        load: "loaded".to_owned(),
        enabled: "enabled".to_owned(),
        active: "active".to_owned(),
        result: "success".to_owned(),
        restarts: 0,
        pid: 7,
    };
    Facts {
        place: Place::of_operator(None, None).unwrap(),
        version: env!("CARGO_PKG_VERSION"),
        units: Ok(vec![unit("waiaas.target"), unit(SIGNERD)]),
        signer: Ok(signer),
        gateway: Ok(env!("CARGO_PKG_VERSION").to_owned()),
        gateway_sandbox: Ok(words),
        files: vec![FileFact {
            path: "/run/waiaas/signer.sock".to_owned(),
            expected: Expected { mode: 0o600, owner: Some("waiaas-gateway"), must_exist: true },
            found: Ok(Some((0o600, "waiaas-gateway".to_owned()))),
        }],
        processes: Ok(vec![Process {
            unit: SIGNERD.to_owned(),
            loose: Vec::new(),
            apparmor: Some("waiaas-signerd (enforce)".to_owned()),
        }]),
        kernel: Kernel {
            release: "6.12.107".to_owned(),
            modules: Ok("lockdown,capability,landlock,yama,apparmor".to_owned()),
            seccomp: Ok("kill_process kill_thread trap errno".to_owned()),
            core_pattern: Ok("core".to_owned()),
            has_swap: Ok(true),
            can_hibernate: Ok(true),
        },
        synchronised: Ok(true),
        disks: vec![Disk {
            path: "/var/lib/waiaas".to_owned(),
            space: Ok(Space { free_mib: 512, free_inodes: 2_000, has_inodes: true }),
        }],
        networks: Ok(vec![Reached { network: "base".to_owned(), error: None }]),
        credential: Stored::Present { seal: Seal::Tpm, is_private: true, opens: true },
        recovery_files: Vec::new(),
        newest_backup: Ok(Some(Made::Ago(26 * 3_600))),
        backup_failure: None,
        journal: Ok(Ok(40)),
        wallets: Ok(vec![Guarded {
            name: "main".to_owned(),
            environment: Environment::Mainnet,
            has_owners: true,
            is_open: false,
        }]),
    }
}

fn signer(change: impl FnOnce(&mut protocol::Status)) -> Facts {
    let mut facts = healthy();
    change(facts.signer.as_mut().unwrap());
    facts
}

fn gateway(change: impl FnOnce(&mut Vec<String>)) -> Facts {
    let mut facts = healthy();
    change(facts.gateway_sandbox.as_mut().unwrap());
    facts
}

fn a_witness(state: WitnessState) -> Witness {
    let failure = match state {
        WitnessState::Failing => "cannot be written: full".to_owned(),
        WitnessState::Current | WitnessState::Busy | WitnessState::Waiting => String::new(),
    };
    Witness { place: "/srv/w".to_owned(), state, failure }
}

fn witness(states: &[WitnessState]) -> Facts {
    signer(|it| it.witnesses = states.iter().copied().map(a_witness).collect())
}

fn unit(change: impl FnOnce(&mut Unit)) -> Facts {
    let mut facts = healthy();
    change(&mut facts.units.as_mut().unwrap()[0]);
    facts
}

fn process(change: impl FnOnce(&mut Process)) -> Facts {
    let mut facts = healthy();
    change(&mut facts.processes.as_mut().unwrap()[0]);
    facts
}

fn space(free_mib: u64, free_inodes: u64, has_inodes: bool) -> Facts {
    let space = Ok(Space { free_mib, free_inodes, has_inodes });
    Facts { disks: vec![Disk { path: "/var".to_owned(), space }], ..healthy() }
}

fn file(found: Seen<Option<(u32, String)>>) -> Facts {
    let mut facts = healthy();
    facts.files[0].found = found;
    facts
}

fn credential(state: Unattended, stored: Stored) -> Facts {
    Facts { credential: stored, ..signer(|it| it.unattended = state) }
}

fn backup(made: Made) -> Facts {
    Facts { newest_backup: Ok(Some(made)), ..healthy() }
}

fn stored((is_private, opens): (bool, bool)) -> Stored {
    Stored::Present { seal: Seal::Host, is_private, opens }
}

fn guarded(environment: Environment, (has_owners, is_open): (bool, bool)) -> Facts {
    let wallet = Guarded { name: "main".to_owned(), environment, has_owners, is_open };
    Facts { wallets: Ok(vec![wallet]), ..healthy() }
}

/// Facts, which check speaks about them, how it grades them, and a word of what it says.
type Row = (Facts, &'static str, Grade, &'static str);

fn rows() -> Vec<Row> {
    service_and_machine().into_iter().chain(safety()).collect()
}

#[rustfmt::skip]
fn service_and_machine() -> Vec<Row> {
    use Grade::{Ok as Fine, Problem, Unseen, Warning};
    let no = || "no".to_owned();
    let named = |owner: &str, mode| Ok(Some((mode, owner.to_owned())));
    vec![
        (unit(|it| it.load = "not-found".to_owned()), "units", Problem, "install"),
        (unit(|it| it.active = "failed".to_owned()), "units", Problem, "reset-failed"),
        (unit(|it| it.active = "inactive".to_owned()), "units", Problem, "enable --now"),
        (unit(|it| it.enabled = "disabled".to_owned()), "units", Warning, "systemctl enable"),
        (unit(|it| it.restarts = 1), "units", Warning, "journalctl"),
        (unit(|it| (it.restarts, it.name) = (1, "waiaas-gatewayd.service".to_owned())), "units", Warning, "status 75"),
        (Facts { units: Err(no()), ..healthy() }, "units", Unseen, "not seen"),
        (Facts { signer: Err(no()), ..healthy() }, "signerd", Problem, "waiaas-admin"),
        (Facts { gateway: Err(no()), ..healthy() }, "gatewayd", Problem, "systemctl start"),
        (signer(|it| it.version = "0.0.9".to_owned()), "versions", Problem, "restart"),
        (Facts { gateway: Ok("9.0.0".to_owned()), ..healthy() }, "versions", Problem, "gatewayd"),
        (file(Ok(None)), "files", Problem, "not there"),
        (file(Err(no())), "files", Unseen, "not seen"),
        (file(named("waiaas-gateway", 0o620)), "files", Problem, "chmod 600"),
        (file(named("waiaas-gateway", 0o400)), "files", Fine, "right"),
        (file(named("mallory", 0o600)), "files", Problem, "chown waiaas-gateway"),
        (signer(|it| it.sandbox.retain(|word| word != "no_core")), "sandbox", Problem, "no_core"),
        (signer(|it| it.sandbox.retain(|word| word != "landlock")), "sandbox", Problem, "landlock"),
        (signer(|it| it.sandbox.retain(|word| word != "seccomp")), "sandbox", Problem, "seccomp"),
        (gateway(|it| it.retain(|word| word != "umask_077")), "sandbox", Problem, "gatewayd is without umask_077"),
        (gateway(|it| it.retain(|word| word != "landlock")), "sandbox", Problem, "gatewayd is without landlock"),
        (gateway(|it| it.retain(|word| word != "seccomp")), "sandbox", Problem, "gatewayd is without seccomp"),
        (Facts { gateway_sandbox: Err(no()), ..healthy() }, "sandbox", Unseen, "not seen"),
        (process(|it| it.loose.push("has capabilities")), "confinement", Problem, "capabilities"),
        (process(|it| it.apparmor = Some("unconfined".to_owned())), "confinement", Warning, "unconfined"),
        (process(|it| it.apparmor = Some("a (complain)".to_owned())), "confinement", Warning, "complain"),
        (Facts { processes: Err(no()), ..healthy() }, "confinement", Unseen, "not seen"),
        (Facts { kernel: Kernel { modules: Ok("yama".to_owned()), ..healthy().kernel }, ..healthy() }, "kernel", Warning, "lsm="),
        (Facts { kernel: Kernel { seccomp: Err(no()), ..healthy().kernel }, ..healthy() }, "kernel", Problem, "seccomp"),
        (Facts { kernel: Kernel { modules: Err(no()), ..healthy().kernel }, ..healthy() }, "kernel", Unseen, "not seen"),
        (signer(|it| it.secret_memory = SecretMemory::Locked), "secret memory", Warning, "hibernate"),
        (signer(|it| it.sandbox.retain(|word| word != "not_dumpable")), "core dumps", Problem, "core_pattern"),
        (signer(|it| it.behind_seconds = 61), "clock", Warning, "time accept"),
        (signer(|it| it.behind_seconds = 60), "clock", Fine, "time server"),
        (Facts { synchronised: Ok(false), ..healthy() }, "clock", Warning, "set-ntp"),
        (Facts { synchronised: Err(no()), ..healthy() }, "clock", Unseen, "not seen"),
        (space(511, 2_000, true), "disk", Warning, "make room"),
        (space(512, 1_999, true), "disk", Warning, "make room"),
        (space(63, 2_000, true), "disk", Problem, "make room"),
        (space(512, 99, true), "disk", Problem, "make room"),
        (space(512, 0, false), "disk", Fine, "free"),
        (Facts { networks: Ok(vec![Reached { network: "base".to_owned(), error: Some(no()) }]), ..healthy() }, "networks", Warning, "base"),
        (Facts { networks: Ok(vec![]), ..healthy() }, "networks", Fine, "no wallet"),
        (Facts { networks: Err(no()), ..healthy() }, "networks", Unseen, "not seen"),
    ]
}

#[rustfmt::skip]
fn safety() -> Vec<Row> {
    use Grade::{Ok as Fine, Problem, Unseen, Warning};
    let no = || "no".to_owned();
    vec![
        (signer(|it| it.vault = VaultPhase::Locked), "vault", Problem, "unlock"),
        (signer(|it| it.vault = VaultPhase::Uninitialised), "vault", Problem, "init"),
        (credential(Unattended::Off, Stored::Absent), "unattended", Fine, "off"),
        (credential(Unattended::Off, stored((true, true))), "unattended", Warning, "opens nothing"),
        (credential(Unattended::Misfit, stored((true, true))), "unattended", Problem, "misfit"),
        (credential(Unattended::Missing, Stored::Absent), "unattended", Problem, "missing"),
        (credential(Unattended::Failed, Stored::Hidden), "unattended", Problem, "failed"),
        (credential(Unattended::Opened, Stored::Absent), "unattended", Problem, "not there"),
        (credential(Unattended::Opened, stored((true, false))), "unattended", Problem, "rm /etc/credstore"),
        (Facts { signer: Err(no()), credential: stored((true, false)), ..healthy() }, "unattended", Problem, "reset-failed"),
        (credential(Unattended::Opened, stored((false, true))), "unattended", Warning, "chmod 600"),
        (credential(Unattended::Held, stored((true, true))), "unattended", Warning, "unlock"),
        (credential(Unattended::Untried, Stored::Hidden), "unattended", Fine, "only root"),
        (Facts { recovery_files: vec!["/etc/waiaas/recovery.key".to_owned()], ..healthy() }, "recovery file", Warning, "shred"),
        (Facts { newest_backup: Ok(None), ..healthy() }, "backups", Warning, "none"),
        (backup(Made::Ago(26 * 3_600 + 1)), "backups", Warning, "old"),
        (backup(Made::Ahead(61)), "backups", Warning, "ahead of the clock"),
        (
            Facts { backup_failure: Some("the vault is locked".to_owned()), ..healthy() },
            "backups",
            Problem,
            "locked",
        ),
        (Facts { newest_backup: Err(no()), ..healthy() }, "backups", Unseen, "not seen"),
        (Facts { journal: Ok(Err("record 3 was changed".to_owned())), ..healthy() }, "journal", Problem, "record 3"),
        (Facts { journal: Err(no()), ..healthy() }, "journal", Unseen, "not seen"),
        (witness(&[]), "witness", Warning, "signerd.toml"),
        (witness(&[WitnessState::Failing]), "witness", Problem, "cannot be written"),
        (witness(&[WitnessState::Waiting]), "witness", Problem, "waits"),
        (witness(&[WitnessState::Busy]), "witness", Fine, "busy"),
        (signer(|it| it.latch = Latch::Suspended), "signing", Problem, "resume"),
        (signer(|it| it.latch = Latch::Locked), "signing", Problem, "resume"),
        (signer(|it| it.wallets_halted = 1), "signing", Warning, "status"),
        (signer(|it| it.suspends_at = Some(it.now + 86_399)), "dead man", Warning, "renew"),
        (signer(|it| it.suspends_at = Some(it.now + 86_400)), "dead man", Fine, "unless renewed"),
        (guarded(Environment::Mainnet, (true, true)), "guards", Problem, "without a ceiling"),
        (guarded(Environment::Mainnet, (false, false)), "guards", Warning, "owner confirm"),
        (guarded(Environment::Testnet, (false, true)), "guards", Fine, "1 wallets"),
        (Facts { wallets: Err(no()), ..healthy() }, "guards", Unseen, "not seen"),
    ]
}

fn findings(facts: &Facts, name: &str) -> Vec<Finding> {
    let Check(_, judge) = CHECKS.iter().find(|Check(check, _)| *check == name).unwrap();
    judge(facts)
}

#[test]
fn each_check_passes_what_is_good() {
    let facts = healthy();
    for Check(name, judge) in CHECKS {
        for finding in judge(&facts) {
            assert_eq!(finding.grade, Grade::Ok, "{name}: {finding:?}");
        }
    }
    assert_eq!(report(&facts).exit(), None);
}

#[test]
fn each_check_notices_what_is_not_and_says_what_to_do() {
    for (facts, name, grade, word) in rows() {
        let findings = findings(&facts, name);
        let worst = findings.iter().map(|finding| finding.grade).max();
        assert_eq!(worst, Some(grade), "{name}, {word}: {findings:?}");
        let said = format!("{findings:?}");
        assert!(said.contains(word), "{word}: {said}");
        for finding in findings {
            let advises = finding.grade > Grade::Unseen;
            assert_eq!(finding.advice.is_some(), advises, "{name}: {finding:?}");
        }
    }
}

#[test]
fn each_check_has_a_row_that_it_does_not_pass() {
    let noticed: BTreeSet<&str> = rows()
        .into_iter()
        .filter(|(_, _, grade, _)| *grade > Grade::Unseen)
        .map(|(_, name, ..)| name)
        .collect();
    assert!(CHECKS.iter().map(|Check(name, _)| *name).all(|name| noticed.contains(name)));
}

#[test]
fn a_problem_ends_the_program_with_1_and_a_warning_does_not() {
    let view = report(&signer(|it| it.vault = VaultPhase::Locked));
    assert_eq!(view.exit(), Some(Exit::Failed));
    assert_eq!(report(&signer(|it| it.behind_seconds = 61)).exit(), None);
}

#[test]
fn what_several_findings_need_is_said_once() {
    let down =
        |network: &str| Reached { network: network.to_owned(), error: Some("no".to_owned()) };
    let facts = Facts { networks: Ok(vec![down("a"), down("b")]), ..healthy() };
    let findings: Vec<_> =
        findings(&facts, "networks").into_iter().map(|finding| ("networks", finding)).collect();
    assert_eq!((findings.len(), advice(&findings).len()), (2, 1));
}

#[test]
fn a_daemon_that_is_down_hides_no_more_than_its_own() {
    let facts = Facts { signer: Err("down".to_owned()), ..healthy() };
    let unseen: Vec<&str> = CHECKS
        .iter()
        .filter(|Check(_, judge)| judge(&facts).iter().any(|it| it.grade == Grade::Unseen))
        .map(|Check(name, _)| *name)
        .collect();
    let expected = [
        "sandbox",
        "secret memory",
        "core dumps",
        "vault",
        "unattended",
        "witness",
        "signing",
        "dead man",
    ];
    assert_eq!(unseen, expected);
}

#[test]
fn units_and_processes_are_read_as_systemd_and_the_kernel_print_them() {
    let text = "Id=waiaas.target\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n\
                Id=waiaas-signerd.service\nLoadState=loaded\nActiveState=failed\nResult=exit-code\n\
                NRestarts=3\nMainPID=812\n";
    let units = parse_units(text);
    assert_eq!(units.len(), 2);
    assert_eq!((units[0].name.as_str(), units[0].enabled.as_str()), ("waiaas.target", "enabled"));
    assert_eq!((units[1].restarts, units[1].pid, units[1].active.as_str()), (3, 812, "failed"));
    let status = "Name:\tsignerd\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
    let process = parse_process(SIGNERD, status, Some("a (enforce)\n".to_owned()));
    assert_eq!(process.loose.len(), 0);
    assert_eq!(process.apparmor.as_deref(), Some("a (enforce)"));
    let loose = parse_process(SIGNERD, "CapEff:\t0000000000000400\nSeccomp:\t0\n", None);
    assert_eq!(loose.loose.len(), 3);
}
