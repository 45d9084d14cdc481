//! The walk of a newcomer through README and docs/operate.md, for one user: every command of them that needs
//! no systemd, in their order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use primitives::BUILTIN;
use serde_json::Value;
use tests::daemons::{Place, free_port, wait_until_healthy};
use tests::process::{self, Build, Process, User, runnable_program};

/// Where nobody listens: no network is asked.
const NOBODY: &str = "http://127.0.0.1:9";

/// A machine of one user, with the programs beside each other.
struct Machine {
    place: Place,
    port: u16,
}

impl Machine {
    fn new() -> Self {
        let place = Place::new();
        for name in ["signerd", "gatewayd", "waiaas", "waiaasctl"] {
            runnable_program(name, Build::Debug, &place.path(""));
        }
        let home = place.path("home");
        fs::create_dir(&home).unwrap();
        process::give_to_ordinary_user(&home);
        Self { place, port: free_port() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path("home").join(name)
    }

    /// A shell in which `~` is the user's, and which needs no root for `sudo`. Every `waiaasctl` knows the
    /// passphrase, and is told which daemons are meant.
    fn shell(&self, script: &str) -> Command {
        let programs = runnable_program("waiaas", Build::Debug, &self.place.path(""));
        let script = format!(
            "set -euo pipefail; PATH={}:$PATH; cd; sudo() {{ \"$@\"; }}; systemctl() {{ :; }}
             waiaasctl() {{ command waiaasctl --data-dir ~/.waiaas \
             --passphrase-file ~/.waiaas/recovery.key \"$@\"; }}
             {script}",
            programs.parent().unwrap().display()
        );
        let mut command = process::command(Path::new("bash"), User::Ordinary);
        command.args(["-c", &script]);
        command.env("HOME", self.place.path("home"));
        command.env("WAIAAS_DAEMON_PORT", self.port.to_string());
        command
    }

    /// Types a command, which has to succeed. What it prints.
    #[track_caller]
    fn types(&self, line: &str) -> String {
        let output = self.shell(line).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{line}\n{printed}{errors}");
        printed
    }

    /// Leaves a command running that starts both daemons.
    fn starts(&self, line: &str) -> Process {
        let mut process =
            Process::start(&mut self.shell(&format!("exec {line}")), &self.place.path("start.log"));
        wait_until_healthy(&mut process, self.port);
        process
    }
}

fn document(path: &str) -> String {
    fs::read_to_string(tests::repository().join(path)).unwrap()
}

fn section<'d>(document: &'d str, heading: &str) -> &'d str {
    document.split("\n## ").find(|section| section.starts_with(heading)).unwrap()
}

/// The lines of the blocks of a section that begin with one of these programs.
fn lines(section: &str, programs: &[&str]) -> Vec<String> {
    let line = |line: &str| line.split(" #").next().unwrap().trim().to_owned();
    let block = |line: &&str| line.starts_with("    ") || !line.starts_with(' ');
    let is_meant = |line: &String| programs.iter().any(|it| line.starts_with(&format!("{it} ")));
    section.lines().filter(block).map(line).filter(is_meant).collect()
}

/// Code in the sentences of a section that begins with `waiaasctl`.
fn named(section: &str) -> Vec<String> {
    let text = section.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let code = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("waiaasctl "));
    code.map(str::to_owned).collect()
}

#[test]
fn every_command_for_one_user_does_what_the_documents_say() {
    let (readme, operate) = (document("README.md"), document("docs/operate.md"));
    let machine = Machine::new();
    let use_it = lines(section(&readme, "Use it"), &["waiaas"]);
    let [init, start] = use_it.as_slice() else { panic!("{use_it:?}") };
    let rpc: Vec<String> = BUILTIN.iter().map(|it| format!("--rpc {}={NOBODY}", it.name)).collect();
    let said = machine.types(&format!("{init} {}", rpc.join(" ")));
    assert!(said.contains("next: waiaas start"), "{said}");
    let mut started = machine.starts(start);
    machine.types("waiaas quickset --data-dir ~/.waiaas");

    // What docs/install.md says of an agent.
    let install = document("docs/install.md");
    let agent = section(&install, "First steps").split("Then, for an agent:").nth(1).unwrap();
    let agent = lines(agent, &["sudo", "curl"]);
    assert_eq!(agent.len(), 3, "{agent:?}");
    let printed: String = agent
        .iter()
        .map(|line| machine.types(&line.replace(":3100", &format!(":{}", machine.port))))
        .collect();
    assert!(printed.contains("\"name\":\"main\""), "{printed}");

    let doctor = lines(section(&operate, "Doctor"), &["waiaasctl"]);
    let [doctor] = doctor.as_slice() else { panic!("{doctor:?}") };
    let report: Value =
        serde_json::from_str(&machine.types(&doctor.replace(['[', ']'], ""))).unwrap();
    assert_eq!(report["problems"], 0, "{report:#}");

    let backups = lines(section(&operate, "Backups"), &["waiaasctl"]);
    assert_eq!(backups.len(), 4, "{backups:?}");
    for line in backups {
        machine.types(&line.replace("FILE", "~/by-hand.backup"));
    }

    let restore = section(&operate, "Restore").replace("/root/", "~/");
    let commands = named(&restore);
    let at = |start: &str| commands.iter().position(|line| line.starts_with(start)).unwrap();
    let (moved, unlock) = (at("waiaasctl restore "), at("waiaasctl unlock"));
    for line in &commands[..moved] {
        machine.types(line);
    }
    assert!(started.stop().success());

    let new = Machine::new();
    new.types("mkdir --mode=700 ~/.waiaas");
    for name in [".waiaas/recovery.key", ".waiaas/config.toml", "move.backup"] {
        fs::copy(machine.file(name), new.file(name)).unwrap();
        process::give_to_ordinary_user(&new.file(name));
    }
    let init = "waiaas init --restore FILE --data-dir DIR";
    assert!(restore.contains(init));
    new.types(&init.replace("FILE", "~/move.backup").replace("DIR", "~/.waiaas"));
    let mut started = new.starts(start);
    let look = commands[moved + 1..unlock].iter().filter(|line| !line.contains("audit verify"));
    let printed: String = look.map(|line| new.types(line)).collect();
    assert!(printed.contains("ethereum-testnet") && printed.contains("main"), "{printed}");
    new.types("waiaasctl audit verify --file ~/.waiaas/restored.journal");
    for line in &commands[unlock..unlock + 2] {
        new.types(line);
    }
    let status: Value = serde_json::from_str(&new.types("waiaasctl status --json")).unwrap();
    assert_eq!(status["signer"]["latch"], "ACTIVE", "{status:#}");
    assert!(started.stop().success());
}
