//! Bodies of transactions as the use-cases take them, and back.

use api::{ErrorCode, SignMessage, SignTransaction};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use primitives::{Chain, decode_hex, encode_hex};
use txcodec::Effect;

use crate::app::App;
use crate::http::problem::Problem;
use crate::http::words::{seconds, uuid, word};
use crate::session::Caller;
use crate::store::wallets::Wallet;
use crate::tx::{Deed, Intent, Transaction};
use crate::usecase::sign_message::{Message, SignMessageRequest};
use crate::usecase::sign_transaction::{SignRequest, SignedTransaction};

/// What a sign body asks for, for a wallet of `chain`.
pub(super) fn sign_request(asked: SignTransaction, chain: Chain) -> Result<SignRequest, Problem> {
    if let Some(named) = asked.chain.as_deref()
        && word::<Chain>("chain", named)? != chain
    {
        let message = format!("the wallet is for {chain}, not for {named}");
        return Err(Problem::new(ErrorCode::EnvironmentNetworkMismatch, message));
    }
    let unsigned = match chain {
        Chain::Evm => asked.transaction.strip_prefix("0x").and_then(|hex| decode_hex(hex).ok()),
        Chain::Solana => from_base64(&asked.transaction),
    };
    let unsigned = unsigned.ok_or_else(|| {
        let form = match chain {
            Chain::Evm => "transaction: expected 0x and hexadecimal digits",
            Chain::Solana => "transaction: expected base64",
        };
        Problem::new(ErrorCode::InvalidTransaction, form)
    })?;
    Ok(SignRequest { wallet: asked.wallet_id, network: asked.network, unsigned })
}

/// Bytes as Solana's clients write them.
pub(in crate::http) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// A signed transaction, in the form in which it came.
pub(super) fn signed_transaction(
    signed: SignedTransaction,
    chain: Chain,
) -> api::SignedTransaction {
    api::SignedTransaction {
        id: uuid(signed.id),
        signed_transaction: match chain {
            Chain::Evm => format!("0x{}", encode_hex(&signed.signed.bytes)),
            Chain::Solana => BASE64.encode(&signed.signed.bytes),
        },
        tx_hash: Some(signed.signed.hash),
        operations: signed.effects.iter().map(operation).collect(),
        policy_result: api::SignPolicy { tier: signed.tier.to_string() },
    }
}

/// What a sign-message body asks for, and the `signType` that it means.
pub(super) fn sign_message_request(
    asked: SignMessage,
) -> Result<(SignMessageRequest, &'static str), Problem> {
    let (message, sign_type) = match (asked.message, asked.typed_data) {
        (Some(text), None) => (Message::Text(text.into_bytes()), "personal"),
        (None, Some(data)) => (Message::TypedData(data), "typedData"),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::invalid("give either message or typedData"));
        }
    };
    if asked.sign_type.is_some_and(|named| named != sign_type) {
        let expected = "signType is personal with message, and typedData with typedData";
        return Err(Problem::invalid(expected));
    }
    let (wallet, network) = (asked.wallet_id, asked.network);
    Ok((SignMessageRequest { wallet, network, message }, sign_type))
}

/// The transaction as the bodies have it.
pub(super) fn body(app: &App, caller: &Caller, transaction: &Transaction) -> api::Transaction {
    let wallet = match caller {
        Caller::Agent(agent) => agent.wallet(transaction.wallet),
        Caller::Owner(owner) => owner.wallet(transaction.wallet),
        Caller::Master(_) => None,
    };
    body_of(app, wallet, transaction)
}

/// The same of a wallet that is known, or not.
pub(super) fn body_of(
    app: &App,
    wallet: Option<&Wallet>,
    transaction: &Transaction,
) -> api::Transaction {
    let chain_id = transaction.intent.network();
    let network = chain_id.and_then(|chain_id| app.networks.by_chain_id(chain_id));
    let chain = chain_id.map(primitives::ChainId::chain).or(wallet.map(|wallet| wallet.chain));
    let shown = transaction.intent.shown();
    let amount = shown.amount.map(|shown| shown.amount);
    let unit = shown.amount.and_then(|shown| shown.unit(network.map(|network| &network.native)));
    api::Transaction {
        id: uuid(transaction.id),
        wallet_id: uuid(transaction.wallet),
        kind: transaction.intent.kind().as_str().to_owned(),
        status: transaction.status.to_string(),
        tier: transaction.tier.map(|tier| tier.to_string()),
        chain: chain.map_or_else(String::new, |chain| chain.to_string()),
        network: network.map(|network| network.name.to_string()),
        to_address: shown.to.map(|to| to.to_string()),
        amount: amount.map(|amount| amount.to_string()),
        tx_hash: transaction.hash().map(str::to_owned),
        error: transaction.problem.as_ref().map(ToString::to_string),
        created_at: Some(seconds(transaction.created_at)),
        display_amount: None,
        display_currency: None,
        amount_formatted: amount.zip(unit).map(|(amount, (decimals, _))| amount.to_units(decimals)),
        amount_decimals: unit.map(|(decimals, _)| decimals),
        amount_symbol: unit.and_then(|(_, symbol)| symbol).map(str::to_owned),
        chain_id: chain_id.map(|chain_id| chain_id.to_string()),
        atomic: is_atomic(&transaction.intent),
        parent_id: transaction.part_of.map(|part| uuid(part.whole)),
    }
}

/// Whether all of a batch happens or nothing; `None` for what is none.
fn is_atomic(intent: &Intent) -> Option<bool> {
    match intent {
        Intent::Send(order) if matches!(order.deed, Deed::Batch(_)) => {
            Some(order.sequence().is_none())
        }
        Intent::Send(_) | Intent::SignTransaction { .. } | Intent::SignMessage => None,
    }
}

/// What an effect is called.
pub(in crate::http) fn operation(effect: &Effect) -> api::Operation {
    let kind = match effect {
        Effect::NativeOut { .. } => "NATIVE_TRANSFER",
        Effect::TokenOut { .. } => "TOKEN_TRANSFER",
        Effect::CollectibleOut { .. } => "NFT_TRANSFER",
        Effect::Allowance { .. } => "APPROVE",
        Effect::Rent { .. } => "RENT",
        Effect::AuthorityChange { .. } => "AUTHORITY_CHANGE",
        Effect::Call { .. } => "CONTRACT_CALL",
        Effect::Deploy => "CONTRACT_DEPLOY",
        Effect::Text { .. } | Effect::TypedData { .. } => "MESSAGE",
        Effect::Memo { .. } => "MEMO",
        Effect::Opaque(_) => "UNKNOWN",
    };
    let mut operation = api::Operation {
        kind: kind.to_owned(),
        to: None,
        amount: None,
        token: None,
        program_id: None,
        method: None,
    };
    match effect {
        Effect::NativeOut { to, amount } => {
            operation.to = Some(to.to_string());
            operation.amount = Some(amount.to_string());
        }
        Effect::TokenOut { token, to, amount }
        | Effect::Allowance { token, spender: to, amount } => {
            operation.to = Some(to.to_string());
            operation.amount = Some(amount.to_string());
            operation.token = Some(token.to_string());
        }
        Effect::CollectibleOut { contract, to, amount, .. } => {
            operation.to = Some(to.to_string());
            operation.amount = Some(amount.to_string());
            operation.token = Some(contract.to_string());
        }
        Effect::Rent { account, amount, .. } => {
            operation.to = Some(account.to_string());
            operation.amount = Some(amount.to_string());
        }
        Effect::AuthorityChange { to, .. } => operation.to = to.map(|to| to.to_string()),
        Effect::Call { contract, selector } => {
            operation.to = Some(contract.to_string());
            operation.method = selector.map(|selector| format!("0x{}", encode_hex(&selector)));
        }
        Effect::Deploy
        | Effect::Text { .. }
        | Effect::TypedData { .. }
        | Effect::Memo { .. }
        | Effect::Opaque(_) => {}
    }
    operation
}
