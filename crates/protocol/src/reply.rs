//! What the signer answers.

use primitives::WalletId;

use crate::journal::{JournalReport, Receipt, Record};
use crate::wire::{Item, Reader, Wire, WireError};
use crate::{
    AnnouncementId, Exposure, GuardCheck, GuardText, KeyInfo, OpenedBackup, Owners, Refusal,
    Status, VaultCopy, wire_fields,
};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a hello: the signer's version of the protocol, and who it is.
    Hello {
        /// [`crate::VERSION`].
        version: u16,
        /// Random, made with the vault and again when a backup is taken over; all zero before.
        /// Owners' approvals name it.
        instance: [u8; 16],
    },
    /// To what only does something.
    Done,
    /// To a status request.
    Status(Status),
    /// To a list request.
    Keys(Vec<KeyInfo>),
    /// To what makes a key: create, import, rotate.
    Key(KeyInfo),
    /// To what signs: 65 bytes `r ‖ s ‖ yParity` with secp256k1, 64 bytes with Ed25519.
    Signature(Vec<u8>),
    /// To showing or setting a guard.
    Guard(GuardText),
    /// To an exposure request.
    Exposure(Exposure),
    /// To a backup request.
    Backup(VaultCopy),
    /// To taking over a backup, or checking the journal.
    Journal(JournalReport),
    /// To announcing an intent.
    Announced(Announcement),
    /// To asking what is announced.
    Announcements(Vec<Announcement>),
    /// To asking for owners.
    Owners(OwnersState),
    /// To trying a guard.
    GuardCheck(GuardCheck),
    /// To reading the journal.
    Records(Vec<Record>),
    /// To asking for a receipt.
    Receipt(Receipt),
    /// To checking a backup.
    OpenedBackup(OpenedBackup),
    /// To anything that is not done.
    Refused(Refusal),
}

/// An intent that waits, or may be signed once its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Whose key shall sign.
    pub wallet: WalletId,
    /// What it was announced as.
    pub id: AnnouncementId,
    /// `txcodec`'s digest of what it does.
    pub intent: [u8; 32],
    /// From when on it may be signed, Unix seconds of the signer's clock.
    pub ready_at: u64,
    /// Until when, Unix seconds of the signer's clock.
    pub expires_at: u64,
}

/// Who the owners of a wallet are, and who may become them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnersState {
    /// Those whose signatures count; nobody at first.
    pub confirmed: Owners,
    /// Those who were proposed, and are to be confirmed.
    pub proposed: Option<Owners>,
    /// How often owners were confirmed: names the owners that a change was made from.
    pub version: u64,
}

impl Wire for Reply {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { version, instance } => {
                1_u8.write(out);
                version.write(out);
                instance.write(out);
            }
            Self::Done => 2_u8.write(out),
            Self::Status(status) => tagged(3, status, out),
            Self::Keys(keys) => tagged(4, keys, out),
            Self::Key(key) => tagged(5, key, out),
            Self::Signature(signature) => tagged(6, signature, out),
            Self::Guard(guard) => tagged(7, guard, out),
            Self::Exposure(exposure) => tagged(8, exposure, out),
            Self::Backup(archive) => tagged(9, archive, out),
            Self::Journal(report) => tagged(10, report, out),
            Self::Announced(announcement) => tagged(11, announcement, out),
            Self::Announcements(announcements) => tagged(12, announcements, out),
            Self::Owners(owners) => tagged(13, owners, out),
            Self::GuardCheck(check) => tagged(14, check, out),
            Self::Records(records) => tagged(15, records, out),
            Self::Receipt(receipt) => tagged(16, receipt, out),
            Self::OpenedBackup(opened) => tagged(17, opened, out),
            Self::Refused(refusal) => tagged(255, refusal, out),
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(input)? {
            1 => Ok(Self::Hello { version: Wire::read(input)?, instance: Wire::read(input)? }),
            2 => Ok(Self::Done),
            3 => Wire::read(input).map(Self::Status),
            4 => Wire::read(input).map(Self::Keys),
            5 => Wire::read(input).map(Self::Key),
            6 => Wire::read(input).map(Self::Signature),
            7 => Wire::read(input).map(Self::Guard),
            8 => Wire::read(input).map(Self::Exposure),
            9 => Wire::read(input).map(Self::Backup),
            10 => Wire::read(input).map(Self::Journal),
            11 => Wire::read(input).map(Self::Announced),
            12 => Wire::read(input).map(Self::Announcements),
            13 => Wire::read(input).map(Self::Owners),
            14 => Wire::read(input).map(Self::GuardCheck),
            15 => Wire::read(input).map(Self::Records),
            16 => Wire::read(input).map(Self::Receipt),
            17 => Wire::read(input).map(Self::OpenedBackup),
            255 => Wire::read(input).map(Self::Refused),
            tag => Err(WireError::UnknownTag(tag)),
        }
    }
}

fn tagged<T: Wire>(tag: u8, content: &T, out: &mut Vec<u8>) {
    tag.write(out);
    content.write(out);
}

wire_fields!(Announcement { wallet, id, intent, ready_at, expires_at });
wire_fields!(OwnersState { confirmed, proposed, version });
impl Item for Announcement {}

#[cfg(test)]
mod tests {
    use primitives::{Amount, Asset, Chain, Environment};

    use super::*;
    use crate::wire::{read_all, to_bytes};
    use crate::{
        BackupKey, Ceiling, Demand, ExposureLine, GuardChange, GuardOrder, KeyState, Latch,
        RefusalCode, SecretMemory, VaultPhase, Witness, WitnessState,
    };

    fn witness() -> Witness {
        let (place, failure) = ("/srv/witness".to_owned(), "cannot be written: full".to_owned());
        Witness { place, state: WitnessState::Failing, failure }
    }

    fn report() -> JournalReport {
        JournalReport { records: 3, head: [0; 32], keys: 1 }
    }

    fn of_backups() -> [Reply; 2] {
        let (archive, key) = (vec![0; 1000], BackupKey::new([5; 32]));
        [
            Reply::Backup(VaultCopy { archive, key: key.clone(), journal: report() }),
            Reply::OpenedBackup(OpenedBackup { key, journal: report() }),
        ]
    }

    fn exposure(wallet: WalletId) -> Exposure {
        let line = ExposureLine {
            network: Some("eip155:1".parse().unwrap()),
            asset: Asset::Token(primitives::EvmAddress([4; 20]).into()),
            at_once: Ceiling::AtMost(Amount::from(5_u64)),
            per_hour: Ceiling::AtMost(Amount::from(5_u64)),
            per_day: Ceiling::Unlimited,
            per_month: Ceiling::Unlimited,
        };
        Exposure { wallet, lines: vec![line], remarks: vec!["so".to_owned()] }
    }

    fn guard_check(wallet: WalletId) -> GuardCheck {
        let change = GuardChange {
            key: "messages".to_owned(),
            before: Some("\"text\"".to_owned()),
            after: None,
            order: GuardOrder::Looser,
        };
        GuardCheck {
            from_version: 3,
            text: "messages = \"text\"".to_owned(),
            order: GuardOrder::Tighter,
            changes: vec![change],
            exposure: exposure(wallet),
            verdict: Some(Demand::Delay(600)),
        }
    }

    #[test]
    fn every_reply_survives_the_round_trip() {
        let wallet = WalletId::from_bytes([7; 16]);
        let key = KeyInfo {
            wallet,
            chain: Chain::Evm,
            environment: Environment::Mainnet,
            public_key: vec![2; 33],
            address: primitives::EvmAddress([3; 20]).into(),
            state: KeyState::Retiring { until: 1_900_000_000 },
            latch: Latch::Locked,
            latch_reason: "a drill".to_owned(),
            created_at: 1_800_000_000,
        };
        let status = Status {
            version: "0.1.0".to_owned(),
            vault: VaultPhase::Open,
            latch: Latch::Suspended,
            latch_reason: "an operator said so".to_owned(),
            journal_damage: Some("a bit is another".to_owned()),
            wallets_halted: 1,
            suspends_at: Some(1_900_000_000),
            secret_memory: SecretMemory::MemfdSecret,
            wallets: 2,
            journal_records: 40,
            journal_head: [9; 32],
            witnesses: vec![witness()],
            now: 1_800_000_000,
            behind_seconds: 3,
            unattended: crate::Unattended::Held,
            idle_lock_seconds: 0,
            sandbox: vec!["no_new_privs".to_owned()],
        };
        let announcement = Announcement {
            wallet,
            id: AnnouncementId([2; 16]),
            intent: [3; 32],
            ready_at: 1_800_000_600,
            expires_at: 1_800_086_400,
        };
        let members = vec![key.address];
        let confirmed = Owners { threshold: 1, members };
        let owners = OwnersState { confirmed, proposed: Some(Owners::NONE), version: 1 };
        let (before, record) = ([0; 32], Record::new([0; 32], vec![1, 2, 3]));
        let (instance, public_key, signature) = ([1; 16], [2; 32], [3; 64]);
        let receipt = Receipt { instance, before, record: record.clone(), public_key, signature };
        let replies = [
            Reply::Hello { version: 1, instance: [1; 16] },
            Reply::Done,
            Reply::Status(status),
            Reply::Keys(vec![key.clone(), key.clone()]),
            Reply::Key(KeyInfo { state: KeyState::Active, ..key }),
            Reply::Signature(vec![1; 65]),
            Reply::Guard(GuardText { version: 2, text: "[networks]".to_owned() }),
            Reply::Exposure(exposure(wallet)),
            Reply::Journal(report()),
            Reply::Announced(announcement),
            Reply::Announcements(vec![announcement]),
            Reply::Owners(owners),
            Reply::GuardCheck(guard_check(wallet)),
            Reply::Records(vec![record]),
            Reply::Receipt(receipt),
            Reply::Refused(Refusal::new(RefusalCode::Internal, "why")),
        ];
        for reply in replies.into_iter().chain(of_backups()) {
            let bytes = to_bytes(&reply);
            for end in 0..bytes.len() {
                assert!(read_all::<Reply>(&bytes[..end]).is_err(), "{reply:?} cut at {end}");
            }
            assert_eq!(read_all::<Reply>(&bytes), Ok(reply));
        }
    }
}
