//! What tests do on the EVM node without the wallet: fund, deploy, look.

use primitives::{Amount, EvmAddress, decode_hex};
use serde_json::{Value, json};
use txcodec::evm::{erc20, erc721};

use crate::nodes::Node;
use crate::rpc::Rpc;
use crate::wait;

/// `getApproved(uint256)` of ERC-721.
const GET_APPROVED: [u8; 4] = [0x08, 0x18, 0x12, 0xfc];
/// `isApprovedForAll(address,address)` of ERC-721 and ERC-1155.
const IS_APPROVED_FOR_ALL: [u8; 4] = [0xe9, 0x85, 0xe9, 0xc5];

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
        let token = self.deploy("erc20/TestToken.hex");
        let data = hex_bytes(&erc20::transfer(owner, base_units));
        self.send_from_rich(&json!({ "to": token, "data": data }));
        token
    }

    /// Deploys the test collectibles of ERC-721 (`tests/nodes/nft/TestItem.sol`: numbers 0 to 9) and gives
    /// `owner` those of them. The contract's address.
    pub fn deploy_item(&self, owner: EvmAddress, ids: &[u64]) -> EvmAddress {
        let (item, rich) = (self.deploy("nft/TestItem.hex"), self.account(0));
        for id in ids {
            let data = hex_bytes(&erc721::safe_transfer([rich, owner], (*id).into()));
            self.send_from_rich(&json!({ "to": item, "data": data }));
        }
        item
    }

    /// Deploys the test collectibles of ERC-1155 (`tests/nodes/nft/TestItems.sol`: 1,000 each of the
    /// numbers 0 to 9) and gives `owner` so many of one number. The contract's address.
    pub fn deploy_items(&self, owner: EvmAddress, id: u64, amount: u64) -> EvmAddress {
        let (items, rich) = (self.deploy("nft/TestItems.hex"), self.account(0));
        let data = erc721::safe_transfer_of([rich, owner], id.into(), amount.into());
        self.send_from_rich(&json!({ "to": items, "data": hex_bytes(&data) }));
        items
    }

    /// Who has a collectible of ERC-721.
    pub fn owner_of(&self, item: EvmAddress, id: u64) -> EvmAddress {
        erc721::read_owner(&self.ask(item, &erc721::owner_of(id.into()))).unwrap()
    }

    /// Who may take a collectible of ERC-721; the zero address for nobody.
    pub fn approved(&self, item: EvmAddress, id: u64) -> EvmAddress {
        let id = Amount::from(id).to_be_bytes();
        erc721::read_owner(&self.ask(item, &[&GET_APPROVED[..], &id].concat())).unwrap()
    }

    /// How many of a collectible of ERC-1155 somebody has.
    pub fn items_of(&self, items: EvmAddress, owner: EvmAddress, id: u64) -> Amount {
        let answer = self.ask(items, &erc721::balance_of(owner, id.into()));
        erc20::read_amount(&answer).unwrap()
    }

    /// Whether somebody may take all of an owner's collectibles of a contract.
    pub fn is_operator(&self, items: EvmAddress, owner: EvmAddress, operator: EvmAddress) -> bool {
        let words = [[0; 12].as_slice(), &owner.0, &[0; 12], &operator.0].concat();
        let answer = self.ask(items, &[&IS_APPROVED_FOR_ALL[..], &words].concat());
        erc20::read_amount(&answer).unwrap() == Amount::from(1_u64)
    }

    /// Makes no more blocks, so that what is sent waits.
    pub fn hold_blocks(&self) {
        self.rpc.call("evm_setAutomine", &json!([false]));
        self.rpc.call("evm_setIntervalMining", &json!([0]));
    }

    /// Makes a block now.
    pub fn mine(&self) {
        self.rpc.call("evm_mine", &json!([]));
    }

    /// Makes a block a second again.
    pub fn make_blocks(&self) {
        self.rpc.call("evm_setIntervalMining", &json!([1]));
    }

    /// Whether the node has a transaction that is in no block.
    pub fn waits(&self, hash: &str) -> bool {
        let found = self.rpc.call("eth_getTransactionByHash", &json!([hash]));
        !found.is_null() && found["blockNumber"].is_null()
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

    /// Deploys a contract of `tests/nodes`. Its address.
    fn deploy(&self, file: &str) -> EvmAddress {
        let bytecode = std::fs::read_to_string(crate::nodes::directory().join(file));
        let bytecode = format!("0x{}", bytecode.unwrap().replace('\n', ""));
        let receipt = self.send_from_rich(&json!({ "data": bytecode }));
        receipt["contractAddress"].as_str().unwrap().parse().unwrap()
    }

    /// What a contract answers.
    fn ask(&self, contract: EvmAddress, data: &[u8]) -> Vec<u8> {
        let call = json!({ "to": contract, "data": hex_bytes(data) });
        let answer = self.rpc.call("eth_call", &json!([call, "latest"]));
        decode_hex(answer.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
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
