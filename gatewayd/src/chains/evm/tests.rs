//! EVM chains against a node that says what the test wants.

use primitives::{decode_hex, encode_hex};
use txcodec::evm::Kind;

use super::*;
use crate::chains::rpc::Waits;
use crate::chains::testing::{FakeNode, Reaction, transfer};
use crate::clock::Clock;
use crate::config::{Finality, Transactions};
use crate::net::{Endpoint, HttpClient};
use crate::tx::Deed;

pub(super) const WALLET: EvmAddress = EvmAddress([0x11; 20]);
pub(super) const PEER: EvmAddress = EvmAddress([0x22; 20]);
pub(super) const TOKEN: EvmAddress = EvmAddress([0x33; 20]);
const HASH: &str = "0x88df016429689c079f3b2f6ad39fa052532c56795b733da78a91ebe6a713944b";
const GWEI: u64 = 1_000_000_000;
const ETHER: u64 = 1_000_000_000 * GWEI;

/// A node of chain 1 where `react` says something, and a usual answer where it does not.
pub(super) async fn node(
    react: impl Fn(&str, &Value) -> Option<Reaction> + Send + Sync + 'static,
) -> FakeNode {
    FakeNode::start(move |method, params| {
        react(method, params).unwrap_or_else(|| usual(method, params))
    })
    .await
}

fn usual(method: &str, params: &Value) -> Reaction {
    Reaction::Result(match method {
        "eth_chainId" => json!("0x1"),
        "eth_getBalance" => json!(format!("{ETHER:#x}")),
        "eth_getTransactionCount" => json!("0x5"),
        "eth_getBlockByNumber" => {
            json!({"number": "0x64", "baseFeePerGas": format!("{:#x}", 10 * GWEI)})
        }
        "eth_maxPriorityFeePerGas" => json!(format!("{GWEI:#x}")),
        "eth_gasPrice" => json!(format!("{:#x}", 12 * GWEI)),
        "eth_estimateGas" => json!("0x5208"),
        "eth_blockNumber" => json!("0x64"),
        "eth_call" if params[0]["data"] == json!(hex(&erc20::decimals())) => json!(word(6)),
        "eth_call" => json!(word(1_000)),
        _ => json!(null),
    })
}

pub(super) fn word(value: u64) -> String {
    format!("{value:#066x}")
}

pub(super) fn evm_with(node: &FakeNode, confirmations: u32) -> Evm {
    evm_over(&[node.endpoint()], confirmations)
}

fn evm_over(endpoints: &[Endpoint], confirmations: u32) -> Evm {
    let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
    let chain_id = "eip155:1".parse().unwrap();
    let rpc = Rpc::new("ethereum-mainnet".to_owned(), chain_id, endpoints, tools);
    let confirmations = NonZeroU32::new(confirmations).unwrap();
    let settings = Transactions { evm_confirmations: confirmations, ..Transactions::default() };
    Evm::new(rpc, NonZeroU64::MIN, &settings)
}

fn request(asset: Asset, amount: u64) -> DraftRequest {
    DraftRequest {
        from: WALLET.into(),
        deed: Deed::Transfer(transfer(asset, PEER.into(), amount.into())),
        nonce: None,
    }
}

fn answers(method: &'static str, value: Value) -> impl Fn(&str, &Value) -> Option<Reaction> {
    move |asked, _| (asked == method).then(|| Reaction::Result(value.clone()))
}

fn refuses(
    method: &'static str,
    code: i64,
    message: &'static str,
) -> impl Fn(&str, &Value) -> Option<Reaction> {
    move |asked, _| (asked == method).then_some(Reaction::Error(code, message))
}

#[tokio::test]
async fn a_native_transfer_is_drafted_with_the_fees_of_now() {
    let node = node(|_, _| None).await;
    let draft = evm_with(&node, 1).draft(&request(Asset::Native, 7)).await.unwrap();
    let transaction = Transaction::from_unsigned_bytes(&draft.unsigned).unwrap();
    assert_eq!(
        transaction,
        Transaction {
            kind: Kind::DynamicFee {
                max_fee_per_gas: (21 * GWEI).into(),
                max_priority_fee_per_gas: GWEI.into(),
                access_list: vec![],
            },
            chain_id: NonZeroU64::MIN,
            nonce: 5,
            gas_limit: 25_200,
            to: Some(PEER),
            value: 7_u64.into(),
            data: vec![],
        }
    );
    assert_eq!(draft.fee_ceiling, Amount::from(25_200 * 21 * GWEI));
    assert_eq!(draft.fee_estimate, Amount::from(21_000 * 11 * GWEI));
    let decoded = txcodec::evm::decode(&draft.unsigned, WALLET).unwrap();
    assert_eq!(decoded.fee_ceiling(), draft.fee_ceiling);
}

#[tokio::test]
async fn a_token_transfer_calls_the_token() {
    let node = node(|_, _| None).await;
    let asked = DraftRequest { nonce: Some(9), ..request(Asset::Token(TOKEN.into()), 1_000) };
    let draft = evm_with(&node, 1).draft(&asked).await.unwrap();
    let transaction = Transaction::from_unsigned_bytes(&draft.unsigned).unwrap();
    assert_eq!((transaction.to, transaction.value), (Some(TOKEN), Amount::ZERO));
    assert_eq!(transaction.data, erc20::transfer(PEER, 1_000_u64.into()));
    assert_eq!(transaction.nonce, 9);
    assert!(!node.methods().contains(&"eth_getTransactionCount".to_owned()));
}

#[tokio::test]
async fn a_chain_without_a_base_fee_gets_a_legacy_transaction() {
    let node = node(answers("eth_getBlockByNumber", json!({"number": "0x1"}))).await;
    let draft = evm_with(&node, 1).draft(&request(Asset::Native, 7)).await.unwrap();
    let transaction = Transaction::from_unsigned_bytes(&draft.unsigned).unwrap();
    assert_eq!(transaction.kind, Kind::Legacy { gas_price: (12 * GWEI).into() });
}

#[tokio::test]
async fn without_a_suggested_tip_the_gas_price_says_it() {
    let node = node(refuses("eth_maxPriorityFeePerGas", -32601, "method not found")).await;
    let draft = evm_with(&node, 1).draft(&request(Asset::Native, 7)).await.unwrap();
    assert_eq!(draft.fee_ceiling, Amount::from(25_200 * 22 * GWEI));
}

#[tokio::test]
async fn a_transfer_that_the_wallet_cannot_pay_is_refused_before_anything_is_signed() {
    let token = Asset::Token(TOKEN.into());
    let fee = 25_200 * 21 * GWEI;
    let amount = |value: u64| Amount::from(value);
    for (request, expected) in [
        (
            request(Asset::Native, ETHER + 1),
            ChainError::InsufficientBalance { needed: amount(ETHER + 1), available: amount(ETHER) },
        ),
        (
            request(Asset::Native, ETHER - fee + 1),
            ChainError::InsufficientForFee { needed: amount(fee), available: amount(fee - 1) },
        ),
        (
            request(token, 1_001),
            ChainError::InsufficientTokenBalance {
                needed: amount(1_001),
                available: amount(1_000),
            },
        ),
    ] {
        let node = node(|_, _| None).await;
        assert_eq!(evm_with(&node, 1).draft(&request).await, Err(expected));
    }
    let node = node(|_, _| None).await;
    assert!(evm_with(&node, 1).draft(&request(Asset::Native, ETHER - fee)).await.is_ok());
}

#[tokio::test]
async fn a_transfer_that_would_fail_is_refused_with_the_contracts_words() {
    let node = node(refuses("eth_estimateGas", 3, "execution reverted: paused")).await;
    let error = evm_with(&node, 1).draft(&request(Asset::Native, 7)).await.unwrap_err();
    let reason = "execution reverted: paused".to_owned();
    assert_eq!(error, ChainError::ExecutionFailed { reason, logs: vec![] });
}

#[tokio::test]
async fn what_an_address_holds_of_a_token_must_be_one_word() {
    for (answer, expected) in [
        (json!(word(5)), Some(Amount::from(5_u64))),
        (json!(format!("0x{}", "f".repeat(64))), Some(Amount::MAX)),
        (json!("0x"), None),
        (json!("0x05"), None),
        (json!(format!("{}00", word(5))), None),
    ] {
        let node = node(answers("eth_call", answer)).await;
        let balance = evm_with(&node, 1).token_balance(WALLET, TOKEN).await;
        assert_eq!(balance.as_ref().ok().copied(), expected);
        assert!(expected.is_some() || matches!(balance, Err(ChainError::NotAToken { .. })));
    }
}

#[tokio::test]
async fn a_token_says_its_decimals_and_need_not_say_its_name() {
    let symbol = format!("0x{}{}{:0<64}", &word(32)[2..], &word(4)[2..], encode_hex(b"USDC"));
    let node = node(move |method, params| {
        let data = params[0]["data"].as_str().unwrap_or_default();
        match (method, decode_hex(data.trim_start_matches("0x")).unwrap_or_default()) {
            ("eth_call", data) if data == erc20::symbol() => Some(Reaction::Result(json!(symbol))),
            ("eth_call", data) if data == erc20::name() => Some(Reaction::Error(3, "reverted")),
            _ => None,
        }
    })
    .await;
    let metadata = evm_with(&node, 1).token_metadata(TOKEN).await.unwrap();
    let symbol = Some("USDC".to_owned());
    assert_eq!(metadata, TokenMetadata { address: TOKEN.into(), decimals: 6, symbol, name: None });
}

#[tokio::test]
async fn one_node_alone_does_not_say_how_a_token_is_counted() {
    let says = |decimals: u64| answers("eth_call", json!(word(decimals)));
    let disagree = |words: &[u64]| (words.to_vec(), Err("RPC_DISAGREEMENT"));
    for (words, expected) in [
        (vec![6], Ok(6)),
        (vec![6, 6], Ok(6)),
        (vec![36, 6, 6], Ok(6)),
        (vec![6, 36, 6], Ok(6)),
        disagree(&[36, 6]),
        disagree(&[36, 6, 18]),
    ] {
        let mut nodes = Vec::new();
        for decimals in &words {
            nodes.push(node(says(*decimals)).await);
        }
        let endpoints: Vec<_> = nodes.iter().map(FakeNode::endpoint).collect();
        let metadata = evm_over(&endpoints, 1).token_metadata(TOKEN).await;
        let found = metadata.map(|metadata| metadata.decimals);
        assert_eq!(found.map_err(|error| error.code()), expected, "{words:?}");
    }
}

#[tokio::test]
async fn an_address_without_decimals_is_no_token() {
    for answer in [json!("0x"), json!(word(256)), json!(word(37))] {
        let node = node(answers("eth_call", answer)).await;
        let metadata = evm_with(&node, 1).token_metadata(TOKEN).await;
        assert!(matches!(metadata, Err(ChainError::NotAToken { .. })));
    }
}

#[tokio::test]
async fn assets_are_the_coin_and_those_addresses_that_are_tokens() {
    let node = node(move |method, params| {
        let broken = method == "eth_call" && params[0]["to"] == json!(PEER.to_string());
        broken.then(|| Reaction::Result(json!("0x")))
    })
    .await;
    let assets = evm_with(&node, 1).assets(WALLET, &[TOKEN, PEER]).await.unwrap();
    let balance = |asset, amount: u64| Balance { asset, amount: amount.into(), decimals: None };
    let token = balance(Asset::Token(TOKEN.into()), 1_000);
    assert_eq!(assets, [balance(Asset::Native, ETHER), token]);
}

#[tokio::test]
async fn sending_the_same_bytes_again_is_no_error() {
    for (reaction, known, expected) in [
        (Reaction::Result(json!(HASH)), false, Ok(())),
        (Reaction::Result(json!(HASH.to_uppercase().replace('X', "x"))), false, Ok(())),
        (Reaction::Error(-32000, "already known"), false, Ok(())),
        (Reaction::Error(-32000, "nonce too low"), true, Ok(())),
        (Reaction::Error(-32000, "nonce too low"), false, Err("NONCE_TOO_LOW")),
        (
            Reaction::Error(-32000, "replacement transaction underpriced"),
            false,
            Err("NONCE_ALREADY_USED"),
        ),
        (Reaction::Error(-32000, "transaction underpriced"), false, Err("GAS_PRICE_TOO_LOW")),
        (Reaction::Error(-32000, "intrinsic gas too low"), false, Err("INVALID_TRANSACTION")),
        (Reaction::Result(json!(word(1))), false, Err("RPC_INVALID_RESPONSE")),
    ] {
        let node = node(move |method, _| match method {
            "eth_sendRawTransaction" => Some(reaction.clone()),
            "eth_getTransactionByHash" if known => Some(Reaction::Result(json!({"hash": HASH}))),
            _ => None,
        })
        .await;
        let sent = evm_with(&node, 1).broadcast(&[1, 2], HASH).await;
        assert_eq!(sent.map_err(|error| error.code()), expected);
    }
}

fn receipt(hash: &str, block: u64, status: &str) -> Value {
    json!({"transactionHash": hash, "blockNumber": format!("{block:#x}"), "status": status})
}

#[tokio::test]
async fn an_outcome_is_what_the_receipt_says_once_it_has_its_confirmations() {
    let failed = Outcome::Failed { reason: "reverted in block 100".to_owned() };
    for (receipt, confirmations, expected) in [
        (receipt(HASH, 100, "0x1"), 1, Some(Outcome::Confirmed)),
        (receipt(HASH, 100, "0x1"), 2, Some(Outcome::Included)),
        (receipt(HASH, 99, "0x1"), 2, Some(Outcome::Confirmed)),
        (receipt(HASH, 101, "0x1"), 2, Some(Outcome::Included)),
        (receipt(HASH, 100, "0x0"), 1, Some(failed)),
        (receipt(HASH, 100, "0x2"), 1, None),
        (receipt(&word(1), 100, "0x1"), 1, None),
        (json!({"transactionHash": HASH, "blockNumber": "0x1"}), 1, None),
    ] {
        let node = node(answers("eth_getTransactionReceipt", receipt)).await;
        assert_eq!(evm_with(&node, confirmations).outcome(HASH).await.ok(), expected);
    }
}

#[tokio::test]
async fn an_outcome_waits_for_the_block_that_the_settings_name() {
    for (finality, tag, reached, expected) in [
        (Finality::Latest, "latest", 0, Outcome::Confirmed),
        (Finality::Safe, "safe", 99, Outcome::Included),
        (Finality::Safe, "safe", 100, Outcome::Confirmed),
        (Finality::Finalized, "finalized", 99, Outcome::Included),
        (Finality::Finalized, "finalized", 100, Outcome::Confirmed),
    ] {
        let node = node(move |method, params| match method {
            "eth_getTransactionReceipt" => Some(Reaction::Result(receipt(HASH, 100, "0x1"))),
            "eth_getBlockByNumber" if params[0] == tag => {
                Some(Reaction::Result(json!({"number": format!("{reached:#x}")})))
            }
            _ => None,
        })
        .await;
        let evm = Evm { finality, ..evm_with(&node, 1) };
        assert_eq!(evm.outcome(HASH).await, Ok(expected), "{finality:?} {reached}");
    }
}

#[tokio::test]
async fn without_a_receipt_the_transaction_waits_or_is_not_known() {
    for (answer, expected) in [
        (json!(null), Ok(Outcome::Unknown)),
        (json!({"hash": HASH}), Ok(Outcome::Pending)),
        (json!({"hash": word(1)}), Err("RPC_INVALID_RESPONSE")),
    ] {
        let node = node(answers("eth_getTransactionByHash", answer)).await;
        let outcome = evm_with(&node, 1).outcome(HASH).await;
        assert_eq!(outcome.map_err(|error| error.code()), expected);
    }
}

#[tokio::test]
async fn a_simulation_that_fails_is_an_answer() {
    let node = node(|_, _| None).await;
    let evm = evm_with(&node, 1);
    let unsigned = evm.draft(&request(Asset::Native, 7)).await.unwrap().unsigned;
    assert_eq!(evm.simulate(WALLET, &unsigned).await, Ok(went_through(21_000)));

    let node = self::node(refuses("eth_estimateGas", 3, "execution reverted")).await;
    let simulation = evm_with(&node, 1).simulate(WALLET, &unsigned).await.unwrap();
    assert_eq!(simulation.failure.as_deref(), Some("execution reverted"));
    assert!(evm_with(&node, 1).simulate(WALLET, &[0xc0]).await.is_err());
}

#[test]
fn quantities_are_written_without_leading_zeros() {
    for (amount, text) in [(0_u64, "0x0"), (1, "0x1"), (256, "0x100")] {
        assert_eq!(quantity(amount.into()), text);
    }
    assert_eq!(quantity(Amount::MAX).len(), 66);
}
