//! What was decoded, in the words of the vectors.

use primitives::{ChainId, encode_hex};
use serde_json::{Value, json};
use txcodec::{AuthorityKind, Decoded, Effect, OpaqueReason};

/// The chain id of EIP-155 as decimal text.
pub(crate) fn eip155(chain_id: ChainId) -> String {
    match chain_id {
        ChainId::Eip155(id) => id.to_string(),
        ChainId::Solana(_) => panic!("{chain_id} is not an EVM network"),
    }
}

pub(crate) fn effects(decoded: &Decoded) -> Vec<Value> {
    decoded.effects().iter().map(effect_in_words).collect()
}

fn effect_in_words(effect: &Effect) -> Value {
    let mut words = serde_json::Map::new();
    let mut put = |word: &str, value: &dyn ToString| {
        words.insert(word.to_owned(), Value::String(value.to_string()));
    };
    match effect {
        Effect::NativeOut { to, amount } => {
            put("effect", &"native_out");
            put("to", to);
            put("amount", amount);
        }
        Effect::TokenOut { token, to, amount } => {
            put("effect", &"token_out");
            put("token", token);
            put("to", to);
            put("amount", amount);
        }
        Effect::CollectibleOut { contract, to, id, amount } => {
            put("effect", &"collectible_out");
            put("contract", contract);
            put("to", to);
            put("id", id);
            put("amount", amount);
        }
        Effect::Allowance { token, spender, amount } => {
            put("effect", &"allowance");
            put("token", token);
            put("spender", spender);
            put("amount", amount);
        }
        Effect::Rent { account, owner, amount } => {
            put("effect", &"rent");
            put("account", account);
            put("amount", amount);
            words.insert("owner".to_owned(), json!(owner.map(|owner| owner.to_string())));
        }
        Effect::AuthorityChange { kind, subject, to } => {
            put("effect", &"authority_change");
            put("kind", &kind_in_words(*kind));
            put("subject", subject);
            words.insert("to".to_owned(), json!(to.map(|to| to.to_string())));
        }
        Effect::Memo { text } => {
            put("effect", &"memo");
            put("text", text);
        }
        Effect::Text { text } => {
            put("effect", &"text");
            put("text", text);
        }
        Effect::Deploy => put("effect", &"deploy"),
        Effect::Call { contract, selector } => {
            put("effect", &"call");
            put("contract", contract);
            let selector = selector.map(|selector| format!("0x{}", encode_hex(&selector)));
            words.insert("selector".to_owned(), json!(selector));
        }
        Effect::TypedData { chain_id, verifying_contract, primary_type } => {
            put("effect", &"typed_data");
            put("primary_type", primary_type);
            words.insert("chain_id".to_owned(), json!(chain_id.map(eip155)));
            let contract = verifying_contract.map(|contract| contract.to_string());
            words.insert("verifying_contract".to_owned(), json!(contract));
        }
        Effect::Opaque(reason) => return opaque_in_words(reason),
    }
    Value::Object(words)
}

fn kind_in_words(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::AccountProgram => "account_program",
        AuthorityKind::TokenAccount => "token_account",
        AuthorityKind::Mint => "mint",
        AuthorityKind::Operator => "operator",
        AuthorityKind::Contract => "contract",
        AuthorityKind::Program => "program",
        AuthorityKind::Stake => "stake",
        AuthorityKind::NonceAccount => "nonce_account",
    }
}

fn opaque_in_words(reason: &OpaqueReason) -> Value {
    let (reason, fact) = match reason {
        OpaqueReason::UnknownProgram(program) => {
            ("unknown_program", Some(("program", program.to_string())))
        }
        OpaqueReason::UnknownInstruction { program, tag } => {
            let program = program.to_string();
            let reason = "unknown_instruction";
            return json!({ "effect": "opaque", "reason": reason, "program": program, "tag": tag });
        }
        OpaqueReason::UnknownToken { from } => ("unknown_token", Some(("from", from.to_string()))),
        OpaqueReason::LookupTables => ("lookup_tables", None),
        OpaqueReason::DurableNonce => ("durable_nonce", None),
        OpaqueReason::OtherSigners => ("other_signers", None),
        OpaqueReason::TypedData(why) => ("typed_data", Some(("why", (*why).to_owned()))),
        OpaqueReason::EveryChain => ("every_chain", None),
        OpaqueReason::UnreadCalls => ("unread_calls", None),
        OpaqueReason::DelegateCall { code } => ("delegate_call", Some(("code", code.to_string()))),
    };
    let mut words = json!({ "effect": "opaque", "reason": reason });
    if let Some((word, value)) = fact {
        words[word] = Value::String(value);
    }
    words
}
