//! Texts of EIP-4361 and Sign-In-With-Solana, as they are written and as they are changed.

use primitives::{EvmAddress, SolanaAddress};
use proptest::prelude::*;

use super::*;
use crate::owner::{Action, Nonces};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);
const DOMAIN: &str = "127.0.0.1:3100";

fn site() -> Site {
    Site::Host(DOMAIN.to_owned())
}

fn evm() -> Address {
    EvmAddress([7; 20]).into()
}

fn solana() -> Address {
    SolanaAddress([7; 32]).into()
}

fn message(address: Address) -> SignIn {
    SignIn {
        domain: DOMAIN.to_owned(),
        address,
        statement: Action::KillSwitch.to_string(),
        uri: format!("http://{DOMAIN}/approve"),
        chain_id: match address {
            Address::Evm(_) => "1".to_owned(),
            Address::Solana(_) => "mainnet".to_owned(),
        },
        nonce: Nonces::new().issue(NOW).text,
        issued_at: Moment::new(NOW),
        expires_at: Moment::new(NOW.plus(300 * SECOND)),
        not_before: None,
        request_id: None,
        resources: vec![],
    }
}

fn check(message: &SignIn, address: Address, now: UnixSeconds) -> Result<String, SignInError> {
    let networks = Networks::builtin();
    let network = message.check(address, &site(), &networks, now)?;
    Ok(network.name.to_string())
}

/// The example of EIP-4361 with what is optional, in the form that the standard writes it.
const EXAMPLE: &str = "\
service.invalid wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ServiceOrg Terms of Service: https://service.invalid/tos

URI: https://service.invalid/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Expiration Time: 2021-09-30T18:25:24.500+02:00
Not Before: 2021-09-30T16:25:24.000Z
Request ID: some-id
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json";

#[test]
fn the_example_of_the_standard_is_read_and_written_again() {
    let parsed = SignIn::parse(EXAMPLE).unwrap();
    assert_eq!(parsed.domain, "service.invalid");
    assert_eq!(parsed.chain_id, "1");
    assert_eq!(parsed.nonce, "32891756");
    assert_eq!(parsed.request_id.as_deref(), Some("some-id"));
    assert_eq!(parsed.resources.len(), 2);
    assert_eq!(parsed.expires_at.at.as_second(), 1_633_019_124);
    assert_eq!(parsed.to_string(), EXAMPLE);
}

#[test]
fn what_this_gateway_writes_it_reads() {
    for address in [evm(), solana()] {
        let mut written = message(address);
        assert_eq!(SignIn::parse(&written.to_string()), Ok(written.clone()));
        written.not_before = Some(Moment::new(NOW));
        written.request_id = Some("agent-7".to_owned());
        written.resources = vec!["wallet:1".to_owned(), "scope:wallet:sign".to_owned()];
        assert_eq!(SignIn::parse(&written.to_string()), Ok(written));
    }
}

#[test]
fn other_forms_are_refused() {
    for (from, to) in [
        ("Ethereum account:", "Ethereum account"),
        ("wants you to", "wants  you to"),
        (" wants you", "http://x wants you\nx wants you"),
        ("Ethereum", "Bitcoin"),
        ("0xC02aaA39b2", "0xc02aaA39b2"),
        (
            "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
            "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
        ),
        (
            "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
            "So11111111111111111111111111111111111111112",
        ),
        ("Cc2\n\n", "Cc2\n"),
        ("\n\nI accept", "\n\n\nI accept"),
        ("I accept the ServiceOrg Terms of Service: https://service.invalid/tos\n", ""),
        ("/tos\n\n", "/tos\n"),
        ("/tos\n\n", "/tos\nand more\n\n"),
        ("/tos", "/t\u{f6}s"),
        ("/tos", "/t\ros"),
        ("/tos", "/t\tos"),
        ("URI: ", "URI:"),
        ("URI: ", "Uri: "),
        ("Version: 1", "Version: 2"),
        ("Version: 1\n", ""),
        ("Chain ID: 1\nNonce: 32891756", "Nonce: 32891756\nChain ID: 1"),
        ("Nonce: 32891756", "Nonce: "),
        ("Nonce: 32891756\n", "Nonce: 32891756\nNonce: 32891757\n"),
        ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30 16:25:24Z"),
        ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24"),
        ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-13-30T16:25:24Z"),
        ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24Z[UTC]"),
        ("Expiration Time: 2021-09-30T18:25:24.500+02:00\n", ""),
        ("Not Before: 2021", "Not before: 2021"),
        ("Request ID", "Request Id"),
        ("Resources:\n", "Resources: \n"),
        ("Resources:\n", ""),
        ("- ipfs", "* ipfs"),
        ("claim.json", "claim.json\n"),
        ("claim.json", "claim.json\n\n"),
        ("claim.json", "claim.json\nResources:\n- x"),
    ] {
        let other = EXAMPLE.replacen(from, to, 1);
        assert_ne!(other, EXAMPLE, "{from:?}");
        let parsed = SignIn::parse(&other);
        assert!(matches!(parsed, Err(SignInError::Malformed(_))), "{to:?}: {parsed:?}");
    }
    let long = EXAMPLE.replace("some-id", &"x".repeat(MAX_TEXT));
    assert!(SignIn::parse(&long).is_err());
    let many = "\n- x".repeat(MAX_RESOURCES);
    assert!(SignIn::parse(&format!("{EXAMPLE}{many}")).is_err());
    assert!(SignIn::parse("").is_err());
}

#[test]
fn a_message_is_for_its_site_its_address_and_a_network_that_is_known() {
    for (address, name) in [(evm(), "ethereum-mainnet"), (solana(), "solana-mainnet")] {
        let good = message(address);
        assert_eq!(check(&good, address, NOW).as_deref(), Ok(name));
        let of = |change: &dyn Fn(&mut SignIn)| {
            let mut changed = good.clone();
            change(&mut changed);
            check(&changed, address, NOW).unwrap_err()
        };
        let other: Address = EvmAddress([8; 20]).into();
        assert_eq!(check(&good, other, NOW), Err(SignInError::OtherAddress(address)));
        for domain in ["evil.example", "127.0.0.1", "127.0.0.1:3101", "localhost:3100"] {
            let error = of(&|message| {
                message.domain = domain.to_owned();
                message.uri = format!("http://{domain}/");
            });
            assert_eq!(error, SignInError::OtherDomain(domain.to_owned()));
        }
        for uri in [
            "https://127.0.0.1:3100/",
            "http://127.0.0.1:31000/",
            "http://127.0.0.1:3100@evil.example/",
            "http://127.0.0.1:3100.evil.example",
            "http://evil.example/127.0.0.1:3100",
            "127.0.0.1:3100",
        ] {
            assert_eq!(of(&|message| uri.clone_into(&mut message.uri)), SignInError::OtherUri);
        }
        for id in ["", "0", "01", "+1", "424242", "eip155:1", "solana:x", "mainnet-beta", "ripple"]
        {
            let error = of(&|message| id.clone_into(&mut message.chain_id));
            assert_eq!(error, SignInError::UnknownChain(id.to_owned()));
        }
    }
    for id in ["solana:mainnet", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"] {
        let mut written = message(solana());
        id.clone_into(&mut written.chain_id);
        assert_eq!(check(&written, solana(), NOW).as_deref(), Ok("solana-mainnet"));
    }
    let mut crossed = message(evm());
    "mainnet".clone_into(&mut crossed.chain_id);
    assert!(check(&crossed, evm(), NOW).is_err());
}

#[test]
fn each_time_counts_to_its_second() {
    let good = message(evm());
    let end = NOW.plus(300 * SECOND);
    assert!(check(&good, evm(), end.minus(SECOND)).is_ok());
    assert_eq!(check(&good, evm(), end), Err(SignInError::Expired));
    assert!(check(&good, evm(), NOW.minus(SKEW)).is_ok());
    let before = NOW.minus(SKEW).minus(SECOND);
    assert_eq!(check(&good, evm(), before), Err(SignInError::TooEarly));
    let mut later = good.clone();
    later.not_before = Some(Moment::new(NOW.plus(10 * SECOND)));
    assert!(check(&later, evm(), NOW.plus(10 * SECOND)).is_ok());
    assert_eq!(check(&later, evm(), NOW.plus(9 * SECOND)), Err(SignInError::TooEarly));
    let mut long = good;
    long.expires_at = Moment::new(NOW.plus(LONGEST));
    assert!(check(&long, evm(), NOW).is_ok());
    long.expires_at = Moment::new(NOW.plus(LONGEST).plus(SECOND));
    assert_eq!(check(&long, evm(), NOW), Err(SignInError::TooLong));
}

proptest! {
    /// What is read is what was written: no two texts are the same message.
    #[test]
    fn whatever_is_read_is_written_the_same(
        place in 0..EXAMPLE.len(),
        length in 0..12_usize,
        put in "[ -~\n]{0,12}",
    ) {
        let end = (place + length).min(EXAMPLE.len());
        let mut text = EXAMPLE.to_owned();
        text.replace_range(place..end, &put);
        if let Ok(parsed) = SignIn::parse(&text) {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }
}
