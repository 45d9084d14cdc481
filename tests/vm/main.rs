//! The package on a stock kernel of Debian in a virtual machine: what no container can show.
//!
//! `cargo xtask test vm` makes what this takes, and runs it.
#![cfg(test)]

mod confinement;
mod machine;
mod search;
mod wallet;
