//! What owners are asked, held against each field of it.

use std::collections::BTreeSet;

use primitives::{ChainId, EvmAddress, SolanaAddress};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::message::{TypedData, decode_text};
use crate::{AuthorityKind, Effect, OpaqueReason, SigningInput, Subject};

const BOB: EvmAddress = EvmAddress([0xb0; 20]);
const TOKEN: EvmAddress = EvmAddress([0x70; 20]);
const CAROL: SolanaAddress = SolanaAddress([0xca; 32]);

fn evm(chain_id: u64) -> ChainId {
    ChainId::Eip155(chain_id.try_into().unwrap())
}

fn transaction(chain_id: u64, effects: Vec<Effect>) -> Decoded {
    Decoded {
        subject: Subject::EvmTransaction { chain_id: evm(chain_id), nonce: 0 },
        effects,
        fee_ceiling: Amount::from(5_u64),
        gas_limit: 21_000,
        signing_input: SigningInput::Digest([0; 32]),
        intent: [0x1d; 32],
        length: 100,
        raised: BTreeSet::new(),
    }
}

fn payment(value: u64) -> Decoded {
    transaction(1, vec![Effect::NativeOut { to: BOB.into(), amount: Amount::from(value) }])
}

fn ask(matter: Matter<'_>) -> Question<'_> {
    Question {
        instance: [0x15; 16],
        wallet: WalletId::from_bytes([7; 16]),
        address: EvmAddress([0x11; 20]).into(),
        guard_version: 3,
        fee_ceiling: Amount::from(2_100_000_000_000_000_u64),
        expires_at: 1_795_364_724,
        nonce: [0x4e; 16],
        matter,
    }
}

fn sign(decoded: &Decoded) -> Question<'_> {
    ask(Matter::Sign { decoded, environment: Environment::Mainnet })
}

#[test]
fn the_text_says_what_may_happen_and_until_when() {
    let text = sign(&payment(1_500_000_000_000_000_000)).render().unwrap().text();
    assert_eq!(
        text,
        "WAIaaS approval. Whoever signs this allows what it says, once.\n\
         \n\
         Allows: this wallet to sign one transaction\n\
         Wallet: 07070707-0707-0707-0707-070707070707\n\
         Address: 0x1111111111111111111111111111111111111111\n\
         Network: ethereum-mainnet (eip155:1)\n\
         Effect: send 1.5 ETH (1500000000000000000 base units) to \
         0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0\n\
         Intent: 0x1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\n\
         Fee ceiling: 0.0021 ETH (2100000000000000 base units)\n\
         Guard version: 3\n\
         Expires: 1795364724 (2026-11-22T16:25:24Z)\n\
         Nonce: 0x4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e\n\
         Instance: 0x15151515151515151515151515151515"
    );
}

/// Questions that differ from the first of their matter in one field each.
#[test]
fn both_digests_bind_every_field() {
    let decoded = payment(1);
    let first = sign(&decoded);
    let other = [0; 32];
    let (members, more) = ([BOB.into()], [TOKEN.into(), BOB.into()]);
    let guard = |from_version, sha256| ask(Matter::Guard { from_version, sha256 });
    let owners =
        |from_version, threshold, members| ask(Matter::Owners { from_version, threshold, members });
    let (amount, network) = (payment(2), transaction(5, payment(1).effects));
    let intent = Decoded { intent: other, ..payment(1) };
    let twice = transaction(1, [payment(1).effects, payment(1).effects].concat());
    let empty = transaction(1, vec![]);
    let subject = Subject::SolanaTransaction { fee_payer: CAROL };
    let solana = Decoded { subject, ..payment(1) };
    let (mainnet, testnet) = (Environment::Mainnet, Environment::Testnet);
    let on = |decoded, environment| ask(Matter::Sign { decoded, environment });
    let questions = [
        ("nothing", first),
        ("the instance", Question { instance: [0; 16], ..first }),
        ("the wallet", Question { wallet: WalletId::from_bytes([8; 16]), ..first }),
        ("the address", Question { address: BOB.into(), ..first }),
        ("the guard's version", Question { guard_version: 4, ..first }),
        ("the fee ceiling", Question { fee_ceiling: Amount::ZERO, ..first }),
        ("the expiry", Question { expires_at: 1_795_364_725, ..first }),
        ("an expiry after all years", Question { expires_at: u64::MAX, ..first }),
        ("the nonce", Question { nonce: [0; 16], ..first }),
        ("the amount", sign(&amount)),
        ("the network", sign(&network)),
        ("the intent", sign(&intent)),
        ("once more", sign(&twice)),
        ("no effect", sign(&empty)),
        ("a cluster", Question { address: CAROL.into(), ..on(&solana, mainnet) }),
        ("a test cluster", Question { address: CAROL.into(), ..on(&solana, testnet) }),
        ("a guard", guard(3, [1; 32])),
        ("the guard's own version", guard(4, [1; 32])),
        ("the guard's text", guard(3, [2; 32])),
        ("no owners", owners(0, 0, &[])),
        ("owners", owners(0, 1, &members)),
        ("the owners' version", owners(1, 1, &members)),
        ("their threshold", owners(0, 2, &members)),
        ("their members", owners(0, 1, &more)),
        ("a lock", ask(Matter::Resume { from: Stop::Locked })),
        ("a suspension", ask(Matter::Resume { from: Stop::Suspended })),
    ];
    let mut seen = Vec::new();
    for (what, question) in questions {
        let rendered = question.render().unwrap();
        for digest in [rendered.text_digest(), rendered.typed_data().digest()] {
            assert!(!seen.contains(&digest), "{what}");
            seen.push(digest);
        }
    }
}

fn effects() -> Vec<Effect> {
    let (to, token, amount) = (BOB.into(), TOKEN.into(), Amount::from(7_u64));
    let allowance = |amount| Effect::Allowance { token, spender: to, amount };
    let authority = |kind, to| Effect::AuthorityChange { kind, subject: token, to };
    let call = |selector| Effect::Call { contract: TOKEN, selector };
    let text = || "pay".to_owned();
    let typed = |chain_id, verifying_contract| Effect::TypedData {
        chain_id,
        verifying_contract,
        primary_type: "Order".to_owned(),
    };
    let unknown = |tag| OpaqueReason::UnknownInstruction { program: CAROL, tag };
    let mut all = vec![
        Effect::NativeOut { to, amount },
        Effect::TokenOut { token, to, amount },
        Effect::CollectibleOut { contract: TOKEN, to: BOB, id: amount, amount },
        allowance(amount),
        allowance(Amount::ZERO),
        allowance(Amount::MAX),
        Effect::Rent { account: CAROL, owner: None, amount },
        Effect::Rent { account: CAROL, owner: Some(CAROL), amount },
        call(None),
        call(Some([1, 2, 3, 4])),
        Effect::Deploy,
        Effect::Text { text: text() },
        typed(None, None),
        typed(Some(evm(1)), Some(TOKEN)),
        Effect::Memo { text: text() },
    ];
    all.extend(
        [
            AuthorityKind::AccountProgram,
            AuthorityKind::TokenAccount,
            AuthorityKind::Mint,
            AuthorityKind::Operator,
            AuthorityKind::Contract,
            AuthorityKind::Program,
            AuthorityKind::Stake,
            AuthorityKind::NonceAccount,
        ]
        .into_iter()
        .flat_map(|kind| [authority(kind, None), authority(kind, Some(to))]),
    );
    all.extend(
        [
            OpaqueReason::UnknownProgram(CAROL),
            unknown(None),
            unknown(Some(0)),
            OpaqueReason::UnknownToken { from: CAROL },
            OpaqueReason::LookupTables,
            OpaqueReason::DurableNonce,
            OpaqueReason::OtherSigners,
            OpaqueReason::TypedData("a Permit of another form"),
            OpaqueReason::EveryChain,
            OpaqueReason::UnreadCalls,
            OpaqueReason::DelegateCall { code: BOB },
        ]
        .map(Effect::Opaque),
    );
    all
}

#[test]
fn every_effect_has_a_line_of_its_own() {
    let effects = effects();
    let decoded = transaction(1, effects.clone());
    let rendered = sign(&decoded).render().unwrap();
    let shown: Vec<_> =
        rendered.lines().iter().filter(|line| line.label == Label::Effect).collect();
    assert_eq!(shown.len(), effects.len());
    for (place, line) in shown.iter().enumerate() {
        assert!(!shown[..place].contains(line), "{line:?}");
        assert!(line.value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    }
}

#[test]
fn a_coin_is_named_where_the_network_is_known_and_base_units_stand_everywhere() {
    let fee = |question: Question<'_>| {
        let rendered = question.render().unwrap();
        let line = rendered.lines().iter().find(|line| line.label == Label::FeeCeiling);
        line.unwrap().value.clone()
    };
    let known = transaction(137, vec![]);
    assert_eq!(fee(sign(&known)), "0.0021 POL (2100000000000000 base units)");
    let unknown = transaction(5, vec![]);
    assert_eq!(fee(sign(&unknown)), "2100000000000000 base units of the native coin");
    let text = decode_text(primitives::Chain::Solana, b"gm").unwrap();
    let question = Question { address: CAROL.into(), ..sign(&text) };
    assert_eq!(fee(question), "2100000 SOL (2100000000000000 base units)");
}

#[test]
fn more_than_can_be_read_is_not_asked() {
    let many = |count| transaction(1, vec![Effect::Deploy; count]);
    assert!(sign(&many(MAX_EFFECTS)).render().is_ok());
    let refused = sign(&many(MAX_EFFECTS + 1)).render();
    assert_eq!(refused, Err(ApprovalError::TooManyEffects));
    let memo = |length| transaction(1, vec![Effect::Memo { text: "x".repeat(length) }]);
    let without = sign(&memo(0)).render().unwrap();
    let rest: usize = without.lines().iter().map(|line| line.value.len()).sum();
    assert!(sign(&memo(MAX_RENDERED - rest)).render().is_ok());
    let refused = sign(&memo(MAX_RENDERED - rest + 1)).render();
    assert_eq!(refused, Err(ApprovalError::TooLong));
}

/// Takes the text apart as a reader would: by its line breaks, and by the first colon of a line.
fn read_back(text: &str) -> Vec<(String, String)> {
    let lines = text.strip_prefix(HEADING).unwrap().strip_prefix('\n').unwrap().split('\n');
    lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .collect()
}

fn foreign_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        Just("\nEffect: send 1 base units".to_owned()),
        Just("\u{202e}\" \\".to_owned()),
        Just("\\n\\u{a}\r\n".to_owned()),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_that_somebody_wrote_forges_a_line(texts in vec(foreign_text(), 1..6)) {
        let effects = texts.iter().map(|text| Effect::Memo { text: text.clone() }).collect();
        let decoded = transaction(1, effects);
        let rendered = sign(&decoded).render().unwrap();
        let expected: Vec<_> = rendered
            .lines()
            .iter()
            .map(|line| (line.label.to_string(), line.value.clone()))
            .collect();
        prop_assert_eq!(read_back(&rendered.text()), expected);
        prop_assert!(rendered.text().bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')));
    }

    #[test]
    fn two_texts_that_differ_are_shown_differently(one in foreign_text(), other in foreign_text()) {
        let text = |text: &String| {
            let decoded = transaction(1, vec![Effect::Memo { text: text.clone() }]);
            sign(&decoded).render().unwrap().text()
        };
        prop_assert_eq!(text(&one) == text(&other), one == other);
    }
}

#[test]
fn the_json_for_a_wallet_is_the_typed_data() {
    let (payment, all) = (payment(1), transaction(1, effects()));
    let members = [BOB.into(), TOKEN.into()];
    for question in [
        sign(&payment),
        sign(&all),
        ask(Matter::Guard { from_version: 3, sha256: [1; 32] }),
        ask(Matter::Owners { from_version: 0, threshold: 2, members: &members }),
        ask(Matter::Resume { from: Stop::Locked }),
    ] {
        let rendered = question.render().unwrap();
        let json = rendered.typed_data_json();
        assert_eq!(TypedData::from_json(&json).unwrap(), rendered.typed_data());
        let shown = json["message"].to_string();
        for line in rendered.lines() {
            let value = serde_json::to_string(&line.value).unwrap();
            assert!(shown.contains(&value), "{line:?} is not in {shown}");
        }
    }
}

#[test]
fn the_typed_data_names_the_network_where_there_is_one() {
    let (known, guard) = (payment(1), Matter::Guard { from_version: 3, sha256: [1; 32] });
    let chain_id = |question: Question<'_>| question.render().unwrap().typed_data().chain_id();
    assert_eq!(chain_id(sign(&known)), Ok(Some(evm(1))));
    assert_eq!(chain_id(ask(guard)), Ok(None));
}

#[test]
fn the_typed_data_is_of_one_instance() {
    let salt = sign(&payment(1)).render().unwrap().salt();
    assert_eq!(salt, [[0x15; 16], [0; 16]].concat()[..]);
}
