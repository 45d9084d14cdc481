//! Numbers that look random and come out the same for the same seed.

use primitives::Amount;

/// A generator of 64 bits a throw (`SplitMix64`): small, and good enough to choose attacks with.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed, the same throws.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.throw() % end
    }

    /// A place in something of `length` items.
    pub fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("64 bits hold every length");
        usize::try_from(self.below(length)).expect("it is below a length")
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// True in so many of a hundred throws.
    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.throw().to_be_bytes()[0]
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// So many bytes.
    pub fn some_bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// An amount of any length from none to 256 bits, each as likely as any other.
    pub fn amount(&mut self) -> Amount {
        let bits = self.index(257);
        self.amount_of(bits)
    }

    /// An amount of exactly so many bits.
    pub fn amount_of(&mut self, bits: usize) -> Amount {
        let mut bytes = self.bytes::<32>();
        let (zero_bytes, zero_bits) = ((256 - bits) / 8, (256 - bits) % 8);
        bytes[..zero_bytes].fill(0);
        if let Some(first) = bytes.get_mut(zero_bytes) {
            *first &= 0xff_u8 >> zero_bits;
            *first |= 0x80_u8 >> zero_bits;
        }
        Amount::from_be_bytes(bytes)
    }

    /// An amount from one to `most`.
    pub fn up_to(&mut self, most: u64) -> Amount {
        Amount::from(1 + self.below(most))
    }
}

/// A seed that is another each time; a report names it, so that its run can be done again.
#[expect(clippy::disallowed_methods, reason = "any number does")]
pub fn any_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| u64::from(since.subsec_nanos()) ^ since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            [dice.throw(), dice.throw(), dice.throw()]
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn an_amount_has_as_many_bits_as_were_asked_for() {
        let mut dice = Dice::new(1);
        for (bits, least, most) in [
            (0, Amount::ZERO, Amount::ZERO),
            (1, Amount::from(1_u64), Amount::from(1_u64)),
            (8, Amount::from(128_u64), Amount::from(255_u64)),
            (64, Amount::from(1_u64 << 63), Amount::from(u64::MAX)),
            (
                256,
                Amount::from_be_bytes([&[0x80][..], &[0; 31]].concat().try_into().unwrap()),
                Amount::MAX,
            ),
        ] {
            for _ in 0..100 {
                let amount = dice.amount_of(bits);
                assert!(least <= amount && amount <= most, "{bits} bits: {amount}");
            }
        }
    }
}
