//! What is signed without being a transaction: texts and typed data.

mod text;
mod typed_data;

pub use text::{MAX_TEXT, decode_text};
#[cfg(feature = "json")]
pub use typed_data::JsonError;
pub use typed_data::{MAX_TYPED_DATA, TypedData, decode_typed_data};
