//! Call data: what it does, with the calls that it holds, is what alloy's ABI decoder finds in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::calls::agree(bytes));
