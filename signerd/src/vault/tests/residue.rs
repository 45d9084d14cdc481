//! What of a key can be found in the process's memory from outside.

use std::fs::{self, File, Permissions};
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Mutex;

use protocol::{SecretMemory, Unattended};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::*;
use crate::sys::on_secret_stack;

/// One search at a time: what one of them looks for lies in its memory, and the other would find it.
static SEARCH: Mutex<()> = Mutex::new(());
const STACK: NonZeroUsize = NonZeroUsize::new(1 << 20).unwrap();

/// Where `pattern`, each of its bytes inverted, stands in the memory that `/proc/self/mem` shows.
/// The inverted form is what the caller has, so that the search does not find itself.
fn places_of_inverted(pattern: &[u8]) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        // It is wiped, lest another search find what this one inverted.
        let length = usize::try_from(hex(end) - hex(start)).unwrap();
        let mut content = Zeroizing::new(vec![0; length]);
        if memory.read_exact_at(&mut content, hex(start)).is_err() {
            continue;
        }
        for byte in content.iter_mut() {
            *byte = !*byte;
        }
        let first = pattern[0];
        let starts = content.iter().enumerate().filter(|(_, byte)| **byte == first);
        found += starts.filter(|(at, _)| content[*at..].starts_with(pattern)).count();
    }
    found
}

fn inverted(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

#[test]
fn a_credential_that_opened_the_vault_is_nowhere_either() {
    let _alone = SEARCH.lock();
    let mut fixture = Fixture::open();
    if fixture.vault.secret_memory() == SecretMemory::Locked {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("waiaas-vault");
    let pattern = on_secret_stack(STACK, || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        let credential = Secret::new(bytes.to_vec());
        let wrapping = fixture.vault.wrap_for(&passphrase(), &credential, NOW_MS).unwrap();
        fixture.vault.set_wrapping(wrapping).unwrap();
        inverted(&bytes)
    });
    let pattern = pattern.unwrap();
    // As at a start: it is taken on the ordinary stack, and used on the secret one.
    let mut vault = fixture.reopened().unwrap();
    let credential = vault.take_credential(Some(directory.path())).unwrap().unwrap();
    assert_eq!(places_of_inverted(&pattern), 0, "taken");
    on_secret_stack(STACK, || {
        assert_eq!(vault.open_with_credential(credential).unwrap(), Unattended::Opened);
        sign(&mut vault, wallet(1), &digest()).unwrap();
    })
    .unwrap();
    assert_eq!(places_of_inverted(&pattern), 0, "used");
}

#[test]
fn a_key_that_signed_is_nowhere_in_the_process_as_others_see_it() {
    let _alone = SEARCH.lock();
    let mut fixture = Fixture::open();
    if fixture.vault.secret_memory() == SecretMemory::Locked {
        // Locked pages can be read by root, and by this process itself.
        return;
    }
    let patterns = on_secret_stack(STACK, || {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let key = Secret::new(seed.to_vec());
        fixture.vault.import(new_key(3, Chain::Solana), &key).unwrap();
        fixture.vault.import(new_key(4, Chain::Evm), &key).unwrap();
        drop(key);
        for _signature in 0..20 {
            sign(&mut fixture.vault, wallet(3), &message()).unwrap();
            sign(&mut fixture.vault, wallet(4), &digest()).unwrap();
        }
        fixture.vault.lock().unwrap();
        fixture.vault.unlock(&passphrase(), NOW_MS).unwrap();
        let expanded = Sha512::digest(seed);
        [inverted(&seed), inverted(&expanded[..31])]
    });
    let control: Vec<u8> = (0..32).collect();
    assert!(places_of_inverted(&inverted(&control)) > 0, "the search finds what is there");
    for pattern in patterns.unwrap() {
        assert_eq!(places_of_inverted(&pattern), 0);
    }
}
