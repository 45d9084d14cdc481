//! A system call by its number, as an attacker makes it: no library is asked.
#![expect(unsafe_code, reason = "what a library does not offer is what an attacker tries")]

/// What the kernel answers: a value, or the number of an error.
pub(crate) type Answer = Result<i64, i32>;

/// Makes the call. Pointers are given by their addresses.
pub(crate) fn call(number: libc::c_long, arguments: &[usize]) -> Answer {
    let at = |index: usize| arguments.get(index).copied().unwrap_or_default();
    // SAFETY: every caller passes addresses of memory that lives until this returns, or addresses
    // that the kernel refuses; the calls that succeed change this process in ways that its next and
    // last step, to end, does not notice.
    let answer = unsafe { libc::syscall(number, at(0), at(1), at(2), at(3), at(4), at(5)) };
    if answer == -1 { Err(nix::errno::Errno::last_raw()) } else { Ok(answer) }
}
