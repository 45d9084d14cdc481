//! One client a network, asked in the same words whatever its kind of chain.

use std::sync::Arc;

use primitives::{Address, Amount, ChainId, EvmAddress, Network};

use super::evm::{Evm, evm_address};
use super::rpc::{Rpc, Waits};
use super::solana::{Solana, solana_address};
use super::{
    Age, Balance, ChainError, Draft, DraftRequest, Ending, GasPrice, Outcome, Preview, Replacement,
    Sequel, Simulation, TokenMetadata,
};
use crate::clock::Clock;
use crate::config::Transactions;
use crate::net::HttpClient;
use crate::networks::Networks;

/// Asks one network. Clones share what is known of its endpoints.
#[derive(Clone, Debug)]
pub struct ChainClient(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Evm(Evm),
    Solana(Solana),
}

impl ChainClient {
    /// Asks nothing yet.
    pub(super) fn new(
        network: &Network,
        networks: &Networks,
        settings: &Transactions,
        (http, clock): (&HttpClient, &Clock),
    ) -> Self {
        let endpoints = networks.endpoints(&network.name);
        let tools = (http.clone(), clock.clone(), Waits::USUAL);
        let rpc = Rpc::new(network.name.to_string(), network.chain_id, endpoints, tools);
        Self(match network.chain_id {
            ChainId::Eip155(id) => Kind::Evm(Evm::new(rpc, id, settings)),
            ChainId::Solana(_) => {
                Kind::Solana(Solana::new(rpc, networks.commitment(&network.name)))
            }
        })
    }

    /// What the wallet has of the network's coin, in wei or lamports.
    ///
    /// # Errors
    /// When no endpoint answers, or the address is of another kind of chain.
    pub async fn balance(&self, owner: Address) -> Result<Amount, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.balance(evm_address(owner)?).await,
            Kind::Solana(solana) => solana.balance(solana_address(owner)?).await,
        }
    }

    /// What the wallet can transfer of a token, in its base units.
    ///
    /// # Errors
    /// As [`Self::balance`], and when there is no token at that address.
    pub async fn token_balance(
        &self,
        owner: Address,
        token: Address,
    ) -> Result<Amount, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.token_balance(evm_address(owner)?, evm_address(token)?).await,
            Kind::Solana(solana) => {
                solana.token_balance(solana_address(owner)?, solana_address(token)?).await
            }
        }
    }

    /// What `spender` may take of a token of the wallet, in its base units; EVM only. A second endpoint
    /// has to say the same, where there is one.
    ///
    /// # Errors
    /// As [`Self::token_balance`], and when endpoints contradict each other.
    pub async fn allowance(
        &self,
        owner: Address,
        token: Address,
        spender: Address,
    ) -> Result<Amount, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => {
                let parties = [evm_address(owner)?, evm_address(spender)?];
                evm.allowance(evm_address(token)?, parties).await
            }
            Kind::Solana(_) => Err(ChainError::Invalid("an allowance of an EVM contract")),
        }
    }

    /// How many of an EVM contract's collectible the wallet has.
    ///
    /// # Errors
    /// As [`Self::balance`], and when the contract keeps no collectibles.
    pub async fn collectible_balance(
        &self,
        owner: Address,
        contract: EvmAddress,
        id: Amount,
    ) -> Result<Amount, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.collectible_balance(evm_address(owner)?, contract, id).await,
            Kind::Solana(_) => Err(ChainError::Invalid("a collectible of an EVM contract")),
        }
    }

    /// What a token is, by the chain.
    ///
    /// # Errors
    /// As [`Self::token_balance`].
    pub async fn token_metadata(&self, token: Address) -> Result<TokenMetadata, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.token_metadata(evm_address(token)?).await,
            Kind::Solana(solana) => solana.token_metadata(solana_address(token)?).await,
        }
    }

    /// What the wallet has, the native coin first: on an EVM chain of each of `tokens` that is a
    /// token, on Solana of every token of which it has some.
    ///
    /// # Errors
    /// As [`Self::balance`].
    pub async fn assets(
        &self,
        owner: Address,
        tokens: &[Address],
    ) -> Result<Vec<Balance>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => {
                let tokens: Result<Vec<_>, _> = tokens.iter().copied().map(evm_address).collect();
                evm.assets(evm_address(owner)?, &tokens?).await
            }
            Kind::Solana(solana) => solana.assets(solana_address(owner)?).await,
        }
    }

    /// What a contract answers to a call that changes nothing; EVM only.
    ///
    /// # Errors
    /// When no endpoint answers, the contract refuses, or the network has none of this kind.
    pub async fn read_contract(
        &self,
        contract: EvmAddress,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.read_contract(contract, data).await,
            Kind::Solana(_) => Err(ChainError::Invalid("Solana has no contracts of this kind")),
        }
    }

    /// The wallet's next nonce by the node, transactions that wait there counted; `None` on Solana,
    /// which has none. One beyond `known`, what the wallet's own count says, is believed once a second
    /// endpoint gives it too, where there is one that answers.
    ///
    /// # Errors
    /// As [`Self::balance`].
    pub async fn next_nonce(&self, owner: Address, known: u64) -> Result<Option<u64>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.next_nonce(evm_address(owner)?, known).await.map(Some),
            Kind::Solana(_) => Ok(None),
        }
    }

    /// Makes a transaction of a deed: fees of now, balances checked, tried on the chain's
    /// present state.
    ///
    /// # Errors
    /// When the wallet cannot pay for it, the chain says that it would fail, the request makes no
    /// transaction, or no endpoint answers.
    pub async fn draft(&self, request: &DraftRequest) -> Result<Draft, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.draft(request).await,
            Kind::Solana(solana) => solana.draft(request).await,
        }
    }

    /// Looks at address lookup tables that a transaction on Solana names.
    ///
    /// # Errors
    /// When one is no table in use, the network has none, or no endpoint answers.
    pub async fn check_lookup_tables(&self, tables: &[Address]) -> Result<(), ChainError> {
        match &self.0 {
            Kind::Evm(_) => Err(ChainError::Invalid("lookup tables are for Solana networks")),
            Kind::Solana(solana) => {
                let tables: Result<Vec<_>, _> =
                    tables.iter().copied().map(solana_address).collect();
                solana.check_lookup_tables(&tables?).await
            }
        }
    }

    /// The bytes of a deed that would not go through now, but may once those before it have: like
    /// [`Self::draft`] where it goes through, and with a guess of its gas where it does not.
    ///
    /// # Errors
    /// When the request makes no transaction, or no endpoint answers.
    pub async fn preview(&self, request: &DraftRequest) -> Result<Preview, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.preview(request).await,
            Kind::Solana(solana) => {
                let draft = solana.draft(request).await?;
                Ok(Preview { unsigned: draft.unsigned.clone(), alone: Ok(draft) })
            }
        }
    }

    /// Tries deeds of one wallet one after the other on the chain's present state, each with what
    /// those before it have changed.
    ///
    /// # Errors
    /// When a request makes no transaction, or no endpoint answers.
    pub async fn sequel(&self, requests: &[DraftRequest]) -> Result<Sequel, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.sequel(requests).await,
            Kind::Solana(_) => Ok(Sequel::Unsaid),
        }
    }

    /// Tries an unsigned transaction of `from` on the chain's present state. That it would fail is
    /// an answer, not an error.
    ///
    /// # Errors
    /// When the bytes are no transaction, the blockhash is too old, or no endpoint answers.
    pub async fn simulate(&self, from: Address, unsigned: &[u8]) -> Result<Simulation, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.simulate(evm_address(from)?, unsigned).await,
            Kind::Solana(solana) => solana.simulate(unsigned).await,
        }
    }

    /// Sends a signed transaction, known to users as `hash`. Sending the same bytes again is no
    /// error.
    ///
    /// # Errors
    /// When no endpoint answers, or the node refuses. A node that refuses may have kept the bytes
    /// all the same: only [`Self::outcome`] can tell that they will not be on the chain.
    pub async fn broadcast(&self, signed: &[u8], hash: &str) -> Result<(), ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.broadcast(signed, hash).await,
            Kind::Solana(solana) => solana.broadcast(signed, hash).await,
        }
    }

    /// Where a sent transaction stands. `last_valid_block_height` is the draft's; without it
    /// nothing ever counts as expired.
    ///
    /// # Errors
    /// When no endpoint answers, or one answers about another transaction.
    pub async fn outcome(
        &self,
        hash: &str,
        last_valid_block_height: Option<u64>,
    ) -> Result<Outcome, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.outcome(hash).await,
            Kind::Solana(solana) => solana.outcome(hash, last_valid_block_height).await,
        }
    }

    /// How much time a draft has left. `last_valid_block_height` is the draft's; one without it, as on
    /// an EVM network, does not age.
    ///
    /// # Errors
    /// When no endpoint answers, or the only ones that could say that its time is over do not.
    pub async fn age(&self, last_valid_block_height: Option<u64>) -> Result<Age, ChainError> {
        match (&self.0, last_valid_block_height) {
            (Kind::Solana(solana), Some(last_valid)) => solana.age(last_valid).await,
            (Kind::Solana(_), None) | (Kind::Evm(_), _) => Ok(Age::Fresh),
        }
    }

    /// What a rollup took for its layer 1 of a transaction on the chain, in wei, by its receipt; `None`
    /// where that does not say.
    ///
    /// # Errors
    /// When no endpoint answers, or endpoints contradict each other.
    pub async fn layer_1_paid(&self, hash: &str) -> Result<Option<Amount>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.layer_1_paid(hash).await,
            Kind::Solana(_) => Ok(None),
        }
    }

    /// Asks the endpoints of this network alone how far they are.
    pub async fn survey(&self) {
        self.rpc().survey().await;
    }

    /// What the network asks for gas now, of a transaction that the wallet pays for.
    ///
    /// # Errors
    /// When no endpoint answers.
    pub async fn gas_price(&self, owner: Address) -> Result<GasPrice, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.gas_price().await,
            Kind::Solana(solana) => solana.gas_price(solana_address(owner)?).await,
        }
    }

    /// How many transactions of the wallet are on the chain; `None` on Solana, which does not number
    /// them. `known` is as for [`Self::next_nonce`].
    ///
    /// # Errors
    /// As [`Self::balance`].
    pub async fn mined_nonce(&self, owner: Address, known: u64) -> Result<Option<u64>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.mined_nonce(evm_address(owner)?, known).await.map(Some),
            Kind::Solana(_) => Ok(None),
        }
    }

    /// The same, whatever it is by two endpoints, where there are two.
    ///
    /// # Errors
    /// As [`Self::balance`], and when endpoints contradict each other.
    pub async fn mined_nonce_by_two(&self, owner: Address) -> Result<Option<u64>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.mined_nonce_by_two(evm_address(owner)?).await.map(Some),
            Kind::Solana(_) => Ok(None),
        }
    }

    /// Whether the nonce is used for good, and by none of the transactions called `hashes`; never on
    /// Solana, which does not number them. All endpoints are asked, and two have to say so where there
    /// are two.
    ///
    /// # Errors
    /// As [`Self::balance`], and when endpoints contradict each other.
    pub async fn is_lost(
        &self,
        owner: Address,
        nonce: u64,
        hashes: &[&str],
    ) -> Result<bool, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.is_lost(evm_address(owner)?, nonce, hashes).await,
            Kind::Solana(_) => Ok(false),
        }
    }

    /// Whether no endpoint that answers has the first of `hashes` on the chain as it ended, and its
    /// number is unused there or used by one of the others; never on Solana, whose blocks are not looked at
    /// again. Two have to say so where there are two.
    ///
    /// # Errors
    /// When too few endpoints can say.
    pub async fn is_gone(
        &self,
        (owner, nonce): (Address, u64),
        hashes: (&str, &[&str]),
        ending: Ending,
    ) -> Result<bool, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.is_gone((evm_address(owner)?, nonce), hashes, ending).await,
            Kind::Solana(_) => Ok(false),
        }
    }

    /// Another transaction with the nonce of `unsigned`, at fees for which nodes replace the one by
    /// the other.
    ///
    /// # Errors
    /// When the bytes are none of an EVM transaction, or no endpoint answers.
    pub async fn replacement(
        &self,
        from: Address,
        unsigned: &[u8],
        replacement: Replacement,
    ) -> Result<Vec<u8>, ChainError> {
        match &self.0 {
            Kind::Evm(evm) => evm.replacement(evm_address(from)?, unsigned, replacement).await,
            Kind::Solana(_) => Err(ChainError::Invalid("Solana replaces no transaction")),
        }
    }

    pub(super) fn rpc(&self) -> &Arc<Rpc> {
        match &self.0 {
            Kind::Evm(evm) => &evm.rpc,
            Kind::Solana(solana) => &solana.rpc,
        }
    }
}
