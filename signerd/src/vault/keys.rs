//! What happens to single keys: made, taken over, used, replaced, destroyed.

use primitives::WalletId;
use protocol::Secret;
use txcodec::SigningInput;
use zeroize::Zeroizing;

use crate::journal::Recorded;

use super::cipher::Sealed;
use super::files::key_file;
use super::record::{KeyRecord, MAX_AGENT_ID};
use super::slots::{SECRET_LENGTH, Slot};
use super::state::{Key, MAX_KEYS};
use super::{NewKey, PublicKey, Vault, VaultError, curve};

impl Vault {
    /// Makes a key. It is on disk when this returns.
    ///
    /// # Errors
    /// When the vault is not open or full, the wallet exists, or the disk does not take the key.
    pub fn create(&mut self, new: NewKey) -> Result<PublicKey, VaultError> {
        let chain = new.chain;
        self.add(new, |place| curve::generate(chain, place).map_err(VaultError::from))
    }

    /// Takes over a key that was made elsewhere: 32 bytes, a scalar of secp256k1 in big-endian
    /// order or a seed of Ed25519. It is on disk when this returns.
    ///
    /// # Errors
    /// Those of [`Vault::create`], and when the bytes are no such key.
    pub fn import(&mut self, new: NewKey, key: &Secret) -> Result<PublicKey, VaultError> {
        let length = VaultError::BadKey(new.chain, "it must be 32 bytes");
        let key: &[u8; SECRET_LENGTH] = key.expose().try_into().map_err(|_other| length)?;
        self.add(new, |place| {
            *place = *key;
            Ok(())
        })
    }

    /// Signs what the journal recorded, which is used up: 65 bytes `r ‖ s ‖ yParity` with low s
    /// (EIP-2) for a digest, 64 bytes for a message of Ed25519. The same input gives the same
    /// signature.
    ///
    /// # Errors
    /// When the vault is not open, has no such wallet, or the input is for the other kind of key.
    pub fn sign(&mut self, recorded: Recorded) -> Result<Vec<u8>, VaultError> {
        self.sign_input(recorded.wallet(), recorded.input())
    }

    pub(super) fn sign_input(
        &mut self,
        wallet: WalletId,
        input: &SigningInput,
    ) -> Result<Vec<u8>, VaultError> {
        let open = self.open.as_ref().ok_or_else(|| self.not_open())?;
        let key = self.keys.get(&wallet).ok_or(VaultError::UnknownWallet(wallet))?;
        let slot = open.keys.get(&wallet).ok_or(VaultError::UnknownWallet(wallet))?;
        let chain = key.public.chain;
        self.slots.read(*slot, |secret| curve::sign(chain, secret, input))
    }

    /// Remembers when a key signed, in Unix seconds. [`Vault::lock`] writes it down: a note for
    /// people is not worth a write per signature.
    pub fn mark_used(&mut self, wallet: WalletId, at: u64) {
        if let Some(key) = self.keys.get_mut(&wallet) {
            key.used_at = Some(at);
        }
    }

    /// Notes in a key's file when another replaced it, in Unix seconds.
    ///
    /// # Errors
    /// When there is no such wallet, or the disk does not take the note.
    pub fn mark_rotated(&mut self, wallet: WalletId, at: u64) -> Result<(), VaultError> {
        self.update(wallet, |record| record.set_rotated_at(at))
    }

    /// Destroys a key: wipes it from memory and unlinks its file. What remains on the medium and in
    /// backups is sealed. A wallet that was destroyed is unknown from then on.
    ///
    /// # Errors
    /// When there is no such wallet, and then the disk holds no file of it either; or when the disk
    /// does not take it, and then the key is still there.
    pub fn destroy(&mut self, wallet: WalletId) -> Result<(), VaultError> {
        // Also where it is unknown: a crash may have come between unlinking and the disk.
        self.files.remove(&key_file(wallet))?;
        self.keys.remove(&wallet).ok_or(VaultError::UnknownWallet(wallet))?;
        if let Some(slot) = self.open.as_mut().and_then(|open| open.keys.remove(&wallet)) {
            self.slots.remove(slot);
        }
        Ok(())
    }

    /// Writes down when keys were used, where that is not in their files yet.
    pub(super) fn write_usage(&mut self) -> Result<(), VaultError> {
        let used: Vec<_> =
            self.keys.iter().filter_map(|(id, key)| Some((*id, key.used_at?))).collect();
        for (wallet, at) in used {
            self.update(wallet, |record| record.set_last_used_at(at))?;
            self.keys.entry(wallet).and_modify(|key| key.used_at = None);
        }
        Ok(())
    }

    /// Puts a key into a slot, a file and the list, or nowhere.
    fn add(
        &mut self,
        new: NewKey,
        fill: impl FnOnce(&mut [u8; SECRET_LENGTH]) -> Result<(), VaultError>,
    ) -> Result<PublicKey, VaultError> {
        self.check_room(&new)?;
        let slot = self.slots.insert(fill)?;
        match self.write_key(new, slot) {
            Ok(key) => {
                let public = key.public.clone();
                self.keys.insert(public.wallet, key);
                let open = self.open.as_mut().expect("a key is added to an open vault");
                open.keys.insert(public.wallet, slot);
                Ok(public)
            }
            Err(error) => {
                self.slots.remove(slot);
                Err(error)
            }
        }
    }

    fn check_room(&self, new: &NewKey) -> Result<(), VaultError> {
        if self.open.is_none() {
            return Err(self.not_open());
        }
        if self.keys.contains_key(&new.wallet) {
            return Err(VaultError::WalletExists(new.wallet));
        }
        if self.keys.len() >= MAX_KEYS {
            return Err(VaultError::Full(MAX_KEYS));
        }
        if new.agent_id.as_ref().is_some_and(|id| id.chars().count() > MAX_AGENT_ID) {
            return Err(VaultError::AgentIdTooLong(MAX_AGENT_ID));
        }
        Ok(())
    }

    /// Seals what is in `slot` and writes its file.
    fn write_key(&mut self, new: NewKey, slot: Slot) -> Result<Key, VaultError> {
        let (Some(vault), Some(open)) = (&self.record, &self.open) else {
            return Err(self.not_open());
        };
        let mut secret = Zeroizing::new(self.slots.read(slot, |secret| *secret));
        let public_key = curve::public_key(new.chain, &secret)?;
        let record = KeyRecord::new(vault, new, &public_key, |associated| {
            self.slots.read(open.master, |master| Sealed::close(master, associated, &mut secret))
        })?;
        let public = record.public().expect("the public key was just computed");
        self.files.write(&key_file(public.wallet), &record.to_bytes())?;
        Ok(Key { record, public, used_at: None })
    }

    /// Changes what a key's file notes, on disk first.
    fn update(
        &mut self,
        wallet: WalletId,
        change: impl FnOnce(&mut KeyRecord),
    ) -> Result<(), VaultError> {
        let key = self.keys.get_mut(&wallet).ok_or(VaultError::UnknownWallet(wallet))?;
        let mut record = key.record.clone();
        change(&mut record);
        self.files.write(&key_file(wallet), &record.to_bytes())?;
        key.public = record.public().expect("only notes were changed");
        key.record = record;
        Ok(())
    }

    /// Why no key is in memory.
    pub(super) fn not_open(&self) -> VaultError {
        if self.record.is_some() { VaultError::Locked } else { VaultError::Uninitialised }
    }
}
