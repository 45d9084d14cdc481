//! The signer over its socket: signatures, durable and from a lease, one by one and many in flight.

use std::time::Instant;

use primitives::{Address, Amount, Chain, Environment, EvmAddress, SolanaAddress};
use protocol::{Frame, KeyInfo, Latch, Payload, Reply, Request, Warrant};
use tests::daemons::{
    Place, Signerd, change_guard, create_wallet, hostile_gateway, init_vault, operator,
};
use tests::guards;
use tests::process::Build;
use tests::signer::{SignerClient, passphrase};
use txcodec::{evm, solana};

use super::figure::{Figure, Unit};
use super::raw::Raw;
use super::stopwatch::{median, middle, nanoseconds, rate};
use crate::shell::Failure;

const SEPOLIA: u64 = 11_155_111;
const IN_FLIGHT: [u64; 4] = [1, 16, 64, 256];
/// Signatures a second with the most in flight, unless the disk allows fewer.
const MOST_PROMISED: u64 = 10_000;
/// As above, of each time that the disk is waited for.
const PER_FDATASYNC: u64 = 30;

/// Whole round trips over the socket, and what it takes to stop them.
#[expect(clippy::unnecessary_wraps, reason = "a part of several, of which others can fail")]
pub(super) fn measure(raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let place = &Place::for_build(Build::Release);
    let _signerd = Signerd::start(place, "");
    init_vault(place);
    let mut gateway = hostile_gateway(place);
    let time =
        |name: &str, cost: u64| Figure::new(format!("signer.{name}"), Unit::Nanoseconds, cost);
    let status = median(|_| drop(gateway.ask(Request::Status)));
    let mut figures = vec![time("status", status).beside("socket", raw.socket)];
    let mut numbers = 0_u64..;
    let mut next = || numbers.next().expect("there are enough");
    for (name, chain, pays) in KINDS {
        let payer = Payer::new(place, chain, pays);
        let taken = median(|_| sign(&mut gateway, payer.pays(next())));
        let undurable = raw.socket + raw.signature(chain);
        let (parts, cost, most) = match pays {
            Durable => ("fdatasync + socket + signature", raw.fdatasync + undurable, 120),
            Leased => ("socket + signature", undurable, 150),
        };
        figures.push(time(name, taken).beside(parts, cost).at_most_percent(most));
    }
    let evm = Payer::new(place, Chain::Evm, Durable);
    let disk = 1_000_000_000 / raw.fdatasync.max(1);
    for count in IN_FLIGHT {
        let batches: Vec<Vec<u8>> =
            (0..8).map(|_| frames(count, &mut || evm.pays(next()))).collect();
        let name = format!("signer.secp256k1_{count}_in_flight");
        let figure = Figure::new(name, Unit::PerSecond, per_second(place, count, &batches));
        let figure = figure.beside("fdatasync", disk);
        let promised = MOST_PROMISED.min(disk * PER_FDATASYNC);
        let is_most = IN_FLIGHT.last() == Some(&count);
        figures.push(if is_most { figure.at_least(promised) } else { figure });
    }
    let stop = Stop::measure(place, &mut || evm.pays(next()));
    figures.push(time("halt_reply", stop.reply));
    figures.push(time("halt_first_refusal", stop.first_refusal).at_most(10_000_000));
    let verified = verified_per_second(place);
    figures.push(Figure::new("signer.journal_records_verified", Unit::PerSecond, verified));
    Ok(figures)
}

/// What has to be on the disk before a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pays {
    /// Its own record.
    Durable,
    /// That of the lease which it is paid from.
    Leased,
}

use Pays::{Durable, Leased};

const KINDS: [(&str, Chain, Pays); 4] = [
    ("secp256k1_durable", Chain::Evm, Durable),
    ("secp256k1_leased", Chain::Evm, Leased),
    ("ed25519_durable", Chain::Solana, Durable),
    ("ed25519_leased", Chain::Solana, Leased),
];

/// A wallet of test networks that is asked for as often as anybody likes.
struct Payer(KeyInfo);

impl Payer {
    fn new(place: &Place, chain: Chain, pays: Pays) -> Self {
        let key = create_wallet(place, chain, Environment::Testnet);
        let network = match chain {
            Chain::Evm => "eip155:11155111",
            Chain::Solana => "solana",
        };
        let limits = match pays {
            Durable => format!("[network.\"{network}\"]\nopen = true\n"),
            Leased => {
                let ceilings = [("per_day", Amount::MAX)];
                let ceilings = guards::ceilings(network, "native", "immediate", &ceilings);
                format!("lease_percent = 1\n{ceilings}")
            }
        };
        change_guard(place, key.wallet, |_default| guards::any_pace() + &limits);
        Self(key)
    }

    /// A payment that differs from those of other numbers.
    fn pays(&self, number: u64) -> Request {
        let payload = match self.0.address {
            Address::Evm(_) => ether_transfer(SEPOLIA, number),
            Address::Solana(address) => solana_transfer(address, number),
        };
        let (wallet, payload) = (self.0.wallet, Payload::Transaction(payload));
        Request::Sign { wallet, payload, warrant: Warrant::None }
    }
}

fn sign(client: &mut SignerClient, request: Request) {
    let reply = client.ask(request);
    assert!(matches!(reply, Reply::Signature(_)), "{reply:?}");
}

/// How often signing is stopped: each time the passphrase starts it again, which takes long.
const STOPS: u64 = 15;
/// Requests on their way when the latch falls.
const ON_THEIR_WAY: u64 = 64;

/// What passes from the moment when a halt is sent, with requests on their way.
struct Stop {
    /// Until its reply is there.
    reply: u64,
    /// Until the first refusal of a request is there.
    first_refusal: u64,
}

impl Stop {
    fn measure(place: &Place, request: &mut dyn FnMut() -> Request) -> Self {
        let (mut signing, mut stopping) = (hostile_gateway(place), hostile_gateway(place));
        let (mut replies, mut refusals) = (Vec::new(), Vec::new());
        for _ in 0..STOPS {
            signing.send(&frames(ON_THEIR_WAY, request));
            let started = Instant::now();
            let reason = "measured".to_owned();
            let halt = Request::Halt { wallet: None, from: None, to: Latch::Suspended, reason };
            assert_eq!(stopping.ask(halt), Reply::Done);
            replies.push(nanoseconds(started.elapsed()));
            signing.send(&frames(1, request));
            let mut refused = None;
            for _ in 0..=ON_THEIR_WAY {
                let frame = signing.receive().expect("the signer answers");
                if matches!(frame.message, Reply::Refused(_)) {
                    refused = refused.or(Some(nanoseconds(started.elapsed())));
                }
            }
            refusals.push(refused.expect("the last was asked after the halt's reply"));
            let (from, passphrase) = (Latch::Suspended, passphrase());
            let resume = Request::Resume { wallet: None, from, passphrase, approval: None };
            assert_eq!(operator(place).ask(resume), Reply::Done);
        }
        Self { reply: middle(replies), first_refusal: middle(refusals) }
    }
}

fn frames(count: u64, request: &mut dyn FnMut() -> Request) -> Vec<u8> {
    let ids = 0..u32::try_from(count).expect("a small count");
    ids.flat_map(|id| Frame { id, message: request() }.to_bytes()).collect()
}

/// Each of `batches` has `count` requests, which are sent ahead of their replies.
fn per_second(place: &Place, count: u64, batches: &[Vec<u8>]) -> u64 {
    let mut client = hostile_gateway(place);
    let started = Instant::now();
    for batch in batches {
        client.send(batch);
        for _ in 0..count {
            let frame = client.receive().expect("the signer answers");
            assert!(matches!(frame.message, Reply::Signature(_)), "{frame:?}");
        }
    }
    let signatures = count * u64::try_from(batches.len()).expect("a few batches");
    rate(signatures, started.elapsed())
}

/// How fast an operator reads the journal from the signer and checks its chain.
fn verified_per_second(place: &Place) -> u64 {
    let started = Instant::now();
    let (records, _head) = operator(place).read_journal().expect("the journal verifies");
    rate(records, started.elapsed())
}

/// 1 wei on a network of this chain id.
pub(super) fn ether_transfer(chain_id: u64, nonce: u64) -> Vec<u8> {
    let price = |gwei: u64| Amount::from(gwei * 1_000_000_000);
    let transaction = evm::Transaction {
        kind: evm::Kind::DynamicFee {
            max_fee_per_gas: price(30),
            max_priority_fee_per_gas: price(1),
            access_list: Vec::new(),
        },
        chain_id: chain_id.try_into().expect("it is not zero"),
        nonce,
        gas_limit: 21_000,
        to: Some(EvmAddress([0xb0; 20])),
        value: Amount::from(1_u64),
        data: Vec::new(),
    };
    transaction.to_unsigned_bytes()
}

fn solana_transfer(from: SolanaAddress, lamports: u64) -> Vec<u8> {
    let to = SolanaAddress([0xb0; 32]);
    let transfer = solana::system::transfer(from, to, lamports);
    let compiled = solana::Message::compile(from, &[transfer], [7; 32], solana::Version::Legacy);
    compiled.expect("one transfer fits").to_bytes()
}
