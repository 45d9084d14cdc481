//! `owner set`, `unset`, `show`, `propose`, `confirm`, `remove`.

use std::path::Path;

use api::{OwnerSet, SetOwner, WalletDetail};
use primitives::{Address, WalletId};
use protocol::{MAX_OWNERS, Owners, OwnersState, Request};
use serde_json::{Value, json};

use super::{Operation, approval, owner_message, to_json};
use crate::args::{OwnerArgs, OwnerCommand};
use crate::exit::{Exit, Failure};
use crate::gateway::Call;
use crate::progress::Progress;
use crate::view::View;

/// Shows or changes who may allow what a guard does not.
pub(super) fn run(command: OwnerCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        OwnerCommand::Show { wallet } => show(&wallet, operation),
        OwnerCommand::Set { wallet, owner } => set(&wallet, owner, operation),
        OwnerCommand::Unset { wallet } => unset(&wallet, operation),
        OwnerCommand::Message(arguments) => owner_message::write(arguments, operation),
        OwnerCommand::Send { file, signature } => owner_message::send(&file, &signature, operation),
        OwnerCommand::Propose { wallet, owners } => propose(&wallet, &owners, operation),
        OwnerCommand::Confirm { wallet, owners, approval } => {
            let owners = named(&owners)?;
            confirm(&wallet, owners, approval.as_deref(), operation)
        }
        OwnerCommand::Remove { wallet, approval } => {
            confirm(&wallet, Owners::NONE, approval.as_deref(), operation)
        }
    }
}

fn show(reference: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let state = operation.signer()?.owners(wallet)?;
    let view = View::new(state_json(wallet, &state));
    let view = view.line(format!("owners: {}", words(&state.confirmed)));
    let view = with_gateways(view, known_to_gateway(wallet, operation)?, &state.confirmed);
    let Some(proposed) = &state.proposed else { return Ok(view) };
    let confirm = operation.place.command(&confirm_line(reference, proposed));
    Ok(view
        .line(format!("proposed: {}", words(proposed)))
        .line(format!("if these are the owners: {confirm}")))
}

/// The owner whom gatewayd knows, where it answers.
fn known_to_gateway(wallet: WalletId, operation: &Operation) -> Result<Option<String>, Failure> {
    let call = Call::get(format!("/v1/wallets/{wallet}"));
    let asked = operation.gateway()?.ask::<WalletDetail>(call).map_err(Failure::from);
    match asked {
        Ok(detail) => Ok(detail.wallet.owner_address),
        // What the signer says can be shown without it.
        Err(failure) if matches!(failure.exit(), Exit::Unreachable | Exit::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whom gatewayd knows stops things and gets what is withdrawn, also where that is nobody who approves.
fn with_gateways(view: View, owner: Option<String>, confirmed: &Owners) -> View {
    let view = view.with("gatewayOwner", json!(owner));
    let Some(owner) = owner else { return view };
    let approves = confirmed.members.iter().any(|member| member.to_string() == owner);
    let line = if approves || confirmed.members.is_empty() {
        format!("who stops things at gatewayd, and gets what is withdrawn: {owner}")
    } else {
        format!("{owner} stops things at gatewayd and gets what is withdrawn, and approves nothing")
    };
    view.line(line)
}

/// Names the owner in gatewayd, which proposes them to signerd.
fn set(reference: &str, owner: Address, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let owner_address = owner.to_string();
    let body = SetOwner { owner_address, ..SetOwner::default() };
    let call = Call::put(format!("/v1/wallets/{wallet}/owner")).body(&body);
    let set: OwnerSet = operation.gateway()?.ask(call)?;
    let state = set.wallet.wallet.owner_state.clone();
    let view = View::new(to_json(&set)).line(format!("{owner} owns {reference} ({state})"));
    let view = if state == "LOCKED" {
        view
    } else {
        let message = format!("owner message verify {reference} --owner {owner} --output FILE");
        let message = operation.place.command(&message);
        view.line(format!("locked in by the owner's signature: {message}"))
    };
    Ok(match set.warning {
        Some(_unconfirmed) => {
            let confirm = operation.place.command(&format!("owner confirm {reference} {owner}"));
            view.line(format!("counts for approvals once confirmed at signerd: {confirm}"))
        }
        None => view,
    })
}

fn unset(reference: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let call = Call::delete(format!("/v1/wallets/{wallet}/owner"));
    let detail: WalletDetail = operation.gateway()?.ask(call)?;
    Ok(View::new(to_json(&detail)).line(format!("{reference} has no owner in gatewayd any more")))
}

fn propose(reference: &str, owners: &OwnerArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let owners = named(owners)?;
    let confirm = operation.place.command(&confirm_line(reference, &owners));
    let json = json!({ "walletId": wallet, "proposed": owners_json(&owners) });
    let line = format!("proposed as owners of {reference}: {}", words(&owners));
    operation.signer()?.do_it(Request::ProposeOwners { wallet, owners })?;
    Ok(View::new(json).line(line).line(format!("next: {confirm}")))
}

/// Replaces the owners of a wallet; nobody in place of them removes them.
fn confirm(
    reference: &str,
    owners: Owners,
    approval: Option<&Path>,
    operation: &Operation,
) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let approval = approval.map(approval::read).transpose()?;
    let mut signer = operation.signer()?;
    let state = signer.owners(wallet)?;
    if state.confirmed == owners {
        let line = format!("nothing to change: the owners of {reference} are these already");
        return Ok(View::new(state_json(wallet, &state)).line(line));
    }
    if !state.confirmed.members.is_empty() && approval.is_none() {
        let ask = match owners.members.as_slice() {
            [] => format!("approval owners {reference} --nobody --output approval.json"),
            [_, ..] => {
                format!("approval owners {reference} {} --output approval.json", arguments(&owners))
            }
        };
        return Err(approval::needed(reference, &operation.place.command(&ask)));
    }
    let passphrase = operation.secret()?;
    let _progress = Progress::start("checking the passphrase");
    let from_version = state.version;
    let request = Request::ConfirmOwners { wallet, from_version, owners, passphrase, approval };
    let state = signer.confirm_owners(request)?;
    let line = format!("owners of {reference}: {}", words(&state.confirmed));
    Ok(View::new(state_json(wallet, &state)).line(line))
}

/// The owners that a command line names, as the signer takes them.
pub(super) fn named(arguments: &OwnerArgs) -> Result<Owners, Failure> {
    let usage = |what: String, advice: &str| Failure::new(Exit::Usage, what, advice);
    let mut members = arguments.members.clone();
    members.sort_unstable();
    members.dedup();
    if members.len() != arguments.members.len() {
        return Err(usage("an owner is named twice".to_owned(), "name each once"));
    }
    let count = u8::try_from(members.len()).unwrap_or(u8::MAX);
    if members.len() > MAX_OWNERS {
        return Err(usage(format!("{count} are too many owners"), "name at most 16"));
    }
    let threshold = arguments.threshold.unwrap_or(count);
    if threshold > count {
        let what = format!("{threshold} of {count} owners cannot sign");
        return Err(usage(what, "choose a --threshold of at most as many as there are owners"));
    }
    Ok(Owners { threshold, members })
}

/// Owners for people, such as `2 of 0x…, 0x…, 0x…`.
pub(super) fn words(owners: &Owners) -> String {
    let members: Vec<String> = owners.members.iter().map(ToString::to_string).collect();
    match members.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [_, _, ..] => format!("{} of {}", owners.threshold, members.join(", ")),
    }
}

/// Owners as `--json` prints them.
pub(super) fn owners_json(owners: &Owners) -> Value {
    json!({ "threshold": owners.threshold, "members": owners.members })
}

fn state_json(wallet: WalletId, state: &OwnersState) -> Value {
    json!({
        "walletId": wallet,
        "version": state.version,
        "confirmed": owners_json(&state.confirmed),
        "proposed": state.proposed.as_ref().map(owners_json),
    })
}

fn confirm_line(reference: &str, owners: &Owners) -> String {
    format!("owner confirm {reference} {}", arguments(owners))
}

/// Owners as a command line names them.
fn arguments(owners: &Owners) -> String {
    let members: Vec<String> = owners.members.iter().map(ToString::to_string).collect();
    format!("{} --threshold {}", members.join(" "), owners.threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Address, EvmAddress};

    fn address(number: u8) -> Address {
        EvmAddress([number; 20]).into()
    }

    #[test]
    fn owners_are_named_once_each_and_enough_of_them() {
        let row = |numbers: &[u8], threshold| {
            let members = numbers.iter().copied().map(address).collect();
            named(&OwnerArgs { members, threshold })
        };
        for (numbers, threshold, expected) in [
            (&[1][..], None, Some(1)),
            (&[2, 1], None, Some(2)),
            (&[2, 1], Some(1), Some(1)),
            (&[2, 1], Some(3), None),
            (&[1, 1], None, None),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], Some(9), Some(9)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17], Some(9), None),
        ] {
            let owners = row(numbers, threshold);
            assert_eq!(owners.as_ref().ok().map(|owners| owners.threshold), expected);
            assert!(owners.is_err() || owners.unwrap().members.is_sorted());
        }
    }
}
