//! How much memory all that is remembered can take, whatever a gateway asks for.

use std::collections::BTreeMap;

use primitives::BUILTIN;
use protocol::wire::to_bytes;

use super::super::recent::MAX_KNOWN;
use super::*;
use crate::announce::MAX_OPEN;
use crate::guard::{DAY_SECONDS, Windows};
use crate::owners::MAX_USED;
use crate::vault::{KdfCost, MAX_KEYS};

/// `MemoryMax=` of the unit.
const UNIT: usize = 512 * MIB;
/// The program, its keys, their guards, and what it answers.
const BESIDE: usize = 32 * MIB;
const MIB: usize = 1024 * 1024;

/// What a wallet with the guard that it begins with counts at most: a month in which its coins left
/// on every network, and in the end every minute.
fn busiest() -> Windows {
    let scopes = |chain| {
        let of_it = move |network: &&primitives::Network| {
            network.chain() == chain && network.environment == Environment::Mainnet
        };
        let scopes: Vec<_> =
            BUILTIN.iter().filter(of_it).map(|it| Scope::of(it.chain_id)).collect();
        scopes
    };
    let scopes = [Chain::Evm, Chain::Solana].map(scopes).into_iter().max_by_key(Vec::len).unwrap();
    let end = NOW + 40 * DAY_SECONDS;
    let half_hours = (NOW..end).step_by(1800);
    let minutes = (end..end + 2 * 3600).step_by(60);
    let mut windows = Windows::default();
    for at in half_hours.chain(minutes) {
        windows.add_request(at);
        for scope in &scopes {
            windows.add(Ledger::Alone, (*scope, Asset::Native), Amount::MAX, at);
        }
    }
    windows
}

/// Lists grow by doubling, up to just their greatest lengths; the nodes of a tree may be half empty.
#[test]
fn all_that_is_remembered_of_all_wallets_fits_in_the_units_memory() {
    for most in [MAX_KNOWN, MAX_USED, MAX_OPEN] {
        assert!(most.is_power_of_two(), "a list of {most} may have room for more");
    }
    let digest = size_of::<([u8; 32], WalletId, UnixSeconds)>();
    let used = size_of::<protocol::journal::UsedApproval>();
    let announcement = size_of::<protocol::Announcement>();
    let windows = busiest();
    let in_memory = BTreeMap::from([
        ("digests", MAX_KNOWN * 3 * digest),
        ("approvals", MAX_KEYS * MAX_USED * used),
        ("announcements", MAX_KEYS * MAX_OPEN * announcement),
        ("windows", MAX_KEYS * windows.bytes_in_memory()),
    ]);
    let in_a_snapshot = BTreeMap::from([
        ("digests", MAX_KNOWN * digest),
        ("approvals", MAX_KEYS * MAX_USED * used),
        ("announcements", MAX_KEYS * MAX_OPEN * announcement),
        ("windows", MAX_KEYS * to_bytes(&windows).len()),
    ]);
    let sum = |of: &BTreeMap<_, usize>| of.values().sum::<usize>();
    let state = sum(&in_memory) + BESIDE;
    // A segment begins, and a start reads it: then there is the state, and its bytes.
    assert!(state + sum(&in_a_snapshot) < UNIT, "{in_memory:?} {in_a_snapshot:?}");
    // A passphrase is tried.
    let kdf = usize::try_from(KdfCost::DEFAULT.memory_kib).unwrap() * 1024;
    assert!(state + kdf < UNIT, "{in_memory:?}");
}
