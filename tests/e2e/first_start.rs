//! `waiaas` as an SDK starts it for a user who has nothing yet.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::agent::Agent;
use tests::daemons::{Place, Signerd, free_port, wait_until_healthy};
use tests::http::Http;
use tests::process::{self, Build, Process, User, runnable_program};
use tests::tool::{failed, succeeded, with_passphrase};
use tests::wait;

/// As long as an SDK waits for the gateway.
const SDK_PATIENCE: Duration = Duration::from_secs(30);
/// After SIGTERM.
const END: Duration = Duration::from_secs(5);

pub(crate) fn waiaas(place: &Place, port: u16, verb: &[&str]) -> Command {
    let runnable = |name| runnable_program(name, Build::Debug, &place.path(""));
    // It looks for the daemons beside itself.
    let [_signerd, _gatewayd, waiaas] = ["signerd", "gatewayd", "waiaas"].map(runnable);
    let mut command = process::command(&waiaas, User::Ordinary);
    command.args(verb).arg("--data-dir").arg(data(place));
    command.env("WAIAAS_DAEMON_PORT", port.to_string());
    command
}

fn data(place: &Place) -> std::path::PathBuf {
    place.path("data")
}

pub(crate) fn run(place: &Place, port: u16, verb: &[&str]) {
    let mut process = Process::start(&mut waiaas(place, port, verb), &place.path("log"));
    let status = wait::until("the end of it", || process.status());
    assert!(status.success(), "{verb:?}: {status}\n{}", process.output());
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap().trim().to_owned()
}

#[test]
fn an_sdk_starts_everything_with_three_commands() {
    let place = Place::new();
    let port = free_port();
    run(&place, port, &["init", "--auto-provision"]);
    let mut started =
        Process::start(&mut waiaas(&place, port, &["start"]), &place.path("start.log"));
    let http = Http::tcp(port);
    let healthy = wait::within(SDK_PATIENCE, || {
        http.try_send("GET", "/health", &[], Vec::new())
            .is_ok_and(|answer| answer.status == 200)
            .then_some(())
    });
    assert!(healthy.is_some(), "{}", started.output());
    started.wait_for("address", |line| line.contains(&format!(":{port}")).then_some(()));
    run(&place, port, &["quickset"]);

    let agent = Agent::new(port, &read(&data(&place).join("mcp-token")));
    let info = agent.http().get("/v1/connect-info").expect(200);
    let mut chains: Vec<_> = info["wallets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wallet| wallet["chain"].as_str().unwrap())
        .collect();
    chains.sort_unstable();
    assert_eq!(chains, ["ethereum", "solana"]);

    let asked = Instant::now();
    assert!(started.stop().success(), "{}", started.output());
    assert!(asked.elapsed() < END, "{:?}", asked.elapsed());

    // The second start finds everything as it was.
    let mut again = Process::start(&mut waiaas(&place, port, &["start"]), &place.path("again.log"));
    wait_until_healthy(&mut again, port);
    assert_eq!(agent.http().get("/v1/connect-info").status, 200);
    assert!(again.stop().success());
}

#[test]
fn a_start_makes_a_backup_by_itself_that_another_directory_is_made_of() {
    let place = Place::new();
    let port = free_port();
    run(&place, port, &["init", "--auto-provision"]);
    let mut started =
        Process::start(&mut waiaas(&place, port, &["start"]), &place.path("start.log"));
    let backup = wait::until("a backup", || {
        let made = fs::read_dir(data(&place).join("backups")).ok()?;
        let mut paths = made.map(|entry| entry.unwrap().path());
        paths.find(|path| path.extension().is_some_and(|ending| ending == "backup"))
    });
    assert!(started.stop().success(), "{}", started.output());

    let elsewhere = Place::new();
    fs::create_dir(data(&elsewhere)).unwrap();
    let recovery = data(&elsewhere).join("recovery.key");
    fs::copy(data(&place).join("recovery.key"), &recovery).unwrap();
    process::give_to_ordinary_user(&data(&elsewhere));
    process::give_to_ordinary_user(&recovery);
    let copy = elsewhere.path("copy");
    fs::copy(backup, &copy).unwrap();
    process::give_to_ordinary_user(&copy);
    run(&elsewhere, port, &["init", "--restore", copy.to_str().unwrap()]);
    assert!(data(&elsewhere).join("restored.journal").exists());
    let mut again =
        Process::start(&mut waiaas(&elsewhere, port, &["start"]), &elsewhere.path("again.log"));
    again.wait_for("address", |line| line.contains(&format!(":{port}")).then_some(()));
    assert!(again.stop().success(), "{}", again.output());
}

#[test]
fn the_recovery_key_that_made_a_vault_opens_it_and_its_first_line_does_not() {
    let place = Place::new();
    run(&place, free_port(), &["init", "--auto-provision"]);
    let _signerd = Signerd::start(&place, "");
    let recovery = data(&place).join("recovery.key");
    let (copy, published) = (place.path("a copy"), place.path("published"));
    fs::copy(&recovery, &copy).unwrap();
    fs::write(&published, fs::read_to_string(&recovery).unwrap().lines().next().unwrap()).unwrap();
    for file in [&copy, &published] {
        process::give_to_ordinary_user(file);
    }
    let tool = |file: &Path, verb: &str| with_passphrase(&place, file, &[verb]);
    succeeded(&mut tool(&recovery, "init"));
    for file in [&recovery, &copy] {
        succeeded(&mut tool(file, "lock"));
        let (code, said) = failed(&mut tool(&published, "unlock"));
        assert_eq!(code, Some(5), "{said}");
        succeeded(&mut tool(file, "unlock"));
    }
}
