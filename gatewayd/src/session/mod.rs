//! Sessions' tokens and the master password.

mod hs256;
pub mod password;
pub mod token;

/// Random bytes of the kernel.
fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel always has random bytes after its start");
    bytes
}
