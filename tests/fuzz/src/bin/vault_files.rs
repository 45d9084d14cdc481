//! A vault's own file and one of its keys, a zero byte between them. Nobody makes a vault by chance that
//! opens with a passphrase.
#![no_main]

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

use fuzz::Scratch;
use libfuzzer_sys::fuzz_target;
use protocol::VaultPhase;
use signerd::vault::{KdfCost, Vault};

/// Passphrases are not tried: what is read is the form of the files.
const CHEAP: KdfCost = KdfCost { memory_kib: 8, passes: 1, lanes: 1 };
/// The wallet of `signerd/src/vault/testdata`.
const KEY: &str = "keys/017f22e2-79b0-7cc3-98c4-dc0c0c07398f.json";

fuzz_target!(|bytes: &[u8]| {
    let scratch = Scratch::new();
    DirBuilder::new().mode(0o700).create(scratch.path("keys")).expect("there is room");
    for (name, content) in ["vault.json", KEY].into_iter().zip(bytes.splitn(2, |byte| *byte == 0)) {
        fs::write(scratch.path(name), content).expect("there is room");
        let own = Permissions::from_mode(0o600);
        fs::set_permissions(scratch.path(name), own).expect("it is ours");
    }
    if let Ok(vault) = Vault::open(&scratch.path(""), CHEAP) {
        assert_ne!(vault.phase(), VaultPhase::Open);
    }
});
