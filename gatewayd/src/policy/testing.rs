//! What the tests of the policies judge.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::LazyLock;

use primitives::{
    Address, Amount, Asset, Chain, EvmAddress, Network, SolanaAddress, WalletId,
    builtin_by_chain_id, builtin_by_name,
};
use serde_json::{Value, json};
use txcodec::evm::{Kind, Transaction, erc20};
use txcodec::message::{self, TypedData};
use txcodec::solana::{AccountMeta, Instruction, Message, Version, token};
use txcodec::{Decoded, evm, solana};

use super::{Action, Category, Facts, Policy, UsdMicros, Verdict, check, judge, opinions};
use crate::clock::UnixSeconds;
use crate::tx::Tier;

pub(super) const WALLET: WalletId = WalletId::from_bytes([1; 16]);
pub(super) const TOKEN: EvmAddress = EvmAddress([0xaa; 20]);
/// 2026-01-05 12:00 UTC.
pub(super) const NOON_ON_MONDAY: i64 = 1_767_614_400;
pub(super) const OWN: EvmAddress = EvmAddress([1; 20]);
pub(super) const OTHER: EvmAddress = EvmAddress([2; 20]);

pub(super) fn mainnet() -> &'static Network {
    builtin_by_name("ethereum-mainnet").unwrap()
}

/// A transaction of ethereum-mainnet whose fee is one wei.
pub(super) fn call(to: Option<EvmAddress>, value: Amount, data: Vec<u8>) -> Decoded {
    let transaction = Transaction {
        kind: Kind::Legacy { gas_price: Amount::from(1_u64) },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 1,
        to,
        value,
        data,
    };
    evm::decode(&transaction.to_unsigned_bytes(), OWN).unwrap()
}

pub(super) fn native(amount: Amount) -> Decoded {
    call(Some(OTHER), amount, Vec::new())
}

/// Whether a network is built in.
pub(super) fn known(name: &str) -> bool {
    let by_id = || name.parse().ok().and_then(builtin_by_chain_id);
    builtin_by_name(name).or_else(by_id).is_some()
}

/// One of a token.
pub(super) fn token_out(token: EvmAddress) -> Decoded {
    call(Some(token), Amount::ZERO, erc20::transfer(OTHER, 1_u64.into()))
}

pub(super) fn token(amount: u64) -> Decoded {
    call(Some(TOKEN), Amount::ZERO, erc20::transfer(OTHER, amount.into()))
}

/// A policy for every wallet and network.
pub(super) fn policy(kind: &str, rules: &Value) -> Policy {
    Policy::new(kind, rules.clone())
}

/// The token has 6 decimals.
static DECIMALS: LazyLock<BTreeMap<Asset, u8>> =
    LazyLock::new(|| BTreeMap::from([(Asset::Token(TOKEN.into()), 6)]));

static NOTHING_STANDS: BTreeMap<(Address, Address), Amount> = BTreeMap::new();

static NONE_COUNTED: BTreeMap<u64, u64> = BTreeMap::new();

/// What is known on ethereum-mainnet when nobody knows a price.
pub(super) fn facts(policies: &[Policy]) -> Facts<'_> {
    Facts {
        wallet: WALLET,
        environment: mainnet().environment,
        network: Some(mainnet()),
        policies,
        decimals: &DECIMALS,
        worth: None,
        spent_in_day: Some(UsdMicros::ZERO),
        spent_in_month: Some(UsdMicros::ZERO),
        now: UnixSeconds::new(NOON_ON_MONDAY),
        passed: &NONE_COUNTED,
        standing: &NOTHING_STANDS,
        action: None,
        destination: None,
        reputation: None,
    }
}

pub(super) fn verdict(decoded: &Decoded, policies: &[Policy]) -> Verdict {
    judge(decoded, &facts(policies))
}

/// The tier, or the rule that denies.
pub(super) fn outcome(verdict: Verdict) -> Result<Tier, &'static str> {
    match verdict {
        Verdict::Allow(allowed) => Ok(allowed.tier),
        Verdict::Deny(denial) => Err(denial.rule),
    }
}

/// What one type says: the least tier, or the error code of its denial.
pub(super) fn said(rule: &str, decoded: &Decoded, facts: &Facts<'_>) -> Result<Tier, &'static str> {
    let mut of_rule = opinions(decoded, facts).filter(|opinion| opinion.rule == rule);
    of_rule.try_fold(Tier::Instant, |tier, opinion| match opinion.verdict {
        Verdict::Allow(allowed) => Ok(tier.max(allowed.tier)),
        Verdict::Deny(denial) => {
            assert!(!denial.reason.is_empty() && !denial.remedy.is_empty(), "{denial:?}");
            Err(denial.code.as_str())
        }
    })
}

/// Asserts that rules cannot be written.
pub(super) fn refused(kind: &str, all: &[Value]) {
    for rules in all {
        assert!(check(kind, rules, |_name| true).is_err(), "{kind} {rules}");
    }
}

pub(super) fn text(text: &str) -> Decoded {
    message::decode_text(Chain::Evm, text.as_bytes()).unwrap()
}

pub(super) fn approve(spender: EvmAddress, amount: Amount) -> Decoded {
    call(Some(TOKEN), Amount::ZERO, erc20::approve(spender, amount))
}

/// `increaseAllowance(address,uint256)`.
pub(super) fn increase(spender: EvmAddress, by: u64) -> Decoded {
    call(Some(TOKEN), Amount::ZERO, raise(spender, by))
}

/// The data of `increaseAllowance(address,uint256)`.
pub(super) fn raise(spender: EvmAddress, by: u64) -> Vec<u8> {
    erc20::Call::IncreaseAllowance { spender, amount: by.into() }.to_data()
}

/// `transferFrom(address,address,uint256)`, of ERC-20 and of ERC-721: an amount, or a number.
pub(super) fn transfer_from(contract: EvmAddress, number: u8) -> Decoded {
    let words = [word(&OWN.0), word(&OTHER.0), word(&[number])];
    call(Some(contract), Amount::ZERO, data([0x23, 0xb8, 0x72, 0xdd], &words))
}

/// `setApprovalForAll(address,bool)`.
pub(super) fn operator(operator: EvmAddress, approved: bool) -> Decoded {
    let data = data([0xa2, 0x2c, 0xb4, 0x65], &[word(&operator.0), word(&[u8::from(approved)])]);
    call(Some(TOKEN), Amount::ZERO, data)
}

/// `safeTransferFrom(address,address,uint256)` of ERC-721.
pub(super) fn collectible(contract: EvmAddress, id: u8) -> Decoded {
    let words = [word(&OWN.0), word(&OTHER.0), word(&[id])];
    call(Some(contract), Amount::ZERO, data([0x42, 0x84, 0x2e, 0x0e], &words))
}

/// `multicall(bytes[])`.
pub(super) fn multicall(contract: EvmAddress, calls: &[Vec<u8>]) -> Decoded {
    let mut heads = Vec::new();
    let mut tails: Vec<[u8; 32]> = Vec::new();
    for inner in calls {
        let offset = u16::try_from((calls.len() + tails.len()) * 32).unwrap();
        heads.push(word(&offset.to_be_bytes()));
        tails.push(word(&u16::try_from(inner.len()).unwrap().to_be_bytes()));
        for part in inner.chunks(32) {
            let mut padded = [0; 32];
            padded[..part.len()].copy_from_slice(part);
            tails.push(padded);
        }
    }
    let count = u8::try_from(calls.len()).unwrap();
    let words = [vec![word(&[32]), word(&[count])], heads, tails].concat();
    call(Some(contract), Amount::ZERO, data([0xac, 0x96, 0x50, 0xd8], &words))
}

fn data(selector: [u8; 4], words: &[[u8; 32]]) -> Vec<u8> {
    [&selector[..], words.as_flattened()].concat()
}

fn word(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(bytes);
    word
}

/// EIP-2612, on ethereum-mainnet.
pub(super) fn permit(spender: EvmAddress, amount: Amount) -> Decoded {
    let fields = json!([
        { "name": "owner", "type": "address" }, { "name": "spender", "type": "address" },
        { "name": "value", "type": "uint256" }, { "name": "nonce", "type": "uint256" },
        { "name": "deadline", "type": "uint256" },
    ]);
    let message = json!({ "owner": OWN.to_string(), "spender": spender.to_string(),
                          "value": amount.to_string(), "nonce": "0", "deadline": "1" });
    signed("Permit", &fields, &message, Some(TOKEN))
}

/// Typed data whose meaning nobody knows.
pub(super) fn typed_data(primary_type: &str, contract: Option<EvmAddress>) -> Decoded {
    let fields = json!([{ "name": "choice", "type": "uint256" }]);
    signed(primary_type, &fields, &json!({ "choice": "1" }), contract)
}

fn signed(
    primary_type: &str,
    fields: &Value,
    message: &Value,
    contract: Option<EvmAddress>,
) -> Decoded {
    let mut domain = json!({ "name": "test", "chainId": 1 });
    let mut domain_fields =
        json!([{ "name": "name", "type": "string" }, { "name": "chainId", "type": "uint256" }]);
    if let Some(contract) = contract {
        domain["verifyingContract"] = json!(contract.to_string());
        let field = json!({ "name": "verifyingContract", "type": "address" });
        domain_fields.as_array_mut().unwrap().push(field);
    }
    let json = json!({
        "types": { "EIP712Domain": domain_fields, primary_type: fields },
        "primaryType": primary_type, "domain": domain, "message": message,
    });
    message::decode_typed_data(&TypedData::from_json(&json).unwrap().to_bytes()).unwrap()
}

/// A call of a program that nobody knows.
pub(super) fn program_call() -> (SolanaAddress, Decoded) {
    let program_id = SolanaAddress([5; 32]);
    let instruction = Instruction { program_id, accounts: Vec::new(), data: vec![1] };
    (program_id, solana_message(instruction))
}

/// A Solana transaction that says something, and does nothing else.
pub(super) fn memo(text: &str) -> Decoded {
    solana_message(solana::memo::memo(text))
}

/// `ApproveChecked` of SPL Token.
pub(super) fn delegate(amount: u64) -> Decoded {
    let account = |byte: u8, is_signer: bool| AccountMeta {
        address: if is_signer { SOLANA } else { SolanaAddress([byte; 32]) },
        is_signer,
        is_writable: !is_signer,
    };
    solana_message(Instruction {
        program_id: token::TokenProgram::Token.address(),
        accounts: vec![account(3, false), account(4, false), account(6, false), account(0, true)],
        data: [&[13][..], &amount.to_le_bytes(), &[6]].concat(),
    })
}

/// The wallet on Solana.
pub(super) const SOLANA: SolanaAddress = SolanaAddress([8; 32]);

/// The wallet pays for somebody's token account.
pub(super) fn opens_account(owner: SolanaAddress) -> Decoded {
    let program = token::TokenProgram::Token;
    solana_message(solana::associated_token::create_idempotent(SOLANA, owner, MINT, program))
}

/// A token on Solana.
pub(super) const MINT: SolanaAddress = SolanaAddress([6; 32]);

/// One of that token, for a token account that exists.
pub(super) fn pays_account(account: SolanaAddress, program: token::TokenProgram) -> Decoded {
    let transfer = token::TransferChecked {
        program,
        source: solana::associated_token::derive(SOLANA, MINT, program),
        mint: MINT,
        destination: account,
        authority: SOLANA,
        amount: 1,
        decimals: 0,
    };
    solana_message(transfer.instruction())
}

fn solana_message(instruction: Instruction) -> Decoded {
    let message = Message::compile(SOLANA, &[instruction], [9; 32], Version::V0).unwrap();
    solana::decode(&message.to_bytes(), SOLANA).unwrap()
}

/// Nothing but gas.
pub(super) fn gas(limit: u64, price: u64) -> Decoded {
    let transaction = Transaction {
        kind: Kind::Legacy { gas_price: price.into() },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: limit,
        to: Some(OTHER),
        value: Amount::ZERO,
        data: Vec::new(),
    };
    evm::decode(&transaction.to_unsigned_bytes(), OWN).unwrap()
}

/// An action of which nobody knows more.
pub(super) fn action(category: Category) -> Action {
    Action {
        category,
        name: "act".to_owned(),
        venue: None,
        market: None,
        asset: None,
        ltv: None,
        leverage: None,
        position: None,
        worth: None,
        spent_in_day: None,
        spent_in_month: None,
    }
}
