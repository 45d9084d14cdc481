//! Typed data that is known to allow, move or sell something. One file a family, one line in the
//! list.
//!
//! A type is known when it is the same to the letter. What has only the name of one is opaque, and
//! so is an order whose price cannot be read: it is never taken for a message that does nothing.
//! Typed data of other names is left to whoever allowed the contract that it is for.

mod account;
mod authorization;
mod cow;
mod ledger;
mod market;
mod permit;
mod permit2;
mod safe;
mod seaport;
#[cfg(test)]
mod tests;
mod zeroex;

use primitives::{Address, Amount, ChainId, EvmAddress};

use super::TypedData;
use super::value::Value;
use crate::{Effect, OpaqueReason};

/// A type that is known by its encoding (`encodeType` of EIP-712).
#[derive(Clone, Copy)]
enum Known {
    /// This type, to the letter.
    Exact(&'static str, Read),
    /// A type that begins like this, with more behind it that the contract does not look at.
    Begins(&'static str, Read),
    /// Every other type of this name, and why it is not read.
    Opaque(&'static str, &'static str),
}

/// Reads the fields of the message; `None` when they hold what no such message has.
type Read = fn(&Signed<'_>) -> Option<Vec<Effect>>;

/// Typed data of a known type, for a contract.
struct Signed<'a> {
    contract: EvmAddress,
    fields: &'a [Value],
    encoded_type: &'a str,
}

/// Every family.
const FAMILIES: &[&[Known]] = &[
    account::TYPES,
    authorization::TYPES,
    cow::TYPES,
    ledger::TYPES,
    market::TYPES,
    permit::TYPES,
    permit2::TYPES,
    safe::TYPES,
    seaport::TYPES,
    zeroex::TYPES,
];

/// The effects of typed data of a known name; none where the name is not known.
pub(super) fn effects(data: &TypedData, chain_id: Option<ChainId>) -> Vec<Effect> {
    let name = data.primary_type();
    let family = name.split_once(':').map_or(name, |(family, _deed)| family);
    let all = FAMILIES.iter().copied().flatten();
    let named: Vec<_> = all.filter(|known| known.name() == family).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let encoded_type = data.types.encode(name);
    let Some(read) = named.iter().find_map(|known| known.reader(&encoded_type)) else {
        let why = named.iter().find_map(|known| known.why_opaque());
        return vec![opaque(why.unwrap_or("it has the name of a known type, and other fields"))];
    };
    let Some(contract) = data.verifying_contract() else {
        return vec![opaque("it names no contract")];
    };
    let signed = Signed { contract, fields: &data.message.fields, encoded_type: &encoded_type };
    let told = read(&signed).unwrap_or_else(|| vec![opaque("its values make no sense")]);
    let everywhere = chain_id.is_none().then_some(Effect::Opaque(OpaqueReason::EveryChain));
    everywhere.into_iter().chain(told).collect()
}

impl Known {
    fn name(self) -> &'static str {
        match self {
            Self::Opaque(name, _) => name,
            Self::Exact(encoded, _) | Self::Begins(encoded, _) => {
                encoded.split_once('(').map_or(encoded, |(name, _fields)| name)
            }
        }
    }

    fn reader(self, encoded_type: &str) -> Option<Read> {
        match self {
            Self::Exact(encoded, read) => (encoded_type == encoded).then_some(read),
            Self::Begins(encoded, read) => encoded_type.starts_with(encoded).then_some(read),
            Self::Opaque(..) => None,
        }
    }

    fn why_opaque(self) -> Option<&'static str> {
        match self {
            Self::Opaque(_, why) => Some(why),
            Self::Exact(..) | Self::Begins(..) => None,
        }
    }
}

impl<'a> Signed<'a> {
    /// The first so many fields; there are as many as the type says.
    fn first<const N: usize>(&self) -> Option<&'a [Value; N]> {
        self.fields.first_chunk()
    }
}

const fn opaque(why: &'static str) -> Effect {
    Effect::Opaque(OpaqueReason::TypedData(why))
}

fn allowance(token: EvmAddress, spender: EvmAddress, amount: Amount) -> Effect {
    Effect::Allowance { token: Address::Evm(token), spender: Address::Evm(spender), amount }
}

/// Tokens that leave, to the zero address where that is whoever takes an order.
fn token_out(token: EvmAddress, to: EvmAddress, amount: Amount) -> Effect {
    Effect::TokenOut { token: Address::Evm(token), to: Address::Evm(to), amount }
}
