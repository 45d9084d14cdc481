//! `X402_ALLOWED_DOMAINS`: which servers may be paid by x402. Without it, none.

use api::ErrorCode;
use serde::Deserialize;
use serde_json::Value;
use txcodec::Decoded;

use super::{Judge, Mark, Rule, deny};
use crate::policy::domains::{Domains, domains};
use crate::policy::written::{RulesError, read};
use crate::policy::{Facts, Purpose, Verdict};

const NAME: &str = "X402_ALLOWED_DOMAINS";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &[],
    mark: Mark::Soft,
    meaning: "`domains` of servers that may be paid by x402: exact, or `*.example.com` for all \
              below it. Without it, none",
    example: r#"{ "domains": ["api.example.com", "*.shop.example"] }"#,
    read: says,
    otherwise: |decoded, facts| X402AllowedDomains(Domains::NONE).judge(decoded, facts),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    domains: Vec<String>,
}

#[derive(Debug)]
struct X402AllowedDomains(Domains);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    Ok(Box::new(X402AllowedDomains(domains(fields.domains)?)))
}

impl Judge for X402AllowedDomains {
    fn judge(&self, _decoded: &Decoded, facts: &Facts<'_>) -> Verdict {
        let paid = facts.destination.filter(|to| to.purpose == Purpose::Payment);
        match paid.filter(|to| !self.0.contain(&to.domain)) {
            None => Verdict::FINE,
            Some(to) => {
                let reason = format!("payments to {} are not allowed", to.domain);
                let remedy = format!("the operator can add it with a policy of type {NAME}");
                deny(NAME, ErrorCode::X402DomainNotAllowed, reason, remedy)
            }
        }
    }
}
