//! `price`.

use api::AssetPrice;

use super::{Operation, to_json};
use crate::args::PriceArgs;
use crate::exit::{Exit, Failure};
use crate::gateway::Call;
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::time::{span, utc};
use crate::view::View;

/// Shows what an asset is worth, and who says so.
pub(super) fn price(arguments: &PriceArgs, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let progress = Progress::start("asking the sources");
    let call = Call::get("/v1/admin/prices")
        .query("network", &arguments.network)
        .query("asset", &arguments.asset);
    let found: AssetPrice = gateway.ask(call)?;
    drop(progress);
    let mut fields = vec![("network", found.network.clone()), ("asset", found.asset.clone())];
    fields.extend(found.price.as_ref().map(|price| ("price", format!("{price} USD"))));
    fields.extend(found.age_seconds.map(|age| ("age", span(age))));
    fields.extend(found.good_until.map(|until| ("good until", utc(until))));
    let mut table = Table::new([
        Column::left("SOURCE"),
        Column::right("PRICE"),
        Column::right("CONFIDENCE"),
        Column::right("AGE"),
        Column::left("NOT USED, AS"),
    ]);
    for said in &found.sources {
        table.row([
            said.source.clone(),
            said.price.as_ref().map(ToString::to_string).unwrap_or_default(),
            said.confidence.as_ref().map(ToString::to_string).unwrap_or_default(),
            said.age_seconds.map(span).unwrap_or_default(),
            said.problem.clone().unwrap_or_default(),
        ]);
    }
    let view = View::new(to_json(&found)).fields(fields);
    let view = if found.sources.is_empty() { view } else { view.table(table) };
    Ok(match &found.unknown {
        None => view,
        Some(why) => view
            .line(format!("no price that can be believed: {why}"))
            .line("what has no price counts as above every line in dollars")
            .ending(Exit::Failed),
    })
}
