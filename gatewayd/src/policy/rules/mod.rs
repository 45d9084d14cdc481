//! The types of policies, a file each.

mod allowed_tokens;
mod spending_limit;

use serde::de::DeserializeOwned;
use serde_json::Value;
use txcodec::Decoded;

use super::{Denial, Facts, Verdict, scope};

/// A type of policy.
#[derive(Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// Other names that are taken for it.
    pub aliases: &'static [&'static str],
    /// Checks what was written.
    check: fn(&Value) -> Result<(), RulesError>,
    /// Judges by what was written, or by what holds where nothing was.
    judge: fn(Option<&Value>, &Decoded, &Facts<'_>) -> Result<Verdict, RulesError>,
}

/// Why the rules of a policy cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// There is no such type.
    #[error("{kind:?} is no type of policy; the types are {known}")]
    UnknownType {
        /// What was asked for.
        kind: String,
        /// What there is.
        known: String,
    },
    /// They do not have the form that their type wants.
    #[error("rules: {0}")]
    Malformed(String),
    /// A field has a value that it cannot have.
    #[error("rules.{field}: {problem}")]
    Field {
        /// Which field.
        field: String,
        /// What is wrong.
        problem: String,
    },
}

/// Every type, by name.
#[rustfmt::skip]
pub static ALL: &[Rule] = &[
    allowed_tokens::RULE,
    spending_limit::RULE,
];

/// Checks a policy before it is stored.
///
/// # Errors
/// When there is no such type, or the rules are not what the type wants.
pub fn check(kind: &str, rules: &Value) -> Result<(), RulesError> {
    let rule = ALL.iter().find(|rule| rule.is_called(kind));
    let rule = rule.ok_or_else(|| RulesError::UnknownType {
        kind: kind.to_owned(),
        known: ALL.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", "),
    })?;
    (rule.check)(rules)
}

/// A policy of a type that this program does not know, which denies everything in its scope.
pub(super) fn unreadable(facts: &Facts<'_>) -> Option<Denial> {
    let unknown = |kind: &str| !ALL.iter().any(|rule| rule.is_called(kind));
    match scope::resolve(facts, unknown) {
        Ok(None) => None,
        Ok(Some(_)) | Err(scope::Ambiguous) => Some(Denial {
            rule: "POLICY",
            reason: "a policy has a type that this version does not know".to_owned(),
            remedy: "disable it, or install the version that wrote it".to_owned(),
        }),
    }
}

impl Rule {
    fn is_called(&self, kind: &str) -> bool {
        self.name == kind || self.aliases.contains(&kind)
    }

    /// What this type of policy says.
    pub(super) fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let policy = match scope::resolve(facts, |kind| self.is_called(kind)) {
            Ok(policy) => policy,
            Err(scope::Ambiguous) => {
                return Verdict::Deny(Denial {
                    rule: self.name,
                    reason: "two policies of the same scope and priority disagree".to_owned(),
                    remedy: "give one of them a higher priority, or disable it".to_owned(),
                });
            }
        };
        let rules = policy.map(|policy| &policy.rules);
        (self.judge)(rules, decoded, facts).unwrap_or_else(|error| {
            Verdict::Deny(Denial {
                rule: self.name,
                reason: format!("the policy cannot be read: {error}"),
                remedy: "write it again".to_owned(),
            })
        })
    }
}

fn read<T: DeserializeOwned>(rules: &Value) -> Result<T, RulesError> {
    if !rules.is_object() {
        return Err(RulesError::Malformed("expected an object".to_owned()));
    }
    T::deserialize(rules).map_err(|error| RulesError::Malformed(error.to_string()))
}

fn wrong(field: impl Into<String>, problem: impl Into<String>) -> RulesError {
    RulesError::Field { field: field.into(), problem: problem.into() }
}
