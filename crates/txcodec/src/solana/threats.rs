//! Ways to drain a wallet through a message that it signs, each with its neighbour that does no harm.

use primitives::{Amount, Asset, SolanaAddress};

use super::message::{Message, Version};
use super::tests::{
    ACCOUNT, MINT, OTHER, PROGRAM, WALLET, authority, call, effects, message, native_out, not_read,
    token_out, transfer_checked,
};
use super::token::TokenProgram;
use super::{AccountMeta, Instruction, associated_token, decode, loader, stake, system, vote};
use crate::{AuthorityKind, DecodeError, Effect, OpaqueReason};

/// Whatever stands where a sysvar would.
const SYSVAR: SolanaAddress = SolanaAddress([7; 32]);

/// What a call of `program` does, by its tag of four bytes.
fn told(
    program: SolanaAddress,
    tag: u32,
    accounts: &[SolanaAddress],
    fields: &[&[u8]],
) -> Vec<Effect> {
    effects(&[call(program, accounts, &[&[&tag.to_le_bytes()[..]], fields].concat())])
}

/// What a call of Token-2022 does, by its tag of one byte.
fn token_2022(accounts: &[SolanaAddress], data: &[u8]) -> Vec<Effect> {
    effects(&[call(TokenProgram::Token2022.address(), accounts, &[data])])
}

#[test]
fn a_durable_nonce_that_is_given_away_changes_hands() {
    let given = |to| [authority(AuthorityKind::NonceAccount, ACCOUNT, Some(to))];
    let authorize = |by| told(system::PROGRAM, 7, &[ACCOUNT, by], &[&OTHER.0]);
    assert_eq!(authorize(WALLET), given(OTHER));
    assert_eq!(authorize(PROGRAM), []);
    let made = told(system::PROGRAM, 6, &[ACCOUNT, SYSVAR, PROGRAM], &[&WALLET.0]);
    assert_eq!(made, given(WALLET));
    assert_eq!(told(system::PROGRAM, 12, &[ACCOUNT], &[]), []);
    assert_eq!(told(system::PROGRAM, 12, &[ACCOUNT], &[&[0]]).len(), 1);
}

#[test]
fn a_durable_nonce_that_is_emptied_is_a_payment() {
    let withdraw =
        |by| told(system::PROGRAM, 5, &[ACCOUNT, OTHER, SYSVAR, PROGRAM, by], &[&[5; 8]]);
    assert_eq!(withdraw(WALLET), [native_out(OTHER, u64::from_le_bytes([5; 8]))]);
    assert_eq!(withdraw(MINT), []);
}

#[test]
fn a_message_with_a_durable_nonce_never_expires_and_says_so() {
    let advance = call(system::PROGRAM, &[ACCOUNT, SYSVAR, WALLET], &[&4_u32.to_le_bytes()]);
    let pay = system::transfer(WALLET, OTHER, 5);
    let opaque = Effect::Opaque(OpaqueReason::DurableNonce);
    assert_eq!(effects(&[advance.clone(), pay.clone()]), [opaque.clone(), native_out(OTHER, 5)]);
    assert_eq!(effects(&[pay.clone(), advance]), [native_out(OTHER, 5), opaque]);
    assert_eq!(effects(&[pay]), [native_out(OTHER, 5)]);
}

#[test]
fn accounts_that_are_created_one_after_another_cost_their_rent_each() {
    let owners = (10..30).map(|byte| SolanaAddress([byte; 32]));
    let create =
        |owner| associated_token::create_idempotent(WALLET, owner, MINT, TokenProgram::Token);
    let instructions: Vec<_> = owners.take(10).map(create).collect();
    let decoded = decode(&message(&instructions).to_bytes(), WALLET).unwrap();
    let rent = associated_token::rent_ceiling(TokenProgram::Token);
    let ten = rent.checked_mul(10_u64.into()).and_then(|rent| rent.checked_add(5000_u64.into()));
    assert_eq!(decoded.spend().unwrap().get(&Asset::Native).copied(), ten);
    assert_eq!(decoded.effects().len(), 10);
}

#[test]
fn control_over_tokens_that_changes_hands_is_told_or_cannot_be_read() {
    let given = [&[6, 2, 1][..], &OTHER.0].concat();
    let told = [authority(AuthorityKind::TokenAccount, ACCOUNT, Some(OTHER))];
    assert_eq!(token_2022(&[ACCOUNT, WALLET], &given), told);
    assert_eq!(token_2022(&[ACCOUNT, PROGRAM], &given), []);
    let unlimited = [&[13][..], &u64::MAX.to_le_bytes(), &[6]].concat();
    let (token, spender) = (MINT.into(), OTHER.into());
    let allowed = [Effect::Allowance { token, spender, amount: u64::MAX.into() }];
    assert_eq!(token_2022(&[ACCOUNT, MINT, OTHER, WALLET], &unlimited), allowed);
    let opaque = |tag| [not_read(TokenProgram::Token2022.address(), Some(tag))];
    for freeze in [10, 11] {
        assert_eq!(token_2022(&[ACCOUNT, MINT, WALLET], &[freeze]), opaque(freeze));
    }
    let burnt = [&[15][..], &5_u64.to_le_bytes(), &[6]].concat();
    let gone = [token_out(SolanaAddress([0; 32]), 5)];
    assert_eq!(token_2022(&[ACCOUNT, MINT, WALLET], &burnt), gone);
}

#[test]
fn a_token_account_may_be_closed_in_favour_of_the_wallet_alone() {
    let opaque = [not_read(TokenProgram::Token2022.address(), Some(9))];
    assert_eq!(token_2022(&[ACCOUNT, WALLET, WALLET], &[9]), []);
    assert_eq!(token_2022(&[ACCOUNT, OTHER, WALLET], &[9]), opaque);
}

/// The tags of extensions whose instructions change who may move tokens, or hide how many move:
/// close authority, transfer fee, confidential transfers, default state, transfer hook and permanent
/// delegate.
#[test]
fn an_extension_of_token_2022_cannot_be_read() {
    for tag in [25, 26, 27, 28, 35, 36] {
        let opaque = [not_read(TokenProgram::Token2022.address(), Some(tag))];
        for data in [&[tag][..], &[tag, 0], &[&[tag][..], &OTHER.0].concat()] {
            assert_eq!(token_2022(&[MINT, WALLET], data), opaque, "{data:?}");
            assert_eq!(token_2022(&[MINT], data), opaque, "{data:?}");
        }
    }
}

#[test]
fn a_transfer_with_accounts_for_a_hook_cannot_be_read() {
    let mut transfer = transfer_checked(OTHER, TokenProgram::Token2022).instruction();
    assert_eq!(effects(std::slice::from_ref(&transfer)), [token_out(OTHER, 7)]);
    transfer.accounts.push(AccountMeta::readonly(PROGRAM));
    let opaque = not_read(TokenProgram::Token2022.address(), Some(12));
    assert_eq!(effects(&[transfer]), [opaque]);
}

#[test]
fn a_program_that_is_replaced_given_away_or_closed_changes_hands() {
    let given = |subject, to| vec![authority(AuthorityKind::Program, subject, to)];
    let table: [(u32, &[SolanaAddress], Vec<Effect>); 6] = [
        (3, &[ACCOUNT, PROGRAM, MINT, OTHER, SYSVAR, SYSVAR, WALLET], given(PROGRAM, Some(MINT))),
        (4, &[ACCOUNT, WALLET, OTHER], given(ACCOUNT, Some(OTHER))),
        (4, &[ACCOUNT, WALLET], given(ACCOUNT, None)),
        (7, &[ACCOUNT, WALLET, OTHER], given(ACCOUNT, Some(OTHER))),
        (5, &[ACCOUNT, OTHER, WALLET], given(ACCOUNT, Some(OTHER))),
        (5, &[ACCOUNT, OTHER, WALLET, PROGRAM], given(ACCOUNT, Some(OTHER))),
    ];
    for (tag, accounts, expected) in table {
        assert_eq!(told(loader::PROGRAM, tag, accounts, &[]), expected, "{tag}");
        let by_other: Vec<_> = accounts
            .iter()
            .map(|account| if *account == WALLET { SolanaAddress([8; 32]) } else { *account })
            .collect();
        assert_eq!(told(loader::PROGRAM, tag, &by_other, &[]), [], "{tag}");
        let opaque = [not_read(loader::PROGRAM, u8::try_from(tag).ok())];
        assert_eq!(told(loader::PROGRAM, tag, accounts, &[&[0]]), opaque, "{tag}");
    }
    assert_eq!(told(loader::PROGRAM, 1, &[ACCOUNT, WALLET], &[]).len(), 1);
}

/// Tag, accounts, fields, and what it does.
type Row<'a> = (u32, &'a [SolanaAddress], &'a [&'a [u8]], Vec<Effect>);

#[test]
fn staked_coins_that_change_hands_or_leave_are_told() {
    let given = |to| authority(AuthorityKind::Stake, ACCOUNT, to);
    let five = 5_u64.to_le_bytes();
    let role = 1_u32.to_le_bytes();
    let lockup = [[0; 8], [0; 8]].concat();
    let locked = [[1; 8], [0; 8]].concat();
    let parties = [WALLET.0, OTHER.0].concat();
    let both = vec![given(Some(WALLET)), given(Some(OTHER))];
    let opaque = vec![not_read(stake::PROGRAM, Some(0))];
    let table: [Row<'_>; 15] = [
        (0, &[ACCOUNT, SYSVAR], &[&parties, &lockup, &[0; 32]], both.clone()),
        (0, &[ACCOUNT, SYSVAR], &[&parties, &locked, &[0; 32]], opaque),
        (9, &[ACCOUNT, SYSVAR, WALLET, OTHER], &[], both),
        (1, &[ACCOUNT, SYSVAR, WALLET], &[&OTHER.0, &role], vec![given(Some(OTHER))]),
        (1, &[ACCOUNT, SYSVAR, WALLET, MINT], &[&OTHER.0, &role], vec![given(Some(OTHER))]),
        (10, &[ACCOUNT, SYSVAR, WALLET, OTHER], &[&role], vec![given(Some(OTHER))]),
        (2, &[ACCOUNT, OTHER, SYSVAR, MINT, PROGRAM, WALLET], &[], vec![given(Some(OTHER))]),
        // The program takes every signer for the authority: where the custodian of a lockup or the
        // configuration of old stands, the wallet lets it happen too.
        (1, &[ACCOUNT, SYSVAR, MINT, WALLET], &[&OTHER.0, &role], vec![given(Some(OTHER))]),
        (1, &[ACCOUNT, SYSVAR, MINT, PROGRAM], &[&OTHER.0, &role], vec![]),
        (2, &[ACCOUNT, OTHER, SYSVAR, MINT, WALLET, PROGRAM], &[], vec![given(Some(OTHER))]),
        (5, &[ACCOUNT, SYSVAR, WALLET], &[], vec![given(None)]),
        (3, &[MINT, ACCOUNT, WALLET], &[&five], vec![given(Some(WALLET))]),
        (4, &[ACCOUNT, OTHER, SYSVAR, MINT, WALLET], &[&five], vec![native_out(OTHER, 5)]),
        (4, &[ACCOUNT, WALLET, SYSVAR, MINT, WALLET], &[&five], vec![]),
        (4, &[ACCOUNT, OTHER, SYSVAR, MINT, PROGRAM], &[&five], vec![]),
    ];
    for (tag, accounts, fields, expected) in table {
        assert_eq!(told(stake::PROGRAM, tag, accounts, fields), expected, "{tag} {accounts:?}");
    }
    for tag in [6, 7, 8, 11, 12, 16, 17] {
        let opaque = [not_read(stake::PROGRAM, u8::try_from(tag).ok())];
        assert_eq!(told(stake::PROGRAM, tag, &[ACCOUNT, OTHER, WALLET], &[&five]), opaque);
    }
}

#[test]
fn a_vote_account_that_changes_hands_or_is_emptied_is_told() {
    let given = vec![authority(AuthorityKind::Stake, ACCOUNT, Some(OTHER))];
    let five = 5_u64.to_le_bytes();
    let role = 1_u32.to_le_bytes();
    let table: [Row<'_>; 6] = [
        (1, &[ACCOUNT, SYSVAR, WALLET], &[&OTHER.0, &role], given.clone()),
        (1, &[ACCOUNT, SYSVAR, PROGRAM], &[&OTHER.0, &role], vec![]),
        (7, &[ACCOUNT, SYSVAR, WALLET, OTHER], &[&role], given),
        (3, &[ACCOUNT, OTHER, WALLET], &[&five], vec![native_out(OTHER, 5)]),
        (3, &[ACCOUNT, WALLET, WALLET], &[&five], vec![]),
        (4, &[ACCOUNT, OTHER, WALLET], &[], vec![not_read(vote::PROGRAM, Some(4))]),
    ];
    for (tag, accounts, fields, expected) in table {
        assert_eq!(told(vote::PROGRAM, tag, accounts, fields), expected, "{tag}");
    }
}

#[test]
fn a_wallet_that_pays_for_somebody_elses_plan_is_told_that_it_does() {
    let plan =
        |accounts: Vec<AccountMeta>| Instruction { program_id: PROGRAM, accounts, data: vec![1] };
    let unknown = Effect::Opaque(OpaqueReason::UnknownProgram(PROGRAM));
    let others = Effect::Opaque(OpaqueReason::OtherSigners);
    let signed = plan(vec![AccountMeta::readonly_signer(OTHER)]);
    assert_eq!(effects(&[signed]), [others, unknown.clone()]);
    assert_eq!(effects(&[plan(vec![AccountMeta::writable(OTHER)])]), [unknown]);
}

#[test]
fn an_account_that_stands_in_the_message_twice_is_refused() {
    let message = message(&[system::transfer(WALLET, OTHER, 5)]);
    let mut bytes = message.to_bytes();
    let place = bytes.windows(32).position(|window| window == OTHER.0).unwrap();
    assert!(Message::from_bytes(&bytes).is_ok());
    bytes[place..place + 32].copy_from_slice(&WALLET.0);
    let twice = DecodeError::Invalid("an account stands in the message twice");
    assert_eq!(Message::from_bytes(&bytes), Err(twice));
}

#[test]
fn a_count_in_more_bytes_than_it_needs_is_refused() {
    let pay = system::transfer(WALLET, OTHER, 5);
    let message = Message::compile(WALLET, &[pay], [9; 32], Version::Legacy).unwrap();
    let mut bytes = message.to_bytes();
    assert_eq!(bytes[3], 3);
    bytes.splice(3..4, [0x83, 0x00]);
    let longer = DecodeError::NotCanonical("a length takes more bytes than it needs");
    assert_eq!(Message::from_bytes(&bytes), Err(longer));
}

#[test]
fn a_sum_of_payments_above_64_bits_is_counted_in_full() {
    let pay = system::transfer(WALLET, OTHER, u64::MAX);
    let decoded = decode(&message(&[pay.clone(), pay]).to_bytes(), WALLET).unwrap();
    let twice = Amount::from(u64::MAX).checked_mul(2_u64.into()).unwrap();
    let all = twice.checked_add(5000_u64.into());
    assert_eq!(decoded.spend().unwrap().get(&Asset::Native).copied(), all);
}
