//! `receipt get`, `verify`.

use std::path::Path;

use serde_json::json;

use super::Operation;
use super::audit::{entry_fields, entry_json};
use crate::args::ReceiptCommand;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::receipt::{self, MAX_RECEIPT, ReceiptError, parse_hex};
use crate::view::View;

/// Gets or checks a receipt.
pub(super) fn run(command: ReceiptCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        ReceiptCommand::Get { record, output } => get(record, output.as_deref(), operation),
        ReceiptCommand::Verify { file, key } => verify(&file, key.as_deref()),
    }
}

fn get(record: u64, output: Option<&Path>, operation: &Operation) -> Result<View, Failure> {
    let receipt = operation.signer()?.receipt(record)?;
    receipt::check(&receipt, None).map_err(|error| worthless("signerd's answer", &error))?;
    let json = receipt::to_json(&receipt);
    let text = format!("{json:#}\n");
    let Some(file) = output else { return Ok(View::new(json).verbatim(text)) };
    files::write_new(file, text.as_bytes())?;
    let (file, key) = (file.display(), primitives::encode_hex(&receipt.public_key));
    Ok(View::new(json!({ "file": file.to_string(), "record": record, "publicKey": key }))
        .line(format!("the receipt of record {record} is in {file}"))
        .line(format!("to check it anywhere: waiaasctl receipt verify {file} --key {key}")))
}

fn verify(file: &Path, key: Option<&str>) -> Result<View, Failure> {
    let key = key.map(|text| {
        let what = "the key is not 64 hexadecimal digits";
        parse_hex(text).ok_or_else(|| Failure::new(Exit::Usage, what, "see --help"))
    });
    let key = key.transpose()?;
    let text = files::read(file, MAX_RECEIPT)?;
    let name = file.display().to_string();
    let receipt = receipt::from_json(&text).map_err(|error| worthless(&name, &error))?;
    let entry = receipt::check(&receipt, key).map_err(|error| worthless(&name, &error))?;
    let (signer, signed_by) =
        (primitives::encode_hex(&receipt.instance), primitives::encode_hex(&receipt.public_key));
    let json = json!({
        "verified": true,
        "keyWasNamed": key.is_some(),
        "publicKey": signed_by,
        "instance": signer,
        "record": entry_json(&entry, receipt.record.hash),
    });
    let mut fields = entry_fields(&entry);
    fields.extend([("signer", signer), ("key", signed_by)]);
    let view = View::new(json)
        .line("the signer with this key has this record in its journal, and all records before it")
        .fields(fields);
    Ok(match key {
        Some(_) => view,
        None => {
            view.line("whose key it is, this does not say: name the one that you know by --key")
        }
    })
}

fn worthless(what: &str, error: &ReceiptError) -> Failure {
    let why = std::error::Error::source(error).map(|why| format!(": {why}")).unwrap_or_default();
    let advice = "ask whoever gave it for the file as `waiaasctl receipt get` wrote it";
    Failure::new(Exit::Failed, format!("{what} proves nothing: {error}{why}"), advice)
}
