//! `APPROVE_AMOUNT_LIMIT`: how large an allowance may be. Without it, none is unlimited.

use api::ErrorCode;
use primitives::{Amount, Chain};
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::approved_spenders::approvals;
use super::{Judge, Mark, Rule, deny};
use crate::policy::effects::Approval;
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "APPROVE_AMOUNT_LIMIT";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard,
    meaning: "an allowance is of at most `maxAmount` base units, and with `blockUnlimited` (`true` \
              if left out, and without a policy) not unlimited: below 2^159 on EVM, which is half of \
              what Permit2 counts with, and 2^63 on Solana; never all collectibles of a contract",
    example: r#"{ "maxAmount": "1000000000", "blockUnlimited": true }"#,
    read: says,
    otherwise: |decoded, facts| WITHOUT.judge(decoded, facts),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApproveAmountLimit {
    #[serde(default)]
    max_amount: Option<Amount>,
    #[serde(default = "block_unlimited")]
    block_unlimited: bool,
}

const WITHOUT: ApproveAmountLimit = ApproveAmountLimit { max_amount: None, block_unlimited: true };

fn block_unlimited() -> bool {
    WITHOUT.block_unlimited
}

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let limit: ApproveAmountLimit = read(rules)?;
    let is_unlimited = |most: Amount| most >= unlimited(Chain::Evm);
    if limit.block_unlimited && limit.max_amount.is_some_and(is_unlimited) {
        let problem = "is unlimited, which blockUnlimited forbids; set blockUnlimited to false";
        return Err(wrong("maxAmount", problem));
    }
    Ok(Box::new(limit))
}

impl Judge for ApproveAmountLimit {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        for Approval { token, spender, amount } in approvals(decoded, facts) {
            let is_unlimited = amount.is_none_or(|amount| amount >= unlimited(token.chain()));
            if self.block_unlimited && is_unlimited {
                let reason = format!("{spender} would be allowed to take {token} without a limit");
                let remedy = "ask for an amount, or set blockUnlimited to false in a policy of \
                              type APPROVE_AMOUNT_LIMIT";
                return deny(NAME, ErrorCode::UnlimitedApproveBlocked, reason, remedy);
            }
            let above = |most: &Amount| amount.is_none_or(|amount| amount > *most);
            if let Some(most) = self.max_amount.filter(above) {
                let reason = format!("an allowance may be of at most {most} base units");
                let remedy = "ask for less, or raise maxAmount";
                return deny(NAME, ErrorCode::ApproveAmountExceeded, reason, remedy);
            }
        }
        Verdict::FINE
    }
}

/// From here on an allowance has no limit: half of what the narrowest type of the chain counts to.
fn unlimited(chain: Chain) -> Amount {
    let bit = match chain {
        Chain::Evm => 159,
        Chain::Solana => 63,
    };
    let mut bytes = [0; 32];
    let (byte, shift) = (31 - bit / 8, bit % 8);
    if let Some(place) = bytes.get_mut(byte) {
        *place = 1_u8 << shift;
    }
    Amount::from_be_bytes(bytes)
}
