//! Both daemons end to end, on real chain nodes, as agents and operators see them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod approvals;
mod audit;
mod backups;
mod bad_starts;
mod clients;
mod confinement;
mod credentials;
mod demands;
mod doctor;
mod doors;
mod evm_deeds;
mod first_start;
mod guard_walk;
mod halts;
mod inputs;
mod kill_switch;
mod machine;
mod many;
mod names;
mod outages;
mod owners;
mod payments;
mod policies;
mod policy_walk;
mod prices;
mod repeats;
mod restarts;
mod rights;
mod shapes;
mod solana_deeds;
mod solana_expiry;
mod solana_many;
mod user_walk;
mod waiting;
