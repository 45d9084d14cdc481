//! The database as it leaves for a backup, and comes back.

use std::io::Read;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::http::database::read_out;
use crate::session::password::PasswordError;
use crate::store::settings::Setting;
use crate::store::{DatabaseCopy, TransactionId};
use crate::tx::{Status, Transaction};

const PATH: &str = "/v1/admin/database";

/// A gateway whose database is a file, as the operator's socket sees it.
struct OnDisk {
    directory: tempfile::TempDir,
    app: Arc<App>,
    router: axum::Router,
}

impl OnDisk {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (clock, _setter) = Clock::settable(START);
        let store = Store::open(&directory.path().join("gateway.db")).unwrap();
        let nobody = Signer::new(Path::new("/nonexistent/signer.sock"));
        let app = Arc::new(App::new(offline(), clock, store, nobody).await.unwrap());
        let router = router(Shared::new(Arc::clone(&app)));
        Self { directory, app, router }
    }

    async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Peer::Operator(Master::operator()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, body)
    }

    async fn put(&self, backup: char, database: Vec<u8>) -> (u16, Value) {
        let path = format!("{PATH}?backup={}", backup.to_string().repeat(64));
        let (status, body) = self.ask("PUT", &path, database).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn insert_wallet(&self) {
        self.app.store.write(|db| db.insert_wallet(&sample(1))).await.unwrap();
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A gateway's database with a wallet, a session and a payment that waits.
async fn used() -> (OnDisk, OpenedSession, TransactionId) {
    let gateway = OnDisk::new().await;
    let app = &gateway.app;
    app.master_password.replace(Some(PasswordHash::derive(PASSWORD, CHEAP).unwrap())).await;
    gateway.insert_wallet().await;
    let session = open(app, vec![sample(1).id], None).await;
    let intent = crate::tx::testing::payment(5_u64.into());
    let id = TransactionId::new(&app.clock);
    let asked = Transaction::new(id, sample(1).id, None, intent, START);
    app.store.write(move |db| db.insert_transaction(&asked)).await.unwrap();
    (gateway, session, id)
}

#[tokio::test]
async fn a_database_goes_out_and_into_a_gateway_without_wallets_once() {
    let (gateway, session, id) = used().await;
    let (status, database) = gateway.ask("GET", PATH, Vec::new()).await;
    assert_eq!(status, 200);
    assert!(database.starts_with(b"SQLite format 3\0"));

    let other = OnDisk::new().await;
    let before = other.files();
    let hash = PasswordHash::derive(PASSWORD, CHEAP).unwrap();
    other.app.master_password.replace(Some(hash)).await;
    for already in [false, true] {
        assert_eq!(other.put('a', database.clone()).await, (200, json!({ "already": already })));
    }
    assert_eq!(other.files(), before);
    // Passwords, tokens, wallets and what was under way are those of the other, which kept no password.
    let master = Master::from_password(&other.app, PASSWORD).await;
    assert_eq!(master.err(), Some(PasswordError::NotSet));
    let agent = crate::session::Agent::from_token(&other.app, &session.token).await.unwrap();
    assert_eq!(agent.wallets().len(), 1);
    let found = other.app.store.read(move |db| db.transaction(id)).await.unwrap().unwrap();
    assert_eq!(found.status, Status::Failed);
    // Another one does not take its place any more.
    let (status, answer) = other.put('b', database).await;
    assert_eq!((status, &answer["code"]), (409, &json!("INVALID_STATE_TRANSITION")));
}

#[tokio::test]
async fn a_gateway_goes_by_the_database_that_it_took_over_though_nobody_waited_for_the_answer() {
    let (gateway, ..) = used().await;
    let hash = PasswordHash::derive(PASSWORD, CHEAP).unwrap();
    let kept = serde_json::to_string(&hash).unwrap();
    let keep =
        gateway.app.store.write(move |db| db.keep_setting(Setting::MasterPassword, &kept, START));
    keep.await.unwrap();
    let (_status, database) = gateway.ask("GET", PATH, Vec::new()).await;

    let other = OnDisk::new().await;
    let mut putting = Box::pin(other.put('a', database));
    // It goes on in steps, so that it is cut off before it hears what the last of them came to.
    for _step in 0..200 {
        let step = std::future::poll_fn(|context| Poll::Ready(putting.as_mut().poll(context)));
        if step.await.is_ready() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let wallets = other.app.store.read(|db| Ok::<_, StoreError>(db.wallets()?.len()));
        if wallets.await.unwrap() > 0 {
            break;
        }
    }
    drop(putting);
    for _look in 0..200 {
        if Master::from_password(&other.app, PASSWORD).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the password is still that of the database before");
}

#[tokio::test]
async fn a_reader_that_stalls_does_not_keep_others_from_copying() {
    let gateway = OnDisk::new().await;
    let much = "x".repeat(1 << 20);
    let fill = gateway.app.store.write(move |db| db.keep_setting(Setting::TokenKey, &much, START));
    fill.await.unwrap();
    let copy = gateway.app.store.copy().await.unwrap();
    assert!(matches!(gateway.app.store.copy().await, Err(StoreError::CopyUnderWay)));
    let (give, _nobody_reads) = mpsc::channel(1);
    read_out(copy, &give, Duration::from_millis(10)).await;
    assert!(gateway.app.store.copy().await.is_ok());
}

#[tokio::test]
async fn what_is_no_database_of_this_program_changes_nothing() {
    let (gateway, ..) = used().await;
    let mut copy = Vec::new();
    let DatabaseCopy { mut file, .. } = gateway.app.store.copy().await.unwrap();
    file.read_to_end(&mut copy).unwrap();
    let mut newer = copy.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes()); // PRAGMA user_version
    let mut torn = copy.clone();
    let middle = torn.len() / 2;
    torn[middle..].fill(0x5a);
    let other = OnDisk::new().await;
    let before = other.files();
    for (what, bytes, code) in [
        ("nothing", Vec::new(), "INVALID_BACKUP_FORMAT"),
        (
            "words",
            b"not a database at all, but long enough to be one".repeat(99),
            "INVALID_BACKUP_FORMAT",
        ),
        ("a newer one", newer, "UNSUPPORTED_BACKUP_VERSION"),
        ("half of one", torn, "BACKUP_CORRUPTED"),
    ] {
        let (status, answer) = other.put('a', bytes).await;
        assert_eq!((status, &answer["code"]), (400, &json!(code)), "{what} {answer}");
        assert_eq!(other.files(), before, "{what}");
    }
    assert_eq!(other.put('a', copy).await.0, 200);
}

#[tokio::test]
async fn a_backup_has_a_name_of_64_digits() {
    let gateway = OnDisk::new().await;
    for query in ["", "?backup=", "?backup=abc", &format!("?backup={}", "g".repeat(64))] {
        let (status, _) = gateway.ask("PUT", &format!("{PATH}{query}"), Vec::new()).await;
        assert_eq!(status, 400, "{query}");
    }
}
