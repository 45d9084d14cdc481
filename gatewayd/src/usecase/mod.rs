//! What the gateway does, a file each; nothing here knows HTTP or SQL.

pub mod admin_status;
pub mod approve_transaction;
pub mod balances;
pub mod cancel_transaction;
pub mod change_master_password;
pub mod choice;
pub mod connect_info;
pub mod create_session;
pub mod create_wallet;
pub mod encode_calldata;
pub mod payment;
pub mod policies;
pub mod read_transactions;
pub mod reject_transaction;
pub mod renew_session;
pub mod restore_database;
pub mod sessions;
pub mod show_approval;
pub mod sign_message;
pub mod sign_transaction;
mod signing;
pub mod simulate_transaction;
pub mod speed_up_transaction;
pub mod submit_transaction;
pub mod tokens;
pub mod wallets;
