//! `ALLOWED_NETWORKS`: on which networks a wallet is used.

use api::ErrorCode;
use primitives::Network;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::networks::legacy_name;
use crate::policy::effects::is_carried_out;
use crate::policy::written::{RulesError, each, read};
use crate::policy::{Facts, Verdict};

const NAME: &str = "ALLOWED_NETWORKS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Hard,
    meaning: "`networks`: names or CAIP-2 identifiers. On others nothing is signed; texts, which \
              belong to no network, are",
    example: r#"{ "networks": [{ "network": "ethereum-mainnet" }, { "network": "eip155:8453", "name": "Base" }] }"#,
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
        if !is_carried_out(decoded) || facts.network.is_some_and(is_listed) {
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
