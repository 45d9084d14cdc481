//! Where a request says that it comes from: the caller writes that, and so it counts for nothing.

use primitives::{Amount, Chain, Environment};
use protocol::{
    AnnouncementId, FRAME_HEADER, Frame, GuardText, Payload, RefusalCode, Reply, Request, Warrant,
};
use tests::signer::SignerClient;
use txcodec::solana::{memo, system};

use crate::bench::{
    Bench, ETHER_CEILING, LAMPORTS_CEILING, MAINNET, SOLANA_BOB, Wallet, message, sign, transfer,
};

/// What a caller may say of itself.
const SOURCES: [&str; 6] = ["operator", "owner", "action", "internal", "mcp", "signerd"];

fn request(wallet: Wallet, wei: u128) -> Request {
    let payload = transfer(MAINNET, 0, Amount::from_u128(wei)).to_unsigned_bytes();
    let payload = Payload::Transaction(payload);
    Request::Sign { wallet: wallet.id, payload, warrant: Warrant::None }
}

/// The guard of a new wallet for an agent of this name.
fn guard_for(gateway: &mut SignerClient, agent_id: Option<&str>) -> GuardText {
    let create = Request::CreateKey {
        chain: Chain::Evm,
        environment: Environment::Mainnet,
        agent_id: agent_id.map(str::to_owned),
    };
    let reply = gateway.ask(create);
    let Reply::Key(key) = reply else { panic!("{reply:?}") };
    let reply = gateway.ask(Request::ShowGuard { wallet: key.wallet });
    let Reply::Guard(guard) = reply else { panic!("{reply:?}") };
    guard
}

#[test]
fn a_wallet_has_the_guard_of_new_wallets_whoever_it_is_said_to_be_for() {
    let bench = Bench::new();
    let mut gateway = bench.gateway();
    let usual = guard_for(&mut gateway, None);
    for source in SOURCES {
        assert_eq!(guard_for(&mut gateway, Some(source)), usual, "{source}");
    }
}

#[test]
fn a_word_in_a_payment_about_where_it_comes_from_changes_nothing() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Solana);
    let payer = wallet.solana();
    let said = |source: &str, lamports| {
        let words = format!("source: {source}");
        let instructions = [memo::memo(&words), system::transfer(payer, SOLANA_BOB, lamports)];
        message(payer, &instructions)
    };
    let mut gateway = bench.gateway();
    for source in SOURCES {
        let refused = sign(&mut gateway, wallet, said(source, LAMPORTS_CEILING));
        assert_eq!(refused, Err(RefusalCode::NeedsOwner), "{source}");
        let signed = sign(&mut gateway, wallet, said(source, 1));
        assert!(signed.is_ok(), "{source}: {signed:?}");
    }
}

/// There is no field for it: whatever stands behind a request breaks the protocol.
#[test]
fn a_request_has_no_room_for_a_source_and_the_socket_is_the_only_one() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let content = Frame { id: 7, message: request(wallet, 1) }.to_bytes()[FRAME_HEADER..].to_vec();
    for source in SOURCES {
        let mut gateway = bench.gateway();
        let longer = [&content[..], source.as_bytes()].concat();
        let length = u32::try_from(longer.len()).unwrap().to_be_bytes();
        gateway.send(&[&length[..], &longer].concat());
        assert!(gateway.is_closed(), "{source}");
    }
    let mut gateway = bench.gateway();
    assert!(gateway.signature(request(wallet, 1)).is_ok());
    // The operators' socket is no better a source for a signature: it has none.
    bench.operator().expect_refusal(request(wallet, 1), RefusalCode::NotPermitted);
}

/// Being announced or approved is shown, not said.
#[test]
fn a_warrant_that_is_only_claimed_is_worth_nothing() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let Request::Sign { wallet, payload, .. } = request(wallet, ETHER_CEILING) else { return };
    let claim = |warrant| Request::Sign { wallet, payload: payload.clone(), warrant };
    let mut gateway = bench.gateway();
    for number in 0..=u8::MAX {
        let warrant = Warrant::Announced(AnnouncementId([number; 16]));
        let refused = gateway.signature(claim(warrant));
        assert_eq!(refused, Err(RefusalCode::UnknownAnnouncement));
    }
    assert_eq!(gateway.signature(claim(Warrant::None)), Err(RefusalCode::NeedsOwner));
}
