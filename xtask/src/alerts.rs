//! The layer `alerts`: rules for Prometheus are rules, each fires for what it is for and stays silent just
//! short of it, and the dashboard asks in the language of Prometheus.

use std::fs;

use serde_json::{Value, json};

use crate::shell::{Failure, call, program, root};

const RULES: &str = "packaging/prometheus/waiaas.rules.yml";
const RULES_TESTED: &str = "packaging/prometheus/waiaas.rules.test.yml";
const DASHBOARD: &str = "packaging/grafana/waiaas.json";

/// Checks all of it.
pub(crate) fn check() -> Result<(), Failure> {
    call(program("promtool").args(["check", "rules", RULES]))?;
    call(program("promtool").args(["test", "rules", RULES_TESTED]))?;
    every_rule_is_tested()?;
    check_dashboard()
}

/// A rule without a test could be one that never fires.
fn every_rule_is_tested() -> Result<(), Failure> {
    let (rules, tests) = (read(RULES)?, read(RULES_TESTED)?);
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let untested: Vec<&str> = names
        .filter(|name| {
            let cases = [format!("name: {name}"), format!("name: {name}, just short of it")];
            !cases.iter().all(|case| tests.lines().any(|line| line.trim() == case))
        })
        .collect();
    if untested.is_empty() { Ok(()) } else { Err(format!("{RULES_TESTED} lacks {untested:?}")) }
}

/// What Grafana asks, as if it were rules. A file of JSON is one of YAML too.
fn check_dashboard() -> Result<(), Failure> {
    let dashboard: Value =
        serde_json::from_str(&read(DASHBOARD)?).map_err(|why| format!("{DASHBOARD}: {why}"))?;
    let panels = dashboard["panels"].as_array().into_iter().flatten();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let asked = targets.filter_map(|target| target["expr"].as_str());
    let rules: Vec<Value> = (1..)
        .zip(asked)
        .map(|(number, asked): (u32, _)| {
            let asked = asked.replace("$__rate_interval", "1m");
            json!({ "record": format!("asked:{number}"), "expr": asked })
        })
        .collect();
    if rules.is_empty() {
        return Err(format!("{DASHBOARD} asks nothing"));
    }
    let directory = tempfile::tempdir().map_err(|why| why.to_string())?;
    let file = directory.path().join("dashboard.yml");
    let groups = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    fs::write(&file, groups.to_string()).map_err(|why| why.to_string())?;
    call(program("promtool").args(["check", "rules"]).arg(file))
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(root().join(path)).map_err(|why| format!("{path}: {why}"))
}
