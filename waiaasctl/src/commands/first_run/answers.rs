//! The answers to `init`, from a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use primitives::{Address, Chain, Environment};
use protocol::Owners;
use serde::Deserialize;

use crate::args::{OwnerArgs, SealingKey, WalletKind};
use crate::commands::owner;
use crate::endpoints::Endpoints;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::passphrase::{Passphrase, Wanted, read_file};

/// The longest file of answers, in bytes.
const MAX_ANSWERS: usize = 64 * 1024;
/// Wallets that a first run makes at most.
const MAX_WALLETS: usize = 64;

/// What shall be there afterwards.
#[derive(Debug)]
pub(super) struct Answers {
    /// What seals the credential of unattended unlocking; `None` where the passphrase opens the vault.
    pub(super) unattended: Option<SealingKey>,
    /// For gatewayd, where it has none yet.
    pub(super) master_password: Option<Passphrase>,
    /// Nodes to ask in place of the public ones.
    pub(super) endpoints: Vec<Endpoints>,
    /// Wallets to make where they are missing.
    pub(super) wallets: Vec<NewWallet>,
    /// Whether the daemons start when the machine does.
    pub(super) at_boot: bool,
}

/// A wallet of the first run.
#[derive(Debug)]
pub(super) struct NewWallet {
    pub(super) name: String,
    pub(super) kind: WalletKind,
    /// The template of its guard; what a new wallet gets if absent.
    pub(super) guard: Option<String>,
    pub(super) owners: Option<Owners>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswersToml {
    passphrase_file: Option<PathBuf>,
    master_password_file: Option<PathBuf>,
    #[serde(default)]
    unattended: Unattended,
    #[serde(default = "yes")]
    start_at_boot: bool,
    #[serde(default)]
    rpc: BTreeMap<String, OneOrMore>,
    #[serde(default)]
    wallet: Vec<WalletToml>,
}

/// A text, or a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unattended {
    #[default]
    Off,
    Auto,
    Tpm2,
    Host,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WalletToml {
    name: String,
    chain: Chain,
    environment: Environment,
    guard: Option<String>,
    #[serde(default)]
    owners: Vec<String>,
    threshold: Option<u8>,
}

const fn yes() -> bool {
    true
}

impl Answers {
    /// Where nobody is asked: everything opens and starts by itself, and there are no wallets yet.
    pub(super) const fn of_nobody(endpoints: Vec<Endpoints>) -> Self {
        Self {
            unattended: Some(SealingKey::Auto),
            master_password: None,
            endpoints,
            wallets: Vec::new(),
            at_boot: true,
        }
    }
}

/// Reads a file of answers, and where it says that the vault's passphrase is.
///
/// # Errors
/// When the file cannot be read, has a key that is not known (the line is told), or an answer that cannot be.
pub(super) fn read(path: &Path) -> Result<(Answers, Option<PathBuf>), Failure> {
    let name = path.display().to_string();
    let bytes = files::read(path, MAX_ANSWERS)?;
    let AnswersToml {
        passphrase_file,
        master_password_file,
        unattended,
        start_at_boot,
        rpc,
        wallet,
    } = toml::from_slice(&bytes).map_err(|error| wrong(&name, error.to_string().trim_end()))?;
    if !rpc.is_empty() && can_be_read_by_others(path)? {
        return Err(Failure::new(
            Exit::Usage,
            format!("{name}: it has [rpc], where URLs may hold a key, and other users can read it"),
            format!("chmod 600 {name}; nothing was changed"),
        ));
    }
    if wallet.len() > MAX_WALLETS {
        return Err(wrong(&name, &format!("more than {MAX_WALLETS} wallets")));
    }
    let master = master_password_file.map(|file| read_file(&file, Wanted::Master));
    let answers = Answers {
        unattended: match unattended {
            Unattended::Off => None,
            Unattended::Auto => Some(SealingKey::Auto),
            Unattended::Tpm2 => Some(SealingKey::Tpm2),
            Unattended::Host => Some(SealingKey::Host),
        },
        master_password: master.transpose()?,
        endpoints: rpc
            .into_iter()
            .map(|(network, addresses)| Endpoints::of(&network, addresses.into()))
            .collect::<Result<_, _>>()
            .map_err(|why| wrong(&name, &format!("rpc: {why}")))?,
        wallets: wallet.into_iter().map(|it| it.checked(&name)).collect::<Result<_, _>>()?,
        at_boot: start_at_boot,
    };
    Ok((answers, passphrase_file))
}

/// Whether the file is one that others can read; standard input is nobody else's.
fn can_be_read_by_others(path: &Path) -> Result<bool, Failure> {
    if path.as_os_str() == "-" {
        return Ok(false);
    }
    let metadata = fs::metadata(path).map_err(|source| files::unreadable(path, source))?;
    Ok(files::is_for_others(&metadata))
}

impl From<OneOrMore> for Vec<String> {
    fn from(addresses: OneOrMore) -> Self {
        match addresses {
            OneOrMore::One(address) => vec![address],
            OneOrMore::More(addresses) => addresses,
        }
    }
}

impl WalletToml {
    fn checked(self, file: &str) -> Result<NewWallet, Failure> {
        let Self { name, chain, environment, guard, owners, threshold } = self;
        if name.trim().is_empty() {
            return Err(wrong(file, "a wallet has an empty name"));
        }
        let owners = owners_of(&owners, threshold)
            .map_err(|why| wrong(file, &format!("owners of {name}: {why}")))?;
        Ok(NewWallet { name, kind: WalletKind { chain, environment }, guard, owners })
    }
}

/// The owners of these addresses; `None` where there are none. All of them sign without a threshold.
pub(super) fn owners_of(
    addresses: &[String],
    threshold: Option<u8>,
) -> Result<Option<Owners>, String> {
    let parse = |text: &String| {
        text.parse::<Address>().map_err(|error| format!("{text} is no address: {error}"))
    };
    let members = addresses.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    match (members.as_slice(), threshold) {
        ([], None) => Ok(None),
        ([], Some(_)) => Err("there is a threshold and nobody to reach it".to_owned()),
        (_, Some(0)) => Err("a threshold of 0 asks nobody".to_owned()),
        ([_, ..], _) => owner::named(&OwnerArgs { members, threshold })
            .map(Some)
            .map_err(|failure| failure.to_string()),
    }
}

fn wrong(file: &str, why: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{file}: {why}"),
        "docs/operate.md says what may be in a file of answers; nothing was changed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const OWNER: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";

    fn read_text(text: &str) -> Result<(Answers, Option<PathBuf>), String> {
        read_with(text, 0o600)
    }

    fn read_with(text: &str, mode: u32) -> Result<(Answers, Option<PathBuf>), String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answers.toml");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        read(&path).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_file_says_all_that_a_terminal_would_be_asked() {
        let text = format!(
            "passphrase_file = \"/root/passphrase\"\nunattended = \"host\"\nstart_at_boot = false\n\
             [rpc]\nbase-mainnet = \"https://a.example.org\"\nsolana_devnet = [\"http://b\", \"http://c\"]\n\
             [[wallet]]\nname = \"main\"\nchain = \"ethereum\"\nenvironment = \"mainnet\"\n\
             guard = \"strict\"\nowners = [\"{OWNER}\"]\n"
        );
        let (answers, passphrase) = read_text(&text).unwrap();
        assert_eq!(passphrase, Some(PathBuf::from("/root/passphrase")));
        assert_eq!((answers.unattended, answers.at_boot), (Some(SealingKey::Host), false));
        let networks = answers.endpoints.iter().map(|it| it.network().name.as_ref());
        assert_eq!(networks.collect::<Vec<_>>(), ["base-mainnet", "solana-devnet"]);
        let wallet = &answers.wallets[0];
        assert_eq!((wallet.name.as_str(), wallet.guard.as_deref()), ("main", Some("strict")));
        assert_eq!(wallet.owners.as_ref().unwrap().threshold, 1);
    }

    #[test]
    fn an_empty_file_starts_at_boot_and_opens_nothing_by_itself() {
        let (answers, passphrase) = read_text("").unwrap();
        assert!(answers.unattended.is_none() && answers.at_boot && passphrase.is_none());
        assert!(answers.wallets.is_empty() && answers.master_password.is_none());
    }

    #[test]
    fn endpoints_are_not_taken_from_a_file_that_others_can_read() {
        let endpoints = "[rpc]\nbase-sepolia = \"https://rpc.example.org/key\"";
        for mode in [0o644, 0o640, 0o604] {
            let error = read_with(endpoints, mode).unwrap_err();
            assert!(error.contains("other users can read it"), "{mode:o}: {error}");
            assert!(read_with("start_at_boot = false", mode).is_ok(), "{mode:o}");
        }
        assert_eq!(read_with(endpoints, 0o600).unwrap().0.endpoints.len(), 1);
    }

    #[test]
    fn what_cannot_be_an_answer_is_refused_with_its_line() {
        let wallet = |rest: &str| {
            format!(
                "[[wallet]]\nname = \"a\"\nchain = \"solana\"\nenvironment = \"testnet\"\n{rest}"
            )
        };
        let twice = format!("owners = [\"{OWNER}\", \"{OWNER}\"]");
        for (text, expected) in [
            ("\npassphrase = \"correct horse battery\"", "line 2"),
            ("unattended = \"yes\"", "line 1"),
            ("start_at_boot = 1", "line 1"),
            ("[rpc]\nbase = \"https://rpc.example.org\"", "base is no network"),
            ("[rpc]\nbase-sepolia = \"rpc.example.org\"", "https://"),
            ("[rpc]\nbase-sepolia = []", "1 to 16"),
            ("[rpc]\nbase-sepolia = 3", "line 2"),
            (&wallet("owner = []"), "line 5"),
            (&wallet("owners = [\"bob\"]"), "bob is no address"),
            (&wallet("threshold = 1"), "nobody"),
            (&wallet(&format!("owners = [\"{OWNER}\"]\nthreshold = 0")), "asks nobody"),
            (&wallet(&format!("owners = [\"{OWNER}\"]\nthreshold = 2")), "cannot sign"),
            (&wallet(&twice), "twice"),
            (
                "[[wallet]]\nname = \"\"\nchain = \"solana\"\nenvironment = \"testnet\"",
                "empty name",
            ),
            ("[[wallet]]\nname = \"a\"\nchain = \"bitcoin\"\nenvironment = \"testnet\"", "line 3"),
            ("master_password_file = \"/nowhere/at/all\"", "cannot be read"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
