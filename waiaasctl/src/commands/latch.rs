//! `suspend`, `resume`, `renew`, `time accept`: what stops signing, and what lets it go on.

use primitives::WalletId;
use protocol::{Latch, Request};
use serde_json::json;

use super::{Operation, approval};
use crate::args::{ResumeArgs, SuspendArgs};
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::signer::Signer;
use crate::time::{span, utc};
use crate::view::View;

/// Stops signing, of one wallet or of all.
pub(super) fn suspend(arguments: SuspendArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = wallet(arguments.wallet.as_deref(), operation)?;
    let to = if arguments.locked { Latch::Locked } else { Latch::Suspended };
    let reason = arguments.reason;
    operation.signer()?.do_it(Request::Halt { wallet, from: None, to, reason })?;
    let (whose, resume) = whose(arguments.wallet.as_deref());
    let until = match to {
        Latch::Locked => "an operator resumes it, and where a wallet has owners, they approve",
        Latch::Suspended | Latch::Active => "an operator resumes it",
    };
    Ok(View::new(json!({ "walletId": wallet, "latch": to.to_string() }))
        .line(format!("signing{whose} has stopped until {until}"))
        .line(format!("to let it go on: {}", operation.place.command(&resume))))
}

/// Lets signing go on.
pub(super) fn resume(arguments: &ResumeArgs, operation: &Operation) -> Result<View, Failure> {
    let reference = arguments.wallet.as_deref();
    let wallet = wallet(reference, operation)?;
    let approval = arguments.approval.as_deref().map(approval::read).transpose()?;
    let mut signer = operation.signer()?;
    let from = latch(wallet, &mut signer)?;
    let (whose, _) = whose(reference);
    let json = json!({ "walletId": wallet, "latch": Latch::Active.to_string() });
    if from == Latch::Active {
        return Ok(View::new(json).line(format!("signing{whose} had not stopped")));
    }
    if let (Some(wallet), Latch::Locked, None) = (wallet, from, &approval)
        && !signer.owners(wallet)?.confirmed.members.is_empty()
    {
        let reference = reference.unwrap_or_default();
        let ask =
            operation.place.command(&format!("approval resume {reference} --output approval.json"));
        return Err(approval::needed(reference, &ask));
    }
    let passphrase = operation.secret()?;
    let _progress = Progress::start("checking the passphrase");
    signer.do_it(Request::Resume { wallet, from, passphrase, approval })?;
    let view = View::new(json).line(format!("signing{whose} goes on"));
    let status = signer.status()?;
    Ok(match (wallet, status.latch, status.wallets_halted) {
        (None, _, halted) if halted > 0 => view.line(format!(
            "wallets that are halted by a latch of their own: {halted}; {} says which",
            operation.place.command("status"),
        )),
        (Some(_), Latch::Suspended | Latch::Locked, _) => view.line(format!(
            "the whole signer is {}, so nothing is signed yet: {}",
            status.latch,
            operation.place.command("resume"),
        )),
        (None, ..) | (Some(_), Latch::Active, _) => view,
    })
}

/// Puts off the dead man's switch.
pub(super) fn renew(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    signer.do_it(Request::Renew)?;
    let status = signer.status()?;
    let json = json!({ "suspendsAt": status.suspends_at });
    Ok(View::new(json).line(match status.suspends_at {
        Some(at) => format!(
            "signing stops {} unless it is renewed again: in {}",
            utc(at),
            span(at.saturating_sub(status.now)),
        ),
        None => {
            "no dead man's switch is set; `dead_man_seconds` in signerd.toml sets one".to_owned()
        }
    }))
}

/// Takes the system's clock for right.
pub(super) fn accept_time(operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let behind = signer.status()?.behind_seconds;
    if behind == 0 {
        let json = json!({ "acceptedSeconds": 0 });
        return Ok(View::new(json).line("the signer's clock is not behind the system's"));
    }
    let passphrase = operation.secret()?;
    let _progress = Progress::start("checking the passphrase");
    signer.do_it(Request::AcceptTime { passphrase })?;
    let now = signer.status()?.now;
    Ok(View::new(json!({ "acceptedSeconds": behind, "now": now })).line(format!(
        "the signer's clock went forward by {}: it is {} for it",
        span(behind),
        utc(now),
    )))
}

fn wallet(reference: Option<&str>, operation: &Operation) -> Result<Option<WalletId>, Failure> {
    reference.map(|reference| operation.wallet(reference)).transpose()
}

/// Whose signing a sentence is about, and the command that lets it go on.
fn whose(reference: Option<&str>) -> (String, String) {
    match reference {
        Some(wallet) => (format!(" of {wallet}"), format!("resume {wallet}")),
        None => (String::new(), "resume".to_owned()),
    }
}

/// Where the latch is that is to be lifted.
fn latch(wallet: Option<WalletId>, signer: &mut Signer) -> Result<Latch, Failure> {
    let Some(wallet) = wallet else { return Ok(signer.status()?.latch) };
    let key = signer.keys()?.into_iter().find(|key| key.wallet == wallet);
    key.map(|key| key.latch).ok_or_else(|| {
        let what = format!("signerd has no wallet {wallet}");
        Failure::new(Exit::NotFound, what, "see `waiaasctl wallet list`")
    })
}
