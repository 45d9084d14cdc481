//! Development commands: `cargo xtask demo`, `test`, `long`, `bench`, `soak`, `sim`, `package` and `redteam`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talks to a developer's terminal")]

mod alerts;
mod bench;
mod demo;
mod fuzz;
mod licences;
mod long;
mod package;
mod paths;
mod redteam;
mod report;
mod rig;
mod shell;
mod sim;
mod soak;
mod system;
mod test;
mod units;
mod vm;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--once]   the product's main job on two local chains, for real
cargo xtask test [LAYER..]  all tests, or these layers of them
cargo xtask long [RUN..]    runs of thousands: wallet, wallets, solana, torture, kill-switch, sim, fuzz
cargo xtask bench [PART..] [--json]
                            what signatures, answers, payments, verdicts and the daemons cost, beside their parts
cargo xtask package [--version-suffix S] [--target TRIPLE] [--json]
                            packages of the distributions, into target/package
cargo xtask redteam [--requests N] [--kills K] [--seed S] [--json]
                            a hostile gateway: what left the wallets beside what was printed
cargo xtask sim [--ops N] [--seed S] [--events] [--json]
                            both daemons in a world that a seed decides (docs/simulation.md)
cargo xtask soak [--sends N] [--json]
                            hours of a busy installation: what may not grow, and what a payment adds
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bench", words @ ..] => bench::run(words),
        ["demo"] => demo::run(demo::Ending::Stay),
        ["demo", "--once"] => demo::run(demo::Ending::Once),
        ["long", runs @ ..] => long::run(runs),
        ["package", options @ ..] => package::run(options),
        ["redteam", options @ ..] => redteam::run(options),
        ["sim", options @ ..] => sim::run(options),
        ["soak", options @ ..] => soak::run(options),
        ["test", layers @ ..] => test::run(layers),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
