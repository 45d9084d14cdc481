//! How maps and queues stand in bytes: for the signer's own state, whose size no message limits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::wire::{Reader, Wire, WireError, write_length};

/// A count of 32 bits, and the items. Room is made item by item, never from the count.
impl<T: Wire> Wire for VecDeque<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        for item in self {
            item.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = u32::read(input)?;
        let mut items = Self::new();
        for _ in 0..count {
            items.push_back(T::read(input)?);
        }
        Ok(items)
    }
}

/// Like a [`VecDeque`] of keys and values, in ascending order of the keys.
impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let count = u32::read(input)?;
        let mut items = Self::new();
        for _ in 0..count {
            let key = K::read(input)?;
            if items.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(WireError::InvalidValue);
            }
            items.insert(key, V::read(input)?);
        }
        Ok(items)
    }
}

/// Like the map's keys.
impl<T: Wire + Ord> Wire for BTreeSet<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        for item in self {
            item.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        BTreeMap::read(input).map(|map: BTreeMap<T, ()>| map.into_keys().collect())
    }
}

/// Nothing.
impl Wire for () {
    fn write(&self, _out: &mut Vec<u8>) {}

    fn read(_input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(())
    }
}

/// One after the other.
impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{MAX_ITEMS, read_all, to_bytes};

    #[test]
    fn a_map_has_each_key_once_and_in_order() {
        let map: BTreeMap<u8, u16> = (0..5_u8).map(|key| (key, u16::from(key))).collect();
        assert_eq!(read_all(&to_bytes(&map)), Ok(map));
        let set: BTreeSet<(u8, u8)> = [(1, 2), (1, 3)].into();
        assert_eq!(read_all(&to_bytes(&set)), Ok(set));
        let of = |keys: [u8; 2]| [vec![0, 0, 0, 2], keys.to_vec()].concat();
        assert_eq!(read_all(&of([3, 4])), Ok(BTreeSet::from([3_u8, 4])));
        for keys in [[4, 3], [3, 3]] {
            assert_eq!(read_all::<BTreeSet<u8>>(&of(keys)), Err(WireError::InvalidValue));
        }
        let queue: VecDeque<u8> = (0..=u8::MAX).cycle().take(MAX_ITEMS * 2).collect();
        assert_eq!(read_all(&to_bytes(&queue)), Ok(queue));
        assert_eq!(read_all::<VecDeque<u8>>(&u32::MAX.to_be_bytes()), Err(WireError::Truncated));
    }
}
