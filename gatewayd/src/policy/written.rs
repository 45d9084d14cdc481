//! Rules as operators write them: read once, with a field for every complaint.

use primitives::{Address, Chain};
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// Reads the fields of rules.
pub(super) fn read<T: DeserializeOwned>(rules: &Value) -> Result<T, RulesError> {
    if !rules.is_object() {
        return Err(RulesError::Malformed("expected an object".to_owned()));
    }
    T::deserialize(rules).map_err(|error| RulesError::Malformed(error.to_string()))
}

/// What is wrong with a field.
pub(super) fn wrong(field: impl Into<String>, problem: impl Into<String>) -> RulesError {
    RulesError::Field { field: field.into(), problem: problem.into() }
}

/// An address in a field; of the chain that the field beside it names, if one does.
pub(super) fn address(
    field: &str,
    text: &str,
    chain: Option<Chain>,
) -> Result<Address, RulesError> {
    let read: Address =
        text.parse().map_err(|error: primitives::AddressError| wrong(field, error.to_string()))?;
    match chain {
        Some(chain) if chain != read.chain() => {
            Err(wrong(field, format!("is no address of {chain}, which chain says it is")))
        }
        Some(_) | None => Ok(read),
    }
}

/// Each element of a list, with its position for complaints. A list that allows nothing is refused:
/// it would be taken for one that does not count.
pub(super) fn each<T, U>(
    field: &str,
    items: Vec<T>,
    read: impl Fn(&str, T) -> Result<U, RulesError>,
) -> Result<Vec<U>, RulesError> {
    if items.is_empty() {
        return Err(wrong(field, "is empty; name at least one"));
    }
    let numbered = items.into_iter().enumerate();
    numbered.map(|(position, item)| read(&format!("{field}[{position}]"), item)).collect()
}

/// That a line stands below another, where both are given.
pub(super) fn not_above<T: PartialOrd>(
    (lower, low): (&str, Option<&T>),
    (upper, high): (&str, Option<&T>),
) -> Result<(), RulesError> {
    match (low, high) {
        (Some(low), Some(high)) if low > high => {
            Err(wrong(lower, format!("must not be above {upper}")))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// That at least one of several optional fields is given.
pub(super) fn one_of(fields: &str, given: &[bool]) -> Result<(), RulesError> {
    if given.contains(&true) {
        Ok(())
    } else {
        Err(RulesError::Malformed(format!("expected at least one of {fields}")))
    }
}
