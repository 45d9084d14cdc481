//! From a passphrase to a key: Argon2id (RFC 9106).

use std::num::NonZeroUsize;

use argon2::{Algorithm, Argon2, Params, Version};
use protocol::Secret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;
use super::hex::Hex;
use super::slots::SECRET_LENGTH;
use crate::sys::with_scratch;

/// The shortest passphrase, in characters.
pub const MINIMUM_PASSPHRASE: usize = 12;
/// The most memory that a file may ask for, in KiB: 1 GiB. A damaged file must not exhaust the
/// machine.
const MAXIMUM_MEMORY_KIB: u32 = 1024 * 1024;
const MAXIMUM_PASSES: u32 = 64;
const MAXIMUM_LANES: u32 = 16;

/// What a try at a passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes of the memory; they are computed one after the other.
    pub lanes: u32,
}

impl KdfCost {
    /// 128 MiB and four passes: about half a second, once per unlock.
    pub const DEFAULT: Self = Self { memory_kib: 128 * 1024, passes: 4, lanes: 1 };
    /// The least that Argon2 takes, for tests.
    #[cfg(test)]
    pub(crate) const CHEAP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
}

/// A passphrase's key derivation as files describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KdfParams {
    salt: Hex<16>,
    /// Passes.
    opslimit: u32,
    /// Bytes.
    memlimit: u64,
    parallelism: u32,
    /// Bytes of the derived key.
    hash_length: u32,
}

impl KdfParams {
    /// Parameters of that cost with a new salt.
    pub(super) fn new(cost: KdfCost) -> Result<Self, VaultError> {
        Ok(Self {
            salt: Hex::random()?,
            opslimit: cost.passes,
            memlimit: u64::from(cost.memory_kib) * 1024,
            parallelism: cost.lanes,
            hash_length: 32,
        })
    }

    /// Checks that the derivation is possible within this crate's limits.
    pub(super) fn checked(&self) -> Result<Argon2<'static>, &'static str> {
        let memory_kib = u32::try_from(self.memlimit / 1024).unwrap_or(u32::MAX);
        let whole = self.memlimit.is_multiple_of(1024);
        if !whole || memory_kib > MAXIMUM_MEMORY_KIB {
            return Err("memlimit must be whole KiB and at most 1 GiB");
        }
        if self.opslimit > MAXIMUM_PASSES || self.parallelism > MAXIMUM_LANES {
            return Err("opslimit must be at most 64 and parallelism at most 16");
        }
        if self.hash_length != 32 {
            return Err("hashLength must be 32");
        }
        Params::new(memory_kib, self.opslimit, self.parallelism, Some(SECRET_LENGTH))
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .map_err(|_out_of_range| "the Argon2 parameters are out of range")
    }

    /// The key that belongs to `passphrase`.
    ///
    /// # Errors
    /// When the machine has not the memory for it.
    pub(super) fn derive(
        &self,
        passphrase: &Secret,
    ) -> Result<Zeroizing<[u8; SECRET_LENGTH]>, VaultError> {
        let impossible = |source| {
            let memory_kib = u32::try_from(self.memlimit / 1024).unwrap_or(u32::MAX);
            VaultError::Derivation { memory_kib, source }
        };
        let argon2 = self.checked().map_err(|why| impossible(std::io::Error::other(why)))?;
        let blocks = NonZeroUsize::new(argon2.params().block_count()).unwrap_or(NonZeroUsize::MIN);
        let mut key = Zeroizing::new([0; SECRET_LENGTH]);
        with_scratch(blocks, |memory| {
            let (salt, out) = (self.salt.as_bytes(), key.as_mut_slice());
            argon2.hash_password_into_with_memory(passphrase.expose(), salt, out, memory)
        })
        .map_err(impossible)?
        .map_err(|error| impossible(std::io::Error::other(error.to_string())))?;
        Ok(key)
    }
}

/// Refuses passphrases that are quickly guessed even at the price of Argon2.
pub(super) fn check_strength(passphrase: &Secret) -> Result<(), VaultError> {
    let characters = str::from_utf8(passphrase.expose()).map_or(0, |text| text.chars().count());
    if characters < MINIMUM_PASSPHRASE {
        return Err(VaultError::WeakPassphrase { minimum: MINIMUM_PASSPHRASE });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use primitives::encode_hex;

    use super::*;

    fn params(memlimit: u64, opslimit: u32, parallelism: u32, hash_length: u32) -> KdfParams {
        let salt = Hex::new(*b"somesaltsomesalt");
        KdfParams { salt, opslimit, memlimit, parallelism, hash_length }
    }

    #[test]
    fn the_key_is_that_of_the_reference_implementation() {
        // argon2-cffi: hash_secret_raw(passphrase, salt, 4, 64, 1, 32, Type.ID).
        let passphrase = Secret::new(b"correct horse battery".to_vec());
        let key = params(64 * 1024, 4, 1, 32).derive(&passphrase).unwrap();
        assert_eq!(
            encode_hex(key.as_slice()),
            "d513ab13018e1c73f5252e7d78127ee9c144d52227df57617f671eb17fc38bb9"
        );
    }

    #[test]
    fn what_a_file_may_ask_for_is_limited() {
        let rows = [
            (params(8 * 1024, 1, 1, 32), true),
            (params(1 << 30, 64, 16, 32), true),
            (params((1 << 30) + 1024, 1, 1, 32), false),
            (params(u64::MAX, 1, 1, 32), false),
            (params(8 * 1024 + 1, 1, 1, 32), false),
            (params(7 * 1024, 1, 1, 32), false),
            (params(8 * 1024, 0, 1, 32), false),
            (params(8 * 1024, 65, 1, 32), false),
            (params(1 << 20, 1, 0, 32), false),
            (params(1 << 20, 1, 17, 32), false),
            (params(8 * 1024, 1, 1, 31), false),
            (params(8 * 1024, 1, 1, 64), false),
        ];
        for (params, is_allowed) in rows {
            assert_eq!(params.checked().is_ok(), is_allowed, "{params:?}");
        }
    }

    #[test]
    fn new_parameters_have_new_salts() {
        let salts = [(); 2].map(|()| *KdfParams::new(KdfCost::CHEAP).unwrap().salt.as_bytes());
        assert_ne!(salts[0], salts[1]);
        assert!(KdfParams::new(KdfCost::DEFAULT).unwrap().checked().is_ok());
    }
}
