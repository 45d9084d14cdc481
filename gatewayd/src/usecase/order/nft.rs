//! Which collectible.

use primitives::{Amount, Chain};
use serde::Serialize;

use super::amount::base_units;
use super::{AssetRequest, OrderError, Reader};
use crate::tx::{Allowance, Approve, Deed, NftStandard, NftTransfer};

/// A collectible, as an agent names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NftRequest {
    /// The contract, or the mint.
    pub token: AssetRequest,
    /// Which one, in digits; of a mint the mint again, or 0.
    pub token_id: String,
    /// By which standard: `ERC-721`, `erc721` and the like.
    pub standard: String,
}

impl Reader<'_> {
    pub(super) fn nft_transfer(
        self,
        to: &str,
        request: &NftRequest,
        amount: Option<&str>,
    ) -> Result<Deed, OrderError> {
        let to = self.address("to", to)?;
        let contract = self.token(&request.token)?.ok_or(OrderError::TokenUnclear)?;
        let standard = self.standard(&request.standard)?;
        let token_id = self.token_id(request, standard)?;
        let amount = base_units("amount", Some(amount.unwrap_or("1")))?;
        if amount.is_zero() {
            return Err(OrderError::NothingToPay);
        }
        Ok(Deed::NftTransfer(NftTransfer { to, contract, token_id, standard, amount }))
    }

    pub(super) fn approve_nft(
        self,
        spender: &str,
        request: &NftRequest,
    ) -> Result<Deed, OrderError> {
        let spender = self.address("spender", spender)?;
        let token = self.token(&request.token)?.ok_or(OrderError::TokenUnclear)?;
        let standard = self.standard(&request.standard)?;
        let token_id = self.token_id(request, standard)?;
        let allowance = Allowance::Item { token_id, standard };
        Ok(Deed::Approve(Approve { token, spender, allowance }))
    }

    fn standard(self, word: &str) -> Result<NftStandard, OrderError> {
        let plain = word.replace('-', "").to_ascii_lowercase();
        let standard = match (self.network.chain(), plain.as_str()) {
            (Chain::Evm, "erc721") => Some(NftStandard::Erc721),
            (Chain::Evm, "erc1155") => Some(NftStandard::Erc1155),
            (Chain::Solana, "metaplex") => Some(NftStandard::Metaplex),
            (Chain::Evm | Chain::Solana, _) => None,
        };
        standard.ok_or_else(|| OrderError::NftStandard(word.chars().take(32).collect()))
    }

    fn token_id(self, request: &NftRequest, standard: NftStandard) -> Result<Amount, OrderError> {
        let by_id = request.token.asset_id().and_then(|id| id.token_id);
        if by_id.is_some_and(|by_id| by_id != request.token_id) {
            return Err(OrderError::TokenUnclear);
        }
        match standard {
            NftStandard::Erc721 | NftStandard::Erc1155 => {
                base_units("tokenId", Some(&request.token_id))
            }
            NftStandard::Metaplex => {
                let mint = self.token(&request.token)?.map(|mint| mint.to_string());
                let says_so = mint.as_ref() == Some(&request.token_id)
                    || matches!(request.token_id.as_str(), "" | "0");
                let problem = "a METAPLEX collectible is its mint: give that again, or 0";
                let wrong = OrderError::Field { field: "tokenId", problem };
                if says_so { Ok(Amount::ZERO) } else { Err(wrong) }
            }
        }
    }
}
