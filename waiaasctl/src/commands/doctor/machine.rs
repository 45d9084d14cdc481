//! Checks of the machine: files, kernel, memory, clock, disk.

use protocol::SecretMemory;

use super::facts::{Facts, FileFact, Space};
use super::{Finding, Grade, seen};
use crate::commands::status::BEHIND;
use crate::time::span;

/// Below this nothing more should be trusted to fit, and below that it is time to make room, in MiB.
const FULL_MIB: u64 = 64;
const SCARCE_MIB: u64 = 512;
/// The same in files.
const FULL_INODES: u64 = 100;
const SCARCE_INODES: u64 = 2_000;

pub(super) fn files(facts: &Facts) -> Vec<Finding> {
    let findings: Vec<Finding> = facts.files.iter().filter_map(file).collect();
    if findings.is_empty() {
        Finding::ok(format!("modes and owners of {} are right", facts.files.len()))
    } else {
        findings
    }
}

fn file(file: &FileFact) -> Option<Finding> {
    let FileFact { path, expected, found } = file;
    match found {
        Err(why) => {
            let found = format!("{path} was not seen: {why}");
            Some(Finding { grade: Grade::Unseen, found, advice: None })
        }
        Ok(None) if expected.must_exist => {
            let advice = "start the daemons; if that does not make it, install the package again";
            Some(Finding::one(Grade::Problem, format!("{path} is not there"), advice))
        }
        Ok(None) => None,
        Ok(Some((mode, _))) if mode & !expected.mode != 0 => {
            let found = format!("{path} is of mode {mode:o}: others can use it");
            let advice = format!("chmod {:o} {path}, and find out who changed it", expected.mode);
            Some(Finding::one(Grade::Problem, found, advice))
        }
        Ok(Some((_, owner))) => match expected.owner {
            Some(right) if right != owner => {
                let found = format!("{path} is {owner}'s, and should be {right}'s");
                let advice = format!("chown {right} {path}, and find out who changed it");
                Some(Finding::one(Grade::Problem, found, advice))
            }
            Some(_) | None => None,
        },
    }
}

pub(super) fn kernel(facts: &Facts) -> Vec<Finding> {
    let kernel = &facts.kernel;
    seen(&kernel.modules, |modules| {
        let has = |name: &str| modules.split(',').any(|module| module == name);
        if !has("landlock") {
            return Finding::warning(
                format!("Linux {} has no Landlock in force", kernel.release),
                "boot with lsm=landlock,... so that signerd gives up the file system",
            );
        }
        if kernel.seccomp.is_err() {
            return Finding::problem(
                format!("Linux {} has no seccomp", kernel.release),
                "use a kernel of a distribution",
            );
        }
        Finding::ok(format!("Linux {}: Landlock, seccomp, modules {modules}", kernel.release))
    })
}

pub(super) fn secret_memory(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| {
        let swap = matches!(facts.kernel.has_swap, Ok(true));
        let hibernation = matches!(facts.kernel.can_hibernate, Ok(true));
        match status.secret_memory {
            SecretMemory::MemfdSecret => Finding::ok("memfd_secret: not even root reads the keys"),
            SecretMemory::Locked if swap && hibernation => Finding::warning(
                "mlock: root reads the keys, and hibernation would write them to the swap space",
                "boot with secretmem.enable=1, or systemctl mask hibernate.target",
            ),
            SecretMemory::Locked => Finding::warning(
                "mlock: never swapped, and root reads the keys",
                "boot with secretmem.enable=1 where the kernel has memfd_secret",
            ),
        }
    })
}

pub(super) fn core_dumps(facts: &Facts) -> Vec<Finding> {
    seen(&facts.signer, |status| {
        let has = |word: &str| status.sandbox.iter().any(|found| found == word);
        let pattern = facts.kernel.core_pattern.as_deref().unwrap_or("unknown");
        if has("not_dumpable") && has("no_core") {
            return Finding::ok(format!(
                "signerd writes none, whatever core_pattern says ({pattern})"
            ));
        }
        Finding::problem(
            format!("signerd could be dumped, and core_pattern is {pattern}"),
            "keep the vault locked, and see signerd's log",
        )
    })
}

pub(super) fn clock(facts: &Facts) -> Vec<Finding> {
    let mut findings = match &facts.signer {
        Ok(status) if status.behind_seconds > BEHIND => {
            let behind = span(status.behind_seconds);
            let advice = facts.place.command("time accept");
            Finding::warning(
                format!("the signer's clock is {behind} behind: budget comes back that much later"),
                format!("if the system's clock is right: {advice}"),
            )
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    match &facts.synchronised {
        Ok(true) if findings.is_empty() => return Finding::ok("kept by a time server"),
        Ok(true) => {}
        Ok(false) => findings.extend(Finding::warning(
            "the system's clock is not kept by a time server",
            "timedatectl set-ntp true",
        )),
        Err(_) => findings.extend(seen(&facts.synchronised, |_| Vec::new())),
    }
    findings
}

pub(super) fn disk(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for disk in &facts.disks {
        findings.extend(seen(&disk.space, |space| room(&disk.path, *space)));
    }
    let worst = findings.iter().map(|finding| finding.grade).max();
    match worst {
        None => Finding::ok("no state of these daemons is known"),
        Some(Grade::Ok) => findings,
        Some(Grade::Unseen | Grade::Warning | Grade::Problem) => {
            findings.retain(|finding| finding.grade != Grade::Ok);
            findings
        }
    }
}

fn room(path: &str, space: Space) -> Vec<Finding> {
    let Space { free_mib, free_inodes, has_inodes } = space;
    let below = |mib, inodes| free_mib < mib || (has_inodes && free_inodes < inodes);
    let found = format!("{path}: {free_mib} MiB and {free_inodes} files are free");
    let advice = "make room: on a full disk nothing is signed";
    if below(FULL_MIB, FULL_INODES) {
        Finding::problem(found, advice)
    } else if below(SCARCE_MIB, SCARCE_INODES) {
        Finding::warning(found, advice)
    } else {
        Finding::ok(format!("{path}: {free_mib} MiB are free"))
    }
}
