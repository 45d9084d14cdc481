//! Typed data of exchanges and account contracts: an order at any price, a transaction of a Safe.

use primitives::{Amount, Chain};
use serde_json::json;

use super::super::dice::Dice;
use super::super::rules::{BOB, Feature, ROUTER, STRANGE_TOKEN, TOKENS};
use super::super::{Class, Fate, Shot, Target};
use super::evm_permits::{Struct, refused, shot, typed};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: a Seaport order", |dice, _| {
        let item = |token, most: Amount| {
            json!({ "itemType": 1, "token": token, "identifierOrCriteria": "0",
                    "startAmount": most, "endAmount": most })
        };
        let mut wanted = item(TOKENS[1], Amount::ZERO);
        wanted["recipient"] = json!(BOB);
        let message = json!({
            "offerer": BOB, "zone": BOB, "offer": [item(TOKENS[0], dice.amount())],
            "consideration": [wanted], "orderType": 0, "startTime": "0", "endTime": "9999999999",
            "zoneHash": zero(), "salt": "1", "conduitKey": zero(), "counter": "0",
        });
        refused(&typed(STRANGE_TOKEN, "OrderComponents", &SEAPORT, message))
    }),
    class("EVM: a 0x order", |dice, _| {
        let message = json!({
            "makerToken": TOKENS[0], "takerToken": TOKENS[1],
            "makerAmount": "340282366920938463463374607431768211455", "takerAmount": "0",
            "takerTokenFeeAmount": "0", "maker": BOB, "taker": BOB, "sender": BOB,
            "feeRecipient": BOB, "pool": zero(), "expiry": "9999999999",
            "salt": dice.throw().to_string(),
        });
        refused(&typed(STRANGE_TOKEN, "LimitOrder", &[LIMIT_ORDER], message))
    }),
    class("EVM: the hash of a Safe's transaction", |dice, _| {
        let message = json!({
            "to": BOB, "value": dice.amount(), "data": "0x", "operation": dice.below(2),
            "safeTxGas": "0", "baseGas": "0", "gasPrice": "0", "gasToken": BOB,
            "refundReceiver": BOB, "nonce": dice.throw().to_string(),
        });
        refused(&typed(STRANGE_TOKEN, "SafeTx", &[SAFE], message))
    }),
    class("EVM: an order of a contract that is not listed", |dice, _| {
        refused(&order(dice, STRANGE_TOKEN, "Pledge"))
    }),
    class("EVM: typed data of another type of a contract that is listed", |dice, _| {
        refused(&order(dice, ROUTER, "Pledges"))
    }),
    class("EVM: a listed type on another network", |dice, _| {
        let mut data = order(dice, ROUTER, "Pledge");
        data["domain"]["chainId"] = json!(10);
        refused(&data)
    }),
    class("EVM: typed data without a contract", |dice, _| {
        let mut data = order(dice, ROUTER, "Pledge");
        data["domain"].as_object_mut().expect("it is one").remove("verifyingContract");
        refused(&data)
    }),
    class("EVM: typed data for a chain of 65 bits", |dice, _| {
        let mut data = order(dice, ROUTER, "Pledge");
        data["domain"]["chainId"] = json!("18446744073709551617");
        shot(&data, vec![], Fate::Refused(super::BYTES))
    }),
];

const ITEM: &str = "uint8 itemType,address token,uint256 identifierOrCriteria,\
                    uint256 startAmount,uint256 endAmount";
const CONSIDERATION: &str = "uint8 itemType,address token,uint256 identifierOrCriteria,\
                             uint256 startAmount,uint256 endAmount,address recipient";
const COMPONENTS: &str = "address offerer,address zone,OfferItem[] offer,\
    ConsiderationItem[] consideration,uint8 orderType,uint256 startTime,uint256 endTime,\
    bytes32 zoneHash,uint256 salt,bytes32 conduitKey,uint256 counter";
const SEAPORT: [Struct; 3] =
    [("OrderComponents", COMPONENTS), ("OfferItem", ITEM), ("ConsiderationItem", CONSIDERATION)];
const LIMIT_ORDER: Struct = (
    "LimitOrder",
    "address makerToken,address takerToken,uint128 makerAmount,uint128 takerAmount,\
     uint128 takerTokenFeeAmount,address maker,address taker,address sender,\
     address feeRecipient,bytes32 pool,uint64 expiry,uint256 salt",
);
const SAFE: Struct = (
    "SafeTx",
    "address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,\
     uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce",
);

fn zero() -> String {
    format!("0x{}", "00".repeat(32))
}

fn order(
    dice: &mut Dice,
    contract: primitives::EvmAddress,
    name: &'static str,
) -> serde_json::Value {
    let message = json!({ "salt": dice.throw().to_string(), "maker": BOB });
    typed(contract, name, &[(name, "uint256 salt,address maker")], message)
}

/// The listed type of the listed contract, which the guard says needs nobody.
fn neighbour(dice: &mut Dice, target: &Target) -> Shot {
    if target.rules.has(Feature::Contracts) {
        shot(&order(dice, ROUTER, "Pledge"), Vec::new(), Fate::Counted)
    } else {
        super::evm_messages::neighbour(dice, target)
    }
}
