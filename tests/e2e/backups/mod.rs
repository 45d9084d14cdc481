//! Backups while everything runs, and what comes of them elsewhere.

mod restores;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use primitives::{Chain, Environment};
use protocol::{Reply, Request, Secret};
use serde_json::json;
use tests::daemons::{Gatewayd, Place, Signerd, operator, unlock};
use tests::process::{self, Build, Process, runnable_program};
use tests::signer::PASSPHRASE;
use tests::tool::{command, done, refused};
use tests::wait;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A directory that the tool may write to.
fn folder(place: &Place, name: &str) -> PathBuf {
    let path = place.path(name);
    fs::create_dir(&path).unwrap();
    process::give_to_ordinary_user(&path);
    path
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Daemons with a vault and a wallet, without a network.
fn alone() -> (Place, Signerd, Gatewayd) {
    let place = Place::new();
    let signerd = Signerd::start(&place, "");
    tests::daemons::init_vault(&place);
    let gatewayd = Gatewayd::start(&place, "");
    tests::daemons::create_wallet(&place, Chain::Evm, Environment::Mainnet);
    (place, signerd, gatewayd)
}

#[test]
fn automatic_backups_need_an_open_vault_and_the_newest_are_kept() {
    let (place, _signerd, _gatewayd) = alone();
    let dir = folder(&place, "backups");
    let auto = ["backup", "--auto", "--dir", text(&dir), "--keep", "3"];
    for _backup in 0..5 {
        done(&place, &auto);
    }
    let kept = names(&dir);
    assert_eq!(kept.len(), 3, "{kept:?}");
    operator(&place).ask(Request::Lock);
    let (code, said) = refused(&place, &auto);
    assert_eq!(code, Some(4), "{said}");
    assert_eq!(names(&dir).len(), 4, "three backups, and why the last one failed");
    let list = done(&place, &["backup", "list", "--dir", text(&dir)]);
    assert_eq!(list["backups"].as_array().unwrap().len(), 3, "{list}");
    assert!(list["lastFailure"]["what"].as_str().unwrap().contains("locked"), "{list}");
    unlock(&place);
    done(&place, &auto);
    let after = names(&dir);
    assert_eq!((after.len(), &after[..2]), (3, &kept[1..]));
    for name in after {
        let report = done(&place, &["backup", "verify", text(&dir.join(name))]);
        assert_eq!(report["keys"], 1);
    }
}

#[test]
fn a_crash_of_either_daemon_or_of_the_tool_leaves_whole_backups_only() {
    let (place, mut signerd, mut gatewayd) = alone();
    let dir = folder(&place, "backups");
    // More than are made: none is to be removed.
    let auto = ["backup", "--auto", "--dir", text(&dir), "--keep", "20"];
    done(&place, &auto);
    let whole = names(&dir);
    for moment_ms in [0, 5, 20, 60, 150, 400] {
        let mut tool = Process::start(&mut command(&place, &auto), &place.path("tool.log"));
        wait::within(std::time::Duration::from_millis(moment_ms), || None::<()>);
        tool.signal(Signal::SIGKILL);
        wait::until("its end", || tool.status());
    }
    for round in 0..2 {
        let mut tool = Process::start(&mut command(&place, &auto), &place.path("tool.log"));
        wait::within(std::time::Duration::from_millis(30), || None::<()>);
        if round == 0 {
            gatewayd.process().kill();
        } else {
            signerd.process().kill();
        }
        wait::until("its end", || tool.status());
        if round == 0 {
            gatewayd.start_again(&place);
        } else {
            signerd.start_again(&place);
            unlock(&place);
        }
    }
    done(&place, &auto);
    let left = names(&dir);
    assert!(left.contains(&whole[0]), "{left:?}");
    assert!(left.iter().all(|name| name.ends_with(".backup")), "{left:?}");
    for name in &left {
        done(&place, &["backup", "verify", text(&dir.join(name))]);
    }
    let state = names(&place.path("gateway"));
    assert!(!state.iter().any(|name| name.contains(".copy")), "{state:?}");
}

#[test]
fn a_backup_that_was_changed_cut_off_or_is_of_another_version_or_passphrase_is_refused() {
    let (place, _signerd, _gatewayd) = alone();
    let file = folder(&place, "out").join("backup");
    done(&place, &["backup", text(&file)]);
    let whole = fs::read(&file).unwrap();
    let changed = file.with_extension("changed");
    let try_bytes = |bytes: &[u8]| {
        fs::write(&changed, bytes).unwrap();
        process::give_to_ordinary_user(&changed);
        refused(&place, &["backup", "verify", text(&changed)]).1
    };
    // Spread over the whole file, from a start of its own in each run.
    let start = usize::from(whole[whole.len() - 1]);
    for sample in 0..12 {
        let position = (start + sample * (whole.len() / 12)).min(whole.len() - 1);
        let mut flipped = whole.clone();
        flipped[position] ^= 1 << (sample % 8);
        try_bytes(&flipped);
    }
    for end in [0, 16, whole.len() / 2, whole.len() - 1] {
        try_bytes(&whole[..end]);
    }
    let newer = [b"waiaas-backup 3\n".as_slice(), &whole[16..]].concat();
    assert!(try_bytes(&newer).contains("another version"));
    assert!(try_bytes(b"something else altogether").contains("no backup"));

    let wrong = place.path("wrong");
    fs::write(&wrong, "incorrect horse battery").unwrap();
    process::give_to_ordinary_user(&wrong);
    let (code, said) =
        refused(&place, &["backup", "verify", text(&file), "--passphrase-file", text(&wrong)]);
    assert_eq!(code, Some(5), "{said}");
    done(&place, &["backup", "verify", text(&file)]);
}

#[test]
fn nothing_secret_stands_in_a_backup() {
    let stage_place = Place::new();
    let _signerd = Signerd::start(&stage_place, "");
    tests::daemons::init_vault(&stage_place);
    let gatewayd = Gatewayd::start(&stage_place, "");
    let key: Vec<u8> = (0..32).map(|number| number * 7 + 3).collect();
    let import = Request::ImportKey {
        chain: Chain::Solana,
        environment: Environment::Mainnet,
        key: Secret::new(key.clone()),
        agent_id: None,
    };
    let reply = operator(&stage_place).ask(import);
    let Reply::Key(info) = reply else { panic!("{reply:?}") };
    let operator_http = tests::http::Http::unix(&stage_place.socket("gateway.sock"));
    operator_http.get("/v1/wallets").expect(200);
    let session =
        operator_http.post("/v1/sessions", &json!({ "walletIds": [info.wallet.to_string()] }));
    let token = session.expect(201)["token"].as_str().unwrap().to_owned();
    let file = folder(&stage_place, "out").join("backup");
    done(&stage_place, &["backup", text(&file)]);
    let bytes = fs::read(&file).unwrap();
    let database = fs::read(stage_place.path("gateway").join("gateway.db")).unwrap();
    let hex = |bytes: &[u8]| primitives::encode_hex(bytes).into_bytes();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(token.as_bytes()).to_vec();
    let rows: [(&str, Vec<u8>); 9] = [
        ("the passphrase", PASSPHRASE.into()),
        ("a private key", key.clone()),
        ("a private key in hexadecimal", hex(&key)),
        ("a session's token", token.into_bytes()),
        ("its hash", hash),
        ("a table", b"CREATE TABLE".to_vec()),
        ("the database", b"SQLite format 3".to_vec()),
        ("a wallet's address", info.address.to_string().into_bytes()),
        ("a setting", b"token_key".to_vec()),
    ];
    let contains = |all: &[u8], part: &[u8]| all.windows(part.len()).any(|window| window == part);
    for (what, part) in &rows {
        assert!(!contains(&bytes, part), "{what}");
    }
    // The search finds what is there.
    assert!(contains(&database, b"SQLite format 3") && contains(&bytes, b"waiaas-backup 2\n"));
    drop(gatewayd);
}

#[test]
fn a_full_disk_keeps_the_backups_that_are_there() {
    if !process::has_root_for("a small file system") {
        return;
    }
    let (place, _signerd, _gatewayd) = alone();
    folder(&place, "backups");
    let mut auto = Command::new(runnable_program("waiaasctl", Build::Debug, &place.path("")));
    auto.args(["--runtime-dir", "run", "backup", "--auto", "--dir", "backups"]);
    let script = format!(
        "cd {dir}; mount -t tmpfs -o size=2m,mode=0700 none backups
         \"$@\"; \"$@\"; ls backups > before
         dd if=/dev/zero of=backups/filler bs=4k 2>/dev/null || true
         if \"$@\" 2> said; then echo 'it was made on a full disk'; exit 1; fi
         rm backups/filler; rm -f backups/last-failure.json; ls backups > after; cmp before after
         \"$@\"",
        dir = place.path("").display(),
    );
    let output = process::in_mounts(&script, &auto).output().unwrap();
    let said = fs::read_to_string(place.path("said")).unwrap_or_default();
    assert!(output.status.success(), "{output:?} {said}");
    assert!(said.contains("cannot write"), "{said}");
}
