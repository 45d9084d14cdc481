//! `audit archive`: old entries of gatewayd's trail go to a file, which is checked before gatewayd takes
//! them away; and archives that are checked together.

use std::path::{Path, PathBuf};

use api::{AuditLog, ShortenTrail, TrailShortened};
use serde_json::{Value, json};

use super::{check_new, trail};
use crate::args::AuditArchiveArgs;
use crate::commands::Operation;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::gateway::{Call, Gateway};
use crate::time::{self, utc};
use crate::trail::{End, Export, Extent, HELP, Span, Trail};
use crate::view::View;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// An archive that was checked.
pub(super) struct Archive {
    name: String,
    pub(super) trail: Trail,
}

/// What is archived.
struct Plan {
    /// Entries from this time on stay.
    before: u64,
    /// No entry that was true is from after this one.
    now: u64,
    span: Span,
    /// Where one step of taking away ends.
    steps: Vec<End>,
    /// An entry that stays was met: so do all behind it.
    is_over: bool,
}

impl Plan {
    fn new(arguments: &AuditArchiveArgs, start: End) -> Self {
        let now = time::now_ms() / 1_000;
        let kept = arguments.keep_days.map(|days| now.saturating_sub(days.saturating_mul(DAY)));
        let before = arguments.before.or(kept).unwrap_or(0);
        Self { before, now, span: Span::behind(start), steps: Vec::new(), is_over: false }
    }

    /// Looks at the next entry. A time that has not come yet is a clock's mistake, and keeps nothing.
    fn look_at(&mut self, entry: &AuditLog) {
        let at = u64::try_from(entry.timestamp).unwrap_or(0);
        self.is_over |= (self.before..=self.now).contains(&at);
        if self.is_over {
            return;
        }
        let Some(end) = End::behind(entry) else { return };
        if self.span.entries.is_multiple_of(ShortenTrail::MOST) {
            self.steps.push(end);
        }
        self.span = self.span.and(end);
        if let Some(step) = self.steps.last_mut() {
            *step = end;
        }
    }
}

/// Writes old entries to a file, checks it, and has gatewayd take away what is in it.
pub(super) fn archive(
    arguments: &AuditArchiveArgs,
    operation: &Operation,
) -> Result<View, Failure> {
    let file = arguments.to.as_path();
    check_new(file)?;
    let gateway = operation.gateway()?;
    let Extent { start, newest } = Extent::of(&gateway)?;
    let mut plan = Plan::new(arguments, start);
    Trail::behind(start).read(&gateway, newest, |entry| {
        plan.look_at(entry);
        Ok(())
    })?;
    let Span { end, entries, .. } = plan.span;
    let json = json!({ "entries": entries, "beginsAfter": start.id, "last": end.id });
    if entries == 0 {
        let what = format!("no entry is older than {}: nothing was written", utc(plan.before));
        return Ok(View::new(json).with("file", Value::Null).line(what));
    }
    files::fill_and_check(
        file,
        |out| trail::fill(out, file, plan.span, &gateway),
        |(), beside| is_all_there(beside, plan.span),
    )?;
    let path = file.display().to_string();
    take_away(&gateway, &plan).map_err(|failure| half_done(&path, &failure))?;
    let view = View::new(json).with("file", path.clone().into());
    Ok(view
        .line(format!("{path} is written, and whole; the trail is shorter by that"))
        .fields(vec![
            ("entries", format!("{entries}, up to {}", end.id)),
            ("head", primitives::encode_hex(&end.head)),
        ])
        .line(format!("to check both together: waiaasctl audit verify --archive {path}")))
}

/// What was written and synced is what was to be written.
fn is_all_there(written: &Path, span: Span) -> Result<(), Failure> {
    if trail::open(written)?.check(&[])?.span() == span {
        return Ok(());
    }
    let what = "the archive is not what was read of the trail: nothing was taken away";
    Err(Failure::new(Exit::Failed, what, HELP))
}

/// Each step says where the trail has to begin before it: of two that archive at once, one stops.
fn take_away(gateway: &Gateway, plan: &Plan) -> Result<(), Failure> {
    let mut after = plan.span.start;
    for through in &plan.steps {
        let body = ShortenTrail { after: after.place(), through: through.place() };
        let call = Call::post("/v1/admin/audit-logs/shorten").body(&body);
        let _shortened: TrailShortened = gateway.ask(call)?;
        after = *through;
    }
    Ok(())
}

fn half_done(path: &str, failure: &Failure) -> Failure {
    let what = format!("{path} is written, and whole; not all of it was taken away: {failure}");
    let advice = "archive again, to another file: what is in both fits together";
    Failure::new(failure.exit(), what, advice)
}

/// Reads archives that follow each other, up to where a trail begins, oldest first.
///
/// # Errors
/// When one does not verify, or one between them is missing.
pub(super) fn read_all(files: &[PathBuf], until: End) -> Result<Vec<Archive>, Failure> {
    let mut exports = files.iter().map(|it| trail::open(it)).collect::<Result<Vec<_>, _>>()?;
    exports.sort_by_key(|export| export.start().id);
    let starts: Vec<End> = exports.iter().skip(1).map(Export::start).chain([until]).collect();
    let mut archives: Vec<Archive> = Vec::with_capacity(exports.len());
    for (export, next) in exports.into_iter().zip(starts) {
        let (name, start) = (export.name.clone(), export.start());
        let before = archives.last().map(|before| before.trail.span().end);
        let joints = before.filter(|end| end.id > start.id).into_iter().chain([next]);
        let trail = export.check(&joints.collect::<Vec<_>>())?;
        if let Some(End { id, .. }) = trail.missed() {
            return Err(no_joint(&name, id));
        }
        archives.push(Archive { name, trail });
    }
    Ok(archives)
}

fn no_joint(name: &str, id: u64) -> Failure {
    let what =
        format!("{name} has no entry {id}, at which another part begins or ends, as that has it");
    Failure::new(
        Exit::Failed,
        what,
        "name every archive that belongs between, or see docs/audit.md",
    )
}

/// Says what was checked of the archives, beside the trail that they lead to.
pub(super) fn beside(view: View, archives: &[Archive]) -> View {
    let Some(first) = archives.first() else { return view };
    let told: Vec<Value> = archives
        .iter()
        .map(|Archive { name, trail }| {
            let Span { start, end, entries } = trail.span();
            json!({ "file": name, "entries": entries, "beginsAfter": start.id, "last": end.id })
        })
        .collect();
    let whole = match first.trail.span().start.id {
        0 => "the archives lead from the first entry of all to it".to_owned(),
        id => format!("the archives lead from entry {id} to it"),
    };
    view.with("archives", told.into()).line(whole)
}
