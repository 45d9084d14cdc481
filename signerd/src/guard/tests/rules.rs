//! The rules that are no ceilings: who, what, how dear, and when.

use txcodec::evm::erc721;
use txcodec::message::{TypedData, decode_text, decode_typed_data};
use txcodec::solana::associated_token;
use txcodec::solana::{Message, Version, system};

use super::*;

/// What a guard asks for, on a network with ample ceilings for the coin and the token.
pub(super) fn under(limits: &str, decoded: Decoded) -> Asks {
    let plenty = "{ per_day = \"1000000000000000000000\" }";
    let text = format!(
        "[network.\"eip155:1\"]\n{limits}\n\
         [network.\"eip155:1\".native]\nimmediate = {plenty}\n\
         [network.\"eip155:1\".token.{TOKEN}]\nimmediate = {plenty}\n"
    );
    whole(&text, decoded, NOW)
}

pub(super) fn whole(text: &str, decoded: Decoded, wall: UnixSeconds) -> Asks {
    let guard = Guard::from_toml(text, Chain::Evm).unwrap();
    let moment = Moment { now: NOW, wall };
    asks_of(
        judge(&guard, &Windows::default(), decoded, wallet(), moment)
            .map_err(|refusal| refusal.code),
    )
}

pub(super) fn approve(spender: EvmAddress, amount: u64) -> Decoded {
    unsigned(1, Some(TOKEN), 0, erc20::approve(spender, Amount::from(amount)))
}

fn for_one_a_byte(decoded: &Decoded) -> u64 {
    decoded.layer_1_fee(Amount::from(1_u64)).unwrap().to_u64().unwrap()
}

#[test]
fn a_fee_has_a_most_of_its_own() {
    for (fee, expected) in [(FEE, Asks::Nothing), (FEE - 1, Asks::Owner)] {
        assert_eq!(under(&format!("fee = \"{fee}\""), coins(1)), expected, "{fee}");
    }
    // What a rollup takes for the bytes is fee, and spend.
    let bytes = for_one_a_byte(&coins(1000));
    let most = |fee: u64| format!("fee_per_byte = \"7\"\nfee = \"{fee}\"");
    assert_eq!(under(&most(FEE + 7 * bytes), coins(1000)), Asks::Nothing);
    assert_eq!(under(&most(FEE + 7 * bytes - 1), coins(1000)), Asks::Owner);
    for (left, expected) in [(7 * bytes, Asks::Nothing), (7 * bytes - 1, Asks::Owner)] {
        let text = format!(
            "[network.\"eip155:1\"]\nfee_per_byte = \"7\"\n\
             native.immediate = {{ per_day = \"{}\" }}",
            FEE + 1000 + left
        );
        assert_eq!(whole(&text, coins(1000), NOW), expected);
    }
}

#[test]
fn on_the_op_stack_bytes_cost_by_default() {
    let transfer = || unsigned(8453, Some(BOB), 0, vec![]);
    let bytes = for_one_a_byte(&transfer());
    let on_top = bytes * 100_000_000_000;
    for (ceiling, expected) in [(FEE + on_top, Asks::Nothing), (FEE + on_top - 1, Asks::Owner)] {
        let text =
            format!("[network.\"eip155:8453\".native]\nimmediate = {{ per_day = \"{ceiling}\" }}");
        assert_eq!(whole(&text, transfer(), NOW), expected);
    }
}

#[test]
fn the_rent_of_a_new_account_is_fee() {
    let me = primitives::SolanaAddress([1; 32]);
    let (bob, mint) = (primitives::SolanaAddress([2; 32]), primitives::SolanaAddress([3; 32]));
    let program = txcodec::solana::token::TokenProgram::Token;
    let create = associated_token::create_idempotent(me, bob, mint, program);
    let pay = system::transfer(me, bob, 1);
    let message = Message::compile(me, &[create, pay], [7; 32], Version::V0).unwrap();
    let decoded = || txcodec::solana::decode(&message.to_bytes(), me).unwrap();
    let rent = decoded().effects().iter().find_map(|effect| {
        if let txcodec::Effect::Rent { amount, .. } = effect { Some(*amount) } else { None }
    });
    let fee = decoded().fee_ceiling().checked_add(rent.unwrap()).unwrap();
    assert!(fee > decoded().fee_ceiling());
    for (most, expected) in
        [(fee, Asks::Nothing), (fee.saturating_sub(Amount::from(1_u64)), Asks::Owner)]
    {
        let text = format!(
            "[network.solana]\nfee = \"{most}\"\nnative.immediate = {{ per_day = \"1000000000\" }}"
        );
        let guard = Guard::from_toml(&text, Chain::Solana).unwrap();
        let judged = judge(&guard, &Windows::default(), decoded(), wallet(), MOMENT);
        assert_eq!(asks_of(judged.map_err(|refusal| refusal.code)), expected);
    }
}

#[test]
fn a_call_that_is_listed_needs_nobody_and_its_value_counts() {
    let call = |to, value, data: &[u8]| unsigned(1, Some(to), value, data.to_vec());
    let one = format!("contract.{OTHER}.selectors = [\"0x01020304\"]");
    let any = format!("contract.{OTHER}.selectors = \"any\"");
    let data = [1, 2, 3, 4, 5];
    for (limits, decoded, expected) in [
        (&one, call(OTHER, 0, &data), Asks::Nothing),
        (&one, call(OTHER, 0, &[1, 2, 3, 5]), Asks::Owner),
        (&one, call(OTHER, 0, &[1, 2, 3]), Asks::Owner),
        (&one, call(BOB, 0, &data), Asks::Owner),
        (&any, call(OTHER, 0, &[1, 2, 3, 5]), Asks::Nothing),
        (&any, call(OTHER, 0, &[1, 2, 3]), Asks::Nothing),
        (&any, call(BOB, 0, &data), Asks::Owner),
    ] {
        assert_eq!(under(limits, decoded), expected, "{limits}");
    }
    let recipients = format!("{any}\nrecipients = [\"{BOB}\"]");
    assert_eq!(under(&recipients, call(OTHER, 0, &data)), Asks::Nothing);
    assert_eq!(under(&recipients, call(OTHER, 1, &data)), Asks::Owner);
    let ceiling = format!(
        "[network.\"eip155:1\"]\n{any}\nnative.immediate = {{ per_day = \"{}\" }}",
        FEE + 10
    );
    assert_eq!(whole(&ceiling, call(OTHER, 10, &data), NOW), Asks::Nothing);
    assert_eq!(whole(&ceiling, call(OTHER, 11, &data), NOW), Asks::Owner);
}

/// Typed data of TOKEN, on a network if there is one: a vote, or a permit for BOB.
pub(super) fn typed_data(kind: &str, chain_id: Option<u64>, amount: u64) -> Decoded {
    let field = |name: &str, kind: &str| serde_json::json!({ "name": name, "type": kind });
    let mut domain = vec![field("name", "string"), field("verifyingContract", "address")];
    let mut values = serde_json::json!({ "name": "A", "verifyingContract": TOKEN.to_string() });
    if let Some(chain_id) = chain_id {
        domain.insert(1, field("chainId", "uint256"));
        values["chainId"] = chain_id.into();
    }
    let fields = [
        field("owner", "address"),
        field("spender", "address"),
        field("value", "uint256"),
        field("nonce", "uint256"),
        field("deadline", "uint256"),
    ];
    let whole = serde_json::json!({
        "types": { "EIP712Domain": domain, kind: fields },
        "primaryType": kind,
        "domain": values,
        "message": {
            "owner": WALLET.to_string(),
            "spender": BOB.to_string(),
            "value": amount.to_string(),
            "nonce": "0",
            "deadline": "1900000000",
        },
    });
    decode_typed_data(&TypedData::from_json(&whole).unwrap().to_bytes()).unwrap()
}

#[test]
fn typed_data_that_is_listed_needs_nobody_and_what_it_spends_counts() {
    let permits = format!("typed_data.{TOKEN}.types = [\"Permit\"]");
    let any = format!("typed_data.{TOKEN}.types = \"any\"");
    let never = |code| Asks::Never(code);
    for (limits, decoded, expected) in [
        ("", typed_data("Vote", Some(1), 5), Asks::Owner),
        ("", typed_data("Permit", Some(1), 5), Asks::Owner),
        (&permits, typed_data("Vote", Some(1), 5), Asks::Owner),
        (&permits, typed_data("Permit", Some(1), 5), Asks::Nothing),
        (&any, typed_data("Vote", Some(1), 5), Asks::Nothing),
        (&any, typed_data("Vote", None, 5), Asks::Owner),
        (&any, typed_data("Permit", None, 5), never(RefusalCode::EffectNotAllowed)),
        (&any, typed_data("Vote", Some(2), 5), never(RefusalCode::NetworkNotAllowed)),
    ] {
        assert_eq!(under(limits, decoded), expected, "{limits}");
    }
    let text = format!(
        "[network.\"eip155:1\".typed_data.{TOKEN}]\ntypes = \"any\"\n\
         [network.\"eip155:1\".token.{TOKEN}]\nimmediate = {{ per_day = \"100\" }}\n\
         [network.\"eip155:5\"]\nopen = true\n"
    );
    assert_eq!(whole(&text, typed_data("Permit", Some(1), 100), NOW), Asks::Nothing);
    assert_eq!(whole(&text, typed_data("Permit", Some(1), 101), NOW), Asks::Owner);
    assert_eq!(whole(&text, typed_data("Permit", Some(5), 101), NOW), Asks::Nothing);
}

/// A permit for BOB of so much of each of these tokens.
pub(super) fn permits_of(chain_id: u64, permitted: &[(EvmAddress, u64)]) -> Decoded {
    let fields = |fields: &[(&str, &str)]| -> Vec<_> {
        let field = |(name, kind)| serde_json::json!({ "name": name, "type": kind });
        fields.iter().copied().map(field).collect()
    };
    let permitted = permitted.iter().map(|(token, amount)| {
        serde_json::json!({ "token": token.to_string(), "amount": amount.to_string() })
    });
    let whole = serde_json::json!({
        "types": {
            "EIP712Domain": fields(&[
                ("name", "string"), ("chainId", "uint256"), ("verifyingContract", "address"),
            ]),
            "PermitBatchTransferFrom": fields(&[
                ("permitted", "TokenPermissions[]"), ("spender", "address"), ("nonce", "uint256"),
                ("deadline", "uint256"),
            ]),
            "TokenPermissions": fields(&[("token", "address"), ("amount", "uint256")]),
        },
        "primaryType": "PermitBatchTransferFrom",
        "domain": {
            "name": "Permit2",
            "chainId": chain_id,
            "verifyingContract": "0x000000000022D473030F116dDEE9F6B43aC78BA3",
        },
        "message": {
            "permitted": permitted.collect::<Vec<_>>(),
            "spender": BOB.to_string(),
            "nonce": "0",
            "deadline": "1900000000",
        },
    });
    decode_typed_data(&TypedData::from_json(&whole).unwrap().to_bytes()).unwrap()
}

/// The record of 2,500 would be longer than any that is read again.
#[test]
fn one_signature_moves_so_many_assets_that_its_record_is_short() {
    let token = |number: u16| {
        let mut token = [0x70; 20];
        token[..2].copy_from_slice(&number.to_be_bytes());
        (EvmAddress(token), 1)
    };
    for (tokens, expected) in [
        (1, Asks::Nothing),
        (128, Asks::Nothing),
        (129, Asks::Never(RefusalCode::EffectNotAllowed)),
        (2500, Asks::Never(RefusalCode::EffectNotAllowed)),
    ] {
        let permits = permits_of(5, &(0..tokens).map(token).collect::<Vec<_>>());
        assert_eq!(asks(&Windows::default(), permits), expected, "{tokens}");
    }
}

#[test]
fn a_permit_counts_on_the_network_that_it_names() {
    let text = format!(
        "[network.\"eip155:1\".typed_data.{TOKEN}]\ntypes = \"any\"\n\
         [network.\"eip155:1\".token.{TOKEN}]\nimmediate = {{ per_day = \"100\" }}\n"
    );
    let guard = Guard::from_toml(&text, Chain::Evm).unwrap();
    let permit = typed_data("Permit", Some(1), 60);
    let judged = judge(&guard, &Windows::default(), permit, wallet(), MOMENT).unwrap();
    let clearance = judged.clear(Permit::None).unwrap().into_clearance();
    let token = Asset::Token(TOKEN.into());
    assert_eq!(clearance.scope, Some(native().0));
    assert_eq!(clearance.spend, BTreeMap::from([(token, Amount::from(60_u64))]));
}

#[test]
fn texts_are_signed_as_the_guard_says() {
    let text = || decode_text(Chain::Evm, b"Sign in, please.").unwrap();
    let vote = || typed_data("Vote", Some(5), 1);
    let never = || Asks::Never(RefusalCode::EffectNotAllowed);
    for (messages, for_text, for_vote) in [
        ("text", Asks::Nothing, Asks::Nothing),
        ("owner", Asks::Owner, Asks::Nothing),
        ("none", never(), never()),
    ] {
        let guard = format!("messages = \"{messages}\"\n[network.\"eip155:5\"]\nopen = true");
        assert_eq!(whole(&guard, text(), NOW), for_text, "{messages}");
        assert_eq!(whole(&guard, vote(), NOW), for_vote, "{messages}");
    }
}

#[test]
fn outside_of_the_hours_everything_needs_owners() {
    // 2027-01-15, a Friday, at 08:00 UTC.
    let morning = 1_800_000_000;
    let text = |schedule: &str| format!("{schedule}\n[network.\"eip155:5\"]\nopen = true");
    let payment = || unsigned(5, Some(BOB), 1, vec![]);
    for (schedule, wall, expected) in [
        ("hours = \"08:00-18:00\"", morning, Asks::Nothing),
        ("hours = \"08:00-18:00\"", morning - 1, Asks::Owner),
        ("hours = \"08:00-18:00\"", morning + 10 * 3600 - 1, Asks::Nothing),
        ("hours = \"08:00-18:00\"", morning + 10 * 3600, Asks::Owner),
        ("days = \"fri\"", morning, Asks::Nothing),
        ("days = \"mon-thu,sat-sun\"", morning, Asks::Owner),
        ("days = \"fri\"", morning + 86_400, Asks::Owner),
    ] {
        assert_eq!(whole(&text(schedule), payment(), wall), expected, "{schedule} at {wall}");
    }
    let hello = decode_text(Chain::Evm, b"hello").unwrap();
    assert_eq!(whole(&text("days = \"mon\""), hello, morning), Asks::Owner);
    let elsewhere = unsigned(2, Some(BOB), 1, vec![]);
    let never = Asks::Never(RefusalCode::NetworkNotAllowed);
    assert_eq!(whole(&text("days = \"mon\""), elsewhere, morning), never);
}

#[test]
fn what_cannot_be_read_is_for_owners_where_they_could_know_it() {
    let me = primitives::SolanaAddress([1; 32]);
    let program = primitives::SolanaAddress([8; 32]);
    let unknown =
        txcodec::solana::Instruction { program_id: program, accounts: vec![], data: vec![] };
    let other = txcodec::solana::AccountMeta::readonly_signer(program);
    let pay = system::transfer(me, program, 1);
    let two_sign = txcodec::solana::Instruction {
        accounts: [&pay.accounts[..], &[other]].concat(),
        ..pay.clone()
    };
    for limits in ["open = true", "native.immediate = { per_day = \"1000000000\" }"] {
        let guard = format!("[network.solana]\n{limits}");
        let guard = Guard::from_toml(&guard, Chain::Solana).unwrap();
        let ask = |instruction: &txcodec::solana::Instruction| {
            let instructions = std::slice::from_ref(instruction);
            let message = Message::compile(me, instructions, [7; 32], Version::V0).unwrap();
            let decoded = txcodec::solana::decode(&message.to_bytes(), me).unwrap();
            let judged = judge(&guard, &Windows::default(), decoded, wallet(), MOMENT);
            asks_of(judged.map_err(|refusal| refusal.code))
        };
        assert_eq!(ask(&pay), Asks::Nothing);
        assert_eq!(ask(&unknown), Asks::Owner, "{limits}");
        assert_eq!(ask(&two_sign), Asks::Never(RefusalCode::EffectNotAllowed), "{limits}");
    }
}

#[test]
fn what_has_no_amount_that_could_be_limited_needs_owners_where_coins_are_worth_something() {
    let one = Amount::from(1_u64);
    for (what, to, data) in [
        ("a collectible", Some(TOKEN), erc721::safe_transfer([WALLET, BOB], one)),
        ("some of a collectible", Some(TOKEN), erc721::safe_transfer_of([WALLET, BOB], one, one)),
        ("all collectibles", Some(TOKEN), erc721::OperatorCall::Approve(BOB).to_data()),
        ("a new contract", None, vec![0x60]),
    ] {
        let on = |chain_id| unsigned(chain_id, to, 0, data.clone());
        let any = format!("contract.{TOKEN}.selectors = \"any\"");
        assert_eq!(under("", on(1)), Asks::Owner, "{what}");
        assert_eq!(under(&any, on(1)), Asks::Owner, "{what}");
        assert_eq!(asks(&Windows::default(), on(5)), Asks::Nothing, "{what}");
    }
}

#[test]
fn owners_let_no_more_assets_go_in_a_month_than_their_sums_have_room_for() {
    let scope = native().0;
    let token = |number: u8| Asset::Token(EvmAddress([number; 20]).into());
    let of = |windows: &Windows, decoded, now| {
        let moment = Moment { now, wall: now };
        let judged = judge(&guard(), windows, decoded, wallet(), moment).unwrap();
        let used = UsedApproval { nonce: [1; 16], expires_at: now + 1 };
        let approved = Approved::new(wallet(), judged.intent(), used);
        judged.clear(Permit::Approved(approved)).err().map(|refusal| refusal.code)
    };
    let full = Some(RefusalCode::LimitReached);
    let month = Span::Month.seconds() + DAY_SECONDS;
    let mut windows = Windows::default();
    // The coin of the fee is one of them.
    windows.add(Ledger::Approved, native(), Amount::from(1_u64), NOW);
    for number in 0..=253 {
        windows.add(Ledger::Approved, (scope, token(number)), Amount::from(1_u64), NOW);
    }
    let (known, other) = (EvmAddress([7; 20]), EvmAddress([255; 20]));
    assert_eq!(of(&windows, tokens(other, 1), NOW), None, "the last that there is room for");
    windows.add(Ledger::Approved, (scope, token(254)), Amount::from(1_u64), NOW);
    for (what, token, now, expected) in [
        ("one more", other, NOW, full),
        ("one of those", known, NOW, None),
        ("one more, before a month is over", other, NOW + Span::Month.seconds() - 1, full),
        ("one more, after a month", other, NOW + month, None),
    ] {
        assert_eq!(of(&windows, tokens(token, 1), now), expected, "{what}");
    }
    assert_eq!(asks(&windows, coins(1000)), Asks::Nothing, "what leaves without them");
}
