//! Gathers what the machine tells: units, processes, the kernel, its clock.

use std::fs;

use super::facts::{Kernel, Process, Seen, Unit};
use crate::place::Place;
use crate::systemd::{self, TARGET};

/// The units that are looked at.
const UNITS: &[&str] = &[
    TARGET,
    "waiaas-signer.socket",
    "waiaas-control.socket",
    "waiaas-signerd.service",
    "waiaas-gatewayd.socket",
    "waiaas-gatewayd.service",
    "waiaas-backup.timer",
    "waiaas-backup.service",
];
const PROPERTIES: &str =
    "--property=Id,LoadState,UnitFileState,ActiveState,Result,NRestarts,MainPID";

/// The units as systemd has them.
pub(super) fn units(place: &Place) -> Seen<Vec<Unit>> {
    if !place.is_installed() {
        return Err("systemd does not run these daemons".to_owned());
    }
    let arguments: Vec<&str> =
        ["show", PROPERTIES, "--"].into_iter().chain(UNITS.iter().copied()).collect();
    let output = systemd::run("systemctl", &arguments).map_err(|failure| failure.to_string())?;
    if !output.status.success() {
        return Err("systemd does not answer".to_owned());
    }
    Ok(parse_units(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads what `systemctl show` prints: a block of properties a unit, with an empty line between.
pub(super) fn parse_units(text: &str) -> Vec<Unit> {
    text.split("\n\n").filter(|block| !block.trim().is_empty()).map(parse_unit).collect()
}

fn parse_unit(block: &str) -> Unit {
    let mut unit = Unit::default();
    for (name, value) in block.lines().filter_map(|line| line.split_once('=')) {
        let text = || value.to_owned();
        match name {
            "Id" => unit.name = text(),
            "LoadState" => unit.load = text(),
            "UnitFileState" => unit.enabled = text(),
            "ActiveState" => unit.active = text(),
            "Result" => unit.result = text(),
            "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
            "MainPID" => unit.pid = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
    unit
}

/// The daemons' processes.
pub(super) fn processes(units: &Seen<Vec<Unit>>) -> Seen<Vec<Process>> {
    let units = units.as_ref().map_err(Clone::clone)?;
    let running = units.iter().filter(|unit| unit.pid != 0);
    running
        .map(|unit| process(unit).ok_or_else(|| format!("{} has just ended", unit.name)))
        .collect()
}

fn process(unit: &Unit) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{}/status", unit.pid)).ok()?;
    let apparmor = fs::read_to_string(format!("/proc/{}/attr/apparmor/current", unit.pid)).ok();
    Some(parse_process(&unit.name, &status, apparmor))
}

/// Reads `/proc/PID/status`.
pub(super) fn parse_process(unit: &str, status: &str, apparmor: Option<String>) -> Process {
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default()
    };
    let no_capabilities = value("CapEff").chars().all(|digit| digit == '0');
    let loose = [
        (value("NoNewPrivs") == "1", "can get new privileges"),
        (value("Seccomp") == "2", "has no filter of system calls"),
        (no_capabilities, "has capabilities"),
    ];
    Process {
        unit: unit.to_owned(),
        loose: loose.into_iter().filter_map(|(holds, what)| (!holds).then_some(what)).collect(),
        apparmor: apparmor.map(|label| label.trim_end().to_owned()),
    }
}

/// What the kernel has.
pub(super) fn kernel() -> Kernel {
    let read = |path: &str| {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        text.map(|text| text.trim().to_owned())
    };
    Kernel {
        release: read("/proc/sys/kernel/osrelease").unwrap_or_default(),
        modules: read("/sys/kernel/security/lsm"),
        seccomp: read("/proc/sys/kernel/seccomp/actions_avail"),
        core_pattern: read("/proc/sys/kernel/core_pattern"),
        // The first line is a heading.
        has_swap: read("/proc/swaps").map(|swaps| swaps.lines().count() > 1),
        can_hibernate: read("/sys/power/state").map(|states| states.contains("disk")),
    }
}

/// Whether the system's clock is kept by a time server.
pub(super) fn synchronised() -> Seen<bool> {
    let arguments = ["show", "--property=NTPSynchronized", "--value"];
    let output = systemd::run("timedatectl", &arguments).map_err(|failure| failure.to_string())?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("timedatectl does not answer".to_owned()),
    }
}
