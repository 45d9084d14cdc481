//! Guards as tests write them: the one place that knows their form (`docs/guard.md`).

use primitives::Amount;

/// The first line: which messages are signed.
pub fn messages(which: &str) -> String {
    format!("messages = \"{which}\"\n")
}

/// As many signatures and announcements as there are, for guards that are asked often.
pub fn any_pace() -> String {
    let most = u32::MAX;
    format!("requests_per_hour = {most}\nrequests_per_day = {most}\n")
}

/// The table of an asset (`native`, or `token.` and its address) with its ceilings in this tier,
/// such as `immediate`.
pub fn ceilings(network: &str, asset: &str, tier: &str, limits: &[(&str, Amount)]) -> String {
    format!("[network.\"{network}\".{asset}]\n{}", further(tier, limits))
}

/// Another tier of the table that comes before.
pub fn further(tier: &str, limits: &[(&str, Amount)]) -> String {
    let limits: Vec<_> =
        limits.iter().map(|(name, amount)| format!("{name} = \"{amount}\"")).collect();
    format!("{tier} = {{ {} }}\n", limits.join(", "))
}

/// Who may take allowances of the token whose table comes before, and how much by each.
pub fn spender(spender: &str, most: Amount) -> String {
    format!("spenders = {{ \"{spender}\" = \"{most}\" }}\n")
}

/// A network's table, before those of its assets: what a rollup takes a byte, in wei.
pub fn network(network: &str, fee_per_byte: Amount) -> String {
    format!("[network.\"{network}\"]\nfee_per_byte = \"{fee_per_byte}\"\n")
}

/// Who may get coins and tokens of the network whose table comes before.
pub fn recipients(recipients: &[&str]) -> String {
    let recipients: Vec<_> = recipients.iter().map(|address| format!("\"{address}\"")).collect();
    format!("recipients = [{}]\n", recipients.join(", "))
}

/// A contract of which one function may be called.
pub fn contract(network: &str, contract: &str, selector: &[u8; 4]) -> String {
    let selector = primitives::encode_hex(selector);
    format!("[network.\"{network}\".contract.{contract}]\nselectors = [\"0x{selector}\"]\n")
}

/// A contract for which typed data of one type may be signed.
pub fn typed_data(network: &str, contract: &str, primary_type: &str) -> String {
    format!("[network.\"{network}\".typed_data.{contract}]\ntypes = [\"{primary_type}\"]\n")
}
