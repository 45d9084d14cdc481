//! seccomp: the listed system calls alone, with the listed arguments.

use std::collections::BTreeMap;
use std::io;

use nix::errno::Errno;
use nix::unistd::getsid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use crate::proc_status::ProcStatus;
use crate::{SandboxError, in_force, refused};

/// What the trial filter answers: an error that the call it is tried with never gives otherwise.
const TRIAL_ERROR: Errno = Errno::ENOTNAM;
const TRIAL_ANSWER: u16 = 118; // the number of TRIAL_ERROR; a test compares
/// `ENOSYS`
const NO_SUCH_CALL: u16 = 38;

/// A system call that a process may make. Several rows of one call are alternatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// As in `syscalls(2)`.
    pub name: &'static str,
    /// This machine's number of it.
    pub number: libc::c_long,
    /// All of these must hold.
    pub when: &'static [Argument],
    /// What needs it.
    pub why: &'static str,
}

/// A row of a table: `call!(SYS_read, "requests")`, or with what must hold of its arguments,
/// `call!(SYS_fcntl if [Argument::is(1, F_GETFL)], "..")`.
#[macro_export]
macro_rules! call {
    ($number:ident, $why:literal) => {
        $crate::call!($number if [], $why)
    };
    ($number:ident if $when:expr, $why:literal) => {
        $crate::Call {
            name: stringify!($number).split_at("SYS_".len()).1,
            number: $crate::libc::$number,
            when: &$when,
            why: $why,
        }
    };
}

/// What must hold of an argument's lower 32 bits, which is all that flags, commands and descriptors
/// have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Which one, from 0 on.
    index: u8,
    /// These bits of it
    mask: u32,
    /// are these.
    value: u32,
}

impl Argument {
    /// It is `value`.
    pub const fn is(index: u8, value: i32) -> Self {
        Self { index, mask: u32::MAX, value: value.cast_unsigned() }
    }

    /// It has all bits of `bits`, and may have others.
    pub const fn has(index: u8, bits: i32) -> Self {
        Self { index, mask: bits.cast_unsigned(), value: bits.cast_unsigned() }
    }

    /// It has no bit of `bits`.
    pub const fn lacks(index: u8, bits: i32) -> Self {
        Self { index, mask: bits.cast_unsigned(), value: 0 }
    }

    /// It has no bit but those of `bits`.
    pub const fn within(index: u8, bits: i32) -> Self {
        Self::lacks(index, !bits)
    }

    fn condition(self) -> Result<SeccompCondition, BackendError> {
        let masked = SeccompCmpOp::MaskedEq(self.mask.into());
        SeccompCondition::new(self.index, SeccompCmpArgLen::Dword, masked, self.value.into())
    }
}

impl Call {
    /// Whether it allows a call with these arguments, as the kernel will judge it.
    pub fn allows(&self, number: libc::c_long, arguments: [u64; 6]) -> bool {
        let holds = |argument: &Argument| {
            arguments
                .get(usize::from(argument.index))
                .is_some_and(|value| value & u64::from(argument.mask) == argument.value.into())
        };
        self.number == number && self.when.iter().all(holds)
    }

    fn rule(&self) -> Result<Option<SeccompRule>, BackendError> {
        if self.when.is_empty() {
            return Ok(None);
        }
        let conditions: Result<Vec<_>, _> =
            self.when.iter().map(|argument| argument.condition()).collect();
        SeccompRule::new(conditions?).map(Some)
    }
}

/// What loading a filter takes.
const LOADING: &[Call] = &[
    call!(SYS_prctl if [Argument::is(0, libc::PR_SET_NO_NEW_PRIVS)], "a filter is loaded"),
    call!(SYS_seccomp, "a filter is loaded"),
];

/// What [`crate::Hardened::confine`] takes beside that.
const CONFINING: &[Call] = &[
    call!(SYS_getsid, "the filter is tried"),
    call!(SYS_capget, "capabilities are read"),
    call!(SYS_capset, "capabilities are given up"),
    call!(SYS_prctl if [Argument::is(0, libc::PR_CAP_AMBIENT)], "capabilities are given up"),
    call!(SYS_prctl if [Argument::is(0, libc::PR_CAPBSET_READ)], "capabilities are read"),
    call!(SYS_prctl if [Argument::is(0, libc::PR_CAPBSET_DROP)], "capabilities are given up"),
    call!(SYS_landlock_create_ruleset, "Landlock"),
    call!(SYS_landlock_add_rule, "Landlock"),
    call!(SYS_landlock_restrict_self, "Landlock"),
    call!(SYS_openat, "places are named, the status is read"),
    call!(SYS_statx, "the status is read"),
    call!(SYS_lseek, "the status is read"),
    call!(SYS_read, "the status is read"),
    call!(SYS_close, "files are closed"),
    call!(SYS_fcntl if [Argument::is(1, libc::F_GETFD)], "a debug build checks what it closes"),
    call!(SYS_newfstatat, "Landlock"),
    call!(SYS_fstat, "Landlock, from glibc 2.39 on"),
    call!(SYS_getrandom, "capabilities are kept in hash sets"),
    call!(SYS_brk, "memory of the heap"),
    call!(SYS_mmap if [Argument::lacks(2, libc::PROT_EXEC)], "memory of the heap"),
    call!(SYS_mremap, "memory of the heap"),
    call!(SYS_munmap, "memory of the heap"),
];

/// Ends the process at any call that is neither in `tables` nor needed to confine it further.
pub(crate) fn limit(status: &ProcStatus, tables: &[&[Call]]) -> Result<(), SandboxError> {
    if !status.has_seccomp() {
        return Ok(());
    }
    let tables = [&[LOADING, CONFINING], tables].concat();
    load(&tables, SeccompAction::Allow, SeccompAction::KillProcess)?;
    in_force("seccomp", Ok(status.has_gained_filters(1)?))
}

/// Ends the process at any call that is not in `calls`. The word for it; `None` where the kernel has
/// no seccomp.
///
/// A filter that kills cannot be tried without dying of it. So the same table is first put in force
/// with an error as its answer, which is tried, and then on top of it with the end of the process,
/// which goes before any error.
pub(crate) fn allow_only(
    status: &ProcStatus,
    calls: &[Call],
    unavailable: &[Call],
) -> Result<Option<&'static str>, SandboxError> {
    if !status.has_seccomp() {
        return Ok(None);
    }
    let mut loaded = 2; // the trial's and the last
    if !unavailable.is_empty() {
        load(&[unavailable], SeccompAction::Errno(NO_SUCH_CALL.into()), SeccompAction::Allow)?;
        loaded = 3;
    }
    // The filter before this one answers what is unavailable; these two let it through.
    let trial = SeccompAction::Errno(TRIAL_ANSWER.into());
    load(&[calls, unavailable, LOADING], SeccompAction::Allow, trial)?;
    in_force("seccomp", Ok(getsid(None) == Err(TRIAL_ERROR)))?;
    load(&[calls, unavailable], SeccompAction::Allow, SeccompAction::KillProcess)?;
    in_force("seccomp", Ok(status.has_gained_filters(loaded)?))?;
    Ok(Some("seccomp"))
}

/// Puts a filter in force that answers the calls of `tables` with `listed`, and any other with
/// `otherwise`.
fn load(
    tables: &[&[Call]],
    listed: SeccompAction,
    otherwise: SeccompAction,
) -> Result<(), SandboxError> {
    let program = compile(tables, listed, otherwise).map_err(SandboxError::Table)?;
    seccompiler::apply_filter(&program).map_err(|error| refused("seccomp")(io::Error::other(error)))
}

fn compile(
    tables: &[&[Call]],
    listed: SeccompAction,
    otherwise: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let mut rules = BTreeMap::<_, Vec<SeccompRule>>::new();
    let mut unconditional = Vec::new();
    for call in tables.iter().copied().flatten() {
        let of_call = rules.entry(call.number).or_default();
        match call.rule()? {
            Some(rule) => of_call.push(rule),
            None => unconditional.push(call.number),
        }
    }
    for number in unconditional {
        // No rule is how the compiler is told that any arguments will do.
        rules.insert(number, Vec::new());
    }
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, otherwise, listed, architecture)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_the_trial_is_the_error_that_is_looked_for() {
        assert_eq!(Errno::from_raw(TRIAL_ANSWER.into()), TRIAL_ERROR);
        assert_eq!(Errno::from_raw(NO_SUCH_CALL.into()), Errno::ENOSYS);
    }

    #[test]
    fn a_row_allows_the_arguments_that_it_names_and_no_others() {
        let flags = libc::O_CLOEXEC | libc::O_CREAT;
        let rows: [(Argument, &[i32], &[i32]); 4] = [
            (Argument::is(1, 3), &[3], &[0, 1, 2, 4, -3]),
            (Argument::has(1, 6), &[6, 7, -1], &[0, 2, 4]),
            (Argument::lacks(1, libc::PROT_EXEC), &[0, 3], &[4, 7, -1]),
            (Argument::within(1, flags), &[0, flags, libc::O_CREAT], &[libc::O_PATH, -1]),
        ];
        for (argument, allowed, denied) in rows {
            let when: &'static [Argument] = vec![argument].leak();
            let call = Call { when, ..call!(SYS_fcntl, "a test") };
            let judge = |value: &i32| {
                call.allows(libc::SYS_fcntl, [0, u64::from(value.cast_unsigned()), 0, 0, 0, 0])
            };
            assert!(allowed.iter().all(judge), "{argument:?}");
            assert!(!denied.iter().any(judge), "{argument:?}");
        }
        assert!(!call!(SYS_read, "a test").allows(libc::SYS_write, [0; 6]));
        assert_eq!(call!(SYS_read, "a test").name, "read");
    }

    #[test]
    fn a_table_is_compiled_for_this_machine_in_a_few_hundred_steps() {
        let program =
            compile(&[CONFINING, LOADING], SeccompAction::Allow, SeccompAction::KillProcess)
                .unwrap();
        assert!((20..400).contains(&program.len()), "{}", program.len());
    }
}
