//! The steps of `init`: each looks at what is there, and makes what is missing.

use std::path::Path;

use api::{AdminStatus, CreatedWallet, Wallet};
use primitives::{Network, WalletId};
use protocol::{GuardOrder, Owners, Request, Unattended, VaultPhase};

use super::answers::{Answers, NewWallet};
use super::{Keys, make_vault};
use crate::args::SealingKey;
use crate::commands::{balance, live_wallets, new_wallet, owner, unattended};
use crate::endpoints::{self, Endpoints, Put};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::passphrase::Passphrase;
use crate::place::Place;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::systemd::{self, Stored, TARGET};
use crate::user;

/// Where the endpoints are written.
const GATEWAYD_SETTINGS: &str = "/etc/waiaas/gatewayd.toml";
const GATEWAYD: &str = "waiaas-gatewayd.service";
/// The guard's version of a wallet that nobody changed.
const UNTOUCHED: u64 = 1;

/// What came of one step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) what: String,
    pub(super) changed: bool,
    /// How the vault is afterwards.
    pub(super) phase: Option<VaultPhase>,
    /// The wallet that it is about.
    pub(super) wallet: Option<String>,
}

/// The daemons, and the passphrase.
pub(super) struct Run {
    pub(super) place: Place,
    pub(super) signer: Signer,
    pub(super) gateway: Gateway,
    pub(super) keys: Keys,
}

impl Step {
    fn made(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, what: what.into(), changed: true, phase: None, wallet: None }
    }

    fn there(name: &'static str, what: impl Into<String>) -> Self {
        Self { changed: false, ..Self::made(name, what) }
    }
}

impl Run {
    /// All steps, in an order in which each can be the last.
    pub(super) fn all(&mut self, answers: Answers) -> Result<Vec<Step>, Failure> {
        let Answers { unattended, master_password, endpoints, wallets, at_boot } = answers;
        let mut steps = vec![self.vault()?];
        steps.push(self.unattended(unattended)?);
        steps.push(self.master_password(master_password)?);
        steps.push(put_endpoints(&endpoints)?);
        for wallet in wallets {
            let name = wallet.name.clone();
            let step = self.wallet(wallet)?;
            steps.push(Step { wallet: Some(name), ..step });
        }
        steps.extend(self.ask_networks(&endpoints)?);
        steps.push(enable(at_boot)?);
        Ok(steps)
    }

    fn vault(&mut self) -> Result<Step, Failure> {
        let phase = self.signer.status()?.vault;
        if phase == VaultPhase::Uninitialised {
            let passphrase = self.keys.for_new_vault()?;
            make_vault(&mut self.signer, passphrase)?;
            let step =
                Step::made("vault", "made, and open; without its passphrase the keys are lost");
            return Ok(Step { phase: Some(VaultPhase::Open), ..step });
        }
        let step = Step::there("vault", format!("was there, {phase}"));
        Ok(Step { phase: Some(phase), ..step })
    }

    fn unattended(&mut self, wanted: Option<SealingKey>) -> Result<Step, Failure> {
        const NAME: &str = "unattended";
        let status = self.signer.status()?;
        let state = status.unattended;
        let works = matches!(systemd::stored(), Stored::Present { opens: true, .. })
            && !matches!(state, Unattended::Off | Unattended::Misfit);
        match wanted {
            Some(_) if works => Ok(Step::there(NAME, "was set up before")),
            Some(key) => {
                let passphrase = self.keys.of_vault()?.to_secret();
                let seal = unattended::turn_on(&mut self.signer, passphrase, key)?;
                let when = unattended::when(status.vault, &self.place);
                Ok(Step::made(NAME, format!("{when}; {}", seal.meaning())))
            }
            None if state == Unattended::Off => {
                Ok(Step::there(NAME, "off: the passphrase opens the vault after each start"))
            }
            None => Ok(Step::there(NAME, "is on, and was left so: waiaasctl unattended disable")),
        }
    }

    fn master_password(&mut self, chosen: Option<Passphrase>) -> Result<Step, Failure> {
        const NAME: &str = "master password";
        let status: AdminStatus = self.gateway.ask(Call::get("/v1/admin/status"))?;
        if !status.auto_provisioned {
            return Ok(Step::there(NAME, "was chosen before"));
        }
        let password = match &chosen {
            Some(password) => Some(password),
            None => self.keys.master()?,
        };
        match password {
            Some(password) => {
                user::choose_master_password(&self.gateway, password)?;
                Ok(Step::made(NAME, "set, for HTTP clients of operators"))
            }
            None => Ok(Step::there(NAME, "none: operators use this program")),
        }
    }

    fn wallet(&mut self, wanted: NewWallet) -> Result<Step, Failure> {
        const NAME: &str = "wallet";
        let NewWallet { name, kind, guard, owners } = wanted;
        let same = |wallet: &Wallet| wallet.name == name;
        let mut done = Vec::new();
        let wallet = match live_wallets(&self.gateway)?.into_iter().find(same) {
            Some(wallet)
                if wallet.chain != kind.chain.to_string()
                    || wallet.environment != kind.environment.to_string() =>
            {
                let what = format!(
                    "there is a wallet {name} for {} {}, and not for {} {}",
                    wallet.chain, wallet.environment, kind.chain, kind.environment
                );
                return Err(Failure::new(
                    Exit::Failed,
                    what,
                    "choose another name for the new one",
                ));
            }
            Some(wallet) => wallet,
            None => {
                let made: CreatedWallet = self.gateway.ask(new_wallet(name.clone(), kind))?;
                done.push("made".to_owned());
                made.wallet
            }
        };
        let id = WalletId::from_bytes(wallet.id.into_bytes());
        if let Some(template) = guard {
            let request = Request::GuardTemplate {
                chain: kind.chain,
                environment: kind.environment,
                name: template.clone(),
            };
            let text = self.signer.guard(request)?.text;
            done.extend(self.guard(id, text)?.then(|| format!("guard {template}")));
        }
        if let Some(owners) = owners {
            let words = owner::words(&owners);
            done.extend(self.owners(id, owners)?.then(|| format!("owners {words}")));
        }
        let address = &wallet.public_key;
        Ok(match done.as_slice() {
            [] => Step::there(NAME, format!("{name} was there: {address}")),
            [_, ..] => Step::made(NAME, format!("{name}, {address}: {}", done.join(", "))),
        })
    }

    /// Whether the nodes answer as their networks. They may be started later, so that it is told, and no more.
    fn ask_networks(&self, endpoints: &[Endpoints]) -> Result<Option<Step>, Failure> {
        if endpoints.is_empty() {
            return Ok(None);
        }
        let _progress = Progress::start("asking the networks");
        let wallets = live_wallets(&self.gateway)?;
        let mut found = Vec::new();
        for it in endpoints {
            let Network { name, environment, .. } = it.network();
            let kind = (it.network().chain().to_string(), environment.to_string());
            let is_of_kind =
                |wallet: &&Wallet| (&wallet.chain, &wallet.environment) == (&kind.0, &kind.1);
            let Some(wallet) = wallets.iter().find(is_of_kind) else {
                found.push(format!("{name} is asked by doctor once there is a wallet for it"));
                continue;
            };
            let balances = balance::of_all_networks(&self.gateway, wallet.id)?;
            let error = balances.into_iter().find(|it| it.network == *name).and_then(|it| it.error);
            found.push(match error {
                None => format!("{name} answers"),
                Some(error) => format!("{name} WARNING: {error}"),
            });
        }
        Ok(Some(Step::there("networks", found.join("; "))))
    }

    /// Sets a guard where nobody has changed it since the wallet was made.
    fn guard(&mut self, wallet: WalletId, text: String) -> Result<bool, Failure> {
        let check = self.signer.check_guard(wallet, text.clone(), None)?;
        if check.order == GuardOrder::Same || check.from_version != UNTOUCHED {
            return Ok(false);
        }
        let passphrase = Some(self.keys.of_vault()?.to_secret());
        let _progress = Progress::start("setting the guard");
        self.signer.guard(Request::SetGuard {
            wallet,
            from_version: check.from_version,
            text,
            passphrase,
            approval: None,
        })?;
        Ok(true)
    }

    /// Makes owners of these where there are none.
    fn owners(&mut self, wallet: WalletId, owners: Owners) -> Result<bool, Failure> {
        let state = self.signer.owners(wallet)?;
        if !state.confirmed.members.is_empty() {
            return Ok(false);
        }
        let passphrase = self.keys.of_vault()?.to_secret();
        let _progress = Progress::start("confirming the owners");
        self.signer.confirm_owners(Request::ConfirmOwners {
            wallet,
            from_version: state.version,
            owners,
            passphrase,
            approval: None,
        })?;
        Ok(true)
    }
}

/// Puts the nodes into gatewayd's settings, and has it read them.
fn put_endpoints(endpoints: &[Endpoints]) -> Result<Step, Failure> {
    const NAME: &str = "endpoints";
    if endpoints.is_empty() {
        let what =
            "the public ones, which are slow and limit their callers; your own: docs/networks.md";
        return Ok(Step::there(NAME, what));
    }
    let Put { written, kept } = endpoints::put(Path::new(GATEWAYD_SETTINGS), endpoints)?;
    let kept = match kept.as_slice() {
        [] => String::new(),
        [_, ..] => {
            format!("; {GATEWAYD_SETTINGS} names others for {}, which stay", kept.join(", "))
        }
    };
    if written.is_empty() {
        return Ok(Step::there(NAME, format!("were there{kept}")));
    }
    // A reload is not waited for, and what follows asks these nodes.
    systemd::systemctl(&["restart", GATEWAYD])?;
    Ok(Step::made(NAME, format!("of {} are in {GATEWAYD_SETTINGS}{kept}", written.join(", "))))
}

fn enable(at_boot: bool) -> Result<Step, Failure> {
    const NAME: &str = "start at boot";
    let is_enabled = systemd::is(&["is-enabled", "--quiet", TARGET]);
    match (at_boot, is_enabled) {
        (true, true) => Ok(Step::there(NAME, format!("{TARGET} was enabled"))),
        (true, false) => {
            systemd::systemctl(&["enable", "--now", TARGET])?;
            Ok(Step::made(NAME, format!("{TARGET} is enabled and runs")))
        }
        (false, true) => Ok(Step::there(NAME, format!("{TARGET} is enabled, and was left so"))),
        (false, false) => {
            Ok(Step::there(NAME, format!("no; when you want it: systemctl enable {TARGET}")))
        }
    }
}
