//! Permit2, called on the chain. Its functions name the token that they are about, so they are read
//! for the one contract that is known to mean them.

use primitives::{Address, Amount, EvmAddress};

use super::super::abi::{self, Word};
use super::super::frame::Frame;
use super::{Deed, Family};
use crate::{Effect, Selector};

/// Permit2, at the same address on every network (Uniswap's deployments).
pub(crate) const PERMIT2: EvmAddress = EvmAddress([
    0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0xd4, 0x73, 0x03, 0x0f, 0x11, 0x6d, 0xde, 0xe9, 0xf6, 0xb4,
    0x3a, 0xc7, 0x8b, 0xa3,
]);

const APPROVE: Selector = [0x87, 0x51, 0x7c, 0x45];
const TRANSFER_FROM: Selector = [0x36, 0xc7, 0x85, 0x16];
const TRANSFER_FROM_BATCH: Selector = [0x0d, 0x58, 0xb1, 0xdb];
const PERMIT: Selector = [0x2b, 0x67, 0xb5, 0x70];
const PERMIT_BATCH: Selector = [0x2a, 0x2d, 0x80, 0xd1];
const PERMIT_TRANSFER_FROM: Selector = [0x30, 0xf2, 0x8b, 0x7a];

pub(super) const FAMILY: Family = Family {
    of: Some(PERMIT2),
    functions: &[
        APPROVE,
        TRANSFER_FROM,
        TRANSFER_FROM_BATCH,
        PERMIT,
        PERMIT_BATCH,
        PERMIT_TRANSFER_FROM,
    ],
    read,
};

fn read(_permit2: EvmAddress, data: &[u8]) -> Option<Vec<Deed>> {
    let selector = *data.first_chunk()?;
    match selector {
        APPROVE => {
            let [token, spender, amount, _expiration] = abi::arguments(data, selector)?;
            Some(vec![Deed::of_caller(allowance(token, spender, amount)?)])
        }
        TRANSFER_FROM => {
            let [from, to, amount, token] = abi::arguments(data, selector)?;
            Some(vec![Deed::of(abi::read_address(from)?, out(token, to, amount)?)])
        }
        TRANSFER_FROM_BATCH => {
            let mut frame = Frame::new(data.get(4..)?, 1)?;
            let deeds = frame.array(4, |item| {
                let [from, to, amount, token] =
                    [item.word()?, item.word()?, item.word()?, item.word()?];
                Some(Deed::of(abi::read_address(from)?, out(token, to, amount)?))
            })?;
            frame.finish()?;
            Some(deeds)
        }
        PERMIT => {
            let [owner, token, amount, _expiration, _nonce, spender, _deadline, _signature] =
                abi::head(data, selector)?;
            Some(vec![Deed::of(abi::read_address(owner)?, allowance(token, spender, amount)?)])
        }
        PERMIT_BATCH => read_permit_batch(data.get(4..)?),
        PERMIT_TRANSFER_FROM => {
            let [token, _permitted, _nonce, _deadline, to, amount, owner, _signature] =
                abi::head(data, selector)?;
            Some(vec![Deed::of(abi::read_address(owner)?, out(token, to, amount)?)])
        }
        _ => None,
    }
}

/// `permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)`.
fn read_permit_batch(arguments: &[u8]) -> Option<Vec<Deed>> {
    let mut frame = Frame::new(arguments, 3)?;
    let owner = abi::read_address(frame.word()?)?;
    let (details, spender) = frame.tuple(3, |permit| {
        let details = permit.array(4, |item| {
            let [token, amount, _expiration, _nonce] =
                [item.word()?, item.word()?, item.word()?, item.word()?];
            Some((token, amount))
        })?;
        let spender = permit.word()?;
        permit.word()?;
        Some((details, spender))
    })?;
    frame.bytes()?;
    frame.finish()?;
    let deeds = details
        .into_iter()
        .map(|(token, amount)| Some(Deed::of(owner, allowance(token, spender, amount)?)));
    deeds.collect()
}

fn out(token: &Word, to: &Word, amount: &Word) -> Option<Effect> {
    let (token, to) = (abi::read_address(token)?, abi::read_address(to)?);
    let amount = abi::read_amount(amount);
    Some(Effect::TokenOut { token: Address::Evm(token), to: Address::Evm(to), amount })
}

/// The largest `uint160` stands for no limit.
fn allowance(token: &Word, spender: &Word, amount: &Word) -> Option<Effect> {
    let (token, spender) = (abi::read_address(token)?, abi::read_address(spender)?);
    let unlimited = amount.ends_with(&[0xff; 20]);
    let amount = if unlimited { Amount::MAX } else { abi::read_amount(amount) };
    Some(Effect::Allowance { token: Address::Evm(token), spender: Address::Evm(spender), amount })
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::*;
    use crate::evm::testing::{call, call_with_tails, number, words};

    const TOKEN: EvmAddress = EvmAddress([0x33; 20]);
    const ONE: EvmAddress = EvmAddress([0x11; 20]);
    const OTHER: EvmAddress = EvmAddress([0x22; 20]);

    fn allowed(amount: Amount) -> Effect {
        Effect::Allowance { token: TOKEN.into(), spender: OTHER.into(), amount }
    }

    #[test]
    fn permit2_is_read_and_no_other_contract_with_its_functions() {
        let [token, one, other] = [TOKEN, ONE, OTHER].map(abi::address);
        let (zero, five) = (number(0), number(5));
        let amount = Amount::from(5_u64);
        let gone =
            Deed::of(ONE, Effect::TokenOut { token: TOKEN.into(), to: OTHER.into(), amount });
        let given = Deed::of(ONE, allowed(amount));
        let table: &[(&str, &[Word], &[Deed])] = &[
            (
                "approve(address,address,uint160,uint48)",
                &[token, other, five, zero],
                &[Deed::of_caller(allowed(amount))],
            ),
            (
                "transferFrom(address,address,uint160,address)",
                &[one, other, five, token],
                std::slice::from_ref(&gone),
            ),
            (
                "transferFrom((address,address,uint160,address)[])",
                &[number(32), number(2), one, other, five, token, one, other, five, token],
                &[gone.clone(), gone.clone()],
            ),
            (
                "permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)",
                &[one, token, five, zero, zero, other, zero, number(256), zero],
                std::slice::from_ref(&given),
            ),
            (
                "permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),\
                 address,bytes)",
                &[token, number(9), zero, zero, other, five, one, number(256), zero],
                std::slice::from_ref(&gone),
            ),
        ];
        for (signature, words, deeds) in table {
            let data = call(signature, words);
            assert_eq!(read(PERMIT2, &data).as_deref(), Some(*deeds), "{signature}");
            assert_eq!(super::super::read(TOKEN, &data), Reading::Unknown, "{signature}");
        }
    }

    #[test]
    fn a_permit_for_several_tokens_is_read() {
        let [token, one, other] = [TOKEN, ONE, OTHER].map(abi::address);
        let detail = [token, number(5), number(0), number(0)];
        let details = [&number(2)[..], detail.as_flattened(), detail.as_flattened()].concat();
        let batch = [&number(96)[..], &other, &number(0), &details].concat();
        let signature = "permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)";
        let given = Deed::of(ONE, allowed(Amount::from(5_u64)));
        let data = call_with_tails(signature, &[one], &[batch, words(&[])]);
        assert_eq!(read(PERMIT2, &data), Some(vec![given.clone(), given]));
        assert_eq!(super::super::read(TOKEN, &data), Reading::Unknown);
        let short = &data[..data.len() - 1];
        assert_eq!(super::super::read(PERMIT2, short), Reading::Unread);
    }

    #[test]
    fn the_largest_amount_that_permit2_knows_is_no_limit() {
        let [token, other] = [TOKEN, OTHER].map(abi::address);
        let most = abi::address(EvmAddress([0xff; 20]));
        let words = [token, other, most, number(0)];
        let data = call("approve(address,address,uint160,uint48)", &words);
        assert_eq!(read(PERMIT2, &data), Some(vec![Deed::of_caller(allowed(Amount::MAX))]));
    }
}
