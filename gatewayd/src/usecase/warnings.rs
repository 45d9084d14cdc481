//! What somebody should look at before it is sent, by what the bytes do.

use primitives::{Address, Asset, EvmAddress};
use txcodec::{AuthorityKind, Decoded, Effect};

use crate::policy::is_unlimited;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable; for programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// How bad.
    pub severity: Severity,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Most likely not what was meant, or dangerous.
    Warning,
}

/// What is to be said of a sequence whose parts no node can try one after the other.
pub(super) fn parts_tried_alone() -> Warning {
    Warning {
        code: "PARTS_TRIED_ALONE",
        message: "each part was tried alone, as if nothing came before it: no node of this network \
                  can try them one after the other. A part that needs those before it fails here and \
                  may go through; one that those before it spoil goes through here and may fail"
            .to_owned(),
        severity: Severity::Info,
    }
}

/// What is to be said of a transaction of `wallet`, of whose tokens `is_token` knows which are some.
pub(super) fn warnings(
    decoded: &Decoded,
    wallet: Address,
    is_token: impl Fn(Asset) -> bool,
) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    for effect in decoded.effects() {
        for warning in of_effect(effect, wallet, &is_token) {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings
}

fn of_effect(effect: &Effect, wallet: Address, is_token: &impl Fn(Asset) -> bool) -> Vec<Warning> {
    match effect {
        Effect::NativeOut { to, .. } => recipient(*to, wallet).into_iter().collect(),
        Effect::TokenOut { token, to, .. } => {
            let to_itself = (token == to).then(|| {
                let message = format!("the tokens would go to their own contract {token}: lost");
                warning("RECIPIENT_IS_TOKEN_CONTRACT", message)
            });
            let unknown = (!is_token(Asset::Token(*token))).then(|| no_token(*token));
            recipient(*to, wallet).into_iter().chain(to_itself).chain(unknown).collect()
        }
        Effect::CollectibleOut { to, .. } => recipient((*to).into(), wallet).into_iter().collect(),
        Effect::Allowance { token, spender, amount } => {
            let unlimited = is_unlimited(*token, *amount).then(|| {
                let message =
                    format!("{spender} could take every {token} that the wallet has or will have");
                warning("UNLIMITED_APPROVAL", message)
            });
            let unknown = (!is_token(Asset::Token(*token))).then(|| no_token(*token));
            unlimited.into_iter().chain(unknown).collect()
        }
        Effect::AuthorityChange { kind: AuthorityKind::Operator, subject, to: Some(to) } => {
            let message =
                format!("{to} could move everything that the wallet has in the contract {subject}");
            vec![warning("OPERATOR_APPROVAL", message)]
        }
        Effect::Call { contract, .. } => {
            let message = format!("what the contract {contract} does with the call is not known");
            vec![Warning { code: "UNKNOWN_CALL", message, severity: Severity::Info }]
        }
        Effect::Opaque(_) => {
            let message = "a part of the transaction cannot be read".to_owned();
            vec![warning("UNREADABLE", message)]
        }
        // An operator who could, no longer can.
        Effect::AuthorityChange { kind: AuthorityKind::Operator, to: None, .. }
        | Effect::Rent { .. }
        | Effect::Deploy
        | Effect::Text { .. }
        | Effect::TypedData { .. }
        | Effect::Memo { .. } => Vec::new(),
        Effect::AuthorityChange { subject, to, .. } => {
            let to = to.map_or_else(|| "nobody".to_owned(), |to| to.to_string());
            let message = format!("control over {subject} would go to {to}");
            vec![warning("AUTHORITY_CHANGE", message)]
        }
    }
}

fn recipient(to: Address, wallet: Address) -> Option<Warning> {
    if to == wallet {
        let message = "the wallet would pay itself".to_owned();
        return Some(Warning { code: "RECIPIENT_IS_SENDER", message, severity: Severity::Info });
    }
    let nobody = to == Address::Evm(EvmAddress::ZERO);
    let message = || "it would go to the zero address, of which nobody has the key".to_owned();
    nobody.then(|| warning("RECIPIENT_IS_ZERO_ADDRESS", message()))
}

fn no_token(token: Address) -> Warning {
    let message = format!(
        "{token} has no decimals, so the number is no amount of a token: it may be a collectible's"
    );
    warning("NOT_A_TOKEN", message)
}

fn warning(code: &'static str, message: String) -> Warning {
    Warning { code, message, severity: Severity::Warning }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use primitives::Amount;
    use txcodec::evm::{Kind, Transaction, erc20, erc721};

    use super::*;

    const WALLET: EvmAddress = EvmAddress([0x11; 20]);
    const PEER: EvmAddress = EvmAddress([0x22; 20]);
    const TOKEN: EvmAddress = EvmAddress([0x33; 20]);

    fn decoded(to: EvmAddress, value: u64, data: Vec<u8>) -> Decoded {
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: Amount::ZERO },
            chain_id: NonZeroU64::MIN,
            nonce: 0,
            gas_limit: 21_000,
            to: Some(to),
            value: value.into(),
            data,
        };
        txcodec::evm::decode(&transaction.to_unsigned_bytes(), WALLET).unwrap()
    }

    #[test]
    fn what_most_likely_was_not_meant_is_said() {
        let five = Amount::from(5_u64);
        // Of the narrowest type that tokens count with, which has 160 bits.
        let mut half = [0; 32];
        half[12] = 0x80;
        let half = Amount::from_be_bytes(half);
        let below = half.checked_sub(1_u64.into()).unwrap();
        let pay = |to| decoded(to, 5, vec![]);
        let on_token = |data| decoded(TOKEN, 0, data);
        let operator = |call: erc721::OperatorCall| on_token(call.to_data());
        let ownership = [&[0xf2, 0xfd, 0xe3, 0x8b][..], &[0; 12], &PEER.0].concat();
        let rows: [(Decoded, &[&str]); 12] = [
            (pay(PEER), &[]),
            (pay(WALLET), &["RECIPIENT_IS_SENDER"]),
            (pay(EvmAddress::ZERO), &["RECIPIENT_IS_ZERO_ADDRESS"]),
            (on_token(erc20::transfer(PEER, five)), &[]),
            (on_token(erc20::transfer(TOKEN, five)), &["RECIPIENT_IS_TOKEN_CONTRACT"]),
            (on_token(erc20::approve(PEER, below)), &[]),
            (on_token(erc20::approve(PEER, half)), &["UNLIMITED_APPROVAL"]),
            (decoded(PEER, 0, erc20::approve(PEER, five)), &["NOT_A_TOKEN"]),
            (operator(erc721::OperatorCall::Approve(PEER)), &["OPERATOR_APPROVAL"]),
            (operator(erc721::OperatorCall::Revoke(PEER)), &[]),
            (on_token(ownership), &["AUTHORITY_CHANGE"]),
            (decoded(PEER, 5, vec![1, 2, 3, 4]), &["UNKNOWN_CALL"]),
        ];
        for (decoded, expected) in rows {
            let found =
                warnings(&decoded, WALLET.into(), |asset| asset == Asset::Token(TOKEN.into()));
            let codes: Vec<_> = found.iter().map(|warning| warning.code).collect();
            assert_eq!(codes, expected, "{:?}", decoded.effects());
        }
    }
}
