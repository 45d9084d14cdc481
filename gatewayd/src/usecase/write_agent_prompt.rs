//! What an operator pastes into an agent, so that it can begin: a session, and words about it.

use std::time::Duration;

use primitives::WalletId;

use super::connect_info::{base_url, prompt};
use super::create_session::{NewSession, NewSessionError, OpenedSession, create_session};
use crate::app::App;
use crate::session::Master;
use crate::session::grants::Grants;
use crate::store::StoreError;
use crate::store::sessions::Source;

/// Words for an agent, with the session that they tell of.
#[derive(Clone, Debug)]
pub struct AgentPrompt {
    /// The words; the session's token is in them.
    pub text: String,
    /// The session.
    pub opened: OpenedSession,
}

/// Opens a session over these wallets, or over all that are used, as the master asks. It is always a
/// new one: the token of another is known to nobody but its agent, and would end by being replaced.
///
/// # Errors
/// As [`create_session`].
pub async fn write_agent_prompt(
    app: &App,
    master: &Master,
    wallets: Option<Vec<WalletId>>,
    lifetime: Option<Duration>,
) -> Result<AgentPrompt, NewSessionError> {
    let wallets = match wallets {
        Some(wallets) => wallets,
        None => all(app).await?,
    };
    let new = NewSession {
        wallets,
        lifetime,
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    };
    let opened = create_session(app, master, new).await?;
    Ok(AgentPrompt { text: words(app, &opened), opened })
}

async fn all(app: &App) -> Result<Vec<WalletId>, StoreError> {
    let used = app.store.read(|db| {
        let used = db.wallets()?.into_iter().filter(|wallet| !wallet.status.is_over());
        Ok(used.map(|wallet| wallet.id).collect())
    });
    used.await
}

fn words(app: &App, opened: &OpenedSession) -> String {
    let (token, id) = (&opened.token, opened.session.id);
    let end = match opened.session.expires_at {
        None => "It has no end.".to_owned(),
        Some(end) => format!(
            "It ends at {end} (Unix seconds); from half of its time on PUT /v1/sessions/{id}/renew with {{}} \
             gives another one in its place."
        ),
    };
    format!(
        "You can use wallets of a service at {}. Send the header \"Authorization: Bearer {token}\" with \
         each request. That token is a secret: show it to nobody, write it nowhere. {end}\n\n{}",
        base_url(app),
        prompt(app, &opened.wallets)
    )
}
