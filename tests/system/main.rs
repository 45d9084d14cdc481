//! The package on booted systems: installed, started, attacked, broken, upgraded and removed.
//!
//! `cargo xtask test system` makes the trees and packages that this takes, and runs it in a network
//! namespace of its own, in which port 3100 is free and nothing leads out. One test again, with the
//! packages of the last run:
//!
//! ```sh
//! unshare --net sh -c 'ip link set lo up && exec cargo test --package tests --test system -- \
//!     --ignored --test-threads=1 debian_12::life'
//! ```
#![cfg(test)]

mod bad_input;
mod container;
mod doors;
mod installation;
mod life;
mod operate;
mod rpm;

use std::io::Write;
use std::time::Instant;

use container::Release;

/// The same tests on each system.
macro_rules! on_each_release {
    ($($module:ident :: $test:ident),+ $(,)?) => {
        mod debian_12 {
            $(
                #[test]
                #[ignore = "boots a container: cargo xtask test system"]
                fn $test() {
                    crate::timed(crate::$module::$test, crate::Release::Bookworm);
                }
            )+
        }
        mod debian_13 {
            $(
                #[test]
                #[ignore = "boots a container: cargo xtask test system"]
                fn $test() {
                    crate::timed(crate::$module::$test, crate::Release::Trixie);
                }
            )+
        }
    };
}

/// Says what a test took, past the test runner, which keeps to itself what a test prints that passes.
fn timed(test: fn(Release), release: Release) {
    let started = Instant::now();
    test(release);
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{:.1} s", started.elapsed().as_secs_f32()).unwrap();
}

on_each_release!(
    life::a_wallet_pays_from_its_installation_to_its_purge,
    doors::each_door_opens_to_whom_it_is_for,
    operate::a_wallet_is_set_up_looked_after_and_moved,
    rpm::an_rpm_is_installed_upgraded_and_erased,
    bad_input::what_is_wrong_is_said_once_and_tried_no_further,
);
