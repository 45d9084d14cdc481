//! Typed data in its binary form: what is read is written back the same, only that has a meaning, and
//! alloy makes the same digest of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use txcodec::message::{TypedData, decode_typed_data};

fuzz_target!(|bytes: &[u8]| {
    let data = TypedData::from_bytes(bytes);
    if let Ok(data) = &data {
        assert_eq!(data.to_bytes(), bytes);
    }
    if let Ok(decoded) = decode_typed_data(bytes) {
        assert!(data.is_ok());
        decoded.spend();
        fuzz::typed_data::agree_on_meaning(bytes, &decoded);
    }
});
