//! The tree that is installed: which file comes from where, and goes where with which mode.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::build::{self, Program};
use super::{Plan, emptied, said};
use crate::shell::{Failure, output, program, root};

/// A kind of package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deb,
    Rpm,
    Tarball,
}

/// Files that every kind of package has.
const ALL: &[Kind] = &[Kind::Deb, Kind::Rpm, Kind::Tarball];

/// An installed file, ready to be packed. It belongs to root.
#[derive(Debug)]
pub(super) struct Installed {
    /// From the root of the system, without a `/` at its beginning.
    pub(super) path: String,
    pub(super) mode: u32,
    /// Where it lies until it is packed.
    pub(super) source: PathBuf,
    kinds: &'static [Kind],
}

impl Installed {
    /// Whether the kind of package has it.
    pub(super) fn is_in(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// Where the programs go.
const PROGRAMS: &[(&str, &str)] = &[
    ("gatewayd", "usr/libexec/waiaas"),
    ("signerd", "usr/libexec/waiaas"),
    ("waiaas", "usr/bin"),
    ("waiaasctl", "usr/bin"),
];

/// Where the files of `systemd/` go, by the end of their names, and what they are called there.
const UNITS: &[(&str, &str, &str)] = &[
    ("service", "usr/lib/systemd/system", "{}"),
    ("slice", "usr/lib/systemd/system", "{}"),
    ("socket", "usr/lib/systemd/system", "{}"),
    ("target", "usr/lib/systemd/system", "{}"),
    ("timer", "usr/lib/systemd/system", "{}"),
    ("preset", "usr/lib/systemd/system-preset", "80-{}"),
    ("sysusers", "usr/lib/sysusers.d", "waiaas.conf"),
    ("tmpfiles", "usr/lib/tmpfiles.d", "waiaas.conf"),
];

/// Where completions go, and what a program's are called there.
const COMPLETIONS: &[(&str, &str, &str, &[Kind])] = &[
    ("bash", "usr/share/bash-completion/completions", "{}", ALL),
    ("fish", "usr/share/fish/vendor_completions.d", "{}.fish", ALL),
    ("zsh", "usr/share/zsh/vendor-completions", "_{}", &[Kind::Deb]),
    ("zsh", "usr/share/zsh/site-functions", "_{}", &[Kind::Rpm, Kind::Tarball]),
];

/// Where the signer's root has something mounted. Nothing else is in it.
const MOUNT_POINTS: &[&str] = &[
    "dev",
    "etc/waiaas",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr/libexec/waiaas",
    "var/lib/waiaas-signer",
    "var/tmp",
];

/// Single files of the repository; those that end in `.gz` are compressed on the way.
#[rustfmt::skip]
const FILES: &[(&str, &str, &[Kind])] = &[
    ("packaging/etc/gatewayd.toml", "etc/waiaas/gatewayd.toml", ALL),
    ("packaging/etc/signerd.toml", "etc/waiaas/signerd.toml", ALL),
    ("packaging/grafana/waiaas.json", "usr/share/waiaas/grafana/waiaas.json", ALL),
    ("packaging/prometheus/waiaas.rules.yml", "usr/share/waiaas/prometheus/waiaas.rules.yml", ALL),
    ("docs/install.md", "INSTALL.md", &[Kind::Tarball]),
    ("packaging/deb/lintian-overrides", "usr/share/lintian/overrides/waiaas", &[Kind::Deb]),
    ("packaging/deb/copyright", "usr/share/doc/waiaas/copyright", &[Kind::Deb]),
    ("CHANGELOG.md", "usr/share/doc/waiaas/changelog.gz", &[Kind::Deb]),
    ("CHANGELOG.md", "usr/share/doc/waiaas/CHANGELOG.md", &[Kind::Rpm, Kind::Tarball]),
    ("README.md", "usr/share/doc/waiaas/README.md", &[Kind::Rpm, Kind::Tarball]),
    ("LICENSE-APACHE", "usr/share/licenses/waiaas/LICENSE-APACHE", &[Kind::Rpm, Kind::Tarball]),
    ("LICENSE-MIT", "usr/share/licenses/waiaas/LICENSE-MIT", &[Kind::Rpm, Kind::Tarball]),
    (
        "packaging/LICENSE-LGPL-2.1",
        "usr/share/licenses/waiaas/LICENSE-LGPL-2.1",
        &[Kind::Rpm, Kind::Tarball],
    ),
];

/// What is packed.
#[derive(Debug)]
pub(super) struct Trees {
    /// Everything that is installed, in order of its path.
    pub(super) programs: Vec<Installed>,
    /// The symbols of all programs.
    pub(super) symbols: Vec<Installed>,
}

/// Puts everything at its place in the plan's work directory.
pub(super) fn trees(plan: &Plan, programs: &[Program]) -> Result<Trees, Failure> {
    Ok(Trees { programs: tree(plan, programs)?, symbols: symbols(plan, programs)? })
}

fn tree(plan: &Plan, programs: &[Program]) -> Result<Vec<Installed>, Failure> {
    let mut stage = Stage::empty(&plan.work.join("root"))?;
    for program in programs {
        let place = PROGRAMS.iter().find(|(name, _)| *name == program.name);
        let (_, directory) = place.ok_or_else(|| format!("{}: no place for it", program.name))?;
        stage.add(&program.stripped, &format!("{directory}/{}", program.name), 0o755, ALL)?;
    }
    for (source, path, kinds) in FILES {
        stage.add(&root().join(source), path, 0o644, kinds)?;
    }
    for source in files_of("systemd")? {
        let name = name_of(&source);
        let place = UNITS.iter().find(|(end, ..)| name.ends_with(&format!(".{end}")));
        let (_, directory, called) =
            place.ok_or_else(|| format!("systemd/{name}: no place for it"))?;
        stage.add(&source, &format!("{directory}/{}", called.replace("{}", &name)), 0o644, ALL)?;
    }
    for source in files_of("apparmor")? {
        stage.add(&source, &format!("etc/apparmor.d/{}", name_of(&source)), 0o644, ALL)?;
    }
    for source in files_of("packaging/man")? {
        let name = name_of(&source);
        let section = name.rsplit('.').next().unwrap_or_default();
        stage.add(&source, &format!("usr/share/man/man{section}/{name}.gz"), 0o644, ALL)?;
    }
    for point in MOUNT_POINTS {
        let path = format!("usr/lib/waiaas/signer-root/{point}/mount-point");
        stage.add(&root().join("packaging/mount-point"), &path, 0o644, ALL)?;
    }
    let changes = plan.work.join("changelog");
    write(&changes, &super::manifest::debian_changelog(plan)?)?;
    stage.add(&changes, "usr/share/doc/waiaas/changelog.Debian.gz", 0o644, &[Kind::Deb])?;
    let notices = plan.work.join("notices");
    write(&notices, &super::notices::text(plan)?)?;
    stage.add(&notices, "usr/share/doc/waiaas/third-party.txt.gz", 0o644, ALL)?;
    add_pages(plan, &mut stage)?;
    stage.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(stage.files)
}

fn symbols(plan: &Plan, programs: &[Program]) -> Result<Vec<Installed>, Failure> {
    let mut stage = Stage::empty(&plan.work.join("symbols"))?;
    for program in programs {
        let directory = program.build_id.get(..2).unwrap_or_default();
        let name = name_of(&program.symbols);
        let path = format!("usr/lib/debug/.build-id/{directory}/{name}");
        stage.add(&program.symbols, &path, 0o644, ALL)?;
    }
    let copyright = root().join("packaging/deb/copyright");
    let overrides = root().join("packaging/deb/lintian-overrides-dbgsym");
    for (source, path) in [
        (&copyright, "usr/share/doc/waiaas-dbgsym/copyright"),
        (&plan.work.join("changelog"), "usr/share/doc/waiaas-dbgsym/changelog.Debian.gz"),
        (&overrides, "usr/share/lintian/overrides/waiaas-dbgsym"),
    ] {
        stage.add(source, path, 0o644, &[Kind::Deb])?;
    }
    Ok(stage.files)
}

/// Man pages and completions, which the tool makes of its own commands.
fn add_pages(plan: &Plan, stage: &mut Stage) -> Result<(), Failure> {
    let tool = build::tool_of_this_machine(plan)?.display().to_string();
    let pages = plan.work.join("man");
    emptied(&pages)?;
    output(program(&tool).arg("man").arg(&pages))?;
    for page in entries(&pages)? {
        stage.add(&page, &format!("usr/share/man/man1/{}.gz", name_of(&page)), 0o644, ALL)?;
    }
    for (shell, directory, called, kinds) in COMPLETIONS {
        for of in ["waiaas", "waiaasctl"] {
            let script = output(program(&tool).args(["completions", shell, "--program", of]))?;
            let source = plan.work.join(format!("completions-{shell}-{of}"));
            write(&source, &script)?;
            let path = format!("{directory}/{}", called.replace("{}", of));
            stage.add(&source, &path, 0o644, kinds)?;
        }
    }
    Ok(())
}

/// A directory that a tree is built in.
struct Stage {
    directory: PathBuf,
    files: Vec<Installed>,
}

impl Stage {
    fn empty(directory: &Path) -> Result<Self, Failure> {
        emptied(directory)?;
        Ok(Self { directory: directory.to_owned(), files: Vec::new() })
    }

    fn add(
        &mut self,
        source: &Path,
        path: &str,
        mode: u32,
        kinds: &'static [Kind],
    ) -> Result<(), Failure> {
        let plain = self.directory.join(path.strip_suffix(".gz").unwrap_or(path));
        if let Some(parent) = plain.parent() {
            fs::create_dir_all(parent).map_err(|error| said(parent, &error))?;
        }
        fs::copy(source, &plain).map_err(|error| said(source, &error))?;
        fs::set_permissions(&plain, fs::Permissions::from_mode(mode))
            .map_err(|error| said(&plain, &error))?;
        let source = self.directory.join(path);
        if source != plain {
            output(program("gzip").args(["--best", "--no-name", "--force"]).arg(&plain))?;
        }
        self.files.push(Installed { path: path.to_owned(), mode, source, kinds });
        Ok(())
    }
}

/// The files of a directory of the repository; none where there is no such directory.
fn files_of(directory: &str) -> Result<Vec<PathBuf>, Failure> {
    let directory = root().join(directory);
    if directory.exists() { entries(&directory) } else { Ok(Vec::new()) }
}

/// The files of a directory, in order of their names.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| said(directory, &error))? {
        let path = entry.map_err(|error| said(directory, &error))?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| said(path, &error))
}
