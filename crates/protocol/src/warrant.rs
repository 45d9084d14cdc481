//! What is to be signed, and what is shown so that it may be: a wait that is over, or what owners
//! allowed.

use primitives::{Address, Amount};

use crate::wire::Item;
use crate::{wire_fields, wire_tags, wire_variants};

/// The most owners of one wallet.
pub const MAX_OWNERS: usize = 16;

/// What a key is asked to sign: whole, never a hash of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A transaction. EVM: the unsigned serialization of EIP-155, 2930 or 1559. Solana: the message.
    Transaction(Vec<u8>),
    /// A text: signed by EIP-191 with an EVM key, as its plain bytes with a Solana key.
    Text(Vec<u8>),
    /// Typed data (EIP-712), in `txcodec`'s binary form.
    TypedData(Vec<u8>),
}

/// Chosen by who announces an intent, and unique in the wallet: a gateway takes the id of its
/// transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnnouncementId(pub [u8; 16]);

/// Why something may be signed that the guard does not let go at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warrant {
    /// No reason: the guard lets it go at once, or not.
    None,
    /// It was announced, and its time has come.
    Announced(AnnouncementId),
    /// The wallet's owners allowed it.
    Approved(Approval),
}

/// What owners signed, as far as it does not follow from what it is about. `txcodec::approval`
/// renders the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What they all agreed to.
    pub terms: Terms,
    /// One signature of each of them.
    pub signatures: Vec<OwnerSignature>,
}

/// The part of an approval that its asker chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The version of the wallet's guard at the time. Another guard, another question.
    pub guard_version: u64,
    /// The most that the network may take for it, in base units of the native coin.
    pub fee_ceiling: Amount,
    /// Unix seconds from which on it is void.
    pub expires_at: u64,
    /// Random; an approval is used once, and known by this.
    pub nonce: [u8; 16],
}

/// One owner's signature over the rendered approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerSignature {
    /// Whose.
    pub owner: Address,
    /// Over which rendering.
    pub form: SignedForm,
    /// EVM: 65 bytes `r ‖ s ‖ v`. Solana: 64 bytes.
    pub bytes: Vec<u8>,
}

/// In which of its renderings an approval was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedForm {
    /// As text: EIP-191 with an EVM owner, the plain bytes with a Solana owner.
    Text,
    /// As typed data (EIP-712); EVM owners only.
    TypedData,
}

/// Who may allow what the guard does not: so many of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    /// How many of the members have to sign; at least one, at most all.
    pub threshold: u8,
    /// At most [`MAX_OWNERS`], each once, in ascending order; empty where there is no owner.
    pub members: Vec<Address>,
}

impl Owners {
    /// Nobody.
    pub const NONE: Self = Self { threshold: 0, members: Vec::new() };
}

wire_variants!(Payload { 1 Transaction(bytes), 2 Text(bytes), 3 TypedData(bytes) });
wire_variants!(Warrant { 0 None, 1 Announced(id), 2 Approved(approval) });
wire_tags!(SignedForm { Text = 1, TypedData = 2 });
wire_fields!(Approval { terms, signatures });
wire_fields!(Terms { guard_version, fee_ceiling, expires_at, nonce });
wire_fields!(OwnerSignature { owner, form, bytes });
wire_fields!(Owners { threshold, members });
impl Item for OwnerSignature {}

impl crate::wire::Wire for AnnouncementId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(input: &mut crate::wire::Reader<'_>) -> Result<Self, crate::wire::WireError> {
        input.array().map(Self)
    }
}
