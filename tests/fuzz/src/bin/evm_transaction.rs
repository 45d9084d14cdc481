//! Unsigned EVM transactions: what is read is written back the same, only that has a meaning, and a
//! second reader finds the same.
#![no_main]

use fuzz::EVM_WALLET;
use libfuzzer_sys::fuzz_target;
use txcodec::evm::{Transaction, decode};

fuzz_target!(|bytes: &[u8]| {
    let transaction = Transaction::from_unsigned_bytes(bytes);
    if let Ok(transaction) = &transaction {
        assert_eq!(transaction.to_unsigned_bytes(), bytes);
        fuzz::evm::agree(bytes, transaction);
    }
    if let Ok(decoded) = decode(bytes, EVM_WALLET) {
        assert!(transaction.is_ok());
        decoded.spend();
        fuzz::evm::agree_on_meaning(bytes, &decoded);
    }
});
