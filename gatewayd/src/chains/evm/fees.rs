//! What gas costs now.

use primitives::Amount;
use serde_json::json;
use txcodec::evm::Kind;

use crate::chains::ChainError;
use crate::chains::answer::{Part, read};
use crate::chains::rpc::{Rpc, RpcError};

/// Prices of one unit of gas, in wei.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fees {
    /// What a transaction offers.
    pub(super) kind: Kind,
    /// What it will most likely pay.
    pub(super) estimate: Amount,
}

impl Fees {
    /// By EIP-1559 twice the base fee, which lasts for six full blocks, and the usual tip; the
    /// node's gas price on a chain without a base fee.
    pub(super) async fn now(rpc: &Rpc) -> Result<Self, ChainError> {
        if let Some(base_fee) = base_fee(rpc).await? {
            return Self::dynamic(base_fee, tip(rpc, base_fee).await?);
        }
        let gas_price = gas_price(rpc).await?;
        Ok(Self { kind: Kind::Legacy { gas_price }, estimate: gas_price })
    }

    fn dynamic(base_fee: Amount, tip: Amount) -> Result<Self, ChainError> {
        let estimate = base_fee.checked_add(tip);
        let max_fee_per_gas = estimate.and_then(|estimate| estimate.checked_add(base_fee));
        let (Some(estimate), Some(max_fee_per_gas)) = (estimate, max_fee_per_gas) else {
            return Err(ChainError::Invalid("the node's gas price is above 256 bits"));
        };
        let kind = Kind::DynamicFee {
            max_fee_per_gas,
            max_priority_fee_per_gas: tip,
            access_list: Vec::new(),
        };
        Ok(Self { kind, estimate })
    }
}

async fn base_fee(rpc: &Rpc) -> Result<Option<Amount>, ChainError> {
    let read = |block: Part<'_>| {
        block.field("number")?.small_quantity()?;
        block.optional("baseFeePerGas").map(Part::quantity).transpose()
    };
    rpc.ask("eth_getBlockByNumber", json!(["latest", false]), read).await
}

/// The node's suggestion; where it has none, what its gas price is above the base fee.
async fn tip(rpc: &Rpc, base_fee: Amount) -> Result<Amount, ChainError> {
    match rpc.call("eth_maxPriorityFeePerGas", json!([]), read::quantity).await {
        Ok(tip) => Ok(tip),
        Err(RpcError::Node(_)) => Ok(gas_price(rpc).await?.saturating_sub(base_fee)),
        Err(RpcError::Chain(error)) => Err(error),
    }
}

async fn gas_price(rpc: &Rpc) -> Result<Amount, ChainError> {
    rpc.ask("eth_gasPrice", json!([]), read::quantity).await
}
