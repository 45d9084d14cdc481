//! A transaction that was made elsewhere is signed and handed back; the asker sends it.

use primitives::{Chain, ChainId, Network};
use protocol::{Payload, Warrant};
use txcodec::{DecodeError, Decoded, Effect, Subject};

pub use super::signing::SigningError;

use super::choice::{ChoiceError, choose_network, choose_wallet};
use super::signing;
use crate::app::App;
use crate::chains::ChainError;
use crate::session::Agent;
use crate::store::wallets::Wallet;
use crate::store::{StoreError, TransactionId};
use crate::tx::{
    self, AskedBy, Asking, Drafted, Intent, Kind, Problem, Progress, Signed, Tier, Transaction,
    UnitsError,
};

/// A transaction to be signed.
#[derive(Clone, Debug)]
pub struct SignRequest {
    /// Which wallet; may be left out by a session of one wallet.
    pub wallet: Option<String>,
    /// Name or CAIP-2; an EVM transaction says it itself.
    pub network: Option<String>,
    /// Unsigned. EVM: as EIP-155, 2930 or 1559 have it signed. Solana: the transaction with empty
    /// signatures, or its message.
    pub unsigned: Vec<u8>,
}

/// A transaction with its signature.
#[derive(Clone, Debug)]
pub struct SignedTransaction {
    /// The id under which it is kept.
    pub id: TransactionId,
    /// As the network takes it, with what the network calls it.
    pub signed: Signed,
    /// What it does.
    pub effects: Vec<Effect>,
    /// What the policies say.
    pub tier: Tier,
}

/// Why a transaction is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignTransactionError {
    /// Wallet or network are not clear, or not the session's.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The bytes cannot be read.
    #[error("transaction: {0}")]
    Undecodable(#[from] DecodeError),
    /// It is for another network.
    #[error("the transaction is for {actual}, and was to be signed for {wanted}")]
    OtherNetwork {
        /// The network that the request names.
        wanted: ChainId,
        /// The network in the bytes.
        actual: ChainId,
    },
    /// What is needed of a token is not known.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It was not signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl From<StoreError> for SignTransactionError {
    fn from(error: StoreError) -> Self {
        Self::Signing(error.into())
    }
}

impl From<UnitsError> for SignTransactionError {
    fn from(error: UnitsError) -> Self {
        match error {
            UnitsError::Chain(error) => error.into(),
            UnitsError::Store(error) => error.into(),
        }
    }
}

/// Signs a transaction if the policies allow it at once. What it spends counts from then on.
///
/// # Errors
/// When it cannot be read, is not allowed, or the signer does not sign.
pub async fn sign_transaction(
    app: &App,
    agent: &Agent,
    request: SignRequest,
) -> Result<SignedTransaction, SignTransactionError> {
    let wallet = choose_wallet(agent, request.wallet.as_deref())?;
    let (unsigned, decoded) = read(request.unsigned, wallet)?;
    let network = network(app, wallet, request.network.as_deref(), &decoded)?;
    let asked_by = Some(AskedBy { session: agent.session_id(), kind: Kind::Sign });
    let asking =
        Asking { app, wallet, network: Some(network), deed: None, transaction: None, asked_by };
    let known = asking.known(&decoded).await?;
    let drafted = Drafted {
        unsigned: unsigned.clone(),
        fee_ceiling: decoded.fee_ceiling(),
        nonce: None,
        last_valid_block_height: None,
    };
    let intent = Intent::SignTransaction { network: network.chain_id };
    let id = TransactionId::new(&app.clock);
    let mut transaction =
        Transaction::new(id, wallet.id, Some(agent.session_id()), intent, known.now);
    transaction.progress = Progress::Drafted(drafted.clone());
    let effects = decoded.effects().to_vec();
    let tier = signing::begin(app, transaction, decoded, known).await?;
    match sign(app, wallet, unsigned).await {
        Ok(signed) => {
            signing::end(app, id, Ok(Progress::Signed(drafted, signed.clone()))).await?;
            Ok(SignedTransaction { id, signed, effects, tier })
        }
        Err((problem, error)) => {
            signing::end(app, id, Err(problem)).await?;
            Err(error)
        }
    }
}

async fn sign(
    app: &App,
    wallet: &Wallet,
    unsigned: Vec<u8>,
) -> Result<Signed, (Problem, SignTransactionError)> {
    let payload = Payload::Transaction(unsigned.clone());
    let signature = app.signer.sign(wallet.id, payload, Warrant::None).await;
    let signature =
        signature.map_err(|error| (signing::problem(&error), SigningError::from(error).into()))?;
    signing::last_look(app)?;
    tx::signed_transaction(&unsigned, &signature, wallet.address)
        .map_err(|error| (Problem::new("INVALID_TRANSACTION", error.to_string()), error.into()))
}

/// The bytes that a signer takes, and what they do.
pub(super) fn read(bytes: Vec<u8>, wallet: &Wallet) -> Result<(Vec<u8>, Decoded), DecodeError> {
    match (tx::decode(&bytes, wallet.address), message_within(&bytes, wallet.chain)) {
        (Ok(decoded), _) => Ok((bytes, decoded)),
        (Err(error), None) => Err(error),
        (Err(_), Some(message)) => {
            let decoded = tx::decode(message, wallet.address)?;
            Ok((message.to_vec(), decoded))
        }
    }
}

/// The message of a Solana transaction of one signer whose signature is still empty.
fn message_within(bytes: &[u8], chain: Chain) -> Option<&[u8]> {
    match chain {
        Chain::Evm => None,
        Chain::Solana => {
            let (signatures, message) = bytes.split_at_checked(65)?;
            let (count, signature) = signatures.split_first()?;
            (*count == 1 && signature.iter().all(|byte| *byte == 0)).then_some(message)
        }
    }
}

fn network<'a>(
    app: &'a App,
    wallet: &Wallet,
    given: Option<&str>,
    decoded: &Decoded,
) -> Result<&'a Network, SignTransactionError> {
    let in_bytes = match decoded.subject() {
        Subject::EvmTransaction { chain_id, .. } => Some(chain_id),
        Subject::SolanaTransaction { .. } | Subject::EvmMessage | Subject::SolanaMessage => None,
    };
    let by_bytes = in_bytes.map(|chain_id| chain_id.to_string());
    let network = choose_network(&app.networks, wallet, given.or(by_bytes.as_deref()))?;
    match in_bytes {
        Some(actual) if actual != network.chain_id => {
            Err(SignTransactionError::OtherNetwork { wanted: network.chain_id, actual })
        }
        Some(_) | None => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use primitives::{Amount, EvmAddress};
    use txcodec::evm::{Kind, Transaction};

    use super::*;
    use crate::signer::SignerError;
    use crate::tx::Status;
    use crate::tx::testing::{NodeMood, Scene, SignerMood};

    const SEPOLIA: u64 = 11_155_111;

    /// Wei to somebody, with a fee of one wei.
    fn unsigned(chain_id: u64, wei: u64, data: &[u8]) -> Vec<u8> {
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: Amount::from(1_u64) },
            chain_id: NonZeroU64::new(chain_id).unwrap(),
            nonce: 77,
            gas_limit: 1,
            to: Some(EvmAddress([9; 20])),
            value: wei.into(),
            data: data.to_vec(),
        };
        transaction.to_unsigned_bytes()
    }

    async fn sign(
        scene: &Scene,
        unsigned: Vec<u8>,
        network: Option<&str>,
    ) -> Result<SignedTransaction, SignTransactionError> {
        let network = network.map(str::to_owned);
        let request = SignRequest { wallet: None, network, unsigned };
        sign_transaction(&scene.app, &scene.agent().await, request).await
    }

    #[tokio::test]
    async fn what_is_signed_and_handed_back_counts_as_spent() {
        let scene = Scene::start().await;
        let signed = sign(&scene, unsigned(SEPOLIA, 5, &[]), None).await.unwrap();
        assert_eq!((signed.tier, signed.effects.len()), (Tier::Instant, 1));
        let kept = scene.show(signed.id).await;
        assert_eq!((kept.status, kept.next_attempt_at), (Status::Signed, None));
        assert_eq!(kept.hash(), Some(signed.signed.hash.as_str()));
        assert_eq!(scene.spent().await, Amount::from(6_u64));
        assert!(scene.mined().is_empty(), "the asker sends it, not the gateway");
    }

    #[tokio::test]
    async fn what_is_not_signed_at_once_is_not_signed_and_does_not_count() {
        let scene = Scene::start().await;
        let denied = sign(&scene, unsigned(SEPOLIA, 0, &[1, 2, 3, 4]), None).await;
        assert!(matches!(
            denied,
            Err(SignTransactionError::Signing(SigningError::Denied(denial)))
                if denial.rule == "CONTRACT_WHITELIST"
        ));
        let large = sign(&scene, unsigned(SEPOLIA, 60_000_000_000_000_000, &[]), None).await;
        assert!(matches!(
            large,
            Err(SignTransactionError::Signing(SigningError::NeedsWaiting(Tier::Delay)))
        ));
        scene.feel(NodeMood::Good, SignerMood::Refuses);
        let refused = sign(&scene, unsigned(SEPOLIA, 5, &[]), None).await;
        assert!(matches!(
            refused,
            Err(SignTransactionError::Signing(SigningError::Signer(SignerError::Refused(_))))
        ));
        assert_eq!(scene.spent().await, Amount::ZERO);
    }

    #[tokio::test]
    async fn bytes_for_another_network_or_of_another_kind_are_refused() {
        let scene = Scene::start().await;
        let other = sign(&scene, unsigned(84_532, 5, &[]), Some("ethereum-sepolia")).await;
        assert!(matches!(other, Err(SignTransactionError::OtherNetwork { .. })));
        let mainnet = sign(&scene, unsigned(1, 5, &[]), None).await;
        assert!(matches!(mainnet, Err(SignTransactionError::Choice(_))));
        let garbage = sign(&scene, vec![0xc0], None).await;
        assert!(matches!(garbage, Err(SignTransactionError::Undecodable(_))));
    }
}
