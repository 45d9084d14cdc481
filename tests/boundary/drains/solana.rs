//! On Solana.

use primitives::{Chain, SolanaAddress};
use protocol::RefusalCode;
use protocol::RefusalCode::{EffectNotAllowed, NeedsOwner, Undecodable};
use txcodec::solana::token::{TokenProgram, TransferChecked};
use txcodec::solana::{AccountMeta, Instruction, associated_token, compute_budget, system};

use super::{Drain, refuse_all};
use crate::bench::{Bench, SOLANA_BOB, message};

const MINT: SolanaAddress = SolanaAddress([3; 32]);
const MY_TOKENS: SolanaAddress = SolanaAddress([4; 32]);
const PROGRAM: SolanaAddress = SolanaAddress([8; 32]);
const TO_BOB: AccountMeta = AccountMeta::writable(SOLANA_BOB);

/// An instruction of the token program about the wallet's token account.
fn token(me: SolanaAddress, data: &[&[u8]], others: &[AccountMeta]) -> Instruction {
    let (mine, authority) = (AccountMeta::writable(MY_TOKENS), AccountMeta::readonly_signer(me));
    let program_id = TokenProgram::Token.address();
    let accounts = [&[mine], others, &[authority]].concat();
    Instruction { program_id, accounts, data: data.concat() }
}

/// An instruction of the system program about the wallet's own account.
fn system(me: SolanaAddress, data: &[&[u8]], others: &[AccountMeta]) -> Instruction {
    let accounts = [&[AccountMeta::writable_signer(me)], others].concat();
    Instruction { program_id: system::PROGRAM, accounts, data: data.concat() }
}

fn unlisted_token(me: SolanaAddress) -> Instruction {
    let program = TokenProgram::Token;
    TransferChecked {
        program,
        source: associated_token::derive(me, MINT, program),
        mint: MINT,
        destination: associated_token::derive(SOLANA_BOB, MINT, program),
        authority: me,
        amount: 1,
        decimals: 6,
    }
    .instruction()
}

/// Single instructions that give away more than an amount.
fn instructions(me: SolanaAddress) -> [(&'static str, Instruction, RefusalCode); 9] {
    let one = 1_u64.to_le_bytes();
    let unknown = Instruction { program_id: PROGRAM, accounts: vec![], data: vec![] };
    [
        ("SetAuthority", token(me, &[&[6, 2, 1], &SOLANA_BOB.0], &[]), NeedsOwner),
        ("CloseAccount", token(me, &[&[9]], &[TO_BOB]), NeedsOwner),
        ("Approve", token(me, &[&[4], &one], &[TO_BOB]), NeedsOwner),
        ("Transfer of who knows what", token(me, &[&[3], &one], &[TO_BOB]), NeedsOwner),
        ("Assign", system(me, &[&[1, 0, 0, 0], &PROGRAM.0], &[]), NeedsOwner),
        ("AdvanceNonce", system(me, &[&[4, 0, 0, 0]], &[TO_BOB, TO_BOB]), EffectNotAllowed),
        ("WithdrawNonce", system(me, &[&[5, 0, 0, 0], &one], &[TO_BOB]), NeedsOwner),
        ("AuthorizeNonce", system(me, &[&[7, 0, 0, 0], &SOLANA_BOB.0], &[]), NeedsOwner),
        ("an unknown program", unknown, NeedsOwner),
    ]
}

/// Whole messages that are wrong.
fn messages(me: SolanaAddress) -> [Drain; 8] {
    let small = system::transfer(me, SOLANA_BOB, 1);
    let accounts = vec![AccountMeta::writable_signer(me), AccountMeta::readonly_signer(SOLANA_BOB)];
    let two_sign = Instruction { accounts, ..small.clone() };
    let fee = [
        compute_budget::set_compute_unit_limit(1_400_000),
        compute_budget::set_compute_unit_price(u64::MAX),
        small.clone(),
    ];
    let plain = message(me, std::slice::from_ref(&small));
    [
        ("a token that is not listed", message(me, &[unlisted_token(me)]), NeedsOwner),
        ("another has to sign too", message(me, &[two_sign]), EffectNotAllowed),
        ("another pays", message(SOLANA_BOB, &[small]), EffectNotAllowed),
        ("a priority fee over the ceiling", message(me, &fee), NeedsOwner),
        ("a byte too many", [&plain[..], &[0]].concat(), Undecodable),
        ("a byte too few", plain[..plain.len() - 1].to_vec(), Undecodable),
        ("a hash", vec![0x5a; 32], Undecodable),
        ("nothing", vec![], Undecodable),
    ]
}

#[test]
fn nothing_is_signed_that_gives_more_than_it_says() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Solana);
    let me = wallet.solana();
    refuse_all(&bench, wallet, messages(me));
    let singles = instructions(me).map(|(name, instruction, code)| {
        // A small payment in front makes it look harmless.
        let small = system::transfer(me, SOLANA_BOB, 1);
        (name, message(me, &[small, instruction]), code)
    });
    refuse_all(&bench, wallet, singles);
}
