//! `kill-switch`: everything is stopped, at the signer first, and goes on. Each of the two daemons is
//! stopped even where the other does not run.

use api::{
    ActivateKillSwitch, KillSwitch, KillSwitchActivated, KillSwitchEffect, KillSwitchEscalated,
    Recovered,
};
use protocol::{KILL_SWITCH, Latch, Request, Status};
use serde_json::{Value, json};

use super::{Operation, to_json};
use crate::args::KillSwitchCommand;
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, GatewayError};
use crate::progress::Progress;
use crate::time::utc;
use crate::view::View;

const ROUTE: &str = "/v1/admin/kill-switch";

/// Stops everything, lets it go on, or shows whether it is stopped.
pub(super) fn run(command: KillSwitchCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        KillSwitchCommand::Status => Ok(status(operation)),
        KillSwitchCommand::Activate { reason } => {
            let gateway = |body: &ActivateKillSwitch| {
                let call = Call::post(ROUTE).body(body);
                let done: KillSwitchActivated = operation.gateway()?.ask(call)?;
                Ok(done.effect)
            };
            stop(Latch::Suspended, reason, operation, gateway)
        }
        KillSwitchCommand::Escalate { reason } => {
            check_fallen(operation)?;
            let gateway = |body: &ActivateKillSwitch| {
                let call = Call::post(format!("{ROUTE}/escalate")).body(body);
                let done: KillSwitchEscalated = operation.gateway()?.ask(call)?;
                Ok(done.effect)
            };
            stop(Latch::Locked, reason, operation, gateway)
        }
        KillSwitchCommand::Recover => recover(operation),
    }
}

fn status(operation: &Operation) -> View {
    let gateway = shown(operation);
    let signer = signers(operation);
    let latch = signer.as_ref().map_or(
        Value::Null,
        |status| json!({ "latch": status.latch.to_string(), "reason": status.latch_reason }),
    );
    let json = json!({
        "state": gateway.as_ref().map_or(Value::Null, |found| json!(found.state)),
        "activatedAt": gateway.as_ref().map_or(Value::Null, |found| json!(found.activated_at)),
        "activatedBy": gateway.as_ref().map_or(Value::Null, |found| json!(found.activated_by)),
        "signer": latch,
    });
    let fields = vec![
        ("kill switch", gateway.as_ref().map_or_else(Failure::with_reason, words)),
        ("signer", signer.as_ref().map_or_else(Failure::with_reason, signers_words)),
    ];
    let view = View::new(json).fields(fields);
    let is_fallen = gateway.as_ref().is_ok_and(|found| found.state != Latch::Active.to_string());
    let view = if is_fallen {
        let command = operation.place.command("kill-switch recover");
        view.line(format!("once you know why it was stopped: {command}"))
    } else {
        view
    };
    match gateway.err().or(signer.err()) {
        None => view,
        Some(failure) => {
            let advice = failure.advice(Some(&operation.place)).unwrap_or_default();
            view.line(advice).ending(failure.exit())
        }
    }
}

/// Stops both daemons, the signer first; that one of them does not run does not keep the other going.
fn stop(
    to: Latch,
    reason: Option<String>,
    operation: &Operation,
    gateway: impl Fn(&ActivateKillSwitch) -> Result<KillSwitchEffect, Failure>,
) -> Result<View, Failure> {
    let reason = reason.unwrap_or_else(|| "an operator stopped everything".to_owned());
    let halt =
        Request::Halt { wallet: None, from: None, to, reason: format!("{KILL_SWITCH}{reason}") };
    let signer = operation.signer().and_then(|mut signer| Ok(signer.do_it(halt)?));
    let gateway = match gateway(&ActivateKillSwitch { reason: Some(reason) }) {
        Ok(effect) => Ok(Some(effect)),
        // It has taken it up from the signer, or somebody was faster.
        Err(failure) if failure.code() == "KILL_SWITCH_ALREADY_ACTIVE" => Ok(None),
        Err(failure) => Err(failure),
    };
    if let (Err(_), Err(_)) = (&signer, &gateway) {
        return Err(signer.err().or(gateway.err()).unwrap_or_else(nothing_stopped));
    }
    let signer_stopped =
        signer.is_ok() || matches!(&gateway, Ok(Some(effect)) if effect.signer_stopped);
    let effect = gateway.as_ref().ok().copied().flatten();
    let json = json!({
        "state": to.to_string(),
        "signerStopped": signer_stopped,
        "gatewayStopped": gateway.is_ok(),
        "calledOff": effect.map(|effect| effect.called_off),
        "mayHaveLeft": effect.map(|effect| effect.may_have_left),
    });
    let view = View::new(json).line(match (signer_stopped, gateway.is_ok()) {
        (true, true) => format!("everything is stopped: the kill switch is {to}"),
        (true, false) => "the signer signs nothing any more".to_owned(),
        (false, _) => "the gateway sends nothing any more".to_owned(),
    });
    let view = match effect {
        Some(effect) => view.fields(vec![
            ("called off", effect.called_off.to_string()),
            ("may have left before", effect.may_have_left.to_string()),
        ]),
        None => view,
    };
    let recover = operation.place.command("kill-switch recover");
    let view = view.line(format!("to let it go on: {recover}"));
    let missing = match (&signer, &gateway) {
        (_, Err(failure)) => Some((
            failure,
            "gatewayd was not told: it takes this up from the signer as soon as it runs",
        )),
        (Err(failure), Ok(_)) if !signer_stopped => {
            Some((failure, "signerd was not told: gatewayd tells it as soon as it answers"))
        }
        (_, Ok(_)) => None,
    };
    Ok(match missing {
        None => view,
        Some((failure, what)) => {
            view.line(format!("{what} ({})", failure.with_reason())).ending(failure.exit())
        }
    })
}

/// Both failed is told by their failures.
fn nothing_stopped() -> Failure {
    Failure::new(Exit::Failed, "nothing was stopped", "see `waiaasctl status`")
}

/// What is not stopped is not locked.
fn check_fallen(operation: &Operation) -> Result<(), Failure> {
    let is_fallen = match shown(operation) {
        Ok(found) => found.state != Latch::Active.to_string(),
        Err(failure) if failure.exit() == Exit::Unreachable => {
            signers(operation)?.latch != Latch::Active
        }
        Err(failure) => return Err(failure),
    };
    if is_fallen {
        return Ok(());
    }
    let advice = format!("stop it first: {}", operation.place.command("kill-switch activate"));
    Err(Failure::new(Exit::Refused, "the kill switch is not active: nothing is stopped", advice))
}

/// Lets both daemons go on: the signer with the vault's passphrase, then the gateway.
fn recover(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let from = signer.status()?.latch;
    if from != Latch::Active {
        let passphrase = operation.secret()?;
        let _progress = Progress::start("checking the passphrase");
        signer.do_it(Request::Resume { wallet: None, from, passphrase, approval: None })?;
    }
    let asked = operation.gateway()?.ask::<Recovered>(Call::post("/v1/admin/recover"));
    let (json, line) = match asked {
        Ok(recovered) => (to_json(&recovered), "everything goes on"),
        Err(GatewayError::Refused { code, .. }) if code == "KILL_SWITCH_NOT_ACTIVE" => {
            let line = match from {
                Latch::Active => "nothing was stopped",
                Latch::Suspended | Latch::Locked => "signing goes on; the gateway had not stopped",
            };
            (json!({ "state": Latch::Active.to_string(), "recoveredAt": null }), line)
        }
        Err(error) => return Err(error.into()),
    };
    let view = View::new(json).line(line);
    Ok(match signer.status()?.wallets_halted {
        0 => view,
        halted => view.line(format!(
            "wallets that are still halted by a latch of their own: {halted}; {} says which, and \
             what each needs",
            operation.place.command("status"),
        )),
    })
}

fn shown(operation: &Operation) -> Result<KillSwitch, Failure> {
    Ok(operation.gateway()?.ask(Call::get(ROUTE))?)
}

fn signers(operation: &Operation) -> Result<Status, Failure> {
    Ok(operation.signer()?.status()?)
}

fn words(found: &KillSwitch) -> String {
    let since = found.activated_at.map(|at| format!(" since {}", utc(at))).unwrap_or_default();
    let by = found.activated_by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
    format!("{}{since}{by}", found.state)
}

fn signers_words(status: &Status) -> String {
    match status.latch_reason.as_str() {
        "" => status.latch.to_string(),
        reason => format!("{}: {reason}", status.latch),
    }
}
