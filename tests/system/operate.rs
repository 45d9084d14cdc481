//! What an operator does with an installed wallet: sets it up from a file, looks after it, and takes it
//! to another machine.

use serde_json::Value;

use crate::container::{Container, Release};
use crate::installation::{Installation, PASSPHRASE_FILE, Wallet, wait_until_up};

const SIGNER: &str = "waiaas-signerd.service";
const BACKUP: &str = "waiaas-backup.service";
const CREDENTIAL: &str = "/etc/credstore.encrypted/waiaas-vault";
const ANSWERS: &str = r#"
passphrase_file = "/root/passphrase"
unattended = "host"

[[wallet]]
name = "main"
chain = "ethereum"
environment = "mainnet"
owners = ["0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"]
"#;

pub(crate) fn a_wallet_is_set_up_looked_after_and_moved(release: Release) {
    let old = Installation::new(release);
    a_file_of_answers_sets_up_everything_once(&old);
    let mut wallet = old.wallet_named("main");
    old.pay(&mut wallet);

    the_vault_opens_by_itself_or_not(&old, &mut wallet);
    let backup = a_backup_is_made_by_its_unit(&old.container);
    the_doctor_finds_nothing_that_the_container_does_not_explain(&old.container);
    the_doctor_finds_a_credential_that_others_can_use(&old.container);

    let new = old.replaced_by(release);
    a_restored_wallet_waits_and_has_spent_its_windows(&new, &mut wallet, &backup);
}

/// What a command of the tool prints as JSON.
#[track_caller]
fn tool(container: &Container, words: &[&str]) -> Value {
    let output = container.output(&[&["waiaasctl", "--json"], words].concat());
    serde_json::from_str(&output).unwrap()
}

/// The same of one that asks for the passphrase.
#[track_caller]
fn tool_with_passphrase(container: &Container, words: &[&str]) -> Value {
    tool(container, &[&["--passphrase-file", PASSPHRASE_FILE], words].concat())
}

fn write_passphrase(container: &Container) {
    let passphrase = "a passphrase for one test and no more\n";
    std::fs::write(container.path(PASSPHRASE_FILE), passphrase).unwrap();
    container.output(&["chmod", "600", PASSPHRASE_FILE]);
}

fn a_file_of_answers_sets_up_everything_once(installation: &Installation) {
    let container = &installation.container;
    installation.configure();
    write_passphrase(container);
    std::fs::write(container.path("/root/answers.toml"), ANSWERS).unwrap();
    for changed in [true, false] {
        let made = tool(container, &["init", "--answers", "/root/answers.toml"]);
        assert_eq!(made["changed"], changed, "{made}");
    }
    assert_eq!(container.output(&["systemctl", "is-enabled", "waiaas.target"]), "enabled");
    assert!(!container.path("/etc/waiaas/recovery.key").exists(), "the passphrase is written down");
}

fn the_vault_opens_by_itself_or_not(installation: &Installation, wallet: &mut Wallet) {
    let container = &installation.container;
    let vault_after_restart = || {
        container.output(&["systemctl", "restart", SIGNER]);
        tool(container, &["status"])["signer"]["vault"].clone()
    };
    assert_eq!(vault_after_restart(), "open");

    let off = tool_with_passphrase(container, &["unattended", "disable"]);
    assert_eq!((&off["enabled"], &off["changed"]), (&false.into(), &true.into()), "{off}");
    assert!(!container.path(CREDENTIAL).exists());
    assert_eq!(vault_after_restart(), "locked");
    a_locked_vault_is_not_backed_up(container);
    tool_with_passphrase(container, &["unlock"]);
    installation.pay(wallet);

    let on = tool_with_passphrase(container, &["unattended", "enable", "--with-key", "host"]);
    assert_eq!((&on["enabled"], &on["sealedBy"]), (&true.into(), &"host".into()), "{on}");
    assert_eq!(vault_after_restart(), "open");
    assert_eq!(tool(container, &["unattended", "status"])["unattended"], "opened");
    installation.pay(wallet);
}

fn a_locked_vault_is_not_backed_up(container: &Container) {
    assert!(!container.holds(&format!("systemctl start {BACKUP}")), "a locked vault is backed up");
    assert_eq!(container.property(BACKUP, "ExecMainStatus"), "4", "{}", container.journal(BACKUP));
    let listed = tool(container, &["backup", "list"]);
    assert!(listed["lastFailure"]["what"].is_string(), "{listed}");
    container.output(&["systemctl", "reset-failed", BACKUP]);
}

/// The bytes of the backup.
fn a_backup_is_made_by_its_unit(container: &Container) -> Vec<u8> {
    assert!(container.is("waiaas-backup.timer", "active"), "no backup is made by itself");
    container.output(&["systemctl", "start", BACKUP]);
    let listed = tool(container, &["backup", "list"]);
    assert!(listed["lastFailure"].is_null(), "{listed}");
    let [backup] = listed["backups"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let file = backup["file"].as_str().unwrap();
    assert_eq!(container.output(&["stat", "--format=%U:%a", file]), "root:600");
    let verified = tool_with_passphrase(container, &["backup", "verify", file]);
    assert_eq!(verified["keys"], 1, "{verified}");
    std::fs::read(container.path(file)).unwrap()
}

/// Checks that may end otherwise than well in a container, and why.
const EXPLAINED: &[(&str, &str)] = &[
    ("units", "the signer was started by hand often"),
    ("kernel", "securityfs is not there"),
    ("secret memory", "the kernel of this machine may have none"),
    ("clock", "no time server is in reach"),
    ("networks", "one network of many is there"),
    ("witness", "none is set, which is the default"),
];

fn the_doctor_finds_nothing_that_the_container_does_not_explain(container: &Container) {
    let report = tool(container, &["doctor"]);
    assert_eq!(report["problems"], 0, "{report:#}");
    let checks = report["checks"].as_array().unwrap();
    let odd = checks.iter().filter(|check| {
        let explained = EXPLAINED.iter().any(|(name, _why)| check["check"] == *name);
        check["grade"] != "ok" && !explained
    });
    assert_eq!(odd.count(), 0, "{report:#}");
    let has = |name: &str| checks.iter().any(|check| check["check"] == name);
    for name in ["files", "sandbox", "confinement", "vault", "unattended", "backups", "guards"] {
        assert!(has(name), "{name} is not looked at: {report:#}");
    }
}

/// systemd opens a credential whoever else can read it; the doctor sees that.
fn the_doctor_finds_a_credential_that_others_can_use(container: &Container) {
    container.output(&["chmod", "644", CREDENTIAL]);
    let output = container.run(&["waiaasctl", "--json", "doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == "files").unwrap();
    let advice = found["advice"].as_str().unwrap_or_default();
    assert!(advice.contains(&format!("chmod 600 {CREDENTIAL}")), "{found}");
}

fn a_restored_wallet_waits_and_has_spent_its_windows(
    new: &Installation,
    wallet: &mut Wallet,
    backup: &[u8],
) {
    let container = &new.container;
    new.configure();
    write_passphrase(container);
    std::fs::write(container.path("/root/moved.backup"), backup).unwrap();
    container.output(&["systemctl", "start", "waiaas.target"]);
    wait_until_up();
    let restored = tool_with_passphrase(container, &["restore", "/root/moved.backup"]);
    assert_eq!(restored["restored"]["database"], true, "{restored}");
    let status = tool(container, &["status"]);
    assert_eq!(status["signer"]["latch"], "SUSPENDED", "{status}");

    tool_with_passphrase(container, &["unlock"]);
    new.cannot_pay(wallet, "SUSPENDED");
    tool_with_passphrase(container, &["resume"]);
    // What was small enough to go at once is the owner's to decide: the windows count as spent.
    new.cannot_pay(wallet, "NEEDS_OWNER");
    container.output(&["systemctl", "restart", SIGNER]);
    let status = tool(container, &["status"]);
    assert_eq!(status["signer"]["vault"], "locked", "the credential stays with the old machine");
}
