//! Tokens: ERC-20 and what stands beside it (ERC-777, ERC-1363, EIP-2612 called on the chain).

use primitives::{Address, Amount, EvmAddress};

use super::super::abi;
use super::super::erc20::{self, Call};
use super::{Deed, Family};
use crate::{AuthorityKind, Effect, Selector};

/// The name in `OpenZeppelin` from before `increaseAllowance`.
const INCREASE_APPROVAL: Selector = [0xd7, 0x3d, 0xd6, 0x23];
const BURN: Selector = [0x42, 0x96, 0x6c, 0x68];
const BURN_FROM: Selector = [0x79, 0xcc, 0x67, 0x90];
/// EIP-2612.
const PERMIT: Selector = [0xd5, 0x05, 0xac, 0xcf];
/// DAI's own (dss, `Dai.sol`).
const DAI_PERMIT: Selector = [0x8f, 0xcb, 0xaf, 0x0c];
/// ERC-1363; ERC-677 has the one with bytes too.
const TRANSFER_AND_CALL: Selector = [0x12, 0x96, 0xee, 0x62];
const TRANSFER_AND_CALL_WITH: Selector = [0x40, 0x00, 0xae, 0xa0];
const APPROVE_AND_CALL: Selector = [0x31, 0x77, 0x02, 0x9f];
const APPROVE_AND_CALL_WITH: Selector = [0xca, 0xe9, 0xca, 0x51];
/// ERC-777.
const SEND: Selector = [0x9b, 0xd9, 0xbb, 0xc6];
const OPERATOR_SEND: Selector = [0x62, 0xad, 0x1b, 0x83];
const BURN_WITH: Selector = [0xfe, 0x9d, 0x93, 0x03];
const OPERATOR_BURN: Selector = [0xfc, 0x67, 0x3c, 0x4f];
const AUTHORIZE_OPERATOR: Selector = [0x95, 0x9b, 0x8c, 0x3f];
const REVOKE_OPERATOR: Selector = [0xfa, 0xd8, 0xb3, 0x2a];

pub(super) const FAMILY: Family = Family {
    of: None,
    functions: &[
        erc20::TRANSFER,
        erc20::TRANSFER_FROM,
        erc20::APPROVE,
        erc20::INCREASE_ALLOWANCE,
        INCREASE_APPROVAL,
        BURN,
        BURN_FROM,
        PERMIT,
        DAI_PERMIT,
        TRANSFER_AND_CALL,
        TRANSFER_AND_CALL_WITH,
        APPROVE_AND_CALL,
        APPROVE_AND_CALL_WITH,
        SEND,
        OPERATOR_SEND,
        BURN_WITH,
        OPERATOR_BURN,
        AUTHORIZE_OPERATOR,
        REVOKE_OPERATOR,
    ],
    read,
};

fn read(token: EvmAddress, data: &[u8]) -> Option<Vec<Deed>> {
    let deed = match Call::from_data(data) {
        Some(call) => erc20(token, call),
        None => beside(token, data)?,
    };
    Some(vec![deed])
}

/// Whether a call gives leave to take more than before, whatever that was.
pub(in crate::evm) fn adds_to_what_stands(data: &[u8]) -> bool {
    let selector = data.first_chunk();
    selector.is_some_and(|it| [erc20::INCREASE_ALLOWANCE, INCREASE_APPROVAL].contains(it))
}

/// Tokens that a caller takes from another account, by that one's allowance, are as good as its own:
/// the bytes cannot say for whom it holds them.
fn erc20(token: EvmAddress, call: Call) -> Deed {
    match call {
        Call::Transfer { to, amount } => Deed::of_caller(out(token, to, amount)),
        Call::TransferFrom { from, to, amount } => Deed::of(from, out(token, to, amount)),
        Call::Approve { spender, amount } | Call::IncreaseAllowance { spender, amount } => {
            Deed::of_caller(allowance(token, spender, amount))
        }
    }
}

fn beside(token: EvmAddress, data: &[u8]) -> Option<Deed> {
    let selector = *data.first_chunk()?;
    let deed = match selector {
        INCREASE_APPROVAL | APPROVE_AND_CALL => {
            let [spender, amount] = abi::arguments(data, selector)?;
            let spender = abi::read_address(spender)?;
            Deed::of_caller(allowance(token, spender, abi::read_amount(amount)))
        }
        APPROVE_AND_CALL_WITH => {
            let [spender, amount, _data] = abi::head(data, selector)?;
            let spender = abi::read_address(spender)?;
            Deed::of_caller(allowance(token, spender, abi::read_amount(amount)))
        }
        TRANSFER_AND_CALL => {
            let [to, amount] = abi::arguments(data, selector)?;
            Deed::of_caller(out(token, abi::read_address(to)?, abi::read_amount(amount)))
        }
        TRANSFER_AND_CALL_WITH | SEND => {
            let [to, amount, _data] = abi::head(data, selector)?;
            Deed::of_caller(out(token, abi::read_address(to)?, abi::read_amount(amount)))
        }
        OPERATOR_SEND => {
            let [from, to, amount, _data, _more] = abi::head(data, selector)?;
            let effect = out(token, abi::read_address(to)?, abi::read_amount(amount));
            Deed::of(abi::read_address(from)?, effect)
        }
        BURN => {
            let [amount] = abi::arguments(data, selector)?;
            Deed::of_caller(out(token, EvmAddress::ZERO, abi::read_amount(amount)))
        }
        BURN_WITH => {
            let [amount, _data] = abi::head(data, selector)?;
            Deed::of_caller(out(token, EvmAddress::ZERO, abi::read_amount(amount)))
        }
        BURN_FROM => {
            let [from, amount] = abi::arguments(data, selector)?;
            let effect = out(token, EvmAddress::ZERO, abi::read_amount(amount));
            Deed::of(abi::read_address(from)?, effect)
        }
        OPERATOR_BURN => {
            let [from, amount, _data, _more] = abi::head(data, selector)?;
            let effect = out(token, EvmAddress::ZERO, abi::read_amount(amount));
            Deed::of(abi::read_address(from)?, effect)
        }
        PERMIT => {
            let [owner, spender, amount, _deadline, _v, _r, _s] = abi::arguments(data, selector)?;
            let spender = abi::read_address(spender)?;
            let effect = allowance(token, spender, abi::read_amount(amount));
            Deed::of(abi::read_address(owner)?, effect)
        }
        DAI_PERMIT => {
            let [owner, spender, _nonce, _expiry, allowed, _v, _r, _s] =
                abi::arguments(data, selector)?;
            let allowed = !abi::read_amount(allowed).is_zero();
            let amount = if allowed { Amount::MAX } else { Amount::ZERO };
            let effect = allowance(token, abi::read_address(spender)?, amount);
            Deed::of(abi::read_address(owner)?, effect)
        }
        AUTHORIZE_OPERATOR => {
            let [operator] = abi::arguments(data, selector)?;
            Deed::of_caller(operator_of(token, Some(abi::read_address(operator)?)))
        }
        REVOKE_OPERATOR => {
            let [operator] = abi::arguments(data, selector)?;
            abi::read_address(operator)?;
            Deed::of_caller(operator_of(token, None))
        }
        _ => return None,
    };
    Some(deed)
}

fn out(token: EvmAddress, to: EvmAddress, amount: Amount) -> Effect {
    Effect::TokenOut { token: Address::Evm(token), to: Address::Evm(to), amount }
}

fn allowance(token: EvmAddress, spender: EvmAddress, amount: Amount) -> Effect {
    Effect::Allowance { token: Address::Evm(token), spender: Address::Evm(spender), amount }
}

fn operator_of(token: EvmAddress, to: Option<EvmAddress>) -> Effect {
    Effect::AuthorityChange {
        kind: AuthorityKind::Operator,
        subject: Address::Evm(token),
        to: to.map(Address::Evm),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Whose;
    use super::*;
    use crate::evm::testing::{call, number};

    const TOKEN: EvmAddress = EvmAddress([0x33; 20]);
    const ONE: EvmAddress = EvmAddress([0x11; 20]);
    const OTHER: EvmAddress = EvmAddress([0x22; 20]);

    #[test]
    fn every_way_to_move_or_allow_tokens_is_read() {
        let [one, other] = [ONE, OTHER].map(abi::address);
        let (five, zero, here) = (number(5), number(0), number(0x80));
        let amount = Amount::from(5_u64);
        let gone = |to| Deed::of_caller(out(TOKEN, to, amount));
        let taken = |to| Deed::of(ONE, out(TOKEN, to, amount));
        let given = Deed::of_caller(allowance(TOKEN, OTHER, amount));
        let table: &[(&str, &[[u8; 32]], Deed)] = &[
            ("transfer(address,uint256)", &[other, five], gone(OTHER)),
            ("transferFrom(address,address,uint256)", &[one, other, five], taken(OTHER)),
            ("approve(address,uint256)", &[other, five], given.clone()),
            ("increaseAllowance(address,uint256)", &[other, five], given.clone()),
            ("increaseApproval(address,uint256)", &[other, five], given.clone()),
            ("approveAndCall(address,uint256)", &[other, five], given.clone()),
            ("approveAndCall(address,uint256,bytes)", &[other, five, here, zero], given),
            ("transferAndCall(address,uint256)", &[other, five], gone(OTHER)),
            ("transferAndCall(address,uint256,bytes)", &[other, five, here, zero], gone(OTHER)),
            ("send(address,uint256,bytes)", &[other, five, here, zero], gone(OTHER)),
            (
                "operatorSend(address,address,uint256,bytes,bytes)",
                &[one, other, five, here, here, zero],
                taken(OTHER),
            ),
            ("burn(uint256)", &[five], gone(EvmAddress::ZERO)),
            ("burn(uint256,bytes)", &[five, here, zero], gone(EvmAddress::ZERO)),
            ("burnFrom(address,uint256)", &[one, five], taken(EvmAddress::ZERO)),
            (
                "operatorBurn(address,uint256,bytes,bytes)",
                &[one, five, here, here, zero],
                taken(EvmAddress::ZERO),
            ),
            (
                "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
                &[one, other, five, zero, zero, zero, zero],
                Deed::of(ONE, allowance(TOKEN, OTHER, amount)),
            ),
            (
                "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
                &[one, other, zero, zero, number(1), zero, zero, zero],
                Deed::of(ONE, allowance(TOKEN, OTHER, Amount::MAX)),
            ),
            (
                "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
                &[one, other, zero, zero, zero, zero, zero, zero],
                Deed::of(ONE, allowance(TOKEN, OTHER, Amount::ZERO)),
            ),
            (
                "authorizeOperator(address)",
                &[other],
                Deed::of_caller(operator_of(TOKEN, Some(OTHER))),
            ),
            ("revokeOperator(address)", &[other], Deed::of_caller(operator_of(TOKEN, None))),
        ];
        for (signature, words, deed) in table {
            let data = call(signature, words);
            assert_eq!(read(TOKEN, &data), Some(vec![deed.clone()]), "{signature}");
            assert_eq!(read(TOKEN, &data[..data.len() - 33]), None, "{signature}, cut off");
        }
        assert_eq!(Whose::Named(ONE), taken(OTHER).whose);
    }

    #[test]
    fn an_address_with_something_before_it_is_not_read() {
        for signature in ["authorizeOperator(address)", "revokeOperator(address)"] {
            assert!(read(TOKEN, &call(signature, &[abi::address(OTHER)])).is_some());
            assert_eq!(read(TOKEN, &call(signature, &[[0x22; 32]])), None, "{signature}");
        }
    }
}
