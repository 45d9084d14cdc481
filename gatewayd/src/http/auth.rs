//! The one place that reads credentials: each route has its kind, and a request without it goes no
//! further.

use std::sync::Arc;

use api::ErrorCode;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::envelope::is_of_other_site;
use super::kill_switch;
use super::pace::{Client, VISITS_PER_MINUTE};
use super::problem::Problem;
use super::routes::{Credential, Route};
use super::serve::Peer;
use crate::app::App;
use crate::asker::Asker;
use crate::owner::Site;
use crate::session::password::PasswordError;
use crate::session::token::TokenError;
use crate::session::{Agent, AgentError, Caller, Claim, Master, Owner, OwnerError};

const MASTER_PASSWORD: &str = "x-master-password";
const OWNER_ADDRESS: &str = "x-owner-address";
const OWNER_MESSAGE: &str = "x-owner-message";
const OWNER_SIGNATURE: &str = "x-owner-signature";
const LINK_RIGHT: &str = "x-link-right";

/// A route with what it takes to let a request in.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) shared: Shared,
    pub(super) route: &'static Route,
}

/// Lets the request in if it has the route's credential and did not come too often.
pub(super) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    if let Err(problem) = hold_back_claim(&gate, peer, request.headers()) {
        return problem.into_response();
    }
    let caller = authenticate(&gate, peer, request.headers()).await;
    let proven = caller.as_ref().ok().and_then(Option::as_ref);
    if let Err(problem) = hold_back(&gate, (peer, request.headers()), proven) {
        return problem.into_response();
    }
    match caller {
        Ok(caller) => {
            if let Err(stopped) = kill_switch::admit(&gate.shared.app, gate.route, caller.as_ref())
            {
                return stopped.into_response();
            }
            if let Some(caller) = caller {
                if let Some(asker) = Asker::current() {
                    asker.identify(caller.actor());
                }
                if let Err(problem) = within_role(gate.route, &caller) {
                    return problem.into_response();
                }
                request.extensions_mut().insert(Arc::new(caller));
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn authenticate(
    gate: &Gate,
    peer: Option<Peer>,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let shared = &gate.shared;
    match gate.route.credential {
        Credential::Public | Credential::Link | Credential::Signature => Ok(None),
        Credential::MasterOrAgent | Credential::MasterOrAuditor
            if headers.contains_key(header::AUTHORIZATION) =>
        {
            agent(shared, headers).await.map(Some)
        }
        Credential::Operator => operator(peer).map(Some),
        Credential::Owner => owner(&shared.app, peer, headers).await.map(Caller::Owner).map(Some),
        Credential::MasterOrOwner | Credential::AgentOrOwner
            if headers.contains_key(OWNER_ADDRESS) =>
        {
            owner(&shared.app, peer, headers).await.map(Caller::Owner).map(Some)
        }
        Credential::Agent | Credential::AgentOrOwner => agent(shared, headers).await.map(Some),
        Credential::Master
        | Credential::MasterOrAgent
        | Credential::MasterOrAuditor
        | Credential::MasterOrOwner => master(shared, peer, headers).await.map(Some),
    }
}

async fn agent(shared: &Shared, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = single(headers, header::AUTHORIZATION.as_str()).and_then(bearer);
    let token = token.ok_or_else(|| {
        Problem::new(ErrorCode::InvalidToken, "this needs the token of a session")
            .hint("send Authorization: Bearer wai_sess_…; waiaasctl session create makes one")
    })?;
    Ok(Caller::Agent(Agent::from_token(&shared.app, token).await?))
}

/// A session that only reads goes no further where something is asked for, and none but an auditor's
/// where that is what it takes.
fn within_role(route: &Route, caller: &Caller) -> Result<(), Problem> {
    let Caller::Agent(agent) = caller else { return Ok(()) };
    let denial = if route.credential == Credential::MasterOrAuditor {
        agent.grants().of_auditor()
    } else if route.only_reads() {
        None
    } else {
        agent.grants().of_role()
    };
    denial
        .map_or(Ok(()), |denial| Err(Problem::new(denial.code, denial.reason).hint(denial.remedy)))
}

/// Not even the master password is enough.
fn operator(peer: Option<Peer>) -> Result<Caller, Problem> {
    match peer {
        Some(Peer::Operator(operator)) => Ok(Caller::Master(operator)),
        Some(Peer::Tcp { .. }) | None => {
            let message = "this is for operators, at the gateway's own socket";
            Err(Problem::new(ErrorCode::InvalidMasterPassword, message)
                .hint("use waiaasctl, as root or a member of the group waiaas-admin"))
        }
    }
}

async fn master(
    shared: &Shared,
    peer: Option<Peer>,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    if let Some(Peer::Operator(operator)) = peer {
        return Ok(Caller::Master(operator));
    }
    let password = single(headers, MASTER_PASSWORD).ok_or_else(|| {
        Problem::new(ErrorCode::InvalidMasterPassword, "this needs the master password")
            .hint("send X-Master-Password, or use waiaasctl, which needs none")
    })?;
    Ok(Caller::Master(Master::from_password(&shared.app, password).await?))
}

async fn owner(app: &App, peer: Option<Peer>, headers: &HeaderMap) -> Result<Owner, Problem> {
    let claim = claim(headers)?;
    let site = site(app, peer, headers)?;
    Ok(Owner::from_claim(app, &site, claim).await?)
}

/// What the headers say of an owner, unchecked.
fn claim(headers: &HeaderMap) -> Result<Claim<'_>, Problem> {
    let missing = || {
        Problem::new(
            ErrorCode::InvalidSignature,
            "this needs a message that a wallet's owner signed",
        )
        .hint("send X-Owner-Address, X-Owner-Message and X-Owner-Signature, each once")
    };
    Ok(Claim {
        address: single(headers, OWNER_ADDRESS).ok_or_else(missing)?,
        message: single(headers, OWNER_MESSAGE).ok_or_else(missing)?,
        signature: single(headers, OWNER_SIGNATURE).ok_or_else(missing)?,
    })
}

/// What the headers say of an owner, if they say anything; unchecked.
pub(in crate::http) fn optional_claim(headers: &HeaderMap) -> Result<Option<Claim<'_>>, Problem> {
    headers.contains_key(OWNER_ADDRESS).then(|| claim(headers)).transpose()
}

/// What a message has to be for. At the gateway's own socket that is any of its names.
pub(super) fn site(app: &App, peer: Option<Peer>, headers: &HeaderMap) -> Result<Site, Problem> {
    match peer {
        Some(Peer::Tcp { .. }) => {
            let host = single(headers, header::HOST.as_str());
            let odd = |message: &str| Problem::new(ErrorCode::HostNotAllowed, message);
            let host = host.ok_or_else(|| odd("there is no one Host header"))?;
            // A page at another port of this machine is somebody else's.
            let port = format!(":{}", app.settings.daemon.port);
            if !host.ends_with(&port) {
                return Err(odd("owners sign for the port of this gateway")
                    .hint("have the same port at both ends of a tunnel"));
            }
            Ok(Site::Host(host.to_owned()))
        }
        Some(Peer::Operator(_)) | None => Ok(Site::Port(app.settings.daemon.port)),
    }
}

/// The value of a header that stands there once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next()?, values.next());
    second.is_none().then(|| first.to_str().ok()).flatten()
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Counts what somebody claims to have signed as an owner before anything of it is looked at: a look
/// takes the database and up to two signatures' verifications, and whoever asks chooses the address.
fn hold_back_claim(gate: &Gate, peer: Option<Peer>, headers: &HeaderMap) -> Result<(), Problem> {
    let claims = match gate.route.credential {
        Credential::Owner | Credential::Signature => true,
        Credential::MasterOrOwner | Credential::AgentOrOwner => headers.contains_key(OWNER_ADDRESS),
        Credential::Public
        | Credential::Link
        | Credential::Agent
        | Credential::Master
        | Credential::MasterOrAgent
        | Credential::MasterOrAuditor
        | Credential::Operator => false,
    };
    let Some(Peer::Tcp { address }) = peer.filter(|_| claims) else { return Ok(()) };
    let per_minute = gate.shared.app.limits.borrow().owner_claims_per_minute;
    gate.shared.pace.take(Client::Claims(address), per_minute).map_err(|seconds| {
        Problem::new(ErrorCode::RateLimited, "too many owners' signatures from this address")
            .retry_after(seconds)
            .hint("an operator at the machine is not held back: waiaasctl")
    })
}

/// Counts the request: who has proved who it is by itself, so that nobody else uses that up; strangers
/// together, by the address of their connection, which all programs of this machine share.
fn hold_back(
    gate: &Gate,
    (peer, headers): (Option<Peer>, &HeaderMap),
    caller: Option<&Caller>,
) -> Result<(), Problem> {
    let limits = gate.shared.app.limits.borrow().clone();
    let take = |client, per_minute| {
        gate.shared.pace.take(client, per_minute).map_err(|seconds| {
            Problem::new(ErrorCode::RateLimited, "too many requests").retry_after(seconds)
        })
    };
    let client = match (caller, peer) {
        (Some(Caller::Agent(agent)), _) => {
            take(Client::Session(agent.session_id()), limits.requests_per_minute)?;
            if gate.route.moves_money() {
                take(Client::Sends(agent.session_id()), limits.sends_per_minute)?;
            }
            return Ok(());
        }
        (_, Some(Peer::Operator(_)) | None) => return Ok(()),
        (Some(Caller::Master(_)), Some(Peer::Tcp { .. })) => Client::Master,
        (Some(Caller::Owner(owner)), Some(Peer::Tcp { .. })) => Client::Owner(owner.address()),
        (None, Some(Peer::Tcp { address })) if is_of_other_site(headers) => {
            return take(Client::Visitor(address), VISITS_PER_MINUTE);
        }
        (None, Some(Peer::Tcp { address })) => Client::Stranger(address),
    };
    take(client, limits.requests_per_minute)
}

/// What [`admit`] found out. A handler of a route without a credential has nobody to ask for.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Arc<Self>>().map(|caller| Self::clone(caller));
        caller.ok_or_else(no_such_caller)
    }
}

impl<S: Sync> FromRequestParts<S> for Agent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Agent(agent) => Ok(agent),
            Caller::Master(_) | Caller::Owner(_) => Err(no_such_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Master {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Master(master) => Ok(master),
            Caller::Agent(_) | Caller::Owner(_) => Err(no_such_caller()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await? {
            Caller::Owner(owner) => Ok(owner),
            Caller::Agent(_) | Caller::Master(_) => Err(no_such_caller()),
        }
    }
}

/// The right of an owner's link, unchecked.
pub(super) struct LinkRight(pub(super) String);

impl<S: Sync> FromRequestParts<S> for LinkRight {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let right = single(&parts.headers, LINK_RIGHT).map(str::to_owned);
        right.map(Self).ok_or_else(|| {
            Problem::new(ErrorCode::InvalidToken, "this needs the right that a link carries")
                .hint("send X-Link-Right: what stands behind the dot of the link's end")
        })
    }
}

/// The owner who signed beside the route's own credential, if one did.
#[derive(Debug)]
pub(super) struct CoSigner(pub(super) Option<Owner>);

impl FromRequestParts<Shared> for CoSigner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        if !parts.headers.contains_key(OWNER_ADDRESS) {
            return Ok(Self(None));
        }
        let peer = parts.extensions.get::<Peer>().copied();
        Ok(Self(Some(owner(&shared.app, peer, &parts.headers).await?)))
    }
}

/// The handler wants another caller than its line in the list of routes lets in.
fn no_such_caller() -> Problem {
    Problem::new(ErrorCode::InternalError, "this route and its handler disagree on who may ask")
}

impl From<AgentError> for Problem {
    fn from(error: AgentError) -> Self {
        let message = error.to_string();
        match error {
            AgentError::Token(TokenError::Invalid) => Self::new(ErrorCode::InvalidToken, message)
                .hint("a token dies when its session is renewed or rotated: use the newest one"),
            AgentError::Token(TokenError::Expired) => Self::new(ErrorCode::TokenExpired, message)
                .hint("ask the operator for a new session"),
            AgentError::Revoked => Self::new(ErrorCode::SessionRevoked, message)
                .hint("ask the operator for a new session"),
            AgentError::Store(error) => error.into(),
        }
    }
}

impl From<OwnerError> for Problem {
    fn from(error: OwnerError) -> Self {
        let message = error.to_string();
        match error {
            OwnerError::Encoding | OwnerError::Message(_) => {
                Self::new(ErrorCode::InvalidSignature, message)
                    .hint("POST /v1/owners/messages writes the message that is to be signed")
            }
            OwnerError::Address(_)
            | OwnerError::Signature
            | OwnerError::OtherAction { .. }
            | OwnerError::NeedsStatement { .. } => Self::new(ErrorCode::InvalidSignature, message),
            OwnerError::Nonce(_) => Self::new(ErrorCode::InvalidNonce, message),
            OwnerError::NotAnOwner(_) => Self::new(ErrorCode::OwnerAddressMismatch, message)
                .hint("GET /v1/wallets says who owns a wallet"),
            OwnerError::Store(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        let message = error.to_string();
        match error {
            PasswordError::Wrong => Self::new(ErrorCode::InvalidMasterPassword, message),
            PasswordError::NotSet => Self::new(ErrorCode::InvalidMasterPassword, message)
                .hint("waiaasctl needs none, and can set one"),
            PasswordError::Closed { retry_after_seconds } => {
                Self::new(ErrorCode::MasterPasswordLocked, message).retry_after(retry_after_seconds)
            }
            PasswordError::TooShort => Self::invalid(message),
            PasswordError::Cost => Self::internal(&error),
        }
    }
}

impl From<crate::store::StoreError> for Problem {
    fn from(error: crate::store::StoreError) -> Self {
        Self::internal(&error)
    }
}
