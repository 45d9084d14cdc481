//! Currencies that amounts can be shown in besides dollars: assets like others, for what one unit is
//! worth.

use super::assets::{DAY, Feed, Listed, feed};

/// Currencies, by the dollars that one unit is worth.
#[rustfmt::skip]
pub(super) static CURRENCIES: &[Listed] = &[
    currency(
        "EUR",
        Some("a995d00bb36a63cef7fd2c287dc105fc8f3d93779f062f09551b0af3e81ec30b"),
        &[feed("ethereum-mainnet", "0xb49f677943BC038e9857d61E7d053CaA2C1734C1", "EUR / USD", DAY)],
    ),
    currency(
        "GBP",
        Some("84c2dde9633d93d1bcad84e7dc41c9d56578b7ec52fabedc1f335d673df0a7c1"),
        &[feed("ethereum-mainnet", "0x5c0Ab2d9b5a7ed9f470386e82BB36A3613cDd4b5", "GBP / USD", DAY)],
    ),
    currency(
        "AUD",
        Some("67a6f93030420c1c9e3fe37c1ab6b77966af82f995944a9fefce357a22854a80"),
        &[feed("ethereum-mainnet", "0x77F9710E7d0A19669A13c055F62cd80d313dF022", "AUD / USD", DAY)],
    ),
    currency(
        "CHF",
        None,
        &[feed("ethereum-mainnet", "0x449d117117838fFA61263B61dA6301AA2a88B13A", "CHF / USD", DAY)],
    ),
    currency(
        "JPY",
        None,
        &[feed("ethereum-mainnet", "0xBcE206caE7f0ec07b545EddE332A47C2F75bbeb3", "JPY / USD", DAY)],
    ),
    currency(
        "KRW",
        None,
        &[feed("ethereum-mainnet", "0x01435677FB11763550905594A16B645847C1d0F3", "KRW / USD", DAY)],
    ),
];

const fn currency(
    symbol: &'static str,
    pyth: Option<&'static str>,
    feeds: &'static [Feed],
) -> Listed {
    Listed { symbol, decimals: 2, pyth, coingecko: None, native_of: &[], tokens: &[], feeds }
}

/// Codes of the currencies that amounts can be shown in, besides `USD`.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|currency| currency.symbol)
}
