//! The gateway works in its confinement, and says how it is confined.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use primitives::{Amount, Chain};
use serde_json::json;
use tests::daemons::{Gatewayd, Place};
use tests::http::Http;
use tests::stage::{Stage, World};
use tests::wait;

use crate::payments::{BOB, transfer};

/// Waits for a line of its log.
#[track_caller]
fn wait_for_line(gatewayd: &mut Gatewayd, words: &str) {
    gatewayd.process().wait_for(words, |line| line.contains(words).then_some(()));
}

#[test]
fn the_status_names_each_layer_and_the_kernel_agrees() {
    let place = Place::new();
    let mut gatewayd = Gatewayd::start(&place, "");
    let operator = Http::unix(&place.socket("gateway.sock"));
    let status = operator.get("/v1/admin/status").expect(200);
    let layers =
        ["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities", "landlock"];
    for layer in layers.into_iter().chain(["seccomp"]) {
        assert!(status["sandbox"].as_array().unwrap().contains(&json!(layer)), "{layer}: {status}");
    }
    let process = Path::new("/proc").join(gatewayd.process().id().to_string());
    for thread in fs::read_dir(process.join("task")).unwrap() {
        let found = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000"] {
            assert!(found.lines().any(|found| found == line), "no {line} in\n{found}");
        }
    }
}

#[test]
fn settings_are_read_again_and_a_file_that_was_replaced_is_named() {
    let place = Place::new();
    let mut gatewayd = Gatewayd::start(&place, "");
    let file = place.path("gatewayd.toml");
    let settings = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{settings}log_level = 'debug'\n")).unwrap();
    gatewayd.process().signal(Signal::SIGHUP);
    wait_for_line(&mut gatewayd, "the settings were read again");

    let other = place.path("other.toml");
    fs::write(&other, settings).unwrap();
    fs::rename(&other, &file).unwrap();
    gatewayd.process().signal(Signal::SIGHUP);
    wait_for_line(&mut gatewayd, "replaced since the start is read after a restart");
    let health = || Http::tcp(gatewayd.port).try_send("GET", "/health", &[], Vec::new()).ok();
    wait::until("a gateway that goes on", health);
}

#[test]
fn a_node_is_found_by_its_name() {
    let world = World::start();
    let settings = world.settings().replace("//127.0.0.1:", "//localhost:");
    assert!(settings.contains("localhost"), "{settings}");
    let stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.agent(&[&wallet]).pay(&transfer(Chain::Evm, "5"));
    assert_eq!(stage.evm.balance(BOB), Amount::from(5_u64));
}
