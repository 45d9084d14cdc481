//! The gateway's audit trail: entries that are chained by their hashes, and how they are checked.
//!
//! The hash of an entry is the SHA-256 of the hash before it, as 32 bytes, and of the entry's own
//! text, [`AuditLog::text`]: its fields but `hash` and `intact`, in the order of [`AuditLog`], as
//! JSON without spaces; absent ones are `null`, and `details` stand as they were written. The first
//! entry follows [`AuditLog::GENESIS`].

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    /// Its place in the trail: greater than that of the entry before it.
    pub id: u64,
    /// When it happened, by the gateway's clock, Unix seconds.
    pub timestamp: i64,
    /// What happened.
    #[schema(example = "TX_SUBMITTED")]
    pub event_type: String,
    /// Who did it: `master`, `session:` or `owner:` and which one, `system`, or `unknown`.
    pub actor: String,
    /// Whose wallet.
    pub wallet_id: Option<String>,
    /// The session that asked.
    pub session_id: Option<String>,
    /// Which transaction.
    pub tx_id: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    pub details: Box<RawValue>,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// The address of the connection, where it was asked for over TCP.
    pub ip_address: Option<String>,
    /// The Unix user, where it was asked for at the operators' socket.
    pub peer_uid: Option<u32>,
    /// The id of the request that led to it, as `X-Request-Id` had it.
    pub request_id: Option<String>,
    /// The hash that ends the trail with this entry, 64 hexadecimal digits.
    pub hash: String,
    /// Whether the gateway found that hash right when it read the entry. Checking it oneself is
    /// better: `waiaasctl audit verify` does.
    #[serde(default)]
    pub intact: bool,
}

/// A part of the trail.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLogPage {
    /// Newest first; oldest first where `after` was given.
    pub data: Vec<AuditLog>,
    /// The `cursor`, or `after`, that goes on from here; `null` where there is no more.
    pub next_cursor: Option<u64>,
    /// Whether there is more.
    pub has_more: bool,
    /// How many entries fit in all, where `include_total=true` was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Behind which entry the trail begins, where older ones were archived and taken away; told to
    /// the master.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_after: Option<TrailPlace>,
}

/// A place in the trail: behind an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrailPlace {
    /// The entry's id; 0 before the first.
    pub id: u64,
    /// Its hash, 64 hexadecimal digits; zeros before the first.
    pub hash: String,
}

/// Which entries to take from the beginning of the trail: they are archived.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortenTrail {
    /// Where the archive begins, which must be where the trail begins.
    pub after: TrailPlace,
    /// The last entry to go.
    pub through: TrailPlace,
}

impl ShortenTrail {
    /// Entries that go at once: nobody else writes meanwhile.
    pub const MOST: u64 = 1_000;
}

/// A trail that became shorter.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrailShortened {
    /// How many entries went.
    pub entries: u64,
    /// Where the trail begins now.
    pub begins_after: TrailPlace,
}

/// What is hashed of an entry.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    id: u64,
    timestamp: i64,
    event_type: &'a str,
    actor: &'a str,
    wallet_id: Option<&'a str>,
    session_id: Option<&'a str>,
    tx_id: Option<&'a str>,
    details: &'a RawValue,
    severity: &'a str,
    ip_address: Option<&'a str>,
    peer_uid: Option<u32>,
    request_id: Option<&'a str>,
}

impl AuditLog {
    /// What the first entry follows.
    pub const GENESIS: [u8; 32] = [0; 32];

    /// The text that is hashed.
    pub fn text(&self) -> String {
        let text = Text {
            id: self.id,
            timestamp: self.timestamp,
            event_type: &self.event_type,
            actor: &self.actor,
            wallet_id: self.wallet_id.as_deref(),
            session_id: self.session_id.as_deref(),
            tx_id: self.tx_id.as_deref(),
            details: &self.details,
            severity: &self.severity,
            ip_address: self.ip_address.as_deref(),
            peer_uid: self.peer_uid,
            request_id: self.request_id.as_deref(),
        };
        serde_json::to_string(&text).expect("its keys are names, and its numbers whole")
    }

    /// The hash that it must have behind an entry with that hash.
    pub fn hash_after(&self, previous: [u8; 32]) -> [u8; 32] {
        Sha256::new().chain_update(previous).chain_update(self.text()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditLog {
        AuditLog {
            id: 1,
            timestamp: 1_800_000_000,
            event_type: "SESSION_CREATED".to_owned(),
            actor: "master".to_owned(),
            wallet_id: None,
            session_id: None,
            tx_id: None,
            details: RawValue::from_string(r#"{"b":1, "a":"é"}"#.to_owned()).unwrap(),
            severity: "info".to_owned(),
            ip_address: Some("127.0.0.1".to_owned()),
            peer_uid: None,
            request_id: Some("r-1".to_owned()),
            hash: String::new(),
            intact: true,
        }
    }

    #[test]
    fn the_text_is_the_documented_one_to_the_byte() {
        let text = concat!(
            r#"{"id":1,"timestamp":1800000000,"eventType":"SESSION_CREATED","actor":"master","#,
            r#""walletId":null,"sessionId":null,"txId":null,"details":{"b":1, "a":"é"},"#,
            r#""severity":"info","ipAddress":"127.0.0.1","peerUid":null,"requestId":"r-1"}"#,
        );
        assert_eq!(entry().text(), text);
        // printf '\0%.0s' {1..32} | cat - <(printf %s "$text") | sha256sum
        let expected: [u8; 32] = Sha256::digest([&[0; 32], text.as_bytes()].concat()).into();
        assert_eq!(entry().hash_after(AuditLog::GENESIS), expected);
    }

    #[test]
    fn it_is_the_same_after_a_journey_as_json() {
        let sent = serde_json::to_vec(&entry()).unwrap();
        let arrived: AuditLog = serde_json::from_slice(&sent).unwrap();
        assert_eq!(arrived.text(), entry().text());
    }

    #[test]
    fn every_field_counts() {
        let hash = entry().hash_after(AuditLog::GENESIS);
        let other = || Some("x".to_owned());
        for changed in [
            AuditLog { id: 2, ..entry() },
            AuditLog { timestamp: 0, ..entry() },
            AuditLog { event_type: String::new(), ..entry() },
            AuditLog { actor: String::new(), ..entry() },
            AuditLog { wallet_id: other(), ..entry() },
            AuditLog { session_id: other(), ..entry() },
            AuditLog { tx_id: other(), ..entry() },
            AuditLog { details: RawValue::from_string("{}".to_owned()).unwrap(), ..entry() },
            AuditLog { severity: String::new(), ..entry() },
            AuditLog { ip_address: None, ..entry() },
            AuditLog { peer_uid: Some(0), ..entry() },
            AuditLog { request_id: None, ..entry() },
        ] {
            assert_ne!(changed.hash_after(AuditLog::GENESIS), hash, "{changed:?}");
        }
        assert_ne!(entry().hash_after([1; 32]), hash);
    }
}
