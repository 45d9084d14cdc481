//! Guards to begin with, by name.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network, Scope};

use super::ceilings::Ceilings;
use super::{AssetRule, Guard, Limits, Messages, NetworkRule};

/// A name, and the guard for these networks; `None` where there is none for the environment.
struct Template(&'static str, fn(Environment, &[&Network]) -> Option<Guard>);

const TEMPLATES: &[Template] = &[
    // What a new wallet gets.
    Template("default", |environment, networks| Some(Guard::default_for(environment, networks))),
    // Nothing leaves at once; up to the DELAY tier after a wait.
    Template("strict", |_environment, networks| Some(careful(networks, Limits::waiting))),
    // Nothing leaves without owners.
    Template("closed", |_environment, networks| Some(careful(networks, |_| Limits::default()))),
    // Whatever can be read is signed: where coins are worth nothing.
    Template("open", |environment, networks| match environment {
        Environment::Mainnet => None,
        Environment::Testnet => Some(Guard::default_for(environment, networks)),
    }),
];

impl Guard {
    /// The template of that name for an environment, over these networks of it; `None` where there
    /// is none.
    pub fn template(name: &str, environment: Environment, networks: &[&Network]) -> Option<Self> {
        let Template(_, make) = TEMPLATES.iter().find(|Template(known, _)| *known == name)?;
        make(environment, networks)
    }

    /// The names of all templates.
    pub fn templates() -> impl Iterator<Item = &'static str> {
        TEMPLATES.iter().map(|Template(name, _)| *name)
    }
}

fn careful(networks: &[&Network], limits: fn(&Network) -> Limits) -> Guard {
    let rule =
        |network: &&Network| (Scope::of(network.chain_id), NetworkRule::Limited(limits(network)));
    let networks = networks.iter().map(rule).collect();
    Guard { messages: Messages::Owner, ..Guard::with_networks(networks) }
}

impl Limits {
    /// Nothing at once.
    fn waiting(network: &Network) -> Self {
        let most = network.default_tiers.delay;
        if most.is_zero() {
            return Self::default();
        }
        let day = |day: Amount| Ceilings { day: Some(day), ..Ceilings::default() };
        let delay = Ceilings { transaction: Some(most), ..day(most) };
        let rule =
            AssetRule { immediate: day(Amount::ZERO), delay: Some(delay), ..AssetRule::default() };
        Self { assets: BTreeMap::from([(Asset::Native, rule)]), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{BUILTIN, Chain};
    use protocol::GuardOrder;

    use super::*;

    fn networks(environment: Environment, chain: Chain) -> Vec<&'static Network> {
        let is_one =
            |network: &&Network| network.chain() == chain && network.environment == environment;
        BUILTIN.iter().filter(is_one).collect()
    }

    #[test]
    fn every_template_is_a_guard_that_is_read_again() {
        for environment in [Environment::Mainnet, Environment::Testnet] {
            for chain in [Chain::Evm, Chain::Solana] {
                let networks = networks(environment, chain);
                let made: Vec<_> = Guard::templates()
                    .filter_map(|name| Guard::template(name, environment, &networks))
                    .collect();
                assert_eq!(made.len(), if environment == Environment::Mainnet { 3 } else { 4 });
                for guard in made {
                    let text = guard.to_toml();
                    assert_eq!(Guard::from_operator(&text, chain, BUILTIN).unwrap(), guard);
                }
            }
        }
    }

    #[test]
    fn the_stricter_ones_are_tighter_than_what_a_new_wallet_gets() {
        for chain in [Chain::Evm, Chain::Solana] {
            let networks = networks(Environment::Mainnet, chain);
            let named = |name| Guard::template(name, Environment::Mainnet, &networks).unwrap();
            let [default, strict, closed] = ["default", "strict", "closed"].map(named);
            assert_eq!(strict.compare(&default).0, GuardOrder::Tighter);
            assert_eq!(closed.compare(&strict).0, GuardOrder::Tighter);
            assert_eq!(default.compare(&closed).0, GuardOrder::Looser);
            assert_eq!(default.compare(&default), (GuardOrder::Same, vec![]));
        }
    }

    #[test]
    fn the_strict_one_lets_nothing_go_at_once_but_after_a_wait_and_messages_with_owners() {
        let networks = networks(Environment::Mainnet, Chain::Solana);
        let strict = Guard::template("strict", Environment::Mainnet, &networks).unwrap();
        assert_eq!(strict.messages, Messages::Owner);
        let Some(NetworkRule::Limited(limits)) = strict.networks.get(&Scope::Solana) else {
            panic!("it is limited")
        };
        let coins = &limits.assets[&Asset::Native];
        assert_eq!(coins.immediate.day, Some(Amount::ZERO));
        let most = networks[0].default_tiers.delay;
        let ceilings = coins.delay.as_ref().unwrap();
        assert_eq!((ceilings.transaction, ceilings.day), (Some(most), Some(most)));
    }

    #[test]
    fn there_is_no_open_guard_for_coins_of_worth_and_none_by_another_name() {
        let mainnets = networks(Environment::Mainnet, Chain::Evm);
        assert_eq!(Guard::template("open", Environment::Mainnet, &mainnets), None);
        let testnets = networks(Environment::Testnet, Chain::Evm);
        assert!(Guard::template("open", Environment::Testnet, &testnets).is_some());
        assert_eq!(Guard::template("Open", Environment::Testnet, &testnets), None);
    }
}
