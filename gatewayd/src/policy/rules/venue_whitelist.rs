//! `VENUE_WHITELIST`: which venues away from chains are used.

use std::collections::BTreeSet;

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::written::{RulesError, each, read, wrong};
use crate::policy::{Facts, Verdict};

const NAME: &str = "VENUE_WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "`venues` (`id`) away from chains that actions may be carried out at; with a policy \
              others may not",
    example: r#"{ "venues": [{ "id": "hyperliquid", "name": "Hyperliquid" }] }"#,
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    venues: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    id: String,
    /// For people.
    #[serde(default, rename = "name")]
    _name: Option<String>,
}

#[derive(Debug)]
struct VenueWhitelist(BTreeSet<String>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let venues = each("venues", fields.venues, |field, listed| match listed.id.trim() {
        "" => Err(wrong(format!("{field}.id"), "is empty")),
        id => Ok(id.to_ascii_lowercase()),
    })?;
    Ok(Box::new(VenueWhitelist(venues.into_iter().collect())))
}

impl Judge for VenueWhitelist {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let venue = facts.action.and_then(|action| action.venue.as_deref());
        let unlisted = venue.filter(|venue| !self.0.contains(&venue.to_ascii_lowercase()));
        let Some(venue) = unlisted else { return Verdict::FINE };
        let reason = format!("the venue {venue} is not in the list of allowed venues");
        let remedy = format!("the operator can add it to venues of the {NAME} policy");
        deny(NAME, ErrorCode::VenueNotAllowed, reason, remedy)
    }
}
