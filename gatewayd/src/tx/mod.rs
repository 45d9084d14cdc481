//! Transactions on their way from a request to a confirmation.
