//! `GET /v1/policies/types`.

use api::{PolicyType, PolicyTypeList};

use super::body::Done;
use super::problem::Problem;
use crate::policy::{Mark, Rule, rules};
use crate::session::Caller;

pub(super) async fn list(_caller: Caller) -> Result<Done<PolicyTypeList>, Problem> {
    let types: Result<Vec<PolicyType>, Problem> = rules::ALL.iter().map(described).collect();
    Ok(Done(PolicyTypeList { types: types? }))
}

fn described(rule: &Rule) -> Result<PolicyType, Problem> {
    let example = serde_json::from_str(rule.example);
    Ok(PolicyType {
        name: rule.name.to_owned(),
        aliases: rule.aliases.iter().map(|&alias| alias.to_owned()).collect(),
        enforcement: match rule.mark {
            Mark::Hard(_) => "hard",
            Mark::Soft => "soft",
        }
        .to_owned(),
        meaning: rule.meaning.to_owned(),
        example: example.map_err(|error| Problem::internal(&error))?,
    })
}
