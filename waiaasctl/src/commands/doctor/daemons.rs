//! Gathers what the daemons tell. Each is asked by itself, so that one that is down hides no more than its own.

use std::collections::BTreeMap;

use api::{Health, Wallet};
use protocol::{Ceiling, KeyInfo, KeyState, Status, VaultPhase};

use super::facts::{Guarded, Reached, Seen};
use crate::commands::audit::verified;
use crate::commands::exposure::{label, names};
use crate::commands::status::confinement;
use crate::commands::{Operation, balance, live_wallets};
use crate::exit::Failure;
use crate::gateway::{Call, Gateway};
use crate::signer::{Signer, SignerError};

/// What both daemons told.
pub(super) struct Told {
    pub(super) signer: Seen<Status>,
    pub(super) gateway: Seen<String>,
    pub(super) gateway_sandbox: Seen<Vec<String>>,
    pub(super) networks: Seen<Vec<Reached>>,
    pub(super) journal: Seen<Result<u64, String>>,
    pub(super) wallets: Seen<Vec<Guarded>>,
}

/// Asks both.
pub(super) fn ask(operation: &Operation) -> Told {
    let gateway = operation.gateway().and_then(|gateway| {
        let health: Health = gateway.ask(Call::get("/health"))?;
        Ok((gateway, health.version))
    });
    let networks = match &gateway {
        Ok((gateway, _version)) => networks(gateway).map_err(|failure| failure.with_reason()),
        Err(_) => Err("gatewayd does not answer".to_owned()),
    };
    let gateway_sandbox = match &gateway {
        Ok((gateway, _version)) => confinement(gateway).map_err(|error| error.to_string()),
        Err(_) => Err("gatewayd does not answer".to_owned()),
    };
    let gateway =
        gateway.map(|(_gateway, version)| version).map_err(|failure| failure.with_reason());
    let signer = operation.signer().and_then(|mut signer| {
        let status = signer.status()?;
        Ok((signer, status))
    });
    match signer {
        Ok((mut signer, status)) => Told {
            journal: journal(&mut signer, &status),
            wallets: wallets(&mut signer, &status, operation),
            signer: Ok(status),
            gateway,
            gateway_sandbox,
            networks,
        },
        Err(failure) => {
            let down = || "signerd does not answer".to_owned();
            let signer = Err(failure.with_reason());
            let (journal, wallets) = (Err(down()), Err(down()));
            Told { signer, gateway, gateway_sandbox, networks, journal, wallets }
        }
    }
}

/// A signer that refuses says what is wrong with its journal; one that ends says nothing about it.
fn journal(signer: &mut Signer, status: &Status) -> Seen<Result<u64, String>> {
    match verified(signer, status) {
        Ok(claim) => Ok(Ok(claim.records)),
        Err(Failure::Signer(SignerError::Refused(refusal))) => Ok(Err(refusal.message)),
        Err(Failure::Signer(error)) => Err(error.to_string()),
        Err(broken) => Ok(Err(broken.to_string())),
    }
}

fn wallets(signer: &mut Signer, status: &Status, operation: &Operation) -> Seen<Vec<Guarded>> {
    if status.vault == VaultPhase::Uninitialised {
        return Ok(Vec::new());
    }
    let names = names(operation);
    let mut guarded = |key: &KeyInfo| {
        let exposure = signer.exposure(key.wallet)?;
        let open = |ceiling: &Ceiling| matches!(ceiling, Ceiling::Unlimited);
        Ok::<Guarded, Failure>(Guarded {
            name: label(key.wallet, &names),
            environment: key.environment,
            has_owners: !signer.owners(key.wallet)?.confirmed.members.is_empty(),
            is_open: exposure.lines.iter().any(|line| open(&line.at_once) && open(&line.per_day)),
        })
    };
    let all = Signer::connect(&operation.place.control_socket()).and_then(|mut it| it.keys());
    let all = all.map_err(|error| error.to_string())?;
    let live = all.iter().filter(|key| key.state != KeyState::Retired);
    live.map(|key| guarded(key).map_err(|failure| failure.with_reason())).collect()
}

/// Asks each network through one wallet of each kind.
fn networks(gateway: &Gateway) -> Result<Vec<Reached>, Failure> {
    let mut kinds: BTreeMap<(String, String), Wallet> = BTreeMap::new();
    for wallet in live_wallets(gateway)? {
        kinds.entry((wallet.chain.clone(), wallet.environment.clone())).or_insert(wallet);
    }
    let mut reached = Vec::new();
    for wallet in kinds.into_values() {
        let balances = balance::of_all_networks(gateway, wallet.id)?;
        reached.extend(
            balances.into_iter().map(|it| Reached { network: it.network, error: it.error }),
        );
    }
    Ok(reached)
}
