//! Everything but transfers: what becomes of it, and what is refused.

use txcodec::OpaqueReason;
use txcodec::solana::token::{ApproveChecked, TransferChecked};
use txcodec::solana::{AccountMeta, Instruction, memo, system};

use super::*;
use crate::tx::{self, Allowance, Approve, NftStandard, NftTransfer};

const PROGRAM: SolanaAddress = SolanaAddress([0x55; 32]);
const ITEM: SolanaAddress = SolanaAddress([0x66; 32]);

fn order(deed: Deed) -> DraftRequest {
    DraftRequest { deed, ..request(Asset::Native, 0) }
}

fn coins(lamports: u64) -> Deed {
    Deed::Transfer(transfer(Asset::Native, PEER.into(), lamports.into()))
}

fn tokens(amount: u64) -> Deed {
    Deed::Transfer(transfer(Asset::Token(MINT.into()), PEER.into(), amount.into()))
}

fn approve(amount: Amount) -> Deed {
    let allowance = Allowance::Amount { amount, decimals: 6, symbol: None };
    Deed::Approve(Approve { token: MINT.into(), spender: PEER.into(), allowance })
}

fn item(contract: SolanaAddress, standard: NftStandard) -> Deed {
    let (to, contract, one) = (PEER.into(), contract.into(), 1_u64.into());
    Deed::NftTransfer(NftTransfer { to, contract, token_id: Amount::ZERO, standard, amount: one })
}

fn call(program_id: SolanaAddress, accounts: &[AccountMeta], data: &[u8]) -> tx::Instruction {
    let account = |meta: &AccountMeta| tx::Account {
        pubkey: meta.address,
        signer: meta.is_signer,
        writable: meta.is_writable,
    };
    let accounts = accounts.iter().map(account).collect();
    tx::Instruction { program_id, accounts, data: data.to_vec() }
}

fn written(instruction: &Instruction) -> tx::Instruction {
    call(instruction.program_id, &instruction.accounts, &instruction.data)
}

/// Besides the usual accounts one collectible.
fn with_an_item(program: TokenProgram, state: u8) -> Accounts {
    let mut accounts = accounts(program);
    let holding = associated_token::derive(WALLET, ITEM, program);
    let mut data = token_data(WALLET, 1);
    data[..32].copy_from_slice(&ITEM.0);
    data[108] = state;
    accounts.insert(ITEM.to_string(), account(program.address(), &mint_data(0)));
    accounts.insert(holding.to_string(), account(program.address(), &data));
    accounts
}

async fn drafted(accounts: Accounts, deed: Deed) -> Result<Draft, ChainError> {
    let node = node(accounts, nothing).await;
    solana(&node).draft(&order(deed)).await
}

/// The message of a draft is the one of these instructions, behind the compute budget.
#[track_caller]
fn assert_does(draft: &Draft, instructions: &[Instruction]) {
    let budget = compute_budget::set_compute_unit_limit(13_000);
    let all = [&[budget][..], instructions].concat();
    let expected = Message::compile(WALLET, &all, [9; 32], Version::V0).unwrap();
    assert_eq!(Message::from_bytes(&draft.unsigned), Ok(expected));
}

#[tokio::test]
async fn instructions_are_done_as_they_are_written_and_in_their_order() {
    let before = system::transfer(WALLET, PEER, 5);
    let foreign = Instruction {
        program_id: PROGRAM,
        accounts: vec![
            AccountMeta::writable_signer(WALLET),
            AccountMeta::readonly(MINT),
            AccountMeta::writable(PEER),
        ],
        data: vec![1, 2, 3],
    };
    let after = memo::memo("done");
    let all = [before, foreign, after];
    let deed = Deed::Instructions(all.iter().map(written).collect());
    let draft = drafted(accounts(TokenProgram::Token), deed).await.unwrap();
    assert_does(&draft, &all);
    let out = Effect::NativeOut { to: PEER.into(), amount: 5_u64.into() };
    let opaque = Effect::Opaque(OpaqueReason::UnknownProgram(PROGRAM));
    assert_eq!(effects(&draft), [out, opaque, Effect::Memo { text: "done".to_owned() }]);
}

#[tokio::test]
async fn the_compute_budget_is_the_gateways_own() {
    let budget =
        [compute_budget::set_compute_unit_limit(1), compute_budget::set_compute_unit_price(9)];
    let heap = Instruction { data: vec![1, 0, 0, 4, 0], ..budget[0].clone() };
    let pay = system::transfer(WALLET, PEER, 5);
    let all: Vec<_> = [&budget[..], &[heap.clone(), pay.clone()]].concat();
    let deed = Deed::Instructions(all.iter().map(written).collect());
    let draft = drafted(accounts(TokenProgram::Token), deed).await.unwrap();
    assert_does(&draft, &[heap.clone(), pay]);
    assert_eq!(draft.fee_ceiling, Amount::from(5_000_u64));
    let twice = Deed::Instructions(vec![written(&heap), written(&heap)]);
    let error = drafted(accounts(TokenProgram::Token), twice).await.unwrap_err();
    assert_eq!(error.to_string(), "the compute budget is set twice");
}

#[tokio::test]
async fn nobody_signs_but_the_wallet() {
    for (account, is_signed) in [
        (AccountMeta::readonly_signer(WALLET), true),
        (AccountMeta::writable_signer(WALLET), true),
        (AccountMeta::writable(PEER), true),
        (AccountMeta::readonly_signer(PEER), false),
        (AccountMeta::writable_signer(PEER), false),
    ] {
        let deed = Deed::Instructions(vec![call(PROGRAM, &[account], &[])]);
        let found = drafted(accounts(TokenProgram::Token), deed).await;
        assert_eq!(found.is_ok(), is_signed, "{account:?}");
        if let Err(error) = found {
            assert!(error.to_string().contains("the wallet signs alone"), "{error}");
        }
    }
    let called = Deed::Instructions(vec![call(WALLET, &[], &[])]);
    let error = drafted(accounts(TokenProgram::Token), called).await.unwrap_err();
    assert_eq!(error.to_string(), "the fee payer is called as a program");
}

#[tokio::test]
async fn what_does_not_fit_into_a_transaction_says_so() {
    let accounts_of = |count: u8| -> Vec<_> {
        (0..count).map(|byte| AccountMeta::readonly(SolanaAddress([byte + 100; 32]))).collect()
    };
    let deed = |count| Deed::Instructions(vec![call(PROGRAM, &accounts_of(count), &[])]);
    let most = (1..40).take_while(|count| {
        let instruction =
            Instruction { program_id: PROGRAM, accounts: accounts_of(*count), data: Vec::new() };
        let all = [compute_budget::set_compute_unit_limit(0), instruction];
        Message::compile(WALLET, &all, [9; 32], Version::V0).is_ok()
    });
    let most = most.last().unwrap();
    assert!(drafted(accounts(TokenProgram::Token), deed(most)).await.is_ok());
    let error = drafted(accounts(TokenProgram::Token), deed(most + 1)).await.unwrap_err();
    assert!(error.to_string().contains("1232 bytes"), "{error}");
    assert_eq!(error.category(), crate::chains::Category::Permanent);
}

#[tokio::test]
async fn a_delegate_is_allowed_to_take_that_much_of_the_token() {
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        let draft = drafted(accounts(program), approve(5_000_u64.into())).await.unwrap();
        let source = associated_token::derive(WALLET, MINT, program);
        let (authority, delegate, amount) = (WALLET, PEER, 5_000);
        let expected = ApproveChecked {
            program,
            source,
            mint: MINT,
            delegate,
            authority,
            amount,
            decimals: 6,
        };
        assert_does(&draft, &[expected.instruction()]);
        let allowance = Effect::Allowance {
            token: MINT.into(),
            spender: PEER.into(),
            amount: 5_000_u64.into(),
        };
        assert_eq!(effects(&draft), [allowance]);
    }
}

#[tokio::test]
async fn a_collectible_goes_to_an_account_that_is_opened_for_it() {
    for program in [TokenProgram::Token, TokenProgram::Token2022] {
        let deed = item(ITEM, NftStandard::Metaplex);
        let draft = drafted(with_an_item(program, 1), deed).await.unwrap();
        let [source, destination] =
            [WALLET, PEER].map(|owner| associated_token::derive(owner, ITEM, program));
        let (authority, amount, decimals) = (WALLET, 1, 0);
        let moved = TransferChecked {
            program,
            source,
            mint: ITEM,
            destination,
            authority,
            amount,
            decimals,
        };
        let open = associated_token::create_idempotent(WALLET, PEER, ITEM, program);
        assert_does(&draft, &[open, moved.instruction()]);
        assert_eq!(draft.token_account_rent, Some(associated_token::rent_ceiling(program)));
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_its_reason() {
    let program = TokenProgram::Token;
    let metaplex = NftStandard::Metaplex;
    let allow_item = |token: SolanaAddress, standard| {
        let allowance = Allowance::Item { token_id: Amount::ZERO, standard };
        Deed::Approve(Approve { token: token.into(), spender: PEER.into(), allowance })
    };
    assert!(drafted(with_an_item(program, 1), allow_item(ITEM, metaplex)).await.is_ok());
    let mut poor = accounts(program);
    poor.remove(&associated_token::derive(WALLET, MINT, program).to_string());
    let frozen = with_an_item(program, 2);
    let usual = || with_an_item(program, 1);
    let call =
        tx::Call { to: primitives::EvmAddress([1; 20]), value: Amount::ZERO, data: Vec::new() };
    for (accounts, deed, reason) in [
        (usual(), item(MINT, metaplex), "the mint has decimals"),
        (usual(), allow_item(MINT, metaplex), "the mint has decimals"),
        (usual(), item(ITEM, NftStandard::Erc721), "of the standard METAPLEX"),
        (usual(), allow_item(ITEM, NftStandard::Erc1155), "of the standard METAPLEX"),
        (usual(), item(PEER, metaplex), "there is no token"),
        (frozen, item(ITEM, metaplex), "frozen"),
        (poor, approve(1_u64.into()), "nothing to take from"),
        (usual(), approve(Amount::MAX), "above 64 bits"),
        (usual(), Deed::Call(call), "instructionData"),
        (usual(), Deed::Batch(vec![coins(1), Deed::Batch(vec![])]), "cannot hold another"),
    ] {
        let error = drafted(accounts, deed.clone()).await.unwrap_err();
        assert!(error.to_string().contains(reason), "{deed:?}: {error}");
        assert_eq!(error.category(), crate::chains::Category::Permanent);
    }
}

#[tokio::test]
async fn a_batch_is_one_transaction_and_its_sum_has_to_be_there() {
    let program = TokenProgram::Token;
    let deed = Deed::Batch(vec![coins(7), tokens(400), approve(50_u64.into()), tokens(600)]);
    let node = node(accounts(program), nothing).await;
    let draft = solana(&node).draft(&order(deed)).await.unwrap();
    let rent = associated_token::rent_ceiling(program);
    assert_eq!(draft.token_account_rent, Some(rent), "one account is opened, once");
    let account = associated_token::derive(PEER, MINT, program);
    let out = |amount: u64| Effect::TokenOut {
        token: MINT.into(),
        to: PEER.into(),
        amount: amount.into(),
    };
    let expected = [
        Effect::NativeOut { to: PEER.into(), amount: 7_u64.into() },
        Effect::Rent { account, owner: Some(PEER), amount: rent },
        out(400),
        Effect::Allowance { token: MINT.into(), spender: PEER.into(), amount: 50_u64.into() },
        out(600),
    ];
    assert_eq!(effects(&draft), expected);
    let looked = node.methods().iter().filter(|it| *it == "getMultipleAccounts").count();
    assert_eq!(looked, 2);

    for (deeds, code) in [
        (vec![tokens(400), tokens(601)], "INSUFFICIENT_TOKEN_BALANCE"),
        (vec![coins(SOL / 2), coins(SOL / 2 + 1)], "INSUFFICIENT_BALANCE"),
        (vec![coins(SOL / 2), coins(SOL / 2)], "INSUFFICIENT_FOR_FEE"),
    ] {
        let error = solana(&node).draft(&order(Deed::Batch(deeds))).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let many = (0..40_u8).map(|byte| {
        let to = SolanaAddress([byte + 100; 32]);
        Deed::Transfer(transfer(Asset::Native, to.into(), 1_u64.into()))
    });
    let error = solana(&node).draft(&order(Deed::Batch(many.collect()))).await.unwrap_err();
    assert!(error.to_string().contains("1232 bytes"), "{error}");
}

#[tokio::test]
async fn what_programs_pay_the_wallet_on_the_way_is_left_to_the_trial() {
    let calls = Deed::Instructions(vec![call(PROGRAM, &[], &[])]);
    for (deeds, is_drafted) in [
        (vec![calls.clone(), coins(2 * SOL), tokens(5_000)], true),
        (vec![coins(2 * SOL), calls.clone()], true),
        (vec![tokens(5_000), calls.clone()], false),
        (vec![coins(2 * SOL), coins(1)], false),
    ] {
        let found = drafted(accounts(TokenProgram::Token), Deed::Batch(deeds)).await;
        assert_eq!(found.is_ok(), is_drafted, "{found:?}");
    }
}

#[tokio::test]
async fn lookup_tables_are_read_before_they_are_believed() {
    let table = SolanaAddress([0x77; 32]);
    let owner = "AddressLookupTab1e1111111111111111111111111".parse().unwrap();
    let mut data = [&1_u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
    data.resize(56 + 64, 0);
    let mut accounts = accounts(TokenProgram::Token);
    accounts.insert(table.to_string(), account(owner, &data));
    let node = node(accounts, nothing).await;
    let solana = solana(&node);
    assert_eq!(solana.check_lookup_tables(&[]).await, Ok(()));
    assert_eq!(solana.check_lookup_tables(&[table]).await, Ok(()));
    for tables in [&[table, PEER][..], &[WALLET], &[MINT], &[table; 33]] {
        let error = solana.check_lookup_tables(tables).await.unwrap_err();
        assert_eq!(error.code(), "INVALID_TRANSACTION", "{error}");
    }
}
