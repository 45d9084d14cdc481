//! What goes on without a request: due delays, confirmations, retries.
