//! How much, in digits.

use primitives::{Amount, AmountError};
use serde::Serialize;

use super::OrderError;

/// How much, in digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AmountRequest {
    /// Wei, lamports, a token's smallest unit.
    BaseUnits(String),
    /// Whole units with decimals, such as `0.5`.
    Units(String),
}

impl AmountRequest {
    pub(super) fn read(&self, decimals: u8) -> Result<Amount, OrderError> {
        match self {
            Self::BaseUnits(digits) => digits.parse().map_err(wrong("amount")),
            Self::Units(text) => Amount::from_units(text, decimals).map_err(wrong("humanAmount")),
        }
    }
}

/// Reads base units; nothing where there are none.
pub(super) fn base_units(field: &'static str, digits: Option<&str>) -> Result<Amount, OrderError> {
    digits.map_or(Ok(Amount::ZERO), |digits| digits.parse().map_err(wrong(field)))
}

fn wrong(field: &'static str) -> impl Fn(AmountError) -> OrderError {
    move |error| OrderError::Amount { field, error }
}
