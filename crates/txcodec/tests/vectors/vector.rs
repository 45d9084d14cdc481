//! The files, and what stands in them.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use primitives::decode_hex;
use serde_json::Value;
use txcodec::DecodeError;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

/// Every vector of a folder with its file's name, in order of names.
pub(crate) fn all(folder: &str) -> Vec<(String, Value)> {
    let names = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let read = |name: String| (name.clone(), read(folder, &name));
    names.into_iter().map(read).collect()
}

/// One vector.
pub(crate) fn read(folder: &str, file_name: &str) -> Value {
    serde_json::from_slice(&fs::read(root().join(folder).join(file_name)).unwrap()).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    decode_hex(text(value).strip_prefix("0x").unwrap()).unwrap()
}

pub(crate) fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// What was decoded, if the vector is not one of those that are refused; and if it is, that it was.
pub(crate) fn accepted<T: Debug>(
    name: &str,
    vector: &Value,
    outcome: Result<T, DecodeError>,
) -> Option<T> {
    match (vector.get("error"), outcome) {
        (None, Ok(decoded)) => Some(decoded),
        (Some(expected), Err(error)) => {
            let debug = format!("{error:?}");
            let variant = debug.split('(').next().unwrap();
            assert!(expected.is_null() || text(expected) == variant, "{name}: {error:?}");
            None
        }
        (_, outcome) => panic!("{name}: {outcome:?}"),
    }
}
