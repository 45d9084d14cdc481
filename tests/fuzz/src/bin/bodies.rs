//! JSON that agents and operators send, the first byte saying what for: read or refused with a sentence.
#![no_main]

use std::fmt::Display;

use api::{
    CreatePolicy, CreateSession, EncodeCalldata, SendRequest, SignMessage, SignTransaction,
    UpdatePolicy,
};
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, json)) = bytes.split_first() else { return };
    match first % 7 {
        0 => drop(SendRequest::from_json(json)),
        1 => refused(read::<SignMessage>(json)),
        2 => refused(read::<SignTransaction>(json)),
        3 => refused(read::<CreateSession>(json)),
        4 => refused(read::<CreatePolicy>(json)),
        5 => refused(read::<UpdatePolicy>(json)),
        _ => refused(read::<EncodeCalldata>(json)),
    }
});

fn read<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(json)
}

fn refused<T, E: Display>(result: Result<T, E>) {
    if let Err(why) = result {
        assert!(!why.to_string().is_empty());
    }
}
