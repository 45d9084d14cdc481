//! Calls of contracts and programs, and new contracts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::GasCondition;

/// A call of a contract on an EVM network, or of programs on Solana.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractCall {
    /// `CONTRACT_CALL`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "CONTRACT_CALL")]
    pub kind: Option<String>,
    /// The contract, or the program.
    pub to: String,
    /// EVM: `0x` and the call data. Either this, or `functionName` and what belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calldata: Option<String>,
    /// EVM: the ABI, or as much of it as describes the function. With `calldata` it must have the
    /// function that is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub abi: Option<Vec<serde_json::Value>>,
    /// EVM: a name, or a signature such as `transfer(address,uint256)` where names repeat; may be
    /// left out where the ABI has one function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// EVM: one for each input of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub args: Option<Vec<serde_json::Value>>,
    /// EVM: wei that go along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub value: Option<String>,
    /// Solana: the program, where `to` does not say it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_id: Option<String>,
    /// Solana: what the program reads, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction_data: Option<String>,
    /// Solana: the accounts that the program gets, in its order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<InstructionAccount>>,
    /// Solana: instructions that go before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_instructions: Option<Vec<Instruction>>,
    /// Solana: instructions that come after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_instructions: Option<Vec<Instruction>>,
    /// Solana: lookup tables; the accounts are written out all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_lookup_table_addresses: Option<Vec<String>>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// One call of a Solana program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instruction {
    /// The program.
    pub program_id: String,
    /// What the program reads, in base64.
    pub data: String,
    /// The accounts that the program gets, in its order.
    pub accounts: Vec<InstructionAccount>,
}

/// An account that an instruction uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstructionAccount {
    /// The account.
    pub pubkey: String,
    /// It must sign the transaction.
    pub is_signer: bool,
    /// The program may change it.
    pub is_writable: bool,
}

/// A contract that is created, on an EVM network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractDeploy {
    /// `CONTRACT_DEPLOY`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "CONTRACT_DEPLOY")]
    pub kind: Option<String>,
    /// `0x` and the creation code.
    pub bytecode: String,
    /// `0x` and the arguments of its constructor, as its ABI encodes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constructor_args: Option<String>,
    /// Wei that go along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub value: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}
