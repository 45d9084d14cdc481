//! Reading columns as the words that they hold.

use std::str::FromStr;

use primitives::Amount;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::clock::UnixSeconds;

/// A column of text that a type of ours was written to.
pub(super) fn word<T: FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_malformed| StoreError::Corrupt { what: column })
}

/// A column of text as above, or nothing.
pub(super) fn optional_word<T: FromStr>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    let word = text.map(|text| text.parse()).transpose();
    word.map_err(|_malformed| StoreError::Corrupt { what: column })
}

/// A column of Unix seconds.
pub(super) fn time(row: &Row<'_>, column: &'static str) -> Result<UnixSeconds, StoreError> {
    Ok(UnixSeconds::new(row.get(column)?))
}

/// A column of Unix seconds, or nothing.
pub(super) fn optional_time(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<UnixSeconds>, StoreError> {
    let seconds: Option<i64> = row.get(column)?;
    Ok(seconds.map(UnixSeconds::new))
}

/// A column of Unix seconds where 0 stands for "never".
pub(super) fn end(row: &Row<'_>, column: &'static str) -> Result<Option<UnixSeconds>, StoreError> {
    let seconds: i64 = row.get(column)?;
    Ok((seconds != 0).then_some(UnixSeconds::new(seconds)))
}

/// What [`end`] reads.
pub(super) fn end_value(end: Option<UnixSeconds>) -> i64 {
    end.map_or(0, UnixSeconds::get)
}

/// A column of JSON that a type of ours was written to, or nothing.
pub(super) fn optional_json<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    let value = text.map(|text| serde_json::from_str(&text)).transpose();
    value.map_err(|_malformed| StoreError::Corrupt { what: column })
}

/// What [`optional_json`] reads.
pub(super) fn json<T: Serialize>(column: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_error| StoreError::Corrupt { what: column })
}

/// A number of rows.
pub(super) fn count(row: &Row<'_>) -> Result<u64, StoreError> {
    let rows: i64 = row.get(0)?;
    u64::try_from(rows).map_err(|_negative| StoreError::Corrupt { what: "count" })
}

/// A limit or offset as SQLite takes it.
pub(super) fn position(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column of 32 bytes, big-endian.
pub(super) fn amount(row: &Row<'_>, column: &'static str) -> Result<Amount, StoreError> {
    Ok(Amount::from_be_bytes(row.get(column)?))
}

/// A column of 32 bytes as above, or nothing.
pub(super) fn optional_amount(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<Amount>, StoreError> {
    let bytes: Option<[u8; 32]> = row.get(column)?;
    Ok(bytes.map(Amount::from_be_bytes))
}

/// A number as SQLite holds it, in one bit less.
pub(super) fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_too_large| StoreError::Corrupt { what: "number" })
}

/// What [`integer`] wrote, or nothing.
pub(super) fn optional_number(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<u64>, StoreError> {
    let number: Option<i64> = row.get(column)?;
    let number = number.map(u64::try_from).transpose();
    number.map_err(|_negative| StoreError::Corrupt { what: column })
}
