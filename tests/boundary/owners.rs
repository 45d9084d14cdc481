//! Owners over the sockets: what they signed elsewhere lets one payment go, and nothing else.

use primitives::{Address, Amount, Chain, Environment, EvmAddress};
use protocol::{Payload, RefusalCode, Request, SignedForm, Terms, Warrant};
use tests::approver::{Asked, Owner, confirm, instance, owners};
use txcodec::approval::Matter;
use txcodec::solana::system;
use txcodec::{Decoded, evm, solana};

use crate::bench::{
    BOB, Bench, ETHER_CEILING, LAMPORTS_CEILING, MAINNET, SOLANA_BOB, Wallet, message_at, transfer,
};

/// An hour from now on, with a fee that is enough.
fn terms(bench: &Bench, nonce: u8) -> Terms {
    let now = bench.status().now;
    let fee_ceiling = Amount::from(1_000_000_u64);
    // The guard was set once after the wallet was made.
    Terms { guard_version: 2, fee_ceiling, expires_at: now + 3600, nonce: [nonce; 16] }
}

fn decode(wallet: Wallet, unsigned: &[u8]) -> Decoded {
    match wallet.address {
        Address::Evm(address) => evm::decode(unsigned, address).unwrap(),
        Address::Solana(address) => solana::decode(unsigned, address).unwrap(),
    }
}

#[test]
fn a_payment_goes_with_its_owners_signatures_and_once_over_a_crash() {
    for (chain, alice, bob, forms) in [
        (Chain::Evm, Owner::evm(1), Owner::evm(2), &[SignedForm::Text, SignedForm::TypedData][..]),
        (Chain::Solana, Owner::solana(1), Owner::solana(2), &[SignedForm::Text]),
    ] {
        let mut bench = Bench::new();
        let wallet = bench.wallet(chain);
        confirm(&mut bench.operator(), wallet.id, owners(2, &[&alice, &bob]));
        let unsigned = |attempt: u8, more: u8| match wallet.address {
            Address::Evm(_) => {
                let wei = Amount::from(ETHER_CEILING * 2 + u128::from(more));
                transfer(MAINNET, attempt.into(), wei).to_unsigned_bytes()
            }
            Address::Solana(payer) => {
                let lamports = LAMPORTS_CEILING * 2 + u64::from(more);
                message_at(attempt, payer, &[system::transfer(payer, SOLANA_BOB, lamports)])
            }
        };
        for (number, form) in (1_u8..).zip(forms) {
            let asked = Asked {
                instance: instance(&mut bench.gateway()),
                wallet: wallet.id,
                address: wallet.address,
                terms: terms(&bench, number),
            };
            let decoded = decode(wallet, &unsigned(0, number));
            let matter = Matter::Sign { decoded: &decoded, environment: Environment::Mainnet };
            let approval = asked.approve(matter, &[&alice, &bob], *form);
            let sign = |bench: &Bench, attempt, more| {
                let payload = Payload::Transaction(unsigned(attempt, more));
                let warrant = Warrant::Approved(approval.clone());
                bench.gateway().signature(Request::Sign { wallet: wallet.id, payload, warrant })
            };
            assert_eq!(sign(&bench, number, 100), Err(RefusalCode::BadApproval), "{chain}");
            sign(&bench, number, number).unwrap();
            bench.crash_and_restart();
            let again = sign(&bench, number + 100, number);
            assert_eq!(again, Err(RefusalCode::ApprovalUsed), "{chain}");
        }
    }
}

#[test]
fn a_gateway_cannot_make_itself_an_owner_of_a_wallet_that_has_some() {
    let bench = Bench::new();
    let (wallet, other) = (bench.wallet(Chain::Evm), bench.wallet(Chain::Evm));
    let mut gateway = bench.gateway();
    let eve = owners(1, &[&Owner::evm(9)]);
    let propose = |owners: &protocol::Owners| Request::ProposeOwners {
        wallet: wallet.id,
        owners: owners.clone(),
    };
    // What a wallet here signs, the gateway can have signed.
    let itself = protocol::Owners { threshold: 1, members: vec![other.address] };
    gateway.expect_refusal(propose(&itself), RefusalCode::BadOwners);
    confirm(&mut bench.operator(), wallet.id, owners(1, &[&Owner::evm(1)]));
    gateway.expect_refusal(propose(&eve), RefusalCode::NotPermitted);
    let burn = protocol::Owners { threshold: 1, members: vec![EvmAddress(BOB.0).into()] };
    gateway.expect_refusal(propose(&burn), RefusalCode::NotPermitted);
}
