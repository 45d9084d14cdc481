//! Effects in words. What comes out of the bytes to sign is quoted, so that none of it can be taken
//! for our words.

use primitives::{
    Address, Amount, BUILTIN, Chain, ChainId, Environment, NativeCoin, builtin_by_chain_id,
    encode_hex,
};

use crate::{AuthorityKind, Effect, OpaqueReason};

/// Where a signature would hold, as far as the bytes say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) chain: Chain,
    pub(super) chain_id: Option<ChainId>,
}

impl Place {
    /// The network, or all that it may be.
    pub(super) fn network(&self, environment: Environment) -> String {
        match (self.chain_id, self.chain) {
            (Some(chain_id), _) => network_name(chain_id),
            (None, Chain::Evm) => "any EVM network".to_owned(),
            (None, Chain::Solana) => format!("any Solana cluster of {environment}"),
        }
    }

    /// The coin of the network; all Solana clusters have the same.
    pub(super) fn native(&self) -> Option<&'static NativeCoin> {
        let network = match (self.chain_id, self.chain) {
            (Some(chain_id), _) => builtin_by_chain_id(chain_id),
            (None, Chain::Solana) => {
                BUILTIN.iter().find(|network| network.chain() == Chain::Solana)
            }
            (None, Chain::Evm) => None,
        };
        network.map(|network| &network.native)
    }
}

/// One effect, in a line.
pub(super) fn effect(effect: &Effect, place: &Place) -> String {
    match effect {
        Effect::NativeOut { to, amount } => format!("send {} to {to}", place.coins(*amount)),
        Effect::TokenOut { token, to, amount } => {
            format!("send {amount} base units of the token {token} to {to}")
        }
        Effect::CollectibleOut { contract, to, id, amount } => {
            format!("send {amount} of the collectible {id} of {contract} to {to}")
        }
        Effect::Allowance { token, spender, amount } => allowance(*token, *spender, *amount),
        Effect::Rent { account, owner, amount } => {
            let whose = owner.map_or_else(String::new, |owner| format!(" of {owner}"));
            format!("lock at most {} in the new account {account}{whose}", place.coins(*amount))
        }
        Effect::AuthorityChange { kind, subject, to } => {
            let to = to.map_or_else(|| "nobody".to_owned(), |to| to.to_string());
            format!("give {} {subject} to {to}", authority(*kind))
        }
        Effect::Call { contract, selector: Some(selector) } => {
            format!("call the contract {contract}, function 0x{}", encode_hex(selector))
        }
        Effect::Call { contract, selector: None } => {
            format!("call the contract {contract}, no function")
        }
        Effect::Deploy => "create a contract".to_owned(),
        Effect::Text { text } => format!("sign the text {}", quoted(text)),
        Effect::TypedData { chain_id, verifying_contract, primary_type } => {
            let network = chain_id.map_or_else(|| "any network".to_owned(), network_name);
            let contract = verifying_contract
                .map_or_else(|| "no contract named".to_owned(), |contract| contract.to_string());
            format!("sign typed data {}, on {network}, for {contract}", quoted(primary_type))
        }
        Effect::Memo { text } => format!("write down {}", quoted(text)),
        Effect::Opaque(reason) => format!("what cannot be read: {}", opaque(reason)),
    }
}

fn network_name(chain_id: ChainId) -> String {
    match builtin_by_chain_id(chain_id) {
        Some(network) => format!("{} ({chain_id})", network.name),
        None => chain_id.to_string(),
    }
}

fn allowance(token: Address, spender: Address, amount: Amount) -> String {
    if amount == Amount::MAX {
        return format!("let {spender} take any amount of the token {token}");
    }
    format!("let {spender} take {amount} base units of the token {token}")
}

fn authority(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::AccountProgram => "the account",
        AuthorityKind::TokenAccount => "the token account",
        AuthorityKind::Mint => "control over the token",
        AuthorityKind::Operator => "all tokens of the contract",
        AuthorityKind::Contract => "control over the contract",
        AuthorityKind::Program => "control over the program",
        AuthorityKind::Stake => "control over the stake",
        AuthorityKind::NonceAccount => "the nonce account",
    }
}

fn opaque(reason: &OpaqueReason) -> String {
    match reason {
        OpaqueReason::UnknownProgram(program) => format!("the program {program}"),
        OpaqueReason::UnknownInstruction { program, tag: Some(tag) } => {
            format!("the instruction {tag} of the program {program}")
        }
        OpaqueReason::UnknownInstruction { program, tag: None } => {
            format!("an instruction without data of the program {program}")
        }
        OpaqueReason::UnknownToken { from } => {
            format!("a token that is not named leaves the token account {from}")
        }
        OpaqueReason::LookupTables => "accounts in lookup tables".to_owned(),
        OpaqueReason::DurableNonce => "a transaction that never expires".to_owned(),
        OpaqueReason::OtherSigners => "others have to sign too".to_owned(),
        OpaqueReason::TypedData(why) => format!("typed data, {}", quoted(why)),
        OpaqueReason::EveryChain => "typed data that holds on every network".to_owned(),
        OpaqueReason::UnreadCalls => "calls that are not read".to_owned(),
        OpaqueReason::DelegateCall { code } => format!("the code at {code} runs as its own"),
    }
}

/// The text between quotes, printable ASCII alone: a quote and a backslash stand behind a backslash,
/// a line feed is `\n`, and every other character that is not printable ASCII is `\u{…}` with its
/// number in hexadecimal. Two texts that differ look different.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            ' '..='~' => quoted.push(letter),
            _ => quoted.extend(letter.escape_unicode()),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_stands_between_quotes_in_plain_letters() {
        for (text, shown) in [
            ("", r#""""#),
            ("pay 5", r#""pay 5""#),
            ("a\nb", r#""a\nb""#),
            ("a\\nb", r#""a\\nb""#),
            ("a\" to", r#""a\" to""#),
            ("\r\t\0\u{7f}", r#""\u{d}\u{9}\u{0}\u{7f}""#),
            ("\u{202e}evil", r#""\u{202e}evil""#),
            ("p\u{430}y", r#""p\u{430}y""#),
            ("a\u{200b}b\u{a0}\u{2028}", r#""a\u{200b}b\u{a0}\u{2028}""#),
            ("\u{1f980}", r#""\u{1f980}""#),
        ] {
            assert_eq!(quoted(text), shown, "{text:?}");
        }
    }
}
