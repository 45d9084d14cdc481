//! Solana against a node that says what the test wants.

mod deeds;
mod expiry;
mod sending;

use txcodec::Effect;
use txcodec::solana::{Message, Version, compute_budget};

use super::*;
use crate::chains::rpc::Waits;
use crate::chains::testing::{FakeNode, Reaction, transfer};
use crate::clock::Clock;
use crate::net::{Endpoint, HttpClient};
use crate::tx::{Deed, Transfer};

const WALLET: SolanaAddress = SolanaAddress([0x11; 32]);
const PEER: SolanaAddress = SolanaAddress([0x22; 32]);
const MINT: SolanaAddress = SolanaAddress([0x33; 32]);
const SYSTEM: SolanaAddress = SolanaAddress([0; 32]);
const HASH: &str =
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW";
const SOL: u64 = 1_000_000_000;

/// The accounts of a small cluster.
type Accounts = BTreeMap<String, Value>;

fn account(program: SolanaAddress, data: &[u8]) -> Value {
    json!({
        "lamports": SOL,
        "owner": program.to_string(),
        "data": [base64(data), "base64"],
        "executable": false,
        "rentEpoch": u64::MAX,
    })
}

fn mint_data(decimals: u8) -> Vec<u8> {
    let mut data = vec![0; 82];
    data[44] = decimals;
    data[45] = 1;
    data
}

fn token_data(owner: SolanaAddress, amount: u64) -> Vec<u8> {
    let mut data = [MINT.0, owner.0].concat();
    data.extend(amount.to_le_bytes());
    data.resize(165, 0);
    data[108] = 1;
    data
}

/// A wallet with one SOL and 1000 base units of a token of six decimals.
fn accounts(program: TokenProgram) -> Accounts {
    let holding = associated_token::derive(WALLET, MINT, program);
    BTreeMap::from([
        (WALLET.to_string(), account(SYSTEM, &[])),
        (MINT.to_string(), account(program.address(), &mint_data(6))),
        (holding.to_string(), account(program.address(), &token_data(WALLET, 1_000))),
    ])
}

/// A devnet node with these accounts where `react` says something, and a usual answer where it
/// does not.
async fn node(
    accounts: Accounts,
    react: impl Fn(&str, &Value) -> Option<Reaction> + Send + Sync + 'static,
) -> FakeNode {
    FakeNode::start(move |method, params| {
        react(method, params).unwrap_or_else(|| usual(&accounts, method, params))
    })
    .await
}

fn usual(accounts: &Accounts, method: &str, params: &Value) -> Reaction {
    let find = |address: &Value| accounts.get(address.as_str().unwrap()).cloned();
    let in_context = |value: Value| json!({"context": {"slot": 500}, "value": value});
    Reaction::Result(match method {
        "getGenesisHash" => json!("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"),
        "getBalance" => in_context(json!(SOL)),
        "getMultipleAccounts" => {
            let asked = params[0].as_array().unwrap().iter();
            in_context(asked.map(|address| find(address).unwrap_or_default()).collect())
        }
        "getLatestBlockhash" => in_context(
            json!({"blockhash": SolanaAddress([9; 32]).to_string(), "lastValidBlockHeight": 650}),
        ),
        "getRecentPrioritizationFees" => json!([{"slot": 1, "prioritizationFee": 0}]),
        "simulateTransaction" => {
            in_context(json!({"err": null, "logs": ["Program log: ok"], "unitsConsumed": 10_000}))
        }
        "getSignatureStatuses" => in_context(json!([null])),
        "getEpochInfo" => json!({"absoluteSlot": 500, "blockHeight": 400}),
        "getFirstAvailableBlock" => json!(0),
        "sendTransaction" => json!(HASH),
        _ => json!(null),
    })
}

fn nothing(_: &str, _: &Value) -> Option<Reaction> {
    None
}

fn answers(method: &'static str, value: Value) -> impl Fn(&str, &Value) -> Option<Reaction> {
    move |asked, _| (asked == method).then(|| Reaction::Result(value.clone()))
}

fn solana(node: &FakeNode) -> Solana {
    solana_of(&[node.endpoint()])
}

fn solana_of(endpoints: &[Endpoint]) -> Solana {
    let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
    let chain_id = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1".parse().unwrap();
    let rpc = Rpc::new("solana-devnet".to_owned(), chain_id, endpoints, tools);
    Solana::new(rpc, Commitment::Confirmed)
}

fn request(asset: Asset, amount: u64) -> DraftRequest {
    DraftRequest {
        from: WALLET.into(),
        deed: Deed::Transfer(transfer(asset, PEER.into(), amount.into())),
        nonce: None,
    }
}

fn effects(draft: &Draft) -> Vec<Effect> {
    txcodec::solana::decode(&draft.unsigned, WALLET).unwrap().effects().to_vec()
}

#[tokio::test]
async fn a_native_transfer_is_drafted_with_the_units_that_it_used() {
    let node = node(accounts(TokenProgram::Token), nothing).await;
    let draft = solana(&node).draft(&request(Asset::Native, 7)).await.unwrap();
    let instructions = [
        compute_budget::set_compute_unit_limit(13_000),
        txcodec::solana::system::transfer(WALLET, PEER, 7),
    ];
    let expected = Message::compile(WALLET, &instructions, [9; 32], Version::V0).unwrap();
    assert_eq!(Message::from_bytes(&draft.unsigned), Ok(expected));
    assert_eq!(draft.fee_ceiling, Amount::from(5_000_u64));
    assert_eq!(draft.last_valid_block_height, Some(650));
    assert_eq!(draft.token_account_rent, None);
    assert_eq!(draft.simulation.logs, ["Program log: ok"]);
}

#[tokio::test]
async fn a_token_transfer_opens_the_recipients_account_where_there_is_none() {
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        let node = node(accounts(program), nothing).await;
        let asked = request(Asset::Token(MINT.into()), 1_000);
        let draft = solana(&node).draft(&asked).await.unwrap();
        let rent = associated_token::rent_ceiling(program);
        assert_eq!(draft.token_account_rent, Some(rent));
        let account = associated_token::derive(PEER, MINT, program);
        let out =
            Effect::TokenOut { token: MINT.into(), to: PEER.into(), amount: 1_000_u64.into() };
        assert_eq!(
            effects(&draft),
            [Effect::Rent { account, owner: Some(PEER), amount: rent }, out]
        );
    }
}

#[tokio::test]
async fn a_token_account_that_is_open_is_used() {
    let program = TokenProgram::Token;
    let mut accounts = accounts(program);
    let open = associated_token::derive(PEER, MINT, program);
    accounts.insert(open.to_string(), account(program.address(), &token_data(PEER, 0)));
    let node = node(accounts, nothing).await;
    let asked = request(Asset::Token(MINT.into()), 1);
    let draft = solana(&node).draft(&asked).await.unwrap();
    assert_eq!(draft.token_account_rent, None);
    assert_eq!(effects(&draft).len(), 1);
}

#[tokio::test]
async fn a_token_account_that_was_given_away_is_not_paid_into() {
    let program = TokenProgram::Token;
    let mut accounts = accounts(program);
    let open = associated_token::derive(PEER, MINT, program);
    accounts.insert(open.to_string(), account(program.address(), &token_data(SYSTEM, 0)));
    let node = node(accounts, nothing).await;
    let error = solana(&node).draft(&request(Asset::Token(MINT.into()), 1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the recipient's token account belongs to somebody else");
}

#[tokio::test]
async fn a_memo_goes_along() {
    let node = node(accounts(TokenProgram::Token), nothing).await;
    let solana = solana(&node);
    let memo = |text: &str| {
        let transfer = transfer(Asset::Native, PEER.into(), 7_u64.into());
        let deed = Deed::Transfer(Transfer { memo: Some(text.to_owned()), ..transfer });
        DraftRequest { deed, ..request(Asset::Native, 7) }
    };
    let draft = solana.draft(&memo("rent")).await.unwrap();
    assert_eq!(effects(&draft).last(), Some(&Effect::Memo { text: "rent".to_owned() }));
    assert!(solana.draft(&memo(&"x".repeat(513))).await.is_err());
}

#[tokio::test]
async fn the_priority_fee_follows_the_market_up_to_a_limit() {
    for (fees, expected) in [
        (json!([]), 5_000_u64),
        (json!([{"prioritizationFee": 100_000}]), 5_000 + 1_300),
        (json!([{"prioritizationFee": u64::MAX}]), 5_000 + 100_000),
    ] {
        let react = answers("getRecentPrioritizationFees", fees);
        let node = node(accounts(TokenProgram::Token), react).await;
        let draft = solana(&node).draft(&request(Asset::Native, 7)).await.unwrap();
        assert_eq!(draft.fee_ceiling, Amount::from(expected));
        let asked = json!([[WALLET.to_string(), PEER.to_string()]]);
        assert!(node.questions().contains(&("getRecentPrioritizationFees".to_owned(), asked)));
    }
}

#[tokio::test]
async fn a_node_that_knows_no_priority_fees_is_asked_for_none() {
    let react = |method: &str, _: &Value| {
        (method == "getRecentPrioritizationFees")
            .then_some(Reaction::Error(-32601, "Method not found"))
    };
    let node = node(accounts(TokenProgram::Token), react).await;
    let draft = solana(&node).draft(&request(Asset::Native, 7)).await.unwrap();
    assert_eq!(draft.fee_ceiling, Amount::from(5_000_u64));
}

#[tokio::test]
async fn a_transfer_that_the_wallet_cannot_pay_is_refused_before_anything_is_signed() {
    let token = Asset::Token(MINT.into());
    let nobody = Asset::Token(SolanaAddress([0x44; 32]).into());
    let other = |asset, to, amount| {
        let deed = Deed::Transfer(transfer(asset, to, amount));
        DraftRequest { deed, ..request(Asset::Native, 0) }
    };
    for (request, code) in [
        (request(Asset::Native, SOL + 1), "INSUFFICIENT_BALANCE"),
        (request(Asset::Native, SOL - 4_999), "INSUFFICIENT_FOR_FEE"),
        (request(token, 1_001), "INSUFFICIENT_TOKEN_BALANCE"),
        (request(nobody, 1), "TOKEN_NOT_FOUND"),
        (other(Asset::Native, PEER.into(), Amount::MAX), "INVALID_TRANSACTION"),
        (other(token, MINT.into(), 1_u64.into()), "INVALID_TRANSACTION"),
    ] {
        let node = node(accounts(TokenProgram::Token), nothing).await;
        let error = solana(&node).draft(&request).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn a_transfer_that_would_fail_is_refused_with_the_programs_words() {
    let failed = json!({"context": {"slot": 1}, "value": {
        "err": {"InstructionError": [1, {"Custom": 1}]},
        "logs": ["Program log: Error: insufficient funds", "Program x failed"],
        "unitsConsumed": 900,
    }});
    let node = node(accounts(TokenProgram::Token), answers("simulateTransaction", failed)).await;
    let error = solana(&node).draft(&request(Asset::Native, 7)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the transaction would fail: {"InstructionError":[1,{"Custom":1}]}: insufficient funds"#
    );
}

#[tokio::test]
async fn a_simulation_without_its_blockhash_says_so() {
    let stale = json!({"context": {"slot": 1}, "value": {"err": "BlockhashNotFound"}});
    let node = node(accounts(TokenProgram::Token), answers("simulateTransaction", stale)).await;
    let solana = solana(&node);
    assert_eq!(solana.simulate(&[1]).await, Err(ChainError::BlockhashExpired));
    let drafted = solana.draft(&request(Asset::Native, 7)).await;
    assert_eq!(drafted, Err(ChainError::NodeBehind), "it was given out a moment ago");
}

#[tokio::test]
async fn a_balance_is_that_of_the_account_that_pays() {
    let node = node(accounts(TokenProgram::Token2022), nothing).await;
    let solana = solana(&node);
    assert_eq!(solana.balance(WALLET).await, Ok(Amount::from(SOL)));
    assert_eq!(solana.token_balance(WALLET, MINT).await, Ok(Amount::from(1_000_u64)));
    assert_eq!(solana.token_balance(PEER, MINT).await, Ok(Amount::ZERO));
    let decimals = solana.token_metadata(MINT).await.map(|metadata| metadata.decimals);
    assert_eq!(decimals, Ok(6));
    let error = solana.token_metadata(WALLET).await.unwrap_err();
    assert_eq!(error.code(), "TOKEN_NOT_FOUND");
}

#[tokio::test]
async fn one_node_alone_does_not_say_how_a_token_is_counted() {
    let says = |decimals: u8| {
        let mint = account(TokenProgram::Token.address(), &mint_data(decimals));
        node(BTreeMap::from([(MINT.to_string(), mint)]), nothing)
    };
    for (words, expected) in [
        (vec![6], Ok(6)),
        (vec![6, 6], Ok(6)),
        (vec![36, 6, 6], Ok(6)),
        (vec![36, 6], Err("RPC_DISAGREEMENT")),
    ] {
        let mut nodes = Vec::new();
        for decimals in &words {
            nodes.push(says(*decimals).await);
        }
        let endpoints: Vec<_> = nodes.iter().map(FakeNode::endpoint).collect();
        let metadata = solana_of(&endpoints).token_metadata(MINT).await;
        let found = metadata.map(|metadata| metadata.decimals);
        assert_eq!(found.map_err(|error| error.code()), expected, "{words:?}");
    }
}

#[tokio::test]
async fn assets_are_added_up_over_the_token_accounts() {
    let program = TokenProgram::Token;
    let entry = |amount| json!({"pubkey": "x", "account": account(program.address(), &token_data(WALLET, amount))});
    let held = json!({"value": [entry(1), entry(2)]});
    let node = node(accounts(program), move |method, params| {
        let is_token = params[1]["programId"] == json!(program.address().to_string());
        (method == "getTokenAccountsByOwner")
            .then(|| Reaction::Result(if is_token { held.clone() } else { json!({"value": []}) }))
    })
    .await;
    let native = Balance { asset: Asset::Native, amount: SOL.into(), decimals: None };
    let asset = Asset::Token(MINT.into());
    let token = Balance { asset, amount: 3_u64.into(), decimals: Some(6) };
    assert_eq!(solana(&node).assets(WALLET).await, Ok(vec![native, token]));
}

#[tokio::test]
async fn token_accounts_of_somebody_else_are_no_answer() {
    let theirs = account(TokenProgram::Token.address(), &token_data(PEER, 1));
    let react = answers("getTokenAccountsByOwner", json!({"value": [{"account": theirs}]}));
    let node = node(accounts(TokenProgram::Token), react).await;
    let error = solana(&node).assets(WALLET).await.unwrap_err();
    assert_eq!(error.code(), "RPC_INVALID_RESPONSE");
}

fn status(commitment: &str, err: &Value) -> Value {
    json!({"context": {"slot": 500}, "value": [{
        "slot": 480, "confirmations": 1, "err": err, "confirmationStatus": commitment,
    }]})
}

#[tokio::test]
async fn an_outcome_needs_a_confirmed_block() {
    let custom = json!("InsufficientFundsForFee");
    let failed = Outcome::Failed { reason: "InsufficientFundsForFee".to_owned() };
    for (commitment, err, expected) in [
        ("processed", json!(null), Some(Outcome::Pending)),
        ("processed", custom.clone(), Some(Outcome::Pending)),
        ("confirmed", json!(null), Some(Outcome::Confirmed)),
        ("finalized", json!(null), Some(Outcome::Confirmed)),
        ("confirmed", custom, Some(failed)),
        ("certain", json!(null), None),
    ] {
        let react = answers("getSignatureStatuses", status(commitment, &err));
        let node = node(Accounts::new(), react).await;
        assert_eq!(solana(&node).outcome(HASH, Some(1)).await.ok(), expected);
    }
}
