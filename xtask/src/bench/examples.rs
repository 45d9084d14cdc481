//! What the crates' own examples measure: they link the code itself, without sockets.

use primitives::Chain;
use serde_json::Value;

use super::figure::{Figure, Unit};
use super::raw::Raw;
use crate::rig;
use crate::shell::Failure;

/// Nanoseconds of a verdict by 100 policies.
const VERDICT: u64 = 50_000;
/// As above, with all that is read for it.
const VERDICT_WITH_STORAGE: u64 = 1_000_000;
/// Nanoseconds of the check of a token that was checked before.
const SESSION_CHECK: u64 = 20_000;

/// The signer's own time: without sockets, and without the disk where a lease pays.
pub(super) fn core(raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let printed = Printed::by("signatures")?;
    let figure = |name: &str, parts: &'static str, cost: u64| {
        let figure = printed.nanoseconds(&format!("core.{name}"), &format!("/{name}"))?;
        Ok::<_, Failure>(figure.beside(parts, cost))
    };
    let [secp256k1, ed25519] = [Chain::Evm, Chain::Solana].map(|chain| raw.signature(chain));
    Ok(vec![
        figure("secp256k1-leased", "signature", secp256k1)?.at_most_percent(200),
        figure("ed25519-leased", "signature", ed25519)?.at_most_percent(200),
        figure("secp256k1-durable", "fdatasync + signature", raw.fdatasync + secp256k1)?,
        figure("ed25519-durable", "fdatasync + signature", raw.fdatasync + ed25519)?,
    ])
}

/// Verdicts and lists.
pub(super) fn judgement(_raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let printed = Printed::by("judgement")?;
    let evaluated = printed.nanoseconds("judgement.without_storage", "/without_storage_ns")?;
    let judged = printed.grown("judgement", "with_storage")?;
    let mut figures = vec![evaluated.at_most(VERDICT), judged.at_most(VERDICT_WITH_STORAGE)];
    for name in ["spent_in_a_day", "newest_50", "under_way", "taken_on", "indexed_row"] {
        figures.push(printed.grown("judgement", name)?);
    }
    Ok(figures)
}

/// The check of a session's token.
pub(super) fn sessions(_raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let printed = Printed::by("session_check")?;
    let known = printed.grown("sessions", "known")?.at_most(SESSION_CHECK);
    Ok(vec![known, printed.grown("sessions", "with_the_database")?])
}

/// What it costs to count, and to be asked for what was counted.
pub(super) fn metrics(_raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let printed = Printed::by("metrics")?;
    let names = ["count_a_request", "scrape_with_the_database", "scrape_again"];
    let figure = |name: &&str| {
        printed.nanoseconds(&format!("metrics.{name}"), &format!("/metrics_ns/{name}"))
    };
    names.iter().map(figure).collect()
}

/// What an example printed.
struct Printed(Value);

impl Printed {
    fn by(example: &str) -> Result<Self, Failure> {
        let printed = rig::example(example)?;
        serde_json::from_str(&printed)
            .map(Self)
            .map_err(|why| format!("the output of {example}: {why}"))
    }

    fn number(&self, pointer: &str) -> Result<u64, Failure> {
        let found = self.0.pointer(pointer).and_then(Value::as_u64);
        found.ok_or_else(|| format!("the example printed no {pointer}"))
    }

    /// What something takes in a large store, beside what it takes in a small one.
    fn grown(&self, part: &str, name: &str) -> Result<Figure, Failure> {
        let small = self.number(&format!("/small_ns/{name}"))?;
        let large = self.nanoseconds(&format!("{part}.{name}"), &format!("/large_ns/{name}"))?;
        Ok(large.beside("in a small store", small).at_most_percent(150))
    }

    fn nanoseconds(&self, name: &str, pointer: &str) -> Result<Figure, Failure> {
        Ok(Figure::new(name, Unit::Nanoseconds, self.number(pointer)?))
    }
}
