//! Owners, by what they signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::{Address, AddressError, Chain, WalletId, decode_hex};
use txcodec::message::is_signed_by;

use crate::app::App;
use crate::owner::{Action, MAX_TEXT, NonceError, SignIn, SignInError, Site};
use crate::store::StoreError;
use crate::store::wallets::Wallet;

/// The owner of a wallet, who signed a message that was never used before.
#[derive(Clone, Debug)]
pub struct Owner {
    address: Address,
    proof: Proof,
    wallets: Vec<Wallet>,
}

/// What an owner signed.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A message of EIP-4361 or Sign-In-With-Solana; its statement says what is wanted.
    Signed(Box<SignIn>),
    /// A nonce of this gateway alone. It says nothing about what it is for.
    RawNonce,
}

/// What a request says of the owner who makes it, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who it is.
    pub address: &'a str,
    /// The text in base64; or a nonce in hexadecimal.
    pub message: &'a str,
    /// EVM: `0x` and hexadecimal digits, or base64. Solana: base64 or base58.
    pub signature: &'a str,
}

/// Why a claim makes nobody an owner, or not one who may do this.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The address is none.
    #[error("X-Owner-Address: {0}")]
    Address(#[from] AddressError),
    /// The message is neither base64 of a text nor a nonce.
    #[error("X-Owner-Message is neither a nonce nor the base64 of a message")]
    Encoding,
    /// The message is not one that the owner could have signed for this, here and now.
    #[error(transparent)]
    Message(#[from] SignInError),
    /// The nonce cannot be used.
    #[error(transparent)]
    Nonce(#[from] NonceError),
    /// The signature is not of that address over that message.
    #[error("the signature is not the owner's over this message")]
    Signature,
    /// No wallet has that owner on the network of the message.
    #[error("{0} is the owner of no wallet on the message's network")]
    NotAnOwner(Address),
    /// The message says that something else is wanted.
    #[error("the owner signed for something else; the statement must be: {wanted}")]
    OtherAction {
        /// The statement that this takes.
        wanted: String,
    },
    /// A nonce does not say what it is for.
    #[error("a signed nonce only stops things; sign a message that states: {wanted}")]
    NeedsStatement {
        /// The statement that this takes.
        wanted: String,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Owner {
    /// The owner who made this claim at this site. Its nonce is used up.
    ///
    /// # Errors
    /// When any part of it is not as it must be; the nonce can still be used then.
    pub async fn from_claim(app: &App, site: &Site, claim: Claim<'_>) -> Result<Self, OwnerError> {
        let address: Address = claim.address.parse()?;
        let signature = read_signature(address.chain(), claim.signature)?;
        let now = app.clock.now();
        // A stranger is told apart before anything that costs more is done.
        let wallets = app.store.read(move |db| db.wallets_of_owner(address)).await?;
        let mut owner = Self { address, proof: Proof::RawNonce, wallets };
        let nonce = if crate::owner::is_nonce(claim.message) {
            app.owner_nonces.check(claim.message, now)?;
            if !signs_nonce(address, claim.message, &signature) {
                return Err(OwnerError::Signature);
            }
            claim.message.to_owned()
        } else {
            let text = read_text(claim.message)?;
            let message = SignIn::parse(&text)?;
            let network = message.check(address, site, &app.networks, now)?;
            owner.wallets.retain(|wallet| {
                wallet.chain == network.chain() && wallet.environment == network.environment
            });
            app.owner_nonces.check(&message.nonce, now)?;
            if !is_signed_by(address, text.as_bytes(), &signature) {
                return Err(OwnerError::Signature);
            }
            let nonce = message.nonce.clone();
            owner.proof = Proof::Signed(Box::new(message));
            nonce
        };
        if owner.wallets.is_empty() {
            return Err(OwnerError::NotAnOwner(address));
        }
        app.owner_nonces.take(&nonce, now)?;
        Ok(owner)
    }

    /// Who it is.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// What was signed.
    pub const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The wallets of this owner; those on the network's kind of chain and environment where the
    /// message named a network.
    pub fn wallets(&self) -> &[Wallet] {
        &self.wallets
    }

    /// The wallet with that id, if it is this owner's.
    pub fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        self.wallets.iter().find(|wallet| wallet.id == id)
    }

    /// Whether just this sentence was signed.
    ///
    /// # Errors
    /// When it was another, or a nonce without any.
    pub fn states(&self, statement: &str) -> Result<(), OwnerError> {
        let wanted = || statement.to_owned();
        match &self.proof {
            Proof::Signed(message) if message.statement == statement => Ok(()),
            Proof::Signed(_) => Err(OwnerError::OtherAction { wanted: wanted() }),
            Proof::RawNonce => Err(OwnerError::NeedsStatement { wanted: wanted() }),
        }
    }

    /// Whether what was signed is for this.
    ///
    /// # Errors
    /// When the statement says something else, or a signed nonce is not enough.
    pub fn wants(&self, action: Action) -> Result<(), OwnerError> {
        match &self.proof {
            Proof::Signed(message) if message.statement == action.to_string() => Ok(()),
            Proof::Signed(_) => Err(OwnerError::OtherAction { wanted: action.to_string() }),
            Proof::RawNonce if action.takes_raw_nonce() => Ok(()),
            Proof::RawNonce => Err(OwnerError::NeedsStatement { wanted: action.to_string() }),
        }
    }
}

/// The longest signature as it comes: `0x` and the digits of 65 bytes.
const MAX_SIGNATURE: usize = 132;

/// Clients sign the nonce's bytes, or its digits.
fn signs_nonce(address: Address, nonce: &str, signature: &[u8]) -> bool {
    let bytes = decode_hex(nonce).unwrap_or_default();
    is_signed_by(address, &bytes, signature) || is_signed_by(address, nonce.as_bytes(), signature)
}

fn read_text(message: &str) -> Result<String, OwnerError> {
    // Four characters for three bytes.
    if message.len() > MAX_TEXT.div_ceil(3).saturating_mul(4) {
        return Err(OwnerError::Encoding);
    }
    let bytes = BASE64.decode(message).map_err(|_not_base64| OwnerError::Encoding)?;
    String::from_utf8(bytes).map_err(|_no_text| OwnerError::Encoding)
}

/// Ed25519's 64 bytes have at most 88 characters; to read base58 takes the square of its length.
fn base58(text: &str) -> Option<Vec<u8>> {
    (text.len() <= 88).then(|| bs58::decode(text).into_vec().ok()).flatten()
}

/// The bytes of an owner's signature as clients write them: `0x` and hexadecimal digits or base64 on EVM
/// networks, base64 or base58 on Solana.
///
/// # Errors
/// When it is none of these, or too long to be one.
pub fn read_signature(chain: Chain, text: &str) -> Result<Vec<u8>, OwnerError> {
    if text.len() > MAX_SIGNATURE {
        return Err(OwnerError::Signature);
    }
    let base64 = |length: usize| BASE64.decode(text).ok().filter(|bytes| bytes.len() == length);
    let bytes = match chain {
        Chain::Evm => match text.strip_prefix("0x") {
            Some(digits) => decode_hex(digits).ok(),
            None => base64(65),
        },
        Chain::Solana => base64(64).or_else(|| base58(text)),
    };
    bytes.ok_or(OwnerError::Signature)
}
