//! RPC endpoints that an operator names at a first run: checked, and put into gatewayd's settings. What the
//! settings say already is never replaced.

use std::path::Path;
use std::str::FromStr;

use hyper::Uri;
use primitives::{BUILTIN, Network};
use toml::{Table, Value};

use crate::exit::{Exit, Failure};
use crate::files;

/// The longest settings that are read, in bytes; gatewayd has the same limit.
const MAX_SETTINGS: usize = 1024 * 1024;
/// The longest address, in bytes, and the most for one network; as gatewayd has them.
const MAX_ADDRESS: usize = 2_048;
const MAX_ADDRESSES: usize = 16;

/// The endpoints of one network, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    network: &'static Network,
    addresses: Vec<String>,
}

/// What came of putting endpoints into settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Put {
    /// Networks whose endpoints were written.
    pub(crate) written: Vec<&'static str>,
    /// Networks that the settings have other endpoints for, which stay.
    pub(crate) kept: Vec<&'static str>,
}

impl Endpoints {
    /// The endpoints of the network of that name, or of that key in `[rpc]`.
    ///
    /// # Errors
    /// Says why there are none.
    pub(crate) fn of(network: &str, addresses: Vec<String>) -> Result<Self, String> {
        let is_meant = |known: &&Network| known.name == network || known.rpc_key() == network;
        let Some(network) = BUILTIN.iter().find(is_meant) else {
            return Err(format!("{network} is no network that is built in: see docs/networks.md"));
        };
        if !(1..=MAX_ADDRESSES).contains(&addresses.len()) {
            return Err(format!("{}: 1 to {MAX_ADDRESSES} addresses", network.name));
        }
        for address in &addresses {
            check(address).map_err(|why| format!("{}: {why}", network.name))?;
        }
        Ok(Self { network, addresses })
    }

    /// The network that they are of.
    pub(crate) const fn network(&self) -> &'static Network {
        self.network
    }

    fn value(&self) -> Value {
        match self.addresses.as_slice() {
            [address] => Value::String(address.clone()),
            addresses => addresses.iter().cloned().map(Value::String).collect::<Vec<_>>().into(),
        }
    }
}

impl FromStr for Endpoints {
    type Err = String;

    /// Reads `NETWORK=URL` or `NETWORK=URL,URL`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (network, addresses) = text
            .split_once('=')
            .ok_or("NETWORK=URL, such as base-sepolia=https://rpc.example.org")?;
        let addresses = addresses.split(',').map(|address| address.trim().to_owned());
        Self::of(network.trim(), addresses.collect())
    }
}

/// Puts endpoints into the settings at `path`; those that are there already stay.
///
/// # Errors
/// When the settings cannot be read, changed or written; they are as before then.
pub(crate) fn put(path: &Path, endpoints: &[Endpoints]) -> Result<Put, Failure> {
    let name = path.display().to_string();
    if endpoints.is_empty() {
        return Ok(Put::default());
    }
    let before = files::read(path, MAX_SETTINGS)?;
    let wrong = |why: String| {
        let advice = "write them under [rpc] by hand (docs/networks.md), and do this again";
        Failure::new(Exit::Failed, format!("{name}: {why}"), advice)
    };
    let before = String::from_utf8(before).map_err(|_bytes| wrong("it is no text".to_owned()))?;
    let (after, put) = added(&before, endpoints).map_err(wrong)?;
    if after != before {
        files::replace_alike(path, after.as_bytes())?;
    }
    Ok(put)
}

/// The settings with the endpoints that they do not have yet; nothing else in them changes.
fn added(before: &str, endpoints: &[Endpoints]) -> Result<(String, Put), String> {
    let parse = |text: &str| text.parse::<Table>().map_err(|error| error.to_string());
    let (mut expected, mut put, mut lines) = (parse(before)?, Put::default(), Vec::new());
    for it in endpoints {
        let (key, name) = (it.network.rpc_key(), it.network.name.as_ref());
        let rpc = expected.entry("rpc").or_insert_with(|| Value::Table(Table::new()));
        let rpc = rpc.as_table_mut().ok_or("rpc is no table")?;
        match rpc.get(&key) {
            Some(there) if *there == it.value() => {}
            Some(_) => put.kept.push(name),
            None => {
                lines.push(format!("{key} = {}\n", it.value()));
                rpc.insert(key, it.value());
                put.written.push(name);
            }
        }
    }
    if put.written.is_empty() {
        return Ok((before.to_owned(), put));
    }
    let after = inserted(before, &lines.concat());
    if parse(&after).is_ok_and(|table| table == expected) {
        Ok((after, put))
    } else {
        Err("its [rpc] is not written as a table of lines".to_owned())
    }
}

/// `text` with `lines` below its line `[rpc]`, or below one at its end.
fn inserted(text: &str, lines: &str) -> String {
    let is_header = |line: &str| line.split('#').next().is_some_and(|it| it.trim() == "[rpc]");
    let mut after = String::new();
    let mut is_done = false;
    for line in text.lines() {
        after.push_str(line);
        after.push('\n');
        if !is_done && is_header(line) {
            after.push_str(lines);
            is_done = true;
        }
    }
    if !is_done {
        after.push_str("\n[rpc]\n");
        after.push_str(lines);
    }
    after
}

/// Whether gatewayd takes it for the address of an endpoint.
fn check(address: &str) -> Result<(), String> {
    let expected = "no URL such as https://rpc.example.org/path";
    let uri = address.parse::<Uri>().ok().filter(|_| address.len() <= MAX_ADDRESS);
    let uri = uri.ok_or(expected)?;
    let authority = uri.authority().filter(|it| !it.host().is_empty()).ok_or(expected)?;
    if authority.as_str().contains('@') {
        return Err(
            "a user name in the URL is not supported; put the provider's key into the path"
                .to_owned(),
        );
    }
    match uri.scheme_str() {
        Some("https" | "http") => Ok(()),
        Some(_) | None => Err("an endpoint is spoken to over https:// or http://".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://rpc.example.org/v2/key?k=1";

    fn endpoints(text: &str) -> Endpoints {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_meant_by_its_name_or_its_key() {
        for (text, key) in [
            (format!("base-sepolia={URL}"), "evm_base_sepolia"),
            (format!("evm_base_sepolia = {URL}"), "evm_base_sepolia"),
            (format!("solana-devnet={URL}, http://127.0.0.1:8899"), "solana_devnet"),
        ] {
            assert_eq!(endpoints(&text).network.rpc_key(), key, "{text}");
        }
        assert_eq!(endpoints(&format!("solana-devnet={URL},{URL}")).addresses, [URL, URL]);
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for (text, expected) in [
            ("base-sepolia", "NETWORK=URL"),
            ("nowhere=https://rpc.example.org", "no network"),
            ("base-sepolia=", "no URL"),
            ("base-sepolia=rpc.example.org", "https://"),
            ("base-sepolia=/v2/key", "no URL"),
            ("base-sepolia=wss://rpc.example.org", "https://"),
            ("base-sepolia=https://me:key@rpc.example.org", "user name"),
            ("base-sepolia=https://rpc.example.org,", "no URL"),
        ] {
            let why = text.parse::<Endpoints>().unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
        let long = format!("base-sepolia=https://rpc.example.org/{}", "a".repeat(MAX_ADDRESS));
        assert!(long.parse::<Endpoints>().is_err());
        let many = vec![URL.to_owned(); MAX_ADDRESSES + 1];
        assert!(Endpoints::of("base-sepolia", many).is_err());
    }

    #[test]
    fn lines_are_added_and_nothing_else_changes() {
        let base = endpoints(&format!("base-sepolia={URL}"));
        let both = [base.clone(), endpoints("solana-devnet=http://[::1]:1,http://a")];
        let line = format!("evm_base_sepolia = \"{URL}\"\n");
        let list = "solana_devnet = [\"http://[::1]:1\", \"http://a\"]\n";
        for (before, after) in [
            ("", format!("\n[rpc]\n{line}{list}")),
            (
                "# hello\n[daemon]\nport = 1\n",
                format!("# hello\n[daemon]\nport = 1\n\n[rpc]\n{line}{list}"),
            ),
            (" [rpc] # mine\nevm_bnb_mainnet = 'http://b'\n[limits]\n", {
                format!(" [rpc] # mine\n{line}{list}evm_bnb_mainnet = 'http://b'\n[limits]\n")
            }),
            ("[daemon]\nlog_level = \"\"\"\n[rpc]\n\"\"\"\n", String::new()),
            ("rpc.evm_bnb_mainnet = 'http://b'\n", String::new()),
            ("rpc = 3\n", String::new()),
            ("not toml", String::new()),
        ] {
            let added = added(before, &both).map(|(text, _)| text).unwrap_or_default();
            assert_eq!(added, after, "{before}");
        }
    }

    #[test]
    fn what_the_settings_say_is_kept() {
        let wanted = [endpoints(&format!("base-sepolia={URL}"))];
        let there = format!("[rpc]\nevm_base_sepolia = \"{URL}\"\n");
        assert_eq!(added(&there, &wanted), Ok((there, Put::default())));
        let other = "[rpc]\nevm_base_sepolia = 'http://other'\n";
        let (text, put) = added(other, &wanted).unwrap();
        assert_eq!((text.as_str(), put.kept), (other, vec!["base-sepolia"]));
    }

    #[test]
    fn the_file_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gatewayd.toml");
        let wanted = [endpoints(&format!("base-sepolia={URL}"))];
        std::fs::write(&path, "[daemon]\n").unwrap();
        for mode in [0o640, 0o644] {
            std::fs::write(&path, "[daemon]\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(put(&path, &wanted).unwrap().written, ["base-sepolia"]);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, mode);
            assert!(std::fs::read_to_string(&path).unwrap().contains(URL));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(put(&path, &wanted).is_err(), "who may read it would be a guess");
        assert_eq!(put(&path, &[]).unwrap(), Put::default());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
