//! `cargo xtask bench`: what the signer costs, and the gateway's verdicts and checks of sessions, beside
//! what their parts cost bare, in the same run.
//!
//! Medians of whole round trips, in nanoseconds. Machines are shared and noisy: compare the ratios.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ed25519_dalek::Signer as _;
use primitives::{Address, Amount, Chain, Environment, EvmAddress, SolanaAddress};
use protocol::{Frame, KeyInfo, Latch, Payload, Reply, Request, Warrant};
use serde_json::{Value, json};
use tests::daemons::{
    Place, Signerd, change_guard, create_wallet, hostile_gateway, init_vault, operator,
};
use tests::guards;
use tests::process::Build;
use tests::signer::{SignerClient, passphrase};
use txcodec::{evm, solana};

use crate::shell::{Failure, call, cargo, output};

const ROUNDS: u64 = 300;
const IN_FLIGHT: [u64; 4] = [1, 16, 64, 256];

/// Runs everything and prints one JSON document. The bare parts are measured in a release build, as
/// the signer is, or they would flatter it.
pub(crate) fn run() -> ExitCode {
    let measured = if cfg!(debug_assertions) {
        call(&mut cargo("run --release --quiet --package xtask --locked -- bench"))
    } else {
        measure().map(|figures| println!("{figures:#}"))
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Value, Failure> {
    call(&mut cargo("build --release --package signerd --locked"))?;
    let place = Place::for_build(Build::Release);
    let raw = Raw::measure(&place);
    let _signerd = Signerd::start(&place, "");
    init_vault(&place);
    let evm = Payer::new(&place, Chain::Evm, Durable);
    let solana = Payer::new(&place, Chain::Solana, Durable);
    let leasing = [Chain::Evm, Chain::Solana].map(|chain| Payer::new(&place, chain, Leased));

    let mut gateway = hostile_gateway(&place);
    let status = median(|_| drop(gateway.ask(Request::Status)));
    let mut numbers = 0_u64..;
    let mut next = || numbers.next().expect("there are enough");
    let mut signature = |of: &Payer| median(|_| sign(&mut gateway, of.pays(next())));
    let (secp256k1, ed25519) = (signature(&evm), signature(&solana));
    let [leased_secp256k1, leased_ed25519] = leasing.each_ref().map(&mut signature);
    let rates: Vec<Value> = IN_FLIGHT
        .into_iter()
        .map(|count| {
            let batches: Vec<Vec<u8>> =
                (0..8).map(|_| frames(count, &mut || evm.pays(next()))).collect();
            let per_second = rate(&place, count, &batches);
            json!({ "in_flight": count, "signatures_per_second": per_second })
        })
        .collect();
    let stop = Stop::measure(&place, &mut || evm.pays(next()));
    let percent = |whole: u64, parts: u64| whole * 100 / parts.max(1);
    let undurable = |bare: u64| raw.socket + bare;
    let durable = |bare: u64| raw.fdatasync + undurable(bare);
    Ok(json!({
        "raw_ns": {
            "fdatasync": raw.fdatasync,
            "socket_round_trip": raw.socket,
            "secp256k1_signature": raw.secp256k1,
            "ed25519_signature": raw.ed25519,
        },
        "signer_ns": {
            "status": status,
            "secp256k1_durable": secp256k1,
            "ed25519_durable": ed25519,
            "secp256k1_leased": leased_secp256k1,
            "ed25519_leased": leased_ed25519,
        },
        "percent_of_bare_parts": {
            "secp256k1_durable": percent(secp256k1, durable(raw.secp256k1)),
            "ed25519_durable": percent(ed25519, durable(raw.ed25519)),
            "secp256k1_leased": percent(leased_secp256k1, undurable(raw.secp256k1)),
            "ed25519_leased": percent(leased_ed25519, undurable(raw.ed25519)),
        },
        "fdatasync_per_second": 1_000_000_000 / raw.fdatasync.max(1),
        "pipelined": rates,
        "journal_records_verified_per_second": verified_per_second(&place),
        "halt_ns": { "reply": stop.reply, "first_refusal": stop.first_refusal },
        "signer_core_ns": example("signerd", "signatures")?,
        "gateway": example("gatewayd", "judgement")?,
        "sessions": example("gatewayd", "session_check")?,
    }))
}

/// What an example of a crate measures: it links the crate itself.
fn example(package: &str, name: &str) -> Result<Value, Failure> {
    let run = format!("run --release --quiet --package {package} --example {name} --locked");
    let printed = output(&mut cargo(&run))?;
    serde_json::from_str(&printed).map_err(|error| format!("the example's output: {error}"))
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
            Address::Evm(_) => ether_transfer(number),
            Address::Solana(address) => solana_transfer(address, number),
        };
        let (wallet, payload) = (self.0.wallet, Payload::Transaction(payload));
        Request::Sign { wallet, payload, warrant: Warrant::None }
    }
}

/// What the parts of a signature cost by themselves.
struct Raw {
    fdatasync: u64,
    socket: u64,
    secp256k1: u64,
    ed25519: u64,
}

impl Raw {
    fn measure(place: &Place) -> Self {
        let mut file = File::create(place.path("bench")).expect("the place is ours");
        let fdatasync = median(|_| {
            file.write_all(&[7; 256]).expect("there is room");
            file.sync_data().expect("the disk is there");
        });
        let secret = [7; 32];
        let secp256k1 = k256::ecdsa::SigningKey::from_slice(&secret).expect("a scalar");
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&secret);
        Self {
            fdatasync,
            socket: socket_round_trip(),
            secp256k1: median(|_| {
                std::hint::black_box(secp256k1.sign_prehash_recoverable(&secret));
            }),
            ed25519: median(|_| {
                std::hint::black_box(ed25519.sign(&[7; 200]));
            }),
        }
    }
}

fn socket_round_trip() -> u64 {
    let (mut ours, mut theirs) = UnixStream::pair().expect("two descriptors");
    let echo = std::thread::spawn(move || {
        let mut bytes = [0; 200];
        while theirs.read_exact(&mut bytes).is_ok() && theirs.write_all(&bytes).is_ok() {}
    });
    let mut bytes = [0; 200];
    let taken = median(|_| {
        ours.write_all(&bytes).expect("the echo reads");
        ours.read_exact(&mut bytes).expect("the echo answers");
    });
    drop(ours);
    echo.join().expect("the echo ends with its peer");
    taken
}

fn median(mut work: impl FnMut(u64)) -> u64 {
    let times = (0..ROUNDS).map(|round| {
        let started = Instant::now();
        work(round);
        nanoseconds(started.elapsed())
    });
    middle(times.collect())
}

fn middle(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
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
fn rate(place: &Place, count: u64, batches: &[Vec<u8>]) -> u64 {
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
    signatures * 1_000_000_000 / nanoseconds(started.elapsed()).max(1)
}

/// How fast an operator reads the journal from the signer and checks its chain.
fn verified_per_second(place: &Place) -> u64 {
    let started = Instant::now();
    let (records, _head) = operator(place).read_journal().expect("the journal verifies");
    records * 1_000_000_000 / nanoseconds(started.elapsed()).max(1)
}

fn ether_transfer(nonce: u64) -> Vec<u8> {
    let price = |gwei: u64| Amount::from(gwei * 1_000_000_000);
    let transaction = evm::Transaction {
        kind: evm::Kind::DynamicFee {
            max_fee_per_gas: price(30),
            max_priority_fee_per_gas: price(1),
            access_list: Vec::new(),
        },
        chain_id: 11_155_111.try_into().expect("it is not zero"),
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
