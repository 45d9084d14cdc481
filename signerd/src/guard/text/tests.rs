//! Guards that are read and written, and texts that are none.

use primitives::{BUILTIN, Chain, Environment};

use super::*;

/// Every key there is.
const EVM: &str = r#"
messages = "owner"
delay_seconds = 3600
requests_per_hour = 10
requests_per_day = 100
owner_enrolment = "first-use"
hours = "08:00-18:00"
days = "mon-fri"
lease_percent = 5

[network."eip155:1"]
recipients = ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]
fee = "1000"
fee_per_byte = "7"

[network."eip155:1".native]
immediate = { per_transaction = "250", per_day = "500" }

[network."eip155:1".token.0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48]
immediate = { per_hour = "1000000", per_day = "5000000", per_month = "6000000" }
delay = { per_day = "7000000" }
owner = { per_transaction = "70000000" }
spenders = { 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed = "1000" }

[network."eip155:1".contract.0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48]
selectors = ["0xa9059cbb"]

[network."eip155:1".contract.0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359]
selectors = "any"

[network."eip155:1".typed_data.0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48]
types = ["Order", "with \"quotes\""]

[network."eip155:11155111"]
open = true

[network."eip155:8453"]
"#;

#[test]
fn what_is_written_is_read_again() {
    let guard = Guard::from_toml(EVM, Chain::Evm).unwrap();
    assert_eq!(Guard::from_toml(&guard.to_toml(), Chain::Evm).unwrap(), guard);
    for key in EVM.lines().filter_map(|line| line.split_once(" = ")) {
        assert!(guard.to_toml().contains(key.0), "{}", key.0);
    }
    for environment in [Environment::Mainnet, Environment::Testnet] {
        for chain in [Chain::Evm, Chain::Solana] {
            let is_one =
                |network: &&Network| network.chain() == chain && network.environment == environment;
            let networks: Vec<_> = BUILTIN.iter().filter(is_one).collect();
            let guard = Guard::default_for(environment, &networks);
            assert_eq!(Guard::from_operator(&guard.to_toml(), chain, BUILTIN).unwrap(), guard);
        }
    }
}

/// The message, where `text` is refused for an EVM wallet.
#[track_caller]
fn refusal(text: &str) -> String {
    Guard::from_operator(text, Chain::Evm, BUILTIN).unwrap_err().to_string()
}

#[test]
fn what_is_unknown_is_refused_with_its_line() {
    let native = "[network.\"eip155:1\".native]";
    for (text, reasons) in [
        ("\nmesages = \"text\"".to_owned(), ["line 2", "unknown field `mesages`"]),
        ("messages = \"all\"".to_owned(), ["line 1", "unknown variant `all`"]),
        ("\n\n[network.\"eip155:0\"]".to_owned(), ["line 3", "eip155:0"]),
        ("[network.mainnet]".to_owned(), ["line 1", "mainnet"]),
        ("[network.solana]".to_owned(), ["line 1", "solana"]),
        ("\n[network.\"eip155:31337\"]".to_owned(), ["line 2", "neither built in nor"]),
        ("[network.\"eip155:1\"]\nopn = true".to_owned(), ["line 2", "unknown field `opn`"]),
        (native.to_owned(), ["line 1", "missing field `immediate`"]),
        (
            format!("{native}\nimmediate = {{ per_day = \"1.5\" }}"),
            ["line 2", "not a plain decimal"],
        ),
        (format!("{native}\nimmediate = {{ per_day = 1 }}"), ["line 2", "invalid type: integer"]),
        (format!("{native}\nimmediate = {{ per_week = \"1\" }}"), ["line 2", "per_week"]),
    ] {
        let refusal = refusal(&text);
        for reason in reasons {
            assert!(refusal.contains(reason), "{text}\n{refusal}");
        }
    }
}

/// Refused with its line and the reason; `good` is its neighbour that passes.
#[track_caller]
fn check_fault(good: &str, bad: &str, line: usize, reason: &str) {
    assert!(Guard::from_operator(good, Chain::Evm, BUILTIN).is_ok(), "{good}");
    let refusal = refusal(bad);
    assert!(refusal.starts_with(&format!("line {line}: ")), "{bad}\n{refusal}");
    assert!(refusal.contains(reason), "{bad}\n{refusal}");
}

#[test]
fn ceilings_that_cannot_be_are_refused_with_their_line() {
    let asset = |line: &str| format!("[network.\"eip155:1\".native]\nimmediate = {line}");
    let delay = |line: &str| {
        let immediate = "{ per_transaction = \"5\", per_day = \"10\" }";
        format!("[network.\"eip155:1\".native]\nimmediate = {immediate}\ndelay = {line}")
    };
    for (good, bad, line, reason) in [
        (
            asset("{ per_transaction = \"2\", per_day = \"2\" }"),
            asset("{ per_transaction = \"2\", per_day = \"1\" }"),
            2,
            "per_day is 1, less than per_transaction, which is 2",
        ),
        (
            asset("{ per_hour = \"2\", per_day = \"2\" }"),
            asset("{ per_hour = \"3\", per_day = \"2\" }"),
            2,
            "per_day is 2, less than per_hour, which is 3",
        ),
        (
            asset("{ per_day = \"2\", per_month = \"2\" }"),
            asset("{ per_day = \"2\", per_month = \"1\" }"),
            2,
            "per_month is 1, less than per_day, which is 2",
        ),
        (asset("{ per_day = \"2\" }"), asset("{ per_month = \"2\" }"), 2, "per_day is missing"),
        (
            asset("{ per_day = \"10\" }\nowner = { per_day = \"10\" }"),
            asset("{ per_day = \"10\" }\nowner = { per_day = \"9\" }"),
            3,
            "per_day is 9, less than per_day of immediate, which is 10",
        ),
        (
            delay("{ per_day = \"20\" }\nowner = { per_transaction = \"20\" }"),
            delay("{ per_day = \"20\" }\nowner = { per_transaction = \"19\" }"),
            4,
            "per_transaction is 19, less than per_transaction of delay, which is 20",
        ),
        (
            delay("{ per_transaction = \"5\", per_day = \"10\" }"),
            delay("{ per_transaction = \"4\", per_day = \"10\" }"),
            3,
            "per_transaction is 4, less than per_transaction of immediate, which is 5",
        ),
        (
            delay("{ per_day = \"10\" }"),
            delay("{ per_day = \"9\" }"),
            3,
            "per_day is 9, less than per_day of immediate, which is 10",
        ),
        (
            delay("{ per_hour = \"10\", per_day = \"10\" }"),
            delay("{ per_hour = \"9\", per_day = \"10\" }"),
            3,
            "per_hour of immediate",
        ),
    ] {
        check_fault(&good, &bad, line, reason);
    }
}

#[test]
fn what_else_cannot_be_is_refused_with_its_line() {
    let contract = |line: &str| {
        format!(
            "[network.\"eip155:1\".contract.0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed]\n{line}"
        )
    };
    let network = |line: &str| format!("[network.\"eip155:1\"]\n{line}");
    let owned = str::to_owned;
    for (good, bad, line, reason) in [
        (contract("selectors = \"any\""), contract("selectors = \"all\""), 2, "\"any\" or a list"),
        (
            contract("selectors = [\"0xa9059cbb\"]"),
            contract("selectors = [\"0xa9059cb\"]"),
            2,
            "selector",
        ),
        (
            owned("delay_seconds = 2592000"),
            owned("delay_seconds = 2592001"),
            1,
            "from 0 to 2592000",
        ),
        (owned("\nlease_percent = 50"), owned("\nlease_percent = 51"), 2, "from 1 to 50"),
        (owned("requests_per_hour = 1"), owned("requests_per_hour = 0"), 1, "from 1"),
        (owned("hours = \"08:00-18:00\""), owned("hours = \"8-18\""), 1, "expected hours"),
        (owned("days = \"mon-fri\""), owned("days = \"weekdays\""), 1, "expected days"),
        (network("open = true"), network("open = true\nfee = \"1\""), 1, "exclude each other"),
        (
            network("open = true"),
            network("open = true\nnative.immediate = { per_day = \"1\" }"),
            1,
            "exclude each other",
        ),
        (
            network("recipients = [\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"]"),
            network("recipients = [\"0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"]"),
            2,
            "checksum of the address is wrong (EIP-55)",
        ),
        (
            network("recipients = []"),
            network("recipients = [\"11111111111111111111111111111111\"]"),
            2,
            "an address of solana, where one of ethereum belongs",
        ),
        (
            network("native.immediate = { per_day = \"1\" }"),
            network("native = { immediate = { per_day = \"1\" }, spenders = {} }"),
            2,
            "the native coin has no spenders",
        ),
        (
            network("token = {}"),
            network("token.USDC.immediate = { per_day = \"1\" }"),
            2,
            "\"USDC\": not an address",
        ),
    ] {
        check_fault(&good, &bad, line, reason);
    }
}

#[test]
fn a_token_that_is_listed_twice_is_refused() {
    let token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
    let ceilings = "{ immediate = { per_day = \"1\" } }";
    let (once, again) = (format!("{token} = {ceilings}"), token.to_lowercase());
    let text = format!("[network.\"eip155:1\".token]\n{once}\n{again} = {ceilings}\n");
    assert!(refusal(&text).contains("listed twice"));
}

#[test]
fn a_network_that_was_known_once_is_still_read_from_the_journal() {
    let text = "[network.\"eip155:31337\"]";
    assert!(Guard::from_toml(text, Chain::Evm).is_ok());
    assert!(Guard::from_operator(text, Chain::Evm, BUILTIN).is_err());
}

#[test]
fn a_guard_that_would_be_written_too_long_for_the_journal_is_refused() {
    let text = |count: usize| {
        let token = |number| format!("0x{number:040x}={{immediate={{per_day=\"1\"}}}}");
        let tokens: Vec<String> = (0..count).map(token).collect();
        let tokens = tokens.join(",");
        let network = |id| format!("[network.\"eip155:{id}\"]\ntoken={{{tokens}}}\n");
        [network(u64::MAX), network(u64::MAX - 1)].concat()
    };
    let short = Guard::from_toml(&text(200), Chain::Evm).unwrap();
    assert!(short.to_toml().len() <= MAX_TEXT);
    assert!(text(350).len() <= MAX_TEXT, "it came by the socket");
    let error = Guard::from_toml(&text(350), Chain::Evm).unwrap_err();
    assert!(matches!(error, GuardError::TooLong), "{error}");
}

#[test]
fn a_list_has_so_many_entries_and_not_one_more() {
    let text = |count: usize| {
        let recipients: Vec<String> =
            (0..count).map(|number| format!("\"0x{number:040x}\"")).collect();
        format!("[network.\"eip155:1\"]\nrecipients = [{}]\n", recipients.join(","))
    };
    assert!(Guard::from_toml(&text(MAX_ENTRIES), Chain::Evm).is_ok());
    let error = Guard::from_toml(&text(MAX_ENTRIES + 1), Chain::Evm).unwrap_err();
    assert!(matches!(error, GuardError::Line { line: 2, fault: Fault::TooMany }), "{error}");
}

#[test]
fn a_solana_guard_has_one_scope_and_no_contracts() {
    let read = |text: &str| Guard::from_operator(text, Chain::Solana, BUILTIN);
    assert!(read("[network.solana.native]\nimmediate = { per_day = \"2\" }").is_ok());
    assert!(read("[network.\"eip155:1\"]\nopen = true").is_err());
    let contract =
        "[network.solana.contract.11111111111111111111111111111111]\nselectors = \"any\"";
    assert!(read(contract).unwrap_err().to_string().contains("is for EVM networks"));
}

#[test]
fn every_guard_in_the_document_is_one() {
    let document = include_str!("../../../../docs/guard.md");
    let blocks: Vec<&str> =
        document.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        let chain = if block.contains("[network.solana") { Chain::Solana } else { Chain::Evm };
        if let Err(error) = Guard::from_operator(block, chain, BUILTIN) {
            panic!("{error}\n{block}");
        }
    }
}

/// Every key that the parser knows stands in the document's tables.
#[test]
fn the_document_names_every_key() {
    let document = include_str!("../../../../docs/guard.md");
    let plain = EVM.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key));
    for key in plain.chain(["per_transaction", "per_hour", "per_day", "per_month", "first-use"]) {
        assert!(document.contains(key), "{key}");
    }
}
