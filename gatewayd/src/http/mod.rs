//! HTTP: who asks, what the body says, which answer. Nothing else knows status codes.
//!
//! A request passes `serve` (connections), `envelope` (request id, `Host`, `Origin`), `routes` (the
//! list of what there is), `auth` (the route's credential, and how often), and the handler, which
//! reads, calls one use-case and answers. Every refusal is a [`problem::Problem`].

mod admin;
mod admin_transactions;
mod admin_wallets;
mod agents;
mod audit;
mod auth;
mod autostop;
mod body;
mod connect;
mod constraints;
mod crowd;
mod database;
mod display;
mod envelope;
mod kill_switch;
mod metrics;
mod openapi;
mod owners;
mod pace;
mod pages;
mod policies;
mod policy_test;
mod policy_types;
mod prices;
mod problem;
mod routes;
mod rpc;
mod serve;
mod session_requests;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;
mod transactions;
mod utils;
mod wallet;
mod wallets;
mod words;

use std::sync::Arc;

use axum::extract::FromRef;

use crate::app::App;

pub use metrics::router as metrics_router;
pub use problem::Problem;
pub use routes::{Credential, ROUTES, Route, router};
pub use serve::{Listener, Patience, serve};

/// What the handlers and the layers around them share.
#[derive(Clone, Debug)]
pub struct Shared {
    app: Arc<App>,
    pace: Arc<pace::Pace>,
}

impl Shared {
    /// For one running gateway.
    pub fn new(app: Arc<App>) -> Self {
        let pace = Arc::new(pace::Pace::new(app.clock.clone()));
        Self { app, pace }
    }
}

impl FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        Self::clone(&shared.app)
    }
}
