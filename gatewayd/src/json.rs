//! How much memory a text of JSON takes once it is read, told before it is.
//!
//! A few bytes of text can become hundreds: an object of one name is a whole node of a tree. Whoever
//! reads JSON of strangers into values asks here first, or one text of some megabytes takes a gigabyte.

/// What an object takes: a node of a tree of names and values.
const OBJECT: usize = 640;
/// What an array takes, besides what is in it.
const ARRAY: usize = 64;
/// What a value takes in an array or object, with its name and the room that is left for more.
const VALUE: usize = 160;

/// About the most bytes of memory that the values in `text` take, besides those of its strings, of which
/// there are no more than of the text.
pub(crate) fn memory(text: &[u8]) -> usize {
    let (mut sum, mut in_string, mut is_escaped) = (0_usize, false, false);
    for byte in text {
        let takes = match byte {
            _ if is_escaped => {
                is_escaped = false;
                continue;
            }
            b'\\' => {
                is_escaped = in_string;
                continue;
            }
            b'"' => {
                in_string = !in_string;
                continue;
            }
            _ if in_string => continue,
            b'{' => OBJECT,
            b'[' => ARRAY,
            b',' => VALUE,
            _ => continue,
        };
        sum = sum.saturating_add(takes);
    }
    sum
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_stands_in_strings_is_no_value() {
        for (value, expected) in [
            (json!("{[,"), 0),
            (json!("\"{[,"), 0),
            (json!("\\\"{[,\\"), 0),
            (json!(["\\", "{"]), ARRAY + VALUE),
            (json!({ "{,": "[\"" }), OBJECT),
            (json!([1, 2, 3]), ARRAY + 2 * VALUE),
            (json!([[], {}]), 2 * ARRAY + VALUE + OBJECT),
            (Value::Null, 0),
        ] {
            assert_eq!(memory(value.to_string().as_bytes()), expected, "{value}");
        }
        assert_eq!(memory(b"\"{{{"), 0, "a string without an end");
        assert_eq!(memory(b"\\{"), OBJECT, "no string, and no JSON");
    }

    /// What values take, their strings aside: each is as large as an enum of the largest of them.
    fn least(value: &Value) -> usize {
        let inner: usize = match value {
            Value::Array(items) => items.iter().map(least).sum(),
            Value::Object(fields) => {
                fields.values().map(|value| least(value) + size_of::<String>()).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        };
        inner + size_of::<Value>()
    }

    #[test]
    fn it_is_never_less_than_what_the_values_take() {
        let objects = vec![json!({ "": 0 }); 1_000];
        let one_object = (0..1_000).map(|name| (name.to_string(), json!(0)));
        for value in [
            json!(objects),
            Value::Object(one_object.collect()),
            json!(vec![json!([]); 1_000]),
            json!(vec![0; 1_000]),
            json!([[[[[[{ "a": { "b": [{ "c": [null] }] } }]]]]]]),
        ] {
            let said = memory(value.to_string().as_bytes());
            assert!(said + VALUE >= least(&value), "{said} and {}", least(&value));
        }
    }
}
