//! The walk through `docs/guard.md`: every command of it, in its order, against the real daemons.

use std::fs;
use std::path::Path;

use primitives::{Chain, Environment, WalletId, encode_hex};
use protocol::{Payload, Request, Warrant};
use serde_json::Value;
use tests::daemons::{Gatewayd, Place, Signerd, create_wallet, hostile_gateway, init_vault};
use tests::process::{self, Build, User, program};
use tests::signer::PASSPHRASE;

/// The commands of a section, a block after another.
fn blocks(document: &str, heading: &str) -> Vec<String> {
    let section = document.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let shell = |rest: &str| Some(rest.split_once("\n```")?.0.to_owned());
    section.split("```sh\n").skip(1).map(|rest| shell(rest).unwrap()).collect()
}

/// A person who owns a wallet, with a wallet of another signer in their own hands.
struct Owner {
    place: Place,
    wallet: WalletId,
    address: String,
    _signerd: Signerd,
}

impl Owner {
    fn new() -> Self {
        let place = Place::new();
        let signerd = Signerd::start(&place, "");
        init_vault(&place);
        let key = create_wallet(&place, Chain::Evm, Environment::Testnet);
        let address = key.address.to_string();
        Self { place, wallet: key.wallet, address, _signerd: signerd }
    }

    /// `personal_sign`.
    fn sign(&self, text: Vec<u8>) -> String {
        let request = Request::Sign {
            wallet: self.wallet,
            payload: Payload::Text(text),
            warrant: Warrant::None,
        };
        let signature = hostile_gateway(&self.place).signature(request).unwrap();
        format!("0x{}", encode_hex(&signature))
    }
}

/// Somebody at a terminal, in a directory of their own.
struct Operator<'a> {
    place: &'a Place,
    directory: &'a Path,
    owner: &'a Owner,
}

/// Whether the operator knows the passphrase of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knows {
    Passphrase,
    Nothing,
}

impl Operator<'_> {
    /// Types a block of commands; each has to succeed. What they print.
    #[track_caller]
    fn types(&self, block: &str, knows: Knows) -> String {
        let programs = program("waiaasctl", Build::Debug);
        let programs = programs.parent().unwrap().display();
        let passphrase = match knows {
            Knows::Passphrase => {
                format!("--passphrase-file {}", self.place.path("passphrase").display())
            }
            Knows::Nothing => String::new(),
        };
        let run = self.place.path("run");
        let script = format!(
            "set -euo pipefail\nOWNER={}\nPATH={programs}:$PATH\n\
             waiaasctl() {{ command waiaasctl --runtime-dir {} {passphrase} \"$@\"; }}\n{block}\n",
            self.owner.address,
            run.display(),
        );
        let mut command = process::command(Path::new("bash"), User::Current);
        command.args(["-c", &script]).current_dir(self.directory);
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}\n{printed}{errors}");
        printed
    }
}

/// Every template that is listed, printed.
fn templates(operator: &Operator<'_>) -> String {
    let list = operator.types("waiaasctl guard template --list --json", Knows::Nothing);
    let list: Value = serde_json::from_str(&list).unwrap();
    let name = |template: &Value| template["name"].as_str().unwrap().to_owned();
    let names: Vec<String> = list["templates"].as_array().unwrap().iter().map(name).collect();
    let print = |name: &String| {
        let line = format!("waiaasctl guard template {name} --chain ethereum");
        operator.types(&line, Knows::Nothing)
    };
    names.iter().map(print).collect()
}

#[test]
fn every_command_of_the_walk_through_does_what_it_says() {
    let place = Place::new();
    fs::write(place.path("passphrase"), PASSPHRASE).unwrap();
    let _signerd = Signerd::start(&place, "");
    init_vault(&place);
    let _gatewayd = Gatewayd::start(&place, "");
    let owner = Owner::new();
    let directory = tempfile::tempdir().unwrap();
    let operator = Operator { place: &place, directory: directory.path(), owner: &owner };

    let document = fs::read_to_string(tests::repository().join("docs/guard.md")).unwrap();
    let blocks = blocks(&document, "Walk through");
    assert!(blocks.len() > 8, "{blocks:?}");
    let mut printed = templates(&operator);
    for block in blocks {
        let is_tightening = block.contains("guard set shop tighter.toml");
        let knows = if is_tightening { Knows::Nothing } else { Knows::Passphrase };
        printed += &operator.types(&block, knows);
        // What the prose between two blocks says of the owner.
        if let Ok(question) = fs::read(directory.path().join("question.txt")) {
            fs::write(directory.path().join("signature.txt"), owner.sign(question)).unwrap();
        }
    }
    for part in [
        "verdict: signed at once",
        "verdict: signed 600 seconds after it was announced",
        "looser, it lets something more pass",
        "tighter, it lets nothing more pass",
        "no passphrase was needed",
        "New guard (SHA-256)",
        "signing suspended: a payment that nobody knows",
        "the journal is whole",
        "journal.export is whole",
        "the signer with this key has this record in its journal",
    ] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
}
