//! A stack that is secret memory.
//!
//! The crates that compute with keys leave parts of them on the stack, whatever they promise. So
//! that work runs on a stack in a [`SecretRegion`], by switching to it and back (`makecontext(3)`)
//! within the calling thread: a second thread would keep its control block there too, and the kernel
//! cannot wake the one who joins it through `memfd_secret(2)` pages.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use nix::libc;

use super::region::{MemoryError, SecretRegion};

/// Runs `work` on a stack of `size` bytes of secret memory, which is wiped afterwards. What overruns
/// it ends the process. A child that is forked meanwhile has no stack and ends at once.
///
/// # Errors
/// When there is no such memory; `work` was not run then.
///
/// # Panics
/// When `work` does.
pub fn on_secret_stack<R>(size: NonZeroUsize, work: impl FnOnce() -> R) -> Result<R, MemoryError> {
    let mut region = SecretRegion::new(size)?;
    let mut work = Some(work);
    let mut outcome = None;
    let mut call = || {
        // A panic must not unwind into the C frames under the switch.
        outcome = work.take().map(|work| catch_unwind(AssertUnwindSafe(work)));
    };
    region.write(|stack| switch_to(stack, &mut call));
    match outcome.expect("the switch returns after the call") {
        Ok(result) => Ok(result),
        Err(panic) => resume_unwind(panic),
    }
}

type Call<'a> = &'a mut dyn FnMut();

thread_local! {
    /// What [`enter`] is to call: `makecontext` passes nothing wider than an `int` portably.
    static CALL: Cell<*mut Call<'static>> = const { Cell::new(ptr::null_mut()) };
}

/// Calls `call` with its frames in `stack`.
fn switch_to(stack: &mut [u8], mut call: Call<'_>) {
    let mut home = MaybeUninit::<libc::ucontext_t>::zeroed();
    let mut away = MaybeUninit::<libc::ucontext_t>::zeroed();
    // SAFETY: `away` is writable memory of the right type, and all zeros is a value of it.
    let away = unsafe { away.assume_init_mut() };
    // SAFETY: `away` is a valid place for a context.
    let got = unsafe { libc::getcontext(away) };
    assert_eq!(got, 0, "reading one's own context cannot fail");
    away.uc_stack.ss_sp = stack.as_mut_ptr().cast();
    away.uc_stack.ss_size = stack.len();
    away.uc_link = home.as_mut_ptr();
    // SAFETY: `away` came from `getcontext`, its stack is ours for the duration of this call, and
    // `enter` takes no arguments.
    unsafe { libc::makecontext(away, enter, 0) };
    CALL.set(ptr::from_mut(&mut call).cast());
    // SAFETY: `home` is where `away` returns to when `enter` ends, which is before this function
    // returns; so `stack`, `call` and both contexts outlive what uses them.
    let switched = unsafe { libc::swapcontext(home.as_mut_ptr(), away) };
    CALL.set(ptr::null_mut());
    assert_eq!(switched, 0, "the stack is far larger than a frame");
}

extern "C" fn enter() {
    // SAFETY: `switch_to` has just stored a pointer to its `call`, and waits for this function.
    let call = unsafe { &mut *CALL.get() };
    call();
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: NonZeroUsize = NonZeroUsize::new(256 * 1024).unwrap();

    #[test]
    fn work_runs_on_the_other_stack_and_returns_its_result() {
        let here = 0_u8;
        let (inner, sum) = on_secret_stack(SIZE, || {
            let there = 0_u8;
            let numbers: Vec<u64> = (0..1_000).collect();
            (ptr::from_ref(&there).addr(), numbers.iter().sum::<u64>())
        })
        .unwrap();
        assert_eq!(sum, 499_500);
        assert!(inner.abs_diff(ptr::from_ref(&here).addr()) > SIZE.get());
    }

    #[test]
    fn a_panic_comes_back_to_the_caller() {
        let result = catch_unwind(|| on_secret_stack(SIZE, || panic!("on purpose")));
        let payload = result.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    }

    #[test]
    fn files_and_sockets_work_with_buffers_on_the_stack() {
        use std::io::{Read, Write};
        on_secret_stack(SIZE, || {
            let (mut left, mut right) = std::os::unix::net::UnixStream::pair().unwrap();
            left.write_all(&[7; 300]).unwrap();
            let mut received = [0; 300];
            right.read_exact(&mut received).unwrap();
            assert_eq!(received, [7; 300]);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&received).unwrap();
            file.sync_all().unwrap();
        })
        .unwrap();
    }

    #[test]
    fn one_secret_stack_can_start_another() {
        let nested = on_secret_stack(SIZE, || on_secret_stack(SIZE, || 7).unwrap() + 1);
        assert_eq!(nested, Ok(8));
    }
}
