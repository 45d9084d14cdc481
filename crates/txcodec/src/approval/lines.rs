//! The one rendering of a question: labelled lines in a fixed order.

use std::fmt;

use primitives::{Address, Amount, ChainId, Environment, encode_hex};

use super::words::{self, Place};
use super::{ApprovalError, MAX_EFFECTS, MAX_RENDERED, Matter, Question, Stop, time};
use crate::{Decoded, Effect, Subject};

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// What becomes possible by signing.
    Allows,
    /// The wallet's id.
    Wallet,
    /// The wallet's address.
    Address,
    /// Where a signature would hold.
    Network,
    /// One thing that would happen; there are as many lines as things.
    Effect,
    /// The intent digest.
    Intent,
    /// Which version would be replaced.
    Replaces,
    /// SHA-256 of the new guard.
    NewGuard,
    /// How many of the new owners would have to sign.
    Threshold,
    /// One of the new owners; there are as many lines as owners.
    Owner,
    /// Where the latch is.
    Latch,
    /// The most that the network may take.
    FeeCeiling,
    /// The version of the guard.
    GuardVersion,
    /// When the answer is void.
    Expires,
    /// The nonce.
    Nonce,
    /// The signer.
    Instance,
}

/// One line: printable ASCII without a line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub label: Label,
    /// How it is.
    pub value: String,
}

/// A question as it is shown and signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub(super) lines: Vec<Line>,
    pub(super) primary_type: &'static str,
    pub(super) chain_id: Option<ChainId>,
    pub(super) instance: [u8; 16],
}

impl Question<'_> {
    /// Renders the question.
    ///
    /// # Errors
    /// When it is more than an owner is asked at once.
    pub fn render(&self) -> Result<Rendered, ApprovalError> {
        let place = self.place();
        let (primary_type, allows) = self.words();
        let mut lines = vec![
            Line::new(Label::Allows, allows),
            Line::new(Label::Wallet, self.wallet),
            Line::new(Label::Address, self.address),
        ];
        lines.extend(self.matter_lines(&place)?);
        lines.extend(self.terms_lines(&place));
        if lines.iter().map(|line| line.value.len()).sum::<usize>() > MAX_RENDERED {
            return Err(ApprovalError::TooLong);
        }
        Ok(Rendered { lines, primary_type, chain_id: place.chain_id, instance: self.instance })
    }

    fn place(&self) -> Place {
        let chain_id = match self.matter {
            Matter::Sign { decoded, environment: _ } => decoded.chain_id(),
            Matter::Guard { .. } | Matter::Owners { .. } | Matter::Resume { .. } => None,
        };
        Place { chain: self.address.chain(), chain_id }
    }

    /// The name of the typed data's type, and what becomes possible.
    fn words(&self) -> (&'static str, &'static str) {
        match self.matter {
            Matter::Sign { decoded, environment: _ } => {
                ("AllowSignature", allowed_signature(decoded))
            }
            Matter::Guard { .. } => ("AllowGuard", "this wallet's guard to be replaced"),
            Matter::Owners { .. } => ("AllowOwners", "this wallet's owners to be replaced"),
            Matter::Resume { .. } => ("AllowResumption", "this wallet to sign again"),
        }
    }

    fn matter_lines(&self, place: &Place) -> Result<Vec<Line>, ApprovalError> {
        match self.matter {
            Matter::Sign { decoded, environment } => sign_lines(decoded, environment, place),
            Matter::Guard { from_version, sha256 } => Ok(vec![
                Line::new(Label::Replaces, from_version),
                Line::new(Label::NewGuard, hex(&sha256)),
            ]),
            Matter::Owners { from_version, threshold, members } => {
                Ok(owners_lines(from_version, threshold, members))
            }
            Matter::Resume { from } => Ok(vec![Line::new(Label::Latch, from)]),
        }
    }

    fn terms_lines(&self, place: &Place) -> [Line; 5] {
        let expires = match time::rfc3339(self.expires_at) {
            Some(text) => format!("{} ({text})", self.expires_at),
            None => self.expires_at.to_string(),
        };
        [
            Line::new(Label::FeeCeiling, place.coins(self.fee_ceiling)),
            Line::new(Label::GuardVersion, self.guard_version),
            Line::new(Label::Expires, expires),
            Line::new(Label::Nonce, hex(&self.nonce)),
            Line::new(Label::Instance, hex(&self.instance)),
        ]
    }
}

fn allowed_signature(decoded: &Decoded) -> &'static str {
    match (decoded.subject(), decoded.effects()) {
        (Subject::EvmTransaction { .. } | Subject::SolanaTransaction { .. }, _) => {
            "this wallet to sign one transaction"
        }
        (Subject::EvmMessage, [Effect::TypedData { .. }, ..]) => "this wallet to sign typed data",
        (Subject::EvmMessage | Subject::SolanaMessage, _) => "this wallet to sign a text",
    }
}

fn sign_lines(
    decoded: &Decoded,
    environment: Environment,
    place: &Place,
) -> Result<Vec<Line>, ApprovalError> {
    let effects = decoded.effects();
    if effects.len() > MAX_EFFECTS {
        return Err(ApprovalError::TooManyEffects);
    }
    let mut lines = vec![Line::new(Label::Network, place.network(environment))];
    lines.extend(
        effects.iter().map(|effect| Line::new(Label::Effect, words::effect(effect, place))),
    );
    if effects.is_empty() {
        lines.push(Line::new(Label::Effect, "nothing but the fee"));
    }
    lines.push(Line::new(Label::Intent, hex(&decoded.intent())));
    Ok(lines)
}

fn owners_lines(from_version: u64, threshold: u8, members: &[Address]) -> Vec<Line> {
    let mut lines = vec![
        Line::new(Label::Replaces, from_version),
        Line::new(Label::Threshold, format!("{threshold} of {}", members.len())),
    ];
    lines.extend(members.iter().map(|member| Line::new(Label::Owner, member)));
    if members.is_empty() {
        lines.push(Line::new(Label::Owner, "nobody"));
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", encode_hex(bytes))
}

impl Line {
    fn new(label: Label, value: impl fmt::Display) -> Self {
        Self { label, value: value.to_string() }
    }
}

impl Rendered {
    /// The lines, in their order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl Label {
    /// The name of the field in the typed data, and whether it is a list.
    pub(super) const fn field(self) -> (&'static str, Shape) {
        match self {
            Self::Allows => ("allows", Shape::One),
            Self::Wallet => ("wallet", Shape::One),
            Self::Address => ("address", Shape::One),
            Self::Network => ("network", Shape::One),
            Self::Effect => ("effects", Shape::List),
            Self::Intent => ("intent", Shape::One),
            Self::Replaces => ("replacesVersion", Shape::One),
            Self::NewGuard => ("newGuard", Shape::One),
            Self::Threshold => ("signaturesNeeded", Shape::One),
            Self::Owner => ("owners", Shape::List),
            Self::Latch => ("latch", Shape::One),
            Self::FeeCeiling => ("feeCeiling", Shape::One),
            Self::GuardVersion => ("guardVersion", Shape::One),
            Self::Expires => ("expires", Shape::One),
            Self::Nonce => ("nonce", Shape::One),
            Self::Instance => ("instance", Shape::One),
        }
    }
}

/// Whether a label stands once, or once for each thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Allows => "Allows",
            Self::Wallet => "Wallet",
            Self::Address => "Address",
            Self::Network => "Network",
            Self::Effect => "Effect",
            Self::Intent => "Intent",
            Self::Replaces => "Replaces version",
            Self::NewGuard => "New guard (SHA-256)",
            Self::Threshold => "Signatures needed",
            Self::Owner => "Owner",
            Self::Latch => "Latch",
            Self::FeeCeiling => "Fee ceiling",
            Self::GuardVersion => "Guard version",
            Self::Expires => "Expires",
            Self::Nonce => "Nonce",
            Self::Instance => "Instance",
        })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Suspended => "SUSPENDED",
            Self::Locked => "LOCKED",
        })
    }
}

impl Place {
    /// Base units of the network's coin; and coins, where the network is known.
    pub(super) fn coins(&self, amount: Amount) -> String {
        match self.native() {
            Some(native) => {
                let coins = amount.to_units(native.decimals);
                format!("{coins} {} ({amount} base units)", native.symbol)
            }
            None => format!("{amount} base units of the native coin"),
        }
    }
}
