//! `start`, `stop`, `status`.

use std::process::Command;

use api::Health;
use protocol::{Latch, Status, VaultPhase};
use serde_json::{Value, json};

use super::{Operation, to_json};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::place::Place;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::user;
use crate::view::View;

/// The unit that holds both daemons.
const UNIT: &str = "waiaas.target";

/// Starts both daemons: systemd's, or one user's in the foreground.
pub(super) fn start(operation: &Operation) -> Result<View, Failure> {
    match &operation.place {
        Place::Sockets(_) => systemctl("start", &operation.place),
        Place::User(data) => {
            user::start(data, &Environment::read().without_secrets(), operation.format)
        }
    }
}

/// Stops both daemons.
pub(super) fn stop(operation: &Operation) -> Result<View, Failure> {
    match &operation.place {
        Place::Sockets(_) => systemctl("stop", &operation.place),
        Place::User(data) => user::stop(data),
    }
}

fn systemctl(verb: &'static str, place: &Place) -> Result<View, Failure> {
    if !place.is_installed() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "the daemons of this directory are not systemd's, {verb} them as they were made"
            ),
            "systemd has those of /run/waiaas, `waiaas` those of a --data-dir",
        ));
    }
    let _progress = Progress::start("waiting for systemd");
    let outcome = Command::new("systemctl").args([verb, UNIT]).status();
    match outcome {
        Ok(status) if status.success() => Ok(View::said(format!("systemctl {verb} {UNIT}: done"))),
        Ok(status) => Err(Failure::new(
            Exit::Failed,
            format!("systemctl {verb} {UNIT}: {status}"),
            format!("see systemctl status {UNIT} and journalctl -u signerd -u gatewayd"),
        )),
        Err(source) => {
            Err(Failure::File { action: "cannot run", path: "systemctl".to_owned(), source })
        }
    }
}

/// How both daemons are. The program ends with a failure if one of them does not answer, and shows
/// the other all the same.
pub(crate) fn status(place: &Place) -> View {
    let signer = Signer::connect(&place.control_socket())
        .and_then(|mut signer| signer.status())
        .map_err(Failure::from);
    let gateway = Gateway::new(&place.gateway_socket())
        .and_then(|gateway| gateway.ask::<Health>(Call::get("/health")))
        .map_err(Failure::from);
    let mut fields = match &signer {
        Ok(status) => signer_fields(status),
        Err(failure) => vec![("signerd", with_reason(failure))],
    };
    fields.push(match &gateway {
        Ok(health) => (
            "gatewayd",
            format!("{}, version {}, up {} s", health.status, health.version, health.uptime),
        ),
        Err(failure) => ("gatewayd", with_reason(failure)),
    });
    let json = json!({
        "signer": signer.as_ref().map_or(Value::Null, signer_json),
        "gateway": gateway.as_ref().map_or(Value::Null, to_json),
    });
    let next = signer.as_ref().ok().and_then(|status| next_step(status, place));
    let view = next.into_iter().fold(View::new(json).fields(fields), View::line);
    match signer.err().or(gateway.err()) {
        None => view,
        Some(failure) => {
            let advice = failure.advice(Some(place)).unwrap_or_default();
            view.line(advice).ending(failure.exit())
        }
    }
}

fn signer_fields(status: &Status) -> Vec<(&'static str, String)> {
    let idle = match status.idle_lock_seconds {
        0 => String::new(),
        seconds => format!(", locks after {seconds} idle seconds"),
    };
    let reason = match status.latch_reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    vec![
        ("signerd", format!("version {}, {} wallets", status.version, status.wallets)),
        ("vault", format!("{}{idle}", status.vault)),
        ("signing", format!("{}{reason}", status.latch)),
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
    ]
}

fn signer_json(status: &Status) -> Value {
    json!({
        "version": status.version,
        "vault": status.vault.to_string(),
        "latch": status.latch.to_string(),
        "latchReason": status.latch_reason,
        "secretMemory": status.secret_memory.to_string(),
        "wallets": status.wallets,
        "journalRecords": status.journal_records,
        "journalHead": primitives::encode_hex(&status.journal_head),
        "idleLockSeconds": status.idle_lock_seconds,
        "sandbox": status.sandbox,
    })
}

/// What to do before anything can be signed.
fn next_step(status: &Status, place: &Place) -> Option<String> {
    let command = match (status.vault, status.latch) {
        (VaultPhase::Uninitialised, _) => "init",
        (VaultPhase::Locked, _) => "unlock",
        (VaultPhase::Open, Latch::Suspended | Latch::Locked) => "resume",
        (VaultPhase::Open, Latch::Active) => return None,
    };
    Some(format!("next: {}", place.command(command)))
}

fn with_reason(failure: &Failure) -> String {
    match failure.why() {
        Some(why) => format!("{failure}: {why}"),
        None => failure.to_string(),
    }
}
