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
    eased_by: "",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Destination;
    use crate::policy::testing::{facts, policy, refused, said, text};
    use crate::tx::Tier;

    #[test]
    fn servers_are_paid_where_they_are_listed_and_nowhere_else() {
        let (fine, denied) = (Ok(Tier::Instant), Err("X402_DOMAIN_NOT_ALLOWED"));
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
            let other = Destination { purpose: Purpose::Signature, ..to.clone() };
            let facts = Facts { destination: Some(&other), ..facts(&policies) };
            assert_eq!(said(NAME, &text("x"), &facts), fine, "another purpose");
        }
        assert_eq!(said(NAME, &text("x"), &facts(&[])), fine, "no request");
    }

    fn destination(domain: &str, signed_in_minute: Option<u64>) -> Destination {
        Destination { purpose: Purpose::Payment, domain: domain.to_owned(), signed_in_minute }
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
                json!({ "domains": ["a.example"], "rate_limit_rpm": 5 }),
            ],
        );
    }
}
