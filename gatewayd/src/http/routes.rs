//! Every route, one line each: method, path, whose credential it takes, handler, body and answer.
//!
//! What is not in [`ROUTES`] does not exist. `/doc` derives from the same lines.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::auth::{Gate, admit};
use super::openapi::{self, Described, describe};
use super::{
    Shared, admin, admin_transactions, admin_wallets, agents, audit, autostop, connect, database,
    envelope, kill_switch, metrics, owners, pages, policies, policy_test, policy_types, prices,
    rpc, session_requests, sessions, tokens, transactions, utils, wallet, wallets,
};

/// Whose credential a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nobody's.
    Public,
    /// A session's token.
    Agent,
    /// The master password, or the operator's socket.
    Master,
    /// The operator's, at the gateway's own socket; no password is enough.
    Operator,
    /// A session's token where there is one, else as for the master.
    MasterOrAgent,
    /// The token of an auditor's session where there is one, else as for the master.
    MasterOrAuditor,
    /// The message of a wallet's owner, in the headers `X-Owner-*`.
    Owner,
    /// An owner's message where there is one, else as for the master.
    MasterOrOwner,
    /// An owner's message where there is one, else a session's token.
    AgentOrOwner,
    /// The right that an owner's link carries, to read about one thing; the use-case checks it.
    Link,
    /// A signature of a wallet's owner in the body, over what is asked; the use-case checks it.
    Signature,
}

/// A route.
pub struct Route {
    /// Such as `GET`.
    pub method: &'static str,
    /// With `{names}` for values.
    pub path: &'static str,
    /// Whose credential it takes.
    pub credential: Credential,
    /// The handler's name, with its module.
    pub(super) name: &'static str,
    /// Names of values in the query.
    pub(super) query: &'static [&'static str],
    /// The body that it takes.
    pub(super) body: Option<Described>,
    /// The status of success.
    pub(super) status: u16,
    /// The body of success.
    pub(super) answer: Option<Described>,
    handler: fn() -> MethodRouter<Shared>,
}

/// Declares [`ROUTES`]; see there.
macro_rules! routes {
    ($(
        $method:ident $path:literal $credential:ident $module:ident::$handler:ident
        $([$($query:ident)*])? $(<- $body:ident)? => $status:literal $($answer:ident)?;
    )+) => {
        /// Every route.
        pub static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            credential: Credential::$credential,
            name: concat!(stringify!($module), "::", stringify!($handler)),
            query: &[$($(stringify!($query)),*)?],
            body: routes!(@described $($body)?),
            status: $status,
            answer: routes!(@described $($answer)?),
            handler: || on(MethodFilter::$method, $module::$handler),
        }),+];
    };
    (@described $name:ident) => { Some(describe::<api::$name>) };
    (@described) => { None };
}

routes! {
    GET    "/health"                                 Public        connect::health => 200 Health;
    GET    "/doc"                                    Public        openapi::doc => 200;
    GET    "/v1/nonce"                               Public        connect::nonce => 200 Nonce;
    POST   "/v1/owners/messages"                     Public        owners::message <- WriteOwnerMessage => 200 OwnerMessage;
    GET    "/v1/owners/sessions"                     Owner         sessions::of_owner [limit offset] => 200 SessionPage;
    GET    "/approve"                                Public        pages::approve => 200;
    GET    "/sessions"                               Public        pages::sessions => 200;
    GET    "/pages/{file}"                           Public        pages::part => 200;
    GET    "/v1/connect-info"                        Agent         connect::info => 200 ConnectInfo;

    GET    "/v1/wallets"                             MasterOrAgent wallets::list => 200 WalletList;
    POST   "/v1/wallets"                             Master        wallets::create <- CreateWallet => 201 CreatedWallet;
    GET    "/v1/wallets/{id}"                        MasterOrAgent wallets::show => 200 WalletDetail;
    PUT    "/v1/wallets/{id}"                        Master        wallets::rename <- RenameWallet => 200 Wallet;
    DELETE "/v1/wallets/{id}"                        Master        wallets::terminate [sweep] => 200 WalletTerminated;
    DELETE "/v1/wallets/{id}/purge"                  Master        wallets::purge => 200 WalletPurged;
    POST   "/v1/wallets/{id}/withdraw"               Master        wallets::withdraw_all => 200 Withdrawal;
    POST   "/v1/wallets/{id}/suspend"                Master        wallets::suspend <- SuspendWallet => 200 WalletSuspended;
    POST   "/v1/wallets/{id}/resume"                 Master        wallets::resume => 200 WalletResumed;
    PUT    "/v1/wallets/{id}/owner"                  Master        owners::set <- SetOwner => 200 OwnerSet;
    DELETE "/v1/wallets/{id}/owner"                  Master        owners::remove => 200 WalletDetail;
    POST   "/v1/wallets/{id}/owner/verify"           Owner         owners::verify => 200 OwnerVerified;
    GET    "/v1/wallets/{id}/networks"               MasterOrAgent wallets::networks => 200 WalletNetworks;

    GET    "/v1/sessions"                            MasterOrAgent sessions::list [walletId owner limit offset] => 200 SessionPage;
    POST   "/v1/sessions"                            Master        sessions::create <- CreateSession => 201 SessionCreated;
    DELETE "/v1/sessions/{id}"                       MasterOrOwner sessions::revoke => 200 SessionRevoked;
    PUT    "/v1/sessions/{id}/renew"                 Agent         sessions::renew => 200 SessionRenewed;
    POST   "/v1/sessions/{id}/rotate"                Master        sessions::rotate => 200 SessionRotated;
    GET    "/v1/sessions/{id}/wallets"               Master        sessions::wallets => 200 SessionWallets;
    POST   "/v1/sessions/{id}/wallets"               Master        sessions::add_wallet <- AddSessionWallet => 201 SessionWalletAdded;
    DELETE "/v1/sessions/{id}/wallets/{walletId}"    Master        sessions::remove_wallet => 204;
    GET    "/v1/sessions/requests"                   Master        session_requests::list => 200 SessionRequestList;
    POST   "/v1/sessions/requests"                   Public        session_requests::create <- RequestSession => 201 SessionRequested;
    GET    "/v1/sessions/requests/{id}"              Public        session_requests::show => 200 SessionRequest;
    GET    "/v1/sessions/requests/{id}/question"     Link          session_requests::question => 200 LinkedSessionRequest;
    POST   "/v1/sessions/requests/{id}/message"      Public        session_requests::message <- WriteGrantMessage => 200 OwnerMessage;
    POST   "/v1/sessions/requests/{id}/approve"      MasterOrOwner session_requests::approve => 200 SessionRequestDecided;
    POST   "/v1/sessions/requests/{id}/reject"       MasterOrOwner session_requests::reject => 200 SessionRequestDecided;
    POST   "/v1/sessions/requests/{id}/token"        Public        session_requests::collect <- CollectSession => 200 SessionCollected;

    GET    "/v1/policies"                            MasterOrAgent policies::list [walletId limit offset] => 200 PolicyPage;
    POST   "/v1/policies"                            Master        policies::create <- CreatePolicy => 201 Policy;
    POST   "/v1/policies/test"                       Master        policy_test::test <- TestPolicies => 200 PoliciesTested;
    GET    "/v1/policies/types"                      MasterOrAgent policy_types::list => 200 PolicyTypeList;
    GET    "/v1/policies/{id}"                       Master        policies::show => 200 Policy;
    PUT    "/v1/policies/{id}"                       Master        policies::change <- UpdatePolicy => 200 Policy;
    DELETE "/v1/policies/{id}"                       Master        policies::delete => 200 PolicyDeleted;



    GET    "/v1/tokens"                              MasterOrAgent tokens::list [network] => 200 TokenList;
    POST   "/v1/tokens"                              Master        tokens::add <- AddToken => 201 TokenAdded;
    DELETE "/v1/tokens"                              Master        tokens::remove <- RemoveToken => 200 TokenRemoved;
    GET    "/v1/tokens/resolve"                      Master        tokens::resolve [network address] => 200 ResolvedToken;

    GET    "/v1/wallet/address"                      Agent         wallet::address [walletId] => 200 WalletAddress;
    GET    "/v1/wallet/balance"                      Agent         wallet::balance [walletId network display_currency] => 200 WalletBalance;
    GET    "/v1/wallet/assets"                       Agent         wallet::assets [walletId network display_currency] => 200 WalletAssets;

    POST   "/v1/transactions/send"                   Agent         transactions::send <- SendRequest => 201 TransactionState;
    POST   "/v1/transactions/simulate"               Agent         transactions::simulate <- SendRequest => 200 DryRun;
    POST   "/v1/transactions/sign"                   Agent         transactions::sign <- SignTransaction => 200 SignedTransaction;
    POST   "/v1/transactions/sign-message"           Agent         transactions::sign_message <- SignMessage => 200 SignedMessage;
    GET    "/v1/transactions"                        Agent         transactions::list [walletId limit cursor display_currency] => 200 TransactionPage;
    GET    "/v1/transactions/pending"                Agent         transactions::pending => 200 PendingTransactions;
    GET    "/v1/transactions/{id}"                   Agent         transactions::show [display_currency] => 200 Transaction;
    POST   "/v1/transactions/{id}/cancel"            AgentOrOwner       transactions::cancel => 200 TransactionState;
    POST   "/v1/transactions/{id}/speed-up"          MasterOrAgent transactions::speed_up => 200 TransactionState;
    GET    "/v1/transactions/{id}/approval"          MasterOrAgent transactions::approval => 200 Approval;
    POST   "/v1/transactions/{id}/approve"           Signature     transactions::approve <- Approve => 200 Approved;
    POST   "/v1/transactions/{id}/reject"            MasterOrOwner      transactions::reject => 200 Rejected;
    GET    "/v1/approvals/{id}"                      Link          transactions::linked_approval => 200 LinkedApproval;

    POST   "/v1/utils/encode-calldata"               Agent         utils::encode_calldata <- EncodeCalldata => 200 EncodedCalldata;

    GET    "/v1/audit-logs"                          MasterOrAuditor audit::list [wallet_id session_id tx_id event_type severity from to cursor after limit include_total] => 200 AuditLogPage;
    POST   "/v1/kill-switch"                         Agent         kill_switch::end_own_session => 200 SessionEnded;
    GET    "/v1/admin/kill-switch"                   Public        kill_switch::show => 200 KillSwitch;
    POST   "/v1/admin/kill-switch"                   MasterOrOwner kill_switch::activate_it <- ActivateKillSwitch => 200 KillSwitchActivated;
    POST   "/v1/admin/kill-switch/escalate"          MasterOrOwner kill_switch::escalate_it <- ActivateKillSwitch => 200 KillSwitchEscalated;
    POST   "/v1/admin/recover"                       Master        kill_switch::recover_it <- Recover => 200 Recovered;

    GET    "/v1/admin/autostop/rules"                Master        autostop::list => 200 AutoStopRules;
    PUT    "/v1/admin/autostop/rules/{id}"           Master        autostop::set <- SetAutoStopRule => 200 AutoStopRule;

    POST   "/v1/admin/sessions/{id}/reissue"         Master        sessions::reissue => 200 SessionReissued;
    POST   "/v1/admin/agent-prompt"                  Master        agents::prompt <- WriteAgentPrompt => 201 AgentPrompt;
    POST   "/v1/mcp/tokens"                          Master        agents::mcp_token <- IssueMcpToken => 201 McpTokenIssued;
    GET    "/v1/admin/status"                        Master        admin::status => 200 AdminStatus;
    POST   "/v1/admin/transactions/{id}/cancel"      Master        transactions::cancel => 200 TransactionState;
    POST   "/v1/admin/transactions/{id}/reject"      Master        transactions::reject => 200 Rejected;
    GET    "/v1/admin/wallets/{id}/balance"          Master        admin_wallets::balance => 200 AdminWalletBalance;
    GET    "/v1/admin/wallets/{id}/transactions"     Master        admin_transactions::of_wallet [limit offset] => 200 AdminWalletTransactions;
    GET    "/v1/admin/transactions"                  Master        admin_transactions::list [wallet_id type status network since until search limit offset] => 200 AdminTransactionPage;
    GET    "/v1/admin/metrics"                       Master        metrics::list => 200 MetricList;
    GET    "/metrics"                                Operator      metrics::text => 200;
    GET    "/v1/admin/rpc-status"                    Master        rpc::status [network probe] => 200 RpcStatus;
    POST   "/v1/admin/settings/test-rpc"             Master        rpc::test <- TestRpc => 200 RpcTested;
    GET    "/v1/admin/oracle-status"                 Master        prices::status => 200 OracleStatus;
    GET    "/v1/admin/forex/rates"                   Master        prices::rates [currencies] => 200 ForexRates;
    GET    "/v1/admin/prices"                        Master        prices::price [network asset] => 200 AssetPrice;
    PUT    "/v1/admin/master-password"               Master        admin::master_password <- ChangeMasterPassword => 200 MasterPasswordChanged;
    POST   "/v1/admin/rotate-secret"                 Master        admin::rotate_token_secret => 200 SecretRotated;
    POST   "/v1/admin/audit-logs/shorten"            Operator      audit::shorten <- ShortenTrail => 200 TrailShortened;
    GET    "/v1/admin/database"                      Operator      database::copy => 200;
    PUT    "/v1/admin/database"                      Operator      database::take_over [backup] => 200 DatabaseTakenOver;
    POST   "/v1/admin/shutdown"                      Master        admin::shutdown => 200 ShuttingDown;
}

/// Serves [`ROUTES`], each behind its credential, with the envelope around all.
pub fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let gate = Gate { shared: shared.clone(), route };
        let guarded = (route.handler)().route_layer(from_fn_with_state(gate, admit));
        router = router.route(route.path, guarded);
    }
    router.layer(from_fn_with_state(shared.clone(), envelope::wrap)).with_state(shared)
}

impl Route {
    /// Whether a session that only reads may ask it: it changes nothing, or nothing but how long
    /// that session lasts, and whether.
    pub(super) fn only_reads(&self) -> bool {
        const TELLING: [&str; 4] = [
            "/v1/transactions/simulate",
            "/v1/utils/encode-calldata",
            "/v1/sessions/{id}/renew",
            "/v1/kill-switch",
        ];
        self.method == "GET" || TELLING.contains(&self.path)
    }

    /// Whether it asks for a transaction or a signature.
    pub(super) fn moves_money(&self) -> bool {
        self.method == "POST" && self.path.starts_with("/v1/transactions/")
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}
