//! `doctor`: looks at everything that has to be right, and says what to do where it is not. Facts are gathered
//! first, with what could not be seen among them; each check is a function of the facts alone.

mod daemons;
mod facts;
mod files;
mod host;
mod machine;
mod safety;
mod service;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::facts::{Facts, Seen};
use super::Operation;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::view::View;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// As it should be.
    Ok,
    /// It could not be looked at.
    Unseen,
    /// It works, and something should be done.
    Warning,
    /// It does not work, or is not safe.
    Problem,
}

/// What a check found, and what to do about it.
#[derive(Clone, Debug)]
struct Finding {
    grade: Grade,
    found: String,
    advice: Option<String>,
}

/// One thing to look at.
struct Check(&'static str, fn(&Facts) -> Vec<Finding>);

/// Everything that is looked at, in the order in which it is shown.
const CHECKS: &[Check] = &[
    Check("units", service::units),
    Check("signerd", service::signer_answers),
    Check("gatewayd", service::gateway_answers),
    Check("versions", service::versions),
    Check("files", machine::files),
    Check("sandbox", service::sandbox),
    Check("confinement", service::confinement),
    Check("kernel", machine::kernel),
    Check("secret memory", machine::secret_memory),
    Check("core dumps", machine::core_dumps),
    Check("clock", machine::clock),
    Check("disk", machine::disk),
    Check("networks", service::networks),
    Check("vault", safety::vault),
    Check("unattended", safety::unattended),
    Check("recovery file", safety::recovery_file),
    Check("backups", safety::backups),
    Check("journal", safety::journal),
    Check("witness", safety::witness),
    Check("signing", safety::latch),
    Check("dead man", safety::dead_man),
    Check("guards", safety::guards),
];

impl Finding {
    fn ok(found: impl Into<String>) -> Vec<Self> {
        vec![Self { grade: Grade::Ok, found: found.into(), advice: None }]
    }

    fn one(grade: Grade, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { grade, found: found.into(), advice: Some(advice.into()) }
    }

    fn warning(found: impl Into<String>, advice: impl Into<String>) -> Vec<Self> {
        vec![Self::one(Grade::Warning, found, advice)]
    }

    fn problem(found: impl Into<String>, advice: impl Into<String>) -> Vec<Self> {
        vec![Self::one(Grade::Problem, found, advice)]
    }
}

/// Judges what was seen, or says that it was not.
fn seen<T>(fact: &Seen<T>, judge: impl FnOnce(&T) -> Vec<Finding>) -> Vec<Finding> {
    match fact {
        Ok(fact) => judge(fact),
        Err(why) => {
            let found = format!("not seen: {why}");
            vec![Finding { grade: Grade::Unseen, found, advice: None }]
        }
    }
}

/// Looks at everything.
pub(super) fn run(operation: &Operation) -> View {
    let progress = Progress::start("looking at everything");
    let facts = facts::gather(operation);
    drop(progress);
    report(&facts)
}

fn report(facts: &Facts) -> View {
    let findings: Vec<(&str, Finding)> = CHECKS
        .iter()
        .flat_map(|Check(name, judge)| judge(facts).into_iter().map(|finding| (*name, finding)))
        .collect();
    let count = |grade| findings.iter().filter(|(_, finding)| finding.grade == grade).count();
    let (problems, warnings) = (count(Grade::Problem), count(Grade::Warning));
    let json = json!({
        "problems": problems,
        "warnings": warnings,
        "unseen": count(Grade::Unseen),
        "checks": findings.iter().map(to_json).collect::<Vec<_>>(),
    });
    let mut table = Table::new([Column::left("CHECK"), Column::left("IS"), Column::left("FOUND")]);
    for (name, finding) in &findings {
        table.row([(*name).to_owned(), finding.grade.word().to_owned(), finding.found.clone()]);
    }
    let mut view = View::new(json).table(table);
    for line in advice(&findings) {
        view = view.line(line);
    }
    let view = view.line(format!("{problems} problems, {warnings} warnings"));
    if problems > 0 { view.ending(Exit::Failed) } else { view }
}

/// What to do, each thing once however many findings it is for.
fn advice(findings: &[(&str, Finding)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, finding) in findings {
        let line = finding.advice.as_ref().map(|advice| format!("{name}: {advice}"));
        lines.extend(line.filter(|line| !lines.contains(line)));
    }
    lines
}

fn to_json((name, finding): &(&str, Finding)) -> Value {
    json!({
        "check": name,
        "grade": finding.grade.word(),
        "found": finding.found,
        "advice": finding.advice,
    })
}

impl Grade {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unseen => "unseen",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}
