//! What can be asked of the signer.

use primitives::{Chain, Environment, WalletId};

use crate::Secret;
use crate::wire::{Reader, Wire, WireError};

/// Declares [`Request`], [`Kind`] and their bytes: one line of tag and name a request.
macro_rules! requests {
    ($(
        $(#[$doc:meta])*
        $tag:literal $name:ident $({ $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })?
    )+) => {
        /// One request. Which socket may ask which is the signer's table, not this type's.
        #[derive(Debug)]
        #[cfg_attr(test, derive(PartialEq))]
        pub enum Request {
            $($(#[$doc])* $name $({ $($(#[$field_doc])* $field: $type,)+ })?,)+
        }

        /// A request without its content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every kind of request.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }

        impl Request {
            /// The request's kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name $({ $($field: _,)+ })? => Kind::$name,)+
                }
            }
        }

        impl Wire for Request {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$name $({ $($field,)+ })? => {
                        let tag: u8 = $tag;
                        tag.write(out);
                        $($($field.write(out);)+)?
                    })+
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
                match u8::read(input)? {
                    $($tag => Ok(Self::$name $({ $($field: Wire::read(input)?,)+ })?),)+
                    tag => Err(WireError::UnknownTag(tag)),
                }
            }
        }
    };
}

requests! {
    /// The first message of a connection: which version the client speaks.
    1 Hello {
        /// [`crate::VERSION`].
        version: u16,
    }
    /// How the signer is.
    2 Status
    /// The wallets and their public keys, in order of id.
    3 ListKeys {
        /// Those after this one; the first ones if absent.
        after: Option<WalletId>,
        /// At most this many. There may be fewer though more follow: the end is an empty reply.
        limit: u16,
    }
    /// Makes a key. It gets the operator's default guard for its environment.
    4 CreateKey {
        /// Which kind of chain it signs for.
        chain: Chain,
        /// Which networks it signs for.
        environment: Environment,
        /// Whom it is for, at most 64 characters; for the key file alone.
        agent_id: Option<String>,
    }
    /// Signs a whole unsigned transaction.
    5 SignTransaction {
        /// Whose key.
        wallet: WalletId,
        /// EVM: the unsigned serialization of EIP-155, 2930 or 1559. Solana: the message.
        unsigned: Vec<u8>,
    }
    /// Signs a text: EIP-191 with an EVM key, its plain bytes with a Solana key.
    6 SignMessage {
        /// Whose key.
        wallet: WalletId,
        /// The text.
        text: Vec<u8>,
    }
    /// Signs typed data (EIP-712).
    7 SignTypedData {
        /// Whose key.
        wallet: WalletId,
        /// The data in `txcodec`'s binary form.
        typed_data: Vec<u8>,
    }
    /// A wallet's guard as it stands.
    8 ShowGuard {
        /// Whose guard.
        wallet: WalletId,
    }
    /// What could leave a wallet without the owner.
    9 Exposure {
        /// Which wallet.
        wallet: WalletId,
    }
    /// Stops signing until an operator resumes it.
    10 Suspend {
        /// Why, for the journal; at most 256 characters.
        reason: String,
    }
    /// Makes the vault.
    20 InitVault {
        /// What unlocks it from now on.
        passphrase: Secret,
    }
    /// Opens the vault.
    21 Unlock {
        /// The vault's.
        passphrase: Secret,
    }
    /// Wipes the keys from memory until the next unlock.
    22 Lock
    /// Ends a suspension.
    23 Resume {
        /// The vault's.
        passphrase: Secret,
    }
    /// Takes over a key that was made elsewhere.
    24 ImportKey {
        /// Which kind of chain it signs for.
        chain: Chain,
        /// Which networks it signs for.
        environment: Environment,
        /// secp256k1: the scalar of 32 bytes. Ed25519: the seed of 32 bytes.
        key: Secret,
        /// Whom it is for, at most 64 characters.
        agent_id: Option<String>,
    }
    /// Replaces a wallet's key by a new wallet with the same guard.
    25 RotateKey {
        /// Which one.
        wallet: WalletId,
        /// Seconds for which the old key still signs, so that its assets can be moved.
        grace_seconds: u32,
    }
    /// Destroys a key for good.
    26 DestroyKey {
        /// Which one.
        wallet: WalletId,
        /// The vault's.
        passphrase: Secret,
    }
    /// Replaces a wallet's guard.
    27 SetGuard {
        /// Whose guard.
        wallet: WalletId,
        /// The version that the new one was made from.
        from_version: u64,
        /// The new one, as TOML.
        text: String,
        /// The vault's.
        passphrase: Secret,
    }
    /// Makes an encrypted copy of vault and journal.
    28 Backup {
        /// The vault's; it opens the backup too.
        passphrase: Secret,
    }
    /// Opens a backup and checks everything in it, without using it.
    29 VerifyBackup {
        /// The passphrase of the vault at the time of the backup.
        passphrase: Secret,
        /// The backup.
        archive: Vec<u8>,
    }
    /// Takes over a backup into a signer without a vault. Signing starts suspended.
    30 Restore {
        /// The passphrase of the vault at the time of the backup.
        passphrase: Secret,
        /// The backup.
        archive: Vec<u8>,
    }
    /// Reads the journal from its first record and checks the chain.
    31 VerifyJournal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{read_all, to_bytes};

    #[test]
    fn every_request_survives_the_round_trip() {
        let wallet = WalletId::from_bytes([7; 16]);
        let secret = || Secret::new(b"correct horse".to_vec());
        let (chain, environment) = (Chain::Solana, Environment::Testnet);
        let agent_id = Some("agent".to_owned());
        let requests = [
            Request::Hello { version: 1 },
            Request::Status,
            Request::ListKeys { after: Some(wallet), limit: 10 },
            Request::CreateKey { chain, environment, agent_id: None },
            Request::SignTransaction { wallet, unsigned: vec![1, 2, 3] },
            Request::SignMessage { wallet, text: b"hello".to_vec() },
            Request::SignTypedData { wallet, typed_data: vec![] },
            Request::ShowGuard { wallet },
            Request::Exposure { wallet },
            Request::Suspend { reason: "seen something odd".to_owned() },
            Request::InitVault { passphrase: secret() },
            Request::Unlock { passphrase: secret() },
            Request::Lock,
            Request::Resume { passphrase: secret() },
            Request::ImportKey { chain, environment, key: secret(), agent_id },
            Request::RotateKey { wallet, grace_seconds: 60 },
            Request::DestroyKey { wallet, passphrase: secret() },
            Request::SetGuard {
                wallet,
                from_version: 3,
                text: "x = 1".to_owned(),
                passphrase: secret(),
            },
            Request::Backup { passphrase: secret() },
            Request::VerifyBackup { passphrase: secret(), archive: vec![9; 100] },
            Request::Restore { passphrase: secret(), archive: vec![9; 100] },
            Request::VerifyJournal,
        ];
        assert!(requests.iter().map(Request::kind).eq(Kind::ALL.iter().copied()));
        for request in requests {
            let bytes = to_bytes(&request);
            for end in 0..bytes.len() {
                assert!(read_all::<Request>(&bytes[..end]).is_err(), "{request:?} cut at {end}");
            }
            assert_eq!(read_all::<Request>(&bytes).unwrap(), request);
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let request = Request::Unlock { passphrase: Secret::new(b"correct horse".to_vec()) };
        assert_eq!(format!("{request:?}"), "Unlock { passphrase: Secret }");
    }
}
