//! Whether an owner signed what was asked: the one check, for the signer, which decides by it, and
//! the gateway, which does not ask the signer in vain.

use primitives::Address;

use super::Rendered;
use crate::message::{is_signed_by, recover};

impl Rendered {
    /// True if `signature` is the owner's over the text: by EIP-191 with an EVM key, over its bytes
    /// with a Solana key.
    pub fn text_is_signed_by(&self, owner: Address, signature: &[u8]) -> bool {
        is_signed_by(owner, self.text().as_bytes(), signature)
    }

    /// True if `signature` is the owner's over the typed data (EIP-712), which EVM keys alone sign.
    pub fn typed_data_is_signed_by(&self, owner: Address, signature: &[u8]) -> bool {
        match owner {
            Address::Evm(owner) => recover(self.typed_data().digest(), signature) == Some(owner),
            Address::Solana(_) => false,
        }
    }
}
