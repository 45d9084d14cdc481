//! Development commands: `cargo xtask demo`, `test`, `long`, `bench`, `package` and `redteam`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talks to a developer's terminal")]

mod bench;
mod demo;
mod fuzz;
mod licences;
mod long;
mod package;
mod paths;
mod redteam;
mod report;
mod shell;
mod system;
mod test;
mod units;
mod vm;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--once]   the product's main job on two local chains, for real
cargo xtask test [LAYER..]  all tests, or these layers of them
cargo xtask long [RUN..]    runs of thousands: wallet, wallets, solana, torture, kill-switch
cargo xtask bench           what a signature, a verdict and the check of a session cost, beside their parts (JSON)
cargo xtask package [--version-suffix S] [--target TRIPLE] [--json]
                            packages of the distributions, into target/package
cargo xtask redteam [--requests N] [--kills K] [--seed S] [--json]
                            a hostile gateway: what left the wallets beside what was printed
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["bench"] => bench::run(),
        ["demo"] => demo::run(demo::Ending::Stay),
        ["demo", "--once"] => demo::run(demo::Ending::Once),
        ["long", runs @ ..] => long::run(runs),
        ["package", options @ ..] => package::run(options),
        ["redteam", options @ ..] => redteam::run(options),
        ["test", layers @ ..] => test::run(layers),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
