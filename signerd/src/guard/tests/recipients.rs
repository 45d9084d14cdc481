//! Who may get something: coins, tokens, and accounts that the wallet pays for.

use txcodec::solana::associated_token;
use txcodec::solana::{Message, Version};

use super::rules::{approve, under};
use super::*;

#[test]
fn coins_and_tokens_go_to_the_recipients_that_are_listed() {
    let only_bob = format!("recipients = [\"{BOB}\"]");
    let to_other = |amount| unsigned(1, Some(OTHER), amount, vec![]);
    let token_to = |to| unsigned(1, Some(TOKEN), 0, erc20::transfer(to, Amount::from(1_u64)));
    for (what, decoded, expected) in [
        ("coins to one who is listed", coins(1), Asks::Nothing),
        ("coins to another", to_other(1), Asks::Owner),
        ("no coins to another", to_other(0), Asks::Owner),
        ("tokens to one who is listed", token_to(BOB), Asks::Nothing),
        ("tokens to another", token_to(OTHER), Asks::Owner),
        ("an allowance for one who is listed", approve(BOB, 1), Asks::Nothing),
        ("an allowance for another", approve(OTHER, 1), Asks::Owner),
        ("an allowance that is taken back", approve(OTHER, 0), Asks::Nothing),
    ] {
        assert_eq!(under(&only_bob, decoded), expected, "{what}");
    }
    assert_eq!(under("recipients = []", coins(1)), Asks::Owner);
    assert_eq!(under("", to_other(1)), Asks::Nothing);
}

/// ERC-721 has the same `transferFrom` and `approve`, and the number of what leaves where ERC-20 has
/// an amount.
#[test]
fn zero_of_a_token_is_nothing_where_the_guard_says_that_it_is_counted() {
    let take = |number: u64| {
        let transfer_from = [0x23, 0xb8, 0x72, 0xdd];
        let number = Amount::from(number).to_be_bytes();
        [&transfer_from[..], &[0; 12], &WALLET.0, &[0; 12], &BOB.0, &number].concat()
    };
    let of_contract = |contract, data| unsigned(1, Some(contract), 0, data);
    let zero = |spender| erc20::approve(spender, Amount::ZERO);
    for (what, decoded, expected) in [
        ("zero of a token that is listed", of_contract(TOKEN, take(0)), Asks::Nothing),
        ("number 0 of another contract", of_contract(OTHER, take(0)), Asks::Owner),
        ("number 1 of another contract", of_contract(OTHER, take(1)), Asks::Owner),
        ("leave to take zero", of_contract(TOKEN, zero(BOB)), Asks::Nothing),
        ("leave to take number 0", of_contract(OTHER, zero(BOB)), Asks::Owner),
    ] {
        assert_eq!(under("", decoded), expected, "{what}");
    }
}

/// Whoever owns an account can close it, and has the coins that were locked in it.
#[test]
fn token_accounts_are_opened_for_the_recipients_that_are_listed_and_the_wallet_itself() {
    let [me, bob, other, mint] = [1, 2, 3, 4].map(|byte| primitives::SolanaAddress([byte; 32]));
    let program = txcodec::solana::token::TokenProgram::Token;
    let text = format!(
        "[network.solana]\nrecipients = [\"{bob}\"]\n\
         native.immediate = {{ per_day = \"1000000000\" }}"
    );
    let guard = Guard::from_toml(&text, Chain::Solana).unwrap();
    for (owner, expected) in [(bob, Asks::Nothing), (me, Asks::Nothing), (other, Asks::Owner)] {
        let create = associated_token::create_idempotent(me, owner, mint, program);
        let message = Message::compile(me, &[create], [7; 32], Version::V0).unwrap();
        let decoded = txcodec::solana::decode(&message.to_bytes(), me).unwrap();
        let judged = judge(&guard, &Windows::default(), decoded, wallet(), MOMENT);
        assert_eq!(asks_of(judged.map_err(|refusal| refusal.code)), expected, "{owner}");
    }
}

#[test]
fn tokens_reach_the_associated_accounts_of_recipients_that_are_listed_and_no_other_account() {
    use txcodec::solana::token::{TokenProgram, TransferChecked};
    let [me, bob, other, mint] = [1, 2, 3, 4].map(|byte| primitives::SolanaAddress([byte; 32]));
    let text = format!(
        "[network.solana]\nrecipients = [\"{bob}\"]\n\
         native.immediate = {{ per_day = \"1000000000\" }}\n\
         [network.solana.token.{mint}]\nimmediate = {{ per_day = \"1000\" }}"
    );
    let guard = Guard::from_toml(&text, Chain::Solana).unwrap();
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        let of = |owner| associated_token::derive(owner, mint, program);
        for (destination, expected) in [
            (of(bob), Asks::Nothing),
            (of(other), Asks::Owner),
            // Whatever it says of itself: the bytes do not prove whose it is.
            (primitives::SolanaAddress([9; 32]), Asks::Owner),
        ] {
            let (source, authority, amount, decimals) = (of(me), me, 1, 0);
            let transfer =
                TransferChecked { program, source, mint, destination, authority, amount, decimals };
            let message = [transfer.instruction()];
            let message = Message::compile(me, &message, [7; 32], Version::V0).unwrap();
            let decoded = txcodec::solana::decode(&message.to_bytes(), me).unwrap();
            let judged = judge(&guard, &Windows::default(), decoded, wallet(), MOMENT);
            let found = asks_of(judged.map_err(|refusal| refusal.code));
            assert_eq!(found, expected, "{destination} {program:?}");
        }
    }
}
