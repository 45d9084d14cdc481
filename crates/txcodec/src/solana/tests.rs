//! What messages do, and which bytes are none.

use primitives::{Address, Amount, SolanaAddress};

use super::message::{Message, Version};
use super::token::{TokenProgram, TransferChecked};
use super::{AccountMeta, Instruction, associated_token, compute_budget, decode, memo, system};
use crate::{AuthorityKind, DecodeError, Effect, OpaqueReason};

pub(super) const WALLET: SolanaAddress = SolanaAddress([1; 32]);
pub(super) const OTHER: SolanaAddress = SolanaAddress([2; 32]);
pub(super) const MINT: SolanaAddress = SolanaAddress([3; 32]);
pub(super) const ACCOUNT: SolanaAddress = SolanaAddress([4; 32]);
pub(super) const PROGRAM: SolanaAddress = SolanaAddress([5; 32]);

pub(super) fn message(instructions: &[Instruction]) -> Message {
    Message::compile(WALLET, instructions, [9; 32], Version::V0).unwrap()
}

pub(super) fn effects(instructions: &[Instruction]) -> Vec<Effect> {
    decode(&message(instructions).to_bytes(), WALLET).unwrap().effects().to_vec()
}

pub(super) fn call(
    program_id: SolanaAddress,
    accounts: &[SolanaAddress],
    data: &[&[u8]],
) -> Instruction {
    let meta = |address: &SolanaAddress| match *address {
        WALLET => AccountMeta::writable_signer(WALLET),
        other => AccountMeta::writable(other),
    };
    Instruction { program_id, accounts: accounts.iter().map(meta).collect(), data: data.concat() }
}

pub(super) fn native_out(to: SolanaAddress, lamports: u64) -> Effect {
    Effect::NativeOut { to: to.into(), amount: lamports.into() }
}

pub(super) fn token_out(to: SolanaAddress, amount: u64) -> Effect {
    Effect::TokenOut { token: MINT.into(), to: to.into(), amount: amount.into() }
}

pub(super) fn authority(
    kind: AuthorityKind,
    subject: SolanaAddress,
    to: Option<SolanaAddress>,
) -> Effect {
    Effect::AuthorityChange { kind, subject: subject.into(), to: to.map(Address::Solana) }
}

pub(super) fn not_read(program: SolanaAddress, tag: Option<u8>) -> Effect {
    Effect::Opaque(OpaqueReason::UnknownInstruction { program, tag })
}

pub(super) fn transfer_checked(
    destination: SolanaAddress,
    program: TokenProgram,
) -> TransferChecked {
    TransferChecked {
        program,
        source: ACCOUNT,
        mint: MINT,
        destination,
        authority: WALLET,
        amount: 7,
        decimals: 6,
    }
}

/// Tag, accounts, fields, and what it does.
type SystemRow<'a> = (u32, &'a [SolanaAddress], &'a [&'a [u8]], Vec<Effect>);

#[test]
fn system_instructions_say_what_leaves_and_who_rules_afterwards() {
    let lamports = 5_u64.to_le_bytes();
    let space = 80_u64.to_le_bytes();
    let seed = [&3_u64.to_le_bytes()[..], b"abc"].concat();
    let given = |account| authority(AuthorityKind::AccountProgram, account, Some(PROGRAM));
    let table: [SystemRow<'_>; 12] = [
        (2, &[WALLET, OTHER], &[&lamports], vec![native_out(OTHER, 5)]),
        (2, &[OTHER, WALLET], &[&lamports], vec![]),
        (
            0,
            &[WALLET, OTHER],
            &[&lamports, &space, &PROGRAM.0],
            vec![native_out(OTHER, 5), given(OTHER)],
        ),
        (1, &[WALLET], &[&PROGRAM.0], vec![given(WALLET)]),
        (
            3,
            &[WALLET, OTHER],
            &[&WALLET.0, &seed, &lamports, &space, &PROGRAM.0],
            vec![native_out(OTHER, 5), given(OTHER)],
        ),
        (4, &[ACCOUNT, OTHER, WALLET], &[], vec![Effect::Opaque(OpaqueReason::DurableNonce)]),
        (5, &[ACCOUNT, OTHER, MINT, PROGRAM, WALLET], &[&lamports], vec![native_out(OTHER, 5)]),
        (
            7,
            &[ACCOUNT, WALLET],
            &[&OTHER.0],
            vec![authority(AuthorityKind::NonceAccount, ACCOUNT, Some(OTHER))],
        ),
        (8, &[WALLET], &[&space], vec![not_read(system::PROGRAM, Some(8))]),
        (9, &[ACCOUNT, WALLET], &[&WALLET.0, &seed, &space, &PROGRAM.0], vec![given(ACCOUNT)]),
        (10, &[ACCOUNT, WALLET], &[&WALLET.0, &seed, &PROGRAM.0], vec![given(ACCOUNT)]),
        (
            11,
            &[ACCOUNT, WALLET, OTHER],
            &[&lamports, &seed, &PROGRAM.0],
            vec![native_out(OTHER, 5)],
        ),
    ];
    for (tag, accounts, fields, expected) in table {
        let data = [&tag.to_le_bytes()[..], &fields.concat()].concat();
        assert_eq!(effects(&[call(system::PROGRAM, accounts, &[&data])]), expected, "{tag}");
        let longer = [&data[..], &[0]].concat();
        let other = effects(&[call(system::PROGRAM, accounts, &[&longer])]);
        let tag = u8::try_from(tag).unwrap();
        assert_eq!(other, [not_read(system::PROGRAM, Some(tag))], "{tag} and a byte more");
    }
}

/// Accounts, data, and what it does; `None` where it is not read.
type TokenRow<'a> = (&'a [SolanaAddress], &'a [&'a [u8]], Option<Vec<Effect>>);

#[test]
fn token_instructions_say_which_token_leaves_or_that_nobody_knows() {
    let amount = 7_u64.to_le_bytes();
    let some_other = [&[1_u8][..], &OTHER.0].concat();
    let unknown = Effect::Opaque(OpaqueReason::UnknownToken { from: ACCOUNT });
    let allowance =
        Effect::Allowance { token: MINT.into(), spender: OTHER.into(), amount: 7_u64.into() };
    let zero = SolanaAddress([0; 32]);
    let all = [ACCOUNT, MINT, OTHER, WALLET];
    let table: [TokenRow<'_>; 16] = [
        (&all, &[&[12], &amount, &[6]], Some(vec![token_out(OTHER, 7)])),
        (&[ACCOUNT, MINT, WALLET, OTHER], &[&[12], &amount, &[6]], Some(vec![])),
        (&[ACCOUNT, MINT, OTHER, PROGRAM, WALLET], &[&[12], &amount, &[6]], None),
        (&all, &[&[12], &amount], None),
        (&[ACCOUNT, OTHER, WALLET], &[&[3], &amount], Some(vec![unknown.clone()])),
        (&[ACCOUNT, OTHER, WALLET], &[&[4], &amount], Some(vec![unknown])),
        (&all, &[&[13], &amount, &[6]], Some(vec![allowance])),
        (&[ACCOUNT, WALLET], &[&[5]], Some(vec![])),
        (
            &[ACCOUNT, WALLET],
            &[&[6, 2], &some_other],
            Some(vec![authority(AuthorityKind::TokenAccount, ACCOUNT, Some(OTHER))]),
        ),
        (&[MINT, WALLET], &[&[6, 0, 0]], Some(vec![authority(AuthorityKind::Mint, MINT, None)])),
        (&[MINT, WALLET], &[&[6, 0, 2]], None),
        (&[ACCOUNT, MINT, WALLET], &[&[8], &amount], Some(vec![token_out(zero, 7)])),
        (&[ACCOUNT, MINT, WALLET], &[&[15], &amount, &[6]], Some(vec![token_out(zero, 7)])),
        (&[ACCOUNT, OTHER, WALLET], &[&[9]], None),
        (&[ACCOUNT, WALLET, WALLET], &[&[9]], Some(vec![])),
        (&[MINT, ACCOUNT, WALLET], &[&[7], &amount], None),
    ];
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        for (accounts, data, expected) in &table {
            let data = data.concat();
            let expected = expected
                .clone()
                .unwrap_or_else(|| vec![not_read(program.address(), data.first().copied())]);
            let read = effects(&[call(program.address(), accounts, &[&data])]);
            assert_eq!(read, expected, "{program:?} {data:?}");
        }
    }
}

#[test]
fn a_transfer_with_a_fee_is_read_where_the_program_knows_fees() {
    let data = [&[26_u8, 1][..], &7_u64.to_le_bytes(), &[6], &1_u64.to_le_bytes()].concat();
    let accounts = [ACCOUNT, MINT, OTHER, WALLET];
    let table = [
        (TokenProgram::Token2022, token_out(OTHER, 7)),
        (TokenProgram::Token, not_read(TokenProgram::Token.address(), Some(26))),
    ];
    for (program, expected) in table {
        assert_eq!(effects(&[call(program.address(), &accounts, &[&data])]), [expected]);
    }
}

#[test]
fn the_owner_of_a_token_account_is_named_where_the_message_proves_it() {
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        let account = associated_token::derive(OTHER, MINT, program);
        let creation = associated_token::create_idempotent(WALLET, OTHER, MINT, program);
        let transfer = transfer_checked(account, program).instruction();
        let amount = associated_token::rent_ceiling(program);
        let rent = Effect::Rent { account, owner: Some(OTHER), amount };
        assert_eq!(effects(&[creation, transfer.clone()]), [rent, token_out(OTHER, 7)]);
        assert_eq!(effects(&[transfer]), [token_out(account, 7)]);
    }
}

#[test]
fn a_creation_for_another_mint_or_program_proves_nothing() {
    let account = associated_token::derive(OTHER, MINT, TokenProgram::Token);
    let transfer = transfer_checked(account, TokenProgram::Token).instruction();
    let wrong = [
        associated_token::create_idempotent(WALLET, OTHER, PROGRAM, TokenProgram::Token),
        associated_token::create_idempotent(WALLET, OTHER, MINT, TokenProgram::Token2022),
    ];
    for creation in wrong {
        assert_eq!(effects(&[creation, transfer.clone()])[1..], [token_out(account, 7)]);
    }
}

#[test]
fn a_creation_with_an_address_that_is_not_derived_is_not_read() {
    let good = associated_token::create_idempotent(WALLET, OTHER, MINT, TokenProgram::Token);
    let expected = not_read(associated_token::PROGRAM, Some(1));
    for (place, address) in [(1, ACCOUNT), (2, WALLET), (4, PROGRAM), (5, PROGRAM)] {
        let mut creation = good.clone();
        creation.accounts[place].address = address;
        assert_eq!(effects(&[creation]), std::slice::from_ref(&expected), "account {place}");
    }
    let nested = Instruction { data: vec![2], ..good };
    assert_eq!(effects(&[nested]), [not_read(associated_token::PROGRAM, Some(2))]);
}

#[test]
fn what_is_not_known_is_opaque() {
    let table = [
        (call(PROGRAM, &[WALLET], &[&[1]]), Effect::Opaque(OpaqueReason::UnknownProgram(PROGRAM))),
        (call(memo::PROGRAM, &[], &[&[0xff]]), not_read(memo::PROGRAM, Some(0xff))),
        (call(system::PROGRAM, &[], &[]), not_read(system::PROGRAM, None)),
        (memo::memo("hello"), Effect::Memo { text: "hello".to_owned() }),
    ];
    for (instruction, expected) in table {
        assert_eq!(effects(&[instruction]), [expected]);
    }
}

#[test]
fn a_message_that_others_sign_too_says_so() {
    let transfer = system::transfer(WALLET, OTHER, 5);
    let by_other = Message::compile(OTHER, &[transfer], [9; 32], Version::Legacy).unwrap();
    let decoded = decode(&by_other.to_bytes(), WALLET).unwrap();
    let expected = [Effect::Opaque(OpaqueReason::OtherSigners), native_out(OTHER, 5)];
    assert_eq!(decoded.effects(), expected);
    assert_eq!(decoded.fee_ceiling(), Amount::from(10_000_u64));
    assert_eq!(
        decode(&by_other.to_bytes(), ACCOUNT),
        Err(DecodeError::Invalid("the wallet is none of the signers"))
    );
}

#[test]
fn the_fee_ceiling_has_the_priority_fee_in_it_rounded_up() {
    let limit = compute_budget::set_compute_unit_limit;
    let price = compute_budget::set_compute_unit_price;
    let ed25519 = "Ed25519SigVerify111111111111111111111111111".parse().unwrap();
    let table = [
        (vec![], 5000_u64),
        (vec![limit(300)], 5000),
        (vec![limit(300), price(1)], 5001),
        (vec![limit(0), price(u64::MAX)], 5000),
        (vec![price(1_000_000), limit(300)], 5300),
        (vec![price(1_000_000), limit(u32::MAX)], 1_405_000),
        (vec![price(1_000_000)], 405_000),
        (vec![call(ed25519, &[], &[&[2]])], 15_000),
    ];
    for (mut instructions, expected) in table {
        instructions.push(system::transfer(WALLET, OTHER, 5));
        let decoded = decode(&message(&instructions).to_bytes(), WALLET).unwrap();
        assert_eq!(decoded.fee_ceiling(), Amount::from(expected), "{instructions:?}");
    }
}

#[test]
fn a_compute_budget_that_cannot_be_read_is_refused() {
    let twice = compute_budget::set_compute_unit_price(1);
    let wrong: [&[u8]; 5] = [&[], &[0, 0, 0, 0, 0], &[3, 1], &[3, 1, 0, 0, 0, 0, 0, 0, 0, 0], &[9]];
    let malformed = wrong.map(|data| vec![call(compute_budget::PROGRAM, &[], &[data])]);
    for instructions in malformed.into_iter().chain([vec![twice.clone(), twice]]) {
        let refused = decode(&message(&instructions).to_bytes(), WALLET);
        assert!(matches!(refused, Err(DecodeError::Invalid(_))), "{instructions:?}");
    }
}
