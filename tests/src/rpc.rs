//! JSON-RPC to a chain node of this machine.

use serde_json::{Value, json};

use crate::http::Http;

/// A client of one node.
#[derive(Debug)]
pub struct Rpc(Http);

impl Rpc {
    /// Speaks to the node at this port.
    pub fn new(port: u16) -> Self {
        Self(Http::tcp(port))
    }

    /// Calls a method that must succeed.
    #[track_caller]
    pub fn call(&self, method: &str, parameters: &Value) -> Value {
        let reply = self.reply(method, parameters);
        assert!(reply["error"].is_null(), "{method}: {}", reply["error"]);
        reply["result"].clone()
    }

    /// Calls a method; the whole reply.
    #[track_caller]
    pub fn reply(&self, method: &str, parameters: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        self.0.post("/", &body).expect(200)
    }
}
