//! When a rule fires, and when not.

use serde_json::json;

use super::*;

const NOW: i64 = 10 * DAY_SECONDS;

fn at(seconds: &[i64]) -> Vec<UnixSeconds> {
    seconds.iter().copied().map(UnixSeconds::new).collect()
}

fn facts(asked: &[i64]) -> Facts {
    let (now, since) = (UnixSeconds::new(NOW), UnixSeconds::new(0));
    Facts { now, since, asked: at(asked), ..Facts::default() }
}

fn fires(kind: Kind, config: &Value, facts: &Facts) -> bool {
    kind.limit(config).unwrap().fires(facts).is_some()
}

#[test]
fn failures_in_a_row_fire_and_one_that_went_well_between_them_does_not() {
    use Status::{Confirmed, Failed, PartialFailure};
    let config = json!({ "failures": 3 });
    for (ended, expected) in [
        (vec![], false),
        (vec![Failed, Failed], false),
        (vec![Failed, PartialFailure, Failed], true),
        (vec![Failed, Failed, Confirmed, Failed], false),
        (vec![Confirmed, Failed, Failed, Failed], false),
        (vec![Failed, Failed, Failed, Confirmed], true),
    ] {
        let facts = Facts { ended: ended.clone(), ..facts(&[]) };
        assert_eq!(fires(Kind::ConsecutiveFailures, &config, &facts), expected, "{ended:?}");
    }
}

#[test]
fn hours_are_usual_from_the_first_second_on_until_before_the_last_hour() {
    let second = |hour: i64, second: i64| NOW - DAY_SECONDS + hour * 3_600 + second;
    let day = json!({ "from_hour": 6, "to_hour": 22 });
    let night = json!({ "from_hour": 22, "to_hour": 6 });
    for (asked, by_day, by_night) in [
        (second(5, 3_599), true, false),
        (second(6, 0), false, true),
        (second(21, 3_599), false, true),
        (second(22, 0), true, false),
    ] {
        let facts = facts(&[asked]);
        assert_eq!(fires(Kind::UnusualHours, &day, &facts), by_day, "{asked}");
        assert_eq!(fires(Kind::UnusualHours, &night, &facts), by_night, "{asked}");
    }
    assert!(!fires(Kind::UnusualHours, &day, &facts(&[])));
}

#[test]
fn a_cap_fires_from_its_percent_on() {
    let config = json!({ "percent": 90 });
    for (nearest_permille, expected) in
        [(None, false), (Some(899), false), (Some(900), true), (Some(u128::MAX), true)]
    {
        let facts = Facts { nearest_permille, ..facts(&[]) };
        assert_eq!(fires(Kind::ThresholdProximity, &config, &facts), expected);
    }
}

#[test]
fn many_in_a_short_time_fire_however_late_somebody_looks() {
    let config = json!({ "transactions": 3, "seconds": 10 });
    for (asked, expected) in [
        (vec![NOW, NOW], false),
        (vec![NOW, NOW - 1, NOW - 10], false),
        (vec![NOW, NOW - 1, NOW - 9], true),
        (vec![NOW - 500, NOW - 501, NOW - 509], true),
    ] {
        assert_eq!(fires(Kind::RapidFire, &config, &facts(&asked)), expected, "{asked:?}");
    }
}

#[test]
fn idleness_is_counted_from_the_newest_transaction_or_from_when_the_wallet_was_used_again() {
    let config = json!({ "seconds": 60 });
    for (asked, since, expected) in [
        (vec![NOW - 59], 0, false),
        (vec![NOW - 60], 0, true),
        (vec![], NOW - 59, false),
        (vec![], NOW - 60, true),
        (vec![NOW - 500], NOW - 59, false),
    ] {
        let facts = Facts { since: UnixSeconds::new(since), ..facts(&asked) };
        assert_eq!(fires(Kind::Idle, &config, &facts), expected, "{asked:?} {since}");
    }
}

#[test]
fn limits_out_of_range_are_refused_and_their_neighbours_taken() {
    for (kind, wrong, right) in [
        (Kind::ConsecutiveFailures, json!({ "failures": 0 }), json!({ "failures": 1 })),
        (Kind::ConsecutiveFailures, json!({ "failures": 101 }), json!({ "failures": 100 })),
        (
            Kind::UnusualHours,
            json!({ "from_hour": 6, "to_hour": 24 }),
            json!({ "from_hour": 6, "to_hour": 23 }),
        ),
        (
            Kind::UnusualHours,
            json!({ "from_hour": 6, "to_hour": 6 }),
            json!({ "from_hour": 6, "to_hour": 5 }),
        ),
        (Kind::ThresholdProximity, json!({ "percent": 79 }), json!({ "percent": 80 })),
        (Kind::ThresholdProximity, json!({ "percent": 101 }), json!({ "percent": 100 })),
        (
            Kind::RapidFire,
            json!({ "transactions": 1, "seconds": 60 }),
            json!({ "transactions": 2, "seconds": 60 }),
        ),
        (
            Kind::RapidFire,
            json!({ "transactions": 2, "seconds": 86_401 }),
            json!({ "transactions": 2, "seconds": 86_400 }),
        ),
        (Kind::Idle, json!({ "seconds": 59 }), json!({ "seconds": 60 })),
        (Kind::Idle, json!({ "seconds": 60, "more": 1 }), json!({ "seconds": 60 })),
        (Kind::Idle, json!({ "seconds": 60.5 }), json!({ "seconds": 61 })),
        (Kind::Idle, json!({}), json!({ "seconds": 31_536_000 })),
    ] {
        assert!(kind.limit(&wrong).is_err(), "{wrong}");
        let limit = kind.limit(&right).unwrap();
        assert_eq!(serde_json::to_value(limit).unwrap(), right);
    }
    for kind in Kind::ALL {
        let usual = serde_json::to_value(kind.usual()).unwrap();
        assert_eq!(kind.limit(&usual), Ok(kind.usual()));
    }
}

#[test]
fn a_rule_is_named_by_its_kind_and_its_wallet() {
    let wallet = WalletId::from_bytes([7; 16]);
    for wallet in [None, Some(wallet)] {
        let id = RuleId { kind: Kind::RapidFire, wallet };
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    for text in ["", "rapid", "rapid_fire:", "rapid_fire:x", "RAPID_FIRE"] {
        assert!(text.parse::<RuleId>().is_err(), "{text}");
    }
}
