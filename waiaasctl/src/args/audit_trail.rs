//! The command line of `waiaasctl audit log` and `follow`: what gatewayd's audit trail tells.

use clap::builder::PossibleValuesParser;
use clap::{Args, value_parser};

use crate::time;

/// Which entries of the audit trail to show.
#[derive(Debug, Args)]
pub struct AuditLogArgs {
    /// What they are about
    #[command(flatten)]
    pub filter: AuditFilter,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Those from this entry on, oldest first [default: the latest]
    #[arg(long, value_name = "ENTRY")]
    pub since: Option<u64>,
    /// Then wait for more, and show each as it is written
    #[arg(long)]
    pub follow: bool,
}

/// What the entries are about.
#[derive(Debug, Args)]
pub struct AuditFilter {
    /// Those of one wallet alone, by name or id
    #[arg(long)]
    pub wallet: Option<String>,
    /// Those of one event, such as `TX_SUBMITTED` or `REQUEST_REFUSED`
    #[arg(long, value_parser = event)]
    pub event: Option<String>,
    /// Those that matter so much
    #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(["info", "warning", "critical"]))]
    pub severity: Option<String>,
    /// Those that a session asked for, by its id
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Those of one transaction, by its id
    #[arg(long, value_name = "ID")]
    pub tx: Option<String>,
    /// Not before: a day as `2026-11-22` (UTC), Unix seconds, or how long ago, such as `45m`, `12h`, `7d`
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<u64>,
    /// Not after: as for --from
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<u64>,
}

/// Events are written in capitals, and asked for in any case.
fn event(text: &str) -> Result<String, &'static str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("letters, digits and underscores, as in TX_SUBMITTED")
    }
}

/// A time as Unix seconds.
pub(super) fn moment(text: &str) -> Result<u64, &'static str> {
    let wrong = "a day as 2026-11-22, Unix seconds, or how long ago as 45m, 12h or 7d";
    let number = |text: &str| text.parse::<u64>().ok();
    let parts: Vec<&str> = text.split('-').collect();
    if let [year, month, day] = parts.as_slice() {
        let date = number(year).zip(number(month)).zip(number(day));
        let date = date.and_then(|((year, month), day)| time::of((year, month, day), (0, 0, 0)));
        return date.ok_or(wrong);
    }
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        Some(_) | None => return number(text).ok_or(wrong),
    };
    let count = text.get(..text.len().saturating_sub(1)).and_then(number).ok_or(wrong)?;
    let ago = count.checked_mul(unit).ok_or(wrong)?;
    Ok((time::now_ms() / 1_000).saturating_sub(ago))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_seconds_or_how_long_ago() {
        assert_eq!(moment("2026-11-22"), Ok(1_795_305_600));
        assert_eq!(moment("1970-01-01"), Ok(0));
        assert_eq!(moment("1800000000"), Ok(1_800_000_000));
        let now = time::now_ms() / 1_000;
        for (text, ago) in [("0s", 0), ("45m", 2_700), ("12h", 43_200), ("7d", 604_800)] {
            let found = moment(text).unwrap();
            assert!((now - ago..=now - ago + 5).contains(&found), "{text}: {found}");
        }
        for wrong in ["", "m", "-5", "5w", "2026-13-01", "2026-11", "x", "99999999999999999999d"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn events_are_asked_for_in_any_case() {
        assert_eq!(event("tx_submitted"), Ok("TX_SUBMITTED".to_owned()));
        for wrong in ["", "a b", "ä", &"x".repeat(65)] {
            assert!(event(wrong).is_err(), "{wrong}");
        }
    }
}
