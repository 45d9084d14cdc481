//! Secrets, searched for in every place that root, a thief of the disk or a crash could find them in;
//! and the same search where a careless program has left them, so that it is known to find.

use std::fs;
use std::path::Path;

use tests::secrets::{self, Pattern};

use crate::machine::{Machine, Results};
use crate::wallet::{Installation, SERVICES};

/// Presses processes out of memory, as far as their control groups let the kernel: into the swap space.
const PRESS: &str = "sync
for group in waiaas.slice system.slice; do
    echo 400M > /sys/fs/cgroup/$group/memory.reclaim 2>/dev/null || true
done";

/// A core of every process that has one, whatever its root directory.
const CORES: &str = "mkdir -p /results/cores
printf '%s' '|/usr/bin/dd status=none of=/results/cores/%e' > /proc/sys/kernel/core_pattern";

/// Searches a machine that has done all that there is to do, and turns it off.
pub(crate) fn finds_no_secret_anywhere(installation: Installation) {
    let (guarded, shown) = (installation.guarded(), installation.shown_to_gateway());
    let secrets = [guarded.clone(), shown.clone()].concat();
    let machine = &installation.machine;

    machine.shell(PRESS);
    for service in SERVICES {
        assert_eq!(swapped(machine, &installation.process(service)), 0, "{service}");
    }
    let [signer, gateway] = SERVICES.map(|service| installation.process(service));
    collect(machine, "clean", &format!("signerd={signer} gatewayd={gateway}"));
    no_core_is_written(&installation);
    let mut searched = vec![];
    for disk in ["root", "swap"] {
        assert_eq!(secrets::found(&secrets, &machine.disk(disk)), [""; 0], "on the {disk} disk");
        searched.push(disk.to_owned());
    }

    careless(machine, &secrets);
    let texts = texts(&secrets);
    assert_eq!(missed(&texts, &machine.disk("root")), [""; 0], "the root disk is overlooked");
    // Which pages go there is the kernel's choice.
    assert_ne!(
        missed(&texts, &machine.disk("swap")).len(),
        texts.len(),
        "the swap disk is overlooked"
    );
    let Installation { machine, .. } = installation;
    let results = machine.off();
    searched.extend(every_place_is_clean(&results, &guarded, &shown));
    every_place_was_searched(&results, &texts, &searched);
    report(&searched, secrets.len());
}

#[expect(clippy::print_stderr, reason = "what was searched is the finding")]
fn report(searched: &[String], patterns: usize) {
    eprintln!("{patterns} patterns in none of {} places: {}", searched.len(), searched.join(", "));
}

fn collect(machine: &Machine, name: &str, processes: &str) {
    machine.shell(&format!("sh /payload/collect /results/{name} {processes}; sync"));
}

/// KiB of a process that are in the swap space.
fn swapped(machine: &Machine, process: &str) -> u64 {
    let line = machine.shell(&format!("grep VmSwap /proc/{process}/status"));
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Not even where root lifts the limit: the process is not dumpable.
fn no_core_is_written(installation: &Installation) {
    let machine = &installation.machine;
    machine.shell(CORES);
    for service in SERVICES {
        let process = installation.process(service);
        machine.shell(&format!("prlimit --pid {process} --core=unlimited; kill -ABRT {process}"));
        machine.wait_until(&format!("[ ! -e /proc/{process} ]"));
    }
    machine.shell("sleep 1; [ -z \"$(ls /results/cores)\" ]");
    installation.wait_until_up();
}

/// A program that holds the secrets as none should, pressed out of memory and dumped.
fn careless(machine: &Machine, secrets: &[Pattern]) {
    let texts = texts(secrets);
    let lines: Vec<_> =
        texts.iter().map(|it| String::from_utf8(it.bytes.clone()).unwrap()).collect();
    machine.shell(&format!(
        "cat > /run/secrets <<'END'\n{}\nEND\n\
         systemd-run --quiet --unit=careless --property=StandardInput=file:/run/secrets \
             --property=LimitCORE=infinity sh /payload/careless",
        lines.join("\n")
    ));
    machine.wait_until("[ -e /dev/shm/careless ]");
    let process = machine.property("careless.service", "MainPID");
    machine.wait_until(&format!("grep --quiet CARELESS= /proc/{process}/environ"));
    collect(machine, "careless", &format!("careless={process}"));
    machine.shell(PRESS);
    assert_ne!(swapped(machine, &process), 0, "nothing is pressed out of memory");
    machine.shell(&format!("kill -ABRT {process}"));
    machine.wait_until("[ -s /results/cores/sh ]; sync");
}

/// Nothing guarded anywhere; what the gateway is shown in its own memory alone.
fn every_place_is_clean(results: &Results, guarded: &[Pattern], shown: &[Pattern]) -> Vec<String> {
    let places = places(&results.path("clean"));
    for (place, content) in &places {
        assert_eq!(secrets::found(guarded, content), [""; 0], "in {place}");
        if place != "memory-gatewayd" {
            assert_eq!(secrets::found(shown, content), [""; 0], "in {place}");
        }
        assert!(!content.is_empty(), "nothing was collected of {place}");
    }
    places.into_iter().map(|(place, _content)| place).collect()
}

/// In each of the places the careless program's secrets are found.
fn every_place_was_searched(results: &Results, secrets: &[Pattern], searched: &[String]) {
    let mut places = places(&results.path("careless"));
    places.push(("cores".to_owned(), content(&results.path("cores"))));
    for (place, content) in &places {
        assert_eq!(missed(secrets, content), [""; 0], "the search overlooks {place}");
    }
    for place in searched.iter().filter(|place| !["root", "swap"].contains(&place.as_str())) {
        let kind = if place.starts_with("memory-") { "memory-careless" } else { place };
        assert!(places.iter().any(|(controlled, _)| controlled == kind), "{place} has no control");
    }
}

/// The patterns that a shell can hold.
fn texts(secrets: &[Pattern]) -> Vec<Pattern> {
    let is_text =
        |pattern: &&Pattern| pattern.bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    secrets.iter().filter(is_text).cloned().collect()
}

fn missed<'a>(secrets: &'a [Pattern], content: &[u8]) -> Vec<&'a str> {
    let found = secrets::found(secrets, content);
    let all = secrets.iter().map(|pattern| pattern.what.as_str());
    all.filter(|what| !found.contains(what)).collect()
}

/// Each place, and all that was collected of it.
fn places(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), content(&entry.path())))
        .collect()
}

/// The files of a directory, one after the other.
fn content(directory: &Path) -> Vec<u8> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|path| fs::read(path).unwrap()).collect()
}
