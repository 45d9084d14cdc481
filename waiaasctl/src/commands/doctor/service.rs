//! Checks of the daemons: whether they run, as what, and how they are confined.

use super::facts::{Facts, Process, Unit};
use super::{Finding, Grade, seen};
use crate::systemd::TARGET;

/// Words of either daemon's sandbox that stand on every kernel.
const SANDBOX: &[&str] =
    &["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities"];

const GATEWAYD: &str = "waiaas-gatewayd.service";
/// systemd counts them with the others, and keeps the status of none but a daemon that is down.
const RESTARTS_THAT_ARE_MEANT: &str = "after \"was replaced\" and status 75 nothing is to be done: \
    gatewayd starts again to read a file of names that a DHCP client or an operator wrote anew";

pub(super) fn units(facts: &Facts) -> Vec<Finding> {
    if !facts.place.is_installed() {
        return Finding::ok("systemd does not run these daemons");
    }
    seen(&facts.units, |units| {
        let findings: Vec<Finding> = units.iter().filter_map(unit).collect();
        if findings.is_empty() {
            Finding::ok(format!("{} are installed, and {TARGET} is enabled", units.len()))
        } else {
            findings
        }
    })
}

/// What is wrong with a unit.
fn unit(unit: &Unit) -> Option<Finding> {
    let Unit { name, load, enabled, active, result, restarts, pid: _ } = unit;
    let log = format!("journalctl -u {name} -n 50");
    if load == "not-found" {
        let found = format!("{name} is not installed");
        return Some(Finding::one(Grade::Problem, found, "install the package again"));
    }
    if active == "failed" {
        let advice =
            format!("{log}; once it is mended: systemctl reset-failed, systemctl start {TARGET}");
        return Some(Finding::one(Grade::Problem, format!("{name} failed ({result})"), advice));
    }
    if name == TARGET && active != "active" {
        let advice = format!("systemctl enable --now {TARGET}");
        return Some(Finding::one(Grade::Problem, format!("{name} is {active}"), advice));
    }
    if name == TARGET && enabled != "enabled" {
        let advice = format!("systemctl enable {TARGET}");
        let found = format!("{name} does not start with the machine");
        return Some(Finding::one(Grade::Warning, found, advice));
    }
    if *restarts > 0 {
        let found = format!("{name} was restarted {restarts} times since it was started");
        let advice =
            if name == GATEWAYD { format!("{log}; {RESTARTS_THAT_ARE_MEANT}") } else { log };
        return Some(Finding::one(Grade::Warning, found, advice));
    }
    None
}

pub(super) fn signer_answers(facts: &Facts) -> Vec<Finding> {
    match &facts.signer {
        Ok(status) => Finding::ok(format!("version {} answers", status.version)),
        Err(why) => Finding::problem(why, start(facts)),
    }
}

pub(super) fn gateway_answers(facts: &Facts) -> Vec<Finding> {
    match &facts.gateway {
        Ok(version) => Finding::ok(format!("version {version} answers")),
        Err(why) => Finding::problem(why, start(facts)),
    }
}

fn start(facts: &Facts) -> String {
    let start = facts.place.start_command();
    format!("as root or a member of the group waiaas-admin: {start}")
}

pub(super) fn versions(facts: &Facts) -> Vec<Finding> {
    let own = facts.version;
    let daemons = [
        ("signerd", facts.signer.as_ref().ok().map(|status| &status.version)),
        ("gatewayd", facts.gateway.as_ref().ok()),
    ];
    let other = |(name, version): (&str, Option<&String>)| {
        version.filter(|version| *version != own).map(|version| {
            let found = format!("{name} is of version {version}, and this program of {own}");
            let advice = "restart it after an upgrade: systemctl restart waiaas.target, or waiaas stop and start";
            Finding::one(Grade::Problem, found, advice)
        })
    };
    let findings: Vec<Finding> = daemons.into_iter().filter_map(other).collect();
    if findings.is_empty() {
        Finding::ok(format!("all that answers is of {own}"))
    } else {
        findings
    }
}

pub(super) fn sandbox(facts: &Facts) -> Vec<Finding> {
    let signerd = seen(&facts.signer, |status| layers("signerd", &status.sandbox, facts));
    let gatewayd = seen(&facts.gateway_sandbox, |words| layers("gatewayd", words, facts));
    signerd.into_iter().chain(gatewayd).collect()
}

/// Whether all is in force that confines a daemon on this kernel.
fn layers(daemon: &str, in_force: &[String], facts: &Facts) -> Vec<Finding> {
    let has = |word: &str| in_force.iter().any(|found| found == word);
    let mut missing: Vec<&str> = SANDBOX.iter().copied().filter(|word| !has(word)).collect();
    let modules = facts.kernel.modules.as_deref().unwrap_or_default();
    let offers_landlock = modules.split(',').any(|module| module == "landlock");
    if offers_landlock && !in_force.iter().any(|word| word.starts_with("landlock")) {
        missing.push("landlock");
    }
    if facts.kernel.seccomp.is_ok() && facts.place.is_installed() && !has("seccomp") {
        missing.push("seccomp");
    }
    if missing.is_empty() {
        return Finding::ok(format!("{daemon}: {}", in_force.join(", ")));
    }
    Finding::problem(
        format!("{daemon} is without {}", missing.join(", ")),
        "it should not have started so: keep the vault locked, and see its log",
    )
}

pub(super) fn confinement(facts: &Facts) -> Vec<Finding> {
    if !facts.place.is_installed() {
        return Finding::ok("in user mode both daemons are one user's");
    }
    let modules = facts.kernel.modules.as_deref().unwrap_or_default();
    let offers_apparmor = modules.split(',').any(|module| module == "apparmor");
    seen(&facts.processes, |processes| {
        let findings: Vec<Finding> =
            processes.iter().flat_map(|process| loose(process, offers_apparmor)).collect();
        if findings.is_empty() {
            Finding::ok(format!(
                "{} processes without privileges, each under its filter",
                processes.len()
            ))
        } else {
            findings
        }
    })
}

/// What a process is allowed that it should not be.
fn loose(process: &Process, offers_apparmor: bool) -> Vec<Finding> {
    let Process { unit, loose, apparmor } = process;
    let problem = |what: &&str| {
        let advice = format!("see what was changed: systemctl cat {unit}, systemd-delta");
        Finding::one(Grade::Problem, format!("{unit} {what}"), advice)
    };
    let mut findings: Vec<Finding> = loose.iter().map(problem).collect();
    let enforced = apparmor.as_ref().is_some_and(|label| label.ends_with("(enforce)"));
    if offers_apparmor && !enforced {
        let label = apparmor.as_deref().unwrap_or("none");
        let found = format!("{unit} is under the AppArmor profile {label}");
        let advice = format!("systemctl reload apparmor, then systemctl restart {unit}");
        findings.push(Finding::one(Grade::Warning, found, advice));
    }
    findings
}

pub(super) fn networks(facts: &Facts) -> Vec<Finding> {
    seen(&facts.networks, |networks| {
        let failed = networks.iter().filter_map(|it| Some((&it.network, it.error.as_ref()?)));
        let findings: Vec<Finding> = failed
            .map(|(network, error)| {
                let advice = "see its endpoints in gatewayd's settings (docs/networks.md)";
                Finding::one(Grade::Warning, format!("{network}: {error}"), advice)
            })
            .collect();
        match (networks.as_slice(), findings.as_slice()) {
            ([], _) => Finding::ok("no wallet, so no network was asked"),
            ([_, ..], []) => Finding::ok(format!("{} answered as themselves", networks.len())),
            ([_, ..], [_, ..]) => findings,
        }
    })
}
