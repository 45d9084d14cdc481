//! What is signed without being a transaction.
