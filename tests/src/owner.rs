//! An owner of a wallet, who reads what is asked and signs it with a key of their own.

use ed25519_dalek::{Signer, SigningKey};
use primitives::{Address, Chain, SolanaAddress};
use serde_json::{Value, json};

use crate::evm::Evm;

/// In which form an owner signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The text.
    Text,
    /// The typed data (EIP-712); EVM owners only.
    TypedData,
}

/// Somebody with a key: the EVM node's account, which it signs for, or a Solana key.
#[derive(Debug)]
pub enum Owner<'a> {
    /// Which account of the node.
    Evm(&'a Evm, usize),
    /// The key's seed.
    Solana(u8),
}

impl<'a> Owner<'a> {
    /// The owner of that number on that kind of chain.
    pub fn new(chain: Chain, number: u8, evm: &'a Evm) -> Self {
        match chain {
            Chain::Evm => Self::Evm(evm, usize::from(number)),
            Chain::Solana => Self::Solana(number),
        }
    }

    /// Their address.
    pub fn address(&self) -> Address {
        match self {
            Self::Evm(evm, number) => evm.account(*number).into(),
            Self::Solana(seed) => SolanaAddress(key(*seed).verifying_key().to_bytes()).into(),
        }
    }

    /// Their signature over a text, as wallets show it.
    pub fn sign(&self, text: &str) -> String {
        match self {
            Self::Evm(evm, number) => evm.sign_text(evm.account(*number), text),
            Self::Solana(seed) => base58(&key(*seed).sign(text.as_bytes()).to_bytes()),
        }
    }

    /// The body of an approval of what the gateway shows.
    pub fn approve(&self, shown: &Value, form: Form) -> Value {
        let signature = match (self, form) {
            (Self::Evm(evm, number), Form::TypedData) => {
                evm.sign_typed_data(evm.account(*number), &shown["typedData"])
            }
            (Self::Evm(..), Form::Text) | (Self::Solana(_), Form::Text | Form::TypedData) => {
                self.sign(shown["text"].as_str().unwrap())
            }
        };
        let form = match form {
            Form::Text => "text",
            Form::TypedData => "typedData",
        };
        json!({ "signatures": [{ "owner": self.address(), "form": form, "signature": signature }] })
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Base58, as wallets show signatures.
fn base58(bytes: &[u8; 64]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).unwrap();
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).unwrap());
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).map(|_| 0);
    let all = zeros.chain(digits.into_iter().rev());
    all.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
