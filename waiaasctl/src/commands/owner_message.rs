//! `owner message`, `owner send`: what a wallet's owner wants of gatewayd, signed with a key that is
//! somewhere else.

use std::path::Path;

use api::{OwnerMessage, SetOwner, WriteOwnerMessage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Operation, uuid};
use crate::args::{OwnerAction, OwnerMessageArgs};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::gateway::Call;
use crate::time::utc;
use crate::view::View;

/// The longest file of [`Asked`], in bytes.
const MAX_FILE: usize = 32 * 1024;

/// What is kept between writing a message and sending it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    /// What was asked for.
    request: WriteOwnerMessage,
    /// The message that gatewayd wrote for it.
    message: OwnerMessage,
}

/// Has gatewayd write the message that the owner signs.
pub(super) fn write(arguments: OwnerMessageArgs, operation: &Operation) -> Result<View, Failure> {
    let OwnerMessageArgs { action, id, owner, new_owner, network, output } = arguments;
    let id = match action {
        OwnerAction::Verify | OwnerAction::Replace | OwnerAction::Remove => {
            uuid(operation.wallet(&id)?)
        }
        OwnerAction::Reject | OwnerAction::Cancel => Uuid::parse_str(&id).map_err(|_no_id| {
            let what = format!("{id} is no id of a transaction");
            Failure::new(Exit::Usage, what, "see `waiaasctl tx list`")
        })?,
    };
    let request = WriteOwnerMessage {
        address: owner.to_string(),
        action: action.word().to_owned(),
        id: Some(id),
        new_owner: new_owner.map(|owner| owner.to_string()),
        network,
    };
    let call = Call::post("/v1/owners/messages").body(&request);
    let message: OwnerMessage = operation.gateway()?.ask(call)?;
    let asked = Asked { request, message };
    let content = serde_json::to_vec_pretty(&asked).unwrap_or_default();
    files::write_new(&output, &content)?;
    let output = output.display();
    let next = operation.place.command(&format!("owner send {output} --signature SIGNATURE"));
    let until = utc(asked.message.expires_at);
    Ok(View::new(json!({ "file": output.to_string(), "message": asked.message.message }))
        .line("sign this text, every character of it:")
        .line("")
        .verbatim(format!("{}\n", asked.message.message))
        .line("")
        .line(format!("then, until {until}: {next}")))
}

/// Sends a message with its signature, and has done what it says.
pub(super) fn send(file: &Path, signature: &str, operation: &Operation) -> Result<View, Failure> {
    let content = files::read(file, MAX_FILE)?;
    let malformed = |_error| {
        let what = format!("{} is no file of `waiaasctl owner message`", file.display());
        Failure::new(Exit::Usage, what, "have one written anew")
    };
    let Asked { request, message } = serde_json::from_slice(&content).map_err(malformed)?;
    let id = request.id.unwrap_or_default();
    let call = match request.action.as_str() {
        "verify" => Call::post(format!("/v1/wallets/{id}/owner/verify")),
        "replace" => Call::put(format!("/v1/wallets/{id}/owner")).body(&SetOwner {
            owner_address: request.new_owner.unwrap_or_default(),
            ..SetOwner::default()
        }),
        "remove" => Call::delete(format!("/v1/wallets/{id}/owner")),
        "reject" => Call::post(format!("/v1/transactions/{id}/reject")),
        "cancel" => Call::post(format!("/v1/transactions/{id}/cancel")),
        other => {
            let what = format!("{} asks for {other}, which is not sent from here", file.display());
            return Err(Failure::new(Exit::Usage, what, "have one written anew"));
        }
    };
    let call = call.owner(request.address, message.header, signature.trim().to_owned());
    let done: Value = operation.gateway()?.ask(call)?;
    Ok(View::new(done).line(format!("done: {}", message.statement)))
}
