//! The machines that packages are made for, and what each is called where.

use std::path::Path;

use crate::shell::{Failure, has, output, program};

/// A machine that packages are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `amd64` of Debian.
    X86_64,
    /// `arm64` of Debian.
    Aarch64,
}

impl Target {
    /// The one of this name, which is a Rust target triple.
    pub(crate) fn new(triple: &str) -> Result<Self, Failure> {
        let known = [Self::X86_64, Self::Aarch64];
        let found = known.into_iter().find(|target| target.triple() == triple);
        found.ok_or_else(|| {
            let names = known.map(Self::triple).join(" and ");
            format!("no packages are made for {triple}; there are {names}")
        })
    }

    /// The machine that this runs on.
    pub(crate) fn host() -> Result<Self, Failure> {
        let version = output(program("rustc").arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        Self::new(host.ok_or("rustc -vV does not name the host")?)
    }

    /// As Rust calls it.
    pub(crate) const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// As Debian calls it.
    pub(crate) const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// As the kernel and rpm call it.
    pub(crate) const fn machine(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// Refuses where Rust cannot build for this machine.
    ///
    /// # Errors
    /// Says what to install.
    pub(crate) fn require_library(self) -> Result<(), Failure> {
        let sysroot = output(program("rustc").args(["--print", "sysroot"]))?;
        let triple = self.triple();
        let library = Path::new(sysroot.trim()).join("lib/rustlib").join(triple).join("lib");
        if library.is_dir() {
            return Ok(());
        }
        Err(format!("Rust's library for {triple} is missing: rustup target add {triple}"))
    }

    /// A tool of the GNU tools for this machine, such as `objcopy`.
    ///
    /// # Errors
    /// When it is not installed.
    pub(crate) fn tool(self, name: &str) -> Result<String, Failure> {
        let prefixed = format!("{}-linux-gnu-{name}", self.machine());
        if has(&mut program(&prefixed)) {
            return Ok(prefixed);
        }
        if self == Self::host()? && has(&mut program(name)) {
            return Ok(name.to_owned());
        }
        let machine = self.machine().replace('_', "-");
        Err(format!(
            "{prefixed} is missing: apt-get install gcc-{machine}-linux-gnu \
             binutils-{machine}-linux-gnu libc6-dev-{}-cross",
            self.debian()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_machine_has_its_names() {
        for (triple, debian, machine) in [
            ("x86_64-unknown-linux-gnu", "amd64", "x86_64"),
            ("aarch64-unknown-linux-gnu", "arm64", "aarch64"),
        ] {
            let target = Target::new(triple).unwrap();
            let names = (target.triple(), target.debian(), target.machine());
            assert_eq!(names, (triple, debian, machine));
        }
        assert!(Target::new("x86_64-unknown-linux-musl").is_err());
    }
}
