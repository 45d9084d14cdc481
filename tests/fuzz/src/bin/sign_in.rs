//! What owners are said to have signed (EIP-4361, Sign-In-With-Solana): what is read is written back the
//! same, to the byte.
#![no_main]

use gatewayd::owner::SignIn;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(read) = SignIn::parse(text) {
        assert_eq!(read.to_string(), text);
    }
});
