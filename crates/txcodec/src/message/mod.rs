//! What is signed without being a transaction: texts and typed data.

mod text;
mod typed_data;

pub(crate) use text::personal_digest;
pub use text::{MAX_TEXT, decode_text};
#[cfg(feature = "json")]
pub use typed_data::JsonError;
pub use typed_data::{MAX_TYPED_DATA, TypedData, decode_typed_data};
pub(crate) use typed_data::{TextDomain, TextField};
