//! What tests do on the EVM node without the wallet: fund, deploy, look.

use primitives::{Amount, EvmAddress, decode_hex};
use serde_json::{Value, json};
use txcodec::evm::erc20;

use crate::nodes::Node;
use crate::rpc::Rpc;
use crate::wait;

/// An EVM node and a client of it.
#[derive(Debug)]
pub struct Evm {
    /// The node.
    pub node: Node,
    rpc: Rpc,
}

impl Evm {
    /// Starts a node with this chain id.
    pub fn start(chain_id: u64) -> Self {
        let node = Node::anvil(chain_id);
        let rpc = Rpc::new(node.port);
        Self { node, rpc }
    }

    /// Gives an address so many wei.
    pub fn fund(&self, address: EvmAddress, wei: Amount) {
        self.rpc.call("anvil_setBalance", &json!([address, hex(wei)]));
    }

    /// What an address has, in wei.
    pub fn balance(&self, address: EvmAddress) -> Amount {
        amount(&self.rpc.call("eth_getBalance", &json!([address, "latest"])))
    }

    /// How many transactions an address has sent, as the blocks have them.
    pub fn nonce(&self, address: EvmAddress) -> Amount {
        amount(&self.rpc.call("eth_getTransactionCount", &json!([address, "latest"])))
    }

    /// The same, with those that are in no block yet.
    pub fn nonce_with_pending(&self, address: EvmAddress) -> Amount {
        amount(&self.rpc.call("eth_getTransactionCount", &json!([address, "pending"])))
    }

    /// Deploys the test token (`tests/nodes/erc20/TestToken.sol`: 6 decimals) and gives `owner` so
    /// many base units. Its address.
    pub fn deploy_token(&self, owner: EvmAddress, base_units: Amount) -> EvmAddress {
        let bytecode =
            std::fs::read_to_string(crate::nodes::directory().join("erc20/TestToken.hex"));
        let bytecode = format!("0x{}", bytecode.unwrap().replace('\n', ""));
        let receipt = self.send_from_rich(&json!({ "data": bytecode }));
        let token = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
        let data = hex_bytes(&erc20::transfer(owner, base_units));
        self.send_from_rich(&json!({ "to": token, "data": data }));
        token
    }

    /// What an address has of a token, in base units.
    pub fn token_balance(&self, token: EvmAddress, owner: EvmAddress) -> Amount {
        let call = json!({ "to": token, "data": hex_bytes(&erc20::balance_of(owner)) });
        amount(&self.rpc.call("eth_call", &json!([call, "latest"])))
    }

    /// The receipt of a transaction, once it is mined.
    pub fn receipt(&self, hash: &str) -> Value {
        wait::until("a receipt", || {
            let receipt = self.rpc.call("eth_getTransactionReceipt", &json!([hash]));
            (!receipt.is_null()).then_some(receipt)
        })
    }

    /// One of the node's own accounts, whose keys it holds.
    pub fn account(&self, number: usize) -> EvmAddress {
        self.rpc.call("eth_accounts", &json!([]))[number].as_str().unwrap().parse().unwrap()
    }

    /// A text as one of the node's accounts signs it, by EIP-191: `0x` and 65 bytes.
    pub fn sign_text(&self, account: EvmAddress, text: &str) -> String {
        let signed = self.rpc.call("eth_sign", &json!([account, hex_bytes(text.as_bytes())]));
        signed.as_str().unwrap().to_owned()
    }

    /// Typed data (EIP-712) as one of the node's accounts signs it.
    pub fn sign_typed_data(&self, account: EvmAddress, data: &Value) -> String {
        let signed = self.rpc.call("eth_signTypedData_v4", &json!([account, data]));
        signed.as_str().unwrap().to_owned()
    }

    /// The node's own account, which has plenty, sends a transaction.
    fn send_from_rich(&self, fields: &Value) -> Value {
        let rich = self.rpc.call("eth_accounts", &json!([]))[0].clone();
        let mut transaction = fields.clone();
        transaction["from"] = rich;
        let hash = self.rpc.call("eth_sendTransaction", &json!([transaction]));
        let receipt = self.receipt(hash.as_str().unwrap());
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }
}

/// A quantity of Ethereum's JSON-RPC.
fn amount(quantity: &Value) -> Amount {
    let digits = quantity.as_str().unwrap().strip_prefix("0x").unwrap();
    let bytes = decode_hex(&format!("{digits:0>64}")).unwrap();
    Amount::from_be_bytes(bytes.try_into().unwrap())
}

fn hex(amount: Amount) -> String {
    let digits = primitives::encode_hex(&amount.to_be_bytes());
    format!("0x{:0>1}", digits.trim_start_matches('0'))
}

fn hex_bytes(bytes: &[u8]) -> String {
    format!("0x{}", primitives::encode_hex(bytes))
}
