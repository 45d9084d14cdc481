//! Unsigned EVM transactions: what is read is written back the same, and only that has a meaning.
#![no_main]

use fuzz::EVM_WALLET;
use libfuzzer_sys::fuzz_target;
use txcodec::evm::{Transaction, decode};

fuzz_target!(|bytes: &[u8]| {
    let transaction = Transaction::from_unsigned_bytes(bytes);
    if let Ok(transaction) = &transaction {
        assert_eq!(transaction.to_unsigned_bytes(), bytes);
    }
    if let Ok(decoded) = decode(bytes, EVM_WALLET) {
        assert!(transaction.is_ok());
        decoded.spend();
    }
});
