//! Which addresses a request may go to: those of URLs that somebody else names are looked at, after
//! their names were looked up, so that nobody has the gateway talk to its own network for them.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// Which addresses a client may talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every one: its URLs stand in the settings.
    Anywhere,
    /// This machine's own and those of the Internet: its URLs come with a request of the operator.
    Named,
}

/// An address that may not be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is an address of a private network or one with a special meaning")]
pub struct Forbidden(IpAddr);

/// Looks names up, and finds no address that may not be talked to.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    reach: Reach,
    system: GaiResolver,
}

impl Reach {
    /// Whether a host that is written as an address may be talked to; names are looked up first.
    pub(crate) fn check_host(self, host: &str) -> Result<(), Forbidden> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        match bare.parse() {
            Ok(address) if !self.allows(address) => Err(Forbidden(address)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Named => {
                let address = address.to_canonical();
                address.is_loopback() || is_public(address)
            }
        }
    }
}

impl Resolver {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach, system: GaiResolver::new() }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach;
        let found = self.system.call(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = found.await?.collect();
            match addresses.iter().find(|address| !reach.allows(address.ip())) {
                // One is enough: which of them is connected to is not ours to say.
                Some(address) => Err(io::Error::other(Forbidden(address.ip()))),
                None => Ok(addresses.into_iter()),
            }
        })
    }
}

/// Whether the address is of the public Internet, by the registries of special addresses of IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first, second, third) == (192, 0, 0)
        || (first == 198 && (18..20).contains(&second));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // 2000::/3 is all that is given out; of it Teredo, 6to4 and documentation lead elsewhere.
    let is_special = (first, second) == (0x2001, 0)
        || first == 0x2002
        || (first, second) == (0x2001, 0x0db8)
        || first == 0x3fff;
    (0x2000..0x4000).contains(&first) && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_request_leads_to_this_machine_or_the_internet_and_nowhere_else() {
        for (host, allowed) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("8.8.8.8", true),
            ("[2606:4700:4700::1111]", true),
            ("rpc.example.org", true),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("169.254.169.254", false),
            ("172.15.0.1", true),
            ("172.16.0.1", false),
            ("192.0.0.8", false),
            ("192.168.1.5", false),
            ("198.18.0.1", false),
            ("203.0.113.5", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("[::]", false),
            ("[fe80::1]", false),
            ("[fd00::1]", false),
            ("[ff02::1]", false),
            ("[2001:db8::1]", false),
            ("[2002:a00:1::]", false),
            ("[::ffff:10.0.0.1]", false),
            ("[::ffff:169.254.169.254]", false),
            ("[::ffff:127.0.0.1]", true),
            ("[64:ff9b::a00:1]", false),
        ] {
            assert_eq!(Reach::Named.check_host(host).is_ok(), allowed, "{host}");
            assert_eq!(Reach::Anywhere.check_host(host), Ok(()), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_means() {
        let mut resolver = Resolver::new(Reach::Named);
        // The old forms of an address, which only the system's look-up understands.
        for (name, allowed) in [("localhost", true), ("127.1", true), ("0xa000001", false)] {
            let found = resolver.call(name.parse().unwrap()).await;
            assert_eq!(found.is_ok(), allowed, "{name}: {found:?}");
        }
    }
}
