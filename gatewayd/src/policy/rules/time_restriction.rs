//! `TIME_RESTRICTION`: at which hours, on which days.

use std::fmt::Write;
use std::sync::LazyLock;

use api::ErrorCode;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, each, one_of, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "TIME_RESTRICTION";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &["TIME_WINDOW"],
    mark: Mark::Hard("`hours`, `days`, in UTC"),
    meaning: "outside of `allowed_hours` (`start` 0 to 23, `end` 1 to 24, which is not in it) and \
              `allowed_days` (0 is Sunday, 6 Saturday), in `timezone` (an IANA name, `UTC` if left \
              out), nothing is signed; one of the two may be left out",
    example: r#"{ "allowed_hours": { "start": 9, "end": 18 }, "allowed_days": [1, 2, 3, 4, 5], "timezone": "Europe/Berlin" }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    allowed_hours: Option<Hours>,
    #[serde(default)]
    allowed_days: Option<Vec<i8>>,
    #[serde(default)]
    timezone: Option<String>,
}

/// From a full hour up to another, which is not in it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    start: i8,
    end: i8,
}

#[derive(Debug)]
struct TimeRestriction {
    hours: Hours,
    /// From Sunday on.
    days: [bool; 7],
    zone: TimeZone,
    zone_name: String,
}

/// Zones that were read once are kept.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

const ALL_DAY: Hours = Hours { start: 0, end: 24 };
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let Fields { allowed_hours, allowed_days, timezone } = read(rules)?;
    one_of("allowed_hours, allowed_days", &[allowed_hours.is_some(), allowed_days.is_some()])?;
    let hours = allowed_hours.unwrap_or(ALL_DAY);
    if !(0..=23).contains(&hours.start) || !(1..=24).contains(&hours.end) {
        return Err(wrong("allowed_hours", "expected start 0 to 23 and end 1 to 24"));
    }
    if hours.start >= hours.end {
        return Err(wrong("allowed_hours", "start must be before end"));
    }
    let mut days = [allowed_days.is_none(); 7];
    for day in allowed_days.map_or(Ok(Vec::new()), |days| each("allowed_days", days, day))? {
        if let Some(allowed) = days.get_mut(day) {
            *allowed = true;
        }
    }
    let zone_name = timezone.unwrap_or_else(|| "UTC".to_owned());
    let zone = ZONES.get(&zone_name);
    let zone = zone.map_err(|_unknown| {
        wrong("timezone", "is no time zone of IANA, such as UTC or Europe/Berlin")
    })?;
    Ok(Box::new(TimeRestriction { hours, days, zone, zone_name }))
}

fn day(field: &str, day: i8) -> Result<usize, RulesError> {
    let read = usize::try_from(day).ok().filter(|day| *day < 7);
    read.ok_or_else(|| wrong(field, "expected 0 (Sunday) to 6 (Saturday)"))
}

impl Judge for TimeRestriction {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let Ok(now) = Timestamp::from_second(facts.now.get()) else {
            let reason = "the time is not one that a calendar has";
            return deny(NAME, ErrorCode::PolicyDenied, reason, "set the clock of the machine");
        };
        let local = self.zone.to_datetime(now);
        let day = usize::try_from(local.weekday().to_sunday_zero_offset()).ok();
        let day = day.and_then(|day| self.days.get(day)).copied().unwrap_or(false);
        if day && (self.hours.start..self.hours.end).contains(&local.hour()) {
            return Verdict::FINE;
        }
        let reason = format!("it is {} in {}", local.strftime("%A %H:%M"), self.zone_name);
        deny(NAME, ErrorCode::PolicyDenied, reason, self.remedy())
    }
}

impl TimeRestriction {
    fn remedy(&self) -> String {
        let mut text = format!("ask between {}:00 and {}:00 on", self.hours.start, self.hours.end);
        for (name, _) in DAYS.iter().zip(self.days).filter(|(_, allowed)| *allowed) {
            write!(text, " {name}").expect("a String takes every write");
        }
        text + ", or change the policy"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::UnixSeconds;
    use crate::policy::testing::{facts, native, policy, refused, said};
    use crate::tx::Tier;

    /// Times are Unix seconds of `date -u`.
    #[test]
    fn the_hours_and_days_are_those_of_the_time_zone() {
        let office = |zone: &str| {
            json!({
                "allowed_hours": { "start": 9, "end": 17 }, "allowed_days": [1, 2, 3, 4, 5],
                "timezone": zone,
            })
        };
        let (fine, denied) = (Ok(Tier::Instant), Err("POLICY_DENIED"));
        let sundays = json!({ "allowed_days": [0] });
        let nights = json!({ "allowed_hours": { "start": 0, "end": 1 } });
        let late = json!({ "allowed_hours": { "start": 23, "end": 24 } });
        for (rules, at, expected) in [
            (office("UTC"), 1_767_603_599, denied), // Monday 2026-01-05 08:59:59
            (office("UTC"), 1_767_603_600, fine),
            (office("UTC"), 1_767_632_399, fine), // 16:59:59
            (office("UTC"), 1_767_632_400, denied),
            (office("UTC"), 1_767_518_400, denied), // Sunday 09:20
            (office("Europe/Berlin"), 1_767_600_000, fine), // 08:00 UTC is 09:00 in winter
            (office("Europe/Berlin"), 1_783_321_200, fine), // 2026-07-06 07:00 UTC is 09:00 in summer
            (office("Europe/Berlin"), 1_783_321_199, denied),
            (office("America/New_York"), 1_767_621_600, fine), // 14:00 UTC is 09:00
            (office("America/New_York"), 1_767_621_599, denied),
            (office("Asia/Kolkata"), 1_767_583_800, fine), // 03:30 UTC is 09:00
            (office("Pacific/Kiritimati"), 1_767_553_200, fine), // Sunday 19:00 UTC is Monday 09:00
            (sundays.clone(), 1_767_484_800, fine),        // Sunday 00:00
            (sundays, 1_767_571_200, denied),              // Monday 00:00
            (nights.clone(), 1_767_574_799, fine),         // 00:59:59
            (nights, 1_767_574_800, denied),
            (late.clone(), 1_767_657_599, fine), // 23:59:59
            (late, 1_767_657_600, denied),
            (office("UTC"), i64::MAX, denied),
            (office("UTC"), i64::MIN, denied),
        ] {
            let policies = [policy(NAME, &rules)];
            let facts = Facts { now: UnixSeconds::new(at), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{at} by {rules}");
        }
    }

    #[test]
    fn times_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({}),
                json!({ "timezone": "UTC" }),
                json!({ "allowed_hours": { "start": 17, "end": 9 } }),
                json!({ "allowed_hours": { "start": 9, "end": 9 } }),
                json!({ "allowed_hours": { "start": 0, "end": 25 } }),
                json!({ "allowed_hours": { "start": -1, "end": 5 } }),
                json!({ "allowed_hours": { "start": 24, "end": 24 } }),
                json!({ "allowed_hours": { "start": 9 } }),
                json!({ "allowed_days": [] }),
                json!({ "allowed_days": [7] }),
                json!({ "allowed_days": ["Mon"] }),
                json!({ "allowed_days": [1], "timezone": "Europe/Atlantis" }),
                json!({ "allowed_days": [1], "timezone": "../../etc/passwd" }),
            ],
        );
    }
}
