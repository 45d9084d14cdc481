//! What the daemons take at rest: memory, and the time until they answer; and how large they are.

use std::time::Instant;

use tests::daemons::{Gatewayd, Place, Signerd, init_vault};
use tests::process::{Build, program};

use super::figure::{Figure, Unit};
use super::raw::Raw;
use super::stopwatch::{middle, nanoseconds};
use crate::rig::{resident, size};
use crate::shell::Failure;

const MIB: u64 = 1 << 20;
/// Starts of each daemon. A start is seen within 20 ms.
const STARTS: usize = 9;

pub(super) fn measure(_raw: &Raw) -> Result<Vec<Figure>, Failure> {
    let place = Place::for_build(Build::Release);
    let mut signerd = Signerd::start(&place, "");
    init_vault(&place);
    let mut gatewayd = Gatewayd::start(&place, "");
    let memory = |name: &str, process: u32| {
        let resident = resident(process)?;
        Ok::<_, Failure>(Figure::new(format!("footprint.{name}_memory"), Unit::Bytes, resident))
    };
    let mut figures = vec![
        memory("signerd", signerd.process().id())?.at_most(8 * MIB),
        memory("gatewayd", gatewayd.process().id())?.at_most(40 * MIB),
    ];
    let time = |name: &str, times: Vec<u64>| {
        Figure::new(format!("footprint.{name}_ready"), Unit::Nanoseconds, middle(times))
    };
    let [mut signer_ready, mut gateway_ready] = [const { Vec::new() }; 2];
    for _ in 0..STARTS {
        signerd.process().stop();
        let started = Instant::now();
        signerd.start_again(&place);
        signer_ready.push(nanoseconds(started.elapsed()));
        gatewayd.process().stop();
        let started = Instant::now();
        gatewayd.start_again(&place);
        gateway_ready.push(nanoseconds(started.elapsed()));
    }
    figures.push(time("signerd", signer_ready).at_most(50_000_000));
    figures.push(time("gatewayd", gateway_ready).at_most(150_000_000));
    for name in ["signerd", "gatewayd"] {
        let bytes = size(&program(name, Build::Release))?;
        figures.push(Figure::new(format!("footprint.{name}_program"), Unit::Bytes, bytes));
    }
    Ok(figures)
}
