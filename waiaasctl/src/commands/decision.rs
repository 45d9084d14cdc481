//! `tx question`, `approve`, `reject`, `speed-up`: what people decide about a transaction that waits.

use api::{Approval, ApprovalSignature, Approve, Approved, Rejected, TransactionState};

use serde_json::json;

use super::{Operation, to_json};
use crate::args::TransactionApproveArgs;
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, encoded};
use crate::time::utc;
use crate::view::View;

/// In which form to print what owners sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Shown,
    /// The text, to the byte.
    Text,
    /// JSON of EIP-712.
    TypedData,
}

/// What a wallet's owners are asked.
pub(super) fn question(id: &str, form: Form, operation: &Operation) -> Result<View, Failure> {
    let asked: Approval = operation.gateway()?.ask(Call::get(path(id, "approval")))?;
    let view = View::new(to_json(&asked));
    Ok(match form {
        Form::Text => view.exact(asked.text),
        Form::TypedData => view.verbatim(format!("{:#}", asked.typed_data)),
        Form::Shown => {
            let signers: Vec<&str> =
                asked.signatures.iter().map(|signer| signer.owner.as_str()).collect();
            let signed =
                if signers.is_empty() { "nobody yet".to_owned() } else { signers.join(", ") };
            let fields = vec![
                ("id", asked.id.to_string()),
                ("status", asked.status.clone()),
                ("owners", asked.owners.join(", ")),
                ("needed", asked.threshold.to_string()),
                ("signed", signed),
                ("until", utc(asked.terms.expires_at)),
            ];
            let fields = fields.into_iter().chain(asked.page.map(|page| ("page", page))).collect();
            let text = operation.place.command(&format!("tx question {id} --text"));
            view.fields(fields)
                .line("")
                .verbatim(asked.text)
                .line("")
                .line(format!("what owners sign, to the byte: {text}"))
        }
    })
}

/// Where an owner reads and signs what waits for them.
fn page(id: &str, operation: &Operation) -> Result<View, Failure> {
    let asked: Approval = operation.gateway()?.ask(Call::get(path(id, "approval")))?;
    let Some(page) = asked.page else {
        let question = operation.place.command(&format!("tx question {id}"));
        let what = "this gateway has no page for owners";
        return Err(Failure::new(Exit::Failed, what, format!("see {question}")));
    };
    Ok(View::new(json!({ "id": asked.id, "page": page }))
        .line(
            "An owner reads and signs it in a browser of this machine, or through a tunnel to it:",
        )
        .line("")
        .verbatim(page)
        .line("")
        .line("Who has this address can read what is asked, and do nothing."))
}

/// Prints where an owner signs, or hands in an owner's signature.
pub(super) fn approve(
    arguments: TransactionApproveArgs,
    operation: &Operation,
) -> Result<View, Failure> {
    let TransactionApproveArgs { id, owner, signature, typed_data } = arguments;
    let (Some(owner), Some(signature)) = (owner, signature) else { return page(&id, operation) };
    let form = Some(if typed_data { "typedData" } else { "text" }.to_owned());
    let body = Approve { signatures: vec![ApprovalSignature { owner, form, signature }] };
    let call = Call::post(path(&id, "approve")).body(&body);
    let approved: Approved = operation.gateway()?.ask(call)?;
    let line = match approved.approved_at {
        Some(_) => {
            let wait = operation.place.command(&format!("tx wait {id}"));
            format!("approved; it goes out now: {wait}")
        }
        None => format!("{} of {} owners have signed", approved.signatures, approved.threshold),
    };
    Ok(View::new(to_json(&approved)).line(line))
}

/// Refuses a transaction that waits.
pub(super) fn reject(id: &str, operation: &Operation) -> Result<View, Failure> {
    let rejected: Rejected = operation.gateway()?.ask(Call::post(path(id, "reject")))?;
    Ok(View::new(to_json(&rejected)).line(format!("{} is {}", rejected.id, rejected.status)))
}

/// Has a transaction that waits at the nodes sent again with a higher fee.
pub(super) fn speed_up(id: &str, operation: &Operation) -> Result<View, Failure> {
    let state: TransactionState = operation.gateway()?.ask(Call::post(path(id, "speed-up")))?;
    let wait = operation.place.command(&format!("tx wait {id}"));
    Ok(View::new(to_json(&state))
        .line(format!("{} goes out again with a higher fee; see {wait}", state.id)))
}

fn path(id: &str, what: &str) -> String {
    format!("/v1/transactions/{}/{what}", encoded(id))
}
