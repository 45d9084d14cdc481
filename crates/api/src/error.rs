//! The stable error codes, their HTTP statuses, and the body that carries them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// One of [`ErrorCode`]; programs decide by it.
    #[schema(example = "WALLET_NOT_FOUND")]
    pub code: String,
    /// What happened; for people.
    pub message: String,
    /// The request's id, as in the `X-Request-Id` header.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Facts for programs, where the code alone does not say enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Declares [`ErrorCode`]: one line of name, HTTP status and wire name a code.
macro_rules! error_codes {
    ($($name:ident $status:literal $wire:ident $($retryable:ident)?,)+) => {
        /// Why a request was not served. Names and statuses are those of the HTTP contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = concat!("`", stringify!($wire), "`, status ", stringify!($status), ".")] $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// As it is written in a body.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($wire),)+
                }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                }
            }

            /// Whether the same request may succeed later.
            pub const fn retryable(self) -> bool {
                match self {
                    $(Self::$name => error_codes!(@retryable $($retryable)?),)+
                }
            }
        }
    };
    (@retryable retryable) => { true };
    (@retryable) => { false };
}

error_codes! {
    // AUTH
    InvalidToken 401 INVALID_TOKEN,
    TokenExpired 401 TOKEN_EXPIRED,
    SessionRevoked 401 SESSION_REVOKED,
    InvalidSignature 401 INVALID_SIGNATURE,
    InvalidNonce 401 INVALID_NONCE,
    InvalidMasterPassword 401 INVALID_MASTER_PASSWORD,
    MasterPasswordLocked 429 MASTER_PASSWORD_LOCKED,
    SystemLocked 503 SYSTEM_LOCKED,
    // SESSION
    RenewalNotRequired 400 RENEWAL_NOT_REQUIRED,
    SessionRequiresWallet 400 SESSION_REQUIRES_WALLET,
    WalletIdRequired 400 WALLET_ID_REQUIRED,
    SessionExpired 401 SESSION_EXPIRED,
    SessionLimitExceeded 403 SESSION_LIMIT_EXCEEDED,
    ConstraintViolated 403 CONSTRAINT_VIOLATED,
    RenewalLimitReached 403 RENEWAL_LIMIT_REACHED,
    SessionAbsoluteLifetimeExceeded 403 SESSION_ABSOLUTE_LIFETIME_EXCEEDED,
    RenewalTooEarly 400 RENEWAL_TOO_EARLY retryable,
    SessionRenewalMismatch 403 SESSION_RENEWAL_MISMATCH,
    WalletAccessDenied 403 WALLET_ACCESS_DENIED,
    SessionNotFound 404 SESSION_NOT_FOUND,
    WalletAlreadyLinked 409 WALLET_ALREADY_LINKED,
    // TX
    InsufficientBalance 400 INSUFFICIENT_BALANCE,
    InvalidAddress 400 INVALID_ADDRESS,
    InsufficientTokenBalance 400 INSUFFICIENT_TOKEN_BALANCE,
    BatchNotSupported 400 BATCH_NOT_SUPPORTED,
    BatchSizeExceeded 400 BATCH_SIZE_EXCEEDED,
    EnvironmentNetworkMismatch 400 ENVIRONMENT_NETWORK_MISMATCH,
    NetworkRequired 400 NETWORK_REQUIRED,
    InvalidTransaction 400 INVALID_TRANSACTION,
    WalletNotSigner 400 WALLET_NOT_SIGNER,
    UnsupportedTxType 400 UNSUPPORTED_TX_TYPE,
    ChainIdMismatch 400 CHAIN_ID_MISMATCH,
    AbiEncodingFailed 400 ABI_ENCODING_FAILED,
    InsufficientForFee 400 INSUFFICIENT_FOR_FEE,
    TokenNotAllowed 403 TOKEN_NOT_ALLOWED,
    ContractCallDisabled 403 CONTRACT_CALL_DISABLED,
    ContractNotWhitelisted 403 CONTRACT_NOT_WHITELISTED,
    MethodNotWhitelisted 403 METHOD_NOT_WHITELISTED,
    ApproveDisabled 403 APPROVE_DISABLED,
    SpenderNotApproved 403 SPENDER_NOT_APPROVED,
    ApproveAmountExceeded 403 APPROVE_AMOUNT_EXCEEDED,
    UnlimitedApproveBlocked 403 UNLIMITED_APPROVE_BLOCKED,
    BatchPolicyViolation 403 BATCH_POLICY_VIOLATION,
    TxNotFound 404 TX_NOT_FOUND,
    TokenNotFound 404 TOKEN_NOT_FOUND,
    PipelineHalted 409 PIPELINE_HALTED,
    TxAlreadyProcessed 409 TX_ALREADY_PROCESSED,
    TxExpired 410 TX_EXPIRED,
    SimulationFailed 422 SIMULATION_FAILED,
    TransactionReverted 422 TRANSACTION_REVERTED,
    ChainError 502 CHAIN_ERROR retryable,
    PaymasterRejected 502 PAYMASTER_REJECTED,
    SimulationTimeout 504 SIMULATION_TIMEOUT retryable,
    TransactionTimeout 504 TRANSACTION_TIMEOUT retryable,
    // POLICY
    PolicyDenied 403 POLICY_DENIED,
    SpendingLimitExceeded 403 SPENDING_LIMIT_EXCEEDED,
    WhitelistDenied 403 WHITELIST_DENIED,
    VenueNotAllowed 403 VENUE_NOT_ALLOWED,
    PolicyNotFound 404 POLICY_NOT_FOUND,
    RateLimitExceeded 429 RATE_LIMIT_EXCEEDED retryable,
    PolicyRulesCorrupt 500 POLICY_RULES_CORRUPT,
    // OWNER
    OwnerNotSet 400 OWNER_NOT_SET,
    OwnerAddressMismatch 403 OWNER_ADDRESS_MISMATCH,
    OwnerNotConnected 404 OWNER_NOT_CONNECTED,
    OwnerNotFound 404 OWNER_NOT_FOUND,
    ApprovalNotFound 404 APPROVAL_NOT_FOUND,
    OwnerAlreadyConnected 409 OWNER_ALREADY_CONNECTED,
    ApprovalTimeout 410 APPROVAL_TIMEOUT,
    // SYSTEM
    ChainNotSupported 400 CHAIN_NOT_SUPPORTED,
    ValidationFailed 400 VALIDATION_FAILED,
    SkillNotFound 404 SKILL_NOT_FOUND,
    KillSwitchActive 503 KILL_SWITCH_ACTIVE,
    KillSwitchNotActive 409 KILL_SWITCH_NOT_ACTIVE,
    KillSwitchAlreadyActive 409 KILL_SWITCH_ALREADY_ACTIVE,
    InvalidStateTransition 409 INVALID_STATE_TRANSITION,
    RateLimited 429 RATE_LIMITED retryable,
    InternalError 500 INTERNAL_ERROR,
    WcSigningFailed 502 WC_SIGNING_FAILED retryable,
    KeystoreLocked 503 KEYSTORE_LOCKED retryable,
    ShuttingDown 503 SHUTTING_DOWN,
    AdapterNotAvailable 503 ADAPTER_NOT_AVAILABLE retryable,
    SchemaIncompatible 503 SCHEMA_INCOMPATIBLE,
    WcNotConfigured 503 WC_NOT_CONFIGURED,
    // WALLET
    WalletNotFound 404 WALLET_NOT_FOUND,
    WcSessionNotFound 404 WC_SESSION_NOT_FOUND,
    WalletSuspended 409 WALLET_SUSPENDED,
    WalletNotTerminated 409 WALLET_NOT_TERMINATED,
    WcSessionExists 409 WC_SESSION_EXISTS,
    WalletTerminated 410 WALLET_TERMINATED,
    DeprecatedSmartAccount 410 DEPRECATED_SMART_ACCOUNT,
    // WITHDRAW
    WithdrawLockedOnly 403 WITHDRAW_LOCKED_ONLY,
    NoOwner 404 NO_OWNER,
    SweepTotalFailure 500 SWEEP_TOTAL_FAILURE retryable,
    // ACTION
    ActionValidationFailed 400 ACTION_VALIDATION_FAILED,
    ActionChainMismatch 400 ACTION_CHAIN_MISMATCH,
    SigningSchemeUnsupported 400 SIGNING_SCHEME_UNSUPPORTED,
    CapabilityNotFound 400 CAPABILITY_NOT_FOUND,
    ApiKeyRequired 403 API_KEY_REQUIRED,
    ActionNotFound 404 ACTION_NOT_FOUND,
    ActionNameConflict 409 ACTION_NAME_CONFLICT,
    ActionReturnInvalid 500 ACTION_RETURN_INVALID,
    ActionPluginLoadFailed 500 ACTION_PLUGIN_LOAD_FAILED,
    ExternalActionFailed 500 EXTERNAL_ACTION_FAILED retryable,
    ActionResolveFailed 502 ACTION_RESOLVE_FAILED retryable,
    // ADMIN
    InvalidBackupFormat 400 INVALID_BACKUP_FORMAT,
    UnsupportedBackupVersion 400 UNSUPPORTED_BACKUP_VERSION,
    BackupCorrupted 400 BACKUP_CORRUPTED,
    WalletAppNotFound 404 WALLET_APP_NOT_FOUND,
    BackupNotFound 404 BACKUP_NOT_FOUND,
    WebhookNotFound 404 WEBHOOK_NOT_FOUND,
    RuleNotFound 404 RULE_NOT_FOUND,
    WalletAppDuplicate 409 WALLET_APP_DUPLICATE,
    RotationTooRecent 429 ROTATION_TOO_RECENT,
    StatsNotConfigured 503 STATS_NOT_CONFIGURED,
    // X402
    X402UnsupportedScheme 400 X402_UNSUPPORTED_SCHEME,
    X402PaymentRejected 402 X402_PAYMENT_REJECTED,
    X402Disabled 403 X402_DISABLED,
    X402DomainNotAllowed 403 X402_DOMAIN_NOT_ALLOWED,
    X402SsrfBlocked 403 X402_SSRF_BLOCKED,
    X402ApprovalRequired 403 X402_APPROVAL_REQUIRED,
    X402DelayTimeout 408 X402_DELAY_TIMEOUT retryable,
    X402ServerError 502 X402_SERVER_ERROR retryable,
    // SIGNING
    InvalidSignResponse 400 INVALID_SIGN_RESPONSE,
    SigningSdkDisabled 403 SIGNING_SDK_DISABLED,
    SignerAddressMismatch 403 SIGNER_ADDRESS_MISMATCH,
    SigningDisabled 403 SIGNING_DISABLED,
    WalletNotRegistered 404 WALLET_NOT_REGISTERED,
    SignRequestNotFound 404 SIGN_REQUEST_NOT_FOUND,
    SignRequestExpired 408 SIGN_REQUEST_EXPIRED,
    SignRequestAlreadyProcessed 409 SIGN_REQUEST_ALREADY_PROCESSED,
    // CHAIN
    UnsupportedChain 400 UNSUPPORTED_CHAIN,
    // ERC8128
    Erc8128Disabled 403 ERC8128_DISABLED,
    Erc8128DomainNotAllowed 403 ERC8128_DOMAIN_NOT_ALLOWED,
    Erc8128RateLimited 429 ERC8128_RATE_LIMITED retryable,
    // NFT
    IndexerNotConfigured 400 INDEXER_NOT_CONFIGURED,
    UnsupportedNftStandard 400 UNSUPPORTED_NFT_STANDARD,
    InvalidTokenIdentifier 400 INVALID_TOKEN_IDENTIFIER,
    NftNotFound 404 NFT_NOT_FOUND,
    IndexerApiError 502 INDEXER_API_ERROR retryable,
    NftMetadataFetchFailed 502 NFT_METADATA_FETCH_FAILED retryable,
    // USEROP
    ExpiredBuild 400 EXPIRED_BUILD,
    CalldataMismatch 400 CALLDATA_MISMATCH,
    SenderMismatch 400 SENDER_MISMATCH,
    BuildNotFound 404 BUILD_NOT_FOUND,
    BuildAlreadyUsed 409 BUILD_ALREADY_USED,
    // CREDENTIAL
    CredentialExpired 400 CREDENTIAL_EXPIRED,
    CredentialNotFound 404 CREDENTIAL_NOT_FOUND,
    // Beside the contract's: what any HTTP server has to say, and retries with a key.
    NotFound 404 NOT_FOUND,
    MethodNotAllowed 405 METHOD_NOT_ALLOWED,
    RequestTimeout 408 REQUEST_TIMEOUT retryable,
    BodyTooLarge 413 BODY_TOO_LARGE,
    HostNotAllowed 403 HOST_NOT_ALLOWED,
    OriginNotAllowed 403 ORIGIN_NOT_ALLOWED,
    IdempotencyKeyReused 409 IDEMPOTENCY_KEY_REUSED,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_codes_of_the_contract_and_ours_are_all_there_and_distinct() {
        let names: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        assert_eq!(names.len(), 147 + 7);
    }

    #[test]
    fn statuses_are_errors_and_those_of_the_contract() {
        assert!(ErrorCode::ALL.iter().all(|code| (400..600).contains(&code.status())));
        for (code, status, retryable) in [
            (ErrorCode::InvalidToken, 401, false),
            (ErrorCode::RenewalTooEarly, 400, true),
            (ErrorCode::KillSwitchActive, 503, false),
            (ErrorCode::ChainError, 502, true),
            (ErrorCode::KeystoreLocked, 503, true),
            (ErrorCode::MasterPasswordLocked, 429, false),
        ] {
            assert_eq!((code.status(), code.retryable()), (status, retryable), "{code:?}");
        }
    }
}
