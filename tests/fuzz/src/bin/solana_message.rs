//! Solana messages: what is read is written back the same, only that has a meaning, it is never a
//! text too, and Solana's own crate finds the same.
#![no_main]

use fuzz::SOLANA_WALLET;
use libfuzzer_sys::fuzz_target;

use primitives::Chain;
use txcodec::message::decode_text;
use txcodec::solana::{Message, decode};

fuzz_target!(|bytes: &[u8]| {
    let message = Message::from_bytes(bytes);
    if let Ok(message) = &message {
        assert_eq!(message.to_bytes(), bytes);
        fuzz::solana::agree(bytes, message);
        assert!(decode_text(Chain::Solana, bytes).is_err());
    }
    if let Ok(decoded) = decode(bytes, SOLANA_WALLET) {
        assert!(message.is_ok_and(|message| message.signers().contains(&SOLANA_WALLET)));
        decoded.spend();
        fuzz::solana::agree_on_meaning(bytes, &decoded);
    }
});
