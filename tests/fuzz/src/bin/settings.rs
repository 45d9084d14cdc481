//! The gateway's settings in TOML: read or refused with a sentence.
#![no_main]

use std::fs;

use fuzz::Scratch;
use gatewayd::config::{ConfigFile, ProcessEnvironment, Settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let scratch = Scratch::new();
    let file = scratch.path("gatewayd.toml");
    fs::write(&file, bytes).expect("there is room");
    let nothing = ProcessEnvironment::from_pairs([("", ""); 0]);
    match Settings::load(&ConfigFile::Named(file), &nothing) {
        Ok(settings) => assert_eq!(settings.needs_restart(&settings), [""; 0]),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
});
