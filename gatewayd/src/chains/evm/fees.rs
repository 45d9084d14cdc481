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
    /// By EIP-1559 twice the base fee, which lasts for five full blocks, and the tip that the node
    /// suggests, or what its gas price is above the base fee; that price on a chain without one.
    pub(super) async fn now(rpc: &Rpc) -> Result<Self, ChainError> {
        let (base_fee, tip) = tokio::try_join!(base_fee(rpc), suggested_tip(rpc))?;
        match (base_fee, tip) {
            (Some(base_fee), Some(tip)) => Self::dynamic(base_fee, tip),
            (Some(base_fee), None) => {
                let tip = gas_price(rpc).await?.saturating_sub(base_fee);
                Self::dynamic(base_fee, tip)
            }
            (None, _) => {
                let gas_price = gas_price(rpc).await?;
                Ok(Self { kind: Kind::Legacy { gas_price }, estimate: gas_price })
            }
        }
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

/// What the node suggests; `None` where it has no suggestions.
async fn suggested_tip(rpc: &Rpc) -> Result<Option<Amount>, ChainError> {
    match rpc.call("eth_maxPriorityFeePerGas", json!([]), read::quantity).await {
        Ok(tip) => Ok(Some(tip)),
        Err(RpcError::Node(_)) => Ok(None),
        Err(RpcError::Chain(error)) => Err(error),
    }
}

async fn gas_price(rpc: &Rpc) -> Result<Amount, ChainError> {
    rpc.ask("eth_gasPrice", json!([]), read::quantity).await
}
