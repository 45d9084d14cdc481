//! The kernel's own confinement and limits, through the life of a wallet.

use std::time::Instant;

use crate::search;
use crate::wallet::{Installation, SERVICES};

/// Profiles of the package.
const PROFILES: [&str; 3] = ["waiaas-gatewayd", "waiaas-signerd", "waiaasctl"];

/// What the kernel must say of each daemon's control group (`systemd/`). `MemoryMax=` is rounded to
/// pages, of which these are.
const CGROUPS: [(&str, &str, &str); 8] = [
    ("waiaas-signerd.service", "memory.max", "536870912"),
    ("waiaas-signerd.service", "memory.swap.max", "0"),
    ("waiaas-signerd.service", "pids.max", "4"),
    ("waiaas-gatewayd.service", "memory.max", "1073741824"),
    ("waiaas-gatewayd.service", "memory.swap.max", "0"),
    ("waiaas-gatewayd.service", "pids.max", "128"),
    ("", "memory.max", "1610612736"),
    ("", "memory.swap.max", "0"),
];

/// What the kernel must say of each daemon's limits: `/proc/PID/limits`, soft and hard.
const LIMITS: [(&str, &str, &str); 5] = [
    ("waiaas-signerd.service", "Max locked memory", "201326592"),
    ("waiaas-signerd.service", "Max core file size", "0"),
    ("waiaas-signerd.service", "Max processes", "4"),
    ("waiaas-gatewayd.service", "Max core file size", "0"),
    ("waiaas-gatewayd.service", "Max open files", "4096"),
];

/// Each refusal of AppArmor since the boot. The kernel rations lines in its own log, not in the audit
/// log that the journal reads.
const DENIALS: &str = "{ journalctl --boot --no-pager --output=cat; dmesg; } | grep 'apparmor=\"DENIED\"' | grep waiaas || true";

/// The profile of the tool while it waits for a key.
const TOOL: &str = "mkfifo /run/key
waiaasctl wallet import none --chain solana --key-file /run/key > /dev/null 2>&1 & tool=$!
until grep --quiet waiaasctl /proc/$tool/comm; do sleep 0.1; done
tr -d '\\0' < /proc/$tool/attr/current
kill $tool
rm /run/key";

#[test]
#[ignore = "boots a virtual machine: cargo xtask test vm"]
fn a_wallet_lives_on_a_stock_kernel_without_one_denial_and_leaves_no_secret_anywhere() {
    let started = Instant::now();
    let mut installation = Installation::new("bookworm", "secretmem.enable=1");
    installation.pay();
    each_profile_is_enforced(&installation);
    each_limit_is_in_force(&installation);

    it_survives_restarts(&mut installation);
    a_backup_is_made(&installation);
    each_profile_is_enforced(&installation);
    nothing_was_denied(&installation);
    what_is_forbidden_is_denied_and_logged(&installation);
    search::finds_no_secret_anywhere(installation);
    report(started);
}

#[expect(clippy::print_stderr, reason = "how long it takes decides where it is run")]
fn report(started: Instant) {
    eprintln!("the machine's life took {} s", started.elapsed().as_secs());
}

/// Of the daemons that run, and of the tool, by its name.
fn each_profile_is_enforced(installation: &Installation) {
    let machine = &installation.machine;
    let loaded = machine
        .shell("grep --extended-regexp '^waiaas' /sys/kernel/security/apparmor/profiles | sort");
    let expected = PROFILES.map(|name| format!("{name} (enforce)")).join("\n");
    assert_eq!(loaded, expected);
    for service in SERVICES {
        let process = installation.process(service);
        let profile = machine.shell(&format!("tr -d '\\0' < /proc/{process}/attr/current"));
        let name = service.trim_end_matches(".service");
        assert_eq!(profile, format!("{name} (enforce)"), "{service}");
    }
    assert_eq!(machine.shell(TOOL), "waiaasctl (enforce)");
}

fn each_limit_is_in_force(installation: &Installation) {
    let machine = &installation.machine;
    for (service, file, expected) in CGROUPS {
        let path = format!("/sys/fs/cgroup/waiaas.slice/{service}/{file}");
        assert_eq!(machine.shell(&format!("cat {path}")), expected, "{path}");
    }
    for (service, limit, expected) in LIMITS {
        let process = installation.process(service);
        let line = machine.shell(&format!("grep '^{limit}' /proc/{process}/limits"));
        let values: Vec<_> = line[limit.len()..].split_whitespace().take(2).collect();
        assert_eq!(values, [expected; 2], "{service}: {limit}");
    }
    let status = machine.shell("waiaasctl status --json");
    assert!(status.contains("memfd_secret"), "{status}");
    for layer in ["landlock_partial", "seccomp", "no_capabilities"] {
        assert!(status.contains(layer), "no {layer} in {status}");
    }
    yama_and_the_address_filter_are_the_kernels(installation);
}

/// Yama keeps processes of one user apart, and is not asked for by the package; the address filter is.
fn yama_and_the_address_filter_are_the_kernels(installation: &Installation) {
    let machine = &installation.machine;
    let modules = machine.shell("cat /sys/kernel/security/lsm");
    for module in ["landlock", "yama", "apparmor"] {
        assert!(modules.split(',').any(|found| found == module), "no {module} in {modules}");
    }
    let signer = installation.process(SERVICES[0]);
    for user in ["waiaas-signer", "waiaas-gateway", "nobody"] {
        for file in ["mem", "environ", "maps", "fd/"] {
            let look =
                format!("setpriv --reuid={user} --clear-groups head -c 1 /proc/{signer}/{file}");
            assert!(!machine.holds(&look), "{user} reads {file} of the signer");
        }
    }
    let egress = |service: &str| {
        machine.property(service, "IPEgressFilterPath")
            + &machine.property(service, "IPAddressDeny")
    };
    assert!(egress(SERVICES[0]).contains("0.0.0.0/0"), "{}", egress(SERVICES[0]));
    // The same property, where there is something to be refused.
    let call =
        "systemd-run --quiet --wait --pipe curl --silent --max-time 5 http://127.0.0.1:3100/health";
    assert!(machine.holds(call));
    let denied = call.replace("--pipe", "--pipe --property=IPAddressDeny=any");
    assert!(!machine.holds(&denied), "the kernel filters no addresses");
}

fn it_survives_restarts(installation: &mut Installation) {
    for service in SERVICES {
        installation.machine.shell(&format!("systemctl restart {service}"));
    }
    installation.wait_until_up();
    installation.pay();
    for service in SERVICES {
        installation.machine.shell(&format!("systemctl kill --signal=KILL {service}"));
        installation.machine.wait_until(&format!(
            "[ $(systemctl show --property NRestarts --value {service}) = 1 ]
             [ $(systemctl show --property ActiveState --value {service}) = active ]"
        ));
    }
    installation.wait_until_up();
    installation.pay();
    installation
        .machine
        .shell("systemctl reload waiaas-gatewayd.service; systemctl reload apparmor");
    installation.lock_and_unlock();
    installation.ask_as_master();
    installation.pay();
}

fn a_backup_is_made(installation: &Installation) {
    installation.machine.shell(
        "systemctl start waiaas-backup.service
         waiaasctl backup list",
    );
    assert!(installation.machine.holds("[ $(ls /var/backups/waiaas | wc -l) = 1 ]"));
}

fn nothing_was_denied(installation: &Installation) {
    assert_eq!(installation.machine.shell(DENIALS), "", "AppArmor refused what a wallet does");
}

/// The control: a refusal is where it was looked for. The profile alone refuses root's own program.
fn what_is_forbidden_is_denied_and_logged(installation: &Installation) {
    let machine = &installation.machine;
    let reads = "cat /var/lib/waiaas-signer/vault/vault.json";
    machine.shell(reads);
    assert!(!machine.holds(&format!("aa-exec --profile=waiaas-gatewayd -- {reads}")));
    machine.wait_until(&format!("[ -n \"$({DENIALS})\" ]"));
    let said = machine.shell(DENIALS);
    assert!(said.contains("profile=\"waiaas-gatewayd\""), "{said}");
}
