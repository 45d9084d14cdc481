//! What tests do on the Solana node without the wallet: fund, make tokens, look.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use primitives::{Amount, SolanaAddress};
use serde_json::json;

use crate::nodes::Node;
use crate::rpc::Rpc;

/// A Solana node and a client of it.
#[derive(Debug)]
pub struct Solana {
    /// The node.
    pub node: Node,
    rpc: Rpc,
}

/// What a node does with what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It carries it out.
    Good,
    /// It takes nothing, and says that something went wrong.
    Refuses,
    /// It carries it out, and says that something went wrong.
    KeepsAndFails,
}

/// Genesis hash of the main cluster.
pub const MAINNET: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
/// Genesis hash of the development cluster.
pub const DEVNET: &str = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";

impl Solana {
    /// Starts a node that says it has this genesis hash.
    pub fn start(genesis: &str) -> Self {
        let node = Node::solana(genesis);
        let rpc = Rpc::new(node.port);
        Self { node, rpc }
    }

    /// Gives an address so many lamports more.
    pub fn fund(&self, address: SolanaAddress, lamports: u64) {
        self.rpc.call("requestAirdrop", &json!([address, lamports]));
    }

    /// What an address has, in lamports.
    pub fn balance(&self, address: SolanaAddress) -> Amount {
        let reply = self.rpc.call("getBalance", &json!([address]));
        Amount::from(reply["value"].as_u64().unwrap())
    }

    /// Makes a token of 6 decimals and gives `owner` so many base units. Its mint.
    pub fn make_token(&self, owner: SolanaAddress, base_units: u64) -> SolanaAddress {
        let parameters = json!([null, 6, owner, base_units.to_string(), null]);
        let made = self.rpc.call("cheat_giveToken", &parameters);
        made["mint"].as_str().unwrap().parse().unwrap()
    }

    /// What an address has of a token, in base units.
    pub fn token_balance(&self, mint: SolanaAddress, owner: SolanaAddress) -> Amount {
        let filter = json!([owner, { "mint": mint }, { "encoding": "jsonParsed" }]);
        let reply = self.rpc.call("getTokenAccountsByOwner", &filter);
        let accounts = reply["value"].as_array().unwrap();
        let amounts = accounts.iter().map(|account| {
            let info = &account["account"]["data"]["parsed"]["info"];
            info["tokenAmount"]["amount"].as_str().unwrap().parse().unwrap()
        });
        Amount::sum(amounts).unwrap()
    }

    /// Makes a collectible and gives it to `owner`. Its mint.
    pub fn make_item(&self, owner: SolanaAddress) -> SolanaAddress {
        let made = self.rpc.call("cheat_giveToken", &json!([null, 0, owner, "1", null]));
        made["mint"].as_str().unwrap().parse().unwrap()
    }

    /// Makes a lookup table in use. Its address.
    pub fn make_lookup_table(&self, addresses: &[SolanaAddress]) -> SolanaAddress {
        let made = self.rpc.call("cheat_makeLookupTable", &json!([addresses]));
        made.as_str().unwrap().parse().unwrap()
    }

    /// Who may take how much of a token from an owner's account, as SPL Token writes it there.
    pub fn delegated(
        &self,
        mint: SolanaAddress,
        owner: SolanaAddress,
    ) -> Option<(SolanaAddress, u64)> {
        let filter = json!([owner, { "mint": mint }, { "encoding": "base64" }]);
        let reply = self.rpc.call("getTokenAccountsByOwner", &filter);
        let data = reply["value"][0]["account"]["data"][0].as_str().unwrap();
        let data = BASE64.decode(data).unwrap();
        let (is_delegated, delegate) = (data[72..76] == [1, 0, 0, 0], &data[76..108]);
        let amount = u64::from_le_bytes(data[121..129].try_into().unwrap());
        is_delegated.then(|| (SolanaAddress(delegate.try_into().unwrap()), amount))
    }

    /// How far a transaction is that the node knows: `processed`, `confirmed` or `finalized`.
    pub fn commitment(&self, signature: &str) -> String {
        let reply = self.rpc.call("getSignatureStatuses", &json!([[signature]]));
        reply["value"][0]["confirmationStatus"].as_str().unwrap().to_owned()
    }

    /// What the node does from now on with what it is sent.
    pub fn feel(&self, mood: Mood) {
        let word = match mood {
            Mood::Good => "good",
            Mood::Refuses => "refuses",
            Mood::KeepsAndFails => "keeps",
        };
        self.rpc.call("cheat_setMood", &json!([word]));
    }

    /// Lets slots pass at once.
    pub fn advance_slots(&self, count: u32) {
        self.rpc.call("cheat_advanceSlots", &json!([count]));
    }
}
