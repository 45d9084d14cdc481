//! Rules of a policy from a command line: `KEY=VALUE`, or a file of JSON.

use serde_json::{Map, Value};

use crate::args::RulesArgs;
use crate::exit::{Exit, Failure};
use crate::files;

/// The longest file of rules, in bytes; what gatewayd takes.
const MAX_FILE: usize = 64 << 10;
/// Digits of a number that every reader of JSON holds exactly.
const EXACT_DIGITS: usize = 15;
/// Levels of a key such as `token_limits.native.instant_max`.
const MAX_DEPTH: usize = 4;

/// Amounts in base units, which are text.
const BASE_UNITS: &[&str] =
    &["instant_max", "notify_max", "delay_max", "maxAmount", "max_fee", "max_fee_per_gas"];

/// Rules that are lists, and for lists of objects the field that a word means.
const LISTS: &[(&str, Option<&str>)] = &[
    ("allowed_addresses", None),
    ("allowed_days", None),
    ("domains", None),
    ("tokens", Some("address")),
    ("contracts", Some("address")),
    ("spenders", Some("address")),
    ("assets", Some("address")),
    ("networks", Some("network")),
    ("markets", Some("market")),
    ("venues", Some("id")),
];

/// The rules of a new policy.
pub(super) fn read(arguments: &RulesArgs) -> Result<Value, Failure> {
    changed(Value::Object(Map::new()), arguments, &[])
}

/// Rules `before` with what the command line changes of them.
pub(super) fn changed(
    before: Value,
    arguments: &RulesArgs,
    unset: &[String],
) -> Result<Value, Failure> {
    if let Some(file) = &arguments.file {
        let bytes = files::read(file, MAX_FILE)?;
        return serde_json::from_slice(&bytes).map_err(|error| {
            let what = format!("{} is no JSON: {error}", file.display());
            Failure::new(Exit::Usage, what, "waiaasctl policy types TYPE prints rules as JSON")
        });
    }
    let mut rules = before;
    for key in unset {
        take(&mut rules, key)?;
    }
    for rule in &arguments.rules {
        let (key, text) = rule.split_once('=').ok_or_else(|| {
            let what = format!("{rule} is no rule");
            Failure::new(Exit::Usage, what, "write it as KEY=VALUE, such as delay_seconds=600")
        })?;
        put(&mut rules, key, value(key, text)?)?;
    }
    Ok(rules)
}

/// The value that a text stands for: JSON where it reads as JSON, else the text.
fn value(key: &str, text: &str) -> Result<Value, Failure> {
    let last = key.rsplit('.').next().unwrap_or(key);
    if BASE_UNITS.contains(&last) {
        return Ok(Value::String(text.trim_matches('"').to_owned()));
    }
    let list = LISTS.iter().find(|(name, _)| *name == key);
    match (list, text.trim_start().chars().next()) {
        (_, Some('{' | '[' | '"')) => serde_json::from_str(text).map_err(|error| {
            let what = format!("{key}: this is no JSON: {error}");
            Failure::new(Exit::Usage, what, "mind that the shell takes quotes away: '…' around it")
        }),
        (Some((_, field)), _) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Ok(Value::Array(words.map(|word| item(word, *field)).collect()))
        }
        (None, _) => Ok(scalar(text)),
    }
}

fn item(word: &str, field: Option<&str>) -> Value {
    match field {
        None => scalar(word),
        Some(field) => Value::Object(Map::from_iter([(field.to_owned(), word.into())])),
    }
}

/// A number, `true`, `false`, or text. A number that some reader of JSON would round stays text.
fn scalar(text: &str) -> Value {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    match serde_json::from_str(text) {
        Ok(value @ Value::Bool(_)) => value,
        Ok(value @ Value::Number(_)) if digits <= EXACT_DIGITS => value,
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

/// Sets `a.b.c`, making what is missing on the way.
fn put(rules: &mut Value, key: &str, value: Value) -> Result<(), Failure> {
    let mut place = rules;
    let path = path(key)?;
    for name in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(fields) = place else { return Err(no_key(key)) };
        place = fields.entry(name).or_insert(Value::Null);
    }
    *place = value;
    Ok(())
}

/// Takes `a.b.c` away, which has to be there.
fn take(rules: &mut Value, key: &str) -> Result<(), Failure> {
    let path = path(key)?;
    let Some((last, way)) = path.split_last() else { return Err(no_key(key)) };
    let place = way.iter().try_fold(rules, |place, name| place.get_mut(*name));
    let taken = place.and_then(Value::as_object_mut).and_then(|fields| fields.remove(*last));
    taken.map(drop).ok_or_else(|| {
        let what = format!("the policy has no rule {key}");
        Failure::new(Exit::Usage, what, "waiaasctl policy show prints its rules")
    })
}

fn path(key: &str) -> Result<Vec<&str>, Failure> {
    let path: Vec<&str> = key.split('.').collect();
    let is_usable = path.len() <= MAX_DEPTH && path.iter().all(|name| !name.is_empty());
    if is_usable { Ok(path) } else { Err(no_key(key)) }
}

fn no_key(key: &str) -> Failure {
    let what = format!("{key:?} is no name of a rule");
    Failure::new(Exit::Usage, what, "write names with dots between them, at most four")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arguments(rules: &[&str]) -> RulesArgs {
        RulesArgs { rules: rules.iter().map(|&rule| rule.to_owned()).collect(), file: None }
    }

    #[test]
    fn rules_are_typed_as_gatewayd_reads_them() {
        for (rules, expected) in [
            (&["delay_seconds=600"][..], json!({ "delay_seconds": 600 })),
            (&["instant_max=100"], json!({ "instant_max": "100" })),
            (
                &["token_limits.native.instant_max=0.1", "token_limits.native.notify_max=1"],
                json!({ "token_limits": { "native": { "instant_max": "0.1", "notify_max": "1" } } }),
            ),
            (&["maxAmount=123456789012345678901"], json!({ "maxAmount": "123456789012345678901" })),
            (&["x=123456789012345678901"], json!({ "x": "123456789012345678901" })),
            (&["blockUnlimited=false"], json!({ "blockUnlimited": false })),
            (&["maxLtv=0.75"], json!({ "maxLtv": 0.75 })),
            (&["timezone=Europe/Berlin"], json!({ "timezone": "Europe/Berlin" })),
            (&["allowed_days=1,2, 3"], json!({ "allowed_days": [1, 2, 3] })),
            (
                &["domains=a.example,*.b.example"],
                json!({ "domains": ["a.example", "*.b.example"] }),
            ),
            (
                &["tokens=0xA,0xB"],
                json!({ "tokens": [{ "address": "0xA" }, { "address": "0xB" }] }),
            ),
            (&["networks=base-sepolia"], json!({ "networks": [{ "network": "base-sepolia" }] })),
            (
                &[r#"spenders=[{"address":"0xA","maxAmount":"5"}]"#],
                json!({ "spenders": [{ "address": "0xA", "maxAmount": "5" }] }),
            ),
            (
                &["allowed_hours.start=9", "allowed_hours.end=18"],
                json!({ "allowed_hours": { "start": 9, "end": 18 } }),
            ),
            (&["category=a=b"], json!({ "category": "a=b" })),
            (&["a=1", "a.b=2"], json!({ "a": { "b": 2 } })),
        ] {
            assert_eq!(read(&arguments(rules)).unwrap(), expected, "{rules:?}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for rule in ["delay_seconds", "=5", "a..b=5", "a.b.c.d.e=5", "x={", "x=[1,", r#"x="a"#] {
            let failure = read(&arguments(&[rule])).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage, "{rule}");
        }
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let before = json!({ "a": 1, "b": { "c": 2, "d": 3 } });
        let edit = |rules: &[&str], unset: &[&str]| {
            let unset: Vec<String> = unset.iter().map(|&key| key.to_owned()).collect();
            changed(before.clone(), &arguments(rules), &unset)
        };
        assert_eq!(edit(&["b.c=5"], &[]).unwrap(), json!({ "a": 1, "b": { "c": 5, "d": 3 } }));
        assert_eq!(edit(&[], &["b.c", "a"]).unwrap(), json!({ "b": { "d": 3 } }));
        assert_eq!(edit(&["a=2"], &["a"]).unwrap()["a"], 2);
        for missing in ["z", "b.z", "a.b", ""] {
            assert!(edit(&[], &[missing]).is_err(), "{missing}");
        }
    }
}
