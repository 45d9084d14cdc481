//! Every type of order, as clients write it: what is taken on, how it is shown, what is refused.

use super::*;
use crate::store::TokenId;
use crate::store::tokens::Token;

const TO: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const TOKEN: &str = "0x3333333333333333333333333333333333333333";
const ON: &str = "base-sepolia";
/// `transfer(address,uint256)` to nobody of nothing.
const NOTHING: &str = "0xa9059cbb\
                       0000000000000000000000000000000000000000000000000000000000000000\
                       0000000000000000000000000000000000000000000000000000000000000000";

fn abi() -> Value {
    let input = |kind: &str| json!({ "name": "x", "type": kind });
    json!([{ "type": "function", "name": "transfer", "outputs": [], "stateMutability": "nonpayable",
             "inputs": [input("address"), input("uint256")] }])
}

/// A gateway that knows a token.
async fn gateway() -> Gateway {
    let gateway = Gateway::new().await;
    let token = Token {
        id: TokenId::new(&gateway.app.clock),
        network: "eip155:84532".parse().unwrap(),
        address: TOKEN.parse().unwrap(),
        symbol: "USDC".to_owned(),
        name: "USD Coin".to_owned(),
        decimals: 6,
        created_at: START,
    };
    gateway.app.store.write(move |db| db.put_token(&token)).await.unwrap();
    gateway
}

#[tokio::test]
async fn every_type_of_order_is_taken_on_and_shown_as_what_it_is() {
    let gateway = gateway().await;
    let nft = |standard: &str| json!({ "address": TOKEN, "tokenId": "7", "standard": standard });
    let usdc = json!({ "address": TOKEN });
    let part = json!({ "to": TO, "amount": "1" });
    #[rustfmt::skip]
    let rows = [
        // the body but for its network; toAddress, amount, amountFormatted, amountSymbol
        (json!({ "type": "TOKEN_TRANSFER", "to": TO, "amount": "1500000", "token": usdc }), json!([TO, "1500000", "1.5", "USDC"])),
        (json!({ "type": "TOKEN_TRANSFER", "to": TO, "humanAmount": "2", "token": { "assetId": format!("eip155:84532/erc20:{TOKEN}") } }), json!([TO, "2000000", "2", "USDC"])),
        (json!({ "type": "CONTRACT_CALL", "to": TOKEN, "calldata": "0xdeadbeef" }), json!([TOKEN, "0", "0", "ETH"])),
        (json!({ "type": "CONTRACT_CALL", "to": TOKEN, "calldata": NOTHING, "abi": abi(), "value": "1000000000000000000" }), json!([TOKEN, "1000000000000000000", "1", "ETH"])),
        (json!({ "type": "CONTRACT_CALL", "to": TOKEN, "abi": abi(), "functionName": "transfer", "args": [TO, "1"] }), json!([TOKEN, "0", "0", "ETH"])),
        (json!({ "type": "CONTRACT_CALL", "to": TOKEN, "abi": abi(), "args": [TO, "2"] }), json!([TOKEN, "0", "0", "ETH"])),
        (json!({ "type": "CONTRACT_CALL", "to": TOKEN, "value": "5" }), json!([TOKEN, "5", "0.000000000000000005", "ETH"])),
        (json!({ "type": "APPROVE", "spender": TO, "token": usdc, "amount": "0" }), json!([TO, "0", "0", "USDC"])),
        (json!({ "type": "APPROVE", "spender": TO, "token": usdc, "humanAmount": "0.5" }), json!([TO, "500000", "0.5", "USDC"])),
        (json!({ "type": "APPROVE", "spender": TO, "token": usdc, "nft": { "tokenId": "7", "standard": "ERC-721" } }), json!([TO, null, null, null])),
        (json!({ "type": "APPROVE", "spender": TO, "token": usdc, "amount": "0", "nft": { "tokenId": "7", "standard": "ERC-1155" } }), json!([TO, null, null, null])),
        (json!({ "type": "NFT_TRANSFER", "to": TO, "token": nft("ERC-721") }), json!([TO, "1", "1", null])),
        (json!({ "type": "NFT_TRANSFER", "to": TO, "token": nft("erc1155"), "amount": "5" }), json!([TO, "5", "5", null])),
        (json!({ "type": "CONTRACT_DEPLOY", "bytecode": "0x6000", "constructorArgs": "0x01", "value": "0" }), json!([null, "0", "0", "ETH"])),
        (json!({ "type": "BATCH", "instructions": [part, { "spender": TO, "token": usdc, "amount": "1" }] }), json!([null, null, null, null])),
    ];
    for (mut body, shown) in rows {
        body["network"] = json!(ON);
        let answer = gateway.by_agent("POST", "/v1/transactions/send", Some(body.clone())).await;
        assert_eq!(answer.status, 201, "{body}: {answer:?}");
        let path = format!("/v1/transactions/{}", answer.body["id"].as_str().unwrap());
        let found = gateway.by_agent("GET", &path, None).await.body;
        let words = ["toAddress", "amount", "amountFormatted", "amountSymbol"];
        let found_words = words.map(|word| found.get(word).cloned().unwrap_or_default());
        assert_eq!(json!(found_words), shown, "{body}: {found}");
        assert_eq!(found["type"], body["type"]);
        let again = gateway.by_agent("POST", "/v1/transactions/send", Some(body)).await;
        assert_eq!(again.body["id"], answer.body["id"]);
    }
}

#[tokio::test]
async fn an_order_that_contradicts_itself_is_refused_in_words() {
    let gateway = gateway().await;
    let usdc = json!({ "address": TOKEN });
    let call = |more: Value| {
        let mut body = json!({ "type": "CONTRACT_CALL", "to": TOKEN });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let nft = |token_id: &str, standard: &str| {
        let token = json!({ "address": TOKEN, "tokenId": token_id, "standard": standard });
        json!({ "type": "NFT_TRANSFER", "to": TO, "token": token })
    };
    let approve = |amount: Value, nft: Value| json!({ "type": "APPROVE", "spender": TO, "token": usdc, "amount": amount, "nft": nft });
    let item = json!({ "tokenId": "7", "standard": "ERC-721" });
    let parts = |count: usize| vec![json!({ "to": TO, "amount": "1" }); count];
    let other_id = json!({ "address": TOKEN, "tokenId": "7", "standard": "ERC-721",
                           "assetId": format!("eip155:84532/erc721:{TOKEN}/8") });
    let gas = |condition: Value| json!({ "to": TO, "amount": "1", "gasCondition": condition });
    #[rustfmt::skip]
    let rows = [
        (call(json!({ "calldata": "deadbeef" })), "VALIDATION_FAILED", "calldata"),
        (call(json!({ "calldata": "0xdeadbee" })), "VALIDATION_FAILED", "calldata"),
        (call(json!({ "calldata": "0x00", "functionName": "transfer", "abi": abi() })), "VALIDATION_FAILED", "either"),
        (call(json!({ "calldata": "0xdeadbeef", "abi": abi() })), "ABI_ENCODING_FAILED", "0xdeadbeef"),
        (call(json!({ "calldata": "0xa9059cbb00", "abi": abi() })), "ABI_ENCODING_FAILED", "transfer(address,uint256)"),
        (call(json!({ "abi": abi(), "functionName": "approve", "args": [TO, "1"] })), "ABI_ENCODING_FAILED", "approve"),
        (call(json!({ "abi": abi(), "args": [TO] })), "ABI_ENCODING_FAILED", "2 arguments"),
        (call(json!({ "abi": abi(), "args": [TO, "-1"] })), "ABI_ENCODING_FAILED", "argument 2"),
        (call(json!({ "abi": [] })), "ABI_ENCODING_FAILED", "functionName"),
        (call(json!({ "functionName": "transfer", "args": [] })), "VALIDATION_FAILED", "abi"),
        (call(json!({ "value": "-1" })), "VALIDATION_FAILED", "value"),
        (call(json!({ "programId": TOKEN })), "VALIDATION_FAILED", "programId"),
        (call(json!({ "instructionData": "AA==" })), "VALIDATION_FAILED", "instructionData"),
        (call(json!({ "preInstructions": [] })), "VALIDATION_FAILED", "preInstructions"),
        (call(json!({ "to": "x" })), "INVALID_ADDRESS", "to"),
        (approve(json!(null), json!(null)), "VALIDATION_FAILED", "amount"),
        (approve(json!("-1"), json!(null)), "VALIDATION_FAILED", "amount"),
        (approve(json!("5"), item.clone()), "VALIDATION_FAILED", "amount"),
        (approve(json!(null), json!({ "tokenId": "x", "standard": "ERC-721" })), "VALIDATION_FAILED", "tokenId"),
        (approve(json!(null), json!({ "tokenId": "7", "standard": "XLS-20" })), "UNSUPPORTED_NFT_STANDARD", "XLS-20"),
        (nft("7", "METAPLEX"), "UNSUPPORTED_NFT_STANDARD", "METAPLEX"),
        (nft("7", "ERC-20"), "UNSUPPORTED_NFT_STANDARD", "ERC-20"),
        (nft("-7", "ERC-721"), "VALIDATION_FAILED", "tokenId"),
        (nft("", "ERC-721"), "VALIDATION_FAILED", "tokenId"),
        (json!({ "type": "NFT_TRANSFER", "to": TO, "token": other_id }), "VALIDATION_FAILED", "assetId"),
        (json!({ "type": "NFT_TRANSFER", "to": TO, "amount": "0", "token": { "address": TOKEN, "tokenId": "7", "standard": "ERC-1155" } }), "VALIDATION_FAILED", "amount"),
        (json!({ "type": "CONTRACT_DEPLOY", "bytecode": "0x" }), "VALIDATION_FAILED", "bytecode"),
        (json!({ "type": "CONTRACT_DEPLOY", "bytecode": "60" }), "VALIDATION_FAILED", "bytecode"),
        (json!({ "type": "CONTRACT_DEPLOY", "bytecode": "0x60", "constructorArgs": "0x1" }), "VALIDATION_FAILED", "constructorArgs"),
        (json!({ "type": "BATCH", "instructions": parts(1) }), "VALIDATION_FAILED", "two"),
        (json!({ "type": "BATCH", "instructions": parts(21) }), "BATCH_SIZE_EXCEEDED", "20"),
        (json!({ "type": "BATCH", "instructions": [{ "to": TO, "amount": "1" }, { "to": TO, "amount": "0" }] }), "VALIDATION_FAILED", "amount"),
        (gas(json!({})), "VALIDATION_FAILED", "gasCondition"),
        (gas(json!({ "timeout": 60 })), "VALIDATION_FAILED", "maxGasPrice"),
        (gas(json!({ "maxGasPrice": "1", "timeout": 59 })), "VALIDATION_FAILED", "timeout"),
        (gas(json!({ "maxGasPrice": "1", "timeout": 86_401 })), "VALIDATION_FAILED", "timeout"),
        (gas(json!({ "maxGasPrice": "0x1" })), "VALIDATION_FAILED", "maxGasPrice"),
    ];
    for (mut body, code, words) in rows {
        body["network"] = json!(ON);
        for path in ["/v1/transactions/send", "/v1/transactions/simulate"] {
            let answer = gateway.by_agent("POST", path, Some(body.clone())).await;
            assert_eq!((answer.status, answer.code()), (400, code), "{body}: {answer:?}");
            let message = answer.body["message"].as_str().unwrap();
            assert!(message.contains(words), "{body}: {message}");
        }
    }
    let stored = gateway.by_agent("GET", "/v1/transactions", None).await.body;
    assert_eq!(stored["items"], json!([]));
}
