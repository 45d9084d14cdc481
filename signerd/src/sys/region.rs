//! Memory for keys.

use std::fmt;
use std::num::NonZeroUsize;

use nix::errno::Errno;
use nix::sys::mman::ProtFlags;
use protocol::SecretMemory;

use super::mapping::Mapping;

/// Memory for secrets: never swapped, dumped, or given to a child, between guard pages, and not even
/// readable by this process but while a closure of [`SecretRegion::read`] or
/// [`SecretRegion::write`] runs. Zero at first, wiped when dropped.
///
/// Pages of `memfd_secret(2)` where the kernel gives them, else locked ones; [`SecretRegion::kind`]
/// says which.
pub struct SecretRegion {
    mapping: Mapping,
    kind: SecretMemory,
}

/// There is no memory that secrets may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no memory could be kept from swap ({0}); allow the signer to lock at least 8 MiB (LimitMEMLOCK=8M \
     in its unit, or ulimit -l 8192)"
)]
pub struct MemoryError(Errno);

impl SecretRegion {
    /// Room for at least `length` bytes, rounded up to whole pages.
    ///
    /// # Errors
    /// When the kernel gives neither secret nor locked pages: secrets never go into others.
    pub fn new(length: NonZeroUsize) -> Result<Self, MemoryError> {
        Self::secret(length).or_else(|_not_here| Self::locked(length)).map_err(MemoryError)
    }

    fn secret(length: NonZeroUsize) -> Result<Self, Errno> {
        let mut mapping = Mapping::reserve(length)?;
        mapping.fill_secret()?;
        Ok(Self::closed(mapping, SecretMemory::MemfdSecret))
    }

    fn locked(length: NonZeroUsize) -> Result<Self, Errno> {
        let mut mapping = Mapping::reserve(length)?;
        mapping.fill_ordinary()?;
        if !mapping.lock() {
            return Err(Errno::last());
        }
        Ok(Self::closed(mapping, SecretMemory::Locked))
    }

    fn closed(mut mapping: Mapping, kind: SecretMemory) -> Self {
        // Touches every page, so that running out of them shows now and not in mid-signature.
        mapping.wipe();
        mapping.protect(ProtFlags::PROT_NONE);
        Self { mapping, kind }
    }

    /// How the memory is kept from others.
    pub fn kind(&self) -> SecretMemory {
        self.kind
    }

    /// Lets `look` read the memory.
    pub fn read<R>(&mut self, look: impl FnOnce(&[u8]) -> R) -> R {
        let open = Open::new(self, ProtFlags::PROT_READ);
        let (start, length) = (open.0.mapping.content(), open.0.mapping.length());
        // SAFETY: the pages are mapped, initialised by `new` and readable while `open` lives; `open`
        // holds the region exclusively, so nobody writes to them meanwhile.
        look(unsafe { std::slice::from_raw_parts(start.as_ptr(), length) })
    }

    /// Lets `change` read and write the memory.
    pub fn write<R>(&mut self, change: impl FnOnce(&mut [u8]) -> R) -> R {
        let open = Open::new(self, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE);
        let (start, length) = (open.0.mapping.content(), open.0.mapping.length());
        // SAFETY: as in `read`, and writable; this is the only reference while `open` lives.
        change(unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), length) })
    }
}

impl Drop for SecretRegion {
    fn drop(&mut self) {
        self.mapping.protect(ProtFlags::PROT_READ | ProtFlags::PROT_WRITE);
        self.mapping.wipe();
    }
}

impl fmt::Debug for SecretRegion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretRegion")
    }
}

/// A region while it can be used; closes it when dropped, by a panic too.
struct Open<'a>(&'a mut SecretRegion);

impl<'a> Open<'a> {
    fn new(region: &'a mut SecretRegion, protection: ProtFlags) -> Self {
        region.mapping.protect(protection);
        Self(region)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.mapping.protect(ProtFlags::PROT_NONE);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use nix::sys::resource::Resource;

    use super::*;

    const LENGTH: NonZeroUsize = NonZeroUsize::new(5_000).unwrap();

    #[test]
    fn a_region_is_whole_zero_pages_that_keep_what_is_written() {
        let mut region = SecretRegion::new(LENGTH).unwrap();
        region.read(|bytes| {
            assert!(bytes.len() >= LENGTH.get() && bytes.len().is_multiple_of(4096));
            assert!(bytes.iter().all(|byte| *byte == 0));
        });
        region.write(|bytes| bytes[4_999] = 7);
        assert_eq!(region.read(|bytes| bytes[4_999]), 7);
    }

    #[test]
    fn a_region_that_cannot_be_is_refused() {
        assert!(SecretRegion::new(NonZeroUsize::MAX).is_err());
    }

    #[test]
    fn more_than_may_be_locked_is_refused_and_less_is_not() {
        const LIMIT: u64 = 8 << 20;
        let of_limit = |quarters: usize| NonZeroUsize::new((2 << 20) * quarters).unwrap();
        // Capabilities are a thread's own; with CAP_IPC_LOCK there is no limit.
        let outcomes = std::thread::spawn(move || {
            caps::clear(None, caps::CapSet::Effective).unwrap();
            let hard = nix::sys::resource::getrlimit(Resource::RLIMIT_MEMLOCK).unwrap().1;
            nix::sys::resource::setrlimit(Resource::RLIMIT_MEMLOCK, hard.min(LIMIT), hard).unwrap();
            [5, 1].map(|quarters| SecretRegion::new(of_limit(quarters)).is_ok())
        });
        assert_eq!(outcomes.join().unwrap(), [false, true]);
    }

    #[test]
    fn a_region_is_closed_again_after_a_panic() {
        let mut region = SecretRegion::new(LENGTH).unwrap();
        let address = region.mapping.content().addr().get();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            region.write(|_bytes| panic!("on purpose"));
        }));
        assert!(panicked.is_err());
        assert_eq!(protection_of(address), "---");
    }

    #[test]
    fn a_region_can_be_touched_only_while_it_is_used() {
        let mut region = SecretRegion::new(LENGTH).unwrap();
        let address = region.mapping.content().addr().get();
        assert_eq!(protection_of(address), "---");
        assert_eq!(region.read(|_bytes| protection_of(address)), "r--");
        assert_eq!(region.write(|_bytes| protection_of(address)), "rw-");
        assert_eq!(protection_of(address - 1), "---");
        let end = address + region.mapping.length();
        region.write(|_bytes| assert_eq!(protection_of(end), "---"));
    }

    #[test]
    fn what_is_in_secret_memory_is_not_in_the_kernels_view_of_the_process() {
        let mut region = SecretRegion::new(LENGTH).unwrap();
        let ordinary = [0x5a_u8; 64];
        assert!(seen_by_kernel(ordinary.as_ptr().addr()).is_some());
        let address = region.mapping.content().addr().get();
        let seen = region.write(|bytes| {
            bytes.fill(0x5a);
            seen_by_kernel(address)
        });
        match region.kind() {
            SecretMemory::MemfdSecret => assert_eq!(seen, None),
            SecretMemory::Locked => assert_eq!(seen, Some([0x5a; 16])),
        }
    }

    #[test]
    fn neither_kind_is_swapped_dumped_or_given_to_a_child() {
        // Linux, Documentation/filesystems/proc.rst: locked, not dumped, not copied or wiped on fork.
        let rows = [
            (SecretRegion::secret(LENGTH), ["lo", "dd", "dc"]),
            (SecretRegion::locked(LENGTH), ["lo", "dd", "wf"]),
        ];
        for (region, expected) in rows {
            // A kernel may be without `memfd_secret(2)`.
            let Ok(region) = region else { continue };
            let flags = flags_of(region.mapping.content().addr().get());
            for flag in expected {
                assert!(flags.contains(flag), "{:?} has no {flag} in {flags}", region.kind());
            }
        }
    }

    #[test]
    fn a_locked_region_is_used_like_a_secret_one() {
        let mut region = SecretRegion::locked(LENGTH).unwrap();
        let address = region.mapping.content().addr().get();
        region.write(|bytes| bytes[4_999] = 7);
        assert_eq!(region.read(|bytes| (bytes[4_998], bytes[4_999])), (0, 7));
        assert_eq!(protection_of(address), "---");
    }

    /// Sixteen bytes by way of `/proc/self/mem`, which is how a debugger would read them.
    fn seen_by_kernel(address: usize) -> Option<[u8; 16]> {
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        memory.seek(SeekFrom::Start(u64::try_from(address).unwrap())).unwrap();
        let mut bytes = [0; 16];
        memory.read_exact(&mut bytes).ok().map(|()| bytes)
    }

    /// `VmFlags`, as `/proc/self/smaps` says of the mapping at `address`.
    fn flags_of(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let from = maps.split_once(&format!("\n{address:x}-")).unwrap().1;
        let line = from.lines().find_map(|line| line.strip_prefix("VmFlags:"));
        line.unwrap().to_owned()
    }

    /// `rwx`, as `/proc/self/maps` says of the page at `address`.
    fn protection_of(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| {
            let range = line.split(' ').next().unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let hex = |text| usize::from_str_radix(text, 16).unwrap();
            (hex(start)..hex(end)).contains(&address)
        });
        line.unwrap().split(' ').nth(1).unwrap()[..3].to_owned()
    }
}
