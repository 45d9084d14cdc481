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
    eased_by: "",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{action, facts, native, policy, refused, said};
    use crate::policy::{Action, Category};
    use crate::tx::Tier;

    #[test]
    fn with_a_list_only_its_venues_are_used() {
        let (fine, denied) = (Ok(Tier::Instant), Err("VENUE_NOT_ALLOWED"));
        let policies = [policy(NAME, &json!({ "venues": [{ "id": "Hyperliquid" }] }))];
        for (venue, expected) in [
            (Some("hyperliquid"), fine),
            (Some("polymarket"), denied),
            (Some(""), denied),
            (None, fine), // it is carried out on a chain
        ] {
            let action = Action { venue: venue.map(str::to_owned), ..action(Category::Spot) };
            let with = Facts { action: Some(&action), ..facts(&policies) };
            assert_eq!(said(NAME, &native(1_u64.into()), &with), expected, "{venue:?}");
            let without = Facts { action: Some(&action), ..facts(&[]) };
            assert_eq!(said(NAME, &native(1_u64.into()), &without), fine, "no policy");
        }
        assert_eq!(said(NAME, &native(1_u64.into()), &facts(&policies)), fine, "no action");
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(NAME, &[json!({ "venues": [] }), json!({ "venues": [{ "id": "" }] })]);
    }
}
