//! What is known of contracts before they are called, and of the collectibles that they keep.

use primitives::{Amount, EvmAddress};
use serde_json::json;
use txcodec::evm::{erc20, erc721};

use super::Evm;
use super::plan::{Callee, Plan};
use crate::chains::ChainError;
use crate::chains::answer::read;
use crate::tx::NftStandard;

impl Evm {
    /// Whether there is what the plan calls.
    pub(super) async fn check_callee(&self, plan: &Plan) -> Result<(), ChainError> {
        let Some(contract) = plan.call.to else { return Ok(()) };
        match plan.callee {
            Callee::Anybody => Ok(()),
            Callee::Contract => self.check_code(contract).await,
            Callee::Collection(standard) => {
                self.check_code(contract).await?;
                self.check_standard(contract, standard).await
            }
        }
    }

    /// How many of a collectible `owner` has: by ERC-721 one or none, else by ERC-1155.
    pub(in crate::chains) async fn collectible_balance(
        &self,
        owner: EvmAddress,
        contract: EvmAddress,
        id: Amount,
    ) -> Result<Amount, ChainError> {
        match self.read_contract(contract, erc721::owner_of(id)).await {
            Ok(answer) => {
                if let Some(found) = erc721::read_owner(&answer) {
                    return Ok(Amount::from(u64::from(found == owner)));
                }
            }
            Err(ChainError::NotAToken { .. }) => {}
            Err(error) => return Err(error),
        }
        let answer = self.read_contract(contract, erc721::balance_of(owner, id)).await?;
        erc20::read_amount(&answer)
            .map_err(|_other| not_a_collection(contract, "it says not who has what"))
    }

    async fn check_code(&self, contract: EvmAddress) -> Result<(), ChainError> {
        let params = json!([contract.to_string(), "latest"]);
        let code = self.rpc.ask("eth_getCode", params, read::data).await?;
        if code.is_empty() {
            Err(ChainError::NotAContract { address: contract.to_string() })
        } else {
            Ok(())
        }
    }

    /// Whether a contract says that it is one of ERC-721 or ERC-1155.
    pub(super) async fn keeps_collectibles(
        &self,
        contract: EvmAddress,
    ) -> Result<bool, ChainError> {
        let says = async |interface| match self
            .read_by_two(contract, erc721::supports_interface(interface))
            .await
        {
            Ok(answer) => Ok(is_yes(&answer)),
            Err(ChainError::NotAToken { .. }) => Ok(false),
            Err(error) => Err(error),
        };
        let (one, many) = tokio::try_join!(says(erc721::ERC_721), says(erc721::ERC_1155))?;
        Ok(one || many)
    }

    async fn check_standard(
        &self,
        contract: EvmAddress,
        standard: NftStandard,
    ) -> Result<(), ChainError> {
        let (interface, no) = match standard {
            NftStandard::Erc721 => (erc721::ERC_721, "it does not say that it is one of ERC-721"),
            NftStandard::Erc1155 => {
                (erc721::ERC_1155, "it does not say that it is one of ERC-1155")
            }
            NftStandard::Metaplex => return Ok(()),
        };
        let says = match self.read_contract(contract, erc721::supports_interface(interface)).await {
            Ok(answer) => is_yes(&answer),
            Err(ChainError::NotAToken { .. }) => false,
            Err(error) => return Err(error),
        };
        if says { Ok(()) } else { Err(not_a_collection(contract, no)) }
    }
}

/// Whether an answer is `true`.
fn is_yes(answer: &[u8]) -> bool {
    erc20::read_amount(answer).is_ok_and(|word| word == Amount::from(1_u64))
}

fn not_a_collection(contract: EvmAddress, reason: &'static str) -> ChainError {
    ChainError::NotACollection { address: contract.to_string(), reason }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::hex;
    use super::super::tests::{PEER, TOKEN, WALLET, evm_with, node, word};
    use super::*;
    use crate::chains::DraftRequest;
    use crate::chains::testing::Reaction;
    use crate::tx::{Call, Deed, NftTransfer};

    /// What a contract answers to a call with that data, where it does not revert.
    fn contract(
        code: &'static str,
        answers: Vec<(Vec<u8>, String)>,
    ) -> impl Fn(&str, &Value) -> Option<Reaction> {
        move |method, params| match method {
            "eth_getCode" => Some(Reaction::Result(json!(code))),
            "eth_call" => {
                let asked = &params[0]["data"];
                let answer = answers.iter().find(|(data, _)| *asked == json!(hex(data)));
                let reverted = Reaction::Error(3, "execution reverted");
                Some(answer.map_or(reverted, |(_, answer)| Reaction::Result(json!(answer))))
            }
            _ => None,
        }
    }

    fn request(deed: Deed) -> DraftRequest {
        DraftRequest { from: WALLET.into(), deed, nonce: None }
    }

    fn nft(standard: NftStandard) -> DraftRequest {
        request(Deed::NftTransfer(NftTransfer {
            to: PEER.into(),
            contract: TOKEN.into(),
            token_id: 7_u64.into(),
            standard,
            amount: 1_u64.into(),
        }))
    }

    #[tokio::test]
    async fn an_address_without_code_is_not_called() {
        let call = Call { to: TOKEN, value: Amount::ZERO, data: vec![1, 2, 3, 4] };
        for (code, expected) in [("0x", Err("INVALID_ADDRESS")), ("0x00", Ok(()))] {
            let node = node(contract(code, vec![])).await;
            let draft = evm_with(&node, 1).draft(&request(Deed::Call(call.clone()))).await;
            assert_eq!(draft.map(drop).map_err(|error| error.code()), expected, "{code}");
        }
    }

    #[tokio::test]
    async fn a_contract_says_by_which_standard_it_keeps_collectibles() {
        let (erc_721, erc_1155) = (NftStandard::Erc721, NftStandard::Erc1155);
        let says = |interface, answer: String| (erc721::supports_interface(interface), answer);
        for (standard, code, answers, expected) in [
            (erc_721, "0x00", vec![says(erc721::ERC_721, word(1))], Ok(())),
            (erc_1155, "0x00", vec![says(erc721::ERC_1155, word(1))], Ok(())),
            (erc_721, "0x", vec![says(erc721::ERC_721, word(1))], Err("INVALID_ADDRESS")),
            (erc_721, "0x00", vec![], Err("UNSUPPORTED_NFT_STANDARD")),
            (
                erc_721,
                "0x00",
                vec![says(erc721::ERC_1155, word(1)), says(erc721::ERC_721, word(0))],
                Err("UNSUPPORTED_NFT_STANDARD"),
            ),
            (
                erc_1155,
                "0x00",
                vec![says(erc721::ERC_1155, "0x".to_owned())],
                Err("UNSUPPORTED_NFT_STANDARD"),
            ),
        ] {
            let node = node(contract(code, answers)).await;
            let draft = evm_with(&node, 1).draft(&nft(standard)).await;
            assert_eq!(draft.map(drop).map_err(|error| error.code()), expected);
        }
    }

    #[tokio::test]
    async fn what_keeps_collectibles_is_no_token_whatever_decimals_it_says() {
        let says = |interface, answer| (erc721::supports_interface(interface), word(answer));
        let decimals = (erc20::decimals(), word(6));
        for (more, expected) in [
            (vec![], Ok(6)),
            (vec![says(erc721::ERC_721, 0), says(erc721::ERC_1155, 0)], Ok(6)),
            (vec![says(erc721::ERC_721, 1)], Err("NOT_A_TOKEN")),
            (vec![says(erc721::ERC_721, 0), says(erc721::ERC_1155, 1)], Err("NOT_A_TOKEN")),
        ] {
            let answers = [vec![decimals.clone()], more].concat();
            let node = node(contract("0x00", answers)).await;
            let found = evm_with(&node, 1).token_metadata(TOKEN).await;
            let is_no_token = |error: &ChainError| matches!(error, ChainError::NotAToken { .. });
            let found = found
                .map(|found| found.decimals)
                .map_err(|error| if is_no_token(&error) { "NOT_A_TOKEN" } else { error.code() });
            assert_eq!(found, expected);
        }
    }

    #[tokio::test]
    async fn what_somebody_has_of_a_collectible_is_known_by_either_standard() {
        let id = Amount::from(7_u64);
        let address = |of: EvmAddress| format!("0x{:0>64}", primitives::encode_hex(&of.0));
        for (answers, expected) in [
            (vec![(erc721::owner_of(id), address(WALLET))], Some(1_u64)),
            (vec![(erc721::owner_of(id), address(PEER))], Some(0)),
            (vec![(erc721::balance_of(WALLET, id), word(5))], Some(5)),
            (vec![], None),
        ] {
            let node = node(contract("0x00", answers)).await;
            let found = evm_with(&node, 1).collectible_balance(WALLET, TOKEN, id).await;
            assert_eq!(found.ok(), expected.map(Amount::from));
        }
    }
}
