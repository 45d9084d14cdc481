//! What the gateway is built of, by itself: what it is measured against.

use std::convert::Infallible;
use std::path::Path;
use std::sync::mpsc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// A database of one table, with the pragmas of the gateway's.
#[derive(Debug)]
pub struct Database(rusqlite::Connection);

impl Database {
    /// A new one in this file.
    pub fn create(file: &Path) -> Self {
        let db = rusqlite::Connection::open(file).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        let table = "CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT";
        db.execute_batch(table).unwrap();
        Self(db)
    }

    /// A row of 256 bytes, on the disk.
    pub fn commit(&mut self) {
        let mut insert =
            self.0.prepare_cached("INSERT INTO rows (bytes) VALUES (zeroblob(256))").unwrap();
        insert.execute([]).unwrap();
    }
}

/// Starts a server of hyper that answers a little JSON, whatever it is asked; it ends with this process.
/// Its port on 127.0.0.1.
pub fn http_server() -> u16 {
    let (say, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            say.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (stream, _peer) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let server = hyper::server::conn::http1::Builder::new();
                let served = server.serve_connection(TokioIo::new(stream), service_fn(answer));
                // Whoever asks ends the connection as they like.
                tokio::spawn(async move { drop(served.await) });
            }
        });
    });
    hear.recv().unwrap()
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    drop(request.into_body().collect().await);
    let mut response = Response::new(Full::new(Bytes::from_static(br#"{"status":"ok"}"#)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
