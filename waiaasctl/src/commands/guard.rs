//! `guard show`, `diff`, `test`, `set`, `template`.

use std::path::Path;

use primitives::WalletId;
use protocol::wire::MAX_TEXT;
use protocol::{Demand, GuardChange, GuardCheck, GuardOrder, Owners, Payload, Request};
use serde_json::{Value, json};
use txcodec::message::{MAX_TYPED_DATA, TypedData};

use super::exposure::{self, label, names};
use super::{Operation, approval};
use crate::args::{GuardCommand, GuardSetArgs, GuardTemplateArgs, GuardTestArgs, SubjectArgs};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::progress::Progress;
use crate::signer::Signer;
use crate::table::{Column, Table};
use crate::view::View;

/// The templates that signerd has.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("default", "what a new wallet gets: amounts of the product's tiers, at once and after a wait"),
    (
        "strict",
        "nothing at once, amounts of the product's tiers after a wait, texts with the owners",
    ),
    ("closed", "nothing without the owners"),
    ("open", "everything that can be read; for test networks alone"),
];

/// Shows, compares, tries or replaces a guard.
pub(super) fn run(command: GuardCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        GuardCommand::Show { wallet } => show(&wallet, operation),
        GuardCommand::Diff { wallet, file } => diff(&wallet, &file, operation),
        GuardCommand::Test(arguments) => test(&arguments, operation),
        GuardCommand::Set(arguments) => set(&arguments, operation),
        GuardCommand::Template(arguments) => template(&arguments, operation),
    }
}

fn show(wallet: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(wallet)?;
    let guard = operation.signer()?.guard(Request::ShowGuard { wallet })?;
    let json = json!({ "walletId": wallet, "version": guard.version, "text": guard.text });
    Ok(View::new(json).verbatim(guard.text))
}

fn diff(wallet: &str, file: &Path, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(wallet)?;
    let text = guard_text(file)?;
    let mut signer = operation.signer()?;
    let check = signer.check_guard(wallet, text, None)?;
    let before = signer.exposure(wallet)?;
    let needs = needs(&check, &owners(wallet, &check, &mut signer)?);
    let json = json!({
        "walletId": wallet,
        "fromVersion": check.from_version,
        "order": order(check.order),
        "needs": needs.json(),
        "changes": check.changes.iter().map(change_json).collect::<Vec<_>>(),
        "before": exposure::to_json(&before),
        "after": exposure::to_json(&check.exposure),
    });
    let label = label(wallet, &names(operation));
    let whole = whole(check.order);
    let view =
        View::new(json).line(format!("{label}, from version {}: {whole}", check.from_version));
    if check.changes.is_empty() {
        return Ok(view);
    }
    let view = view.table(changes(&check.changes)).line("");
    let view = if before.lines.is_empty() && check.exposure.lines.is_empty() {
        view.line("nothing can leave without the owners, before and after")
    } else {
        view.line("what could leave without the owners, before → after")
            .table(exposure::compared(&before, &check.exposure))
    };
    Ok(exposure::remarks(view, &check.exposure.remarks).line("").line(needs.sentence()))
}

fn test(arguments: &GuardTestArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(&arguments.wallet)?;
    let text = guard_text(&arguments.file)?;
    let payload = payload(&arguments.subject)?;
    let check = operation.signer()?.check_guard(wallet, text, payload)?;
    let json = json!({
        "walletId": wallet,
        "order": order(check.order),
        "verdict": check.verdict.as_ref().map(demand_json),
        "exposure": exposure::to_json(&check.exposure),
    });
    let view = exposure::lines(View::new(json), &check.exposure, "the guard is valid")
        .line(format!("compared with the guard in force: {}", whole(check.order)));
    Ok(match &check.verdict {
        Some(demand) => view.line(format!("verdict: {}", verdict(demand))),
        None => view,
    })
}

fn set(arguments: &GuardSetArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(&arguments.wallet)?;
    let text = guard_text(&arguments.file)?;
    let approval = arguments.approval.as_deref().map(approval::read).transpose()?;
    let mut signer = operation.signer()?;
    let check = signer.check_guard(wallet, text.clone(), None)?;
    let version = check.from_version;
    if check.changes.is_empty() && check.order == GuardOrder::Same {
        let json = json!({ "walletId": wallet, "version": version, "order": order(check.order) });
        let line = format!("nothing to set: the guard says so already, at version {version}");
        return Ok(View::new(json).line(line));
    }
    let passphrase = match needs(&check, &owners(wallet, &check, &mut signer)?) {
        Needs::Nothing => None,
        Needs::Owners if approval.is_none() => {
            return Err(approval::needed(&arguments.wallet, &ask_owners(arguments, operation)));
        }
        Needs::Passphrase | Needs::Owners => Some(operation.secret()?),
    };
    let asked = passphrase.is_some();
    let progress = asked.then(|| Progress::start("checking the passphrase"));
    let guard = signer.guard(Request::SetGuard {
        wallet,
        from_version: arguments.from_version.unwrap_or(version),
        text,
        passphrase,
        approval,
    })?;
    drop(progress);
    let json = json!({ "walletId": wallet, "version": guard.version, "order": order(check.order) });
    let how = if asked { "" } else { "; it lets nothing more pass, so no passphrase was needed" };
    let exposure = operation.place.command(&format!("exposure {}", arguments.wallet));
    Ok(View::new(json)
        .line(format!("the guard of {} is now at version {}{how}", arguments.wallet, guard.version))
        .line(format!("what can leave under it: {exposure}")))
}

fn ask_owners(arguments: &GuardSetArgs, operation: &Operation) -> String {
    let (wallet, file) = (&arguments.wallet, arguments.file.display());
    operation.place.command(&format!("approval guard {wallet} {file} --output approval.json"))
}

fn template(arguments: &GuardTemplateArgs, operation: &Operation) -> Result<View, Failure> {
    let (Some(name), Some(chain)) = (&arguments.name, arguments.chain) else {
        let names: Vec<Value> =
            TEMPLATES.iter().map(|(name, about)| json!({ "name": name, "about": about })).collect();
        let mut table = Table::new([Column::left("NAME"), Column::left("WHAT IT LETS PASS")]);
        for (name, about) in TEMPLATES {
            table.row([(*name).to_owned(), (*about).to_owned()]);
        }
        return Ok(View::new(json!({ "templates": names })).table(table));
    };
    let environment = arguments.environment;
    let request = Request::GuardTemplate { chain, environment, name: name.clone() };
    let guard = operation.signer()?.guard(request)?;
    Ok(View::new(json!({ "name": name, "text": guard.text })).verbatim(guard.text))
}

/// The guard in a file.
pub(super) fn guard_text(file: &Path) -> Result<String, Failure> {
    String::from_utf8(files::read(file, MAX_TEXT)?).map_err(|_not_utf8| {
        let what = format!("{} is not UTF-8 text", file.display());
        Failure::new(Exit::Failed, what, "start from what `waiaasctl guard show` prints")
    })
}

/// What a guard is asked about, as the signer would get it from the gateway.
fn payload(subject: &SubjectArgs) -> Result<Option<Payload>, Failure> {
    let no = |what: String, advice: &str| Failure::new(Exit::Usage, what, advice);
    if let Some(hex) = &subject.transaction {
        let digits = hex.trim().trim_start_matches("0x");
        let bytes = primitives::decode_hex(digits).map_err(|error| {
            no(format!("the transaction is not hexadecimal: {error}"), "see --help")
        })?;
        return Ok(Some(Payload::Transaction(bytes)));
    }
    if let Some(file) = &subject.typed_data {
        let content = files::read(file, MAX_TYPED_DATA.saturating_mul(2))?;
        let what = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let advice = "give what eth_signTypedData_v4 takes: types, primaryType, domain, message";
        let json: Value =
            serde_json::from_slice(&content).map_err(|error| no(what(&error), advice))?;
        let data = TypedData::from_json(&json).map_err(|error| no(what(&error), advice))?;
        return Ok(Some(Payload::TypedData(data.to_bytes())));
    }
    Ok(subject.text.as_ref().map(|text| Payload::Text(text.as_bytes().to_vec())))
}

/// What setting a guard takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Passphrase,
    Owners,
}

fn needs(check: &GuardCheck, owners: &Owners) -> Needs {
    match (check.order, owners.members.is_empty()) {
        (GuardOrder::Same | GuardOrder::Tighter, _) => Needs::Nothing,
        (GuardOrder::Looser, true) => Needs::Passphrase,
        (GuardOrder::Looser, false) => Needs::Owners,
    }
}

impl Needs {
    fn json(self) -> Value {
        match self {
            Self::Nothing => json!([]),
            Self::Passphrase => json!(["passphrase"]),
            Self::Owners => json!(["passphrase", "approval"]),
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Nothing => "setting it takes no passphrase",
            Self::Passphrase => "setting it takes the passphrase of the vault",
            Self::Owners => "setting it takes the passphrase of the vault and the owners' approval",
        }
    }
}

/// The wallet's owners, who are asked for where a guard lets more pass.
fn owners(wallet: WalletId, check: &GuardCheck, signer: &mut Signer) -> Result<Owners, Failure> {
    match check.order {
        GuardOrder::Same | GuardOrder::Tighter => Ok(Owners::NONE),
        GuardOrder::Looser => Ok(signer.owners(wallet)?.confirmed),
    }
}

const fn order(order: GuardOrder) -> &'static str {
    match order {
        GuardOrder::Same => "same",
        GuardOrder::Tighter => "tighter",
        GuardOrder::Looser => "looser",
    }
}

const fn whole(order: GuardOrder) -> &'static str {
    match order {
        GuardOrder::Same => "it lets the same pass",
        GuardOrder::Tighter => "tighter, it lets nothing more pass",
        GuardOrder::Looser => "looser, it lets something more pass",
    }
}

fn changes(changes: &[GuardChange]) -> Table {
    let mut table = Table::new(["WHICH WAY", "WHERE", "NOW", "THEN"].map(Column::left));
    for change in changes {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([
            order(change.order).to_owned(),
            change.key.clone(),
            value(&change.before),
            value(&change.after),
        ]);
    }
    table
}

fn change_json(change: &GuardChange) -> Value {
    json!({
        "key": change.key,
        "before": change.before,
        "after": change.after,
        "order": order(change.order),
    })
}

fn verdict(demand: &Demand) -> String {
    match demand {
        Demand::Immediate => "signed at once".to_owned(),
        Demand::Delay(seconds) => {
            format!("signed {seconds} seconds after it was announced, unless somebody cancels it")
        }
        Demand::Owner(reason) => format!("needs the owners: {reason}"),
        Demand::Never(reason) => format!("never signed: {reason}"),
    }
}

fn demand_json(demand: &Demand) -> Value {
    match demand {
        Demand::Immediate => json!({ "demand": "immediate" }),
        Demand::Delay(seconds) => json!({ "demand": "delay", "seconds": seconds }),
        Demand::Owner(reason) => json!({ "demand": "owner", "reason": reason }),
        Demand::Never(reason) => json!({ "demand": "never", "reason": reason }),
    }
}
