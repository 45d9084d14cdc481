//! What every request and every task of the gateway shares.

/// The parts of the running gateway; passed around as `Arc<App>`.
#[derive(Debug)]
pub struct App {}
