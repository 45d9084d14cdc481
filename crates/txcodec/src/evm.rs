//! EVM transactions.
