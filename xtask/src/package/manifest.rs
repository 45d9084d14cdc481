//! What the packages say about themselves, in the form that the tools read: a `Cargo.toml` each, made
//! from `packaging/packages.toml` and the tree that is installed.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::stage::{Installed, Kind};
use super::{Plan, VERSION, said};
use crate::shell::{Failure, output, program, root};

/// The tables of `packaging/packages.toml`.
pub(super) struct Packages(Table);

impl Packages {
    pub(super) fn read() -> Result<Self, Failure> {
        let path = root().join("packaging/packages.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
        text.parse().map(Self).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The table of this name.
    pub(super) fn table(&self, name: &str) -> Result<Table, Failure> {
        let Self(tables) = self;
        let found = tables.get(name).and_then(Value::as_table).cloned();
        found.ok_or_else(|| format!("packaging/packages.toml: no table [{name}]"))
    }
}

/// Writes a manifest for one of the tools, whose section is `section`; returns its path.
pub(super) fn write(directory: &Path, section: &str, metadata: Table) -> Result<PathBuf, Failure> {
    let name = metadata.get("name").cloned().ok_or("packaging/packages.toml: no name")?;
    let mut package = Packages::read()?.table("package")?;
    package.insert("name".to_owned(), name);
    package.insert("version".to_owned(), VERSION.into());
    package.insert("metadata".to_owned(), table([(section, metadata.into())]).into());
    let manifest = table([
        ("package", package.into()),
        ("lib", table([("path", "empty.rs".into())]).into()),
        ("workspace", Table::new().into()),
    ]);
    let text = toml::to_string(&manifest).map_err(|error| error.to_string())?;
    let path = directory.join("Cargo.toml");
    std::fs::create_dir_all(directory).map_err(|error| said(directory, &error))?;
    std::fs::write(directory.join("empty.rs"), "").map_err(|error| said(directory, &error))?;
    std::fs::write(&path, text).map_err(|error| said(&path, &error))?;
    Ok(path)
}

/// The files of a kind of package, as cargo-deb wants them.
pub(super) fn deb_assets(files: &[Installed]) -> Value {
    let files = files.iter().filter(|file| file.is_in(Kind::Deb));
    let assets = files.map(|file| {
        let source = file.source.display().to_string();
        Value::from(vec![source, file.path.clone(), format!("{:o}", file.mode)])
    });
    assets.collect::<Vec<_>>().into()
}

/// The files of a kind of package, as cargo-generate-rpm wants them. It cannot own a directory: the
/// scriptlets remove those that get empty.
pub(super) fn rpm_assets(files: &[Installed]) -> Value {
    let files = files.iter().filter(|file| file.is_in(Kind::Rpm));
    let assets = files.map(|file| {
        let mut asset = table([
            ("source", file.source.display().to_string().into()),
            ("dest", format!("/{}", file.path).into()),
            ("mode", format!("{:o}", file.mode).into()),
        ]);
        if file.path.starts_with("etc/") {
            asset.insert("config".to_owned(), "noreplace".into());
        } else if file.path.starts_with("usr/share/doc/") || file.path.contains("/man/") {
            asset.insert("doc".to_owned(), true.into());
        }
        asset
    });
    assets.map(Value::from).collect::<Vec<_>>().into()
}

/// A maintainer script with what it has to know: our units, our profiles, this version.
pub(super) fn script(source: &Path, files: &[Installed]) -> Result<String, Failure> {
    let text = std::fs::read_to_string(source).map_err(|error| said(source, &error))?;
    Ok(text
        .replace("@UNITS@", &units(files).join(" "))
        .replace("@PROFILES@", &names_in(files, "etc/apparmor.d/").join(" "))
        .replace("@VERSION@", VERSION))
}

/// The units that can be started, stopped and enabled.
fn units(files: &[Installed]) -> Vec<&str> {
    let ends = [".service", ".socket", ".target", ".timer"];
    let mut units = names_in(files, "usr/lib/systemd/system/");
    units.retain(|name| ends.iter().any(|end| name.ends_with(end)));
    units
}

fn names_in<'a>(files: &'a [Installed], directory: &str) -> Vec<&'a str> {
    files.iter().filter_map(|file| file.path.strip_prefix(directory)).collect()
}

/// The changelog of the `.deb`: what changed in the program is beside it.
pub(super) fn debian_changelog(plan: &Plan) -> Result<String, Failure> {
    let maintainer = Packages::read()?.table("deb")?;
    let maintainer = maintainer.get("maintainer").and_then(Value::as_str).unwrap_or_default();
    let date = format!("--date=@{}", plan.source_date);
    let date = output(program("date").args(["--utc", "--rfc-email", &date]))?;
    Ok(format!(
        "waiaas ({VERSION}-{revision}) unstable; urgency=medium\n\n  \
         * Packages of version {VERSION}; what changed is in changelog.gz.\n\n \
         -- {maintainer}  {date}",
        revision = plan.revision(),
    ))
}

/// A table of these rows.
pub(super) fn table<const N: usize>(rows: [(&str, Value); N]) -> Table {
    rows.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
