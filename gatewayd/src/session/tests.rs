//! Tokens against real databases: who is known, until when, and what it takes to know it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::token::{GRACE, TokenError};
use super::*;
use crate::clock::Clock;
use crate::config::{Keeping, Sessions, Settings};
use crate::session::grants::Grants;
use crate::signer::Signer;
use crate::store::Store;
use crate::store::sessions::Source;
use crate::store::settings::Setting;
use crate::store::trail::TrailSearch;
use crate::store::wallets::{WalletStatus, sample};
use crate::tx::testing::Scene;
use crate::usecase::create_session::{NewSession, OpenedSession, create_session};
use crate::usecase::renew_session::rotate_session;
use crate::usecase::rotate_secret::{RotationError, rotate_secret};
use crate::usecase::sessions::{add_session_wallet, revoke_session};

const LIFE: Duration = Duration::from_mins(10);

async fn open(app: &App) -> OpenedSession {
    let new = NewSession {
        wallets: vec![sample(1).id],
        lifetime: Some(LIFE),
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    };
    create_session(app, &Master::operator(), new).await.unwrap()
}

/// Keeps every reader of the database busy until the permit is given.
async fn occupy_readers(app: &Arc<App>) -> Arc<std::sync::Barrier> {
    let barrier = Arc::new(std::sync::Barrier::new(5));
    let begun = Arc::new(Semaphore::new(0));
    for _reader in 0..4 {
        let (app, barrier, begun) = (Arc::clone(app), Arc::clone(&barrier), Arc::clone(&begun));
        tokio::spawn(async move {
            let hold = move |_db: &crate::store::Reading<'_>| {
                begun.add_permits(1);
                barrier.wait();
                Ok::<_, StoreError>(())
            };
            app.store.read(hold).await.unwrap();
        });
    }
    begun.acquire_many(4).await.unwrap().forget();
    barrier
}

#[tokio::test]
async fn a_token_that_was_checked_is_checked_again_without_a_reader_of_the_database() {
    let scene = Scene::start().await;
    let opened = open(&scene.app).await;
    let unseen = open(&scene.app).await;
    Agent::from_token(&scene.app, &opened.token).await.unwrap();
    let held = occupy_readers(&scene.app).await;
    for _check in 0..1_000 {
        let agent = Agent::from_token(&scene.app, &opened.token).await.unwrap();
        assert_eq!(agent.session_id(), opened.session.id);
    }
    let waits = Agent::from_token(&scene.app, &unseen.token);
    assert!(tokio::time::timeout(Duration::from_millis(50), waits).await.is_err());
    tokio::task::spawn_blocking(move || held.wait()).await.unwrap();
    Agent::from_token(&scene.app, &unseen.token).await.unwrap();
}

#[tokio::test]
async fn the_next_check_sees_what_was_changed_here_or_by_another_writer() {
    let scene = Scene::start().await;
    let other = scene.second_gateway().await;
    for writer in [Arc::clone(&scene.app), other] {
        let master = Master::operator();
        let opened = open(&scene.app).await;
        let check = async |token: &str| Agent::from_token(&scene.app, token).await;
        check(&opened.token).await.unwrap();

        let (_, newer) = rotate_session(&writer, &master, opened.session.id).await.unwrap();
        let old = check(&opened.token).await;
        assert!(matches!(old, Err(AgentError::Token(TokenError::Invalid))), "{old:?}");
        assert_eq!(check(&newer).await.unwrap().wallets().len(), 1);

        let number = u8::from(!Arc::ptr_eq(&writer, &scene.app)) + 2;
        writer.store.write(move |db| db.insert_wallet(&sample(number))).await.unwrap();
        add_session_wallet(&writer, &master, opened.session.id, sample(number).id).await.unwrap();
        assert_eq!(check(&newer).await.unwrap().wallets().len(), 2);

        let now = scene.app.clock.now();
        let suspend =
            |status| writer.store.write(move |db| db.set_wallet_status(sample(1).id, status, now));
        suspend(WalletStatus::Suspended).await.unwrap();
        let status = check(&newer).await.unwrap().wallet(sample(1).id).unwrap().status;
        assert_eq!(status, WalletStatus::Suspended);
        suspend(WalletStatus::Active).await.unwrap();

        revoke_session(&writer, &Caller::Master(master), opened.session.id).await.unwrap();
        assert!(matches!(check(&newer).await, Err(AgentError::Revoked)));
        assert!(matches!(check(&newer).await, Err(AgentError::Revoked)));
    }
}

#[tokio::test]
async fn a_known_token_ends_in_its_second() {
    let scene = Scene::start().await;
    let opened = open(&scene.app).await;
    Agent::from_token(&scene.app, &opened.token).await.unwrap();
    scene.clock.advance(LIFE.saturating_sub(Duration::from_secs(1)));
    Agent::from_token(&scene.app, &opened.token).await.unwrap();
    scene.clock.advance(Duration::from_secs(1));
    let over = Agent::from_token(&scene.app, &opened.token).await;
    assert!(matches!(over, Err(AgentError::Token(TokenError::Expired))));
}

#[tokio::test]
async fn a_token_of_a_database_that_is_no_longer_there_is_nothing() {
    let scene = Scene::start().await;
    let opened = open(&scene.app).await;
    Agent::from_token(&scene.app, &opened.token).await.unwrap();
    scene
        .write(|db| db.keep_setting(Setting::TokenKey, &"07".repeat(32), UnixSeconds::new(1)))
        .await;
    scene.app.read_again().await.unwrap();
    let dead = Agent::from_token(&scene.app, &opened.token).await;
    assert!(matches!(dead, Err(AgentError::Token(TokenError::Invalid))));
}

/// Changes of a token that a person or a program could make: characters, order, case, parts, the
/// alphabet of base64, and pieces of other tokens of the same gateway.
fn mutated(token: &str, other: &str, dice: &mut impl FnMut(usize) -> usize) -> String {
    const ALPHABET: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
    let mut bytes = token.as_bytes().to_vec();
    for _change in 0..=dice(3) {
        let at = dice(bytes.len());
        match dice(9) {
            0 => bytes[at] = ALPHABET[dice(ALPHABET.len())],
            1 => bytes.insert(at, ALPHABET[dice(ALPHABET.len())]),
            2 => drop(bytes.remove(at)),
            3 => bytes.truncate(at.max(1)),
            4 => {
                let there = dice(bytes.len());
                bytes.swap(at, there);
            }
            5 => bytes[at] ^= 0x20,
            6 => {
                let mut parts: Vec<&str> = token.split('.').collect();
                let others: Vec<&str> = other.split('.').collect();
                let part = dice(parts.len());
                parts[part] = others[part];
                bytes = parts.join(".").into_bytes();
                if part == 0 {
                    bytes.push(b'A');
                }
            }
            7 => {
                let piece = bytes[at..].to_vec();
                bytes.extend(piece);
            }
            _ => bytes.rotate_left(at),
        }
        if bytes.is_empty() {
            bytes.push(b'w');
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn of_a_hundred_thousand_changed_tokens_none_is_accepted() {
    let scene = Scene::start().await;
    let (one, other) = (open(&scene.app).await, open(&scene.app).await);
    let known = [one.token.as_str(), other.token.as_str()];
    Agent::from_token(&scene.app, known[0]).await.unwrap();
    let mut seed = u64::from_le_bytes(random_bytes());
    let first = seed;
    let mut dice = move |sides: usize| {
        // SplitMix64, so that a failure names what repeats it.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    };
    let mut tried = 0;
    while tried < 100_000 {
        let changed = mutated(known[tried % 2], known[(tried + 1) % 2], &mut dice);
        if known.contains(&changed.as_str()) {
            continue;
        }
        tried += 1;
        let accepted = Agent::from_token(&scene.app, &changed).await;
        assert!(
            matches!(accepted, Err(AgentError::Token(_))),
            "seed {first}: {changed}: {accepted:?}"
        );
    }
    Agent::from_token(&scene.app, known[0]).await.unwrap();
}

/// A clock that was ahead when the secret was replaced.
#[tokio::test]
async fn a_replacement_that_has_not_come_yet_locks_no_other() {
    let scene = Scene::start().await;
    let (now, master) = (scene.app.clock.now(), Master::operator());
    scene.clock.advance(Duration::from_hours(24 * 365));
    rotate_secret(&scene.app, &master).await.unwrap();
    scene.clock.set(now);
    let again = rotate_secret(&scene.app, &master).await;
    assert_eq!(again.unwrap(), now);
    let early = rotate_secret(&scene.app, &master).await;
    assert!(matches!(early, Err(RotationError::TooRecent { .. })), "{early:?}");
}

#[tokio::test]
async fn a_token_that_is_known_ends_with_the_secret_that_it_was_made_with() {
    let scene = Scene::start().await;
    let (old, unseen) = (open(&scene.app).await, open(&scene.app).await);
    let check = async |app: &App, token: &str| Agent::from_token(app, token).await.map(drop);
    check(&scene.app, &old.token).await.unwrap();
    let master = Master::operator();
    rotate_secret(&scene.app, &master).await.unwrap();
    let new = open(&scene.app).await;
    let scene = scene.restart().await;
    let app = &scene.app;
    scene.clock.advance(GRACE.saturating_sub(Duration::from_secs(1)));
    for token in [&old.token, &unseen.token, &new.token] {
        check(app, token).await.unwrap();
    }
    let early = rotate_secret(app, &master).await;
    assert!(matches!(early, Err(RotationError::TooRecent { retry_after_seconds: 1 })), "{early:?}");
    scene.clock.advance(Duration::from_secs(1));
    for token in [&old.token, &unseen.token] {
        let ended = check(app, token).await;
        assert!(matches!(ended, Err(AgentError::Token(TokenError::Invalid))), "{ended:?}");
    }
    check(app, &new.token).await.unwrap();
    rotate_secret(&scene.app, &master).await.unwrap();
    check(&scene.app, &new.token).await.unwrap();
    let entries = scene.app.store.read(|db| {
        let rotated = TrailSearch {
            event: Some("TOKEN_SECRET_ROTATED".to_owned()),
            ..TrailSearch::default()
        };
        db.trail_length(&rotated)
    });
    assert_eq!(entries.await.unwrap(), 2);
}

/// A gateway on the database of that file.
async fn on_file(file: &std::path::Path, token_secret: Keeping, clock: &Clock) -> Arc<App> {
    let settings = Settings {
        sessions: Sessions { token_secret, ..Sessions::default() },
        ..Settings::default()
    };
    let store = Store::open(file).unwrap();
    let signer = Signer::new(std::path::Path::new("/nonexistent/signer.sock"));
    Arc::new(App::new(settings, clock.clone(), store, signer).await.unwrap())
}

#[tokio::test]
async fn tokens_of_a_secret_that_is_not_kept_end_with_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gateway.db");
    let (clock, setter) = Clock::settable(UnixSeconds::new(1_800_000_000));
    let kept = on_file(&file, Keeping::Persistent, &clock).await;
    kept.store.write(|db| db.insert_wallet(&sample(1))).await.unwrap();
    let before = open(&kept).await;
    drop(kept);
    let kept = on_file(&file, Keeping::Persistent, &clock).await;
    Agent::from_token(&kept, &before.token).await.expect("a kept secret outlives the program");
    drop(kept);

    let invalid = async |app: &App, token: &str| {
        let checked = Agent::from_token(app, token).await;
        matches!(checked, Err(AgentError::Token(TokenError::Invalid)))
    };
    let app = on_file(&file, Keeping::Ephemeral, &clock).await;
    assert!(invalid(&app, &before.token).await);
    let first = open(&app).await;
    rotate_secret(&app, &Master::operator()).await.unwrap();
    let second = open(&app).await;
    for token in [&first.token, &second.token] {
        Agent::from_token(&app, token).await.unwrap();
    }
    for setting in [Setting::TokenKey, Setting::OldTokenKey] {
        assert_eq!(app.store.read(move |db| db.setting(setting)).await.unwrap(), None);
    }
    drop(app);
    let app = on_file(&file, Keeping::Ephemeral, &clock).await;
    for token in [&before.token, &first.token, &second.token] {
        assert!(invalid(&app, token).await);
    }
    drop(app);
    setter.advance(GRACE);
    let kept = on_file(&file, Keeping::Persistent, &clock).await;
    assert!(invalid(&kept, &before.token).await, "what was deleted does not come back");
    Agent::from_token(&kept, &open(&kept).await.token).await.unwrap();
}
