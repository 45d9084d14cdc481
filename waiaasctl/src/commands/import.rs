//! `wallet import`: private keys in the forms that other programs export.

use primitives::{Chain, decode_hex};
use protocol::{Request, Secret};
use zeroize::{Zeroize, Zeroizing};

use super::Operation;
use super::wallet::{key_fields, key_json, name_wallet};
use crate::args::ImportArgs;
use crate::exit::{Exit, Failure};
use crate::passphrase::{Source, Wanted};
use crate::progress::Progress;
use crate::view::View;

/// Bytes of a private key: the scalar of secp256k1, the seed of Ed25519.
const KEY_LENGTH: usize = 32;

/// Takes over a key that was made elsewhere.
pub(super) fn import(arguments: ImportArgs, operation: &Operation) -> Result<View, Failure> {
    let mut signer = operation.signer()?;
    let chain = arguments.kind.chain;
    let typed = Source::from_option(arguments.key_file.as_deref()).read(Wanted::PrivateKey)?;
    let key = read_key(chain, typed.reveal()).ok_or_else(|| unreadable(chain))?;
    let progress = Progress::start("encrypting the key");
    let environment = arguments.kind.environment;
    let key = signer.make_key(Request::ImportKey { chain, environment, key, agent_id: None })?;
    drop(progress);
    let view = View::new(key_json(&key))
        .fields(key_fields(&key))
        .line("compare the address with the one you expect; back up the vault now");
    Ok(match operation.gateway().and_then(|it| Ok(name_wallet(&it, key.wallet, arguments.name)?)) {
        Ok(()) => view,
        Err(failure) => view.line(format!("the wallet has no name yet: {failure}")),
    })
}

/// The 32 bytes of a private key: hexadecimal for both chains; for Solana also base58 or a JSON list,
/// of the seed or of seed and public key.
fn read_key(chain: Chain, text: &str) -> Option<Secret> {
    let text = text.trim();
    let mut bytes = match (hexadecimal(text), chain) {
        (Some(bytes), _) => bytes,
        (None, Chain::Evm) => return None,
        (None, Chain::Solana) => json_list(text).or_else(|| base58(text))?,
    };
    if bytes.len() == KEY_LENGTH {
        return Some(Secret::new(std::mem::take(&mut *bytes)));
    }
    let seed = match (chain, bytes.first_chunk::<KEY_LENGTH>()) {
        (Chain::Solana, Some(seed)) if bytes.len() == 2 * KEY_LENGTH => seed.to_vec(),
        (Chain::Solana | Chain::Evm, _) => return None,
    };
    bytes.zeroize();
    Some(Secret::new(seed))
}

fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode_hex(text.strip_prefix("0x").unwrap_or(text)).ok().map(Zeroizing::new)
}

fn json_list(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    serde_json::from_str(text).ok().map(Zeroizing::new)
}

fn base58(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    bs58::decode(text).into_vec().ok().map(Zeroizing::new)
}

fn unreadable(chain: Chain) -> Failure {
    let expected = match chain {
        Chain::Evm => "64 hexadecimal digits, with or without 0x",
        Chain::Solana => {
            "64 hexadecimal digits, or the base58 text or JSON list that other programs export"
        }
    };
    Failure::new(Exit::Failed, format!("this is no private key for {chain}"), expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::wire::to_bytes;

    /// What goes to the signer: the length before the bytes.
    fn sent(chain: Chain, text: &str) -> Option<Vec<u8>> {
        read_key(chain, text).map(|key| to_bytes(&key)[4..].to_vec())
    }

    #[test]
    fn every_form_of_a_key_gives_its_32_bytes() {
        let seed = [7; 32];
        let pair = [[7; 32], [9; 32]].concat();
        let hex = primitives::encode_hex(&seed);
        for (chain, text) in [
            (Chain::Evm, hex.clone()),
            (Chain::Evm, format!(" 0x{hex}\n")),
            (Chain::Solana, hex.clone()),
            (Chain::Solana, bs58::encode(&seed).into_string()),
            (Chain::Solana, bs58::encode(&pair).into_string()),
            (Chain::Solana, serde_json::to_string(&pair).unwrap()),
        ] {
            assert_eq!(sent(chain, &text).as_deref(), Some(seed.as_slice()), "{chain} {text}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        let pair = [[7; 32], [9; 32]].concat();
        for (chain, text) in [
            (Chain::Evm, String::new()),
            (Chain::Evm, "07".repeat(31)),
            (Chain::Evm, "07".repeat(33)),
            (Chain::Evm, "07".repeat(64)),
            (Chain::Evm, bs58::encode(&pair).into_string()),
            (Chain::Solana, "[1,2,256]".to_owned()),
            (Chain::Solana, "abandon abandon abandon".to_owned()),
            (Chain::Solana, bs58::encode(&pair[..63]).into_string()),
        ] {
            assert_eq!(sent(chain, &text), None, "{chain} {text}");
        }
    }
}
