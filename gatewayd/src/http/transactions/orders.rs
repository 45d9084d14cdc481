//! Bodies of `send` and `simulate` as the use-cases take them.

use std::time::Duration;

use api::{BatchPart, BodyError, ErrorCode, SendRequest, TokenReference};

use crate::http::problem::Problem;
use crate::http::words::word;
use crate::tx::GasCondition;
use crate::usecase::order::{
    AccountRequest, AmountRequest, AssetRequest, CallRequest, DeedRequest, DeployRequest,
    InstructionRequest, NftRequest, OrderRequest,
};

/// How long a price of gas is waited for where nothing is said.
const USUAL_WAIT: Duration = Duration::from_hours(1);

/// What a body asks for.
pub(super) fn order(body: &[u8]) -> Result<OrderRequest, Problem> {
    let (deed, wallet, network, condition) = match SendRequest::from_json(body)? {
        SendRequest::Transfer(mut asked) => {
            let wallet = asked.wallet_id.take();
            let (network, condition) = (asked.network.take(), asked.gas_condition.take());
            (transfer(asked)?, wallet, network, condition)
        }
        SendRequest::TokenTransfer(mut asked) => {
            let wallet = asked.wallet_id.take();
            let (network, condition) = (asked.network.take(), asked.gas_condition.take());
            (token_transfer(asked)?, wallet, network, condition)
        }
        SendRequest::ContractCall(mut asked) => {
            let wallet = asked.wallet_id.take();
            let (network, condition) = (asked.network.take(), asked.gas_condition.take());
            (call(*asked), wallet, network, condition)
        }
        SendRequest::Approve(mut asked) => {
            let wallet = asked.wallet_id.take();
            let (network, condition) = (asked.network.take(), asked.gas_condition.take());
            (approve(asked)?, wallet, network, condition)
        }
        SendRequest::Batch(asked) => {
            let parts = asked.instructions.into_iter().map(part).collect::<Result<_, _>>()?;
            (DeedRequest::Batch(parts), asked.wallet_id, asked.network, asked.gas_condition)
        }
        SendRequest::NftTransfer(asked) => {
            let api::NftReference { address, token_id, standard, asset_id } = asked.token;
            let token = AssetRequest::Token { address: Some(address), asset_id, decimals: None };
            let nft = NftRequest { token, token_id, standard };
            let deed = DeedRequest::NftTransfer { to: asked.to, nft, amount: asked.amount };
            (deed, asked.wallet_id, asked.network, asked.gas_condition)
        }
        SendRequest::ContractDeploy(asked) => {
            let (bytecode, arguments) = (asked.bytecode, asked.constructor_args);
            let deploy = DeployRequest { bytecode, arguments, value: asked.value };
            (DeedRequest::Deploy(deploy), asked.wallet_id, asked.network, asked.gas_condition)
        }
    };
    let gas_condition = condition.map(gas_condition).transpose()?;
    Ok(OrderRequest { wallet, network, deed, gas_condition })
}

fn part(asked: BatchPart) -> Result<DeedRequest, Problem> {
    match asked {
        BatchPart::Transfer(asked) => transfer(asked),
        BatchPart::TokenTransfer(asked) => token_transfer(asked),
        BatchPart::ContractCall(asked) => Ok(call(*asked)),
        BatchPart::Approve(asked) => approve(asked),
    }
}

fn transfer(asked: api::Transfer) -> Result<DeedRequest, Problem> {
    let amount = amount(asked.amount, asked.human_amount)?;
    Ok(DeedRequest::Transfer {
        to: asked.to,
        asset: AssetRequest::Native,
        amount,
        memo: asked.memo,
    })
}

fn token_transfer(asked: api::TokenTransfer) -> Result<DeedRequest, Problem> {
    let amount = amount(asked.amount, asked.human_amount)?;
    let asset = token(asked.token);
    Ok(DeedRequest::Transfer { to: asked.to, asset, amount, memo: asked.memo })
}

fn approve(asked: api::ApproveSpender) -> Result<DeedRequest, Problem> {
    let (spender, token) = (asked.spender, token(asked.token));
    let Some(api::NftItem { token_id, standard }) = asked.nft else {
        let amount = amount(asked.amount, asked.human_amount)?;
        return Ok(DeedRequest::Approve { spender, token, amount });
    };
    // Clients that always send an amount send one of these.
    let is_one = asked.amount.is_none_or(|amount| matches!(amount.as_str(), "0" | "1"));
    if !is_one || asked.human_amount.is_some() {
        return Err(Problem::invalid("amount: leave it out with nft, of which there is one"));
    }
    Ok(DeedRequest::ApproveNft { spender, nft: NftRequest { token, token_id, standard } })
}

fn call(asked: api::ContractCall) -> DeedRequest {
    let instructions = |asked: Vec<api::Instruction>| asked.into_iter().map(instruction).collect();
    DeedRequest::Call(Box::new(CallRequest {
        to: asked.to,
        calldata: asked.calldata,
        abi: asked.abi,
        function: asked.function_name,
        arguments: asked.args,
        value: asked.value,
        program_id: asked.program_id,
        data: asked.instruction_data,
        accounts: asked.accounts.map(accounts),
        before: asked.pre_instructions.map(instructions),
        after: asked.post_instructions.map(instructions),
        lookup_tables: asked.address_lookup_table_addresses,
    }))
}

fn instruction(asked: api::Instruction) -> InstructionRequest {
    let api::Instruction { program_id, data, accounts: asked } = asked;
    InstructionRequest { program_id, data, accounts: accounts(asked) }
}

fn accounts(asked: Vec<api::InstructionAccount>) -> Vec<AccountRequest> {
    let account = |asked: api::InstructionAccount| AccountRequest {
        pubkey: asked.pubkey,
        signer: asked.is_signer,
        writable: asked.is_writable,
    };
    asked.into_iter().map(account).collect()
}

fn token(asked: TokenReference) -> AssetRequest {
    let TokenReference { address, decimals, asset_id, symbol: _ } = asked;
    AssetRequest::Token { address, asset_id, decimals }
}

fn amount(base_units: Option<String>, units: Option<String>) -> Result<AmountRequest, Problem> {
    match (base_units, units) {
        (Some(digits), None) => Ok(AmountRequest::BaseUnits(digits)),
        (None, Some(text)) => Ok(AmountRequest::Units(text)),
        (Some(_), Some(_)) | (None, None) => Err(Problem::invalid(
            "give either amount, in base units, or humanAmount, in whole ones",
        )),
    }
}

fn gas_condition(asked: api::GasCondition) -> Result<GasCondition, Problem> {
    let price =
        |name: &str, digits: Option<String>| digits.map(|digits| word(name, &digits)).transpose();
    let condition = GasCondition {
        max_gas_price: price("gasCondition.maxGasPrice", asked.max_gas_price)?,
        max_priority_fee: price("gasCondition.maxPriorityFee", asked.max_priority_fee)?,
        timeout: asked.timeout.map_or(USUAL_WAIT, |seconds| Duration::from_secs(seconds.into())),
    };
    if condition.max_gas_price.is_none() && condition.max_priority_fee.is_none() {
        return Err(Problem::invalid("gasCondition: give maxGasPrice, maxPriorityFee, or both"));
    }
    if !(GasCondition::SHORTEST..=GasCondition::LONGEST).contains(&condition.timeout) {
        return Err(Problem::invalid("gasCondition.timeout: expected 60 to 86400 seconds"));
    }
    Ok(condition)
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Malformed(reason) => Self::invalid(format!("the body: {reason}")),
            BodyError::BatchTooLong { most } => {
                let message = format!("instructions: a batch has {most} at most");
                Self::new(ErrorCode::BatchSizeExceeded, message)
            }
        }
    }
}
