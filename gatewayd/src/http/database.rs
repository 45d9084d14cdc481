//! `/v1/admin/database`: a copy of the database for a backup, and back. As a stream in both
//! directions, so that its size does not matter.

use std::fs::File;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use api::{DatabaseTakenOver, ErrorCode};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::body::{Done, Query};
use super::problem::Problem;
use crate::app::App;
use crate::session::Master;
use crate::store::{DatabaseCopy, StoreError, TakenOver};
use crate::usecase::copy_database::copy_database;
use crate::usecase::restore_database::restore_database;

/// Bytes that are read or written at a time.
const PIECE: usize = 256 << 10;
/// Pieces that wait for the slower side.
const WAITING: usize = 4;
/// How long a piece may take that arrives.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a piece may wait to be taken: a backup asks for the database, and reads the signer's whole
/// journal before it takes the first.
const PATIENCE_WITH_BACKUPS: Duration = Duration::from_mins(30);
/// The largest database that is taken over, in bytes: 64 GiB.
const LARGEST: u64 = 64 << 30;

/// Which backup it is of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    backup: String,
}

/// A file as the body of an answer.
struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    left: u64,
}

pub(super) async fn copy(State(app): State<Arc<App>>, master: Master) -> Result<Response, Problem> {
    let copy = copy_database(&app, &master).await.map_err(refused)?;
    let length = copy.length;
    let (give, pieces) = mpsc::channel(WAITING);
    tokio::spawn(async move { read_out(copy, &give, PATIENCE_WITH_BACKUPS).await });
    let mut response = Body::new(Pieces { pieces, left: length }).into_response();
    let kind = HeaderValue::from_static("application/vnd.sqlite3");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

pub(super) async fn take_over(
    State(app): State<Arc<App>>,
    master: Master,
    Query(from): Query<From>,
    request: Request,
) -> Result<Done<DatabaseTakenOver>, Problem> {
    if !is_name(&from.backup) {
        return Err(Problem::invalid("backup: 64 digits in hexadecimal"));
    }
    let incoming = app.store.incoming().map_err(refused)?;
    let file = incoming.create().map_err(refused)?;
    receive(request.into_body(), file).await?;
    let taken = restore_database(&app, &master, incoming, from.backup).await.map_err(refused)?;
    Ok(Done(DatabaseTakenOver { already: taken == TakenOver::Before }))
}

fn is_name(text: &str) -> bool {
    text.len() == 64
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Reads as long as somebody takes the pieces, each within `patience`: while the copy is there no other
/// is made.
pub(super) async fn read_out(
    mut copy: DatabaseCopy,
    give: &mpsc::Sender<io::Result<Bytes>>,
    patience: Duration,
) {
    let mut left = copy.length;
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; length];
            let read = copy.file.read_exact(&mut piece).map(|()| Bytes::from(piece));
            (copy, read)
        });
        let Ok((next, read)) = reading.await else { return };
        copy = next;
        let failed = read.is_err();
        let taken = tokio::time::timeout(patience, give.send(read)).await;
        if failed || !matches!(taken, Ok(Ok(()))) {
            return;
        }
        left = left.saturating_sub(u64::try_from(length).unwrap_or(left));
    }
}

async fn receive(mut body: Body, file: File) -> Result<(), Problem> {
    let (give, pieces) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write_down(file, pieces));
    let mut length = 0_u64;
    loop {
        let next = tokio::time::timeout(PATIENCE, body.frame()).await;
        let next = next.map_err(|_elapsed| Problem::invalid("the database did not arrive"))?;
        let Some(frame) = next else { break };
        let frame = frame.map_err(|error| Problem::invalid(format!("the body broke: {error}")))?;
        let Ok(piece) = frame.into_data() else { continue };
        length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if length > LARGEST {
            return Err(Problem::invalid("the database is longer than any of this program"));
        }
        if give.send(piece).await.is_err() {
            break; // The disk failed, which the task says.
        }
    }
    drop(give);
    let written = writing.await.map_err(|error| Problem::internal(&error))?;
    written.map_err(|error| refused(StoreError::NotCopied(error)))
}

fn write_down(mut file: File, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<()> {
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
    }
    file.sync_all()
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = std::task::ready!(self.pieces.poll_recv(context));
        if let Some(Ok(piece)) = &next {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.left = self.left.saturating_sub(length);
        }
        Poll::Ready(next.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// What an operator is told of a database that cannot be copied or taken over.
fn refused(error: StoreError) -> Problem {
    let message = error.to_string();
    match error {
        StoreError::CopyUnderWay | StoreError::Locked => {
            Problem::new(ErrorCode::RateLimited, message).retry_after(10)
        }
        StoreError::NotCopied(source) => {
            Problem::new(ErrorCode::InternalError, format!("{message}: {source}"))
                .hint("it needs as much room again as the database has")
        }
        StoreError::InUse => Problem::new(ErrorCode::InvalidStateTransition, message).hint(
            "stop the gateway, move gateway.db and what begins with its name out of its state \
             directory, and start it again",
        ),
        StoreError::Alien => Problem::new(ErrorCode::InvalidBackupFormat, message),
        StoreError::Newer { .. } => Problem::new(ErrorCode::UnsupportedBackupVersion, message),
        StoreError::Damaged { .. } => Problem::new(ErrorCode::BackupCorrupted, message),
        StoreError::InMemory => Problem::new(ErrorCode::InvalidStateTransition, message),
        error @ (StoreError::Open { .. }
        | StoreError::Full { .. }
        | StoreError::NoDatabase { .. }
        | StoreError::Sqlite(_)
        | StoreError::Corrupt { .. }
        | StoreError::IllegalTransition { .. }
        | StoreError::Overflow
        | StoreError::NotDurable { .. }
        | StoreError::Closed) => Problem::internal(&error),
    }
}
