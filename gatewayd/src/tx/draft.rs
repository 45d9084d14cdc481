//! Step 4 and 5: a wish becomes bytes, and the bytes say what they do.

use primitives::Amount;
use txcodec::{Decoded, Subject};

use super::codec;
use super::halt::Halt;
use super::pipeline::Road;
use super::{Drafted, Problem};
use crate::chains::DraftRequest;

/// Bytes that nobody has judged yet, and what they do.
pub(super) struct Draft {
    pub(super) drafted: Drafted,
    pub(super) decoded: Decoded,
    /// The first nonce that the network has not seen; `None` on Solana.
    pub(super) chain_next: Option<u64>,
    /// What owners are asked to allow the network to take, in wei or lamports.
    pub(super) approvable_fee: Amount,
}

impl Road<'_> {
    /// Builds the transaction as of now; on an EVM chain with the nonce that is next.
    pub(super) async fn draft(&self) -> Result<Draft, Halt> {
        let chain_next = self.chain_next().await?;
        let nonce = self.next_nonce(chain_next).await?;
        let request =
            DraftRequest { from: self.wallet.address, deed: self.order.deed.clone(), nonce };
        let draft = self.client.draft(&request).await.map_err(Halt::unsigned)?;
        let decoded = self.decode(&draft.unsigned)?;
        self.check_promise(&decoded).await?;
        let drafted = Drafted {
            unsigned: draft.unsigned,
            fee_ceiling: decoded.fee_ceiling(),
            nonce,
            last_valid_block_height: draft.last_valid_block_height,
        };
        Ok(Draft { drafted, decoded, chain_next, approvable_fee: draft.approvable_fee })
    }

    pub(super) fn decode(&self, unsigned: &[u8]) -> Result<Decoded, Halt> {
        let broken = |reason: String| Halt::Failed(Problem::new("INVALID_TRANSACTION", reason));
        let decoded = codec::decode(unsigned, self.wallet.address);
        let decoded = decoded.map_err(|error| broken(error.to_string()))?;
        match decoded.subject() {
            Subject::EvmTransaction { chain_id, .. } if chain_id != self.network.chain_id => {
                Err(broken("it was built for another network".to_owned()))
            }
            Subject::EvmTransaction { .. }
            | Subject::SolanaTransaction { .. }
            | Subject::EvmMessage
            | Subject::SolanaMessage => Ok(decoded),
        }
    }
}
