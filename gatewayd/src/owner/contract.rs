//! Owners that are contracts (EIP-1271): whether one agrees is asked of it on its network.

use primitives::{EvmAddress, Network};
use txcodec::message::personal_digest;

use crate::chains::{ChainError, Chains};

/// `isValidSignature(bytes32,bytes)`, and what it answers where the signature is valid.
const MAGIC: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];
const WORD: usize = 32;

/// Whether the contract at `address` takes `signature` for its own over the text, by EIP-191. False
/// where there is no contract.
///
/// # Errors
/// When nobody answers for that network.
pub async fn contract_agrees(
    chains: &Chains,
    network: &Network,
    address: EvmAddress,
    text: &[u8],
    signature: &[u8],
) -> Result<bool, ChainError> {
    let client = chains.client(&network.name);
    let client = client.ok_or(ChainError::Invalid("the network is not served"))?;
    match client.read_contract(address, question(text, signature)).await {
        Ok(answer) => Ok(is_yes(&answer)),
        // It refuses to answer, which is no yes.
        Err(ChainError::NotAToken { .. } | ChainError::ExecutionFailed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn question(text: &[u8], signature: &[u8]) -> Vec<u8> {
    let padding = signature.len().next_multiple_of(WORD).saturating_sub(signature.len());
    let length = u64::try_from(signature.len()).unwrap_or(u64::MAX);
    [
        MAGIC.as_slice(),
        &personal_digest(text),
        &word(64),
        &word(length),
        signature,
        &vec![0; padding],
    ]
    .concat()
}

fn word(number: u64) -> [u8; WORD] {
    let mut word = [0; WORD];
    if let Some(end) = word.last_chunk_mut() {
        *end = number.to_be_bytes();
    }
    word
}

/// One word that begins with the four bytes, the rest of it zero.
fn is_yes(answer: &[u8]) -> bool {
    answer.split_first_chunk().is_some_and(|(first, rest)| {
        *first == MAGIC && rest.len() == WORD - MAGIC.len() && rest.iter().all(|byte| *byte == 0)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use primitives::{Address, encode_hex};
    use serde_json::json;

    use super::*;
    use crate::chains::testing::Reaction;
    use crate::owner::testing::TestOwner;
    use crate::owner::{Action, Site};
    use crate::session::{Claim, Owner, OwnerError};
    use crate::store::wallets::{WalletOwner, sample};
    use crate::tx::testing::Scene;
    use crate::usecase::write_owner_message::write_owner_message;

    /// Ninety-six digits of the call that `cast calldata` makes of `isValidSignature(bytes32,bytes)`
    /// with a hash of 0x11… and the signature 0x010203 stand behind the selector and the hash.
    #[test]
    fn the_question_is_abi_encoded() {
        let asked = encode_hex(&question(b"x", &[1, 2, 3]));
        let hash = encode_hex(&personal_digest(b"x"));
        let expected = format!("1626ba7e{hash}{:064x}{:064x}010203{:058x}", 64, 3, 0);
        assert_eq!(asked, expected);
    }

    #[test]
    fn only_the_word_of_the_standard_is_a_yes() {
        let yes = [MAGIC.as_slice(), &[0; 28]].concat();
        assert!(is_yes(&yes));
        assert!(!is_yes(&[]));
        assert!(!is_yes(&MAGIC));
        assert!(!is_yes(&[yes.as_slice(), &[0]].concat()));
        for place in 0..WORD {
            let mut other = yes.clone();
            other[place] ^= 1;
            assert!(!is_yes(&other), "{place}");
        }
    }

    #[tokio::test]
    async fn a_contract_owns_if_it_says_so_and_nobody_else_is_asked() {
        let scene = Scene::start().await;
        let contract: Address = EvmAddress([0xC0; 20]).into();
        let key = TestOwner::evm(5);
        let answer = Arc::new(Mutex::new(format!("0x1626ba7e{:056x}", 0)));
        let asked = Arc::new(Mutex::new(0));
        let (says, counts) = (Arc::clone(&answer), Arc::clone(&asked));
        let node = scene.node(move |method, params| {
            let to_contract = params[0]["to"].as_str() == Some(&contract.to_string());
            (method == "eth_call" && to_contract).then(|| {
                *counts.lock().unwrap() += 1;
                Reaction::Result(json!(*says.lock().unwrap()))
            })
        });
        scene.ask_nodes(&[node.await.endpoint()]);
        let (app, site) = (&scene.app, Site::Port(3100));
        let claim = async |signature: Vec<u8>| {
            let network = Some("ethereum-sepolia".to_owned());
            let action = Action::KillSwitch;
            let text = write_owner_message(app, &site, contract, action, network).await.unwrap();
            let (address, signature) = (contract.to_string(), encode_hex(&signature));
            let message = base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                text.to_string(),
            );
            let signature = format!("0x{signature}");
            let claim = Claim { address: &address, message: &message, signature: &signature };
            Owner::from_claim(app, &site, claim).await
        };
        let two_keys = [key.sign_text(b"a"), key.sign_text(b"b")].concat();
        let stranger = claim(two_keys.clone()).await;
        assert!(matches!(stranger, Err(OwnerError::NotAnOwner(_))), "{stranger:?}");
        assert_eq!(*asked.lock().unwrap(), 0, "a contract that owns nothing is not asked");
        let owner = Some(WalletOwner { address: contract, verified_at: None });
        let now = app.clock.now();
        let set = app.store.write(move |db| db.set_owner(sample(1).id, owner, now)).await;
        assert!(set.unwrap());
        assert!(claim(two_keys.clone()).await.is_ok());
        "0x".clone_into(&mut answer.lock().unwrap());
        let refused = claim(two_keys).await;
        assert!(matches!(refused, Err(OwnerError::Signature)), "{refused:?}");
        assert_eq!(*asked.lock().unwrap(), 2);
    }
}
