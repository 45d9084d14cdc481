//! `ALLOWED_NETWORKS`: on which networks a wallet is used.

use api::ErrorCode;
use primitives::Network;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::networks::legacy_name;
use crate::policy::effects::needs_a_network;
use crate::policy::written::{RulesError, each, read};
use crate::policy::{Facts, Verdict};

const NAME: &str = "ALLOWED_NETWORKS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard("a network that is not listed"),
    meaning: "`networks`: names or CAIP-2 identifiers. On others nothing is signed; texts, which \
              belong to no network, are",
    example: r#"{ "networks": [{ "network": "ethereum-mainnet" }, { "network": "eip155:8453", "name": "Base" }] }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    networks: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    network: String,
    /// For people.
    #[serde(default, rename = "name")]
    _name: Option<String>,
}

#[derive(Debug)]
struct AllowedNetworks(Vec<String>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let networks = each("networks", fields.networks, |_field, listed| Ok(listed.network))?;
    Ok(Box::new(AllowedNetworks(networks)))
}

impl Judge for AllowedNetworks {
    fn judge(&self, decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let is_listed = |network: &Network| self.0.iter().any(|name| means(name, network));
        if !needs_a_network(decoded) || facts.network.is_some_and(is_listed) {
            return Verdict::FINE;
        }
        let reason = facts.network.map_or_else(
            || "it names no network, or one that is not known".to_owned(),
            |network| {
                format!("the network {} is not in the list of allowed networks", network.name)
            },
        );
        let remedy = format!("use one of {}, or add it to the policy", self.0.join(", "));
        deny(NAME, ErrorCode::PolicyDenied, reason, remedy)
    }

    fn networks(&self) -> Vec<(String, &str)> {
        let numbered = self.0.iter().enumerate();
        numbered.map(|(at, name)| (format!("networks[{at}].network"), name.as_str())).collect()
    }
}

fn means(name: &str, network: &Network) -> bool {
    network.name == legacy_name(name) || name.parse() == Ok(network.chain_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{OWN, call, facts, mainnet, memo, native, policy, said, text};
    use crate::tx::Tier;

    #[test]
    fn a_network_is_allowed_by_name_or_identifier_and_no_other_is() {
        let denied = Err("POLICY_DENIED");
        for (network, expected) in [
            ("ethereum-mainnet", Ok(Tier::Instant)),
            ("eip155:1", Ok(Tier::Instant)),
            ("eip155:10", denied),
            ("base-mainnet", denied),
            ("mainnet", denied), // a name that Solana's main network once had
        ] {
            let policies = [policy(NAME, &json!({ "networks": [{ "network": network }] }))];
            let decoded = native(1_u64.into());
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{network}");
            let nowhere = Facts { network: None, ..facts(&policies) };
            assert_eq!(said(NAME, &decoded, &nowhere), denied, "no network is known");
            assert_eq!(said(NAME, &text("hello"), &nowhere), Ok(Tier::Instant));
        }
    }

    #[test]
    fn a_transaction_that_does_nothing_needs_an_allowed_network_too() {
        let to_itself = call(Some(OWN), 0_u64.into(), Vec::new());
        for decoded in [to_itself, memo("hello")] {
            for (network, expected) in
                [("ethereum-mainnet", Ok(Tier::Instant)), ("eip155:10", Err("POLICY_DENIED"))]
            {
                let policies = [policy(NAME, &json!({ "networks": [{ "network": network }] }))];
                assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{decoded:?}");
            }
        }
    }

    #[test]
    fn a_network_that_nobody_knows_is_refused_when_it_is_written() {
        let check = |networks| crate::policy::check(NAME, &networks, |name| mainnet().name == name);
        assert!(check(json!({ "networks": [{ "network": "ethereum-mainnet" }] })).is_ok());
        for networks in [json!([]), json!([{ "network": "moon" }]), json!(["ethereum-mainnet"])] {
            assert!(check(json!({ "networks": networks })).is_err(), "{networks}");
        }
    }
}
