//! What each step was, how it ended and how long it took.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::shell::Failure;

/// The steps so far; shared with the hook that a panic calls.
#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<Steps>>);

#[derive(Default)]
struct Steps {
    done: Vec<Step>,
    running: Option<(String, Instant)>,
}

struct Step {
    name: String,
    outcome: Result<(), Failure>,
    took: Duration,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Does one step, and says how it ended.
    pub(crate) fn step<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("… {name}");
        let started = Instant::now();
        self.with(|steps| steps.running = Some((name.to_owned(), started)));
        let result = work();
        let outcome = result.as_ref().map(drop).map_err(Clone::clone);
        self.finish(name, outcome, started.elapsed());
        result
    }

    fn finish(&self, name: &str, outcome: Result<(), Failure>, took: Duration) {
        match &outcome {
            Ok(()) => println!("✓ {name} ({} ms)", took.as_millis()),
            Err(why) => println!("✗ {name}: {why}"),
        }
        self.with(|steps| {
            steps.running = None;
            steps.done.push(Step { name: name.to_owned(), outcome, took });
        });
    }

    pub(crate) fn all_passed(&self) -> bool {
        self.with(|steps| steps.done.iter().all(|step| step.outcome.is_ok()))
    }

    /// One line.
    pub(crate) fn to_json(&self) -> Value {
        self.with(|steps| {
            let one = |step: &Step| {
                json!({
                    "step": step.name,
                    "outcome": if step.outcome.is_ok() { "ok" } else { "failed" },
                    "error": step.outcome.as_ref().err(),
                    "duration_ms": u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX),
                })
            };
            let ok = !steps.done.is_empty() && steps.done.iter().all(|step| step.outcome.is_ok());
            json!({ "ok": ok, "steps": steps.done.iter().map(one).collect::<Vec<_>>() })
        })
    }

    /// The harness panics at what tests would not survive either: then the running step has failed.
    /// What was started is ended by the kernel with this process.
    pub(crate) fn print_on_panic(&self) {
        let report = self.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            let running = report.with(|steps| steps.running.take());
            if let Some((name, started)) = running {
                let why = panic.payload_as_str().unwrap_or("it panicked").to_owned();
                report.finish(&name, Err(why), started.elapsed());
            }
            println!("{}", report.to_json());
            end_failed();
        }));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Steps) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[expect(clippy::exit, reason = "an abort would print what happened a second time")]
fn end_failed() -> ! {
    std::process::exit(1)
}
