//! Tokens (ERC-20): calls that move them, calls that ask about them, and the answers.

use primitives::{Amount, EvmAddress};

use super::abi::{self, Word};
use crate::{DecodeError, Selector};

pub(super) const TRANSFER: Selector = [0xa9, 0x05, 0x9c, 0xbb];
pub(super) const TRANSFER_FROM: Selector = [0x23, 0xb8, 0x72, 0xdd];
pub(super) const APPROVE: Selector = [0x09, 0x5e, 0xa7, 0xb3];
pub(super) const INCREASE_ALLOWANCE: Selector = [0x39, 0x50, 0x93, 0x51];
const BALANCE_OF: Selector = [0x70, 0xa0, 0x82, 0x31];
const ALLOWANCE: Selector = [0xdd, 0x62, 0xed, 0x3e];
const DECIMALS: Selector = [0x31, 0x3c, 0xe5, 0x67];
const SYMBOL: Selector = [0x95, 0xd8, 0x9b, 0x41];
const NAME: Selector = [0x06, 0xfd, 0xde, 0x03];

/// The longest name or symbol that is taken from a contract, in bytes.
pub const MAX_TEXT: usize = 128;

/// A call that moves tokens, or lets somebody move them. Amounts are in base units of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `transfer(address,uint256)`
    Transfer {
        /// Who gets the tokens.
        to: EvmAddress,
        /// How many.
        amount: Amount,
    },
    /// `transferFrom(address,address,uint256)`
    TransferFrom {
        /// Whose tokens.
        from: EvmAddress,
        /// Who gets them.
        to: EvmAddress,
        /// How many.
        amount: Amount,
    },
    /// `approve(address,uint256)`
    Approve {
        /// Who may take tokens.
        spender: EvmAddress,
        /// How many from now on.
        amount: Amount,
    },
    /// `increaseAllowance(address,uint256)`, which many tokens have beside the standard.
    IncreaseAllowance {
        /// Who may take tokens.
        spender: EvmAddress,
        /// How many more.
        amount: Amount,
    },
}

impl Call {
    /// Reads call data. `None` when it is no such call, and also when a word that holds an address
    /// holds anything else, or when there is more or less data than the call has.
    pub fn from_data(data: &[u8]) -> Option<Self> {
        match *data.first_chunk()? {
            TRANSFER => {
                let (to, amount) = read_party_and_amount(data, TRANSFER)?;
                Some(Self::Transfer { to, amount })
            }
            APPROVE => {
                let (spender, amount) = read_party_and_amount(data, APPROVE)?;
                Some(Self::Approve { spender, amount })
            }
            INCREASE_ALLOWANCE => {
                let (spender, amount) = read_party_and_amount(data, INCREASE_ALLOWANCE)?;
                Some(Self::IncreaseAllowance { spender, amount })
            }
            TRANSFER_FROM => {
                let [from, to, amount] = abi::arguments(data, TRANSFER_FROM)?;
                Some(Self::TransferFrom {
                    from: abi::read_address(from)?,
                    to: abi::read_address(to)?,
                    amount: abi::read_amount(amount),
                })
            }
            _ => None,
        }
    }

    /// Call data.
    pub fn to_data(self) -> Vec<u8> {
        match self {
            Self::Transfer { to, amount } => put_party_and_amount(TRANSFER, to, amount),
            Self::Approve { spender, amount } => put_party_and_amount(APPROVE, spender, amount),
            Self::IncreaseAllowance { spender, amount } => {
                put_party_and_amount(INCREASE_ALLOWANCE, spender, amount)
            }
            Self::TransferFrom { from, to, amount } => {
                let words = [abi::address(from), abi::address(to), amount.to_be_bytes()];
                abi::call(TRANSFER_FROM, &words)
            }
        }
    }
}

/// Call data that sends `amount` base units to `to`.
pub fn transfer(to: EvmAddress, amount: Amount) -> Vec<u8> {
    Call::Transfer { to, amount }.to_data()
}

/// Call data that lets `spender` take up to `amount` base units.
pub fn approve(spender: EvmAddress, amount: Amount) -> Vec<u8> {
    Call::Approve { spender, amount }.to_data()
}

/// Call data that asks how much `owner` has; the answer is for [`read_amount`].
pub fn balance_of(owner: EvmAddress) -> Vec<u8> {
    abi::call(BALANCE_OF, &[abi::address(owner)])
}

/// Call data that asks how much of `owner`'s `spender` may take; the answer is for [`read_amount`].
pub fn allowance(owner: EvmAddress, spender: EvmAddress) -> Vec<u8> {
    abi::call(ALLOWANCE, &[abi::address(owner), abi::address(spender)])
}

/// Call data that asks how many decimals the token has; the answer is for [`read_decimals`].
pub fn decimals() -> Vec<u8> {
    DECIMALS.to_vec()
}

/// Call data that asks for the token's symbol; the answer is for [`read_text`].
pub fn symbol() -> Vec<u8> {
    SYMBOL.to_vec()
}

/// Call data that asks for the token's name; the answer is for [`read_text`].
pub fn name() -> Vec<u8> {
    NAME.to_vec()
}

/// Reads an answer that is an amount.
///
/// # Errors
/// When the answer is not one word; it is empty where there is no contract.
pub fn read_amount(answer: &[u8]) -> Result<Amount, DecodeError> {
    read_word(answer).map(abi::read_amount)
}

/// Reads an answer that is a number of decimals.
///
/// # Errors
/// When the answer is not one word below 256.
pub fn read_decimals(answer: &[u8]) -> Result<u8, DecodeError> {
    read_amount(answer)?
        .to_u64()
        .and_then(|decimals| u8::try_from(decimals).ok())
        .ok_or(DecodeError::Invalid("more than 255 decimals"))
}

/// Reads an answer that is a name or a symbol: a string, or bytes that end in zeros as the oldest
/// tokens give them.
///
/// # Errors
/// When the answer is neither, is longer than [`MAX_TEXT`], is no UTF-8, or holds characters that
/// cannot be seen.
pub fn read_text(answer: &[u8]) -> Result<String, DecodeError> {
    let bytes = match answer.as_chunks() {
        ([word], []) => trim_zeros(word),
        ([offset, length, ..], _) => read_string(answer, offset, length)?,
        ([] | [_], _) => return Err(DecodeError::Truncated),
    };
    let text = str::from_utf8(bytes).map_err(|_position| DecodeError::Invalid("no UTF-8"))?;
    if text.contains(is_unseen) {
        return Err(DecodeError::Invalid("a text with characters that cannot be seen"));
    }
    Ok(text.to_owned())
}

fn read_party_and_amount(data: &[u8], selector: Selector) -> Option<(EvmAddress, Amount)> {
    let [party, amount] = abi::arguments(data, selector)?;
    Some((abi::read_address(party)?, abi::read_amount(amount)))
}

fn put_party_and_amount(selector: Selector, party: EvmAddress, amount: Amount) -> Vec<u8> {
    abi::call(selector, &[abi::address(party), amount.to_be_bytes()])
}

fn read_word(answer: &[u8]) -> Result<&Word, DecodeError> {
    match answer.as_chunks() {
        ([word], []) => Ok(word),
        ([], _) => Err(DecodeError::Truncated),
        (_, _) => Err(DecodeError::TrailingBytes),
    }
}

fn read_string<'a>(
    answer: &'a [u8],
    offset: &Word,
    length: &Word,
) -> Result<&'a [u8], DecodeError> {
    if abi::read_amount(offset) != Amount::from(32_u64) {
        return Err(DecodeError::NotCanonical("a string that is not where it belongs"));
    }
    let length = abi::read_amount(length)
        .to_u64()
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length <= MAX_TEXT)
        .ok_or(DecodeError::TooMany("bytes of text"))?;
    answer.get(64..).and_then(|bytes| bytes.get(..length)).ok_or(DecodeError::Truncated)
}

fn trim_zeros(word: &Word) -> &[u8] {
    let end = word.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    word.get(..end).unwrap_or_default()
}

/// Control characters, and those that are invisible or turn the direction of the text: with them
/// one token can be made to look like another.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use primitives::decode_hex;

    use super::*;
    use crate::hash::keccak256;

    fn word(value: u64) -> Vec<u8> {
        Amount::from(value).to_be_bytes().to_vec()
    }

    fn string(text: &[u8], padding: usize) -> Vec<u8> {
        let length = u64::try_from(text.len()).unwrap();
        [&word(32), &word(length), text, &vec![0; padding]].concat()
    }

    #[test]
    fn selectors_are_the_hashes_of_their_signatures() {
        for (selector, signature) in [
            (TRANSFER, "transfer(address,uint256)"),
            (TRANSFER_FROM, "transferFrom(address,address,uint256)"),
            (APPROVE, "approve(address,uint256)"),
            (INCREASE_ALLOWANCE, "increaseAllowance(address,uint256)"),
            (BALANCE_OF, "balanceOf(address)"),
            (ALLOWANCE, "allowance(address,address)"),
            (DECIMALS, "decimals()"),
            (SYMBOL, "symbol()"),
            (NAME, "name()"),
        ] {
            assert_eq!(keccak256(signature.as_bytes())[..4], selector, "{signature}");
        }
    }

    #[test]
    fn a_transfer_is_written_as_solidity_does() {
        let data = transfer(EvmAddress([0x22; 20]), Amount::from(1000_u64));
        let expected =
            format!("a9059cbb{}{}{}3e8", "0".repeat(24), "22".repeat(20), "0".repeat(61));
        assert_eq!(data, decode_hex(&expected).unwrap());
    }

    #[test]
    fn an_amount_is_exactly_one_word() {
        assert_eq!(read_amount(&[0xff; 32]), Ok(Amount::MAX));
        assert_eq!(read_amount(&[]), Err(DecodeError::Truncated));
        assert_eq!(read_amount(&[0; 31]), Err(DecodeError::Truncated));
        assert_eq!(read_amount(&[0; 33]), Err(DecodeError::TrailingBytes));
        assert_eq!(read_amount(&[0; 64]), Err(DecodeError::TrailingBytes));
    }

    #[test]
    fn decimals_fit_in_a_byte() {
        assert_eq!(read_decimals(&word(0)), Ok(0));
        assert_eq!(read_decimals(&word(255)), Ok(255));
        assert_eq!(read_decimals(&word(256)), Err(DecodeError::Invalid("more than 255 decimals")));
        assert!(read_decimals(&[0xff; 32]).is_err());
    }

    #[test]
    fn a_symbol_is_a_string_or_the_bytes_of_old_tokens() {
        let mut old = *b"MKR\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(read_text(&old).as_deref(), Ok("MKR"));
        old[3..].fill(b'R');
        assert_eq!(read_text(&old).map(|text| text.len()), Ok(32));
        assert_eq!(read_text(&[0; 32]).as_deref(), Ok(""));
        assert_eq!(read_text(&string(b"USDC", 28)).as_deref(), Ok("USDC"));
        assert_eq!(read_text(&string(b"USDC", 0)).as_deref(), Ok("USDC"));
        assert_eq!(read_text(&string(b"", 0)).as_deref(), Ok(""));
        assert_eq!(read_text(&string("USD\u{20ae}".as_bytes(), 26)).as_deref(), Ok("USD\u{20ae}"));
        assert_eq!(read_text(&string(&[b'x'; MAX_TEXT], 0)).map(|text| text.len()), Ok(MAX_TEXT));
    }

    #[test]
    fn a_contract_cannot_answer_with_a_text_that_misleads_or_does_not_end() {
        let lies_about_length = [word(32), word(33), vec![b'x'; 32]].concat();
        let far_away = [word(64), word(4), b"USDC".to_vec(), vec![0; 28]].concat();
        let endless = [word(32), vec![0xff; 32]].concat();
        for answer in [
            vec![],
            vec![0; 31],
            lies_about_length,
            far_away,
            endless,
            string(&[b'x'; MAX_TEXT + 1], 31),
            string(&[0xff, 0xfe], 30),
            string(b"USDC\0", 27),
            string(b"US\nDC", 27),
            string("US\u{202e}CD".as_bytes(), 25),
            string("USDC\u{200b}".as_bytes(), 25),
        ] {
            assert!(read_text(&answer).is_err(), "{answer:x?}");
        }
    }
}
