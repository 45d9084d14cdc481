//! The operator ends the gateway.

use crate::app::App;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry};

/// Ends the program once what it is doing is done. It ends whether or not that can be written down.
pub async fn shut_down(app: &App, _master: &Master) {
    let entry = AuditEntry::new(app.clock.now(), "GATEWAY_SHUT_DOWN", Actor::Operator);
    if let Err(error) = app.store.write(move |db| db.audit(&entry)).await {
        tracing::error!(%error, "that the gateway is ended was not written down");
    }
    app.ending.send_replace(true);
}
