//! Whether another transaction has used a nonce, for good; and whether one is not on the chain any more.
//!
//! A payment that is called lost may be asked for again, and would be made twice if it counted after
//! all. One endpoint that lies, or that has forgotten old transactions, must not bring that about: all
//! are asked, and none may know the transaction.

use std::sync::Arc;

use primitives::EvmAddress;

use super::{Evm, Status};
use crate::chains::{ChainError, Ending};

const COUNT: &str = "eth_getTransactionCount";
/// Endpoints that have to say it, where there are so many.
const WITNESSES: usize = 2;

/// What an endpoint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Testimony {
    /// It has a version, on the chain or waiting.
    Known,
    /// The nonce is used, that is final, and by none of the versions.
    Lost,
    /// The nonce is not used, or that may be taken back.
    Open,
}

impl Evm {
    /// Whether the nonce is used for good and none of the versions called `hashes` has used it. Endpoints
    /// that contradict each other are asked again, without those that two others outvote.
    pub(in crate::chains) async fn is_lost(
        &self,
        owner: EvmAddress,
        nonce: u64,
        hashes: &[&str],
    ) -> Result<bool, ChainError> {
        if self.final_nonce(owner).await? <= nonce {
            return Ok(false);
        }
        let (mut answers, mut trouble) = (Vec::new(), None);
        let endpoints = self.rpc.one_by_one();
        let wanted = endpoints.len().min(WITNESSES);
        for alone in endpoints {
            let alone = Evm { rpc: Arc::new(alone), ..self.clone() };
            match testimony(&alone, owner, nonce, hashes).await {
                Ok(testimony) => answers.push((alone, testimony)),
                Err(error) => trouble = Some(error),
            }
        }
        let count = |wanted| answers.iter().filter(|(_, testimony)| *testimony == wanted).count();
        let (known, lost) = (count(Testimony::Known), count(Testimony::Lost));
        if known > 0 && lost > 0 {
            for (alone, testimony) in &answers {
                match testimony {
                    Testimony::Lost if known >= WITNESSES => alone.rpc.is_outvoted(COUNT),
                    Testimony::Known | Testimony::Lost => alone.rpc.is_contradicted(COUNT),
                    Testimony::Open => {}
                }
            }
            return Err(self.rpc.contradiction(COUNT));
        }
        match trouble {
            _ if lost < answers.len() => Ok(false),
            _ if lost >= wanted => Ok(true),
            Some(error) => Err(error),
            None => Ok(false),
        }
    }
}

impl Evm {
    /// Whether a transaction that ended on the chain is not there any more as it ended: all endpoints are
    /// asked, one that has it is enough, and two have to miss it where there are two. One that says that its
    /// number is used, but by none of `others`, cannot know: it may have forgotten the receipt.
    pub(in crate::chains) async fn is_gone(
        &self,
        (owner, nonce): (EvmAddress, u64),
        (hash, others): (&str, &[&str]),
        ending: Ending,
    ) -> Result<bool, ChainError> {
        let endpoints = self.rpc.one_by_one();
        let wanted = endpoints.len().min(WITNESSES);
        let (mut missed, mut trouble) = (0_usize, None);
        for alone in endpoints {
            let alone = Evm { rpc: Arc::new(alone), ..self.clone() };
            match alone.receipt(hash).await {
                Ok(Some(receipt)) if receipt.status.is(ending) => return Ok(false),
                Ok(Some(_)) => missed = missed.saturating_add(1),
                Ok(None) => match alone.is_free_or_of(owner, nonce, others).await {
                    Ok(true) => missed = missed.saturating_add(1),
                    Ok(false) => trouble = Some(ChainError::HistoryTooShort),
                    Err(error) => trouble = Some(error),
                },
                Err(error) => trouble = Some(error),
            }
        }
        match trouble {
            Some(error) if missed < wanted => Err(error),
            Some(_) | None => Ok(missed >= wanted),
        }
    }
}

impl Evm {
    /// Whether nothing has used the number, or one of `hashes` has.
    async fn is_free_or_of(
        &self,
        owner: EvmAddress,
        nonce: u64,
        hashes: &[&str],
    ) -> Result<bool, ChainError> {
        if self.mined_nonce(owner, 0).await? <= nonce {
            return Ok(true);
        }
        for hash in hashes {
            if self.receipt(hash).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Status {
    const fn is(self, ending: Ending) -> bool {
        matches!(
            (self, ending),
            (_, Ending::Either) | (Self::Done, Ending::Done) | (Self::Reverted, Ending::Reverted)
        )
    }
}

/// What one endpoint says. The nonce comes first: that it is used for good, and then no version is
/// there, is one state of the chain.
async fn testimony(
    alone: &Evm,
    owner: EvmAddress,
    nonce: u64,
    hashes: &[&str],
) -> Result<Testimony, ChainError> {
    let settled = alone.final_nonce(owner).await?;
    for hash in hashes {
        if alone.receipt(hash).await?.is_some() || alone.knows(hash).await? {
            return Ok(Testimony::Known);
        }
    }
    Ok(if settled > nonce { Testimony::Lost } else { Testimony::Open })
}
