//! What the gateway does, a file each; nothing here knows HTTP or SQL.

pub mod admin_status;
pub mod change_master_password;
pub mod choice;
pub mod connect_info;
pub mod create_session;
pub mod create_wallet;
pub mod encode_calldata;
pub mod policies;
pub mod renew_session;
pub mod sessions;
pub mod wallets;
