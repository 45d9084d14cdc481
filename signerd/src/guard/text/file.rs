//! The keys of the file, as they are written.

use std::collections::BTreeMap;

use primitives::Amount;
use serde::Deserialize;
use toml::Spanned;

use super::super::ceilings::Ceilings;

/// Names of a table, with their places.
pub(super) type Table<T> = BTreeMap<Spanned<String>, T>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardToml {
    #[serde(default)]
    pub(super) messages: MessagesToml,
    pub(super) delay_seconds: Option<Spanned<u32>>,
    pub(super) requests_per_hour: Option<Spanned<u32>>,
    pub(super) requests_per_day: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) owner_enrolment: EnrolmentToml,
    pub(super) hours: Option<Spanned<String>>,
    pub(super) days: Option<Spanned<String>>,
    pub(super) lease_percent: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) network: Table<NetworkToml>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MessagesToml {
    None,
    Owner,
    #[default]
    Text,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum EnrolmentToml {
    #[default]
    Operator,
    FirstUse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkToml {
    #[serde(default)]
    pub(super) open: bool,
    pub(super) recipients: Option<Vec<Spanned<String>>>,
    pub(super) fee: Option<Amount>,
    pub(super) fee_per_byte: Option<Amount>,
    pub(super) native: Option<Spanned<AssetToml>>,
    #[serde(default)]
    pub(super) token: Table<AssetToml>,
    #[serde(default)]
    pub(super) contract: Table<ContractToml>,
    #[serde(default)]
    pub(super) typed_data: Table<TypedDataToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssetToml {
    pub(super) immediate: Spanned<Ceilings>,
    pub(super) delay: Option<Spanned<Ceilings>>,
    pub(super) owner: Option<Spanned<Ceilings>>,
    pub(super) spenders: Option<Table<Amount>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContractToml {
    pub(super) selectors: Spanned<ListToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedDataToml {
    pub(super) types: Spanned<ListToml>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"any\" or a list of words")]
pub(super) enum ListToml {
    Word(String),
    List(Vec<String>),
}
