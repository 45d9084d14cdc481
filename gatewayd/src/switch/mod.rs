//! The gateway's own kill switch, as every task sees it: whether anything may leave now.
//!
//! It stands in the database ([`crate::store::kill_switch`]) and here. Here it closes first, so that
//! nothing leaves while the signer is told and the database written; it opens last. What sends bytes
//! takes a last look before each time, and is broken off when the switch falls.

#[cfg(test)]
mod random;
#[cfg(test)]
mod scenes;
pub mod watch;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::Latch;
use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, watch as channel};

use crate::tx::Problem;

/// The switch; clones are the same one.
#[derive(Clone, Debug)]
pub struct Switch(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    position: channel::Sender<Position>,
    /// Held by each who sends; taken alone, nobody does.
    leaving: RwLock<()>,
    /// Held by who changes what the database says.
    changing: Mutex<()>,
    /// Those who let it fall and have not stored that yet.
    falling: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    latch: Latch,
    /// How often it has fallen: who opens it opens only what was closed when it began.
    falls: u64,
}

/// Nothing leaves: the switch has fallen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kill switch is {0}: nothing is signed or sent until it is lifted")]
pub struct Stopped(pub Latch);

/// The right to send once; the switch waits until it is given back.
#[derive(Debug)]
pub struct Leave<'a> {
    switch: &'a Switch,
    _held: RwLockReadGuard<'a, ()>,
}

/// The right to change what the database says, and how things stood when it was given.
#[derive(Debug)]
pub struct Change<'a> {
    switch: &'a Switch,
    falls: u64,
    _held: MutexGuard<'a, ()>,
}

/// Somebody lets the switch fall, and stores that before this ends.
#[derive(Debug)]
pub(crate) struct Falling<'a>(&'a AtomicUsize);

/// The code of what the switch has stopped.
pub(crate) const KILL_SWITCH_ACTIVE: &str = "KILL_SWITCH_ACTIVE";

impl Switch {
    /// One that stands as the database says.
    pub fn new(latch: Latch) -> Self {
        let position = channel::Sender::new(Position { latch, falls: 0 });
        Self(Arc::new(Parts {
            position,
            leaving: RwLock::new(()),
            changing: Mutex::new(()),
            falling: AtomicUsize::new(0),
        }))
    }

    /// Where it stands.
    pub fn latch(&self) -> Latch {
        self.0.position.borrow().latch
    }

    /// Whether anything may be begun.
    ///
    /// # Errors
    /// When it has fallen.
    pub fn check(&self) -> Result<(), Stopped> {
        match self.latch() {
            Latch::Active => Ok(()),
            latch @ (Latch::Suspended | Latch::Locked) => Err(Stopped(latch)),
        }
    }

    /// How often it has fallen until now, for [`Self::last_look`].
    pub fn falls(&self) -> u64 {
        self.0.position.borrow().falls
    }

    /// The last look before something is sent that was read from the database after so many falls:
    /// what is older may have been called off by a fall since, though the switch was lifted again.
    ///
    /// # Errors
    /// When the switch has fallen since then.
    pub fn last_look(&self, falls: u64) -> Result<Leave<'_>, Stopped> {
        // Only who has let it fall waits to be alone, so that others need not look any more.
        let held = self.0.leaving.try_read();
        self.check()?;
        match held {
            Ok(held) if self.falls() == falls => Ok(Leave { switch: self, _held: held }),
            Ok(_) | Err(_) => Err(Stopped(Latch::Suspended)),
        }
    }

    /// Lets it fall at once, in memory alone, at least to `latch`. When this returns, nobody sends.
    pub(crate) async fn fall(&self, latch: Latch) {
        self.0.position.send_modify(|position| {
            position.latch = position.latch.max(latch);
            position.falls = position.falls.saturating_add(1);
        });
        drop(self.0.leaving.write().await);
    }

    /// Has [`watch`] leave to the caller what the signer says from now on.
    pub(crate) fn falling(&self) -> Falling<'_> {
        self.0.falling.fetch_add(1, Ordering::SeqCst);
        Falling(&self.0.falling)
    }

    /// Whether somebody lets it fall and has not stored that yet.
    fn is_falling(&self) -> bool {
        self.0.falling.load(Ordering::SeqCst) > 0
    }

    /// Waits for who changes it now.
    pub(crate) async fn change(&self) -> Change<'_> {
        let held = self.0.changing.lock().await;
        Change { switch: self, falls: self.0.position.borrow().falls, _held: held }
    }

    async fn has_fallen(&self) {
        let mut position = self.0.position.subscribe();
        // The sender lives as long as this does.
        let fallen = position.wait_for(|position| position.latch != Latch::Active).await;
        drop(fallen);
    }
}

impl Leave<'_> {
    /// Sends, unless the switch falls meanwhile: then it is broken off, and what was sent is not
    /// known.
    ///
    /// # Errors
    /// When the switch fell.
    pub async fn send<T>(self, sending: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            () = self.switch.has_fallen() => Err(Stopped(self.switch.latch())),
            sent = sending => Ok(sent),
        }
    }
}

impl Change<'_> {
    /// Opens it, or sets it to what the database says otherwise, unless it fell again since the
    /// right to change it was given: who let it fall waits for that right.
    pub(crate) fn set(&self, latch: Latch) {
        self.switch.0.position.send_if_modified(|position| {
            let is_ours = position.falls == self.falls;
            if is_ours {
                position.latch = latch;
            }
            is_ours
        });
    }
}

impl Drop for Falling<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stopped {
    /// As a transaction shows it.
    pub(crate) fn problem(self) -> Problem {
        Problem::new(KILL_SWITCH_ACTIVE, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn what_is_being_sent_is_broken_off_and_nothing_is_begun_afterwards() {
        let switch = Switch::new(Latch::Active);
        assert_eq!(switch.check(), Ok(()));
        let sent = switch.last_look(0).unwrap().send(async { 7 }).await;
        assert_eq!(sent, Ok(7));

        let sender = switch.clone();
        let sending = tokio::spawn(async move {
            let leave = sender.last_look(0).unwrap();
            leave.send(pending::<()>()).await
        });
        tokio::task::yield_now().await;
        switch.fall(Latch::Suspended).await;
        assert_eq!(sending.await.unwrap(), Err(Stopped(Latch::Suspended)));
        assert_eq!(switch.last_look(1).unwrap_err(), Stopped(Latch::Suspended));
        assert_eq!(switch.check(), Err(Stopped(Latch::Suspended)));
    }

    #[tokio::test]
    async fn who_looked_before_it_fell_and_has_sent_nothing_yet_sends_nothing() {
        let switch = Switch::new(Latch::Active);
        let leave = switch.last_look(0).unwrap();
        let falling = switch.clone();
        let falling = tokio::spawn(async move { falling.fall(Latch::Suspended).await });
        while switch.check().is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!falling.is_finished(), "it waits for who has looked");
        let sent = leave.send(async { panic!("sent after the fall") }).await;
        assert_eq!(sent, Err::<(), _>(Stopped(Latch::Suspended)));
        falling.await.unwrap();
    }

    #[tokio::test]
    async fn it_is_never_made_looser_by_falling() {
        let switch = Switch::new(Latch::Locked);
        switch.fall(Latch::Suspended).await;
        assert_eq!(switch.latch(), Latch::Locked);
    }

    #[tokio::test]
    async fn who_opens_it_does_not_open_what_fell_meanwhile() {
        let switch = Switch::new(Latch::Suspended);
        let change = switch.change().await;
        switch.fall(Latch::Suspended).await;
        change.set(Latch::Active);
        assert_eq!(switch.latch(), Latch::Suspended);
        drop(change);
        switch.change().await.set(Latch::Active);
        assert_eq!(switch.latch(), Latch::Active);
    }

    #[tokio::test]
    async fn what_was_read_before_a_fall_is_not_sent_when_the_switch_is_lifted() {
        let switch = Switch::new(Latch::Active);
        let before = switch.falls();
        switch.fall(Latch::Suspended).await;
        switch.change().await.set(Latch::Active);
        assert!(switch.last_look(before).is_err());
        assert!(switch.last_look(switch.falls()).is_ok());
    }
}
