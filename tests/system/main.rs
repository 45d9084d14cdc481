//! The package on booted systems: installed, started, attacked, broken, upgraded and removed.
//!
//! `cargo xtask test system` makes the trees and packages that this takes, and runs it in a network
//! namespace of its own, in which port 3100 is free and nothing leads out.
#![cfg(test)]

mod bad_input;
mod container;
mod doors;
mod installation;
mod life;

/// The same tests on each system.
macro_rules! on_each_release {
    ($($module:ident :: $test:ident),+ $(,)?) => {
        mod debian_12 {
            $(
                #[test]
                #[ignore = "boots a container: cargo xtask test system"]
                fn $test() {
                    crate::$module::$test(crate::container::Release::Bookworm);
                }
            )+
        }
        mod debian_13 {
            $(
                #[test]
                #[ignore = "boots a container: cargo xtask test system"]
                fn $test() {
                    crate::$module::$test(crate::container::Release::Trixie);
                }
            )+
        }
    };
}

on_each_release!(
    life::a_wallet_pays_from_its_installation_to_its_purge,
    doors::each_door_opens_to_whom_it_is_for,
    bad_input::what_is_wrong_is_said_once_and_tried_no_further,
);
