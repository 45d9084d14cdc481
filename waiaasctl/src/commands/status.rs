//! `status`: how both daemons are, and what to do next.

use api::{AdminStatus, Health};
use protocol::{KeyInfo, Latch, Status, Unattended, VaultPhase, Witness};
use serde_json::{Value, json};

use super::{live_wallets, to_json, uuid};
use crate::exit::Failure;
use crate::gateway::{Call, Gateway, GatewayError};
use crate::place::Place;
use crate::signer::{Signer, SignerError};
use crate::time::{span, utc};
use crate::view::View;

/// So many seconds before the dead man's switch suspends signing, status asks for a renewal.
pub(super) const RENEW_WITHIN: u64 = 86_400;
/// So many seconds may the signer's clock be behind without a word: a reboot takes them.
pub(super) const BEHIND: u64 = 60;

/// The signer's status, and those of its wallets that are halted by themselves.
struct Signing {
    status: Status,
    halted: Vec<Halted>,
}

/// A wallet that is halted, and its name where gatewayd told it.
struct Halted {
    key: KeyInfo,
    name: Option<String>,
}

/// How both daemons are. The program ends with a failure if one of them does not answer, and shows
/// the other all the same.
pub(crate) fn status(place: &Place) -> View {
    let gateway = Gateway::new(&place.gateway_socket());
    let signer = signing(place, gateway.as_ref().ok()).map_err(Failure::from);
    let gateway = gateway
        .and_then(|gateway| {
            let health = gateway.ask::<Health>(Call::get("/health"))?;
            Ok((health, confinement(&gateway).ok()))
        })
        .map_err(Failure::from);
    let confined = gateway.as_ref().ok().and_then(|(_health, layers)| layers.as_ref());
    let mut fields = match &signer {
        Ok(signing) => signer_fields(signing),
        Err(failure) => vec![("signerd", failure.with_reason())],
    };
    fields.push(match &gateway {
        Ok((health, _layers)) => (
            "gatewayd",
            format!("{}, version {}, up {} s", health.status, health.version, health.uptime),
        ),
        Err(failure) => ("gatewayd", failure.with_reason()),
    });
    fields.extend(confined.map(|layers| ("its sandbox", layers.join(", "))));
    let json = json!({
        "signer": signer.as_ref().map_or(Value::Null, signer_json),
        "gateway": gateway.as_ref().map_or(Value::Null, |(health, _layers)| to_json(health)),
        "gatewaySandbox": confined,
    });
    let next = signer.as_ref().map_or_else(|_failure| Vec::new(), |it| next_steps(it, place));
    let view = next.into_iter().fold(View::new(json).fields(fields), View::line);
    match signer.err().or(gateway.err()) {
        None => view,
        Some(failure) => {
            let advice = failure.advice(Some(place)).unwrap_or_default();
            view.line(advice).ending(failure.exit())
        }
    }
}

/// What confines gatewayd, as it says.
///
/// # Errors
/// When it does not say.
pub(super) fn confinement(gateway: &Gateway) -> Result<Vec<String>, GatewayError> {
    let status = gateway.ask::<AdminStatus>(Call::get("/v1/admin/status"))?;
    Ok(status.sandbox)
}

fn signing(place: &Place, gateway: Option<&Gateway>) -> Result<Signing, SignerError> {
    let mut signer = Signer::connect(&place.control_socket())?;
    let status = signer.status()?;
    let mut keys = if status.wallets_halted > 0 { signer.keys()? } else { Vec::new() };
    keys.retain(|key| key.latch != Latch::Active);
    let wallets = match (keys.as_slice(), gateway) {
        ([_, ..], Some(gateway)) => live_wallets(gateway).unwrap_or_default(),
        ([], _) | (_, None) => Vec::new(),
    };
    let halted = |key: KeyInfo| {
        let wallet = wallets.iter().find(|wallet| wallet.id == uuid(key.wallet));
        Halted { name: wallet.map(|wallet| wallet.name.clone()), key }
    };
    Ok(Signing { halted: keys.into_iter().map(halted).collect(), status })
}

fn signer_fields(Signing { status, halted }: &Signing) -> Vec<(&'static str, String)> {
    let idle = match status.idle_lock_seconds {
        0 => String::new(),
        seconds => format!(", locks after {seconds} idle seconds"),
    };
    let reason = match status.latch_reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    let mut fields = vec![
        ("signerd", format!("version {}, {} wallets", status.version, status.wallets)),
        ("vault", format!("{}{idle}", status.vault)),
        ("unattended", unattended(status.unattended).to_owned()),
        ("signing", format!("{}{reason}", status.latch)),
    ];
    fields.extend(halted.iter().map(|one| ("halted", format!("{}: {}", one.label(), one.why()))));
    fields.extend([
        ("dead man", dead_man(status)),
        ("clock", clock(status)),
        ("secrets", format!("kept in {} memory", status.secret_memory)),
        ("sandbox", status.sandbox.join(", ")),
        (
            "journal",
            format!(
                "{} records, head {}",
                status.journal_records,
                primitives::encode_hex(&status.journal_head)
            ),
        ),
        ("witness", witnesses(status)),
    ]);
    fields
}

impl Halted {
    fn label(&self) -> String {
        let id = self.key.wallet;
        self.name.as_ref().map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
    }

    /// How, and why where that is known.
    fn why(&self) -> String {
        latch_words(&self.key)
    }

    /// What a command takes for it.
    fn reference(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.key.wallet.to_string())
    }
}

/// Where a wallet's latch is, and why where that is known.
pub(super) fn latch_words(key: &KeyInfo) -> String {
    match key.latch_reason.as_str() {
        "" => key.latch.to_string(),
        reason => format!("{}: {reason}", key.latch),
    }
}

fn dead_man(status: &Status) -> String {
    match status.suspends_at {
        None => "no switch is set".to_owned(),
        Some(at) if at <= status.now => format!("its time was over at {}", utc(at)),
        Some(at) => {
            let left = span(at.saturating_sub(status.now));
            format!("suspends signing at {}, in {left}, unless it is renewed", utc(at))
        }
    }
}

/// What would notice that an older state was put back, in words.
fn witnesses(status: &Status) -> String {
    if status.witnesses.is_empty() {
        return "none: an older copy of the state directory would not be noticed".to_owned();
    }
    let words: Vec<String> = status.witnesses.iter().map(ToString::to_string).collect();
    words.join("; ")
}

/// Whether the vault opens by itself at a start, in words.
pub(super) const fn unattended(state: Unattended) -> &'static str {
    match state {
        Unattended::Off => "off: after each start the passphrase opens the vault",
        Unattended::Untried => "on: the credential is tried at the next start",
        Unattended::Opened => "on: the credential opened the vault at the start",
        Unattended::Held => "held: the vault was locked, and only its passphrase opens it again",
        Unattended::Missing => "on, but the service had no credential at its start",
        Unattended::Misfit => "on, but the service's credential is not that of this vault",
        Unattended::Failed => "on, but the credential could not be used; the signer's log says why",
    }
}

fn clock(status: &Status) -> String {
    let now = utc(status.now);
    match status.behind_seconds {
        0 => now,
        seconds => format!("{now}, {} behind the system's clock", span(seconds)),
    }
}

fn signer_json(Signing { status, halted }: &Signing) -> Value {
    let halted: Vec<Value> = halted
        .iter()
        .map(|Halted { key, name }| {
            json!({
                "walletId": key.wallet,
                "name": name,
                "latch": key.latch.to_string(),
                "latchReason": key.latch_reason,
            })
        })
        .collect();
    json!({
        "version": status.version,
        "vault": status.vault.to_string(),
        "latch": status.latch.to_string(),
        "latchReason": status.latch_reason,
        "journalDamage": status.journal_damage,
        "halted": halted,
        "suspendsAt": status.suspends_at,
        "secretMemory": status.secret_memory.to_string(),
        "wallets": status.wallets,
        "journalRecords": status.journal_records,
        "journalHead": primitives::encode_hex(&status.journal_head),
        "witnesses": status.witnesses.iter().map(witness_json).collect::<Vec<_>>(),
        "now": status.now,
        "behindSeconds": status.behind_seconds,
        "unattended": status.unattended.to_string(),
        "idleLockSeconds": status.idle_lock_seconds,
        "sandbox": status.sandbox,
    })
}

fn witness_json(Witness { place, state, failure }: &Witness) -> Value {
    let failure = Some(failure).filter(|failure| !failure.is_empty());
    json!({ "place": place, "state": state.to_string(), "failure": failure })
}

/// What to do so that everything can be signed, and stays so.
fn next_steps(Signing { status, halted }: &Signing, place: &Place) -> Vec<String> {
    let mut steps = Vec::new();
    let mut step = |when: &str, command: &str| {
        steps.push(format!("next{when}: {}", place.command(command)));
    };
    match (status.vault, status.latch) {
        (VaultPhase::Uninitialised, _) => step(", to make the vault", "init"),
        (VaultPhase::Locked, _) => step(", to open the vault", "unlock"),
        (VaultPhase::Open, _) => {}
    }
    match (status.vault, status.latch) {
        (VaultPhase::Uninitialised, _) | (_, Latch::Active) => {}
        (_, Latch::Suspended | Latch::Locked) => step(", once you know why it stopped", "resume"),
    }
    for one in halted {
        step(", once you know why it stopped", &format!("resume {}", one.reference()));
    }
    if status.suspends_at.is_some_and(|at| at.saturating_sub(status.now) < RENEW_WITHIN) {
        step(", before signing is suspended", "renew");
    }
    if status.behind_seconds > BEHIND {
        step(", if the system's clock is right", "time accept");
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{key, status};

    fn steps(change: impl FnOnce(&mut Status), halted: Vec<Halted>) -> Vec<String> {
        let mut status = status();
        change(&mut status);
        next_steps(&Signing { status, halted }, &Place::of_operator(None, None).unwrap())
    }

    #[test]
    fn each_thing_that_stops_signing_comes_with_its_next_step() {
        let key = KeyInfo { latch: Latch::Locked, ..key(7) };
        let halted = Halted { key, name: None };
        for (steps, expected) in [
            (steps(|_| {}, vec![]), &[][..]),
            (steps(|it| it.vault = VaultPhase::Uninitialised, vec![]), &["init"]),
            (steps(|it| it.vault = VaultPhase::Locked, vec![]), &["unlock"]),
            (steps(|it| it.latch = Latch::Locked, vec![]), &["resume"]),
            (
                steps(
                    |it| {
                        it.vault = VaultPhase::Locked;
                        it.latch = Latch::Suspended;
                    },
                    vec![],
                ),
                &["unlock", "resume"],
            ),
            (steps(|_| {}, vec![halted]), &["resume 07070707-0707-0707-0707-070707070707"]),
            (steps(|it| it.suspends_at = Some(it.now + RENEW_WITHIN - 1), vec![]), &["renew"]),
            (steps(|it| it.suspends_at = Some(it.now + RENEW_WITHIN), vec![]), &[]),
            (steps(|it| it.behind_seconds = BEHIND, vec![]), &[]),
            (steps(|it| it.behind_seconds = BEHIND + 1, vec![]), &["time accept"]),
        ] {
            assert_eq!(steps.len(), expected.len(), "{steps:?}");
            for (step, command) in steps.iter().zip(expected) {
                assert!(step.starts_with("next, "), "{step}");
                assert!(step.ends_with(&format!(": waiaasctl {command}")), "{step}");
            }
        }
    }
}
