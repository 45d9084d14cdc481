//! The entries of a backup, as they stand behind its seal, and the beginning of its file.
#![no_main]

use std::io::Read;

use archive::{Entries, Opener, signer_part};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut entries = Entries::new(bytes);
    let (mut last, mut piece) = (None, Vec::new());
    while let Ok(Some(kind)) = entries.next_entry() {
        assert!(Some(kind) > last, "{kind:?} after {last:?}");
        last = Some(kind);
        while let Ok(true) = entries.piece(&mut piece) {
            assert!(!piece.is_empty() && piece.len() <= bytes.len());
        }
    }
    let mut file = bytes;
    if let Ok(part) = signer_part(&mut file) {
        assert_eq!(part.len() + 20 + file.len(), bytes.len());
        // Nobody knows a tag by chance.
        assert!(Opener::new(file, &[7; 32]).read_to_end(&mut piece).is_err());
    }
});
