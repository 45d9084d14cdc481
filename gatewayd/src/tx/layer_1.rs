//! What a rollup takes for its layer 1, as the signer counts it: owners allow it with the fee.

use primitives::{Amount, ChainId};

/// What the network takes for each byte of a transaction besides its gas, by the word of the
/// wallet's guard or by what is known of the network, which the gateway counts: the higher one.
pub(super) fn fee_per_byte(guard: &str, network: ChainId) -> Amount {
    let known = network.layer_1_fee_per_byte();
    written(guard, network).map_or(known, |written| written.max(known))
}

/// `fee_per_byte` of the guard, if it has one there.
fn written(guard: &str, network: ChainId) -> Option<Amount> {
    let guard: toml::Table = guard.parse().ok()?;
    let of_network = guard.get("network")?.get(network.to_string())?;
    of_network.get("fee_per_byte")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_costs_what_the_guard_says_or_what_is_known_if_that_is_more() {
        let guard = "[network.\"eip155:1\"]\nfee_per_byte = \"7\"\n[network.\"eip155:10\"]\n";
        let gwei = 1_000_000_000_u64;
        for (guard, network, per_byte) in [
            (guard, "eip155:1", 7),
            (guard, "eip155:10", 100 * gwei),
            ("", "eip155:10", 100 * gwei),
            ("[network.\"eip155:10\"]\nfee_per_byte = \"7\"\n", "eip155:10", 100 * gwei),
            ("", "eip155:1", 0),
            ("no guard", "eip155:8453", 100 * gwei),
        ] {
            let taken = fee_per_byte(guard, network.parse().unwrap());
            assert_eq!(taken, Amount::from(per_byte), "{network}: {guard}");
        }
    }
}
