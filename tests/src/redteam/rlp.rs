//! EVM transactions written by hand: well, or in ways that our own encoder never would.

use primitives::Amount;

/// A value of RLP (Ethereum's yellow paper, appendix B), or bytes that stand where one should.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A string.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Item>),
    /// As they are, header included.
    Verbatim(Vec<u8>),
}

impl Item {
    /// A number without leading zeros.
    pub(super) fn number(value: impl Into<Amount>) -> Self {
        Self::Bytes(value.into().to_be_bytes_trimmed())
    }

    /// The canonical bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => match bytes.as_slice() {
                [single] if *single < 0x80 => vec![*single],
                bytes => [&header(0x80, bytes.len()), bytes].concat(),
            },
            Self::List(items) => list(&items.iter().flat_map(Self::encode).collect::<Vec<_>>()),
            Self::Verbatim(bytes) => bytes.clone(),
        }
    }
}

/// A list of what is encoded already.
pub(super) fn list(content: &[u8]) -> Vec<u8> {
    [&header(0xc0, content.len()), content].concat()
}

fn header(base: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) if short <= 55 => vec![base + short],
        _ => long_header(base, length),
    }
}

/// The form for more than 55 bytes, however few there are.
pub(super) fn long_header(base: u8, length: usize) -> Vec<u8> {
    let length = u64::try_from(length).expect("64 bits hold every length");
    let digits = Amount::from(length).to_be_bytes_trimmed();
    let count = u8::try_from(digits.len()).expect("at most eight");
    [&[base + 55 + count][..], &digits].concat()
}

/// What every kind of transaction says.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    /// Wei for a unit of gas, at most.
    pub(super) gas_price: Amount,
    /// 20 bytes; none for a new contract.
    pub(super) to: Vec<u8>,
    /// Wei.
    pub(super) value: Amount,
    pub(super) data: Vec<u8>,
}

/// Where an item stands in [`Payment::dynamic_items`].
pub(super) const CHAIN_ID: usize = 0;
/// As above.
pub(super) const NONCE: usize = 1;
/// As above.
pub(super) const TO: usize = 5;
/// As above.
pub(super) const VALUE: usize = 6;

impl Payment {
    /// The most wei that the network takes for it.
    pub(super) fn fee(&self) -> Amount {
        Amount::from(self.gas_limit).checked_mul(self.gas_price).unwrap_or(Amount::MAX)
    }

    /// The items of type 2 (EIP-1559), in their order.
    pub(super) fn dynamic_items(&self) -> Vec<Item> {
        vec![
            Item::number(self.chain_id),
            Item::number(self.nonce),
            Item::number(0_u64),
            Item::number(self.gas_price),
            Item::number(self.gas_limit),
            Item::Bytes(self.to.clone()),
            Item::number(self.value),
            Item::Bytes(self.data.clone()),
            Item::List(vec![]),
        ]
    }

    /// Type 2.
    pub(super) fn dynamic(&self) -> Vec<u8> {
        typed(2, self.dynamic_items())
    }

    /// Type 2, with one item replaced.
    pub(super) fn with(&self, place: usize, item: Item) -> Vec<u8> {
        let mut items = self.dynamic_items();
        items[place] = item;
        typed(2, items)
    }

    /// The items of a legacy transaction without the three of EIP-155.
    pub(super) fn legacy_items(&self) -> Vec<Item> {
        vec![
            Item::number(self.nonce),
            Item::number(self.gas_price),
            Item::number(self.gas_limit),
            Item::Bytes(self.to.clone()),
            Item::number(self.value),
            Item::Bytes(self.data.clone()),
        ]
    }

    /// Before EIP-2718, for one network (EIP-155).
    pub(super) fn legacy(&self) -> Vec<u8> {
        let mut items = self.legacy_items();
        items.extend([Item::number(self.chain_id), Item::number(0_u64), Item::number(0_u64)]);
        Item::List(items).encode()
    }

    /// Type 1 (EIP-2930) with these entries: an address and 32-byte keys.
    pub(super) fn access_list(&self, entries: Vec<Item>) -> Vec<u8> {
        let mut items = vec![Item::number(self.chain_id)];
        items.extend(self.legacy_items());
        items.push(Item::List(entries));
        typed(1, items)
    }
}

/// A transaction of EIP-2718.
pub(super) fn typed(kind: u8, items: Vec<Item>) -> Vec<u8> {
    [&[kind][..], &Item::List(items).encode()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From appendix B of the yellow paper and the examples of the Ethereum wiki.
    #[test]
    fn items_are_written_as_the_standard_says() {
        let text = |text: &str| Item::Bytes(text.as_bytes().to_vec());
        for (item, bytes) in [
            (text("dog"), b"\x83dog".to_vec()),
            (Item::List(vec![text("cat"), text("dog")]), b"\xc8\x83cat\x83dog".to_vec()),
            (text(""), vec![0x80]),
            (Item::number(0_u64), vec![0x80]),
            (Item::number(15_u64), vec![0x0f]),
            (Item::number(1024_u64), vec![0x82, 0x04, 0x00]),
            (Item::List(vec![]), vec![0xc0]),
            (
                text("Lorem ipsum dolor sit amet, consectetur adipisicing elit"),
                b"\xb8\x38Lorem ipsum dolor sit amet, consectetur adipisicing elit".to_vec(),
            ),
        ] {
            assert_eq!(item.encode(), bytes);
        }
    }
}
