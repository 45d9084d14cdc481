//! Says on a terminal that something takes long.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line on standard error that moves until it is dropped; nothing where that is no terminal.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts to say `what`, such as "opening the vault".
    pub(crate) fn start(what: &'static str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
            .expect("the template is a constant and well-formed");
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Says how far it is, such as "reading the journal: 5000 of 20000".
    pub(crate) fn reached(&self, what: &'static str, done: u64, all: u64) {
        self.0.set_message(format!("{what}: {done} of {all}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
