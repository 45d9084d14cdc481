//! Guards, as people write and compare them.

use crate::wire::Item;
use crate::{Exposure, wire_fields, wire_tags, wire_variants};

/// A wallet's guard, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardText {
    /// Grows by one with each change; 0 for a template.
    pub version: u64,
    /// TOML; `docs/guard.md` says what it means.
    pub text: String,
}

/// What a guard would change, without its being set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardCheck {
    /// The version that it was compared with.
    pub from_version: u64,
    /// The guard as it would be kept.
    pub text: String,
    /// How it compares with the wallet's guard as a whole.
    pub order: GuardOrder,
    /// What differs, in the order of the file.
    pub changes: Vec<GuardChange>,
    /// What could leave under it.
    pub exposure: Exposure,
    /// What it would say to the payload that came with the question.
    pub verdict: Option<Demand>,
}

/// How one guard compares with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardOrder {
    /// They let the same pass.
    Same,
    /// It lets nothing pass that the other does not: setting it takes no passphrase.
    Tighter,
    /// It lets something pass that the other does not.
    Looser,
}

/// One difference between two guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardChange {
    /// Where, such as `network."eip155:1".native.immediate.per_day`.
    pub key: String,
    /// What stands there; `None` where nothing does.
    pub before: Option<String>,
    /// What would.
    pub after: Option<String>,
    /// Whether this difference alone lets more pass.
    pub order: GuardOrder,
}

/// What has to happen before something is signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Nothing.
    Immediate,
    /// It is announced, and so many seconds go by without anybody cancelling it.
    Delay(u32),
    /// The owners allow it; why the guard asks for them, in a sentence.
    Owner(String),
    /// It is never signed; why, in a sentence.
    Never(String),
}

wire_fields!(GuardText { version, text });
wire_fields!(GuardCheck { from_version, text, order, changes, exposure, verdict });
wire_fields!(GuardChange { key, before, after, order });
wire_tags!(GuardOrder { Same = 0, Tighter = 1, Looser = 2 });
wire_variants!(Demand { 0 Immediate, 1 Delay(seconds), 2 Owner(reason), 3 Never(reason) });
impl Item for GuardChange {}
