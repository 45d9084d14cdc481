//! The text that owners sign to say who they are and what they want: EIP-4361 (Sign-In with
//! Ethereum), and Sign-In-With-Solana, which has the same lines.
//!
//! Read strictly: one form for each line, each in its place, nothing between or after them. What the
//! two standards leave optional and a check needs (statement, issue and expiration time) must be
//! there.

use std::fmt;
use std::str::Lines;
use std::time::Duration;

use jiff::Timestamp;
use primitives::{Address, Chain, Network};

use super::Site;
use crate::clock::UnixSeconds;
use crate::networks::Networks;

/// The longest text, in bytes.
pub const MAX_TEXT: usize = 8 * 1024;
/// The most resources.
const MAX_RESOURCES: usize = 32;
/// How far ahead the clock may be of who wrote the text.
const SKEW: Duration = Duration::from_mins(1);
/// How long a text may be valid for.
pub const LONGEST: Duration = Duration::from_hours(1);

/// A text of EIP-4361 or of Sign-In-With-Solana; its version is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who asks for the signature: the authority of a page's URL, such as `127.0.0.1:3100`.
    pub domain: String,
    /// Who signs.
    pub address: Address,
    /// What is wanted, in one sentence of printable ASCII.
    pub statement: String,
    /// What the signature is for; under the domain.
    pub uri: String,
    /// On EVM the decimal id of EIP-155, on Solana a cluster.
    pub chain_id: String,
    /// Used once.
    pub nonce: String,
    /// RFC 3339.
    pub issued_at: Moment,
    /// RFC 3339.
    pub expires_at: Moment,
    /// RFC 3339, if it is not valid at once.
    pub not_before: Option<Moment>,
    /// Whatever the asker calls it.
    pub request_id: Option<String>,
    /// More that the signer agrees to, a line each.
    pub resources: Vec<String>,
}

/// A point in time as the text has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    text: String,
    at: Timestamp,
}

/// Why a text is none that an owner could have signed for this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// It has not the lines of the standards.
    #[error("the message is not of EIP-4361 or Sign-In-With-Solana: {0}")]
    Malformed(&'static str),
    /// It says another address than the request.
    #[error("the message is signed in the name of {0}, not of the address of the request")]
    OtherAddress(Address),
    /// It was made for another site.
    #[error("the message is for {0}, not for this gateway: somebody else may have asked for it")]
    OtherDomain(String),
    /// What it is for is not under its domain.
    #[error("the URI of the message is not under http:// and its domain")]
    OtherUri,
    /// It names a network that the gateway does not know, or of the other kind of chain.
    #[error("the gateway knows no network by the message's chain id {0}")]
    UnknownChain(String),
    /// It is of the future.
    #[error("the message is not valid yet; compare the clocks")]
    TooEarly,
    /// It is over.
    #[error("the message has expired; sign a new one")]
    Expired,
    /// It would be valid for longer than anybody needs.
    #[error("the message is valid for more than an hour; its expiration time must be closer")]
    TooLong,
}

impl SignIn {
    /// Reads a text.
    ///
    /// # Errors
    /// When it is not just the lines that the standards have, in the form that this gateway takes.
    pub fn parse(text: &str) -> Result<Self, SignInError> {
        use SignInError::Malformed;
        if text.len() > MAX_TEXT {
            return Err(Malformed("it is longer than 8 KiB"));
        }
        if text.ends_with('\n') || !text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
            return Err(Malformed("it has other characters than printable ASCII and line feeds"));
        }
        let mut rest = Rest { lines: text.lines(), ahead: None };
        let heading = rest.line()?;
        let (domain, chain) = [Chain::Evm, Chain::Solana]
            .into_iter()
            .find_map(|chain| Some((heading.strip_suffix(invitation(chain))?, chain)))
            .ok_or(Malformed("its first line is not `DOMAIN wants you to sign in with your …`"))?;
        let written = rest.line()?;
        let address = Address::parse_for(chain, written)
            .ok()
            .filter(|address| address.to_string() == written)
            .ok_or(Malformed("its second line is no address in the form of EIP-55 or base58"))?;
        rest.empty()?;
        let statement = rest.line()?;
        if statement.is_empty() {
            return Err(Malformed("it has no statement, which has to name the action"));
        }
        rest.empty()?;
        let uri = rest.field("URI: ")?;
        if rest.field("Version: ")? != "1" {
            return Err(Malformed("its version is not 1"));
        }
        let parsed = Self {
            domain: domain.to_owned(),
            address,
            statement: statement.to_owned(),
            uri: uri.to_owned(),
            chain_id: rest.field("Chain ID: ")?.to_owned(),
            nonce: rest.field("Nonce: ")?.to_owned(),
            issued_at: Moment::parse(rest.field("Issued At: ")?)?,
            expires_at: Moment::parse(rest.field("Expiration Time: ")?)?,
            not_before: rest.optional("Not Before: ").map(Moment::parse).transpose()?,
            request_id: rest.optional("Request ID: ").map(str::to_owned),
            resources: rest.resources()?,
        };
        rest.end()?;
        Ok(parsed)
    }

    /// Whether `address` can have signed it for this site, now. The network that it names.
    ///
    /// # Errors
    /// When it is of another address, for another site, not for now, or names no network of the
    /// address's kind of chain.
    pub fn check<'a>(
        &self,
        address: Address,
        site: &Site,
        networks: &'a Networks,
        now: UnixSeconds,
    ) -> Result<&'a Network, SignInError> {
        if self.address != address {
            return Err(SignInError::OtherAddress(self.address));
        }
        if !site.is(&self.domain) {
            return Err(SignInError::OtherDomain(self.domain.clone()));
        }
        let path = self.uri.strip_prefix("http://").and_then(|uri| uri.strip_prefix(&self.domain));
        if !path.is_some_and(|path| path.is_empty() || path.starts_with('/')) {
            return Err(SignInError::OtherUri);
        }
        self.check_times(now)?;
        let network = match address {
            Address::Evm(_) => find_evm(networks, &self.chain_id),
            Address::Solana(_) => find_solana(networks, &self.chain_id),
        };
        network.ok_or_else(|| SignInError::UnknownChain(self.chain_id.clone()))
    }

    fn check_times(&self, now: UnixSeconds) -> Result<(), SignInError> {
        let (issued, expires) = (self.issued_at.at, self.expires_at.at);
        if expires <= timestamp(now) {
            return Err(SignInError::Expired);
        }
        let begins = self.not_before.as_ref().map_or(Timestamp::MIN, |moment| moment.at);
        if begins > timestamp(now) || issued > timestamp(now.plus(SKEW)) {
            return Err(SignInError::TooEarly);
        }
        if expires > timestamp(now.plus(LONGEST)) {
            return Err(SignInError::TooLong);
        }
        Ok(())
    }
}

impl fmt::Display for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, address, statement, uri, chain_id, nonce, .. } = self;
        let invitation = invitation(address.chain());
        write!(formatter, "{domain}{invitation}\n{address}\n\n{statement}\n\n")?;
        write!(formatter, "URI: {uri}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\n")?;
        write!(formatter, "Issued At: {}", self.issued_at.text)?;
        write!(formatter, "\nExpiration Time: {}", self.expires_at.text)?;
        if let Some(moment) = &self.not_before {
            write!(formatter, "\nNot Before: {}", moment.text)?;
        }
        if let Some(id) = &self.request_id {
            write!(formatter, "\nRequest ID: {id}")?;
        }
        if !self.resources.is_empty() {
            formatter.write_str("\nResources:")?;
        }
        self.resources.iter().try_for_each(|resource| write!(formatter, "\n- {resource}"))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Moment {
    /// In UTC, to the second.
    pub fn new(at: UnixSeconds) -> Self {
        let at = timestamp(at);
        Self { text: at.to_string(), at }
    }

    /// The second that it falls in, since 1970.
    pub fn unix_seconds(&self) -> i64 {
        self.at.as_second()
    }

    /// RFC 3339 alone, of all the forms that there are.
    fn parse(text: &str) -> Result<Self, SignInError> {
        let odd = SignInError::Malformed("a time is not as RFC 3339 writes it");
        let plain = |byte: u8| byte.is_ascii_digit() || b"-+:.TZ".contains(&byte);
        let dated = text.len() <= 40 && text.as_bytes().get(10) == Some(&b'T');
        let zoned = text.ends_with('Z') || text.as_bytes().iter().rev().nth(2) == Some(&b':');
        if !(dated && zoned && text.bytes().all(plain)) {
            return Err(odd);
        }
        let at = text.parse().map_err(|_not_a_time| odd)?;
        Ok(Self { text: text.to_owned(), at })
    }
}

/// What stands behind the domain in the first line.
const fn invitation(chain: Chain) -> &'static str {
    match chain {
        Chain::Evm => " wants you to sign in with your Ethereum account:",
        Chain::Solana => " wants you to sign in with your Solana account:",
    }
}

/// The last point in time that there is for what is later.
fn timestamp(at: UnixSeconds) -> Timestamp {
    Timestamp::from_second(at.get()).unwrap_or(Timestamp::MAX)
}

fn find_evm<'a>(networks: &'a Networks, id: &str) -> Option<&'a Network> {
    let decimal = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    let found = networks.by_chain_id(format!("eip155:{id}").parse().ok()?);
    found.filter(|_network| decimal)
}

/// As wallets write it: `mainnet`, `solana:mainnet`, or CAIP-2.
fn find_solana<'a>(networks: &'a Networks, id: &str) -> Option<&'a Network> {
    let clusters = ["mainnet", "devnet", "testnet"];
    let name = id.strip_prefix("solana:").unwrap_or(id);
    let found = if clusters.contains(&name) {
        networks.find(name)
    } else {
        networks.by_chain_id(id.parse().ok()?)
    };
    found.filter(|network| network.chain() == Chain::Solana)
}

/// The lines that were not read yet.
struct Rest<'a> {
    lines: Lines<'a>,
    /// One that was looked at and not taken.
    ahead: Option<&'a str>,
}

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.ahead.take().or_else(|| self.lines.next())
    }

    fn line(&mut self) -> Result<&'a str, SignInError> {
        self.next().ok_or(SignInError::Malformed("it ends too early"))
    }

    fn empty(&mut self) -> Result<(), SignInError> {
        let odd = SignInError::Malformed("an empty line is missing before or after the statement");
        if self.line()?.is_empty() { Ok(()) } else { Err(odd) }
    }

    fn field(&mut self, label: &str) -> Result<&'a str, SignInError> {
        let value = self.line()?.strip_prefix(label).filter(|value| !value.is_empty());
        value.ok_or(SignInError::Malformed(
            "its fields are not URI, Version, Chain ID, Nonce, Issued At, Expiration Time, in this \
             order",
        ))
    }

    fn optional(&mut self, label: &str) -> Option<&'a str> {
        let line = self.next()?;
        let value = line.strip_prefix(label);
        if value.is_none() {
            self.ahead = Some(line);
        }
        value
    }

    fn resources(&mut self) -> Result<Vec<String>, SignInError> {
        let mut resources = Vec::new();
        match self.optional("Resources:") {
            None => return Ok(resources),
            Some("") => {}
            Some(_) => return Err(SignInError::Malformed("its list of resources has no heading")),
        }
        while let Some(resource) = self.optional("- ") {
            resources.push(resource.to_owned());
        }
        if (1..=MAX_RESOURCES).contains(&resources.len()) {
            Ok(resources)
        } else {
            Err(SignInError::Malformed("it lists no resource, or more than 32"))
        }
    }

    fn end(&mut self) -> Result<(), SignInError> {
        let odd = SignInError::Malformed("it goes on after its last field");
        if self.next().is_none() { Ok(()) } else { Err(odd) }
    }
}

#[cfg(test)]
mod tests;
