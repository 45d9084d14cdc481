//! `waiaas quickset`: wallets, a session over them, and what an MCP client needs to use it.

use api::{CreatedWallet, SessionCreated, Wallet};
use primitives::{Chain, Environment as Networks};
use serde_json::{Value, json};

use super::settings;
use crate::args::WalletKind;
use crate::commands::{live_wallets, new_wallet, over};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::files;
use crate::gateway::{Call, Gateway, GatewayError};
use crate::place::{DataDir, Place};
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// Seconds that the session lasts unless it is renewed, which MCP clients do: 30 days.
const TTL: u64 = 2_592_000;

/// Makes the wallets that are missing and a session over them.
pub(super) fn quickset(
    networks: Networks,
    data: &DataDir,
    environment: &Environment,
) -> Result<View, Failure> {
    let gateway = Gateway::new(&Place::User(data.clone()).gateway_socket())?;
    let mut wallets = Vec::new();
    for chain in [Chain::Solana, Chain::Evm] {
        wallets.push(wallet(&gateway, WalletKind { chain, environment: networks })?);
    }
    let mut body = over(wallets.iter().map(|wallet| wallet.id).collect());
    body.ttl = Some(TTL);
    body.source = Some("mcp".to_owned());
    let session: SessionCreated = gateway.ask(Call::post("/v1/sessions").body(&body))?;
    files::replace(&data.token(), format!("{}\n", session.token).as_bytes())?;
    Ok(ready(&wallets, &session, data, &settings::base_url(data, environment)))
}

/// The wallet that an earlier `quickset` made, or a new one.
fn wallet(gateway: &Gateway, kind: WalletKind) -> Result<Wallet, GatewayError> {
    let name = format!("{}-{}", kind.chain, kind.environment);
    let same = |wallet: &Wallet| {
        wallet.name == name
            && wallet.chain == kind.chain.to_string()
            && wallet.environment == kind.environment.to_string()
    };
    if let Some(wallet) = live_wallets(gateway)?.into_iter().find(same) {
        return Ok(wallet);
    }
    let created: CreatedWallet = gateway.ask(new_wallet(name, kind))?;
    Ok(created.wallet)
}

fn ready(wallets: &[Wallet], session: &SessionCreated, data: &DataDir, url: &str) -> View {
    let client = client_settings(data, url);
    let token = data.token().display().to_string();
    let list: Vec<Value> = wallets
        .iter()
        .map(|wallet| {
            json!({
                "id": wallet.id,
                "name": wallet.name,
                "chain": wallet.chain,
                "address": wallet.public_key,
            })
        })
        .collect();
    let json = json!({
        "wallets": list,
        "session": { "id": session.id, "expiresAt": session.expires_at },
        "tokenFile": token,
        "mcpClient": client,
    });
    let mut table =
        Table::new([Column::left("WALLET"), Column::left("CHAIN"), Column::left("ADDRESS")]);
    for wallet in wallets {
        table.row([wallet.name.clone(), wallet.chain.clone(), wallet.public_key.clone()]);
    }
    View::new(json)
        .table(table)
        .line(format!("the session's token is in {token}, until {}", utc(session.expires_at)))
        .line("settings for an MCP client:")
        .verbatim(format!("{client:#}"))
}

/// What goes into the settings of an MCP client. The server reads the token's file by itself.
fn client_settings(data: &DataDir, url: &str) -> Value {
    json!({
        "mcpServers": {
            "waiaas": {
                "command": "npx",
                "args": ["-y", "@waiaas/mcp"],
                "env": {
                    "WAIAAS_BASE_URL": url,
                    "WAIAAS_DATA_DIR": data.path().display().to_string(),
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_clients_settings_name_the_directory_and_hold_no_token() {
        let data = DataDir::new(Path::new("/home/me/.waiaas")).unwrap();
        let settings = client_settings(&data, "http://127.0.0.1:3100");
        let env = &settings["mcpServers"]["waiaas"]["env"];
        assert_eq!(env["WAIAAS_DATA_DIR"], "/home/me/.waiaas");
        assert_eq!(env["WAIAAS_BASE_URL"], "http://127.0.0.1:3100");
        assert!(!settings.to_string().contains("wai_sess_"));
    }
}
