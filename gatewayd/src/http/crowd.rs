//! Who leaves when there is no room: of the connections that wait for their client, the one that has
//! waited longest. So nobody keeps others out by holding connections open, however slowly something
//! arrives on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The connections of one listener.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    next: u64,
    /// Somebody waits for room.
    seeking: bool,
    /// Nobody was asked to leave for them yet.
    wanted: bool,
    /// Those that may be asked to leave, those that have waited longest first.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// One connection among the others.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    leave: Arc<Notify>,
    place: Mutex<(Phase, u64)>,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing whole has arrived on it yet.
    New,
    /// A request is being served.
    Busy,
    /// A request's body arrives.
    Arriving,
    /// Its last request was answered, or is about to be.
    Answered,
}

/// A request's body arrives until this is dropped.
pub(super) struct Arrival(Arc<Seat>);

impl Crowd {
    /// A new connection.
    pub(super) fn enter(self: &Arc<Self>) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            crowd: Arc::clone(self),
            leave: Arc::default(),
            place: Mutex::new((Phase::New, 0)),
        });
        seat.turn(Phase::New);
        seat
    }

    /// Asks the connection that has waited longest to leave; where none waits, the first that will.
    pub(super) fn make_room(&self) {
        let mut places = self.lock();
        places.seeking = true;
        places.ask();
    }

    /// Nobody waits for room any more.
    pub(super) fn has_room(&self) {
        let mut places = self.lock();
        (places.seeking, places.wanted) = (false, false);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn ask(&mut self) {
        match self.waiting.pop_first() {
            Some((_since, longest)) => longest.notify_one(),
            None => self.wanted = true,
        }
    }
}

impl Seat {
    /// What it is at from now on.
    pub(super) fn turn(&self, phase: Phase) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.crowd.lock();
        let was_waiting = places.waiting.remove(&place.1).is_some();
        let was_busy = std::mem::replace(&mut place.0, phase) == Phase::Busy;
        if phase == Phase::Busy {
            // Who was asked to leave, and is served after all, leaves the room to be found elsewhere.
            if !was_waiting && !was_busy && places.seeking {
                places.ask();
            }
            return;
        }
        if std::mem::take(&mut places.wanted) {
            self.leave.notify_one();
            return;
        }
        places.next = places.next.saturating_add(1);
        place.1 = places.next;
        let number = places.next;
        places.waiting.insert(number, Arc::clone(&self.leave));
    }

    /// What it is at.
    pub(super) fn phase(&self) -> Phase {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Returns when it is asked to leave.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    /// A request's body arrives, and may be given up, until the answer is dropped.
    pub(super) fn arrival(self: Arc<Self>) -> Arrival {
        self.turn(Phase::Arriving);
        Arrival(self)
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.0.turn(Phase::Busy);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (_phase, place) = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
        self.crowd.lock().waiting.remove(&place);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn must_leave(seat: &Seat) -> bool {
        let asked = pin!(seat.asked_to_leave());
        asked.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn who_has_waited_longest_leaves_first_and_who_is_served_stays() {
        let crowd = Arc::<Crowd>::default();
        let [first, second, third] = [(); 3].map(|()| crowd.enter());
        first.turn(Phase::Busy);
        second.turn(Phase::Busy);
        second.turn(Phase::Answered);
        crowd.make_room();
        let left = [&first, &second, &third].map(|seat| must_leave(seat));
        assert_eq!(left, [false, false, true], "the second was answered later");
        crowd.make_room();
        assert!(must_leave(&second) && !must_leave(&first));
    }

    #[test]
    fn where_all_are_served_the_next_that_waits_leaves() {
        let crowd = Arc::<Crowd>::default();
        let [one, other] = [(); 2].map(|()| crowd.enter());
        one.turn(Phase::Busy);
        other.turn(Phase::Busy);
        crowd.make_room();
        assert!(!must_leave(&one) && !must_leave(&other));
        other.turn(Phase::Answered);
        assert!(must_leave(&other) && !must_leave(&one));
        one.turn(Phase::Answered);
        assert!(!must_leave(&one), "one is enough");
        one.turn(Phase::Busy);
        crowd.make_room();
        crowd.has_room();
        one.turn(Phase::Answered);
        assert!(!must_leave(&one), "somebody else left");
    }

    #[test]
    fn a_body_that_arrives_may_be_given_up() {
        let crowd = Arc::<Crowd>::default();
        let seat = crowd.enter();
        seat.turn(Phase::Busy);
        let arrival = Arc::clone(&seat).arrival();
        assert_eq!(seat.phase(), Phase::Arriving);
        drop(arrival);
        crowd.make_room();
        crowd.has_room();
        assert!(!must_leave(&seat) && seat.phase() == Phase::Busy);
        let _arrival = Arc::clone(&seat).arrival();
        crowd.make_room();
        assert!(must_leave(&seat));
    }

    #[test]
    fn who_is_served_after_being_asked_has_another_leave() {
        let crowd = Arc::<Crowd>::default();
        let [one, other] = [(); 2].map(|()| crowd.enter());
        crowd.make_room();
        one.turn(Phase::Busy);
        assert!(must_leave(&other));
        other.turn(Phase::Busy);
        let _arrival = Arc::clone(&one).arrival();
        assert!(must_leave(&one), "nobody left yet");
        crowd.has_room();
        other.turn(Phase::Answered);
        assert!(!must_leave(&other));
    }

    #[test]
    fn who_is_gone_is_not_asked() {
        let crowd = Arc::<Crowd>::default();
        let (gone, there) = (crowd.enter(), crowd.enter());
        drop(gone);
        crowd.make_room();
        assert!(must_leave(&there));
        assert!(crowd.lock().waiting.is_empty());
    }
}
