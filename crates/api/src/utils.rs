//! `/v1/utils`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A call of a contract, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EncodeCalldata {
    /// The contract's ABI, or as much of it as describes the function.
    #[schema(value_type = Vec<Object>)]
    pub abi: Vec<serde_json::Value>,
    /// A name, or a signature such as `transfer(address,uint256)` where names repeat.
    pub function_name: String,
    /// One for each input: strings for addresses, bytes (0x…) and large numbers; arrays for arrays
    /// and tuples.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub args: Option<Vec<serde_json::Value>>,
    /// Ignored: the same bytes for every wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
}

/// The call's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncodedCalldata {
    /// `0x`, the selector, the arguments.
    pub calldata: String,
    /// `0x` and the first four bytes.
    pub selector: String,
    /// The function's name.
    pub function_name: String,
}
