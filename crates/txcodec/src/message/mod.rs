//! What is signed without being a transaction: texts and typed data.

mod signed;
mod text;
mod typed_data;

pub use signed::is_signed_by;
pub(crate) use signed::recover;
pub use text::{MAX_TEXT, decode_text, personal_digest};
#[cfg(feature = "json")]
pub use typed_data::JsonError;
pub use typed_data::{MAX_TYPED_DATA, TypedData, decode_typed_data};
pub(crate) use typed_data::{TextDomain, TextField};
