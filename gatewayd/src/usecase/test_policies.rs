//! A what-if: what the policies would say. Nothing is stored, signed or sent.

use std::collections::BTreeMap;

use primitives::{Address, AddressError, Asset, Chain, Network, WalletId};
use txcodec::{DecodeError, Decoded, Effect};

use super::choice::{ChoiceError, choose_network};
use super::described::{Described, DescribedError};
use super::policies::{NewPolicy, PolicyError, check};
use super::sign_message::{self, Message, SignMessageError};
use super::sign_transaction;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::policy::{
    self, Action, Destination, Facts, Opinion, Policy, Reputation, UsdMicros, Verdict,
};
use crate::prices::Worths;
use crate::session::Master;
use crate::store::wallets::Wallet;
use crate::store::{PolicyId, StoreError};
use crate::tx::{self, Known, Standing};

/// What is tried.
#[derive(Clone, Debug)]
pub struct PolicyTest {
    /// Whose key would sign.
    pub wallet: WalletId,
    /// Name or CAIP-2.
    pub network: Option<String>,
    /// What would be signed.
    pub subject: Subject,
    /// Policies to try.
    pub policies: Vec<NewPolicy>,
    /// Whether those that are stored count too.
    pub stored: bool,
    /// What is taken for known.
    pub facts: Hypotheses,
}

/// What would be signed.
#[derive(Clone, Debug)]
pub enum Subject {
    /// These bytes.
    Unsigned(Vec<u8>),
    /// No transaction.
    Message(Message),
    /// A transaction in words.
    Described(Box<Described>),
}

/// What is taken for known; what is absent is as it is now.
#[derive(Clone, Debug, Default)]
pub struct Hypotheses {
    /// What the time is.
    pub now: Option<UnixSeconds>,
    /// What leaves is worth this much.
    pub worth: Option<UsdMicros>,
    /// What other transactions of the last day are worth.
    pub spent_in_day: Option<UsdMicros>,
    /// As above, in the last thirty days.
    pub spent_in_month: Option<UsdMicros>,
    /// How many other transactions were let pass in whichever window.
    pub transactions: Option<u64>,
    /// Decimals of tokens, by address.
    pub decimals: BTreeMap<String, u8>,
    /// Whom a request over HTTP goes to.
    pub destination: Option<Destination>,
    /// What a protocol is asked to do.
    pub action: Option<Action>,
    /// What is said of whom it goes to.
    pub reputation: Option<Reputation>,
}

/// What the policies would say.
#[derive(Clone, Debug)]
pub struct PoliciesTested {
    /// Altogether.
    pub verdict: Verdict,
    /// Each type, in the order in which they are asked.
    pub opinions: Vec<(Source, Opinion)>,
    /// What the bytes do.
    pub effects: Vec<Effect>,
    /// Of a sequence: what would be said of each part, with the worth of the others counted as spent.
    pub parts: Vec<PartTested>,
}

/// What would be said of a part of a sequence.
#[derive(Clone, Debug)]
pub struct PartTested {
    /// Altogether.
    pub verdict: Verdict,
    /// What its bytes do.
    pub effects: Vec<Effect>,
}

/// Whose opinion it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What holds without a policy.
    Default,
    /// That of a stored policy.
    Stored(PolicyId),
    /// That of the test's policy with that number, from zero. Whether it is enabled does not matter:
    /// it is what is tried.
    Given(usize),
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum PolicyTestError {
    /// There is no such wallet.
    #[error("there is no wallet {0}")]
    UnknownWallet(WalletId),
    /// The network is not clear, or not the wallet's.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The bytes cannot be read.
    #[error("transaction: {0}")]
    Undecodable(#[from] DecodeError),
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] SignMessageError),
    /// The words make no transaction.
    #[error(transparent)]
    Described(#[from] DescribedError),
    /// A token whose decimals are given is no address.
    #[error("facts.decimals: {0}")]
    Decimals(AddressError),
    /// Its amounts cannot be added up.
    #[error("request.instructions: the amounts do not fit in 256 bits together")]
    TooLarge,
    /// A policy of the test is none.
    #[error("policies[{0}]: {1}")]
    Policy(usize, PolicyError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the policies would say, as `_master` asks.
///
/// # Errors
/// When it is not clear what is asked.
pub async fn test_policies(
    app: &App,
    _master: &Master,
    test: PolicyTest,
) -> Result<PoliciesTested, PolicyTestError> {
    let id = test.wallet;
    let wallet = app.store.read(move |db| db.wallet(id)).await?;
    let wallet = wallet.ok_or(PolicyTestError::UnknownWallet(id))?;
    let (parts, network) = read(app, &wallet, test.subject, test.network.as_deref())?;
    let decoded = match parts.as_slice() {
        [one] => one.clone(),
        several => tx::together(several).ok_or(PolicyTestError::TooLarge)?,
    };
    let given = given(app, test.policies)?;
    let decimals = decimals(wallet.chain, &test.facts)?;
    let mut worths = Vec::with_capacity(parts.len());
    for part in &parts {
        worths.push(app.prices.worths(part, (wallet.environment, network), &decimals).await);
    }
    let known = Known {
        wallet: wallet.id,
        environment: wallet.environment,
        network: network.cloned(),
        worths: Worths::together(worths.iter().copied()),
        decimals,
        standing: Standing::default(),
        transaction: None,
        asked_by: None,
        now: test.facts.now.unwrap_or_else(|| app.clock.now()),
    };
    let (facts, stored) = (test.facts, test.stored);
    let read = app.store.read(move |db| {
        let mut known = known;
        for asset in decoded.spend().unwrap_or_default().into_keys() {
            if let (Asset::Token(token), Some(network)) = (asset, &known.network)
                && !known.decimals.contains_key(&asset)
                && let Some(listed) = db.token(network.chain_id, token)?
            {
                known.decimals.insert(asset, listed.decimals);
            }
        }
        let network = known.network.as_ref().map(|network| network.chain_id);
        let stored = if stored { db.policies_for(known.wallet, network)? } else { Vec::new() };
        let ids: Vec<PolicyId> = stored.iter().map(|policy| policy.id).collect();
        let own = stored.into_iter().map(Policy::from);
        let gathered = tx::gathered(db, own.chain(given).collect(), &known)?;
        let parts: Vec<_> = parts.iter().zip(worths.iter().map(|worths| worths.whole)).collect();
        let counted = gathered.facts(&known);
        Ok::<_, StoreError>(judged((&decoded, &parts), &counted, &facts, &ids))
    });
    Ok(read.await?)
}

fn judged(
    (decoded, parts): (&Decoded, &[(&Decoded, Option<UsdMicros>)]),
    facts: &Facts<'_>,
    taken: &Hypotheses,
    stored: &[PolicyId],
) -> PoliciesTested {
    let passed = taken.transactions.map(|count| {
        let windows = policy::windows(facts.policies).into_iter();
        windows.map(|window| (window, count)).collect::<BTreeMap<_, _>>()
    });
    let facts = Facts {
        worth: taken.worth.or(facts.worth),
        spent_in_day: taken.spent_in_day.or(facts.spent_in_day),
        spent_in_month: taken.spent_in_month.or(facts.spent_in_month),
        passed: passed.as_ref().unwrap_or(facts.passed),
        action: taken.action.as_ref(),
        destination: taken.destination.as_ref(),
        reputation: taken.reputation,
        ..*facts
    };
    let source = |opinion: &Opinion| match opinion.policy {
        None => Source::Default,
        Some(position) => stored
            .get(position)
            .copied()
            .map_or_else(|| Source::Given(position.saturating_sub(stored.len())), Source::Stored),
    };
    let opinions = policy::opinions(decoded, &facts);
    let tested = tested_parts(parts, &facts, taken.worth);
    let whole = policy::judge(decoded, &facts);
    let verdict = tested.iter().map(|part| part.verdict.clone()).fold(whole, Verdict::stricter);
    PoliciesTested {
        verdict,
        opinions: opinions.map(|opinion| (source(&opinion), opinion)).collect(),
        effects: decoded.effects().to_vec(),
        parts: tested,
    }
}

/// What would be said of each part of a sequence; nothing of what is none. What the whole is taken for
/// worth, a part is worth at most.
fn tested_parts(
    parts: &[(&Decoded, Option<UsdMicros>)],
    facts: &Facts<'_>,
    taken: Option<UsdMicros>,
) -> Vec<PartTested> {
    if parts.len() < 2 {
        return Vec::new();
    }
    let beside = |place: usize, spent: Option<UsdMicros>| {
        let others = parts.iter().enumerate().filter(|(other, _part)| *other != place);
        others
            .map(|(_other, (_decoded, worth))| *worth)
            .try_fold(spent?, |sum, worth| sum.checked_add(worth?))
    };
    let tested = |(place, (decoded, worth)): (usize, &(&Decoded, Option<UsdMicros>))| {
        let facts = match taken {
            Some(_) => Facts { worth: taken, ..*facts },
            None => Facts {
                worth: *worth,
                spent_in_day: beside(place, facts.spent_in_day),
                spent_in_month: beside(place, facts.spent_in_month),
                ..*facts
            },
        };
        let verdict = policy::judge(decoded, &facts);
        PartTested { verdict, effects: decoded.effects().to_vec() }
    };
    parts.iter().enumerate().map(tested).collect()
}

/// What would be signed, one after the other, and on which network.
fn read<'a>(
    app: &'a App,
    wallet: &Wallet,
    subject: Subject,
    network: Option<&str>,
) -> Result<(Vec<Decoded>, Option<&'a Network>), PolicyTestError> {
    match subject {
        Subject::Unsigned(bytes) => {
            let (_unsigned, decoded) = sign_transaction::read(bytes, wallet)?;
            let named = decoded.chain_id().map(|chain_id| chain_id.to_string());
            let network = choose_network(&app.networks, wallet, named.as_deref().or(network))?;
            Ok((vec![decoded], Some(network)))
        }
        Subject::Described(described) => {
            let network = choose_network(&app.networks, wallet, network)?;
            let parts = described.to_transactions(wallet.address, network.chain_id)?;
            let decoded: Result<_, _> =
                parts.iter().map(|bytes| tx::decode(bytes, wallet.address)).collect();
            Ok((decoded?, Some(network)))
        }
        Subject::Message(message) => {
            let decoded = sign_message::read(message, wallet.chain)?.decoded;
            let network = sign_message::network_of(app, wallet, &decoded)?;
            Ok((vec![decoded], network))
        }
    }
}

/// Policies of the test that count, as they would once they were stored.
fn given(app: &App, policies: Vec<NewPolicy>) -> Result<Vec<Policy>, PolicyTestError> {
    let mut given = Vec::new();
    for (position, new) in policies.into_iter().enumerate() {
        let wrong = |error| PolicyTestError::Policy(position, error);
        check(&app.networks, &new.kind, &new.rules).map_err(wrong)?;
        let network = new.network.as_deref().map(|name| {
            let network = app.networks.find(name).map(|network| network.chain_id);
            network.ok_or_else(|| wrong(PolicyError::UnknownNetwork(name.to_owned())))
        });
        let mut policy = Policy::new(&new.kind, new.rules);
        (policy.wallet, policy.network) = (new.wallet, network.transpose()?);
        policy.priority = new.priority;
        given.push(policy);
    }
    Ok(given)
}

fn decimals(chain: Chain, facts: &Hypotheses) -> Result<BTreeMap<Asset, u8>, PolicyTestError> {
    let read = |(address, decimals): (&String, &u8)| {
        Address::parse_for(chain, address).map(|token| (Asset::Token(token), *decimals))
    };
    facts.decimals.iter().map(read).collect::<Result<_, _>>().map_err(PolicyTestError::Decimals)
}
