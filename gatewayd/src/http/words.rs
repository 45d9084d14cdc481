//! Our words as the bodies have them.

use std::fmt::Display;

use api::ErrorCode;
use serde::Deserialize;
use uuid::Uuid;

use super::problem::Problem;
use crate::clock::UnixSeconds;
use crate::store::sessions::Page;
use crate::usecase::choice::ChoiceError;

/// Which rows of a list, as queries say it.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    #[serde(default, alias = "wallet_id", rename = "walletId")]
    pub(in crate::http) wallet_id: Option<String>,
    limit: Option<String>,
    offset: Option<String>,
}

impl PageQuery {
    /// The rows that are meant: 50 from the first where nothing is said, never more than 200.
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let limit = number("limit", self.limit.as_deref())?.unwrap_or(50);
        let offset = number("offset", self.offset.as_deref())?.unwrap_or(0);
        if (1..=200).contains(&limit) {
            Ok(Page { limit, offset })
        } else {
            Err(Problem::invalid("limit is 1 to 200"))
        }
    }
}

/// A number of a query, if it is there and not empty.
pub(super) fn number(name: &str, text: Option<&str>) -> Result<Option<u64>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    let number = text.map(str::parse).transpose();
    number.map_err(|_not_a_number| Problem::invalid(format!("{name} is no whole number")))
}

/// An id of ours in the bodies' form.
pub(super) fn uuid(id: impl Display) -> Uuid {
    Uuid::try_parse(&id.to_string()).expect("ids are UUIDs")
}

/// A UUID of a body as an id of ours.
pub(super) fn id<T: std::str::FromStr>(name: &str, uuid: Uuid) -> Result<T, Problem> {
    let id = uuid.hyphenated().to_string().parse();
    id.map_err(|_other_form| Problem::invalid(format!("{name} is no UUID")))
}

/// A text of a body or query as a word of ours.
pub(super) fn word<T: std::str::FromStr<Err: Display>>(
    name: &str,
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::invalid(format!("{name}: {error}")))
}

/// Unix seconds.
pub(super) fn seconds(time: UnixSeconds) -> u64 {
    u64::try_from(time.get()).unwrap_or(0)
}

/// Unix seconds, 0 for never.
pub(super) fn end(time: Option<UnixSeconds>) -> u64 {
    time.map_or(0, seconds)
}

impl From<ChoiceError> for Problem {
    fn from(error: ChoiceError) -> Self {
        let message = error.to_string();
        match error {
            ChoiceError::WalletRequired { .. } => Self::new(ErrorCode::WalletIdRequired, message)
                .hint("GET /v1/connect-info lists the session's wallets"),
            ChoiceError::NotAnId(_) => Self::invalid(message),
            ChoiceError::AccessDenied(_) => Self::new(ErrorCode::WalletAccessDenied, message)
                .hint("GET /v1/connect-info lists the session's wallets"),
            ChoiceError::NetworkRequired { valid } => {
                Self::new(ErrorCode::NetworkRequired, message)
                    .details(serde_json::json!({ "networks": valid }))
            }
            ChoiceError::UnknownNetwork { valid, .. } => {
                Self::invalid(message).details(serde_json::json!({ "networks": valid }))
            }
            ChoiceError::UnsupportedChain(_) => Self::new(ErrorCode::UnsupportedChain, message),
            ChoiceError::OtherEnvironment { valid, .. } => {
                Self::new(ErrorCode::EnvironmentNetworkMismatch, message)
                    .details(serde_json::json!({ "networks": valid }))
            }
        }
    }
}
