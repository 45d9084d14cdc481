//! `ENVIRONMENT_TYPE`: wallets of main networks only, or of test networks only.

use api::ErrorCode;
use primitives::Environment;
use serde::Deserialize;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::read;
use crate::policy::{Facts, Verdict};

const NAME: &str = "ENVIRONMENT_TYPE";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard,
    meaning: "`environment` is `mainnet` or `testnet`; wallets of the other one sign nothing",
    example: r#"{ "environment": "testnet" }"#,
    read: |rules| Ok(Box::new(read::<EnvironmentType>(rules)?)),
    otherwise: nothing,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentType {
    environment: Environment,
}

impl Judge for EnvironmentType {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let network = facts.network.map(|network| network.environment);
        if facts.environment == self.environment && network.is_none_or(|it| it == self.environment)
        {
            return Verdict::FINE;
        }
        let reason = format!(
            "the wallet is for {}, and {} only is allowed",
            facts.environment, self.environment
        );
        let remedy = format!("use a wallet for {}, or change the policy", self.environment);
        deny(NAME, ErrorCode::PolicyDenied, reason, remedy)
    }
}
