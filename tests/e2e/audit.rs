//! The gateway's audit trail: who asked, what holds it together, and what happens when somebody
//! changes it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use primitives::BUILTIN;
use serde_json::{Value, json};
use tests::daemons::{Gatewayd, Place, Signerd, init_vault};
use tests::http::Http;
use tests::process::give_to_ordinary_user;
use tests::tool::{command, done, refused};
use tests::wait;

/// Both daemons, of which the gateway asks no network.
fn start(place: &Place) -> (Signerd, Gatewayd) {
    let signerd = Signerd::start(place, "");
    init_vault(place);
    let rpc = |it: &primitives::Network| format!("{} = 'http://127.0.0.1:9'\n", it.rpc_key());
    let rpc: String = BUILTIN.iter().map(rpc).collect();
    (signerd, Gatewayd::start(place, &format!("[rpc]\n{rpc}")))
}

fn create_wallet(place: &Place, name: &str) {
    let body = json!({ "name": name, "chain": "ethereum", "environment": "testnet" });
    Http::unix(&place.socket("gateway.sock")).post("/v1/wallets", &body).expect(201);
}

fn entries(place: &Place, event: &str) -> Vec<Value> {
    let log = done(place, &["audit", "log", "--event", event]);
    log["entries"].as_array().unwrap().clone()
}

fn output(place: &Place) -> PathBuf {
    let directory = place.path("out");
    fs::create_dir(&directory).unwrap();
    give_to_ordinary_user(&directory);
    directory
}

#[test]
fn the_trail_says_who_asked_fits_the_journal_and_tells_of_every_change() {
    let place = Place::new();
    let (_signerd, mut gatewayd) = start(&place);
    create_wallet(&place, "shop-of-alice");
    let stranger = Http::tcp(gatewayd.port);
    for _time in 0..5 {
        assert_eq!(stranger.get("/v1/wallets").status, 401);
    }

    let made = &entries(&place, "wallet_created")[0];
    assert_eq!((&made["actor"], &made["ipAddress"]), (&json!("master"), &Value::Null));
    assert!(made["peerUid"].is_u64() && made["requestId"].is_string(), "{made}");
    assert_eq!(made["details"]["name"], "shop-of-alice");
    let refusals = entries(&place, "request_refused");
    assert_eq!(refusals.len(), 1, "one stands for all of its kind: {refusals:?}");
    assert_eq!(refusals[0]["ipAddress"], "127.0.0.1");
    assert_eq!(refusals[0]["details"]["code"], "INVALID_MASTER_PASSWORD");

    // The journal has moved by the wallet's key.
    let status = done(&place, &["status"]);
    let records = status["signer"]["journalRecords"].to_string();
    wait::until("the trail that is tied to the journal", || {
        let ties = entries(&place, "signer_journal_seen");
        ties.iter().any(|tie| tie["details"]["records"] == records).then_some(())
    });
    let whole = done(&place, &["audit", "verify"]);
    assert_eq!(whole["verified"], true);
    assert!(whole["trail"]["journalSeen"].as_u64() >= Some(1), "{whole}");
    assert!(whole["trail"]["entries"].as_u64() >= Some(4), "{whole}");

    let export = output(&place).join("trail.jsonl").display().to_string();
    done(&place, &["audit", "export", "--trail", &export]);
    done(&place, &["audit", "verify", "--file", &export]);
    gatewayd.process().stop();
    gatewayd.start_again(&place);
    create_wallet(&place, "shop-of-bob");
    done(&place, &["audit", "verify", "--trail", "--against", &export]);

    gatewayd.process().stop();
    place.change_database(
        "DROP TRIGGER audit_is_not_changed;
         UPDATE audit SET details = replace(details, 'alice', 'malic')
         WHERE event_type = 'WALLET_CREATED' AND details LIKE '%alice%';",
    );
    gatewayd.start_again(&place);
    let (exit, said) = refused(&place, &["audit", "verify"]);
    assert_eq!(exit, Some(1));
    let entry = &made["id"];
    assert!(said.contains(&format!("entry {entry} was changed")), "{said}");
    let (exit, said) = refused(&place, &["audit", "log", "--event", "WALLET_CREATED"]);
    assert_eq!(exit, Some(1), "{said}");
    done(&place, &["audit", "verify", "--file", &export]);
    let (_exit, said) = refused(&place, &["audit", "verify", "--trail", "--against", &export]);
    assert!(said.contains("was changed"), "{said}");
}

#[test]
fn who_follows_the_trail_sees_what_happens() {
    let place = Place::new();
    let (_signerd, _gatewayd) = start(&place);
    let mut following = command(&place, &["audit", "follow", "--event", "wallet_created"]);
    let mut following = following.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    create_wallet(&place, "first");
    create_wallet(&place, "second");
    for name in ["first", "second"] {
        let named = format!("\"name\": \"{name}\"");
        assert!(lines.any(|line| line.unwrap().contains(&named)), "it ended before {name}");
    }
    following.kill().unwrap();
    following.wait().unwrap();
}

#[test]
fn what_is_archived_leaves_the_trail_and_is_checked_together_with_it() {
    let place = Place::new();
    let (_signerd, mut gatewayd) = start(&place);
    let directory = output(&place);
    let [one, two] = ["one", "two"].map(|name| directory.join(name).display().to_string());
    let everything = ["audit", "archive", "--before", "9999999999", "--to"];
    create_wallet(&place, "first");
    done(&place, &[&everything[..], &[&one]].concat());
    assert_eq!(fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o600);
    let left = entries(&place, "wallet_created");
    assert!(left.is_empty(), "it is in the archive: {left:?}");
    assert_eq!(entries(&place, "audit_trail_shortened").len(), 1);
    let whole = done(&place, &["audit", "verify"]);
    assert!(whole["trail"]["beginsAfter"].as_u64() > Some(0), "{whole}");

    create_wallet(&place, "second");
    gatewayd.process().stop();
    gatewayd.start_again(&place);
    done(&place, &[&everything[..], &[&two]].concat());
    create_wallet(&place, "third");
    let both = done(&place, &["audit", "verify", "--archive", &two, &one]);
    let archives = both["archives"].as_array().unwrap();
    assert_eq!((&archives[0]["file"], &archives[0]["beginsAfter"]), (&json!(one), &json!(0)));
    assert_eq!(archives[1]["beginsAfter"], archives[0]["last"]);
    assert_eq!(archives[1]["last"], both["trail"]["beginsAfter"]);
    done(&place, &["audit", "verify", "--archive", &two]);
    let (exit, said) = refused(&place, &["audit", "verify", "--archive", &one]);
    assert_eq!(exit, Some(1));
    assert!(said.contains("has no entry"), "{said}");
    done(&place, &["audit", "verify", "--file", &two]);
    let changed = fs::read_to_string(&one).unwrap().replacen("first", "third", 1);
    fs::write(&one, changed).unwrap();
    let (_exit, said) = refused(&place, &["audit", "verify", "--archive", &one, &two]);
    assert!(said.contains("was changed"), "{said}");
}
