//! A wallet's guard in TOML, the first byte saying of which chain: what is read is written back so that it
//! means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::Chain;
use signerd::guard::Guard;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let chain = if first % 2 == 0 { Chain::Evm } else { Chain::Solana };
    if let Ok(guard) = Guard::from_toml(text, chain) {
        let again = Guard::from_toml(&guard.to_toml(), chain);
        assert_eq!(again.ok(), Some(guard));
    }
});
