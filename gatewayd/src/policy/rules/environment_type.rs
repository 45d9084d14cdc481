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
    mark: Mark::Hard("a network that is not listed"),
    meaning: "`environment` is `mainnet` or `testnet`; wallets of the other one sign nothing",
    example: r#"{ "environment": "testnet" }"#,
    eased_by: "",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, native, policy, said};
    use crate::tx::Tier;

    #[test]
    fn wallets_of_one_environment_sign_and_others_do_not() {
        use Environment::{Mainnet, Testnet};
        for (allowed, environment, expected) in [
            ("mainnet", Mainnet, Ok(Tier::Instant)),
            ("mainnet", Testnet, Err("POLICY_DENIED")),
            ("testnet", Testnet, Ok(Tier::Instant)),
            ("testnet", Mainnet, Err("POLICY_DENIED")),
        ] {
            let policies = [policy(NAME, &json!({ "environment": allowed }))];
            let facts = Facts { environment, network: None, ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &facts), expected, "{allowed}");
        }
        // A wallet for one environment on a network of the other is nothing that there should be.
        let policies = [policy(NAME, &json!({ "environment": "testnet" }))];
        let mixed = Facts { environment: Testnet, ..facts(&policies) };
        assert_eq!(said(NAME, &native(1_u64.into()), &mixed), Err("POLICY_DENIED"));
    }
}
