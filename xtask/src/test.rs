//! `cargo xtask test`: every layer of tests, and what each cost.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::licences::Rules;
use crate::shell::{Failure, call, cargo, has, need, output, program, root};

/// How a layer ended.
enum Outcome {
    Passed,
    /// It could not be run here, and why. Never silent, and an error where `CI=true`.
    Skipped(String),
    Failed(Failure),
}

/// A layer of tests.
struct Layer {
    name: &'static str,
    run: fn() -> Outcome,
}

/// In the order that finds mistakes soonest; the longest last.
#[rustfmt::skip]
static LAYERS: &[Layer] = &[
    Layer { name: "format",      run: format },
    Layer { name: "licences",    run: licences },
    Layer { name: "signer-deps", run: signer_dependencies },
    Layer { name: "scripts",     run: scripts },
    Layer { name: "units",       run: units },
    Layer { name: "alerts",      run: alerts },
    Layer { name: "nodes",       run: nodes },
    Layer { name: "lint",        run: lint },
    Layer { name: "docs",        run: docs },
    Layer { name: "build",       run: build },
    Layer { name: "doc-tests",   run: doc_tests },
    Layer { name: "fuzz",        run: fuzz },
    Layer { name: "paths",       run: paths },
    Layer { name: "sim",         run: sim },
    Layer { name: "tests",       run: tests },
    Layer { name: "package",     run: package },
    Layer { name: "system",      run: system },
    Layer { name: "vm",          run: vm },
];

/// Runs the layers of these names, or all of them; prints what became of each.
pub(crate) fn run(names: &[&str]) -> ExitCode {
    if let Some(unknown) =
        names.iter().find(|name| !LAYERS.iter().any(|layer| layer.name == **name))
    {
        eprintln!("no layer `{unknown}`; there are {}", layer_names());
        return ExitCode::from(2);
    }
    let chosen = LAYERS.iter().filter(|layer| names.is_empty() || names.contains(&layer.name));
    let started = Instant::now();
    let results: Vec<_> = chosen.map(run_layer).collect();
    print!("{}", summary(&results, started.elapsed()));
    let failed = |outcome: &Outcome| match outcome {
        Outcome::Passed => false,
        Outcome::Skipped(_) => tests::process::in_ci(),
        Outcome::Failed(_) => true,
    };
    ExitCode::from(u8::from(results.iter().any(|(_, outcome, _)| failed(outcome))))
}

fn layer_names() -> String {
    LAYERS.iter().map(|layer| layer.name).collect::<Vec<_>>().join(", ")
}

fn run_layer(layer: &Layer) -> (&'static str, Outcome, Duration) {
    println!("\n== {} ==", layer.name);
    let started = Instant::now();
    let outcome = (layer.run)();
    match &outcome {
        Outcome::Passed => {}
        Outcome::Skipped(why) => println!("SKIPPED {}: {why}", layer.name),
        Outcome::Failed(why) => println!("FAILED {}: {why}", layer.name),
    }
    (layer.name, outcome, started.elapsed())
}

fn summary(results: &[(&str, Outcome, Duration)], total: Duration) -> String {
    let mut text = String::from("\n");
    let [mut passed, mut skipped, mut failed] = [0_u32; 3];
    for (name, outcome, took) in results {
        let (count, word, why) = match outcome {
            Outcome::Passed => (&mut passed, "passed", ""),
            Outcome::Skipped(why) => (&mut skipped, "SKIPPED", why.as_str()),
            Outcome::Failed(why) => (&mut failed, "FAILED", why.as_str()),
        };
        *count += 1;
        writeln!(text, "{name:<12} {word:<8} {:>7.1} s  {why}", took.as_secs_f32())
            .expect("a string takes everything");
    }
    writeln!(
        text,
        "layers: {passed} passed, {failed} failed, {skipped} skipped in {:.1} s",
        total.as_secs_f32()
    )
    .expect("a string takes everything");
    text
}

impl From<Result<(), Failure>> for Outcome {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(why) => Self::Failed(why),
        }
    }
}

fn format() -> Outcome {
    run_cargo("fmt --all --check")
}

fn lint() -> Outcome {
    run_cargo("clippy --workspace --all-targets --locked -- -D warnings")
}

fn build() -> Outcome {
    run_cargo("build --workspace --bins --locked")
}

fn doc_tests() -> Outcome {
    run_cargo("test --workspace --doc --locked")
}

fn run_cargo(arguments: &str) -> Outcome {
    call(&mut cargo(arguments)).into()
}

fn docs() -> Outcome {
    let mut command = cargo("doc --workspace --no-deps --locked --document-private-items");
    call(command.env("RUSTDOCFLAGS", "-D warnings")).into()
}

/// What the tests call: a browser, an agent's HTTP as the documents have it, faults injected into a start, a TPM,
/// sockets as the service manager hands them over.
const CALLED: &[(&str, &str)] = &[
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("promtool", "prometheus"),
    ("strace", "strace"),
    ("swtpm", "swtpm"),
    ("systemd-socket-activate", "systemd"),
];

/// Unit, property, boundary, end-to-end and tidy tests.
fn tests() -> Outcome {
    if !tests::process::is_root() {
        println!("some tests need root and are left out; each says so in its own output");
    }
    for missing in CALLED.iter().filter_map(|(tool, package)| need(tool, package).err()) {
        println!("{missing}: what calls it fails or is left out");
    }
    if has(cargo("nextest").arg("--version")) {
        return run_cargo("nextest run --workspace --exclude sim --locked --profile ci");
    }
    println!("cargo-nextest is missing (cargo install cargo-nextest --locked): using cargo test,");
    println!("which keeps no time limits and runs fewer tests at once");
    run_cargo("test --workspace --exclude sim --locked --no-fail-fast --lib --bins --tests")
}

/// Each fuzz target for some seconds.
fn fuzz() -> Outcome {
    crate::fuzz::smoke().into()
}

/// A short simulation. Its tokio has a clock that can be stopped, which nothing else is to be built with.
fn sim() -> Outcome {
    run_cargo("test --quiet --package sim --example sim --locked")
}

/// What the hot paths cost, in instructions.
fn paths() -> Outcome {
    if let Err(missing) = need("valgrind", "valgrind") {
        return Outcome::Skipped(missing);
    }
    crate::paths::check().into()
}

fn licences() -> Outcome {
    check_licences().into()
}

fn check_licences() -> Result<(), Failure> {
    let text =
        std::fs::read_to_string(root().join("deny.toml")).map_err(|error| error.to_string())?;
    let tree = "tree --workspace --edges normal,build,dev --prefix none --format {p}|{l} --locked";
    let findings = Rules::from_toml(&text)?.findings(&output(&mut cargo(tree))?);
    if !findings.is_empty() {
        return Err(findings.into_iter().collect::<Vec<_>>().join("; "));
    }
    if has(cargo("deny").arg("--version")) {
        call(&mut cargo("deny check bans licenses sources"))?;
    }
    Ok(())
}

/// `signerd/deps.txt` lists every crate that is linked into the signer.
fn signer_dependencies() -> Outcome {
    compare_signer_dependencies().into()
}

fn compare_signer_dependencies() -> Result<(), Failure> {
    let listed = std::fs::read_to_string(root().join("signerd/deps.txt"))
        .map_err(|error| format!("signerd/deps.txt: {error}"))?;
    let tree = "tree -p signerd -e normal,no-proc-macro --prefix none --no-dedupe --locked";
    let tree = output(&mut cargo(tree))?;
    let mut linked: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    linked.sort_unstable();
    linked.dedup();
    let listed: Vec<&str> = listed.lines().filter(|line| !line.starts_with('#')).collect();
    let new = linked.iter().filter(|name| !listed.contains(name)).map(|name| format!("+{name}"));
    let gone = listed.iter().filter(|name| !linked.contains(name)).map(|name| format!("-{name}"));
    let changes: Vec<_> = new.chain(gone).collect();
    if changes.is_empty() {
        Ok(())
    } else {
        Err(format!("signerd/deps.txt: {}", changes.join(" ")))
    }
}

/// What is installed: the packages, made and looked into.
fn package() -> Outcome {
    if let Some(missing) = crate::package::check::missing() {
        return Outcome::Skipped(missing);
    }
    match crate::package::check::run() {
        Ok(skipped) if skipped.is_empty() => Outcome::Passed,
        Ok(skipped) => Outcome::Skipped(skipped.join("; ")),
        Err(why) => Outcome::Failed(why),
    }
}

fn scripts() -> Outcome {
    if let Err(missing) = need("shellcheck", "shellcheck") {
        return Outcome::Skipped(missing);
    }
    let deb =
        ["preinst", "postinst", "prerm", "postrm"].map(|name| format!("packaging/deb/{name}"));
    let rpm = ["pre", "post", "preun", "postun"].map(|name| format!("packaging/rpm/{name}"));
    let checked = call(program("shellcheck").arg(".ci/run").arg(crate::vm::script()).args(deb));
    checked.and_then(|()| call(program("shellcheck").arg("--shell=sh").args(rpm))).into()
}

/// The package on booted Debian 12 and 13.
fn system() -> Outcome {
    if !tests::process::is_root() {
        return Outcome::Skipped("only root can boot a container".to_owned());
    }
    crate::system::test().into()
}

/// The package on a stock kernel of Debian 12 in a virtual machine.
fn vm() -> Outcome {
    if !tests::process::is_root() {
        return Outcome::Skipped("only root can make a tree of Debian".to_owned());
    }
    match crate::vm::test() {
        Ok(None) => Outcome::Passed,
        Ok(Some(skipped)) => Outcome::Skipped(skipped),
        Err(why) => Outcome::Failed(why),
    }
}

/// What systemd and AppArmor are told, checked by their own tools.
fn units() -> Outcome {
    match crate::units::check() {
        Ok(None) => Outcome::Passed,
        Ok(Some(skipped)) => Outcome::Skipped(skipped),
        Err(why) => Outcome::Failed(why),
    }
}

/// What Prometheus and Grafana are told, checked by Prometheus' own tool.
fn alerts() -> Outcome {
    if let Err(missing) = need("promtool", "prometheus") {
        return Outcome::Skipped(missing);
    }
    crate::alerts::check().into()
}

/// The chain nodes, tried with the chains' own clients.
fn nodes() -> Outcome {
    let installed = tests::nodes::install().map_err(|why| why.clone());
    let tested = installed
        .and_then(|()| call(program("node").arg("--test").current_dir(tests::nodes::directory())));
    tested.into()
}
