//! The intent digest: what is done, without what varies between attempts to do it
//! (`docs/PROTOCOL.md`, "The intent digest").

use sha2::{Digest, Sha256};

/// What stands before everything that is hashed, so that the digest is nothing else's.
const DOMAIN: &[u8] = b"WAIaaS intent v1";

/// What kind of thing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    EvmTransaction,
    SolanaTransaction,
    EvmText,
    SolanaText,
    TypedData,
}

/// An intent that is being written: fields, each behind its length, so that no two lists of fields
/// are the same bytes.
pub(crate) struct Intent(Sha256);

impl Kind {
    const fn tag(self) -> u8 {
        match self {
            Self::EvmTransaction => 1,
            Self::SolanaTransaction => 2,
            Self::EvmText => 3,
            Self::SolanaText => 4,
            Self::TypedData => 5,
        }
    }
}

impl Intent {
    /// An intent without fields.
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Sha256::new().chain_update(DOMAIN).chain_update([kind.tag()]))
    }

    /// Appends a field: its length in eight bytes, big-endian, and its bytes.
    #[must_use]
    pub(crate) fn field(self, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).expect("what is in memory has fewer bytes");
        Self(self.0.chain_update(length.to_be_bytes()).chain_update(bytes))
    }

    /// Appends a list: a field with the number of its items, then what `put` appends for each.
    #[must_use]
    pub(crate) fn list<T>(
        self,
        items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        put: impl Fn(Self, T) -> Self,
    ) -> Self {
        let items = items.into_iter();
        let count = u64::try_from(items.len()).expect("what is in memory has fewer items");
        items.fold(self.field(&count.to_be_bytes()), put)
    }

    /// The digest.
    pub(crate) fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 5] = [
        Kind::EvmTransaction,
        Kind::SolanaTransaction,
        Kind::EvmText,
        Kind::SolanaText,
        Kind::TypedData,
    ];

    #[test]
    fn where_a_field_ends_is_part_of_the_digest() {
        let digest = |fields: &[&[u8]]| {
            fields.iter().fold(Intent::new(Kind::EvmText), |all, one| all.field(one)).digest()
        };
        let lists: [&[&[u8]]; 7] =
            [&[], &[b""], &[b"", b""], &[b"ab"], &[b"a", b"b"], &[b"", b"ab"], &[b"ab", b""]];
        for (place, one) in lists.iter().enumerate() {
            for other in &lists[..place] {
                assert_ne!(digest(one), digest(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_digest_is_that_of_one_kind() {
        let digests = KINDS.map(|kind| Intent::new(kind).field(b"the same").digest());
        for (place, one) in digests.iter().enumerate() {
            assert!(!digests[..place].contains(one), "{:?}", KINDS[place]);
        }
    }

    #[test]
    fn what_is_hashed_is_the_domain_the_kind_and_the_fields() {
        let bytes = b"WAIaaS intent v1\x03\0\0\0\0\0\0\0\x02hi";
        let expected: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(Intent::new(Kind::EvmText).field(b"hi").digest(), expected);
    }
}
