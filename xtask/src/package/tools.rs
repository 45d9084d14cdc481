//! The tools that write the packages, of the versions that they were tried with.

use std::path::PathBuf;

use crate::shell::{Failure, call, cargo, output, program};

/// A Cargo command that is installed under the target directory where it is missing.
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
    /// Options of `cargo install`.
    options: &'static [&'static str],
}

/// Without its own compression: `xz` of the system is called.
pub(super) const CARGO_DEB: Tool =
    Tool { name: "cargo-deb", version: "3.8.0", options: &["--no-default-features"] };

/// It has no features to leave out, and most of its 270 crates are for signing, which is not used.
pub(super) const CARGO_GENERATE_RPM: Tool =
    Tool { name: "cargo-generate-rpm", version: "0.21.1", options: &[] };

impl Tool {
    /// Where it is; it is installed first where it is missing or of another version.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        let root = tests::process::target_directory().join("tools");
        let path = root.join("bin").join(self.name);
        if path.exists() && self.is_right(&path) {
            return Ok(path);
        }
        let version = format!("{}@{}", self.name, self.version);
        // Optimised a little: they compress for seconds, and more of it would take minutes.
        let mut install = cargo("install --locked --force");
        install.arg(&version).args(self.options).arg("--root").arg(&root);
        install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        call(&mut install).map_err(|why| format!("{version} cannot be installed: {why}"))?;
        Ok(path)
    }

    fn is_right(&self, path: &std::path::Path) -> bool {
        let mut version = program(&path.display().to_string());
        output(version.arg("--version")).is_ok_and(|text| text.contains(self.version))
    }
}
