//! What comes of a backup where it is restored.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;
use primitives::{Amount, Chain};
use protocol::{Latch, Reply, Request};
use tests::agent::Agent;
use tests::daemons::{Gatewayd, Place, Signerd, operator, unlock};
use tests::http::Http;
use tests::owner::{Form, Owner};
use tests::process::{self, Process};
use tests::signer::passphrase;
use tests::stage::{Stage, World};
use tests::tool::{command, done, refused, run};
use tests::wait;

use super::{alone, folder, text};
use crate::payments::{BOB, transfer};

/// More than the default guard ever lets go without owners.
const LARGE: &str = "1000000000000000000";

/// Daemons on another machine, with nothing yet.
fn elsewhere(settings: &str) -> (Place, Signerd, Gatewayd) {
    let place = Place::new();
    let signerd = Signerd::start(&place, "");
    let gatewayd = Gatewayd::start(&place, settings);
    (place, signerd, gatewayd)
}

fn resume(place: &Place) {
    let reply = operator(place).ask(Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    });
    assert_eq!(reply, Reply::Done);
}

/// Makes backups while payments are asked for; the last of them, and the payments.
fn back_up_under_load(stage: &Stage, agent: &Agent) -> (PathBuf, Vec<String>) {
    let file = folder(&stage.place, "out").join("backup");
    let ended = AtomicBool::new(false);
    let paid = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut ids = Vec::new();
            while !ended.load(Ordering::Relaxed) && ids.len() < 60 {
                let amount = 1_000_000_000_u64 + u64::try_from(ids.len()).unwrap();
                ids.push(agent.send(&transfer(Chain::Evm, &amount.to_string())));
            }
            ids
        });
        for number in 0..3 {
            let earlier = file.with_extension(number.to_string());
            let report = done(&stage.place, &["backup", text(&earlier)]);
            assert_eq!(report["keys"], 1, "{report}");
            assert!(report["database"]["bytes"].is_number(), "{report}");
        }
        done(&stage.place, &["backup", text(&file)]);
        ended.store(true, Ordering::Relaxed);
        load.join().unwrap()
    });
    (file, paid)
}

/// Restores a copy of `file`, and compares what is said of it with the old journal.
fn restore(place: &Place, file: &Path) {
    let copy = folder(place, "in").join("backup");
    fs::copy(file, &copy).unwrap();
    process::give_to_ordinary_user(&copy);
    let report = done(place, &["restore", text(&copy)]);
    assert_eq!(report["keys"], 1, "{report}");
    let journal = copy.with_extension("journal");
    assert_eq!(report["restored"]["journal"], text(&journal));
    let audit = done(place, &["audit", "verify", "--file", text(&journal)]);
    assert_eq!(audit["head"], report["journal"]["head"]);
    let (code, said) = refused(place, &["restore", text(&copy)]);
    assert_eq!(code, Some(9), "{said}");
}

/// Has the owner let a payment go.
fn approve(agent: &Agent, stranger: &Http, owner: &Owner<'_>, id: &str) {
    agent.wait_until(id, |found| found["tier"] == "APPROVAL");
    let shown = wait::until("a question", || {
        let answer = agent.http().get(&format!("/v1/transactions/{id}/approval"));
        (answer.status == 200).then(|| answer.expect(200))
    });
    let path = format!("/v1/transactions/{id}/approve");
    stranger.post(&path, &owner.approve(&shown, Form::Text)).expect(200);
    agent.wait_for(id, "CONFIRMED");
}

/// Waits until nothing but `last` is under way.
fn settle(agent: &Agent, last: &str, ids: &[String]) {
    let over = |id: &String| {
        let answer = agent.http().get(&format!("/v1/transactions/{id}"));
        // The newest were asked for after the backup, and are not known here.
        let status = (answer.status == 200).then(|| answer.expect(200)["status"].clone());
        status.is_none_or(|status| status == "CONFIRMED" || status == "FAILED")
    };
    wait::until("an end of what was under way", || ids.iter().all(over).then_some(()));
    let open = agent.http().get("/v1/transactions/pending").expect(200).to_string();
    assert!(open.contains(last) && ids.iter().all(|id| !open.contains(id)), "{open}");
}

#[test]
fn what_was_under_way_at_a_backup_is_not_paid_again_where_it_is_restored() {
    let world = World::start();
    let settings = world.settings();
    let mut stage = Stage::start_in(world, &settings);
    let wallet = stage.funded_wallet(Chain::Evm);
    stage.trust_policies(&wallet);
    let owner = Owner::new(Chain::Evm, 1, &stage.evm);
    stage.confirm_owner(&wallet, owner.address());
    let token = stage.open_session(&[&wallet]);
    let agent = Agent::new(stage.gatewayd.port, &token);
    let waiting = agent.send(&transfer(Chain::Evm, LARGE));
    agent.wait_until(&waiting, |found| found["tier"] == "APPROVAL");
    let (file, paid) = back_up_under_load(&stage, &agent);
    // All of it is paid where it was asked for, after the backup too.
    for id in &paid {
        agent.wait_for(id, "CONFIRMED");
    }
    approve(&agent, &stage.stranger(), &owner, &waiting);
    let arrived = stage.evm.balance(BOB);
    stage.gatewayd.process().kill();
    stage.signerd.process().kill();

    let (place, _signerd, gatewayd) = elsewhere(&settings);
    restore(&place, &file);
    // Who had a session has it still, and its history.
    let agent = Agent::new(gatewayd.port, &token);
    let history = agent.http().get("/v1/transactions?limit=100").expect(200);
    assert!(history.to_string().contains(&waiting), "{history}");
    let ended = agent.transaction(&waiting);
    assert_eq!(ended["status"], "FAILED");
    assert!(ended["error"].as_str().unwrap().contains("RESTORED_FROM_BACKUP"), "{ended}");
    unlock(&place);
    let suspended = agent.send(&transfer(Chain::Evm, "7"));
    let held = agent.wait_until(&suspended, |found| found["error"].is_string());
    assert!(held["error"].as_str().unwrap().contains("SUSPENDED"), "{held}");
    settle(&agent, &suspended, &paid);
    assert_eq!(stage.evm.balance(BOB), arrived);

    resume(&place);
    // Every ceiling is used up, so the owner decides; with the owner it goes.
    let asked = agent.wait_until(&suspended, |found| found["tier"] == "APPROVAL");
    assert!(asked["error"].as_str().unwrap().contains("NEEDS_OWNER"), "{asked}");
    assert_eq!(stage.evm.balance(BOB), arrived);
    approve(&agent, &Http::tcp(gatewayd.port), &owner, &suspended);
    let seven = Amount::from(7_u64);
    assert_eq!(stage.evm.balance(BOB), arrived.checked_add(seven).unwrap());
}

#[test]
fn a_restore_that_was_cut_off_goes_on_and_never_overwrites() {
    let (place, _signerd, _gatewayd) = alone();
    let file = folder(&place, "out").join("backup");
    done(&place, &["backup", text(&file)]);
    let (new_place, mut signerd, mut gatewayd) = elsewhere("");
    let copy = folder(&new_place, "in").join("backup");
    fs::copy(&file, &copy).unwrap();
    process::give_to_ordinary_user(&copy);
    for moment_ms in [0, 100, 400, 800] {
        let mut tool = Process::start(
            &mut command(&new_place, &["restore", text(&copy)]),
            &new_place.path("log"),
        );
        wait::within(std::time::Duration::from_millis(moment_ms), || None::<()>);
        tool.signal(Signal::SIGKILL);
        wait::until("its end", || tool.status());
        gatewayd.process().kill();
        gatewayd.start_again(&new_place);
        signerd.process().kill();
        signerd.start_again(&new_place);
    }
    let output = run(&new_place, &["restore", text(&copy)]);
    let said = String::from_utf8_lossy(&output.stderr);
    let complete = output.status.success() || said.contains("there is a vault already");
    assert!(complete, "{said}");
    let status = operator(&new_place).ask(Request::Status);
    let Reply::Status(status) = status else { panic!("{status:?}") };
    assert_eq!((status.wallets, status.latch), (1, Latch::Suspended));
    let wallets = Http::unix(&new_place.socket("gateway.sock")).get("/v1/wallets");
    assert_eq!(wallets.expect(200)["items"].as_array().unwrap().len(), 1);

    // Another installation's database is not overwritten either.
    let (used, _signerd, _gatewayd) = elsewhere("");
    tests::daemons::init_vault(&used);
    let (code, said) = refused(&used, &["restore", text(&copy)]);
    assert_eq!(code, Some(9), "{said}");
}
