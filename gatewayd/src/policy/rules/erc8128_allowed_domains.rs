//! `ERC8128_ALLOWED_DOMAINS`: which servers requests are signed for. Without it, none.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::domains::{Domains, domains};
use crate::policy::written::{RulesError, read, wrong};
use crate::policy::{Destination, Facts, Purpose, Verdict};

const NAME: &str = "ERC8128_ALLOWED_DOMAINS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "`domains` of servers that requests are signed for (ERC-8128): exact, or \
              `*.example.com` for all below it; at most `rate_limit_rpm` in any minute to each \
              where that is given. Without it, none",
    example: r#"{ "domains": ["api.example.com"], "rate_limit_rpm": 60 }"#,
    eased_by: "",
    read: says,
    otherwise: |decoded, facts| NONE.judge(decoded, facts),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    domains: Vec<String>,
    #[serde(default)]
    rate_limit_rpm: Option<u64>,
}

#[derive(Debug)]
struct Erc8128AllowedDomains {
    domains: Domains,
    rate_limit_rpm: Option<u64>,
}

const NONE: Erc8128AllowedDomains =
    Erc8128AllowedDomains { domains: Domains::NONE, rate_limit_rpm: None };

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let Fields { domains: listed, rate_limit_rpm } = read(rules)?;
    if rate_limit_rpm == Some(0) {
        return Err(wrong(
            "rate_limit_rpm",
            "expected 1 or more; to allow none, delete the policy",
        ));
    }
    Ok(Box::new(Erc8128AllowedDomains { domains: domains(listed)?, rate_limit_rpm }))
}

impl Judge for Erc8128AllowedDomains {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let signed = facts.destination.filter(|to| to.purpose == Purpose::Signature);
        let Some(Destination { domain, signed_in_minute, .. }) = signed else {
            return Verdict::FINE;
        };
        if !self.domains.contain(domain) {
            let reason = format!("requests to {domain} are not signed");
            let remedy = format!("the operator can add it with a policy of type {NAME}");
            return deny(NAME, ErrorCode::Erc8128DomainNotAllowed, reason, remedy);
        }
        let most = self.rate_limit_rpm.unwrap_or(u64::MAX);
        if self.rate_limit_rpm.is_none() || signed_in_minute.is_some_and(|signed| signed < most) {
            return Verdict::FINE;
        }
        let reason = format!("at most {most} requests to {domain} are signed in a minute");
        deny(NAME, ErrorCode::Erc8128RateLimited, reason, "wait a minute, or raise rate_limit_rpm")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::testing::{facts, policy, refused, said, text};
    use crate::tx::Tier;

    #[test]
    fn requests_are_signed_for_listed_servers_and_no_others() {
        let (fine, denied) = (Ok(Tier::Instant), Err("ERC8128_DOMAIN_NOT_ALLOWED"));
        let rules = json!({ "domains": ["api.example.com", "*.shop.example"] });
        for (domain, expected) in [
            ("api.example.com", fine),
            ("a.shop.example", fine),
            ("shop.example", denied),
            ("api.example.com.evil.example", denied),
            ("", denied),
        ] {
            let policies = [policy(NAME, &rules)];
            let to = destination(domain, None);
            let facts = |policies| Facts { destination: Some(&to), ..facts(policies) };
            assert_eq!(said(NAME, &text("x"), &facts(&policies)), expected, "{domain}");
            assert_eq!(said(NAME, &text("x"), &facts(&[])), denied, "no policy");
            let other = Destination { purpose: Purpose::Payment, ..to.clone() };
            let facts = Facts { destination: Some(&other), ..facts(&policies) };
            assert_eq!(said(NAME, &text("x"), &facts), fine, "another purpose");
        }
        assert_eq!(said(NAME, &text("x"), &facts(&[])), fine, "no request");
    }

    #[test]
    fn the_rate_is_that_of_a_minute_and_unknown_ones_are_above_it() {
        let (fine, above) = (Ok(Tier::Instant), Err("ERC8128_RATE_LIMITED"));
        let rules = json!({ "domains": ["api.example.com"], "rate_limit_rpm": 3 });
        let policies = [policy(NAME, &rules)];
        for (signed, expected) in [
            (Some(0), fine),
            (Some(2), fine),
            (Some(3), above),
            (Some(u64::MAX), above),
            (None, above),
        ] {
            let to = destination("api.example.com", signed);
            let facts = Facts { destination: Some(&to), ..facts(&policies) };
            assert_eq!(said(NAME, &text("x"), &facts), expected, "{signed:?}");
        }
    }

    fn destination(domain: &str, signed_in_minute: Option<u64>) -> Destination {
        Destination { purpose: Purpose::Signature, domain: domain.to_owned(), signed_in_minute }
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "domains": [] }),
                json!({ "domains": ["*"] }),
                json!({ "domains": ["https://api.example.com"] }),
                json!({ "domains": "api.example.com" }),
                json!({ "domains": ["a.example"], "rate_limit_rpm": 0 }),
            ],
        );
    }
}
