//! Which wallet, and which network, a request means.

use primitives::{Chain, Environment, Network, WalletId};

use crate::networks::Networks;
use crate::session::Agent;
use crate::store::wallets::Wallet;

/// Stands for the session's wallet, for clients that need a word there.
const DEFAULT_WALLET: &str = "default";

/// Why it is not clear, or not allowed, what a request means.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// The session has several wallets, or none.
    #[error("the session has {count} wallets: say which one with walletId")]
    WalletRequired {
        /// How many.
        count: usize,
    },
    /// What was given is no id.
    #[error("walletId {0:?} is no UUID")]
    NotAnId(String),
    /// The session may not use that wallet, or there is none.
    #[error("this session may not use wallet {0}")]
    AccessDenied(WalletId),
    /// An EVM wallet can be used on many networks.
    #[error("say which network with network: {}", .valid.join(", "))]
    NetworkRequired {
        /// Those on which the wallet can be used.
        valid: Vec<String>,
    },
    /// Nothing is called that.
    #[error("unknown network {given:?}; this wallet can be used on {}", .valid.join(", "))]
    UnknownNetwork {
        /// What was asked for.
        given: String,
        /// Those on which the wallet can be used.
        valid: Vec<String>,
    },
    /// A chain that is not served.
    #[error("the network {0:?} belongs to a chain that is not served")]
    UnsupportedChain(String),
    /// A network of another chain or environment.
    #[error("wallets of {chain} for {environment} cannot be used on {network}, only on {}", .valid.join(", "))]
    OtherEnvironment {
        /// The wallet's chain.
        chain: Chain,
        /// The wallet's environment.
        environment: Environment,
        /// What was asked for.
        network: String,
        /// Those on which the wallet can be used.
        valid: Vec<String>,
    },
}

/// The wallet that `given` names, or the session's only one.
///
/// # Errors
/// When it names none of the session's wallets, or nothing and the session has several.
pub fn choose_wallet<'a>(agent: &'a Agent, given: Option<&str>) -> Result<&'a Wallet, ChoiceError> {
    match given.filter(|word| !word.is_empty() && *word != DEFAULT_WALLET) {
        Some(id) => {
            let id: WalletId = id.parse().map_err(|_form| ChoiceError::NotAnId(id.to_owned()))?;
            agent.wallet(id).ok_or(ChoiceError::AccessDenied(id))
        }
        None => match agent.wallets() {
            [only] => Ok(only),
            several => Err(ChoiceError::WalletRequired { count: several.len() }),
        },
    }
}

/// The network that `given` names, or the one that a Solana wallet of its environment means.
///
/// # Errors
/// When it names none that the wallet can be used on, or nothing and the wallet is an EVM one.
pub fn choose_network<'a>(
    networks: &'a Networks,
    wallet: &Wallet,
    given: Option<&str>,
) -> Result<&'a Network, ChoiceError> {
    let Some(given) = given.filter(|word| !word.is_empty()) else {
        let default = networks.default_for(wallet.chain, wallet.environment);
        return default
            .ok_or_else(|| ChoiceError::NetworkRequired { valid: names(networks, wallet) });
    };
    let network = networks.find(given).ok_or_else(|| unknown(networks, wallet, given))?;
    if (network.chain(), network.environment) == (wallet.chain, wallet.environment) {
        Ok(network)
    } else {
        Err(ChoiceError::OtherEnvironment {
            chain: wallet.chain,
            environment: wallet.environment,
            network: network.name.to_string(),
            valid: names(networks, wallet),
        })
    }
}

/// The network to show for a wallet where none is named.
pub fn shown_network<'a>(networks: &'a Networks, wallet: &Wallet) -> Option<&'a Network> {
    let ethereum = match wallet.environment {
        Environment::Mainnet => "ethereum-mainnet",
        Environment::Testnet => "ethereum-sepolia",
    };
    let default = networks.default_for(wallet.chain, wallet.environment);
    default.or_else(|| networks.by_name(ethereum))
}

fn unknown(networks: &Networks, wallet: &Wallet, given: &str) -> ChoiceError {
    let given = given.chars().take(64).collect::<String>();
    if given.starts_with("xrpl") {
        ChoiceError::UnsupportedChain(given)
    } else {
        ChoiceError::UnknownNetwork { given, valid: names(networks, wallet) }
    }
}

fn names(networks: &Networks, wallet: &Wallet) -> Vec<String> {
    networks.of(wallet.chain, wallet.environment).map(|network| network.name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::wallets::sample;

    fn evm() -> Wallet {
        sample(1)
    }

    fn solana() -> Wallet {
        Wallet { chain: Chain::Solana, ..sample(2) }
    }

    #[test]
    fn a_network_is_named_in_every_way_that_clients_know() {
        let networks = Networks::builtin();
        for (wallet, given, name) in [
            (evm(), Some("base-sepolia"), "base-sepolia"),
            (evm(), Some("eip155:84532"), "base-sepolia"),
            (solana(), None, "solana-devnet"),
            (solana(), Some(""), "solana-devnet"),
            (solana(), Some("devnet"), "solana-devnet"),
            (solana(), Some("testnet"), "solana-testnet"),
        ] {
            let network = choose_network(&networks, &wallet, given).unwrap();
            assert_eq!(network.name, name, "{given:?}");
        }
    }

    #[test]
    fn a_network_on_which_the_wallet_is_nothing_is_refused_with_the_valid_ones() {
        let networks = Networks::builtin();
        let error = |wallet: &Wallet, given| choose_network(&networks, wallet, given).unwrap_err();
        assert!(
            matches!(error(&evm(), None), ChoiceError::NetworkRequired { valid } if valid.len() == 9)
        );
        for given in ["ethereum-mainnet", "solana-devnet", "mainnet"] {
            let error = error(&evm(), Some(given));
            assert!(matches!(error, ChoiceError::OtherEnvironment { .. }), "{given}");
            assert!(error.to_string().contains("ethereum-sepolia"), "{error}");
        }
        for given in ["nowhere", "eip155:31337", "all", "Base-Sepolia"] {
            let error = error(&evm(), Some(given));
            assert!(matches!(error, ChoiceError::UnknownNetwork { .. }), "{given}");
        }
        for given in ["xrpl-mainnet", "xrpl:0"] {
            let error = error(&evm(), Some(given));
            assert!(matches!(error, ChoiceError::UnsupportedChain(_)), "{given}");
        }
    }
}
