//! Payments from an agent's request until a chain has them, and very many of one wallet at once beside
//! the same number sent to the node directly.

use std::thread;
use std::time::{Duration, Instant};

use primitives::{Address, Chain, encode_hex};
use protocol::{Payload, Reply, Request, Warrant};
use serde_json::json;
use tests::daemons::hostile_gateway;
use tests::stage::{Stage, Wallet, World};
use tests::wait;
use txcodec::evm;

use super::figure::{Figure, Unit};
use super::raw::Raw;
use super::signer::ether_transfer;
use super::stopwatch::{middle, nanoseconds, rate};
use crate::rig::{Agent, Door, Wire, request, stage, wallet};
use crate::shell::Failure;

/// Payments one after the other.
const ALONE: u64 = 40;
/// Payments of one wallet at once.
const TOGETHER: u64 = 1_000;
/// Base units of the first payment: more than the rent of a new account on Solana.
const LEAST: u64 = 1_000_000;
/// Connections that ask at the same time.
const AT_ONCE: usize = 8;
/// Nanoseconds that the gateway may take of a payment for itself.
const OWN_SHARE: u64 = 3_000_000;
/// For how long payments may be under way.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn measure(raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let world = World::start();
    let door = Door::before(world.evm.node.port).map_err(|why| why.to_string())?;
    let settings = format!(
        "[rpc]\nevm_ethereum_mainnet = \"http://127.0.0.1:{}\"\nsolana_mainnet = \"{}\"\n",
        door.port,
        world.solana.node.url()
    );
    let stage = stage(world, &settings);
    let mut figures = Vec::new();
    for chain in [Chain::Evm, Chain::Solana] {
        figures.extend(Alone::measure(&stage, chain, &door)?.figures(chain, raw));
    }
    let (direct, paid) = (directly(&stage)?, together(&stage)?);
    let figure = Figure::new("sends.evm_1000_at_once", Unit::PerSecond, paid);
    figures.push(figure.beside("sent to the node directly", direct).at_least_percent(80));
    Ok(figures)
}

/// Medians of payments one after the other, in nanoseconds.
struct Alone {
    /// From the request until the network has it.
    submitted: u64,
    /// Of that, what nobody waited for at the node.
    own: u64,
    /// Until it is confirmed.
    confirmed: u64,
}

impl Alone {
    fn measure(stage: &Stage, chain: Chain, door: &Door) -> Result<Self, Failure> {
        let wallet = wallet(stage, chain)?;
        let token = stage.open_session(&[&wallet]);
        let mut agent = Agent::new(stage, &token)?;
        let [mut submitted, mut own, mut confirmed] = [const { Vec::new() }; 3];
        for number in 0..ALONE {
            let (started, waited) = (Instant::now(), door.waited());
            let id = agent.send(chain, LEAST + number)?;
            agent.until(&id, |found| {
                found["status"] == "SUBMITTED" || found["status"] == "CONFIRMED"
            })?;
            let taken = started.elapsed();
            submitted.push(nanoseconds(taken));
            own.push(nanoseconds(taken.saturating_sub(door.waited().saturating_sub(waited))));
            agent.until(&id, |found| found["status"] == "CONFIRMED")?;
            confirmed.push(nanoseconds(started.elapsed()));
        }
        let [submitted, own, confirmed] = [submitted, own, confirmed].map(middle);
        Ok(Self { submitted, own, confirmed })
    }

    fn figures(self, chain: Chain, raw: &Raw) -> Vec<Figure> {
        let signature = raw.fdatasync + raw.socket + raw.signature(chain);
        let time = |name: &str, taken: u64| {
            Figure::new(format!("sends.{chain}_{name}"), Unit::Nanoseconds, taken)
        };
        let mut figures = vec![
            time("submitted", self.submitted),
            time("confirmed", self.confirmed).beside("until submitted", self.submitted),
        ];
        if chain == Chain::Evm {
            let own = self.own.saturating_sub(signature);
            figures.push(time("own_share", own).at_most(OWN_SHARE));
        }
        figures
    }
}

/// Payments a second of one wallet, from the first request until all are confirmed.
fn together(stage: &Stage) -> Result<u64, Failure> {
    let wallet = wallet(stage, Chain::Evm)?;
    let token = stage.open_session(&[&wallet]);
    measured(stage, &wallet, |place| {
        let mut agent = Agent::new(stage, &token)?;
        let mut own = (0..TOGETHER).skip(place).step_by(AT_ONCE);
        own.try_for_each(|number| agent.send(Chain::Evm, LEAST + number).map(drop))
    })
}

/// The same number that the signer has signed before, sent to the node by nobody between.
fn directly(stage: &Stage) -> Result<u64, Failure> {
    let wallet = wallet(stage, Chain::Evm)?;
    let id = wallet.id.parse().map_err(|why| format!("the wallet's id: {why}"))?;
    let mut signer = hostile_gateway(&stage.place);
    let mut requests = Vec::new();
    for nonce in 0..TOGETHER {
        let unsigned = ether_transfer(1, nonce);
        let payload = Payload::Transaction(unsigned.clone());
        let reply = signer.ask(Request::Sign { wallet: id, payload, warrant: Warrant::None });
        let Reply::Signature(signature) = reply else { return Err(format!("{reply:?}")) };
        let signature = signature.as_slice().try_into().map_err(|_short| "no signature")?;
        let signed = evm::assemble(&unsigned, signature).map_err(|why| why.to_string())?;
        let raw = format!("0x{}", encode_hex(&signed.bytes));
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw],
        });
        requests.push(request("POST", "/", None, &call.to_string()));
    }
    let port = stage.evm.node.port;
    measured(stage, &wallet, |place| {
        let mut wire = Wire::connect(port).map_err(|why| why.to_string())?;
        let mut own = requests.iter().skip(place).step_by(AT_ONCE);
        own.try_for_each(|request| wire.exchange(request).map(drop)).map_err(|why| why.to_string())
    })
}

/// What is a second on the chain, of a wallet that pays on several connections; `pay` is told which.
fn measured(
    stage: &Stage,
    wallet: &Wallet,
    pay: impl Fn(usize) -> Result<(), Failure> + Sync,
) -> Result<u64, Failure> {
    let Address::Evm(address) = wallet.address else { return Err("no EVM wallet".to_owned()) };
    let started = Instant::now();
    thread::scope(|scope| {
        let pay = &pay;
        let payers: Vec<_> = (0..AT_ONCE).map(|place| scope.spawn(move || pay(place))).collect();
        payers.into_iter().try_for_each(|payer| {
            payer.join().map_err(|_panic| "a thread ended early".to_owned()).flatten()
        })
    })?;
    let all = TOGETHER.into();
    let over = wait::within(PATIENCE, || (stage.evm.nonce(address) == all).then_some(()));
    over.ok_or("not all of them are on the chain")?;
    Ok(rate(TOGETHER, started.elapsed()))
}
