//! The first segment of a signer's journal: it is opened as far as it verifies, and all that is read of it
//! then is one chain.
#![no_main]

use std::fs;

use fuzz::Scratch;
use libfuzzer_sys::fuzz_target;
use protocol::journal::genesis;
use signerd::journal::Journal;

fuzz_target!(|bytes: &[u8]| {
    let scratch = Scratch::new();
    fs::write(scratch.path("segment-00000000000000000000"), bytes).expect("there is room");
    let Ok(mut journal) = Journal::open(&scratch.path("")) else { return };
    let (records, head) = journal.head();
    let Ok(found) = journal.read(0, usize::MAX) else { return };
    let mut last = genesis();
    for record in &found {
        assert!(record.follows(last));
        last = record.hash;
    }
    if u64::try_from(found.len()) == Ok(records) {
        assert_eq!(last, head);
    }
});
