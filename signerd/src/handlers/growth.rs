//! How far the journal grows in a day by what is asked for one wallet: a number for operators to know
//! beforehand.

use super::refusals::{MAX_KINDS, TOGETHER_SECONDS};
use crate::guard::{DAY_SECONDS, Guard};
use crate::vault::MAX_KEYS;

/// The longest records that one request leaves, in bytes, but for what is spent: those of an
/// announcement and of its end.
const REQUEST_BYTES: u64 = 300;
/// Those of a lease and of its end, likewise.
const LEASE_BYTES: u64 = 300;
/// An asset and an amount in a record, in bytes.
const LINE_BYTES: u64 = 66;
/// The record of refusals, in bytes.
const REFUSAL_BYTES: u64 = 100;

/// The most in 24 hours without operators and the owners that they confirmed, in bytes.
pub(crate) fn bytes_a_day(guard: &Guard) -> u64 {
    let lines = u64::try_from(guard.assets_a_signature()).unwrap_or(u64::MAX);
    let spend = lines.saturating_mul(LINE_BYTES);
    let request = REQUEST_BYTES.saturating_add(spend);
    // What is leased stands in two more records: of the lease, and of its end.
    let lease = guard
        .lease_percent()
        .map_or(0, |_percent| spend.saturating_mul(2).saturating_add(LEASE_BYTES));
    let requests = guard.requests_a_day().saturating_mul(request.saturating_add(lease));
    let minutes = DAY_SECONDS.div_ceil(TOGETHER_SECONDS);
    let refusals = minutes.saturating_mul(MAX_KINDS).saturating_mul(REFUSAL_BYTES);
    requests.saturating_add(refusals)
}

/// That for people.
pub(super) fn remark(guard: &Guard) -> String {
    let megabytes = bytes_a_day(guard).div_ceil(1_000_000);
    format!(
        "the records of what is asked for it take at most {megabytes} MB of the signer's disk in a \
         day; those of each other wallet, of which a gateway may make {MAX_KEYS}, and snapshots come besides"
    )
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, Asset, Chain, Scope, SolanaAddress, WalletId};
    use protocol::journal::{Event, Grant, SpendLine, UsedApproval};
    use protocol::{AnnouncementId, RefusalCode};
    use tempfile::TempDir;

    use super::*;
    use crate::clock::Moment;
    use crate::journal::Journal;

    /// What these events take of the disk together.
    fn bytes_of(events: impl IntoIterator<Item = Event>) -> u64 {
        let directory = TempDir::new().unwrap();
        let mut journal = Journal::open(directory.path()).unwrap();
        let moment = Moment { now: 1, wall: 1 };
        events.into_iter().for_each(|event| journal.append(moment, event));
        journal.commit().unwrap();
        u64::try_from(journal.synced_bytes()).unwrap()
    }

    #[test]
    fn no_records_are_longer_than_they_are_taken_for() {
        let wallet = WalletId::from_bytes([1; 16]);
        let (id, intent, digest) = (AnnouncementId([1; 16]), [1; 32], [1; 32]);
        let announced = Event::Announced { wallet, id, intent, ready_at: 1, expires_at: 1 };
        assert!(bytes_of([announced, Event::Cancelled { wallet, id }]) <= REQUEST_BYTES);
        let refused = Event::Refused { wallet, code: RefusalCode::BadOwners, count: u32::MAX };
        assert!(bytes_of([refused]) <= REFUSAL_BYTES);
        for lines in [0_u8, 1, 128] {
            let line = |number: u8| {
                let asset = Asset::Token(SolanaAddress([number; 32]).into());
                SpendLine { asset, amount: Amount::MAX }
            };
            let spend: Vec<_> = (0..lines).map(line).collect();
            let each = u64::from(lines) * LINE_BYTES;
            for scope in [Scope::Solana, Scope::Evm("eip155:18446744073709551615".parse().unwrap())]
            {
                let (by, unused) = (Grant::Announced(id), spend.clone());
                let whole = spend.clone();
                let (until, signatures) = (1, 1);
                let leased = Event::Leased { wallet, scope, until, spend: whole, signatures };
                let ended = Event::LeaseEnded { wallet, scope, until, unused };
                assert!(bytes_of([leased, ended]) <= LEASE_BYTES + 2 * each);
                let used = UsedApproval { nonce: [1; 16], expires_at: 1 };
                for by in [by, Grant::Approved(used)] {
                    let (scope, spend) = (Some(scope), spend.clone());
                    let signed = Event::Signed { wallet, digest, intent, by, scope, spend };
                    assert!(bytes_of([signed]) <= REQUEST_BYTES + each);
                }
            }
        }
    }

    #[test]
    fn a_day_takes_the_records_of_its_requests_and_of_its_refusals() {
        let native = "[network.solana.native]\nimmediate = { per_day = \"1\" }";
        let guard =
            |text: &str| Guard::from_toml(&format!("{text}\n{native}"), Chain::Solana).unwrap();
        let refusals = 24 * 60 * 37 * 100;
        for (text, most) in [
            ("requests_per_day = 10", 10 * 366 + refusals),
            ("requests_per_day = 10\nlease_percent = 5", 10 * (366 + 432) + refusals),
            (
                "requests_per_day = 10\nowner_enrolment = \"first-use\"",
                10 * (300 + 128 * 66) + refusals,
            ),
        ] {
            assert_eq!(bytes_a_day(&guard(text)), most, "{text}");
        }
        assert!(remark(&guard("")).contains(" 13 MB "), "{}", remark(&guard("")));
    }
}
