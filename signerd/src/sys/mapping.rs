//! A mapping between two guard pages, given back when dropped.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, mmap_anonymous, mprotect};

/// Pages of this process alone, with a page before and after them that nobody can touch: what runs
/// past either end faults. The content cannot be touched either until [`Mapping::protect`] says so.
pub(super) struct Mapping {
    whole: NonNull<libc::c_void>,
    whole_length: NonZeroUsize,
    content: NonNull<u8>,
    length: NonZeroUsize,
}

impl Mapping {
    /// Reserves addresses for at least `length` bytes, and puts nothing there.
    pub(super) fn reserve(length: NonZeroUsize) -> Result<Self, Errno> {
        let page = page_size();
        let length = length.get().checked_next_multiple_of(page).ok_or(Errno::ENOMEM)?;
        let whole_length = page.checked_mul(2).and_then(|guards| guards.checked_add(length));
        let whole_length = whole_length.and_then(NonZeroUsize::new).ok_or(Errno::ENOMEM)?;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice takes nothing from anybody.
        let whole = unsafe { mmap_anonymous(None, whole_length, ProtFlags::PROT_NONE, flags) }?;
        // SAFETY: the mapping is two pages longer than `length`, so one page on is within it.
        let content = unsafe { whole.cast::<u8>().add(page) };
        let length = NonZeroUsize::new(length).ok_or(Errno::ENOMEM)?;
        Ok(Self { whole, whole_length, content, length })
    }

    /// Puts readable and writable pages of `memfd_secret(2)` between the guards: the kernel takes
    /// them out of its own map, so that neither it nor root reads them through `/proc`, and they
    /// are never swapped or dumped. A child does not get them.
    pub(super) fn fill_secret(&mut self) -> Result<(), Errno> {
        let file = memfd_secret()?;
        let length = libc::off_t::try_from(self.length.get()).map_err(|_too_wide| Errno::EFBIG)?;
        nix::unistd::ftruncate(&file, length)?;
        let (at, read_write) =
            (Some(self.content.addr()), ProtFlags::PROT_READ | ProtFlags::PROT_WRITE);
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_FIXED;
        // SAFETY: `content` and `length` are this value's own reservation, which nothing refers to
        // while it is being filled; the file stays mapped after its descriptor is closed.
        unsafe { mmap(at, self.length, read_write, flags, file.as_fd(), 0) }?;
        self.advise(MmapAdvise::MADV_DONTFORK)
    }

    /// Puts readable and writable ordinary pages between the guards, left out of core dumps and
    /// empty in a child.
    pub(super) fn fill_ordinary(&mut self) -> Result<(), Errno> {
        let (at, read_write) =
            (Some(self.content.addr()), ProtFlags::PROT_READ | ProtFlags::PROT_WRITE);
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED;
        // SAFETY: as in `fill_secret`.
        unsafe { mmap_anonymous(at, self.length, read_write, flags) }?;
        self.advise(MmapAdvise::MADV_DONTDUMP)?;
        self.advise(MmapAdvise::MADV_WIPEONFORK)
    }

    /// Keeps the content out of swap. False, and `errno` set, if the limit (`RLIMIT_MEMLOCK`) does
    /// not allow it.
    pub(super) fn lock(&mut self) -> bool {
        // SAFETY: the range is this value's own; locking changes nothing that a program can see.
        unsafe { memsec::mlock(self.content.as_ptr(), self.length.get()) }
    }

    /// Says what may be done with the content from now on.
    ///
    /// # Panics
    /// When the kernel refuses, which it does for none of the mappings made here: secrets must not
    /// stay open because closing them failed.
    pub(super) fn protect(&mut self, protection: ProtFlags) {
        // SAFETY: the range is this value's own, and only its owner, who calls this, refers to it.
        unsafe { mprotect(self.content.cast(), self.length.get(), protection) }
            .expect("whole mappings of one's own can be protected");
    }

    /// Overwrites the content with zeros. It must be writable.
    pub(super) fn wipe(&mut self) {
        // SAFETY: the range is this value's own, mapped, and by contract writable.
        unsafe { memsec::memzero(self.content.as_ptr(), self.length.get()) }
    }

    /// Where the content starts; at a page's start.
    pub(super) fn content(&self) -> NonNull<u8> {
        self.content
    }

    /// Bytes of content: whole pages.
    pub(super) fn length(&self) -> usize {
        self.length.get()
    }

    fn advise(&mut self, advice: MmapAdvise) -> Result<(), Errno> {
        // SAFETY: the range is this value's own, and neither advice used here changes its content.
        unsafe { madvise(self.content.cast(), self.length.get(), advice) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `reserve`, and nobody refers to it any more.
        unsafe { nix::sys::mman::munmap(self.whole, self.whole_length.get()) }
            .expect("a mapping of one's own can be given back");
    }
}

/// `memfd_secret(2)`, Linux 5.14; off in some kernels unless `secretmem.enable=1` is set.
fn memfd_secret() -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes flags alone and gives a new descriptor or -1.
    let result = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let descriptor = i32::try_from(Errno::result(result)?).map_err(|_too_wide| Errno::EBADF)?;
    // SAFETY: the descriptor is new, so nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn page_size() -> usize {
    // SAFETY: the call reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("every Linux has a page size")
}
