//! `approval guard`, `owners`, `resume`, `show`, `text`, `typed-data`, `add`: the file that goes to a
//! wallet's owners and comes back.

use std::path::Path;

use primitives::{Amount, WalletId};
use protocol::{Approval, Latch, OwnerSignature, Owners, Request, SignedForm, Terms};
use serde_json::json;
use txcodec::approval::{Rendered, Stop};

use super::guard::guard_text;
use super::{Operation, owner};
use crate::approval::{self, Draft, MAX_APPROVAL, Matter};
use crate::args::{ApprovalCommand, AskArgs, OwnerArgs};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::signer::Signer;
use crate::view::View;

/// Asks owners, or does something with their answers.
pub(super) fn run(command: ApprovalCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        ApprovalCommand::Guard { wallet, file, asking } => {
            let text = guard_text(&file)?;
            ask(&wallet, &asking, operation, |id, signer| {
                let check = signer.check_guard(id, text, None)?;
                // Owners sign the guard as the signer writes it, however the file does.
                Ok(Matter::Guard { from_version: check.from_version, text: check.text })
            })
        }
        ApprovalCommand::Owners { wallet, members, threshold, nobody, asking } => {
            let owners = if nobody {
                Owners::NONE
            } else {
                owner::named(&OwnerArgs { members, threshold })?
            };
            ask(&wallet, &asking, operation, |id, signer| {
                Ok(Matter::Owners { from_version: signer.owners(id)?.version, owners })
            })
        }
        ApprovalCommand::Resume { wallet, asking } => {
            ask(&wallet, &asking, operation, |id, signer| {
                let key = signer.keys()?.into_iter().find(|key| key.wallet == id);
                match key.map(|key| key.latch) {
                    Some(Latch::Suspended) => Ok(Matter::Resume { from: Stop::Suspended }),
                    Some(Latch::Locked) => Ok(Matter::Resume { from: Stop::Locked }),
                    Some(Latch::Active) | None => Err(not_halted(&wallet)),
                }
            })
        }
        ApprovalCommand::Show { file } => show(&file),
        ApprovalCommand::Text { file } => {
            let text = rendered(&draft(&file)?)?.text();
            Ok(View::new(json!({ "text": text })).exact(text))
        }
        ApprovalCommand::TypedData { file } => {
            let json = rendered(&draft(&file)?)?.typed_data_json();
            Ok(View::new(json.clone()).verbatim(format!("{json:#}")))
        }
        ApprovalCommand::Add { file, owner, signature, typed_data } => {
            let form = if typed_data { SignedForm::TypedData } else { SignedForm::Text };
            let signature = approval::signature(owner, form, &signature).map_err(|_wrong| {
                let what = "the signature is not 65 bytes of Ethereum or 64 bytes of Solana";
                Failure::new(Exit::Usage, what, "give it in hexadecimal, as the wallet printed it")
            })?;
            add(&file, signature)
        }
    }
}

/// The approval in a file, for the command that needs it.
pub(super) fn read(file: &Path) -> Result<Approval, Failure> {
    draft(file).map(Draft::into_approval)
}

/// A change that the owners of a wallet have to approve first, and the command that asks them.
pub(super) fn needed(wallet: &str, command: &str) -> Failure {
    let what = format!("the owners of {wallet} have to approve this first");
    let advice = format!("ask them: {command}; then do this with --approval approval.json");
    Failure::new(Exit::Refused, what, advice)
}

fn ask(
    reference: &str,
    asking: &AskArgs,
    operation: &Operation,
    matter: impl FnOnce(WalletId, &mut Signer) -> Result<Matter, Failure>,
) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let mut signer = operation.signer()?;
    let Some(key) = signer.keys()?.into_iter().find(|key| key.wallet == wallet) else {
        let see = operation.place.command("wallet list");
        let what = format!("signerd has no wallet {wallet}");
        return Err(Failure::new(Exit::NotFound, what, format!("see {see}")));
    };
    let matter = matter(wallet, &mut signer)?;
    let guard_version = signer.guard(Request::ShowGuard { wallet })?.version;
    let status = signer.status()?;
    // An approval's time is judged by the later of the signer's clock and the system's.
    let now = status.now.saturating_add(status.behind_seconds);
    let terms = Terms {
        guard_version,
        fee_ceiling: Amount::ZERO,
        expires_at: now.saturating_add(u64::from(asking.hours).saturating_mul(3600)),
        nonce: nonce()?,
    };
    let (instance, address) = (signer.instance(), key.address);
    let draft = Draft { instance, wallet, address, matter, terms, signatures: Vec::new() };
    let rendered = rendered(&draft)?;
    files::write_new(&asking.output, format!("{:#}\n", draft.to_json()).as_bytes())?;
    let file = asking.output.display();
    let json = json!({ "file": file.to_string(), "text": rendered.text() });
    Ok(lines(View::new(json), &rendered)
        .line(format!("the question is in {file}; each owner signs what one of these prints:"))
        .line(format!("  waiaasctl approval text {file}"))
        .line(format!("  waiaasctl approval typed-data {file}"))
        .line(format!(
            "and the signature goes in: waiaasctl approval add {file} --owner ADDRESS --signature HEX"
        )))
}

fn show(file: &Path) -> Result<View, Failure> {
    let draft = draft(file)?;
    let rendered = rendered(&draft)?;
    let json = json!({ "approval": draft.to_json(), "text": rendered.text() });
    let mut view = lines(View::new(json), &rendered);
    if let Matter::Guard { text, .. } = &draft.matter {
        view = view.line("").line("the new guard:").verbatim(text.clone());
    }
    let signed: Vec<String> = draft.signatures.iter().map(|one| one.owner.to_string()).collect();
    Ok(view.line("").line(match signed.as_slice() {
        [] => "nobody has signed it yet".to_owned(),
        [_, ..] => format!("signed by {}; signerd checks the signatures", signed.join(", ")),
    }))
}

/// Adds a signature in place of one that the owner may have given before.
fn add(file: &Path, signature: OwnerSignature) -> Result<View, Failure> {
    let mut draft = draft(file)?;
    draft.signatures.retain(|one| one.owner != signature.owner);
    draft.signatures.push(signature);
    files::replace(file, format!("{:#}\n", draft.to_json()).as_bytes())?;
    let (file, count) = (file.display(), draft.signatures.len());
    let with = match &draft.matter {
        Matter::Guard { .. } => "guard set WALLET GUARD",
        Matter::Owners { owners, .. } if owners.members.is_empty() => "owner remove WALLET",
        Matter::Owners { .. } => "owner confirm WALLET ADDRESS..",
        Matter::Resume { .. } => "resume WALLET",
    };
    Ok(View::new(json!({ "file": file.to_string(), "signatures": count }))
        .line(format!("signatures in {file}: {count}"))
        .line(format!("once there are enough: waiaasctl {with} --approval {file}")))
}

fn lines(view: View, rendered: &Rendered) -> View {
    rendered
        .lines()
        .iter()
        .fold(view, |view, line| view.line(format!("{:20} {}", line.label.to_string(), line.value)))
}

fn draft(file: &Path) -> Result<Draft, Failure> {
    let text = files::read(file, MAX_APPROVAL)?;
    Draft::from_json(&text).map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
        let what = format!("{}: {error}{}", file.display(), why.unwrap_or_default());
        Failure::new(Exit::Failed, what, "`waiaasctl approval` makes such a file")
    })
}

fn rendered(draft: &Draft) -> Result<Rendered, Failure> {
    draft.rendered().map_err(|error| {
        Failure::new(Exit::Failed, format!("owners cannot be asked this: {error}"), "see status")
    })
}

fn not_halted(wallet: &str) -> Failure {
    let what = format!("signing of {wallet} has not stopped, so there is nothing to ask");
    Failure::new(Exit::Usage, what, "see `waiaasctl status`")
}

fn nonce() -> Result<[u8; 16], Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| {
        let what = format!("the kernel gives no random bytes: {error}");
        Failure::new(Exit::Failed, what, "try again; nothing was written")
    })?;
    Ok(nonce)
}
