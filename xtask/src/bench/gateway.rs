//! The gateway's HTTP as an agent uses it, over kept connections: what is read, and what is signed.

use std::thread;
use std::time::Instant;

use primitives::Chain;
use tests::stage::World;

use super::figure::{Figure, Unit};
use super::raw::Raw;
use super::stopwatch::{median, rate};
use crate::rig::{Wire, request, stage, wallet};
use crate::shell::Failure;

/// Connections that ask at the same time.
const AT_ONCE: u64 = 8;
/// Requests of each.
const EACH: u64 = 500;

pub(super) fn measure(raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let world = World::start();
    let settings = world.settings();
    let stage = stage(world, &settings);
    let port = stage.gatewayd.port;
    let wallet = wallet(&stage, Chain::Evm)?;
    let token = stage.open_session(&[&wallet]);
    let asked = |method: &str, path: &str, body: &str| request(method, path, Some(&token), body);
    let mut wire = Wire::connect(port).map_err(|why| why.to_string())?;
    let mut round_trip = |request: &[u8]| {
        median(|_| assert_eq!(wire.exchange(request).expect("it answers"), 200, "{}", wire.text()))
    };
    let time =
        |name: &str, taken: u64| Figure::new(format!("gateway.{name}"), Unit::Nanoseconds, taken);

    let read = asked("GET", "/v1/wallet/address", "");
    let signed = asked("POST", "/v1/transactions/sign-message", r#"{"message":"Sign in."}"#);
    let parts =
        raw.fdatasync + raw.sqlite_commit + raw.socket + raw.signature(Chain::Evm) + raw.http;
    let mut figures = vec![
        time("address", round_trip(&read)).beside("bare HTTP", raw.http),
        time("pending", round_trip(&asked("GET", "/v1/transactions/pending", "")))
            .beside("bare HTTP", raw.http),
        time("sign_message", round_trip(&signed))
            .beside("fdatasync + SQLite commit + socket + signature + bare HTTP", parts)
            .at_most_percent(150),
    ];
    let bare = per_second(raw.http_port, &request("GET", "/", None, ""))?;
    let reads = Figure::new("gateway.reads", Unit::PerSecond, per_second(port, &read)?);
    figures.push(reads.beside("bare HTTP", bare).at_least_percent(50));
    Ok(figures)
}

/// How many answers a second several connections get together.
fn per_second(port: u16, request: &[u8]) -> Result<u64, Failure> {
    let ask = || {
        let mut wire = Wire::connect(port)?;
        (0..EACH).try_for_each(|_| wire.exchange(request).map(drop))
    };
    let started = Instant::now();
    thread::scope(|scope| {
        let askers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().try_for_each(|asker| {
            let asked = asker.join().map_err(|_panic| "a thread ended early".to_owned())?;
            asked.map_err(|why| why.to_string())
        })
    })?;
    Ok(rate(AT_ONCE * EACH, started.elapsed()))
}
