//! Secrets, searched for on every byte of the disks that a thief would have, the swap space's too.

use tests::secrets::{self, Pattern};

use crate::machine::Machine;
use crate::wallet::{Installation, SERVICES};

/// Presses processes out of memory, as far as their control groups let the kernel: into the swap space.
const PRESS: &str = "sync
for group in waiaas.slice system.slice; do
    echo 400M > /sys/fs/cgroup/$group/memory.reclaim 2>/dev/null || true
done";

/// A core of every process that has one, whatever its root directory.
const CORES: &str = "mkdir -p /results/cores
printf '%s' '|/usr/bin/dd status=none of=/results/cores/%e' > /proc/sys/kernel/core_pattern";

/// Searches a machine that has done all that there is to do.
pub(crate) fn finds_no_secret_on_the_disks(installation: &Installation) {
    let secrets = [installation.guarded(), installation.shown_to_gateway()].concat();
    let machine = &installation.machine;
    machine.shell(PRESS);
    for service in SERVICES {
        assert_eq!(swapped(machine, &installation.process(service)), 0, "{service}");
    }
    no_core_is_written(installation);
    let setting = Pattern::new("a setting", b"evm_ethereum_mainnet = ");
    assert!(!secrets::found(&[setting], &machine.disk("root")).is_empty(), "nothing is found");
    for disk in ["root", "swap"] {
        assert_eq!(secrets::found(&secrets, &machine.disk(disk)), [""; 0], "on the {disk} disk");
    }
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
