//! Stopping: what is asked after the latch fell is refused, whatever was on its way.

use primitives::{Amount, Chain};
use protocol::{Frame, Latch, Payload, RefusalCode, Reply, Request, Warrant};
use tests::signer::{SignerClient, passphrase};

use crate::bench::{Bench, MAINNET, Wallet, sign, transfer};

/// Requests on their way when the latch falls.
const ON_THEIR_WAY: u32 = 200;
/// Requests that are sent when its reply is there.
const AFTERWARDS: u32 = 50;

fn payment(nonce: u64) -> Vec<u8> {
    transfer(MAINNET, nonce, Amount::from(1_u64)).to_unsigned_bytes()
}

fn send(gateway: &mut SignerClient, wallet: Wallet, ids: std::ops::Range<u32>) {
    for id in ids {
        let payload = Payload::Transaction(payment(id.into()));
        let message = Request::Sign { wallet: wallet.id, payload, warrant: Warrant::None };
        gateway.send(&Frame { id, message }.to_bytes());
    }
}

fn halt(wallet: Option<Wallet>) -> Request {
    let reason = "enough".to_owned();
    Request::Halt {
        wallet: wallet.map(|wallet| wallet.id),
        from: None,
        to: Latch::Suspended,
        reason,
    }
}

/// The codes of the replies to requests that were sent after a halt's reply had come.
fn refusals_after(bench: &Bench, wallet: Wallet, halt: Request) -> Vec<RefusalCode> {
    let (mut gateway, mut stopper) = (bench.gateway(), bench.gateway());
    send(&mut gateway, wallet, 1..ON_THEIR_WAY);
    assert_eq!(stopper.ask(halt), Reply::Done);
    send(&mut gateway, wallet, ON_THEIR_WAY..ON_THEIR_WAY + AFTERWARDS);
    let replies = (1..ON_THEIR_WAY + AFTERWARDS).map(|_| gateway.receive().unwrap());
    let code = |reply| {
        let Reply::Refused(refusal) = reply else { panic!("signed although stopped: {reply:?}") };
        refusal.code
    };
    let after = replies.filter(|frame| frame.id >= ON_THEIR_WAY);
    after.map(|frame| code(frame.message)).collect()
}

#[test]
fn what_is_asked_after_the_reply_to_a_halt_is_refused_whatever_was_on_its_way() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let codes = refusals_after(&bench, wallet, halt(None));
    assert_eq!(codes, vec![RefusalCode::Suspended; 50]);
    let resume = Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    };
    assert_eq!(bench.operator().ask(resume), Reply::Done);
    sign(&mut bench.gateway(), wallet, payment(1000)).unwrap();
}

#[test]
fn one_wallet_is_stopped_and_its_neighbour_signs_on() {
    let bench = Bench::new();
    let (wallet, other) = (bench.wallet(Chain::Evm), bench.wallet(Chain::Evm));
    let codes = refusals_after(&bench, wallet, halt(Some(wallet)));
    assert_eq!(codes, vec![RefusalCode::Suspended; 50]);
    sign(&mut bench.gateway(), other, payment(1000)).unwrap();
}
