//! What records say, in plain words.

use primitives::{Scope, WalletId};
use protocol::Latch;
use protocol::journal::{Entry, Event, Grant, Origin, SpendLine, WalletSnapshot};
use serde_json::{Value, json};

use super::time_json;
use crate::coins::{asset_name, in_units, network_name};
use crate::commands::owner;
use crate::time::{span, utc};

/// Whom a record is about; nobody where it is about the whole signer.
pub(super) fn wallet_of(event: &Event) -> Option<WalletId> {
    match event {
        Event::WalletCreated { wallet, .. } => Some(wallet.id),
        Event::LatchSet { wallet, .. } => *wallet,
        Event::WalletRetiring { wallet, .. }
        | Event::WalletDestroyed { wallet }
        | Event::GuardSet { wallet, .. }
        | Event::Signed { wallet, .. }
        | Event::Refused { wallet, .. }
        | Event::Announced { wallet, .. }
        | Event::Cancelled { wallet, .. }
        | Event::OwnersProposed { wallet, .. }
        | Event::OwnersConfirmed { wallet, .. }
        | Event::ApprovalUsed { wallet, .. }
        | Event::Leased { wallet, .. }
        | Event::LeaseEnded { wallet, .. } => Some(*wallet),
        Event::Started { .. }
        | Event::VaultCreated { .. }
        | Event::Restored { .. }
        | Event::Renewed {}
        | Event::TimeAccepted { .. }
        | Event::CredentialSet { .. }
        | Event::Continued { .. }
        | Event::Counted { .. }
        | Event::DeadManSet { .. } => None,
    }
}

/// A word for programs, and a sentence for people.
pub(super) fn words(event: &Event) -> (&'static str, String) {
    match event {
        Event::Started { version, uptime_ms, .. } => (
            "started",
            format!("signerd {version} started, {} after the machine", span(uptime_ms / 1000)),
        ),
        Event::VaultCreated { .. } => ("vault_created", "the vault was made".to_owned()),
        Event::WalletCreated { origin, wallet } => ("wallet_created", created(*origin, wallet)),
        Event::WalletRetiring { until, .. } => {
            ("wallet_retiring", format!("replaced by another wallet, signs until {}", utc(*until)))
        }
        Event::WalletDestroyed { .. } => ("wallet_destroyed", "the key was destroyed".to_owned()),
        Event::GuardSet { version, .. } => ("guard_set", format!("guard set, version {version}")),
        Event::Signed { by, scope, spend, .. } => ("signed", signed(*by, *scope, spend)),
        Event::Refused { code, count, .. } => ("refused", refused(&code.to_string(), *count)),
        Event::LatchSet { latch, reason, .. } => ("latch_set", latched(*latch, reason)),
        Event::Restored { .. } => (
            "restored",
            "a backup was taken over: ceilings count as used up, approvals made before are void"
                .to_owned(),
        ),
        Event::Announced { id, ready_at, .. } => (
            "announced",
            format!("announced as {}, may be signed from {}", announcement(id.0), utc(*ready_at)),
        ),
        Event::Cancelled { id, .. } => {
            ("cancelled", format!("announcement {} was called off", announcement(id.0)))
        }
        Event::OwnersProposed { owners, .. } => {
            ("owners_proposed", format!("proposed as owners: {}", owner::words(owners)))
        }
        Event::OwnersConfirmed { owners, .. } => {
            ("owners_confirmed", format!("owners are from now on: {}", owner::words(owners)))
        }
        Event::ApprovalUsed { nonce, .. } => (
            "approval_used",
            format!("the owners' approval {} was used", primitives::encode_hex(nonce)),
        ),
        Event::Renewed {} => ("renewed", "the dead man's switch was put off".to_owned()),
        Event::TimeAccepted { from } => {
            ("time_accepted", format!("the clock went forward, it was {} before", utc(*from)))
        }
        Event::CredentialSet { is_set } => credential(*is_set),
        Event::Leased { scope, until, spend, signatures, .. } => (
            "leased",
            format!(
                "taken ahead until {}: {signatures} signatures, {} on {}",
                utc(*until),
                amounts(*scope, spend),
                network_name(scope.network())
            ),
        ),
        Event::LeaseEnded { scope, unused, .. } => ("lease_ended", given_back(*scope, unused)),
        Event::Continued { snapshot } => (
            "continued",
            format!(
                "the journal goes on in a new file, snapshot {}",
                primitives::encode_hex(snapshot)
            ),
        ),
        Event::Counted { value, .. } => {
            ("counted", format!("the counter in the TPM goes to {value}"))
        }
        Event::DeadManSet { seconds } => ("dead_man_set", dead_man(*seconds)),
    }
}

fn given_back(scope: Scope, unused: &[SpendLine]) -> String {
    let network = network_name(scope.network());
    match unused {
        [] => format!("what was taken ahead on {network} is used up"),
        unused => {
            format!("of what was taken ahead on {network} {} is given back", amounts(scope, unused))
        }
    }
}

fn created(origin: Origin, wallet: &WalletSnapshot) -> String {
    let (origin, environment) = (origin_words(origin), wallet.environment);
    format!("wallet {origin} for {} {environment}, address {}", wallet.chain, wallet.address)
}

fn dead_man(seconds: u32) -> String {
    match seconds {
        0 => "the dead man's switch was taken out of the settings".to_owned(),
        seconds => {
            format!("the settings give the dead man's switch {} from now on", span(seconds.into()))
        }
    }
}

fn credential(is_set: bool) -> (&'static str, String) {
    let (word, what) = if is_set {
        ("credential_set", "from now on the service's credential opens the vault at a start")
    } else {
        ("credential_removed", "from now on only the passphrase opens the vault")
    };
    (word, what.to_owned())
}

const fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Created => "created",
        Origin::Imported => "imported",
        Origin::Rotated { .. } => "made in place of another",
        Origin::Restored => "restored",
    }
}

fn signed(by: Grant, scope: Option<Scope>, spend: &[SpendLine]) -> String {
    let why = match by {
        Grant::Guard => "let go at once".to_owned(),
        Grant::Announced(id) => format!("announced as {}", announcement(id.0)),
        Grant::Approved(_) => "approved by the owners".to_owned(),
        Grant::Again => "the same bytes as before".to_owned(),
        Grant::Lease => "let go at once, from what was taken ahead".to_owned(),
    };
    match scope {
        None => format!("signed a message ({why})"),
        Some(scope) if spend.is_empty() => {
            format!("signed on {} ({why}): nothing more counts", network_name(scope.network()))
        }
        Some(scope) => format!(
            "signed on {} ({why}): at most {}",
            network_name(scope.network()),
            amounts(scope, spend)
        ),
    }
}

fn amounts(scope: Scope, spend: &[SpendLine]) -> String {
    let one = |line: &SpendLine| {
        let (name, decimals) = asset_name(scope.network(), line.asset);
        format!("{} {name}", in_units(line.amount, decimals))
    };
    spend.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn refused(code: &str, count: u32) -> String {
    let times = if count == 1 { String::new() } else { format!(" {count} times") };
    format!("refused to sign{times}: {}", code.replace('_', " ").to_lowercase())
}

fn latched(latch: Latch, reason: &str) -> String {
    let what = match latch {
        Latch::Active => "signing goes on",
        Latch::Suspended => "signing suspended",
        Latch::Locked => "signing locked",
    };
    format!("{what}: {reason}")
}

fn announcement(id: [u8; 16]) -> uuid::Uuid {
    uuid::Uuid::from_bytes(id)
}

/// A record for people.
pub(in crate::commands) fn entry_fields(entry: &Entry) -> Vec<(&'static str, String)> {
    let (_, sentence) = words(&entry.event);
    let mut fields = vec![("record", entry.number.to_string()), ("time", utc(entry.wall))];
    fields.extend(wallet_of(&entry.event).map(|wallet| ("wallet", wallet.to_string())));
    fields.push(("says", sentence));
    fields
}

/// A record as `--json` prints it.
pub(in crate::commands) fn entry_json(entry: &Entry, hash: [u8; 32]) -> Value {
    let (kind, sentence) = words(&entry.event);
    let mut json = json!({
        "number": entry.number,
        "signerTime": time_json(entry.at),
        "systemTime": time_json(entry.wall),
        "kind": kind,
        "walletId": wallet_of(&entry.event),
        "says": sentence,
        "hash": primitives::encode_hex(&hash),
    });
    if let (Event::Signed { scope, spend, digest, intent, .. }, Some(json)) =
        (&entry.event, json.as_object_mut())
    {
        let lines: Vec<Value> = spend
            .iter()
            .map(|line| match line.asset {
                primitives::Asset::Native => json!({ "token": null, "amount": line.amount }),
                primitives::Asset::Token(token) => json!({ "token": token, "amount": line.amount }),
            })
            .collect();
        json.insert("scope".to_owned(), json!(scope.map(|scope| scope.to_string())));
        json.insert("spend".to_owned(), json!(lines));
        json.insert("digest".to_owned(), json!(primitives::encode_hex(digest)));
        json.insert("intent".to_owned(), json!(primitives::encode_hex(intent)));
    }
    json
}
