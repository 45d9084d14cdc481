//! What can be asked of the signer.

use primitives::{Chain, Environment, WalletId};

use crate::wire::{Reader, Wire, WireError};
use crate::{AnnouncementId, Approval, Latch, Owners, Payload, Secret, Warrant};

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
    /// Signs something, if the guard lets it go or the warrant allows it.
    5 Sign {
        /// Whose key.
        wallet: WalletId,
        /// What.
        payload: Payload,
        /// Why it may be signed, where the guard alone does not let it go.
        warrant: Warrant,
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
    /// Stops signing, of one wallet or of all, until it is resumed. Never loosens.
    10 Halt {
        /// Which wallet; all of them, and the signer itself, if absent.
        wallet: Option<WalletId>,
        /// Where the latch is thought to be; wherever it is, if absent.
        from: Option<Latch>,
        /// Where it shall be.
        to: Latch,
        /// Why, for the journal; at most 256 characters.
        reason: String,
    }
    /// Says beforehand what shall be signed, so that its wait begins.
    11 Announce {
        /// Whose key.
        wallet: WalletId,
        /// What it is announced as. Again with the same intent, it is the same announcement.
        id: AnnouncementId,
        /// What shall be signed; what varies between attempts (nonce, fee, blockhash) may differ
        /// then.
        payload: Payload,
    }
    /// Calls an announcement off.
    12 Cancel {
        /// Whose key should have signed.
        wallet: WalletId,
        /// What it was announced as.
        id: AnnouncementId,
    }
    /// What a wallet has announced.
    13 ListAnnouncements {
        /// Which wallet.
        wallet: WalletId,
    }
    /// Names owners for a wallet that has none; an operator confirms them.
    14 ProposeOwners {
        /// Which wallet.
        wallet: WalletId,
        /// Who.
        owners: Owners,
    }
    /// Who the owners of a wallet are.
    15 ShowOwners {
        /// Which wallet.
        wallet: WalletId,
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
    /// Signs again. From a lock, a wallet with owners needs their approval too.
    23 Resume {
        /// Which wallet; the signer itself if absent.
        wallet: Option<WalletId>,
        /// Where the latch is thought to be.
        from: Latch,
        /// The vault's.
        passphrase: Secret,
        /// What the wallet's owners signed.
        approval: Option<Approval>,
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
    /// Replaces a wallet's guard. One that lets nothing more pass takes neither passphrase nor
    /// approval; any other takes the passphrase, and the approval of the owners where there are any.
    27 SetGuard {
        /// Whose guard.
        wallet: WalletId,
        /// The version that the new one was made from.
        from_version: u64,
        /// The new one, as TOML.
        text: String,
        /// The vault's.
        passphrase: Option<Secret>,
        /// What the wallet's owners signed.
        approval: Option<Approval>,
    }
    /// Makes an encrypted copy of the vault, and of what the journal knows of its wallets.
    28 Backup {
        /// The vault's, which opens the copy too; not needed while the vault is open.
        passphrase: Option<Secret>,
    }
    /// Opens such a copy and checks everything in it, without using it.
    29 VerifyBackup {
        /// The passphrase of the vault at the time of the backup; without it, the vault has to be
        /// open and the one that the copy was made of.
        passphrase: Option<Secret>,
        /// The copy.
        archive: Vec<u8>,
    }
    /// Takes over such a copy into a signer without a vault. Signing starts suspended.
    30 Restore {
        /// The passphrase of the vault at the time of the backup.
        passphrase: Secret,
        /// The copy.
        archive: Vec<u8>,
    }
    /// What a guard would change, and what it would say to a payload.
    32 CheckGuard {
        /// Whose guard it is compared with.
        wallet: WalletId,
        /// The guard, as TOML.
        text: String,
        /// What it is to judge.
        payload: Option<Payload>,
    }
    /// Makes owners of those who are named: from then on nothing passes without them that needs
    /// owners, and what loosens needs them too.
    33 ConfirmOwners {
        /// Of which wallet.
        wallet: WalletId,
        /// The version of the owners that the change was made from.
        from_version: u64,
        /// Who; nobody to remove them.
        owners: Owners,
        /// The vault's.
        passphrase: Secret,
        /// What the owners signed who are to be replaced.
        approval: Option<Approval>,
    }
    /// Puts off the dead man's switch.
    34 Renew
    /// Records of the journal, in their order.
    35 ReadJournal {
        /// The number of the first.
        from: u64,
        /// At most this many. There may be fewer though more follow: the end is an empty reply.
        limit: u16,
    }
    /// A signed copy of one record.
    36 Receipt {
        /// Its number.
        record: u64,
    }
    /// A guard to begin with.
    37 GuardTemplate {
        /// For wallets of which kind of chain.
        chain: Chain,
        /// For which networks.
        environment: Environment,
        /// Which one.
        name: String,
    }
    /// Takes the system's clock for right: the time that the signer has not seen pass counts.
    38 AcceptTime {
        /// The vault's.
        passphrase: Secret,
    }
    /// Sets what opens the vault at a start without anybody, in place of what did before.
    39 SetCredential {
        /// The vault's.
        passphrase: Secret,
        /// 32 random bytes; nothing opens it unattended if absent.
        credential: Option<Secret>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{read_all, to_bytes};
    use crate::{OwnerSignature, SignedForm, Terms};

    fn owners() -> Owners {
        Owners { threshold: 1, members: vec![primitives::EvmAddress([4; 20]).into()] }
    }

    fn approval() -> Approval {
        let fee_ceiling = primitives::Amount::from(5_u64);
        let terms = Terms { guard_version: 2, fee_ceiling, expires_at: 9, nonce: [6; 16] };
        let owner = primitives::SolanaAddress([5; 32]).into();
        let signature = OwnerSignature { owner, form: SignedForm::Text, bytes: vec![1; 64] };
        Approval { terms, signatures: vec![signature] }
    }

    /// What both sockets may ask.
    fn of_the_gateway() -> Vec<Request> {
        let wallet = WalletId::from_bytes([7; 16]);
        let (chain, environment) = (Chain::Solana, Environment::Testnet);
        let id = AnnouncementId([8; 16]);
        vec![
            Request::Hello { version: 1 },
            Request::Status,
            Request::ListKeys { after: Some(wallet), limit: 10 },
            Request::CreateKey { chain, environment, agent_id: None },
            Request::Sign {
                wallet,
                payload: Payload::Transaction(vec![1, 2, 3]),
                warrant: Warrant::Approved(approval()),
            },
            Request::ShowGuard { wallet },
            Request::Exposure { wallet },
            Request::Halt {
                wallet: Some(wallet),
                from: Some(Latch::Active),
                to: Latch::Locked,
                reason: "seen something odd".to_owned(),
            },
            Request::Announce { wallet, id, payload: Payload::Text(b"hello".to_vec()) },
            Request::Cancel { wallet, id },
            Request::ListAnnouncements { wallet },
            Request::ProposeOwners { wallet, owners: owners() },
            Request::ShowOwners { wallet },
        ]
    }

    /// What operators alone may ask.
    fn of_operators() -> Vec<Request> {
        let wallet = WalletId::from_bytes([7; 16]);
        let secret = || Secret::new(b"correct horse".to_vec());
        let (chain, environment) = (Chain::Solana, Environment::Testnet);
        let agent_id = Some("agent".to_owned());
        vec![
            Request::InitVault { passphrase: secret() },
            Request::Unlock { passphrase: secret() },
            Request::Lock,
            Request::Resume {
                wallet: None,
                from: Latch::Suspended,
                passphrase: secret(),
                approval: Some(approval()),
            },
            Request::ImportKey { chain, environment, key: secret(), agent_id },
            Request::RotateKey { wallet, grace_seconds: 60 },
            Request::DestroyKey { wallet, passphrase: secret() },
            Request::SetGuard {
                wallet,
                from_version: 3,
                text: "x = 1".to_owned(),
                passphrase: Some(secret()),
                approval: None,
            },
            Request::Backup { passphrase: None },
            Request::VerifyBackup { passphrase: Some(secret()), archive: vec![9; 100] },
            Request::Restore { passphrase: secret(), archive: vec![9; 100] },
            Request::CheckGuard {
                wallet,
                text: "x = 1".to_owned(),
                payload: Some(Payload::TypedData(vec![])),
            },
            Request::ConfirmOwners {
                wallet,
                from_version: 0,
                owners: owners(),
                passphrase: secret(),
                approval: None,
            },
            Request::Renew,
            Request::ReadJournal { from: 7, limit: 100 },
            Request::Receipt { record: 7 },
            Request::GuardTemplate { chain, environment, name: "default".to_owned() },
            Request::AcceptTime { passphrase: secret() },
            Request::SetCredential { passphrase: secret(), credential: Some(secret()) },
        ]
    }

    #[test]
    fn every_request_survives_the_round_trip() {
        let requests: Vec<_> = of_the_gateway().into_iter().chain(of_operators()).collect();
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
