//! `cargo xtask demo`: the product's main job for real, on two local chains.

mod page;
mod road;

use std::io::Read as _;
use std::process::ExitCode;

use tests::stage::Stage;

use crate::report::Report;
use crate::shell::{Failure, call, cargo, need};

/// Whether the installation stays up afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Until Enter is pressed, or Ctrl-C.
    Stay,
    /// It ends with the last step.
    Once,
}

/// Walks the whole road. The last line is the report as one JSON object.
pub(crate) fn run(ending: Ending) -> ExitCode {
    let report = Report::new();
    report.print_on_panic();
    let walked = walk(&report, ending);
    println!("{}", report.to_json());
    match walked {
        Ok(()) if report.all_passed() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn walk(report: &Report, ending: Ending) -> Result<(), Failure> {
    report.step("build", build)?;
    report.step("chain nodes' packages", tests::nodes::install)?;
    let stage = report.step("start two chains and both daemons", || Ok(Stage::start()))?;
    let road = road::Road::prepare(report, &stage)?;
    road.walk(report);
    page::walk(report, &stage);
    if ending == Ending::Stay {
        road.say_what_to_try();
        wait_for_enter();
    }
    Ok(())
}

fn build() -> Result<(), Failure> {
    need("node", "nodejs")?;
    need("npm", "npm")?;
    call(&mut cargo("build --quiet --workspace --bins --locked"))
}

/// Where there is nobody to press a key, until a signal ends everything.
fn wait_for_enter() {
    if std::io::stdin().read(&mut [0]).is_ok_and(|count| count > 0) {
        return;
    }
    loop {
        std::thread::park();
    }
}
