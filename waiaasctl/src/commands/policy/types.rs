//! `policy types`: what the gateway's registry says of each.

use api::{PolicyType, PolicyTypeList};

use crate::commands::{Operation, to_json};
use crate::exit::{Exit, Failure};
use crate::gateway::Call;
use crate::table::{Column, Table};
use crate::view::View;

/// Lists the types, or shows one.
pub(super) fn run(kind: Option<&str>, operation: &Operation) -> Result<View, Failure> {
    let list: PolicyTypeList = operation.gateway()?.ask(Call::get("/v1/policies/types"))?;
    let named = |one: &PolicyType, name: &str| {
        one.name == name || one.aliases.iter().any(|alias| alias == name)
    };
    let Some(kind) = kind.map(str::to_uppercase) else {
        let mut table =
            Table::new([Column::left("TYPE"), Column::left("ENFORCED"), Column::left("MEANING")]);
        for one in &list.types {
            table.row([one.name.clone(), one.enforcement.clone(), one.meaning.clone()]);
        }
        return Ok(View::new(to_json(&list)).table(table));
    };
    let Some(one) = list.types.iter().find(|one| named(one, &kind)) else {
        let see = operation.place.command("policy types");
        let what = format!("there is no type of policy called {kind}");
        return Err(Failure::new(Exit::NotFound, what, format!("see {see}")));
    };
    let by = match one.enforcement.as_str() {
        "hard" => "hard: the signer's guard can enforce it too",
        _soft => "soft: the gateway alone enforces it",
    };
    let mut fields = vec![("type", one.name.clone()), ("enforced", by.to_owned())];
    if !one.aliases.is_empty() {
        fields.push(("also called", one.aliases.join(", ")));
    }
    fields.push(("meaning", one.meaning.clone()));
    Ok(View::new(to_json(one))
        .fields(fields)
        .line("rules of it:")
        .verbatim(format!("{:#}", one.example)))
}
