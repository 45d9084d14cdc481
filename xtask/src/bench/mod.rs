//! `cargo xtask bench`: what the daemons cost, beside what their parts cost bare, in the same run.
//!
//! Medians. Machines are shared and noisy: compare the ratios.

mod examples;
mod figure;
mod footprint;
mod gateway;
mod raw;
mod sends;
mod signer;
mod stopwatch;

use std::process::ExitCode;

use tests::daemons::Place;
use tests::process::Build;

use crate::rig;
use crate::shell::Failure;
use figure::Figure;
use raw::Raw;

/// What is measured together.
struct Part {
    name: &'static str,
    measure: fn(&Raw) -> Result<Vec<Figure>, Failure>,
}

#[rustfmt::skip]
static PARTS: &[Part] = &[
    Part { name: "signer",    measure: signer::measure },
    Part { name: "core",      measure: examples::core },
    Part { name: "gateway",   measure: gateway::measure },
    Part { name: "sends",     measure: sends::measure },
    Part { name: "judgement", measure: examples::judgement },
    Part { name: "sessions",  measure: examples::sessions },
    Part { name: "metrics",   measure: examples::metrics },
    Part { name: "footprint", measure: footprint::measure },
];

/// Measures all parts, or these, and prints a table, or one JSON document with `--json`. It is done
/// by a release build, as the daemons are, or the bare parts would flatter them.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    if cfg!(debug_assertions) {
        return ended(rig::in_release("bench", words));
    }
    let (options, names): (Vec<&str>, Vec<&str>) =
        words.iter().partition(|word| word.starts_with('-'));
    let is_json = match options.as_slice() {
        [] => false,
        ["--json"] => true,
        _ => return ended(Err(format!("bench knows `--json`, and not `{}`", options.join(" ")))),
    };
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return ended(Err(format!("no part `{unknown}`; there are {}", known.join(", "))));
    }
    ended(measure(&names).map(|figures| {
        if is_json {
            println!("{:#}", figure::to_json(&figures));
        } else {
            print!("{}", figure::to_table(&figures));
        }
    }))
}

fn ended(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(names: &[&str]) -> Result<Vec<Figure>, Failure> {
    let raw = Raw::measure(&Place::for_build(Build::Release))?;
    let mut figures = raw.figures();
    for part in PARTS.iter().filter(|part| names.is_empty() || names.contains(&part.name)) {
        eprintln!("… {}", part.name);
        figures.extend((part.measure)(&raw)?);
    }
    Ok(figures)
}
