//! Lists of servers: exact names, or all below one.

use super::written::{RulesError, each, wrong};

/// Names of servers.
#[derive(Debug)]
pub(super) struct Domains(Vec<Pattern>);

#[derive(Debug)]
enum Pattern {
    /// This name.
    Exact(String),
    /// Every name that ends so; with the dot before it.
    Below(String),
}

impl Domains {
    /// No server.
    pub(super) const NONE: Self = Self(Vec::new());

    /// Whether a server is one of them.
    pub(super) fn contain(&self, domain: &str) -> bool {
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
        is_name(&domain)
            && self.0.iter().any(|pattern| match pattern {
                Pattern::Exact(name) => domain == *name,
                Pattern::Below(end) => domain.ends_with(end.as_str()),
            })
    }
}

/// The servers that a policy lists.
pub(super) fn domains(listed: Vec<String>) -> Result<Domains, RulesError> {
    each("domains", listed, pattern).map(Domains)
}

fn pattern(field: &str, text: String) -> Result<Pattern, RulesError> {
    let text = text.to_ascii_lowercase();
    let pattern = match text.strip_prefix("*.") {
        None => is_name(&text).then(|| Pattern::Exact(text.clone())),
        // All below a single label would be half of the world.
        Some(parent) => {
            (is_name(parent) && parent.contains('.')).then(|| Pattern::Below(format!(".{parent}")))
        }
    };
    pattern.ok_or_else(|| {
        wrong(
            field,
            "expected a host name such as api.example.com or *.example.com, without \
                      scheme, port or path, in ASCII (punycode)",
        )
    })
}

/// Labels of letters, digits and hyphens (RFC 1123), separated by dots.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Result<Domains, RulesError> {
        domains(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_server_is_one_that_is_named_or_below_one_that_is() {
        let listed = list(&["api.example.com", "*.Shop.example", "localhost"]).unwrap();
        for (domain, expected) in [
            ("api.example.com", true),
            ("API.EXAMPLE.COM", true),
            ("api.example.com.", true),
            ("localhost", true),
            ("a.shop.example", true),
            ("a.b.shop.example", true),
            ("shop.example", false),
            ("ashop.example", false),
            ("example.com", false),
            ("x.api.example.com", false),
            ("api.example.com.evil.example", false),
            ("evil.example/a.shop.example", false),
            ("user@a.shop.example", false),
            (".shop.example", false),
            ("..shop.example", false),
            ("", false),
        ] {
            assert_eq!(listed.contain(domain), expected, "{domain:?}");
        }
        assert!(!Domains::NONE.contain("localhost"));
    }

    #[test]
    fn what_is_no_name_of_a_server_is_refused() {
        for name in [
            "",
            "*",
            "*.com",
            "a*.example.com",
            "https://example.com",
            "example.com/",
            "a b",
            "example.com:80",
            "-a.example",
            "bücher.example",
            "a..b",
            "*.*.example.com",
        ] {
            assert!(list(&[name]).is_err(), "{name:?}");
        }
        assert!(list(&[]).is_err());
    }
}
