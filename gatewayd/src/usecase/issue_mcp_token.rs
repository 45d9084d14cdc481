//! A session for a server of the Model Context Protocol, whose token lies where that server looks.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use primitives::WalletId;

use super::create_session::{NewSession, NewSessionError, create_session};
use super::sessions::{SessionError, revoke_session};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::grants::Grants;
use crate::session::{Caller, Master};
use crate::store::StoreError;
use crate::store::sessions::Source;

/// A token that lies in a file.
#[derive(Clone, Debug)]
pub struct McpToken {
    /// The wallet that it is for.
    pub wallet: WalletId,
    /// The wallet's name.
    pub wallet_name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What the server is told as its data directory.
    pub data_directory: PathBuf,
    /// When it ends, if it does.
    pub expires_at: Option<UnixSeconds>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum McpTokenError {
    /// This gateway has no state directory.
    #[error("this gateway keeps no files")]
    NoDirectory,
    /// There is no session.
    #[error(transparent)]
    Session(#[from] NewSessionError),
    /// The session that nobody has the token of cannot be ended.
    #[error(transparent)]
    Ending(#[from] SessionError),
    /// The token cannot be written.
    #[error("the token cannot be written to {}", .path.display())]
    File {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The program ends.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a session over `wallet` as the master asks, and leaves its token in the file of that wallet. A
/// token that was there is not in the file any more, and stays valid.
///
/// # Errors
/// When the session cannot be opened, or the file not be written: there is no session then.
pub async fn issue_mcp_token(
    app: &App,
    master: &Master,
    wallet: WalletId,
    lifetime: Option<Duration>,
) -> Result<McpToken, McpTokenError> {
    let tokens = app.mcp_tokens.clone().ok_or(McpTokenError::NoDirectory)?;
    let new = NewSession {
        wallets: vec![wallet],
        lifetime,
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Mcp,
        grants: Grants::default(),
    };
    let opened = create_session(app, master, new).await?;
    let wallet_name = opened.wallets.first().map(|wallet| wallet.name.clone()).unwrap_or_default();
    let (path, data_directory) = (tokens.path(wallet), tokens.data_directory().to_owned());
    let keep = move || tokens.keep(wallet, &opened.token);
    let kept = tokio::task::spawn_blocking(keep).await.map_err(|_ended| StoreError::Closed)?;
    if let Err(source) = kept {
        revoke_session(app, &Caller::Master(*master), opened.session.id).await?;
        return Err(McpTokenError::File { path, source });
    }
    let expires_at = opened.session.expires_at;
    Ok(McpToken { wallet, wallet_name, path, data_directory, expires_at })
}
