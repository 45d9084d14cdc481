//! From a transfer to an unsigned Solana message that would go through now.

use primitives::{Amount, Asset, SolanaAddress};
use serde_json::json;
use txcodec::solana::token::{TokenProgram, TransferChecked};
use txcodec::solana::{
    Instruction, Message, Version, associated_token, compute_budget, memo, system,
};

use super::account::{Account, read_address};
use super::fees::{MAX_PRIORITY_FEE, price_within_limit, priority_price, unit_limit};
use super::token::{Mint, TokenAccount};
use super::{Solana, confirmed, send, solana_address};
use crate::chains::answer::Part;
use crate::chains::rpc::Rpc;
use crate::chains::{ChainError, Draft, DraftRequest, NOT_BUILT};
use crate::tx::Deed;

/// The longest memo, in bytes: with the other instructions it has to fit in a packet.
const MAX_MEMO: usize = 512;

/// A transfer, with what the chain said about the accounts that it touches.
struct Plan {
    from: SolanaAddress,
    /// What the transfer itself takes of the native coin, without fee and rent.
    lamports: Amount,
    /// What opening the recipient's token account takes.
    rent: Option<Amount>,
    /// What the wallet has.
    available: Amount,
    /// What is done, without the compute budget.
    instructions: Vec<Instruction>,
}

/// A blockhash and how long it counts.
struct Lifetime {
    blockhash: [u8; 32],
    last_valid_block_height: u64,
}

pub(super) async fn draft(solana: &Solana, request: &DraftRequest) -> Result<Draft, ChainError> {
    let from = solana_address(request.from)?;
    let plan = plan(solana, request).await?;
    let (lifetime, price) = tokio::try_join!(
        lifetime(&solana.rpc),
        priority_price(&solana.rpc, from, &plan.instructions),
    )?;
    let trial = plan.message(&lifetime, compute_budget::MAX_UNITS, 0)?;
    plan.check(&trial)?;
    let simulation = send::simulate(&solana.rpc, &trial).await.map_err(just_made)?;
    let units = unit_limit(&simulation)?;
    let unsigned = plan.message(&lifetime, units, price_within_limit(price, units))?;
    let fee_ceiling = plan.check(&unsigned)?;
    let most = [fee_ceiling, MAX_PRIORITY_FEE.into(), plan.rent.unwrap_or_default()];
    let approvable_fee =
        Amount::sum(most).ok_or(ChainError::Invalid("the fee is above 256 bits"))?;
    Ok(Draft {
        unsigned,
        fee_ceiling,
        approvable_fee,
        fee_estimate: fee_ceiling,
        token_account_rent: plan.rent,
        last_valid_block_height: Some(lifetime.last_valid_block_height),
        simulation,
    })
}

impl Plan {
    /// The message with this compute budget.
    fn message(&self, lifetime: &Lifetime, units: u32, price: u64) -> Result<Vec<u8>, ChainError> {
        let mut instructions = vec![compute_budget::set_compute_unit_limit(units)];
        if price > 0 {
            instructions.push(compute_budget::set_compute_unit_price(price));
        }
        instructions.extend_from_slice(&self.instructions);
        Message::compile(self.from, &instructions, lifetime.blockhash, Version::V0)
            .map(|message| message.to_bytes())
            .map_err(|_too_large| ChainError::Invalid("the transfer does not fit in a transaction"))
    }

    /// The most that `message` can cost as a fee, which the wallet has beside the transfer.
    fn check(&self, message: &[u8]) -> Result<Amount, ChainError> {
        let decoded = txcodec::solana::decode(message, self.from)
            .map_err(|_not_canonical| ChainError::Invalid("the transfer makes no transaction"))?;
        let fee = decoded.fee_ceiling();
        let left = self.available.saturating_sub(self.lamports);
        let needed = fee.checked_add(self.rent.unwrap_or_default());
        match needed {
            Some(needed) if needed <= left => Ok(fee),
            Some(needed) => Err(ChainError::InsufficientForFee { needed, available: left }),
            None => Err(ChainError::Invalid("the fee is above 256 bits")),
        }
    }
}

async fn plan(solana: &Solana, request: &DraftRequest) -> Result<Plan, ChainError> {
    let Deed::Transfer(transfer) = &request.deed else { return Err(NOT_BUILT) };
    let from = solana_address(request.from)?;
    let to = solana_address(transfer.to)?;
    let amount =
        transfer.amount.to_u64().ok_or(ChainError::Invalid("the amount is above 64 bits"))?;
    let mut plan = match transfer.asset {
        Asset::Native => plan_native(solana, from, to, amount).await?,
        Asset::Token(mint) => {
            let mint = solana_address(mint)?;
            plan_token(solana, TokenTransfer { from, to, mint, amount }).await?
        }
    };
    if let Some(text) = &transfer.memo {
        if text.len() > MAX_MEMO {
            return Err(ChainError::Invalid("the memo is longer than 512 bytes"));
        }
        plan.instructions.push(memo::memo(text));
    }
    Ok(plan)
}

async fn plan_native(
    solana: &Solana,
    from: SolanaAddress,
    to: SolanaAddress,
    amount: u64,
) -> Result<Plan, ChainError> {
    let [payer] = solana.accounts([from]).await?;
    let available = lamports_of(payer.as_ref());
    let lamports = Amount::from(amount);
    if lamports > available {
        return Err(ChainError::InsufficientBalance { needed: lamports, available });
    }
    let instructions = vec![system::transfer(from, to, amount)];
    Ok(Plan { from, lamports, rent: None, available, instructions })
}

struct TokenTransfer {
    from: SolanaAddress,
    to: SolanaAddress,
    mint: SolanaAddress,
    amount: u64,
}

async fn plan_token(solana: &Solana, transfer: TokenTransfer) -> Result<Plan, ChainError> {
    let TokenTransfer { from, to, mint, amount } = transfer;
    let [payer, recipient, mint_account] = solana.accounts([from, to, mint]).await?;
    let Mint { program, decimals, .. } = Mint::read(mint, mint_account.as_ref())?;
    check_recipient(recipient.as_ref())?;
    let source = associated_token::derive(from, mint, program);
    let destination = associated_token::derive(to, mint, program);
    let [source_account, destination_account] = solana.accounts([source, destination]).await?;
    check_holding(mint, source_account.as_ref(), amount)?;
    check_destination(to, mint, destination_account.as_ref())?;
    let mut instructions = Vec::new();
    let rent = destination_account.is_none().then(|| associated_token::rent_ceiling(program));
    if rent.is_some() {
        instructions.push(associated_token::create_idempotent(from, to, mint, program));
    }
    let authority = from;
    let checked =
        TransferChecked { program, source, mint, destination, authority, amount, decimals };
    instructions.push(checked.instruction());
    let available = lamports_of(payer.as_ref());
    Ok(Plan { from, lamports: Amount::ZERO, rent, available, instructions })
}

/// A token account or a mint has no key, so tokens that it owned would be lost.
fn check_recipient(recipient: Option<&Account>) -> Result<(), ChainError> {
    match recipient.and_then(|account| TokenProgram::from_address(account.program)) {
        None => Ok(()),
        Some(_) => Err(ChainError::Invalid(
            "the recipient is a token account or a mint; name the owner's own address",
        )),
    }
}

/// An associated token account can be given away, and would then take the tokens elsewhere.
fn check_destination(
    to: SolanaAddress,
    mint: SolanaAddress,
    destination: Option<&Account>,
) -> Result<(), ChainError> {
    let is_theirs =
        |account| TokenAccount::read(mint, Some(account)).is_some_and(|it| it.owner == to);
    if destination.is_none_or(is_theirs) {
        Ok(())
    } else {
        Err(ChainError::Invalid("the recipient's token account belongs to somebody else"))
    }
}

fn check_holding(
    mint: SolanaAddress,
    source: Option<&Account>,
    amount: u64,
) -> Result<(), ChainError> {
    let needed = Amount::from(amount);
    let holding = TokenAccount::read(mint, source);
    let available = holding.map_or(Amount::ZERO, |account| account.amount());
    if needed <= available {
        Ok(())
    } else {
        Err(ChainError::InsufficientTokenBalance { needed, available })
    }
}

fn lamports_of(account: Option<&Account>) -> Amount {
    account.map_or(Amount::ZERO, |account| account.lamports.into())
}

async fn lifetime(rpc: &Rpc) -> Result<Lifetime, ChainError> {
    let read = |part: Part<'_>| {
        let value = part.field("value")?;
        Ok(Lifetime {
            blockhash: read_address(value.field("blockhash")?)?.0,
            last_valid_block_height: value.field("lastValidBlockHeight")?.number()?,
        })
    };
    rpc.ask("getLatestBlockhash", json!([confirmed()]), read).await
}

/// A blockhash that was given out a moment ago is not old, so the node that misses it is behind.
fn just_made(error: ChainError) -> ChainError {
    if error == ChainError::BlockhashExpired { ChainError::NodeBehind } else { error }
}
