//! Who asked: what is known of a request, carried beside the work that it causes, so that the audit
//! trail has it without every function passing it on.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::clock::UnixSeconds;
use crate::store::audit::{Actor, AuditEntry};

tokio::task_local! {
    /// Of the request that this task serves. Tasks that it starts do not have it, unless it is
    /// carried into them.
    static ASKER: Arc<Asker>;
}

/// Bytes of a path that are written down.
const MAX_PATH: usize = 256;

/// One request, as far as the audit trail tells of it.
#[derive(Debug)]
pub struct Asker {
    /// When it arrived.
    pub at: UnixSeconds,
    /// Its id, as the answer has it.
    pub request_id: String,
    /// Where it came from.
    pub connection: Connection,
    method: String,
    path: String,
    actor: OnceLock<Actor>,
    recorded: AtomicBool,
}

/// The other end of a connection, as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connection {
    /// An address.
    Tcp(IpAddr),
    /// A Unix user at the operators' socket.
    Socket(Option<u32>),
}

impl Asker {
    /// A request of that id, method and path, which arrived at `at`.
    pub fn new(
        connection: Connection,
        at: UnixSeconds,
        request_id: &str,
        (method, path): (&str, &str),
    ) -> Arc<Self> {
        let end = path.floor_char_boundary(MAX_PATH);
        Arc::new(Self {
            at,
            request_id: request_id.to_owned(),
            connection,
            method: method.to_owned(),
            path: path.get(..end).unwrap_or_default().to_owned(),
            actor: OnceLock::new(),
            recorded: AtomicBool::new(false),
        })
    }

    /// Of the request that this is called for, if it is called for one.
    pub fn current() -> Option<Arc<Self>> {
        ASKER.try_with(Arc::clone).ok()
    }

    /// Does `work` on behalf of this request.
    pub async fn carry<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        ASKER.scope(self, work).await
    }

    /// `work` for a task of its own, on behalf of the request that this is called for, if it is.
    pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let asker = Self::current();
        async move {
            match asker {
                Some(asker) => asker.carry(work).await,
                None => work.await,
            }
        }
    }

    /// From now on it is known who asks; said once.
    pub fn identify(&self, actor: Actor) {
        // Who was let in is not let in again as somebody else.
        let _first = self.actor.set(actor);
    }

    /// Who asks, as far as it is known.
    pub fn actor(&self) -> Actor {
        self.actor.get().copied().unwrap_or(Actor::Unknown)
    }

    /// Whether the trail has an entry of this request.
    pub fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Says whether the trail has one; the answer before.
    pub(crate) fn set_recorded(&self, recorded: bool) -> bool {
        self.recorded.swap(recorded, Ordering::Relaxed)
    }

    /// What is written of a change that nothing else was written of. Reading changes nothing that
    /// anybody would look for.
    pub(crate) fn change(&self) -> Option<AuditEntry> {
        let reads = ["GET", "HEAD"].contains(&self.method.as_str());
        (!reads && !self.is_recorded()).then(|| self.entry("STATE_CHANGED"))
    }

    /// An entry about the request itself.
    pub fn entry(&self, event: &'static str) -> AuditEntry {
        let entry = AuditEntry::new(self.at, event, self.actor());
        entry.detail("method", &self.method).detail("path", &self.path)
    }
}
