//! Markets whose orders are not read: what is sold stands behind a hash, or for a price that only
//! the market knows.

use super::Known;

const ORDER: &str = "it is an order of a market that is not known";
const TREE: &str = "it is a tree of orders";

pub(super) const TYPES: &[Known] = &[
    Known::Opaque("Order", ORDER), // OpenSea's Wyvern, Blur, 1inch and many others
    Known::Opaque("MakerOrder", ORDER), // LooksRare, first version
    Known::Opaque("Maker", ORDER), // LooksRare, second version
    Known::Opaque("MerkleTree", TREE), // LooksRare
    Known::Opaque("Root", TREE),   // Blur
];
