//! The archives: each kind of package from the tree that is installed.

use std::fs;
use std::path::PathBuf;

use super::manifest::{self, Packages};
use super::stage::Installed;
use super::{Plan, VERSION, said, tools};
use crate::shell::{Failure, call, program};

/// The `.deb` of the programs and that of their symbols.
pub(super) fn debs(
    plan: &Plan,
    tree: &[Installed],
    symbols: &[Installed],
) -> Result<Vec<PathBuf>, Failure> {
    let packages = Packages::read()?;
    let directory = plan.work.join("deb");
    let scripts = directory.join("scripts");
    fs::create_dir_all(&scripts).map_err(|error| said(&scripts, &error))?;
    for name in ["preinst", "postinst", "prerm", "postrm"] {
        let source = crate::shell::root().join("packaging/deb").join(name);
        let path = scripts.join(name);
        fs::write(&path, manifest::script(&source, tree)?).map_err(|error| said(&path, &error))?;
    }
    let mut programs = packages.table("deb")?;
    programs.insert("assets".to_owned(), manifest::deb_assets(tree));
    programs.insert("maintainer-scripts".to_owned(), scripts.display().to_string().into());
    let mut apart = packages.table("deb-symbols")?;
    let version = format!("{VERSION}-{}", plan.revision());
    apart.insert("assets".to_owned(), manifest::deb_assets(symbols));
    apart.insert("depends".to_owned(), format!("waiaas (= {version})").into());
    let mut made = Vec::new();
    for (name, metadata) in [("waiaas", programs), ("waiaas-dbgsym", apart)] {
        let manifest = manifest::write(&directory.join(name), "deb", metadata)?;
        let path = plan.directory.join(format!("{name}_{version}_{}.deb", plan.target.debian()));
        call(
            program(&tools::CARGO_DEB.path()?.display().to_string())
                .args(["--no-build", "--no-strip", "--compress-system", "--quiet"])
                .args(["--deb-version", &version, "--target", plan.target.triple()])
                .arg("--manifest-path")
                .arg(manifest)
                .arg("--output")
                .arg(&path)
                .env("SOURCE_DATE_EPOCH", &plan.source_date),
        )?;
        made.push(path);
    }
    Ok(made)
}
