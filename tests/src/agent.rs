//! An agent, as it speaks to the gateway.

use std::fmt;

use serde_json::Value;

use crate::http::{Answer, Http};
use crate::wait;

/// States that nothing follows.
const FINAL: &[&str] = &["CONFIRMED", "FAILED", "CANCELLED", "EXPIRED", "SIGNED"];

/// A client with a session's token.
#[derive(Debug)]
pub struct Agent {
    http: Http,
}

/// A transaction ended as something else than it should have.
#[derive(Debug)]
pub struct Unexpected(Value);

impl Agent {
    /// Speaks to the gateway at this port.
    pub fn new(port: u16, token: &str) -> Self {
        Self { http: Http::tcp(port).with_token(token) }
    }

    /// HTTP with the session's token.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Asks for a payment; the gateway's answer.
    #[track_caller]
    pub fn try_send(&self, body: &Value) -> Answer {
        self.http.post("/v1/transactions/send", body)
    }

    /// Asks for a payment that the gateway takes on. Its id.
    #[track_caller]
    pub fn send(&self, body: &Value) -> String {
        self.try_send(body).expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// A transaction as it stands.
    #[track_caller]
    pub fn transaction(&self, id: &str) -> Value {
        self.http.get(&format!("/v1/transactions/{id}")).expect(200)
    }

    /// Waits until a transaction has this state.
    ///
    /// # Errors
    /// When it ends in another, or does not get there in time.
    pub fn reach(&self, id: &str, status: &str) -> Result<Value, Unexpected> {
        let mut last = Value::Null;
        wait::within(wait::PATIENCE, || {
            last = self.transaction(id);
            let now = last["status"].as_str().unwrap_or_default();
            (now == status || FINAL.contains(&now)).then_some(())
        });
        if last["status"] == status { Ok(last) } else { Err(Unexpected(last)) }
    }

    /// Waits until a transaction has this state; panics when it ends in another.
    #[track_caller]
    pub fn wait_for(&self, id: &str, status: &str) -> Value {
        self.reach(id, status).unwrap_or_else(|why| panic!("expected {status}: {why}"))
    }

    /// Waits until a transaction is as it should be.
    #[track_caller]
    pub fn wait_until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = wait::within(wait::PATIENCE, || {
            last = self.transaction(id);
            is_so(&last).then_some(())
        });
        assert!(found.is_some(), "it stays as it is: {last}");
        last
    }

    /// Sends, and waits until the chain has confirmed it.
    #[track_caller]
    pub fn pay(&self, body: &Value) -> Value {
        let id = self.send(body);
        self.wait_for(&id, "CONFIRMED")
    }
}

impl fmt::Display for Unexpected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(transaction) = self;
        write!(formatter, "it is {}: {}", transaction["status"], transaction["error"])
    }
}
