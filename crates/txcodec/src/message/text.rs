//! Texts: personal messages of EIP-191 on EVM chains, the plain bytes on Solana.

use std::collections::BTreeSet;

use primitives::{Amount, Chain};

use crate::hash::keccak256;
use crate::intent::{Intent, Kind};
use crate::{DecodeError, Decoded, Effect, SigningInput, Subject, evm, solana};

/// The longest text that is signed, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// What stands before a personal message and its length (EIP-191, version `0x45`).
const PERSONAL: &str = "\x19Ethereum Signed Message:\n";
/// What Solana's off-chain messages begin with; they are signed in a form of their own.
const OFF_CHAIN: &[u8] = b"\xffsolana offchain";

/// Reads a text that a wallet on `chain` is asked to sign.
///
/// # Errors
/// When it is empty, too long, no UTF-8, or could be taken for something other than a text: a
/// transaction, the preimage or the digest of one, or typed data.
pub fn decode_text(chain: Chain, text: &[u8]) -> Result<Decoded, DecodeError> {
    if text.len() > MAX_TEXT {
        return Err(DecodeError::TooMany("bytes of text"));
    }
    if is_ambiguous(text) {
        return Err(DecodeError::TransactionAsMessage);
    }
    let text = str::from_utf8(text).map_err(|_position| DecodeError::Invalid("no UTF-8"))?;
    if text.is_empty() {
        return Err(DecodeError::Truncated);
    }
    let (subject, signing_input, kind) = match chain {
        Chain::Evm => {
            let digest = SigningInput::Digest(personal_digest(text.as_bytes()));
            (Subject::EvmMessage, digest, Kind::EvmText)
        }
        Chain::Solana => {
            (Subject::SolanaMessage, SigningInput::Bytes(text.into()), Kind::SolanaText)
        }
    };
    Ok(Decoded {
        subject,
        effects: vec![Effect::Text { text: text.to_owned() }],
        fee_ceiling: Amount::ZERO,
        gas_limit: 0,
        signing_input,
        intent: Intent::new(kind).field(text.as_bytes()).digest(),
        length: text.len(),
        raised: BTreeSet::new(),
    })
}

/// What an EVM key signs of a personal message: the digest of EIP-191, version `0x45`.
pub fn personal_digest(text: &[u8]) -> [u8; 32] {
    keccak256(&[format!("{PERSONAL}{}", text.len()).as_bytes(), text].concat())
}

/// True for what could be taken for something other than a text.
///
/// A contract cannot tell 32 letters from a digest. The preimages of EIP-191, the typed transactions
/// of EIP-2718 and Solana's messages begin with a control character (a legacy message with its number
/// of signatures), or with a byte that begins no UTF-8; to ask for that first byte does not depend on
/// how strictly a transaction is read.
fn is_ambiguous(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_control)
        || text.len() == 32
        || text.starts_with(OFF_CHAIN)
        || evm::Transaction::from_unsigned_bytes(text).is_ok()
        || solana::Message::from_bytes(text).is_ok()
}

#[cfg(test)]
mod tests {
    use primitives::{SolanaAddress, encode_hex};

    use super::*;

    const CHAINS: [Chain; 2] = [Chain::Evm, Chain::Solana];

    /// From the documentation of ethers and eth-account.
    #[test]
    fn a_personal_message_is_hashed_with_its_length() {
        for (text, digest) in [
            ("Hello World", "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"),
            ("I\u{2665}SF", "1476abb745d423bf09273f1afd887d951181d25adc66c4834a70491911b7f750"),
        ] {
            let decoded = decode_text(Chain::Evm, text.as_bytes()).unwrap();
            let SigningInput::Digest(found) = decoded.signing_input() else { panic!("no digest") };
            assert_eq!(encode_hex(found), digest, "{text}");
            assert_eq!(decoded.effects(), [Effect::Text { text: text.to_owned() }]);
            assert_eq!(decoded.subject(), Subject::EvmMessage);
        }
    }

    #[test]
    fn a_text_on_solana_is_signed_as_it_is() {
        let decoded = decode_text(Chain::Solana, "gm \u{2600}".as_bytes()).unwrap();
        let plain = SigningInput::Bytes("gm \u{2600}".into());
        assert_eq!(decoded.signing_input(), &plain);
        assert_eq!(decoded.subject(), Subject::SolanaMessage);
        assert_eq!(decoded.spend(), Some([].into()));
    }

    #[test]
    fn what_could_be_a_transaction_is_not_signed_as_a_text() {
        let transaction = evm::Transaction {
            kind: evm::Kind::Legacy { gas_price: Amount::ZERO },
            chain_id: std::num::NonZeroU64::MIN,
            nonce: 0,
            gas_limit: 0,
            to: None,
            value: Amount::ZERO,
            data: vec![],
        };
        let payer = SolanaAddress([b'a'; 32]);
        let transfer = solana::system::transfer(payer, SolanaAddress([b'b'; 32]), 1);
        let message =
            solana::Message::compile(payer, &[transfer], [b'c'; 32], solana::Version::Legacy);
        for chain in CHAINS {
            for text in [
                &transaction.to_unsigned_bytes()[..],
                &message.as_ref().unwrap().to_bytes(),
                b"\x19\x01 and two hashes",
                b"\x19\x00 and a validator",
                b"\x19Ethereum Signed Message:\n2hi",
                b"\x01\x00\x01\x03 and three keys",
                b"\x02 and a list",
                b"\x7f",
                b"\xffsolana offchain\0",
                &[0xaa; 32],
                &[b'a'; 32],
            ] {
                let refused = Err(DecodeError::TransactionAsMessage);
                assert_eq!(decode_text(chain, text), refused, "{text:x?}");
            }
        }
    }

    #[test]
    fn another_text_or_chain_is_another_intent() {
        let intent = |chain, text: &str| decode_text(chain, text.as_bytes()).unwrap().intent();
        assert_eq!(intent(Chain::Evm, "pay"), intent(Chain::Evm, "pay"));
        assert_ne!(intent(Chain::Evm, "pay"), intent(Chain::Evm, "pay "));
        assert_ne!(intent(Chain::Evm, "pay"), intent(Chain::Solana, "pay"));
    }

    #[test]
    fn other_bytes_are_no_text() {
        for chain in CHAINS {
            let read = |text: &[u8]| decode_text(chain, text).map(|_decoded| ());
            assert_eq!(read(b""), Err(DecodeError::Truncated));
            assert_eq!(read(b"caf\xe9"), Err(DecodeError::Invalid("no UTF-8")));
            assert_eq!(read(&vec![b'a'; MAX_TEXT]), Ok(()));
            let longer = vec![b'a'; MAX_TEXT + 1];
            assert_eq!(read(&longer), Err(DecodeError::TooMany("bytes of text")));
            assert_eq!(read(&[b'a'; 31]), Ok(()));
            assert_eq!(read(&[b'a'; 33]), Ok(()));
        }
    }
}
