//! What owners are asked, and what they answer.

use std::sync::Arc;

use api::{
    ApprovalLine, ApprovalSignature, ApprovalSigner, ApprovalTerms, Approve, Approved, ErrorCode,
    Rejected,
};
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::{Address, Chain, encode_hex};
use protocol::{MAX_OWNERS, OwnerSignature, SignedForm};
use txcodec::approval::HEADING;

use crate::app::App;
use crate::http::auth::optional_claim;
use crate::http::body::{Done, OptionalJson, Path};
use crate::http::pages;
use crate::http::problem::Problem;
use crate::http::words::{seconds, uuid, word};
use crate::session::link::Subject;
use crate::session::{Caller, Claim, read_signature};
use crate::usecase::approve_transaction::approve_transaction;
use crate::usecase::reject_transaction::reject_transaction;
use crate::usecase::show_approval::{ApprovalError, Asked, show_approval};

const TEXT: &str = "text";
const TYPED_DATA: &str = "typedData";

pub(in crate::http) async fn approval(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<api::Approval>, Problem> {
    let asked = show_approval(&app, &caller, path.read("id")?).await?;
    let page = Some(pages::address(&app, Subject::Approval(asked.transaction.id)));
    Ok(Done(api::Approval { page, ..body(&asked) }))
}

pub(in crate::http) async fn approve(
    State(app): State<Arc<App>>,
    path: Path,
    headers: HeaderMap,
    OptionalJson(Approve { mut signatures }): OptionalJson<Approve>,
) -> Result<Done<Approved>, Problem> {
    if let Some(claim) = optional_claim(&headers)? {
        signatures.push(of_headers(claim)?);
    }
    if signatures.len() > MAX_OWNERS {
        return Err(Problem::invalid(format!("there are at most {MAX_OWNERS} owners")));
    }
    let signatures = signatures.into_iter().map(signature).collect::<Result<_, _>>()?;
    let asked = approve_transaction(&app, path.read("id")?, signatures).await?;
    Ok(Done(Approved {
        id: uuid(asked.transaction.id),
        status: asked.transaction.status.to_string(),
        approved_at: asked.question.approved_at.map(seconds),
        signatures: asked.answers().len(),
        threshold: asked.owners.threshold,
    }))
}

/// An owner's signature over the question's text, in the headers of owners. It is the question that
/// is verified, whatever the message is.
fn of_headers(claim: Claim<'_>) -> Result<ApprovalSignature, Problem> {
    let text = BASE64.decode(claim.message).unwrap_or_default();
    if !text.starts_with(HEADING.as_bytes()) {
        let message = "what was signed approves nothing: it is not the text of a question";
        return Err(Problem::new(ErrorCode::InvalidSignature, message)
            .hint("sign the text of GET /v1/transactions/{id}/approval"));
    }
    let (owner, signature) = (claim.address.to_owned(), claim.signature.to_owned());
    Ok(ApprovalSignature { owner, signature, form: None })
}

pub(in crate::http) async fn reject(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<Rejected>, Problem> {
    let (rejected, at) = reject_transaction(&app, &caller, path.read("id")?).await?;
    let (id, status) = (uuid(rejected.id), rejected.status.to_string());
    Ok(Done(Rejected { id, status, rejected_at: seconds(at) }))
}

/// What owners sign.
pub(super) fn body(asked: &Asked) -> api::Approval {
    let Asked { transaction, question, rendered, intent, owners } = asked;
    let hex = |bytes: &[u8]| format!("0x{}", encode_hex(bytes));
    let line = |line: &txcodec::approval::Line| ApprovalLine {
        label: line.label.to_string(),
        value: line.value.clone(),
    };
    let signer = |given: &OwnerSignature| {
        let form = match given.form {
            SignedForm::Text => TEXT,
            SignedForm::TypedData => TYPED_DATA,
        };
        ApprovalSigner { owner: given.owner.to_string(), form: form.to_owned() }
    };
    let chain = transaction.intent.network().map(primitives::ChainId::chain);
    api::Approval {
        id: uuid(transaction.id),
        wallet_id: uuid(transaction.wallet),
        status: transaction.status.to_string(),
        text: rendered.text(),
        typed_data: rendered.typed_data_json(),
        lines: rendered.lines().iter().map(line).collect(),
        terms: ApprovalTerms {
            instance: hex(&question.instance),
            guard_version: question.terms.guard_version,
            fee_ceiling: question.terms.fee_ceiling.to_string(),
            expires_at: question.terms.expires_at,
            nonce: hex(&question.terms.nonce),
        },
        transaction: match chain {
            Some(Chain::Solana) => BASE64.encode(&question.unsigned),
            Some(Chain::Evm) | None => hex(&question.unsigned),
        },
        intent: hex(intent),
        owners: owners.members.iter().map(ToString::to_string).collect(),
        threshold: owners.threshold,
        signatures: asked.answers().iter().map(signer).collect(),
        approved_at: question.approved_at.map(seconds),
        page: None,
    }
}

fn signature(given: ApprovalSignature) -> Result<OwnerSignature, Problem> {
    let owner: Address = word("owner", &given.owner)?;
    let form = match given.form.as_deref() {
        None | Some(TEXT) => SignedForm::Text,
        Some(TYPED_DATA) => SignedForm::TypedData,
        Some(_) => return Err(Problem::invalid("form is text or typedData")),
    };
    let bytes = read_signature(owner.chain(), &given.signature).map_err(|_unread| {
        let forms = "signature: expected 0x and hexadecimal digits of an EVM owner, base64 or \
                     base58 of a Solana owner";
        Problem::new(ErrorCode::InvalidSignature, forms)
    })?;
    Ok(OwnerSignature { owner, form, bytes })
}

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        let message = error.to_string();
        let again = "GET /v1/transactions/{id}/approval has what is to be signed now";
        match error {
            ApprovalError::NotFound(_) => Self::new(ErrorCode::TxNotFound, message),
            ApprovalError::NotWaiting(_) => Self::new(ErrorCode::TxAlreadyProcessed, message),
            ApprovalError::NotAsked => {
                Self::new(ErrorCode::ApprovalNotFound, message).retry_after(1)
            }
            ApprovalError::Changed => Self::new(ErrorCode::ApprovalNotFound, message).hint(again),
            ApprovalError::TimeOver => Self::new(ErrorCode::ApprovalTimeout, message),
            ApprovalError::NoOwners => Self::new(ErrorCode::OwnerNotSet, message)
                .hint("waiaasctl owner propose names owners, waiaasctl owner confirm makes them"),
            ApprovalError::NotAnOwner(_) => Self::new(ErrorCode::OwnerAddressMismatch, message),
            ApprovalError::NothingSigned | ApprovalError::BadSignature(_) => {
                Self::new(ErrorCode::InvalidSignature, message).hint(again)
            }
            ApprovalError::Owner(error) => error.into(),
            ApprovalError::Question(error) => Self::internal(&error),
            ApprovalError::Signer(error) => error.into(),
            ApprovalError::Store(error) => error.into(),
        }
    }
}
