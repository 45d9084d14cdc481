//! How the signer is.

use protocol::{Latch, Reply, Status};

use crate::signer::{Signer, Step};

pub(super) fn hello(signer: &Signer) -> Step {
    let instance = signer.journal.state().instance();
    Step::Answer(Reply::Hello { version: protocol::VERSION, instance })
}

pub(super) fn status(signer: &Signer) -> Step {
    let (latch, latch_reason) = signer.latch();
    let (journal_records, journal_head) = signer.journal.head();
    let wallets = || signer.journal.state().wallets();
    let halted = wallets().filter(|wallet| wallet.snapshot().latch > Latch::Active).count();
    Step::Answer(Reply::Status(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        vault: signer.vault.phase(),
        latch,
        latch_reason: latch_reason.to_owned(),
        journal_damage: signer.journal.damage().map(str::to_owned),
        wallets_halted: u32::try_from(halted).unwrap_or(u32::MAX),
        suspends_at: signer.journal.state().latches().suspends_at(),
        secret_memory: signer.vault.secret_memory(),
        wallets: u32::try_from(wallets().count()).unwrap_or(u32::MAX),
        journal_records,
        journal_head,
        witnesses: signer.journal.witnesses(),
        now: signer.clock.now(),
        behind_seconds: signer.clock.behind_seconds(),
        unattended: signer.vault.unattended(),
        idle_lock_seconds: signer.settings.idle_lock_seconds,
        sandbox: signer.sandbox.iter().map(ToString::to_string).collect(),
    }))
}
