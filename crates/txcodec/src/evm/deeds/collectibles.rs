//! Collectibles: ERC-721 and ERC-1155. The plain `transferFrom` of ERC-721 looks like that of a
//! token and is read as one, of an amount that is the collectible's number.

use primitives::{Address, Amount, EvmAddress};

use super::super::abi::{self, Word};
use super::super::erc721::{OperatorCall, SET_APPROVAL_FOR_ALL};
use super::super::frame::Frame;
use super::{Deed, Family};
use crate::{AuthorityKind, Effect, Selector};

/// ERC-721, without and with data for the receiver.
const SAFE_TRANSFER: Selector = [0x42, 0x84, 0x2e, 0x0e];
const SAFE_TRANSFER_WITH: Selector = [0xb8, 0x8d, 0x4f, 0xde];
/// ERC-1155, one and several.
const SAFE_TRANSFER_OF: Selector = [0xf2, 0x42, 0x43, 0x2a];
const SAFE_BATCH_TRANSFER: Selector = [0x2e, 0xb2, 0xc2, 0xd6];

pub(super) const FAMILY: Family = Family {
    of: None,
    functions: &[
        SET_APPROVAL_FOR_ALL,
        SAFE_TRANSFER,
        SAFE_TRANSFER_WITH,
        SAFE_TRANSFER_OF,
        SAFE_BATCH_TRANSFER,
    ],
    read,
};

fn read(contract: EvmAddress, data: &[u8]) -> Option<Vec<Deed>> {
    if let Some(call) = OperatorCall::from_data(data) {
        return Some(vec![Deed::of_caller(operator(contract, call))]);
    }
    let selector = *data.first_chunk()?;
    let one = Amount::from(1_u64);
    match selector {
        SAFE_TRANSFER => {
            let [from, to, id] = abi::arguments(data, selector)?;
            Some(vec![out(contract, [from, to], abi::read_amount(id), one)?])
        }
        SAFE_TRANSFER_WITH => {
            let [from, to, id, _data] = abi::head(data, selector)?;
            Some(vec![out(contract, [from, to], abi::read_amount(id), one)?])
        }
        SAFE_TRANSFER_OF => {
            let [from, to, id, amount, _data] = abi::head(data, selector)?;
            let amount = abi::read_amount(amount);
            Some(vec![out(contract, [from, to], abi::read_amount(id), amount)?])
        }
        SAFE_BATCH_TRANSFER => read_batch(contract, data.get(4..)?),
        _ => None,
    }
}

fn read_batch(contract: EvmAddress, arguments: &[u8]) -> Option<Vec<Deed>> {
    let mut frame = Frame::new(arguments, 5)?;
    let parties = [frame.word()?, frame.word()?];
    let ids = frame.array(1, |item| item.word().map(abi::read_amount))?;
    let amounts = frame.array(1, |item| item.word().map(abi::read_amount))?;
    frame.bytes()?;
    frame.finish()?;
    if ids.len() != amounts.len() {
        return None;
    }
    ids.into_iter().zip(amounts).map(|(id, amount)| out(contract, parties, id, amount)).collect()
}

fn out(contract: EvmAddress, parties: [&Word; 2], id: Amount, amount: Amount) -> Option<Deed> {
    let [from, to] = parties;
    let to = abi::read_address(to)?;
    let effect = Effect::CollectibleOut { contract, to, id, amount };
    Some(Deed::of(abi::read_address(from)?, effect))
}

fn operator(contract: EvmAddress, call: OperatorCall) -> Effect {
    let to = match call {
        OperatorCall::Approve(operator) => Some(Address::Evm(operator)),
        OperatorCall::Revoke(_) => None,
    };
    Effect::AuthorityChange { kind: AuthorityKind::Operator, subject: Address::Evm(contract), to }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evm::testing::{self, call_with_tails, number, words};

    const CONTRACT: EvmAddress = EvmAddress([0x33; 20]);
    const FROM: EvmAddress = EvmAddress([0x11; 20]);
    const TO: EvmAddress = EvmAddress([0x22; 20]);

    fn call(signature: &str, words: &[Word]) -> Vec<u8> {
        let parties = [FROM, TO].map(abi::address);
        testing::call(signature, &[&parties, words].concat())
    }

    fn gone(id: u64, amount: u64) -> Deed {
        let (id, amount) = (id.into(), amount.into());
        Deed::of(FROM, Effect::CollectibleOut { contract: CONTRACT, to: TO, id, amount })
    }

    fn batch(ids: &[usize], amounts: &[usize]) -> Vec<u8> {
        let list = |items: &[usize]| words(&items.iter().copied().map(number).collect::<Vec<_>>());
        let tails = [list(ids), list(amounts), words(&[])];
        let signature = "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)";
        call_with_tails(signature, &[FROM, TO].map(abi::address), &tails)
    }

    #[test]
    fn every_transfer_of_a_collectible_is_read() {
        let (seven, five, zero) = (number(7), number(5), number(0));
        let table: &[(&str, &[Word], Deed)] = &[
            ("safeTransferFrom(address,address,uint256)", &[seven], gone(7, 1)),
            (
                "safeTransferFrom(address,address,uint256,bytes)",
                &[seven, number(0x80), zero],
                gone(7, 1),
            ),
            (
                "safeTransferFrom(address,address,uint256,uint256,bytes)",
                &[seven, five, number(0xa0), zero],
                gone(7, 5),
            ),
        ];
        for (signature, words, deed) in table {
            let data = call(signature, words);
            assert_eq!(read(CONTRACT, &data), Some(vec![deed.clone()]), "{signature}");
            assert_eq!(read(CONTRACT, &data[..data.len() - 33]), None, "{signature}, cut off");
        }
    }

    #[test]
    fn a_batch_is_read_when_it_has_an_amount_for_each() {
        let several = Some(vec![gone(7, 5), gone(8, 6)]);
        assert_eq!(read(CONTRACT, &batch(&[7, 8], &[5, 6])), several);
        assert_eq!(read(CONTRACT, &batch(&[], &[])), Some(vec![]));
        assert_eq!(read(CONTRACT, &batch(&[7, 8], &[5])), None);
        let longer = [batch(&[7], &[5]), vec![0; 32]].concat();
        assert_eq!(read(CONTRACT, &longer), None);
    }
}
