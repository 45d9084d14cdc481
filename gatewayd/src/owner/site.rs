//! Who this gateway is to an owner's wallet: the domain that a message must name.

/// The authority of the gateway's own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// The one that the request was sent to, such as `127.0.0.1:3100`: a name of this machine, which
    /// was checked before.
    Host(String),
    /// Any name of this machine with that port: the request came by the gateway's own socket.
    Port(u16),
}

/// How this machine is called by what runs on it.
pub const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

impl Site {
    /// Whether the domain is this site.
    pub fn is(&self, domain: &str) -> bool {
        match self {
            Self::Host(host) => host == domain,
            Self::Port(port) => NAMES.iter().any(|name| domain == format!("{name}:{port}")),
        }
    }

    /// The domain that a message for it should name.
    pub fn domain(&self) -> String {
        match self {
            Self::Host(host) => host.clone(),
            Self::Port(port) => format!("127.0.0.1:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_its_own_names_and_no_other() {
        let host = Site::Host("localhost:3100".to_owned());
        let port = Site::Port(3100);
        for (domain, by_host, by_port) in [
            ("localhost:3100", true, true),
            ("127.0.0.1:3100", false, true),
            ("[::1]:3100", false, true),
            ("localhost", false, false),
            ("localhost:3101", false, false),
            ("localhost:31000", false, false),
            ("Localhost:3100", false, false),
            ("evil.example", false, false),
            ("", false, false),
        ] {
            assert_eq!((host.is(domain), port.is(domain)), (by_host, by_port), "{domain}");
        }
        assert!(host.is(&host.domain()) && port.is(&port.domain()));
    }
}
