//! The walk through policies, tokens and endpoints of `docs/operate.md`: every command of it, in its
//! order, against the real daemons and a real chain.

use std::fs;
use std::path::Path;

use primitives::{Address, Chain, EvmAddress};
use tests::process::{self, Build, User, program};
use tests::stage::{Stage, World};
use tests::tool;

/// What the document calls the token.
const TOKEN: &str = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
/// Whom the walk pays.
const PAID: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// Where the document has a node.
const NODE: &str = "http://127.0.0.1:8545";
/// A port of this machine where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// The commands of a section, a block after another.
fn blocks(document: &str, heading: &str) -> Vec<String> {
    let section = document.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let shell = |rest: &str| Some(rest.split_once("\n```")?.0.to_owned());
    section.split("```sh\n").skip(1).map(|rest| shell(rest).unwrap()).collect()
}

/// Types a block of commands in `directory`; each has to succeed, or to fail where it says so.
#[track_caller]
fn types(stage: &Stage, directory: &Path, block: &str) -> String {
    let programs = program("waiaasctl", Build::Debug);
    let programs = programs.parent().unwrap().display();
    let run = stage.place.path("run");
    // `! command` is a test of its own: the shell does not end where it fails.
    let block = block.replace("\n! ", "\nfails ");
    let block = block.strip_prefix("! ").map_or(block.clone(), |rest| format!("fails {rest}"));
    let script = format!(
        "set -euo pipefail\nPATH={programs}:$PATH\n\
         waiaasctl() {{ command waiaasctl --runtime-dir {} \"$@\"; }}\n\
         fails() {{ if \"$@\" 2>&1; then echo \"unexpected success: $*\"; exit 1; fi; }}\n{block}\n",
        run.display(),
    );
    let mut command = process::command(Path::new("bash"), User::Current);
    command.args(["-c", &script]).current_dir(directory);
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{block}\n{printed}{errors}");
    printed
}

#[test]
fn every_command_of_the_walk_through_policies_does_what_it_says() {
    let world = World::start();
    let solana = world.solana.node.url();
    let node = world.evm.node.url();
    let endpoints = [NOBODY, node.as_str()];
    let settings =
        format!("[rpc]\nevm_ethereum_mainnet = {endpoints:?}\nsolana_mainnet = \"{solana}\"\n");
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    tool::done(&stage.place, &["wallet", "rename", &wallet.id, "shop"]);
    let Address::Evm(token) = stage.give_token(&wallet) else { panic!("a token of the EVM") };
    let token = token.to_string();

    let document = fs::read_to_string(tests::repository().join("docs/operate.md")).unwrap();
    let blocks = blocks(&document, "Policies, tokens and endpoints");
    assert!(blocks.len() > 8, "{blocks:?}");
    let directory = tempfile::tempdir().unwrap();
    let mut printed = String::new();
    for block in blocks {
        let block = block.replace(TOKEN, &token).replace(NODE, &node);
        printed += &types(&stage, directory.path(), &block);
    }
    for part in [
        "hard: the signer's guard can enforce it too",
        "allowed with the tier INSTANT",
        "denied by WHITELIST",
        "counts from now on",
        "does not count any more",
        "WHITELIST_DENIED",
        "QUEUED",
        "COIN",
        "eip155:1",
        "rests ",
        "the connection failed",
        "a private network",
    ] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
    let paid: EvmAddress = PAID.parse().unwrap();
    assert_eq!(stage.evm.balance(paid).to_units(18), "0.001");
}

#[test]
fn every_ready_set_of_policies_is_one_that_the_gateway_takes() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let list = tool::done(&stage.place, &["policy", "template"]);
    let templates = list["templates"].as_array().unwrap();
    assert!(templates.len() >= 3, "{list}");
    for template in templates {
        let name = template["name"].as_str().unwrap();
        let apply = ["policy", "template", name, "--apply", "--wallet", &wallet.id];
        let written = tool::done(&stage.place, &apply);
        let policies = written["policies"].as_array().unwrap();
        assert_eq!(policies.len(), template["policies"], "{name}");
        for policy in policies {
            tool::done(&stage.place, &["policy", "remove", policy["id"].as_str().unwrap()]);
        }
    }
}
