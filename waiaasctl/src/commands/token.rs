//! `token list`, `add`, `remove`, `resolve`.

use api::{AddToken, RemoveToken, ResolvedToken, TokenAdded, TokenList, TokenRemoved};

use super::{Operation, to_json};
use crate::args::{TokenAddArgs, TokenCommand};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::view::View;

/// Does something with the registry of tokens.
pub(super) fn run(command: TokenCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        TokenCommand::List { network } => list(&network, operation),
        TokenCommand::Add(arguments) => add(arguments, operation),
        TokenCommand::Remove { address, network } => remove(address, network, operation),
        TokenCommand::Resolve { address, network } => {
            let token = resolve(&operation.gateway()?, &network, &address)?;
            Ok(View::new(to_json(&token)).fields(vec![
                ("network", token.network.clone()),
                ("address", token.address.clone()),
                ("symbol", token.symbol.clone()),
                ("name", token.name.clone()),
                ("decimals", token.decimals.to_string()),
            ]))
        }
    }
}

fn list(network: &str, operation: &Operation) -> Result<View, Failure> {
    let call = Call::get("/v1/tokens").query("network", network);
    let list: TokenList = operation.gateway()?.ask(call)?;
    let view = View::new(to_json(&list));
    if list.tokens.is_empty() {
        let add = operation.place.command(&format!("token add ADDRESS --network {network}"));
        return Ok(view.line(format!("no tokens on {}; add one: {add}", list.network)));
    }
    let mut table = Table::new([
        Column::left("SYMBOL"),
        Column::left("NAME"),
        Column::right("DECIMALS"),
        Column::left("CONTRACT OR MINT"),
        Column::left("SOURCE"),
    ]);
    for token in &list.tokens {
        table.row([
            token.symbol.clone(),
            token.name.clone(),
            token.decimals.to_string(),
            token.address.clone(),
            token.source.clone(),
        ]);
    }
    Ok(view.table(table))
}

fn add(arguments: TokenAddArgs, operation: &Operation) -> Result<View, Failure> {
    let TokenAddArgs { address, network, symbol, name } = arguments;
    let gateway = operation.gateway()?;
    let found = resolve(&gateway, &network, &address)?;
    let symbol = said(symbol, &found.symbol, "symbol")?;
    let name = said(name, &found.name, "name").or_else(|_none| said(None, &symbol, "name"))?;
    let body = AddToken { network, address, symbol, name, decimals: found.decimals };
    let added: TokenAdded = gateway.ask(Call::post("/v1/tokens").body(&body))?;
    let allow =
        operation.place.command(&format!("policy add ALLOWED_TOKENS tokens={}", added.address));
    Ok(View::new(to_json(&added))
        .line(format!("{} is listed on {}: {}", added.symbol, added.network, added.id))
        .line(format!("agents may not send it before a policy allows it: {allow}")))
}

/// What the operator says, or else the chain.
fn said(given: Option<String>, found: &str, what: &str) -> Result<String, Failure> {
    match given {
        Some(given) => Ok(given),
        None if !found.is_empty() => Ok(found.to_owned()),
        None => {
            let message = format!("the contract or mint does not say its {what}");
            Err(Failure::new(Exit::Usage, message, format!("name it with --{what}")))
        }
    }
}

fn remove(address: String, network: String, operation: &Operation) -> Result<View, Failure> {
    let body = RemoveToken { network, address };
    let removed: TokenRemoved = operation.gateway()?.ask(Call::delete("/v1/tokens").body(&body))?;
    if !removed.removed {
        let see = operation.place.command(&format!("token list --network {}", removed.network));
        let what = format!("{} is not listed on {}", removed.address, removed.network);
        return Err(Failure::new(Exit::NotFound, what, format!("see {see}")));
    }
    let line = format!("{} is not listed on {} any more", removed.address, removed.network);
    Ok(View::new(to_json(&removed)).line(line))
}

fn resolve(gateway: &Gateway, network: &str, address: &str) -> Result<ResolvedToken, Failure> {
    let _progress = Progress::start("asking the network");
    let call = Call::get("/v1/tokens/resolve").query("network", network).query("address", address);
    Ok(gateway.ask(call)?)
}
