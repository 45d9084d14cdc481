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
