//! Which asset is asked where: one table of what sources know by a name.
//!
//! Ids are those of `pyth.network/developers/price-feed-ids` and of CoinGecko's `/coins/list`; feeds
//! those of `docs.chain.link/data-feeds/price-feeds/addresses`, each with the longest time that it
//! leaves without a new answer. A contract that calls itself by another pair is not believed.

use primitives::{Asset, EvmAddress};

/// Something that sources know by a name.
#[derive(Debug)]
pub(super) struct Listed {
    /// Such as `ETH`.
    pub(super) symbol: &'static str,
    /// Of its coin, contracts and mints, all the same.
    pub(super) decimals: u8,
    /// Pyth's price feed.
    pub(super) pyth: Option<&'static str>,
    /// CoinGecko's id.
    pub(super) coingecko: Option<&'static str>,
    /// Networks whose native coin it is.
    pub(super) native_of: &'static [&'static str],
    /// Contracts and mints, with their network.
    pub(super) tokens: &'static [(&'static str, &'static str)],
    /// Chainlink's feeds. Where the asset's own network has none, the first one is asked.
    pub(super) feeds: &'static [Feed],
}

/// A Chainlink feed of dollars for one unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Feed {
    /// Where the contract is.
    pub(super) network: &'static str,
    /// The proxy.
    address: &'static str,
    /// What `description()` answers, one of several names separated by `|`.
    pub(super) pair: &'static str,
    /// It has a new answer at least this often, in seconds.
    pub(super) heartbeat: u64,
}

const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 86_400;

pub(super) const fn feed(
    network: &'static str,
    address: &'static str,
    pair: &'static str,
    heartbeat: u64,
) -> Feed {
    Feed { network, address, pair, heartbeat }
}

const ETH_FEEDS: &[Feed] = &[
    feed("ethereum-mainnet", "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419", "ETH / USD", HOUR),
    feed("arbitrum-mainnet", "0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612", "ETH / USD", DAY),
    feed("base-mainnet", "0x71041dddad3595F9CEd3DcCFBe3D1F4b0a16Bb70", "ETH / USD", HOUR),
    feed("optimism-mainnet", "0x13e3Ee699D1909E989722E753853AE30b17e08c5", "ETH / USD", HOUR),
    feed("polygon-mainnet", "0xF9680D99D6C9589e2a93a78A04A279e509205945", "ETH / USD", HOUR),
];
const SOL_FEEDS: &[Feed] =
    &[feed("ethereum-mainnet", "0x4ffC43a60e009B551865A93d232E33Fce9f01507", "SOL / USD", DAY)];
const DAI_FEEDS: &[Feed] = &[
    feed("ethereum-mainnet", "0xAed0c38402a5d19df6E4c03F4E2DceD6e29c1ee9", "DAI / USD", HOUR),
    feed("gnosis-mainnet", "0x678df3415fc31947dA4324eC63212874be5a82f8", "DAI / USD", DAY),
];

pub(super) const SOL: &str = "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d";
pub(super) const ETH: &str = "ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace";
const DAI: &str = "b0948a5e5313200c632b51bb5ca32f6de0d36e9950a942d19751e833f70dabfd";

/// What is known by name.
#[rustfmt::skip]
pub(super) static LISTED: &[Listed] = &[
    Listed {
        symbol: "ETH",
        decimals: 18,
        pyth: Some(ETH),
        coingecko: Some("ethereum"),
        native_of: &["arbitrum-mainnet", "base-mainnet", "ethereum-mainnet", "optimism-mainnet"],
        tokens: &[],
        feeds: ETH_FEEDS,
    },
    Listed {
        symbol: "SOL",
        decimals: 9,
        pyth: Some(SOL),
        coingecko: Some("solana"),
        native_of: &["solana-mainnet"],
        tokens: &[("solana-mainnet", "So11111111111111111111111111111111111111112")],
        feeds: SOL_FEEDS,
    },
    Listed {
        symbol: "BNB",
        decimals: 18,
        pyth: Some("2f95862b045670cd22bee3114c39763a4a08beeb663b145d283c31d7d1101c4f"),
        coingecko: Some("binancecoin"),
        native_of: &["bnb-mainnet"],
        tokens: &[],
        feeds: &[
            feed("bnb-mainnet", "0x0567F2323251f0Aab15c8dFb1967E4e8A7D42aeE", "BNB / USD", HOUR),
            feed("ethereum-mainnet", "0x14e613AC84a31f709eadbdF89C6CC390fDc9540A", "BNB / USD", DAY),
        ],
    },
    Listed {
        symbol: "AVAX",
        decimals: 18,
        pyth: Some("93da3352f9f1d105fdfe4971cfa80e9dd777bfc5d0f683ebb6e1294b92137bb7"),
        coingecko: Some("avalanche-2"),
        native_of: &["avalanche-mainnet"],
        tokens: &[],
        feeds: &[
            feed("avalanche-mainnet", "0x0A77230d17318075983913bC2145DB16C7366156", "AVAX / USD", HOUR),
            feed("ethereum-mainnet", "0xFF3EEb22B5E3dE6e705b44749C2559d704923FD7", "AVAX / USD", DAY),
        ],
    },
    Listed {
        symbol: "POL",
        decimals: 18,
        pyth: Some("ffd11c5a1cfd42f80afb2df4d9f264c15f956d68153335374ec10722edd70472"),
        coingecko: Some("polygon-ecosystem-token"),
        native_of: &["polygon-mainnet"],
        tokens: &[],
        feeds: &[feed(
            "polygon-mainnet",
            "0xAB594600376Ec9fD91F8e885dADF0CE036862dE0",
            "POL / USD|MATIC / USD",
            HOUR,
        )],
    },
    Listed {
        symbol: "HYPE",
        decimals: 18,
        pyth: Some("4279e31cc369bbcc2faf022b382b080e32a8e689ff20fbc530d2a603eb6cd98b"),
        coingecko: Some("hyperliquid"),
        native_of: &["hyperevm-mainnet"],
        tokens: &[],
        feeds: &[],
    },
    Listed {
        symbol: "xDAI",
        decimals: 18,
        pyth: Some(DAI),
        coingecko: Some("xdai"),
        native_of: &["gnosis-mainnet"],
        tokens: &[],
        feeds: DAI_FEEDS,
    },
    Listed {
        symbol: "WETH",
        decimals: 18,
        pyth: Some(ETH),
        coingecko: Some("weth"),
        native_of: &[],
        tokens: &[
            ("arbitrum-mainnet", "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1"),
            ("base-mainnet", "0x4200000000000000000000000000000000000006"),
            ("ethereum-mainnet", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
            ("optimism-mainnet", "0x4200000000000000000000000000000000000006"),
        ],
        feeds: ETH_FEEDS,
    },
    Listed {
        symbol: "USDC",
        decimals: 6,
        pyth: Some("eaa020c61cc479712813461ce153894a96a6c00b21ed0cfc2798d1f9a9e9c94a"),
        coingecko: Some("usd-coin"),
        native_of: &[],
        tokens: &[
            ("arbitrum-mainnet", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831"),
            ("avalanche-mainnet", "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E"),
            ("base-mainnet", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
            ("ethereum-mainnet", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
            ("optimism-mainnet", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"),
            ("polygon-mainnet", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359"),
            ("solana-mainnet", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
        ],
        feeds: &[
            feed("ethereum-mainnet", "0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6", "USDC / USD", DAY),
            feed("arbitrum-mainnet", "0x50834F3163758fcC1Df9973b6e91f0F0F0434aD3", "USDC / USD", DAY),
            feed("avalanche-mainnet", "0xF096872672F44d6EBA71458D74fe67F9a77a23B9", "USDC / USD", DAY),
            feed("base-mainnet", "0x7e860098F58bBFC8648a4311b374B1D669a2bc6B", "USDC / USD", DAY),
            feed("optimism-mainnet", "0x16a9FA2FDa030272Ce99B29CF780dFA30361E0f3", "USDC / USD", DAY),
            feed("polygon-mainnet", "0xfE4A8cc5b5B2366C1B58Bea3858e81843581b2F7", "USDC / USD", DAY),
        ],
    },
    Listed {
        symbol: "USDT",
        decimals: 6,
        pyth: Some("2b89b9dc8fdf9f34709a5b106b472f0f39bb6ca9ce04b0fd7f2e971688e2e53b"),
        coingecko: Some("tether"),
        native_of: &[],
        tokens: &[
            ("arbitrum-mainnet", "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9"),
            ("avalanche-mainnet", "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7"),
            ("ethereum-mainnet", "0xdAC17F958D2ee523a2206206994597C13D831ec7"),
            ("polygon-mainnet", "0xc2132D05D31c914a87C6611C10748AEb04B58e8F"),
            ("solana-mainnet", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"),
        ],
        feeds: &[
            feed("ethereum-mainnet", "0x3E7d1eAB13ad0104d2750B8863b489D65364e32D", "USDT / USD", DAY),
            feed("arbitrum-mainnet", "0x3f3f5dF88dC9F13eac63DF89EC16ef6e7E25DdE7", "USDT / USD", DAY),
            feed("avalanche-mainnet", "0xEBE676ee90Fe1112671f19b6B7459bC678B67e8a", "USDT / USD", DAY),
        ],
    },
    Listed {
        symbol: "DAI",
        decimals: 18,
        pyth: Some(DAI),
        coingecko: Some("dai"),
        native_of: &[],
        tokens: &[
            ("arbitrum-mainnet", "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1"),
            ("base-mainnet", "0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb"),
            ("ethereum-mainnet", "0x6B175474E89094C44Da98b954EedeAC495271d0F"),
            ("optimism-mainnet", "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1"),
        ],
        feeds: DAI_FEEDS,
    },
    Listed {
        symbol: "WBTC",
        decimals: 8,
        pyth: Some("c9d8b075a5c69303365ae23633d4e085199bf5c520a3b90fed1322a0342ffc33"),
        coingecko: Some("wrapped-bitcoin"),
        native_of: &[],
        tokens: &[("ethereum-mainnet", "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599")],
        feeds: &[],
    },
    Listed {
        symbol: "LINK",
        decimals: 18,
        pyth: Some("8ac0c70fff57e9aefdf5edf44b51d62c2d433653cbb2cf5cc06bb115af04d221"),
        coingecko: Some("chainlink"),
        native_of: &[],
        tokens: &[("ethereum-mainnet", "0x514910771AF9Ca656af840dff83E8264EcF986CA")],
        feeds: &[feed(
            "ethereum-mainnet",
            "0x2c1d072e956AFFC0D435Cb7AC38EF18d24d9127c",
            "LINK / USD",
            HOUR,
        )],
    },
    Listed {
        symbol: "JUP",
        decimals: 6,
        pyth: Some("0a0408d619e9380abad35060f9192039ed5042fa6f82301d0e48bb52be830996"),
        coingecko: Some("jupiter-exchange-solana"),
        native_of: &[],
        tokens: &[("solana-mainnet", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN")],
        feeds: &[],
    },
    Listed {
        symbol: "BONK",
        decimals: 5,
        pyth: Some("72b021217ca3fe68922a19aaf990109cb9d84e9ad004b4d2025ad6f529314419"),
        coingecko: Some("bonk"),
        native_of: &[],
        tokens: &[("solana-mainnet", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263")],
        feeds: &[],
    },
];

impl Listed {
    /// Whether it is that asset of the built-in network of that name.
    pub(super) fn is(&self, network: &str, asset: Asset) -> bool {
        match asset {
            Asset::Native => self.native_of.contains(&network),
            Asset::Token(token) => self
                .tokens
                .iter()
                .any(|(name, address)| *name == network && address.parse() == Ok(token)),
        }
    }

    /// The feed to ask on behalf of a network.
    pub(super) fn feed_for(&self, network: &str) -> Option<&'static Feed> {
        let own = self.feeds.iter().find(|feed| feed.network == network);
        own.or_else(|| self.feeds.first())
    }
}

impl Feed {
    /// The contract.
    pub(super) fn address(&self) -> EvmAddress {
        self.address.parse().expect("a test parses the whole table")
    }
}
