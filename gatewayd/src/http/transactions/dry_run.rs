//! What would happen, as the body has it.

use api::{
    BalanceChange, DryRunMeta, DryRunPart, FeeEstimate, GasOutcome, PolicyOutcome,
    SimulationOutcome, Warning,
};
use primitives::Network;

use crate::chains::{ChainError, GasPrice};
use crate::http::display;
use crate::http::wallet::chain_code;
use crate::policy::{UsdMicros, Verdict};
use crate::tx::{GasCondition, Tier};
use crate::usecase::simulate_sequence::{PartTried, Tried};
use crate::usecase::simulate_transaction::{self, DryRun, Trial};
use crate::usecase::warnings::{self, Severity};

/// The body.
pub(super) fn body(found: DryRun, duration_ms: u64) -> api::DryRun {
    let policy = PolicyOutcome {
        cumulative_warning: found.dollars.nearing.and_then(display::cumulative_warning),
        ..policy(found.verdict)
    };
    let simulation = simulation(&found.trial);
    let refused = found.trial.as_ref().err().map(refusal);
    let sequence = found.sequence.as_ref();
    api::DryRun {
        success: policy.allowed && simulation.success,
        fee: found.trial.as_ref().ok().map(|trial| fee(&found.network, trial, found.dollars.fee)),
        parts_tried: sequence.map(|sequence| tried(sequence.tried).to_owned()),
        parts: sequence.map_or_else(Vec::new, |it| parts(&found.network, &it.parts)),
        balance_changes: found.changes.iter().map(change).collect(),
        warnings: found.warnings.iter().map(warning).chain(refused).collect(),
        policy,
        simulation,
        meta: DryRunMeta {
            chain: found.network.chain().to_string(),
            network: found.network.name.to_string(),
            transaction_type: found.kind.as_str().to_owned(),
            duration_ms,
        },
        gas_condition: found.gas.as_ref().map(gas_condition),
    }
}

const fn tried(tried: Tried) -> &'static str {
    match tried {
        Tried::Together => "TOGETHER",
        Tried::Alone => "ALONE",
    }
}

fn parts(network: &Network, parts: &[PartTried]) -> Vec<DryRunPart> {
    let part = |(part, tried): (u8, &PartTried)| DryRunPart {
        part,
        transaction_type: tried.kind.as_str().to_owned(),
        policy: policy(tried.verdict.clone()),
        fee: tried.trial.as_ref().ok().map(|trial| fee(network, trial, None)),
        simulation: simulation(&tried.trial),
    };
    (1_u8..).zip(parts).map(part).collect()
}

fn gas_condition((condition, now): &(GasCondition, GasPrice)) -> GasOutcome {
    GasOutcome {
        met: condition.is_met(now),
        current_gas_price: now.gas.to_string(),
        current_priority_fee: Some(now.priority.to_string()),
        max_gas_price: condition.max_gas_price.map(|most| most.to_string()),
        max_priority_fee: condition.max_priority_fee.map(|most| most.to_string()),
    }
}

fn policy(verdict: Option<Verdict>) -> PolicyOutcome {
    let no = |reason: String| PolicyOutcome {
        tier: Tier::Approval.to_string(),
        allowed: false,
        reason: Some(reason),
        delay_seconds: None,
        cumulative_warning: None,
    };
    match verdict {
        Some(Verdict::Allow(allowed)) => PolicyOutcome {
            tier: allowed.tier.to_string(),
            allowed: true,
            reason: None,
            delay_seconds: (allowed.tier == Tier::Delay).then_some(allowed.delay.as_secs()),
            cumulative_warning: None,
        },
        Some(Verdict::Deny(denial)) => no(denial.message()),
        None => no("not judged: the chain would not take it".to_owned()),
    }
}

fn simulation(trial: &Result<Trial, ChainError>) -> SimulationOutcome {
    match trial {
        Ok(Trial { simulation, .. }) => SimulationOutcome {
            success: simulation.failure.is_none(),
            logs: simulation.logs.clone(),
            units_consumed: simulation.units_consumed.map(|units| units.to_string()),
            error: simulation.failure.clone(),
        },
        Err(error) => SimulationOutcome {
            success: false,
            logs: if let ChainError::ExecutionFailed { logs, .. } = error {
                logs.clone()
            } else {
                Vec::new()
            },
            units_consumed: None,
            error: Some(error.to_string()),
        },
    }
}

fn fee(network: &Network, trial: &Trial, worth: Option<UsdMicros>) -> FeeEstimate {
    let coin = &network.native;
    FeeEstimate {
        estimated_fee: trial.fee_estimate.to_string(),
        fee_symbol: coin.symbol.to_string(),
        fee_decimals: coin.decimals,
        fee_usd: worth.and_then(display::dollars),
        needs_ata_creation: trial.token_account_rent.map(|_| true),
        ata_rent_cost: trial.token_account_rent.map(|rent| rent.to_string()),
    }
}

fn change(change: &simulate_transaction::BalanceChange) -> BalanceChange {
    BalanceChange {
        asset: change.of.to_string(),
        symbol: change.symbol.clone().unwrap_or_default(),
        decimals: change.decimals,
        current_balance: change.before.to_string(),
        change_amount: format!("-{}", change.leaves),
        after_balance: change.before.saturating_sub(change.leaves).to_string(),
    }
}

fn warning(warning: &warnings::Warning) -> Warning {
    let severity = match warning.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    Warning {
        code: warning.code.to_owned(),
        message: warning.message.clone(),
        severity: severity.to_owned(),
    }
}

/// Why the chain would not take it.
fn refusal(error: &ChainError) -> Warning {
    Warning {
        code: chain_code(error).as_str().to_owned(),
        message: error.to_string(),
        severity: "error".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_price_of_gas_is_shown_beside_the_one_that_is_waited_for() {
        let condition = GasCondition {
            max_gas_price: Some(30_u64.into()),
            max_priority_fee: None,
            timeout: Duration::from_mins(1),
        };
        for (gas, met) in [(30_u64, true), (31, false)] {
            let now = GasPrice { gas: gas.into(), priority: 2_u64.into() };
            let expected = GasOutcome {
                met,
                current_gas_price: gas.to_string(),
                current_priority_fee: Some("2".to_owned()),
                max_gas_price: Some("30".to_owned()),
                max_priority_fee: None,
            };
            assert_eq!(gas_condition(&(condition.clone(), now)), expected);
        }
    }
}
