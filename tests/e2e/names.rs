//! Names of nodes in the gateway's confinement, however this machine looks names up.

use std::fs;

use tests::daemons::free_port;
use tests::http::Http;
use tests::process::{Process, has_root_for};
use tests::wait;

use crate::first_start::{run, waiaas};
use crate::machine::{FILES_AND_DNS, LINE, Machine, NOBODY_TO_ASK, Node, start_name_server};

/// With which gatewayd asks to be started again.
const START_AGAIN: i32 = 75;

#[test]
fn a_name_is_found_on_machines_of_many_kinds() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let of_an_interface = "nameserver fe80::1%lo\noptions timeout:1 attempts:1\n";
    let server = start_name_server(1);
    let unknown = "127.0.0.1 localhost\n";
    let modules = "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n";
    for (hosts, nsswitch, resolv, nscd) in [
        (LINE, FILES_AND_DNS, NOBODY_TO_ASK, false),
        (LINE, FILES_AND_DNS, of_an_interface, false),
        (LINE, "hosts: dns files\n", of_an_interface, false),
        (LINE, modules, NOBODY_TO_ASK, false),
        (unknown, FILES_AND_DNS, server.as_str(), false),
        (unknown, FILES_AND_DNS, NOBODY_TO_ASK, true),
    ] {
        let machine =
            Machine::new(&[("hosts", hosts), ("nsswitch.conf", nsswitch), ("resolv.conf", resolv)]);
        if nscd {
            machine.start_nscd(true);
        }
        let node = Node::new();
        let (mut gatewayd, operator) = machine.start(&node);
        let found = node.is_asked_by(&operator);
        assert!(found, "{nsswitch}{resolv}nscd: {nscd}\n{}", gatewayd.output());
        assert!(gatewayd.stop().success());
    }
}

#[test]
fn a_file_of_names_that_is_changed_in_place_counts_at_once() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let files = [("hosts", "127.0.0.1 localhost\n"), ("nsswitch.conf", FILES_AND_DNS)];
    let machine = Machine::new(&[files[0], files[1], ("resolv.conf", NOBODY_TO_ASK)]);
    let node = Node::new();
    let (mut gatewayd, operator) = machine.start(&node);
    assert!(!node.is_asked_by(&operator));
    fs::write(machine.file("hosts"), LINE).unwrap();
    wait::until("the name", || node.is_asked_by(&operator).then_some(()));
    assert!(gatewayd.stop().success());
}

#[test]
fn after_a_file_of_names_was_replaced_the_gateway_asks_to_be_started_again() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    for before in [Some("nameserver 127.0.0.2\n"), None] {
        let machine = Machine::new(&[("hosts", LINE), ("nsswitch.conf", FILES_AND_DNS)]);
        if let Some(content) = before {
            machine.replace("resolv.conf", content);
        }
        let node = Node::new();
        let (mut gatewayd, _operator) = machine.start(&node);
        machine.replace("resolv.conf", NOBODY_TO_ASK);
        let status = wait::until("its end", || gatewayd.status());
        let said = gatewayd.output();
        assert_eq!(status.code(), Some(START_AGAIN), "{said}");
        assert!(said.contains("gatewayd: /etc/resolv.conf was replaced"), "{said}");
        let (mut again, operator) = machine.start(&node);
        assert!(node.is_asked_by(&operator), "{}", again.output());
        assert!(again.stop().success());
    }
}

#[test]
fn waiaas_starts_a_gateway_again_that_asks_for_it() {
    if !has_root_for("an /etc of its own") {
        return;
    }
    let machine = Machine::new(&[("hosts", LINE), ("resolv.conf", NOBODY_TO_ASK)]);
    let (place, port) = (&machine.place, free_port());
    run(place, port, &["init", "--auto-provision"]);
    let mut command = machine.runs(&waiaas(place, port, &["start"]));
    command.env("WAIAAS_DAEMON_PORT", port.to_string());
    let mut started = Process::start(&mut command, &place.path("start.log"));
    let ready = |started: &mut Process, times: usize| {
        wait::until("a gateway that is ready", || {
            assert!(started.status().is_none(), "{}", started.output());
            let output = started.output();
            (output.matches("the gateway is ready").count() == times).then_some(())
        });
    };
    ready(&mut started, 1);
    machine.replace("resolv.conf", "nameserver 127.0.0.2\n");
    ready(&mut started, 2);
    assert_eq!(Http::tcp(port).get("/health").status, 200);
    assert!(started.stop().success(), "{}", started.output());
}
