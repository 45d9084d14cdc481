//! The machine of the signer: how long it is up, and what its clock shows.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use signerd::clock::TimeSource;

/// The clocks of a machine; clones are of the same one.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    boot: Rc<Cell<u8>>,
    uptime_s: Rc<Cell<u64>>,
    wall_s: Rc<Cell<u64>>,
}

impl Machine {
    pub(crate) fn new(wall_s: u64) -> Self {
        let new = |seconds| Rc::new(Cell::new(seconds));
        Self { boot: Rc::new(Cell::new(1)), uptime_s: new(3600), wall_s: new(wall_s) }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.uptime_s.set(self.uptime_s.get() + seconds);
        self.wall_s.set(self.wall_s.get() + seconds);
    }

    /// Somebody sets the system's clock.
    pub(crate) fn set_wall(&self, wall_s: u64) {
        self.wall_s.set(wall_s);
    }

    pub(crate) fn wall_s(&self) -> u64 {
        self.wall_s.get()
    }

    /// The power was gone.
    pub(crate) fn reboot(&self) {
        self.boot.set(self.boot.get().wrapping_add(1).max(1));
        self.uptime_s.set(60);
    }
}

impl TimeSource for Machine {
    fn boot(&self) -> [u8; 16] {
        [self.boot.get(); 16]
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.uptime_s.get())
    }

    fn wall(&self) -> Duration {
        Duration::from_secs(self.wall_s.get())
    }
}
