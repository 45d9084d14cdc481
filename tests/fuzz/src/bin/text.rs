//! Texts to sign: what is read on a chain is the text itself, and nothing that is a transaction.
//! The first byte says which chain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::Chain;
use txcodec::message::decode_text;
use txcodec::{Effect, evm, solana};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let chain = if first % 2 == 0 { Chain::Evm } else { Chain::Solana };
    let Ok(decoded) = decode_text(chain, text) else { return };
    let read = str::from_utf8(text).expect("only UTF-8 is a text");
    assert_eq!(decoded.effects(), [Effect::Text { text: read.to_owned() }]);
    assert_eq!(decoded.chain(), chain);
    assert!(evm::Transaction::from_unsigned_bytes(text).is_err());
    assert!(solana::Message::from_bytes(text).is_err());
});
