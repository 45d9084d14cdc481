//! Units, users, directories and AppArmor profiles, checked without booting anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::shell::{Failure, need, program, root};

/// How exposed a service may be, in tenths, as `systemd-analyze security` counts.
const EXPOSURE: &[(&str, u32)] = &[
    ("waiaas-signerd.service", 1),
    ("waiaas-gatewayd.service", 11),
    ("waiaas-lockdown.service", 5),
    ("waiaas-backup.service", 9),
];

/// What a systemd before 257 (Debian 12, RHEL 9) says of a line that it does not know, each of which
/// stands after one that it does know.
const NEWER: &[&str] = &[
    "Unknown key 'RestartMode' in section [Service], ignoring.",
    "Unknown key name 'RestartMode' in section 'Service', ignoring.",
    "Failed to parse boolean value, ignoring: identity",
    "PrivateUsers=, ignoring: identity",
];

/// Where a program of a unit is expected, so that it is found.
const PROGRAMS: &[&str] =
    &["usr/libexec/waiaas/signerd", "usr/libexec/waiaas/gatewayd", "usr/bin/waiaasctl"];

/// A root directory with the system's own units and ours in it.
struct Scene {
    directory: TempDir,
}

/// Checks all of it; what was left out, if anything was.
pub(crate) fn check() -> Result<Option<String>, Failure> {
    need("systemd-analyze", "systemd")?;
    need("apparmor_parser", "apparmor")?;
    let scene = Scene::new().map_err(|error| format!("a scene for the units: {error}"))?;
    scene.verify()?;
    for (unit, tenths) in EXPOSURE {
        let mut command = program("systemd-analyze");
        command.args(["security", "--no-pager", "--offline=true"]);
        command.arg(format!("--threshold={tenths}")).arg(scene.unit(unit));
        quietly(&mut command)?;
        println!("{unit}: exposure at most {}.{}", tenths / 10, tenths % 10);
    }
    check_profiles()?;
    if !tests::process::is_root() {
        return Ok(Some("only root can make users and directories".to_owned()));
    }
    scene.make_users_and_directories().map(|()| None)
}

impl Scene {
    fn new() -> std::io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let units = directory.path().join("usr/lib/systemd/system");
        fs::create_dir_all(&units)?;
        fs::create_dir(directory.path().join("etc"))?;
        for file in fs::read_dir("/usr/lib/systemd/system")?.filter_map(Result::ok) {
            if file.metadata()?.is_file() {
                fs::copy(file.path(), units.join(file.file_name()))?;
            }
        }
        for path in ours().iter().filter(|path| is_unit(path)) {
            fs::copy(path, units.join(path.file_name().unwrap_or_default()))?;
        }
        for name in PROGRAMS {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            fs::write(&path, "")?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        fs::create_dir(directory.path().join("bin"))?;
        fs::copy("/bin/true", directory.path().join("bin/sh"))?;
        Ok(Self { directory })
    }

    fn unit(&self, name: &str) -> PathBuf {
        self.directory.path().join("usr/lib/systemd/system").join(name)
    }

    /// What systemd says of our units, and nothing that it says of others.
    fn verify(&self) -> Result<(), Failure> {
        let mut command = program("systemd-analyze");
        command.args(["verify", "--man=no"]);
        command.arg(format!("--root={}", self.directory.path().display()));
        for path in ours().iter().filter(|path| is_unit(path)) {
            command.arg(self.unit(&path.file_name().unwrap_or_default().to_string_lossy()));
        }
        let output = command.output().map_err(|error| format!("systemd-analyze: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let faults: Vec<_> = said
            .lines()
            .filter(|line| line.contains("waiaas"))
            .filter(|line| !NEWER.iter().any(|known| line.ends_with(known)))
            .collect();
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        if !output.status.success() {
            return Err(format!("systemd-analyze verify: {}\n{said}", output.status));
        }
        println!("systemd-analyze verify: nothing to say");
        Ok(())
    }

    /// Users, group and directories are made in the scene, where the ids are its own.
    fn make_users_and_directories(&self) -> Result<(), Failure> {
        let in_scene = format!("--root={}", self.directory.path().display());
        let users = root().join("systemd/waiaas.sysusers");
        quietly(program("systemd-sysusers").arg(&in_scene).arg(users))?;
        let settings = self.directory.path().join("etc/waiaas/gatewayd.toml");
        let written = settings.parent().map_or(Ok(()), fs::create_dir_all);
        written.and_then(|()| fs::write(&settings, "")).map_err(|error| error.to_string())?;
        let directories = root().join("systemd/waiaas.tmpfiles");
        quietly(program("systemd-tmpfiles").args([&in_scene, "--create"]).arg(directories))?;
        for (path, mode) in [
            ("run/waiaas", 0o755),
            ("etc/credstore.encrypted", 0o700),
            ("var/backups/waiaas", 0o700),
            ("etc/waiaas/gatewayd.toml", 0o640),
        ] {
            let made = fs::metadata(self.directory.path().join(path));
            let made = made.map_err(|error| format!("waiaas.tmpfiles: /{path}: {error}"))?;
            if made.permissions().mode() & 0o7777 != mode {
                return Err(format!("waiaas.tmpfiles: /{path} is not {mode:o}"));
            }
        }
        println!("users, group and directories: as they should be");
        Ok(())
    }
}

/// Profiles are compiled to the end, and not loaded: that needs no AppArmor in this kernel.
fn check_profiles() -> Result<(), Failure> {
    for profile in files(&root().join("apparmor"))? {
        quietly(program("apparmor_parser").args(["-Q", "-K", "-T"]).arg(&profile))?;
    }
    println!("apparmor_parser: every profile compiles");
    Ok(())
}

fn ours() -> Vec<PathBuf> {
    files(&root().join("systemd")).unwrap_or_default()
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let found =
        fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<_> = found
        .filter_map(Result::ok)
        .map(|file| file.path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    Ok(paths)
}

fn is_unit(path: &Path) -> bool {
    let kinds = ["service", "slice", "socket", "target", "timer"];
    path.extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known))
}

/// Runs to the end; what it prints is shown where it fails.
fn quietly(command: &mut Command) -> Result<(), Failure> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?}: {}", output.status))
}
