//! Objects where objects are expected. What serde derives reads a list as well, by position: an empty
//! one would be an object without any of its optional fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A `T` that is written as an object.
struct Object<T>(T);

/// An object, or nothing.
///
/// # Errors
/// When it is something else, or no `T`.
pub(crate) fn optional<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let read = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(read.map(|Object(value)| value))
}

/// A list of objects, or nothing.
///
/// # Errors
/// When it is something else, or one of them is no `T`.
pub(crate) fn optional_list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let read = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(read.map(|list| list.into_iter().map(|Object(value)| value).collect()))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use crate::{CreateSession, RequestSession, SessionConstraints};

    #[test]
    fn a_list_is_no_object() {
        let create = |constraints: &str| {
            let body = format!(r#"{{"constraints":{constraints}}}"#);
            let read = serde_json::from_str::<CreateSession>(&body);
            read.map(|body| body.constraints).map_err(|error| error.to_string())
        };
        let none = SessionConstraints::default();
        assert_eq!(create("null"), Ok(None));
        assert_eq!(create("{}"), Ok(Some(none.clone())));
        let three = SessionConstraints { max_transactions: Some(3), ..none };
        assert_eq!(create(r#"{"maxTransactions":3}"#), Ok(Some(three)));
        assert!(create(r#"{"limits":[{"network":"a","asset":"native","total":"1"}]}"#).is_ok());
        assert!(create(r#"{"perTransactionUsd":12.5}"#).is_ok());
        for list in ["[]", r#"["viewer"]"#, "[[]]", r#"{"limits":[["a","native","1","2"]]}"#] {
            let error = create(list).unwrap_err();
            assert!(error.contains("expected an object"), "{list}: {error}");
        }
        for other in ["true", "0", r#""""#] {
            assert!(create(other).is_err(), "{other}");
        }
        let asked = |constraints: &str| {
            let body = format!(r#"{{"agent":"a","walletIds":[],"constraints":{constraints}}}"#);
            serde_json::from_str::<RequestSession>(&body)
        };
        assert!(asked("[]").unwrap_err().to_string().contains("expected an object"));
        assert!(asked("{}").is_ok());
    }
}
