//! The Compute Budget program, and the most that a message can cost.
//!
//! The numbers are those of the validator: `solana-fee-structure` (5000 lamports a signature),
//! `solana-compute-budget` (defaults and limits), and the prioritization fee of Solana's
//! documentation of fees.

use primitives::{Amount, SolanaAddress};

use super::instruction::{Call, Instruction};
use super::message::Message;
use super::well_known;
use crate::DecodeError;

/// The program.
pub const PROGRAM: SolanaAddress = well_known(b"ComputeBudget111111111111111111111111111111");

/// Lamports for each signature, those that precompiled programs check included.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5000;
/// Compute units that a message gets for each of its instructions where it sets no limit.
pub const DEFAULT_UNITS_PER_INSTRUCTION: u32 = 200_000;
/// The most compute units that a message gets, whatever it asks for.
pub const MAX_UNITS: u32 = 1_400_000;

/// The price of a compute unit is in millionths of a lamport.
const MICRO_LAMPORTS_PER_LAMPORT: u128 = 1_000_000;

const REQUEST_HEAP_FRAME: u8 = 1;
const SET_COMPUTE_UNIT_LIMIT: u8 = 2;
const SET_COMPUTE_UNIT_PRICE: u8 = 3;
const SET_LOADED_ACCOUNTS_DATA_SIZE_LIMIT: u8 = 4;

/// Programs that check signatures for a fee: Ed25519, secp256k1, secp256r1. The first byte of the
/// data is how many.
const PRECOMPILES: [SolanaAddress; 3] = [
    well_known(b"Ed25519SigVerify111111111111111111111111111"),
    well_known(b"KeccakSecp256k11111111111111111111111111111"),
    well_known(b"Secp256r1SigVerify1111111111111111111111111"),
];

/// What a message asks of the budget.
#[derive(Debug, Default)]
struct Budget {
    units: Option<u32>,
    micro_lamports_per_unit: Option<u64>,
    heap_frame: Option<u32>,
    loaded_data: Option<u32>,
}

/// Asks for at most `units` compute units.
pub fn set_compute_unit_limit(units: u32) -> Instruction {
    instruction(SET_COMPUTE_UNIT_LIMIT, &units.to_le_bytes())
}

/// Offers `micro_lamports` for each compute unit asked for.
pub fn set_compute_unit_price(micro_lamports: u64) -> Instruction {
    instruction(SET_COMPUTE_UNIT_PRICE, &micro_lamports.to_le_bytes())
}

/// True for an instruction that says how many units there are, or what is offered for them.
pub fn sets_units_or_price(instruction: &Instruction) -> bool {
    let tag = instruction.data.first().copied();
    instruction.program_id == PROGRAM
        && matches!(tag, Some(SET_COMPUTE_UNIT_LIMIT | SET_COMPUTE_UNIT_PRICE))
}

fn instruction(tag: u8, value: &[u8]) -> Instruction {
    Instruction { program_id: PROGRAM, accounts: Vec::new(), data: [&[tag], value].concat() }
}

/// The most lamports that the network takes for `message`, which are signatures and the priority
/// fee rounded up; and the most compute units that it may use.
///
/// # Errors
/// When the message asks something of the budget twice, or in another form than the builders here
/// write: what it then costs cannot be known.
pub(super) fn cost(message: &Message) -> Result<(Amount, u64), DecodeError> {
    let mut budget = Budget::default();
    let mut signatures = message.signers().len();
    let mut default_units = 0_u32;
    for call in message.calls() {
        default_units = default_units.saturating_add(DEFAULT_UNITS_PER_INSTRUCTION);
        if call.program == PROGRAM {
            budget.read(&call)?;
        } else if checks_signatures(call.program) {
            let checked = call.data.first().copied().map_or(0, usize::from);
            signatures = signatures.saturating_add(checked);
        }
    }
    let signatures = u64::try_from(signatures).expect("a packet holds few signatures");
    let base = Amount::from(signatures.saturating_mul(LAMPORTS_PER_SIGNATURE));
    let units = budget.units.unwrap_or(default_units).min(MAX_UNITS);
    let fee = base.checked_add(budget.priority_fee(units));
    Ok((fee.expect("two numbers below 2^128 have a sum below 2^256"), units.into()))
}

/// True for a program that only checks signatures, which it finds in any instruction of the message.
pub(super) fn checks_signatures(program: SolanaAddress) -> bool {
    PRECOMPILES.contains(&program)
}

impl Budget {
    fn read(&mut self, call: &Call<'_>) -> Result<(), DecodeError> {
        let (tag, value) = call.data.split_first().ok_or(MALFORMED)?;
        match *tag {
            REQUEST_HEAP_FRAME => once(&mut self.heap_frame, four(value)?),
            SET_COMPUTE_UNIT_LIMIT => once(&mut self.units, four(value)?),
            SET_COMPUTE_UNIT_PRICE => {
                let price = value.try_into().map(u64::from_le_bytes);
                once(&mut self.micro_lamports_per_unit, price.map_err(|_length| MALFORMED)?)
            }
            SET_LOADED_ACCOUNTS_DATA_SIZE_LIMIT => once(&mut self.loaded_data, four(value)?),
            _ => Err(MALFORMED),
        }
    }

    fn priority_fee(&self, units: u32) -> Amount {
        let price = u128::from(self.micro_lamports_per_unit.unwrap_or(0));
        let micro_lamports = u128::from(units).checked_mul(price).expect("32 and 64 bits make 96");
        Amount::from(micro_lamports.div_ceil(MICRO_LAMPORTS_PER_LAMPORT))
    }
}

const MALFORMED: DecodeError = DecodeError::Invalid("a compute budget that cannot be read");

fn four(value: &[u8]) -> Result<u32, DecodeError> {
    value.try_into().map(u32::from_le_bytes).map_err(|_length| MALFORMED)
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), DecodeError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(DecodeError::Invalid("the compute budget is set twice")),
    }
}
