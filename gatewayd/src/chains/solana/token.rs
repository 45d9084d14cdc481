//! Mints and token accounts as SPL Token and Token-2022 write them.
//!
//! The layouts are those of `spl-token-interface` (`Mint`, `Account`) and of Token-2022's
//! extensions, which follow a byte for the kind of account as type, length and value.

use primitives::{Amount, SolanaAddress};
use txcodec::solana::token::TokenProgram;

use super::account::Account;
use crate::chains::ChainError;

const MINT_LENGTH: usize = 82;
const TOKEN_ACCOUNT_LENGTH: usize = 165;
/// Where Token-2022 writes which kind of account it is, and from where its extensions follow.
const KIND_OFFSET: usize = TOKEN_ACCOUNT_LENGTH;
const KIND_MINT: u8 = 1;
const KIND_TOKEN_ACCOUNT: u8 = 2;
/// Token-2022's extension with name and symbol.
const TOKEN_METADATA: u16 = 19;
/// The longest name or symbol that is shown, in bytes.
const MAX_TEXT: usize = 128;
/// More decimals than any token has.
const MAX_DECIMALS: u8 = 36;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mint {
    pub(super) program: TokenProgram,
    pub(super) decimals: u8,
    pub(super) symbol: Option<String>,
    pub(super) name: Option<String>,
}

/// What somebody has of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenAccount {
    pub(super) mint: SolanaAddress,
    pub(super) owner: SolanaAddress,
    /// Nothing leaves it until whoever rules the token lets it.
    pub(super) is_frozen: bool,
    base_units: u64,
}

impl Mint {
    /// Reads the account at `address` as a mint.
    pub(super) fn read(
        address: SolanaAddress,
        account: Option<&Account>,
    ) -> Result<Self, ChainError> {
        let not_a_token = |reason: &str| ChainError::NotAToken {
            address: address.to_string(),
            reason: reason.to_owned(),
        };
        let account = account.ok_or_else(|| not_a_token("the account does not exist"))?;
        let program = TokenProgram::from_address(account.program)
            .ok_or_else(|| not_a_token("the account belongs to no token program"))?;
        Self::from_bytes(program, &account.data)
            .ok_or_else(|| not_a_token("the account is not a mint"))
    }

    fn from_bytes(program: TokenProgram, data: &[u8]) -> Option<Self> {
        let (base, _) = data.split_at_checked(MINT_LENGTH)?;
        let extensions = match data.len() {
            MINT_LENGTH => &[],
            _ => extensions(program, data, KIND_MINT)?,
        };
        // Authority (36 bytes), supply (8), decimals, initialised, freeze authority (36).
        let (decimals, initialised) = (*base.get(44)?, *base.get(45)?);
        if initialised != 1 || decimals > MAX_DECIMALS {
            return None;
        }
        let words = extension(extensions, TOKEN_METADATA).and_then(read_words);
        let (name, symbol) = words.unzip();
        Some(Self {
            program,
            decimals,
            symbol: symbol.filter(|text| !text.is_empty()),
            name: name.filter(|text| !text.is_empty()),
        })
    }
}

impl TokenAccount {
    /// Reads the account as one that holds tokens of `mint`.
    pub(super) fn read(mint: SolanaAddress, account: Option<&Account>) -> Option<Self> {
        Self::read_any(account).filter(|found| found.mint == mint)
    }

    /// Reads the account as one that holds tokens of whichever mint.
    pub(super) fn read_any(account: Option<&Account>) -> Option<Self> {
        let account = account?;
        let program = TokenProgram::from_address(account.program)?;
        Self::from_bytes(program, &account.data)
    }

    fn from_bytes(program: TokenProgram, data: &[u8]) -> Option<Self> {
        if data.len() != TOKEN_ACCOUNT_LENGTH {
            extensions(program, data, KIND_TOKEN_ACCOUNT)?;
        }
        let (mint, rest) = data.split_first_chunk()?;
        let (owner, rest) = rest.split_first_chunk()?;
        let (amount, rest) = rest.split_first_chunk()?;
        // A delegate (36 bytes), then the state; zero is not initialised, two is frozen.
        let state = *rest.get(36)?;
        (state != 0).then_some(Self {
            mint: SolanaAddress(*mint),
            owner: SolanaAddress(*owner),
            is_frozen: state == 2,
            base_units: u64::from_le_bytes(*amount),
        })
    }

    /// How much it holds, in base units.
    pub(super) fn amount(&self) -> Amount {
        self.base_units.into()
    }
}

/// The extensions of an account of Token-2022 of that kind.
fn extensions(program: TokenProgram, data: &[u8], kind: u8) -> Option<&[u8]> {
    match (program, data.get(KIND_OFFSET..)?.split_first()?) {
        (TokenProgram::Token2022, (found, extensions)) if *found == kind => Some(extensions),
        (TokenProgram::Token | TokenProgram::Token2022, _) => None,
    }
}

/// The value of the first extension of type `wanted`.
fn extension(mut extensions: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (kind, rest) = extensions.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        if u16::from_le_bytes(*kind) == wanted {
            return Some(value);
        }
        extensions = rest;
    }
}

/// Name and symbol of the metadata extension, behind the update authority and the mint.
fn read_words(value: &[u8]) -> Option<(String, String)> {
    let rest = value.get(64..)?;
    let (name, rest) = read_text(rest)?;
    let (symbol, _) = read_text(rest)?;
    Some((name, symbol))
}

fn read_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > MAX_TEXT {
        return None;
    }
    let (text, rest) = rest.split_at_checked(length)?;
    let text = str::from_utf8(text).ok()?;
    (!text.contains(char::is_control)).then(|| (text.to_owned(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const OWNER: [u8; 32] = [7; 32];

    fn mint(decimals: u8) -> Vec<u8> {
        let mut data = vec![0; MINT_LENGTH];
        data[44] = decimals;
        data[45] = 1;
        data
    }

    fn with_extensions(mut data: Vec<u8>, kind: u8, extensions: &[(u16, &[u8])]) -> Vec<u8> {
        data.resize(KIND_OFFSET, 0);
        data.push(kind);
        for (kind, value) in extensions {
            data.extend(kind.to_le_bytes());
            data.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            data.extend(*value);
        }
        data
    }

    fn metadata(name: &str, symbol: &str) -> Vec<u8> {
        let text = |text: &str| {
            let length = u32::try_from(text.len()).unwrap().to_le_bytes();
            [&length[..], text.as_bytes()].concat()
        };
        [vec![0; 64], text(name), text(symbol), text("https://example.org"), vec![0; 4]].concat()
    }

    fn token_account(state: u8) -> Vec<u8> {
        let mut data = [[3; 32], OWNER].concat();
        data.extend(42_u64.to_le_bytes());
        data.resize(TOKEN_ACCOUNT_LENGTH, 0);
        data[108] = state;
        data
    }

    #[test]
    fn a_mint_is_read_with_its_words() {
        let plain = Mint::from_bytes(TokenProgram::Token, &mint(6)).unwrap();
        assert_eq!((plain.decimals, plain.symbol, plain.name), (6, None, None));

        let words = metadata("USD Coin", "USDC");
        let data = with_extensions(mint(9), KIND_MINT, &[(18, &[0; 64]), (TOKEN_METADATA, &words)]);
        let mint = Mint::from_bytes(TokenProgram::Token2022, &data).unwrap();
        assert_eq!(mint.decimals, 9);
        assert_eq!(
            (mint.name.as_deref(), mint.symbol.as_deref()),
            (Some("USD Coin"), Some("USDC"))
        );
    }

    #[test]
    fn words_that_cannot_be_shown_are_left_out() {
        let control = metadata("a\nb", "c");
        let long = metadata(&"x".repeat(MAX_TEXT + 1), "c");
        for words in [&control, &long, &vec![0; 70], &vec![]] {
            let data = with_extensions(mint(9), KIND_MINT, &[(TOKEN_METADATA, words)]);
            let mint = Mint::from_bytes(TokenProgram::Token2022, &data).unwrap();
            assert_eq!(mint.name, None);
        }
        let cut = [&[19_u8, 0, 255, 255][..]].concat();
        let data = [with_extensions(mint(9), KIND_MINT, &[]), cut].concat();
        assert!(Mint::from_bytes(TokenProgram::Token2022, &data).is_some());
    }

    #[test]
    fn other_accounts_are_no_mints() {
        let mut unready = mint(6);
        unready[45] = 0;
        for (program, data) in [
            (TokenProgram::Token, vec![]),
            (TokenProgram::Token, unready),
            (TokenProgram::Token, mint(37)),
            (TokenProgram::Token, token_account(1)),
            (TokenProgram::Token, with_extensions(mint(6), KIND_MINT, &[])),
            (TokenProgram::Token2022, token_account(1)),
            (TokenProgram::Token2022, with_extensions(token_account(1), KIND_TOKEN_ACCOUNT, &[])),
        ] {
            assert_eq!(Mint::from_bytes(program, &data), None, "{} bytes", data.len());
        }
    }

    #[test]
    fn a_token_account_says_whose_and_how_much() {
        let extended = with_extensions(token_account(2), KIND_TOKEN_ACCOUNT, &[(7, &[])]);
        for (program, data, is_frozen) in [
            (TokenProgram::Token, token_account(1), false),
            (TokenProgram::Token2022, extended, true),
        ] {
            let account = TokenAccount::from_bytes(program, &data).unwrap();
            assert_eq!(account.is_frozen, is_frozen);
            assert_eq!(account.mint, SolanaAddress([3; 32]));
            assert_eq!(account.owner, SolanaAddress(OWNER));
            assert_eq!(account.amount(), Amount::from(42_u64));
        }
    }

    #[test]
    fn other_accounts_are_no_token_accounts() {
        for (program, data) in [
            (TokenProgram::Token, vec![]),
            (TokenProgram::Token, mint(6)),
            (TokenProgram::Token, token_account(0)),
            (TokenProgram::Token, with_extensions(token_account(1), KIND_TOKEN_ACCOUNT, &[])),
            (TokenProgram::Token2022, with_extensions(mint(6), KIND_MINT, &[])),
        ] {
            assert_eq!(TokenAccount::from_bytes(program, &data), None, "{} bytes", data.len());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_of_an_account_stop_the_program(
            data in vec(any::<u8>(), 0..400),
            kind in 0..3_u8,
        ) {
            let mut extended = data.clone();
            if let Some(place) = extended.get_mut(KIND_OFFSET) {
                *place = kind;
            }
            for data in [&data, &extended] {
                for program in [TokenProgram::Token, TokenProgram::Token2022] {
                    let mint = Mint::from_bytes(program, data);
                    let account = TokenAccount::from_bytes(program, data);
                    prop_assert!(mint.is_none() || account.is_none(), "it is not both");
                }
            }
        }
    }
}
