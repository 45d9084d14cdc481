//! Which nonce a transaction gets: the wallet's numbers are counted here, and a node is asked where
//! that is not enough. One that errs or lies makes no gap: what it claims was used is believed when
//! it says so again, and the numbers that are passed over are tried once no more of them is heard.

use primitives::Address;

use super::halt::Halt;
use super::pipeline::Road;
use crate::store::StoreError;
use crate::store::nonces::Numbers;

impl Road<'_> {
    /// The first nonce that the network has not seen, as far as a node is believed; `None` where
    /// transactions are not numbered.
    pub(super) async fn chain_next(&self) -> Result<Option<u64>, Halt> {
        if matches!(self.wallet.address, Address::Solana(_)) {
            return Ok(None);
        }
        let (wallet, network) = (self.wallet.id, self.network.chain_id);
        let numbers = self.app.store.read(move |db| db.numbers(wallet, network)).await?;
        match numbers {
            // What was sent last is on its way: nobody else knows better what comes after it.
            Numbers { next: Some(_), returned: false, under_way: true } => Ok(Some(0)),
            Numbers { next, .. } => self.next_by_node(next.unwrap_or_default()).await.map(Some),
        }
    }

    /// What a node says; twice more where it says that somebody else used numbers after `known`.
    async fn next_by_node(&self, known: u64) -> Result<u64, Halt> {
        let (client, address) = (self.client, self.wallet.address);
        let waiting = async || client.next_nonce(address, known).await.map_err(Halt::unsigned);
        let first = waiting().await?.unwrap_or_default();
        if first == known {
            return Ok(first);
        }
        let mined =
            client.mined_nonce(address, known).await.map_err(Halt::unsigned)?.unwrap_or_default();
        let mut words = [first, mined, waiting().await?.unwrap_or_default()];
        words.sort_unstable();
        let [_, middle, _] = words;
        Ok(middle)
    }

    pub(super) async fn next_nonce(
        &self,
        chain_next: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        let Some(chain_next) = chain_next else { return Ok(None) };
        let (wallet, network) = (self.wallet.id, self.network.chain_id);
        let next = self.app.store.read(move |db| db.next_nonce(wallet, network, chain_next));
        next.await.map(Some)
    }
}
