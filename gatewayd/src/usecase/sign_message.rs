//! A text or typed data is signed and handed back.

use primitives::{Chain, Network};
use protocol::{Payload, Warrant};
use serde_json::Value;
use txcodec::message::{JsonError, TypedData, decode_text, decode_typed_data};
use txcodec::{DecodeError, Decoded};

pub use super::signing::SigningError;

use super::choice::{ChoiceError, choose_network, choose_wallet};
use super::signing;
use crate::app::App;
use crate::chains::ChainError;
use crate::session::Agent;
use crate::signer::SignerError;
use crate::store::wallets::Wallet;
use crate::store::{StoreError, TransactionId};
use crate::tx::{self, AskedBy, Asking, Intent, Kind, Problem, Progress, Transaction, UnitsError};

/// Something to be signed that is no transaction.
#[derive(Clone, Debug)]
pub struct SignMessageRequest {
    /// Which wallet; may be left out by a session of one wallet.
    pub wallet: Option<String>,
    /// Name or CAIP-2; only checked to be one that the wallet can be used on.
    pub network: Option<String>,
    /// What.
    pub message: Message,
}

/// What is signed.
#[derive(Clone, Debug)]
pub enum Message {
    /// A text: EIP-191 with an EVM key, its plain bytes with a Solana key.
    Text(Vec<u8>),
    /// EIP-712, as wallets take it in JSON.
    TypedData(Value),
}

/// A signature over a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    /// The id under which it is kept.
    pub id: TransactionId,
    /// EVM: `0x` and 65 bytes `r ‖ s ‖ v`. Solana: base58 of 64 bytes.
    pub signature: String,
}

/// Why a message is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignMessageError {
    /// Wallet or network are not clear, or not the session's.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Typed data belongs to EVM chains.
    #[error("typed data (EIP-712) is signed with EVM wallets only")]
    TypedDataOnSolana,
    /// The typed data is not EIP-712.
    #[error("typedData: {0}")]
    TypedData(#[from] JsonError),
    /// The message is too long, no text, or could be a transaction.
    #[error("message: {0}")]
    Undecodable(#[from] DecodeError),
    /// What is needed of a token is not known.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It was not signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl From<UnitsError> for SignMessageError {
    fn from(error: UnitsError) -> Self {
        match error {
            UnitsError::Chain(error) => error.into(),
            UnitsError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for SignMessageError {
    fn from(error: StoreError) -> Self {
        Self::Signing(error.into())
    }
}

/// A message that was read, in the form that the signer takes, and what it does.
pub(super) struct Readable {
    payload: Payload,
    pub(super) decoded: Decoded,
}

/// Signs a message if the policies allow it at once.
///
/// # Errors
/// When it cannot be read, is not allowed, or the signer does not sign.
pub async fn sign_message(
    app: &App,
    agent: &Agent,
    request: SignMessageRequest,
) -> Result<SignedMessage, SignMessageError> {
    let wallet = choose_wallet(agent, request.wallet.as_deref())?;
    if let Some(given) = request.network.as_deref() {
        choose_network(&app.networks, wallet, Some(given))?;
    }
    let Readable { payload, decoded } = read(request.message, wallet.chain)?;
    let network = network_of(app, wallet, &decoded)?;
    let asked_by = Some(AskedBy { session: agent.session_id(), kind: Kind::SignMessage });
    let asking = Asking { app, wallet, network, deed: None, transaction: None, asked_by };
    let known = asking.known(&decoded).await?;
    let id = TransactionId::new(&app.clock);
    let session = Some(agent.session_id());
    let transaction = Transaction::new(id, wallet.id, session, Intent::SignMessage, known.now);
    signing::begin(app, transaction, decoded, known).await?;
    match sign(app, wallet, payload).await {
        Ok(signature) => {
            signing::end(app, id, Ok(Progress::Asked)).await?;
            Ok(SignedMessage { id, signature })
        }
        Err((problem, error)) => {
            signing::end(app, id, Err(problem)).await?;
            Err(error)
        }
    }
}

/// The network that typed data is for. A text, and typed data for a network that is not known, are
/// judged by the policies for every network alone.
///
/// # Errors
/// When it is one that the wallet is not for: its address is the same there.
pub(super) fn network_of<'a>(
    app: &'a App,
    wallet: &Wallet,
    decoded: &Decoded,
) -> Result<Option<&'a Network>, ChoiceError> {
    let named = decoded.chain_id().filter(|named| app.networks.by_chain_id(*named).is_some());
    let named = named.map(|named| named.to_string());
    named.map(|named| choose_network(&app.networks, wallet, Some(&named))).transpose()
}

pub(super) fn read(message: Message, chain: Chain) -> Result<Readable, SignMessageError> {
    match (message, chain) {
        (Message::Text(text), Chain::Evm | Chain::Solana) => {
            let decoded = decode_text(chain, &text)?;
            Ok(Readable { payload: Payload::Text(text), decoded })
        }
        (Message::TypedData(_), Chain::Solana) => Err(SignMessageError::TypedDataOnSolana),
        (Message::TypedData(json), Chain::Evm) => {
            let bytes = TypedData::from_json(&json)?.to_bytes();
            let decoded = decode_typed_data(&bytes)?;
            Ok(Readable { payload: Payload::TypedData(bytes), decoded })
        }
    }
}

async fn sign(
    app: &App,
    wallet: &Wallet,
    payload: Payload,
) -> Result<String, (Problem, SignMessageError)> {
    let signature = app.signer.sign(wallet.id, payload, Warrant::None).await;
    let no = |error: SignerError| (signing::problem(&error), SigningError::from(error).into());
    let signature = signature.map_err(no)?;
    signing::last_look(app)?;
    tx::signed_message(&signature, wallet.address)
        .map_err(|error| (Problem::new("INVALID_SIGNATURE", error.to_string()), error.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Denial;
    use crate::tx::testing::Scene;

    /// What is said to typed data of unknown meaning for that chain, by the owner of a wallet for test
    /// networks.
    async fn refused(scene: &Scene, chain_id: Option<u64>) -> SignMessageError {
        let mut domain =
            json!({ "verifyingContract": "0x3333333333333333333333333333333333333333" });
        let mut fields = vec![json!({ "name": "verifyingContract", "type": "address" })];
        if let Some(chain_id) = chain_id {
            domain["chainId"] = json!(chain_id);
            fields.insert(0, json!({ "name": "chainId", "type": "uint256" }));
        }
        let data = json!({
            "types": {
                "EIP712Domain": fields,
                "Vote": [{ "name": "choice", "type": "uint256" }],
            },
            "primaryType": "Vote", "domain": domain, "message": { "choice": "1" },
        });
        let message = Message::TypedData(data);
        let request = SignMessageRequest { wallet: None, network: None, message };
        sign_message(&scene.app, &scene.agent().await, request).await.unwrap_err()
    }

    /// The token was checked before its session ended, and what it asks for is judged afterwards.
    #[tokio::test]
    async fn nothing_is_signed_for_a_session_that_ended_since_it_was_let_in() {
        for what in ["revoked", "unlinked", "neither"] {
            let scene = Scene::start().await;
            let agent = scene.agent().await;
            let (session, now) = (agent.session_id(), scene.app.clock.now());
            let wallet = agent.wallets()[0].id;
            match what {
                "revoked" => scene.write(move |db| db.revoke_session(session, now).map(drop)).await,
                "unlinked" => {
                    scene.write(move |db| db.unlink_wallet(session, wallet).map(drop)).await;
                }
                _neither => {}
            }
            let message = Message::Text(b"hello".to_vec());
            let request = SignMessageRequest { wallet: None, network: None, message };
            let error = sign_message(&scene.app, &agent, request).await.unwrap_err();
            let is_over = matches!(error, SignMessageError::Signing(SigningError::SessionOver));
            assert_eq!((is_over, is_let_pass(&error)), (what != "neither", what == "neither"));
        }
    }

    /// The signer of these tests signs no message: what it is asked, the gateway let pass.
    fn is_let_pass(error: &SignMessageError) -> bool {
        matches!(error, SignMessageError::Signing(SigningError::Signer(_)))
    }

    #[tokio::test]
    async fn a_wallet_for_test_networks_signs_typed_data_for_no_main_network() {
        let scene = Scene::start().await;
        for chain_id in [Some(11_155_111), Some(84_532), None] {
            let error = refused(&scene, chain_id).await;
            assert!(is_let_pass(&error), "{chain_id:?}: {error:?}");
        }
        for chain_id in [1, 8453] {
            let error = refused(&scene, Some(chain_id)).await;
            let other =
                matches!(error, SignMessageError::Choice(ChoiceError::OtherEnvironment { .. }));
            assert!(other, "{chain_id}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_network_that_nobody_knows_is_no_test_network() {
        let scene = Scene::start().await;
        for chain_id in [2, 424_242] {
            let error = refused(&scene, Some(chain_id)).await;
            let denied = matches!(
                &error,
                SignMessageError::Signing(SigningError::Denied(Denial {
                    rule: "CONTRACT_WHITELIST",
                    ..
                }))
            );
            assert!(denied, "{chain_id}: {error:?}");
        }
    }
}
