//! What would happen to a sequence, were it asked for now. Nothing is kept or signed.

use primitives::Amount;
use txcodec::Decoded;

use super::order::{OrderError, Resolved};
use super::simulate_transaction::{BalanceChange, Dollars, DryRun, Trial, changes};
use super::warnings::{parts_tried_alone, warnings};
use crate::app::App;
use crate::chains::{Category, ChainClient, ChainError, DraftRequest, Preview, Sequel, Simulation};
use crate::policy::Verdict;
use crate::session::Agent;
use crate::store::TransactionId;
use crate::tx::{self, AskedBy, Asking, Deed, Intent, Kind, Known, SequenceVerdicts, Transaction};

/// The parts of a sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// How they were tried.
    pub tried: Tried,
    /// In their order, up to one that makes no transaction.
    pub parts: Vec<PartTried>,
}

/// How parts were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Each with what those before it have changed.
    Together,
    /// Each as if nothing came before it: no node of the network can do otherwise.
    Alone,
}

/// A part of a sequence.
#[derive(Clone, Debug)]
pub struct PartTried {
    /// What kind of transaction.
    pub kind: Kind,
    /// How it would go, or why it would not.
    pub trial: Result<Trial, ChainError>,
    /// What the policies say of it beside the others; `None` where there are not all to judge.
    pub verdict: Option<Verdict>,
}

/// A part, what its bytes do, and what is known of that.
struct Drawn {
    kind: Kind,
    preview: Preview,
    decoded: Decoded,
    known: Known,
}

/// Why there is nothing to judge.
enum Undrawn {
    /// This part makes no transaction; those before it do.
    Part(Vec<PartTried>, ChainError),
    Order(OrderError),
}

/// Builds the parts of a sequence, tries them, and judges all together and each. `dry_run` is that of
/// the order, with nothing found out yet.
pub(super) async fn simulate_sequence(
    app: &App,
    agent: &Agent,
    (resolved, client): (&Resolved, &ChainClient),
    mut dry_run: DryRun,
) -> Result<DryRun, OrderError> {
    let deeds = resolved.order.sequence().unwrap_or_default();
    let drawn = match draw(app, agent, (resolved, client), deeds).await {
        Ok(drawn) => drawn,
        Err(Undrawn::Order(error)) => return Err(error),
        Err(Undrawn::Part(parts, error)) => {
            dry_run.trial = Err(error);
            dry_run.sequence = Some(Sequence { tried: Tried::Alone, parts });
            return Ok(dry_run);
        }
    };
    let decoded: Vec<_> = drawn.iter().map(|part| part.decoded.clone()).collect();
    let Some(together) = tx::together(&decoded) else { return Ok(dry_run) };
    let wallet = resolved.wallet.address;
    let units = tx::units(app, &resolved.network, &together, Some(&resolved.order.deed)).await?;
    dry_run.changes = changes(client, resolved, &together, &units).await?;
    dry_run.warnings = warnings(&together, wallet, |asset| units.contains_key(&asset));
    let requests: Vec<_> = deeds.iter().map(|deed| request(resolved, deed)).collect();
    let (tried, mut parts, refusal) = match client.sequel(&requests).await? {
        Sequel::Tried(simulations) => {
            let trials = drawn.iter().zip(simulations).map(|(part, it)| Ok(part.trial(it)));
            (Tried::Together, parts(&drawn, trials), None)
        }
        Sequel::Refused(reason) => {
            (Tried::Together, parts(&drawn, drawn.iter().map(Drawn::alone)), Some(reason))
        }
        Sequel::Unsaid => {
            dry_run.warnings.push(parts_tried_alone());
            let missing = dry_run.changes.iter().find_map(missing);
            (Tried::Alone, parts(&drawn, drawn.iter().map(Drawn::alone)), missing)
        }
    };
    let trial = whole(&drawn, &parts, refusal);
    let fee = app.prices.fee(&resolved.network, trial.fee_estimate).await;
    dry_run.trial = Ok(trial);
    if let Some(said) = said(app, agent, resolved, drawn).await? {
        dry_run.dollars = Dollars { fee, nearing: said.nearing };
        dry_run.verdict = Some(said.parts.iter().cloned().fold(said.whole, Verdict::stricter));
        for (part, verdict) in parts.iter_mut().zip(said.parts) {
            part.verdict = Some(verdict);
        }
    }
    dry_run.sequence = Some(Sequence { tried, parts });
    Ok(dry_run)
}

fn request(resolved: &Resolved, deed: &Deed) -> DraftRequest {
    DraftRequest { from: resolved.wallet.address, deed: deed.clone(), nonce: None }
}

fn asking<'a>(app: &'a App, agent: &Agent, resolved: &'a Resolved, kind: Kind) -> Asking<'a> {
    Asking {
        app,
        wallet: &resolved.wallet,
        network: Some(&resolved.network),
        deed: Some(&resolved.order.deed),
        transaction: None,
        asked_by: Some(AskedBy { session: agent.session_id(), kind }),
    }
}

async fn draw(
    app: &App,
    agent: &Agent,
    (resolved, client): (&Resolved, &ChainClient),
    deeds: &[Deed],
) -> Result<Vec<Drawn>, Undrawn> {
    let mut drawn = Vec::with_capacity(deeds.len());
    for deed in deeds {
        let kind = deed.kind();
        let preview = match client.preview(&request(resolved, deed)).await {
            Ok(preview) => preview,
            Err(error) if error.category() == Category::Permanent => {
                let mut parts = parts(&drawn, drawn.iter().map(Drawn::alone));
                parts.push(PartTried { kind, trial: Err(error.clone()), verdict: None });
                return Err(Undrawn::Part(parts, error));
            }
            Err(error) => return Err(Undrawn::Order(error.into())),
        };
        let decoded = tx::decode(&preview.unsigned, resolved.wallet.address);
        let decoded = decoded.map_err(|_malformed| Undrawn::Order(UNREADABLE.into()))?;
        let known = asking(app, agent, resolved, kind).known(&decoded).await;
        let known = known.map_err(|error| Undrawn::Order(error.into()))?;
        drawn.push(Drawn { kind, preview, decoded, known });
    }
    Ok(drawn)
}

const UNREADABLE: ChainError = ChainError::Invalid("the transaction cannot be read");

impl Drawn {
    /// How it goes where it was tried like this. What cannot be estimated alone costs what its bytes
    /// offer at most.
    fn trial(&self, simulation: Simulation) -> Trial {
        let estimate = self.preview.alone.as_ref().map(|draft| draft.fee_estimate);
        let fee_estimate = estimate.unwrap_or_else(|_error| self.decoded.fee_ceiling());
        Trial { fee_estimate, token_account_rent: None, simulation }
    }

    /// How it goes as if nothing came before it.
    fn alone(&self) -> Result<Trial, ChainError> {
        self.preview.alone.clone().map(Trial::from)
    }
}

fn parts(
    drawn: &[Drawn],
    trials: impl Iterator<Item = Result<Trial, ChainError>>,
) -> Vec<PartTried> {
    let part = |(drawn, trial): (&Drawn, _)| PartTried { kind: drawn.kind, trial, verdict: None };
    drawn.iter().zip(trials).map(part).collect()
}

/// How all of it goes: as well as its worst part. `refusal` is why the parts do not go together.
fn whole(drawn: &[Drawn], parts: &[PartTried], refusal: Option<String>) -> Trial {
    let broken = (1_usize..).zip(parts).find_map(|(number, part)| {
        let reason = match &part.trial {
            Ok(trial) => trial.simulation.failure.clone()?,
            Err(error) => error.to_string(),
        };
        Some(format!("part {number}: {reason}"))
    });
    let trials = || parts.iter().map(|part| part.trial.as_ref().ok());
    let units =
        trials().try_fold(0_u64, |sum, trial| sum.checked_add(trial?.simulation.units_consumed?));
    let fees = drawn.iter().zip(trials()).map(|(drawn, trial)| {
        trial.map_or_else(|| drawn.decoded.fee_ceiling(), |trial| trial.fee_estimate)
    });
    Trial {
        fee_estimate: Amount::sum(fees).unwrap_or(Amount::MAX),
        token_account_rent: None,
        simulation: Simulation {
            failure: broken.or(refusal),
            logs: Vec::new(),
            units_consumed: units,
        },
    }
}

/// Why the wallet has too little for all parts, though it may have enough for each.
fn missing(change: &BalanceChange) -> Option<String> {
    let BalanceChange { of, before, leaves, .. } = change;
    (before < leaves).then(|| {
        format!(
            "all parts together take {leaves} of {of}, in base units with their fees, and the wallet \
             holds {before}: it goes through only if one of them brings the rest"
        )
    })
}

/// What is said of all parts together, and of each.
async fn said(
    app: &App,
    agent: &Agent,
    resolved: &Resolved,
    drawn: Vec<Drawn>,
) -> Result<Option<SequenceVerdicts>, OrderError> {
    let asking = asking(app, agent, resolved, resolved.order.deed.kind());
    let known = asking.together(drawn.iter().map(|part| &part.known));
    let intent = Intent::Send(Box::new(resolved.order.clone()));
    let (id, session) = (TransactionId::new(&app.clock), Some(agent.session_id()));
    let whole = Transaction::new(id, resolved.wallet.id, session, intent, app.clock.now());
    let parts = drawn.into_iter().map(|part| (part.decoded, part.known)).collect();
    Ok(tx::sequence_verdicts(app, whole, parts, known).await?)
}
