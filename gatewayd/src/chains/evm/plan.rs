//! What a deed is on an EVM chain: one call, or the creation of a contract.

use primitives::{Address, Amount, Asset, EvmAddress};
use txcodec::evm::{MAX_CALL_DATA, erc20, erc721};

use super::{Call, evm_address};
use crate::chains::ChainError;
use crate::tx::{self, Allowance, Approve, Deed, Deploy, NftStandard, NftTransfer, Transfer};

/// A call, and what must be true so that it does what was meant.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) call: Call,
    pub(super) callee: Callee,
    /// What it takes of a token.
    pub(super) token: Option<(EvmAddress, Amount)>,
}

/// What there must be at the address that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// Anything, or nothing.
    Anybody,
    /// Code: without it nothing would happen, and the network would call that a success.
    Contract,
    /// Code that says of itself that it is one of that standard.
    Collection(NftStandard),
}

const SOLANA_ONLY: ChainError =
    ChainError::Invalid("Solana's instructions and METAPLEX collectibles are not for EVM networks");
const TOO_LONG: ChainError =
    ChainError::Invalid("call data and creation code are at most 131072 bytes");

impl Plan {
    /// What `from` does.
    pub(super) fn of(from: Address, deed: &Deed) -> Result<Self, ChainError> {
        let from = evm_address(from)?;
        let plan = match deed {
            Deed::Transfer(transfer) => Self::transfer(from, transfer)?,
            Deed::Call(tx::Call { to, value, data }) => {
                let call = Call { from, to: Some(*to), value: *value, data: data.clone() };
                Self { call, callee: Callee::Contract, token: None }
            }
            Deed::Approve(approve) => Self::approve(from, approve)?,
            Deed::NftTransfer(transfer) => Self::nft_transfer(from, transfer)?,
            Deed::Deploy(Deploy { code, value }) if !code.is_empty() => {
                let call = Call { from, to: None, value: *value, data: code.clone() };
                Self { call, callee: Callee::Anybody, token: None }
            }
            Deed::Deploy(_) => return Err(ChainError::Invalid("there is no creation code")),
            Deed::Instructions(_) => return Err(SOLANA_ONLY),
            Deed::Batch(_) => {
                return Err(ChainError::Invalid(
                    "a plain account of an EVM network does one thing in a transaction",
                ));
            }
        };
        if plan.call.data.len() > MAX_CALL_DATA { Err(TOO_LONG) } else { Ok(plan) }
    }

    fn transfer(from: EvmAddress, transfer: &Transfer) -> Result<Self, ChainError> {
        let to = evm_address(transfer.to)?;
        let amount = transfer.amount;
        match transfer.asset {
            Asset::Native => {
                let call = Call { from, to: Some(to), value: amount, data: Vec::new() };
                Ok(Self { call, callee: Callee::Anybody, token: None })
            }
            Asset::Token(token) => {
                let token = evm_address(token)?;
                let plan = Self::of_contract(from, token, erc20::transfer(to, amount));
                // Asking for the balance shows already that there is a token.
                Ok(Self { callee: Callee::Anybody, token: Some((token, amount)), ..plan })
            }
        }
    }

    fn approve(from: EvmAddress, approve: &Approve) -> Result<Self, ChainError> {
        let (token, spender) = (evm_address(approve.token)?, evm_address(approve.spender)?);
        let (data, callee) = match &approve.allowance {
            Allowance::Amount { amount, .. } => {
                (erc20::approve(spender, *amount), Callee::Contract)
            }
            Allowance::Item { token_id, standard } => {
                let data = match standard {
                    // The same function as a token's, with the number where the amount stands.
                    NftStandard::Erc721 => erc20::approve(spender, *token_id),
                    NftStandard::Erc1155 => erc721::OperatorCall::Approve(spender).to_data(),
                    NftStandard::Metaplex => return Err(SOLANA_ONLY),
                };
                (data, Callee::Collection(*standard))
            }
        };
        Ok(Self { callee, ..Self::of_contract(from, token, data) })
    }

    fn nft_transfer(from: EvmAddress, transfer: &NftTransfer) -> Result<Self, ChainError> {
        let NftTransfer { to, contract, token_id, standard, amount } = transfer;
        let (to, contract) = (evm_address(*to)?, evm_address(*contract)?);
        let data = match standard {
            NftStandard::Erc721 if *amount != Amount::from(1_u64) => {
                return Err(ChainError::Invalid("of an ERC-721 collectible there is one"));
            }
            NftStandard::Erc721 => erc721::safe_transfer([from, to], *token_id),
            NftStandard::Erc1155 => erc721::safe_transfer_of([from, to], *token_id, *amount),
            NftStandard::Metaplex => return Err(SOLANA_ONLY),
        };
        let callee = Callee::Collection(*standard);
        Ok(Self { callee, ..Self::of_contract(from, contract, data) })
    }

    fn of_contract(from: EvmAddress, contract: EvmAddress, data: Vec<u8>) -> Self {
        let call = Call { from, to: Some(contract), value: Amount::ZERO, data };
        Self { call, callee: Callee::Contract, token: None }
    }
}

#[cfg(test)]
mod tests {
    use primitives::SolanaAddress;
    use txcodec::Effect;
    use txcodec::evm::{Kind, Transaction};

    use super::*;
    use crate::chains::testing::transfer;

    const WALLET: EvmAddress = EvmAddress([0x11; 20]);
    const PEER: EvmAddress = EvmAddress([0x22; 20]);
    const CONTRACT: EvmAddress = EvmAddress([0x33; 20]);

    fn amount(value: u64) -> Amount {
        Amount::from(value)
    }

    fn plan(deed: &Deed) -> Result<Plan, ChainError> {
        Plan::of(WALLET.into(), deed)
    }

    /// What the call does, as a signer reads it.
    fn effects(plan: Plan) -> Vec<Effect> {
        let Call { to, value, data, .. } = plan.call;
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: Amount::ZERO },
            chain_id: std::num::NonZeroU64::MIN,
            nonce: 0,
            gas_limit: 21_000,
            to,
            value,
            data,
        };
        let bytes = transaction.to_unsigned_bytes();
        txcodec::evm::decode(&bytes, WALLET).unwrap().effects().to_vec()
    }

    fn approve(allowance: Allowance) -> Deed {
        Deed::Approve(Approve { token: CONTRACT.into(), spender: PEER.into(), allowance })
    }

    fn item(standard: NftStandard) -> Deed {
        approve(Allowance::Item { token_id: amount(7), standard })
    }

    fn nft(standard: NftStandard, count: u64) -> Deed {
        Deed::NftTransfer(NftTransfer {
            to: PEER.into(),
            contract: CONTRACT.into(),
            token_id: amount(7),
            standard,
            amount: amount(count),
        })
    }

    #[test]
    fn every_deed_is_a_call_that_does_what_was_asked() {
        let allowance =
            |amount| Effect::Allowance { token: CONTRACT.into(), spender: PEER.into(), amount };
        let gone = |count| Effect::CollectibleOut {
            contract: CONTRACT,
            to: PEER,
            id: amount(7),
            amount: amount(count),
        };
        let paid = |to: EvmAddress| Effect::NativeOut { to: to.into(), amount: amount(5) };
        let data = vec![1, 2, 3, 4];
        let call = tx::Call { to: CONTRACT, value: amount(5), data: data.clone() };
        let called = Effect::Call { contract: CONTRACT, selector: data.first_chunk().copied() };
        let everything = Effect::AuthorityChange {
            kind: txcodec::AuthorityKind::Operator,
            subject: CONTRACT.into(),
            to: Some(PEER.into()),
        };
        let of_token = Allowance::Amount { amount: Amount::MAX, decimals: 6, symbol: None };
        let token_out =
            Effect::TokenOut { token: CONTRACT.into(), to: PEER.into(), amount: amount(5) };
        let transfer = |asset| Deed::Transfer(transfer(asset, PEER.into(), amount(5)));
        let (erc_721, erc_1155) = (NftStandard::Erc721, NftStandard::Erc1155);
        let deploy = Deploy { code: data, value: amount(5) };
        for (deed, callee, expected) in [
            (transfer(Asset::Native), Callee::Anybody, vec![paid(PEER)]),
            (transfer(Asset::Token(CONTRACT.into())), Callee::Anybody, vec![token_out]),
            (Deed::Call(call), Callee::Contract, vec![paid(CONTRACT), called]),
            (approve(of_token), Callee::Contract, vec![allowance(Amount::MAX)]),
            (item(erc_721), Callee::Collection(erc_721), vec![allowance(amount(7))]),
            (item(erc_1155), Callee::Collection(erc_1155), vec![everything]),
            (nft(erc_721, 1), Callee::Collection(erc_721), vec![gone(1)]),
            (nft(erc_1155, 5), Callee::Collection(erc_1155), vec![gone(5)]),
            (Deed::Deploy(deploy), Callee::Anybody, vec![paid(EvmAddress::ZERO), Effect::Deploy]),
        ] {
            let plan = plan(&deed).unwrap();
            assert_eq!(plan.callee, callee, "{deed:?}");
            assert_eq!(effects(plan), expected, "{deed:?}");
        }
    }

    #[test]
    fn what_no_evm_network_does_is_refused_for_good() {
        let long = |length| tx::Call { to: CONTRACT, value: Amount::ZERO, data: vec![1; length] };
        assert!(plan(&Deed::Call(long(MAX_CALL_DATA))).is_ok());
        let elsewhere = Address::Solana(SolanaAddress([1; 32]));
        for deed in [
            Deed::Call(long(MAX_CALL_DATA + 1)),
            Deed::Deploy(Deploy { code: vec![], value: Amount::ZERO }),
            Deed::Instructions(vec![]),
            Deed::Batch(vec![Deed::Call(long(1)), Deed::Call(long(1))]),
            nft(NftStandard::Erc721, 2),
            nft(NftStandard::Metaplex, 1),
            item(NftStandard::Metaplex),
            Deed::Transfer(transfer(Asset::Native, elsewhere, amount(1))),
            Deed::Transfer(transfer(Asset::Token(elsewhere), PEER.into(), amount(1))),
        ] {
            let error = plan(&deed).unwrap_err();
            assert_eq!(error.code(), "INVALID_TRANSACTION", "{deed:?}");
        }
    }
}
