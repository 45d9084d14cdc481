//! The archives: each kind of package from the tree that is installed.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::manifest::{self, Packages};
use super::stage::{Installed, Kind, Trees};
use super::tools::{CARGO_DEB, CARGO_GENERATE_RPM};
use super::{Plan, VERSION, said};
use crate::shell::{Failure, call, program, root};

/// Packs everything, each kind of package and the symbols apart; returns the archives' paths.
pub(super) fn pack(plan: &Plan, trees: &Trees) -> Result<Vec<PathBuf>, Failure> {
    let packages = Packages::read()?;
    Ok(vec![
        deb(plan, &trees.programs, programs_deb(plan, &packages, &trees.programs)?)?,
        deb(plan, &trees.symbols, symbols_deb(plan, &packages)?)?,
        rpm(plan, &trees.programs, programs_rpm(&packages, &trees.programs)?)?,
        rpm(plan, &trees.symbols, packages.table("rpm-symbols")?)?,
        tarball(plan, &trees.programs)?,
    ])
}

fn programs_deb(plan: &Plan, packages: &Packages, tree: &[Installed]) -> Result<Table, Failure> {
    let scripts = plan.work.join("deb-scripts");
    fs::create_dir_all(&scripts).map_err(|error| said(&scripts, &error))?;
    for name in ["preinst", "postinst", "prerm", "postrm"] {
        let source = root().join("packaging/deb").join(name);
        let path = scripts.join(name);
        fs::write(&path, manifest::script(&source, tree)?).map_err(|error| said(&path, &error))?;
    }
    let mut metadata = packages.table("deb")?;
    metadata.insert("maintainer-scripts".to_owned(), scripts.display().to_string().into());
    Ok(metadata)
}

fn symbols_deb(plan: &Plan, packages: &Packages) -> Result<Table, Failure> {
    let mut metadata = packages.table("deb-symbols")?;
    let depends = format!("waiaas (= {VERSION}-{})", plan.revision());
    metadata.insert("depends".to_owned(), depends.into());
    Ok(metadata)
}

fn deb(plan: &Plan, files: &[Installed], mut metadata: Table) -> Result<PathBuf, Failure> {
    metadata.insert("assets".to_owned(), manifest::deb_assets(files));
    let name = name_in(&metadata);
    let version = format!("{VERSION}-{}", plan.revision());
    let path = plan.directory.join(format!("{name}_{version}_{}.deb", plan.target.debian()));
    let manifest = manifest::write(&plan.work.join("deb").join(&name), "deb", metadata)?;
    let mut cargo_deb = program(&CARGO_DEB.path()?.display().to_string());
    cargo_deb
        .args(["--no-build", "--no-strip", "--compress-system", "--quiet", "--deb-version"])
        .args([&version, "--target", plan.target.triple(), "--manifest-path"])
        .arg(manifest)
        .arg("--output")
        .arg(&path);
    call(cargo_deb.env("SOURCE_DATE_EPOCH", &plan.source_date))?;
    Ok(path)
}

fn programs_rpm(packages: &Packages, tree: &[Installed]) -> Result<Table, Failure> {
    let mut metadata = packages.table("rpm")?;
    for (name, key) in [
        ("pre", "pre_install_script"),
        ("post", "post_install_script"),
        ("preun", "pre_uninstall_script"),
        ("postun", "post_uninstall_script"),
    ] {
        let source = root().join("packaging/rpm").join(name);
        metadata.insert(key.to_owned(), manifest::script(&source, tree)?.into());
    }
    Ok(metadata)
}

fn rpm(plan: &Plan, files: &[Installed], mut metadata: Table) -> Result<PathBuf, Failure> {
    metadata.insert("assets".to_owned(), manifest::rpm_assets(files));
    metadata.insert("release".to_owned(), plan.revision().into());
    let name = name_in(&metadata);
    let machine = plan.target.machine();
    let file = format!("{name}-{VERSION}-{}.{machine}.rpm", plan.revision());
    let path = plan.directory.join(file);
    let directory = plan.work.join("rpm").join(&name);
    manifest::write(&directory, "generate-rpm", metadata)?;
    let mut generate = program(&CARGO_GENERATE_RPM.path()?.display().to_string());
    generate
        .current_dir(directory)
        .args(["--arch", machine, "--payload-compress", "zstd", "--auto-req", "disabled"])
        .args(["--source-date", &plan.source_date, "--output"])
        .arg(&path);
    call(&mut generate)?;
    Ok(path)
}

/// For systems without a package: the same files below one directory.
fn tarball(plan: &Plan, tree: &[Installed]) -> Result<PathBuf, Failure> {
    let name = format!("waiaas-{VERSION}{}", plan.suffix);
    let path = plan.directory.join(format!("{name}-linux-{}.tar.gz", plan.target.machine()));
    let list = plan.work.join("tarball-files");
    let files = tree.iter().filter(|file| file.is_in(Kind::Tarball));
    let names: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    write(&list, &names.join("\n"))?;
    let mut tar = program("tar");
    tar.args(["--create", "--format=gnu", "--use-compress-program=gzip --best --no-name"])
        .args(["--owner=root:0", "--group=root:0", &format!("--mtime=@{}", plan.source_date)])
        .arg(format!("--transform=s,^,{name}/,"))
        .arg("--file")
        .arg(&path)
        .arg("--directory")
        .arg(plan.work.join("root"))
        .arg("--files-from")
        .arg(&list);
    call(&mut tar)?;
    Ok(path)
}

/// Writes the archives' SHA-256 beside them, in the form that `sha256sum --check` reads.
pub(super) fn sums(plan: &Plan, files: &[PathBuf]) -> Result<PathBuf, Failure> {
    let names = files.iter().filter_map(|path| path.file_name());
    let mut command = program("sha256sum");
    let text = crate::shell::output(command.current_dir(&plan.directory).arg("--").args(names))?;
    let path = plan.directory.join(format!("SHA256SUMS{}", plan.suffix));
    write(&path, &text)?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| said(path, &error))
}

fn name_in(metadata: &Table) -> String {
    metadata.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
}
