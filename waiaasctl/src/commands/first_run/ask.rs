//! The answers to `init`, from whoever sits at the terminal. Only what is not done yet is asked.

use std::io;

use api::AdminStatus;
use primitives::{BUILTIN, Network};
use protocol::Unattended;

use super::answers::{Answers, NewWallet, owners_of};
use crate::args::{SealingKey, WalletKind};
use crate::commands::guard::TEMPLATES;
use crate::commands::live_wallets;
use crate::endpoints::Endpoints;
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::passphrase::{Source, Wanted};
use crate::signer::Signer;
use crate::systemd::{self, Seal, TARGET};
use crate::terminal;

/// How often something is asked that was not understood.
const TRIES: usize = 5;

/// Asks for what is missing. Nothing is changed before the last answer.
pub(super) fn answers(
    signer: &mut Signer,
    gateway: &Gateway,
    mut endpoints: Vec<Endpoints>,
) -> Result<Answers, Failure> {
    let unattended =
        if signer.status()?.unattended == Unattended::Off { unattended()? } else { None };
    let admin: AdminStatus = gateway.ask(Call::get("/v1/admin/status"))?;
    let master_password = if admin.auto_provisioned
        && yes("Choose a master password, for HTTP clients of operators")?
    {
        Some(Source::Terminal.read_new(Wanted::NewMaster)?)
    } else {
        None
    };
    let mut wallets = Vec::new();
    if live_wallets(gateway)?.is_empty() {
        while let Some(wallet) = wallet(wallets.is_empty())? {
            while let Some(node) = node(wallet.kind, &endpoints)? {
                endpoints.push(node);
            }
            wallets.push(wallet);
        }
    }
    let is_enabled = systemd::is(&["is-enabled", "--quiet", TARGET]);
    let at_boot = is_enabled || yes("Start the wallet whenever this machine starts")?;
    Ok(Answers { unattended, master_password, endpoints, wallets, at_boot })
}

fn unattended() -> Result<Option<SealingKey>, Failure> {
    let meaning = Seal::best().meaning();
    let question = format!(
        "Open the vault by itself at each start? Else somebody has to type its passphrase then. The \
         credential for it is {meaning}. Open it by itself"
    );
    Ok(yes(&question)?.then_some(SealingKey::Auto))
}

fn wallet(is_first: bool) -> Result<Option<NewWallet>, Failure> {
    let which = if is_first { "a first wallet" } else { "another wallet" };
    let name = ask(&format!("Name of {which}, or nothing for none"))?;
    if name.is_empty() {
        return Ok(None);
    }
    let chain = until("Its chain, ethereum (every EVM network) or solana", |word| {
        word.parse().map_err(|_unknown| "ethereum or solana".to_owned())
    })?;
    let environment = until("Its networks, testnet or mainnet", |word| {
        word.parse().map_err(|_unknown| "testnet or mainnet".to_owned())
    })?;
    let names: Vec<&str> = TEMPLATES.iter().map(|(name, _about)| *name).collect();
    let names = names.join(", ");
    let guard =
        until(&format!("Its guard: {names}, or nothing for default"), |word| {
            match TEMPLATES.iter().any(|(name, _about)| *name == word) {
                true => Ok(Some(word.to_owned())),
                false if word.is_empty() => Ok(None),
                false => Err(format!("one of {names}")),
            }
        })?;
    let owners = until(
        "Addresses of its owners, who allow what the guard does not, or nothing for nobody yet",
        |line| {
            let separator = |c: char| c == ',' || c.is_whitespace();
            let words = line.split(separator).filter(|word| !word.is_empty());
            owners_of(&words.map(str::to_owned).collect::<Vec<_>>(), None)
        },
    )?;
    Ok(Some(NewWallet { name, kind: WalletKind { chain, environment }, guard, owners }))
}

/// A node for one of the networks of a wallet that there is none for yet.
fn node(kind: WalletKind, known: &[Endpoints]) -> Result<Option<Endpoints>, Failure> {
    let is_left = |network: &&Network| {
        (network.chain(), network.environment) == (kind.chain, kind.environment)
            && !known.iter().any(|it| it.network() == *network)
    };
    let names: Vec<&str> = BUILTIN.iter().filter(is_left).map(|it| it.name.as_ref()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let names = names.join(", ");
    let question = format!(
        "A network that you have an RPC endpoint for ({names}), or nothing: the public ones are slow and limit \
         their callers"
    );
    let network =
        until(&question, |word| match BUILTIN.iter().filter(is_left).find(|it| it.name == word) {
            Some(network) => Ok(Some(network)),
            None if word.is_empty() => Ok(None),
            None => Err(format!("one of {names}")),
        })?;
    let Some(network) = network else { return Ok(None) };
    let urls = |line: &str| {
        let addresses = line.split(',').map(|address| address.trim().to_owned());
        Endpoints::of(&network.name, addresses.collect())
    };
    let question = format!("URL of an RPC endpoint of {}, or several with commas", network.name);
    until(&question, urls).map(Some)
}

fn yes(question: &str) -> Result<bool, Failure> {
    until(&format!("{question} [y/n]"), |word| match word.to_lowercase().as_str() {
        "y" | "yes" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("y or n".to_owned()),
    })
}

/// Asks until the answer is understood; `read` says what would be.
fn until<T>(question: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
    let mut asked = question.to_owned();
    for _try in 0..TRIES {
        match read(&ask(&asked)?) {
            Ok(answer) => return Ok(answer),
            Err(expected) => asked = format!("Not understood ({expected}). {question}"),
        }
    }
    Err(Failure::new(Exit::Usage, "no answer was understood, nothing was changed", "start again"))
}

fn ask(question: &str) -> Result<String, Failure> {
    let no_terminal = |source: io::Error| {
        Failure::new(
            Exit::Usage,
            format!("there is no terminal to ask on: {source}"),
            "use --auto-provision, or --answers FILE",
        )
    };
    terminal::ask(question).map(|line| line.trim().to_owned()).map_err(no_terminal)
}
