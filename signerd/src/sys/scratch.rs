//! Memory for Argon2.

use std::num::NonZeroUsize;

use argon2::Block;
use nix::errno::Errno;

use super::mapping::Mapping;

/// Lends `count` zeroed blocks to `work` and wipes them afterwards. They are never in a core dump or
/// a child, and out of swap if `RLIMIT_MEMLOCK` has room for them: with a vault's usual 128 MiB it
/// rarely has, and then it is the unit's `MemorySwapMax=0`, or having no swap, that keeps them off
/// the disk.
///
/// # Errors
/// When there is not that much memory.
pub fn with_scratch<R>(
    count: NonZeroUsize,
    work: impl FnOnce(&mut [Block]) -> R,
) -> Result<R, std::io::Error> {
    let bytes = count.checked_mul(const { NonZeroUsize::new(size_of::<Block>()).unwrap() });
    let mut mapping = Mapping::reserve(bytes.ok_or(Errno::ENOMEM)?)?;
    mapping.fill_ordinary()?;
    // Not locked is the usual case, see above; nothing depends on it.
    mapping.lock();
    let mut scratch = Scratch(mapping);
    Ok(work(scratch.blocks(count)))
}

struct Scratch(Mapping);

impl Scratch {
    fn blocks(&mut self, count: NonZeroUsize) -> &mut [Block] {
        let start = self.0.content().cast::<Block>();
        for index in 0..count.get() {
            // SAFETY: `count` blocks fit in the mapping, which starts at a page and is therefore
            // aligned for a block.
            let place = unsafe { start.add(index) };
            // SAFETY: the place is writable, aligned and nobody's.
            unsafe { place.write(Block::default()) };
        }
        // SAFETY: all `count` blocks were just initialised; `&mut self` keeps others away.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), count.get()) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_blocks_as_asked_for_are_lent_and_they_are_zero() {
        for count in [1, 7, 1_000] {
            let lent = with_scratch(NonZeroUsize::new(count).unwrap(), |blocks| {
                for block in blocks.iter_mut() {
                    assert!(block.as_ref().iter().all(|word| *word == 0));
                    block.as_mut().fill(u64::MAX);
                }
                blocks.len()
            });
            assert_eq!(lent.unwrap(), count);
        }
    }

    #[test]
    fn memory_that_is_not_there_is_not_lent() {
        assert!(with_scratch(NonZeroUsize::MAX, |_blocks| ()).is_err());
        assert!(with_scratch(NonZeroUsize::new(usize::MAX / 1024).unwrap(), |_blocks| ()).is_err());
    }
}
