//! The layer `package` of the tests: the packages are made, and hold what they should and no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::build::{self, Places, Program};
use super::stage::{self, Trees};
use super::target::Target;
use super::{Plan, archive, said, sbom};
use crate::shell::{Failure, call, has, need, output, program, root};

/// The newest symbols of glibc that the programs may need: those of EL 9, older than Debian 12's.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

/// Bytes of a package for Debian at most.
const LARGEST: u64 = 12 << 20;

/// The libraries that a program may need, beside the loader.
const LIBRARIES: &[&str] = &["libc.so.6", "libgcc_s.so.1", "libm.so.6"];

/// Makes the packages and looks into them; returns what could not be looked at here.
pub(crate) fn run() -> Result<Vec<Failure>, Failure> {
    let plan = Plan::new(Target::host()?, "")?;
    let programs = build::programs(&plan)?;
    for program in &programs {
        check_linking(program)?;
        check_paths(&plan, program)?;
    }
    let trees = stage::trees(&plan, &programs)?;
    let files = archive::pack(&plan, &trees)?;
    check_contents(&files)?;
    check_bills(&plan)?;
    check_again(&plan, &programs, &files)?;
    let skipped = lint(&files)?;
    print_sizes(&trees, &files);
    check_sizes(&files)?;
    Ok(skipped)
}

/// The signer needs nothing but the kernel; the others a system that is not too old.
fn check_linking(linked: &Program) -> Result<(), Failure> {
    let name = linked.name;
    let headers = readelf("--program-headers", &linked.stripped)?;
    let dynamic = readelf("--dynamic", &linked.stripped)?;
    if !headers.contains("Elf file type is DYN") {
        return Err(format!("{name}: can be loaded at one address only"));
    }
    let needed: Vec<&str> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']')))
        .collect();
    if name == "signerd" {
        return if headers.contains("INTERP") || !needed.is_empty() {
            Err(format!("{name}: is not linked statically: {needed:?}"))
        } else {
            Ok(())
        };
    }
    let known = |library: &&str| LIBRARIES.contains(library) || library.starts_with("ld-linux-");
    if let Some(other) = needed.iter().find(|library| !known(library)) {
        return Err(format!("{name}: needs {other}, which the packages do not ask for"));
    }
    let newest = glibc_versions(&readelf("--version-info", &linked.stripped)?).into_iter().max();
    match newest {
        Some(newest) if newest <= NEWEST_GLIBC => Ok(()),
        other => Err(format!("{name}: needs glibc {other:?}, more than {NEWEST_GLIBC:?}")),
    }
}

fn readelf(option: &str, path: &Path) -> Result<String, Failure> {
    output(program("readelf").args(["--wide", option]).arg(path))
}

/// The versions in words such as `GLIBC_2.34`.
fn glibc_versions(text: &str) -> BTreeSet<(u32, u32)> {
    let version = |word: &str| {
        let (major, rest) = word.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    text.split("GLIBC_").skip(1).filter_map(version).collect()
}

/// Nothing in a program says where it was built.
fn check_paths(plan: &Plan, built: &Program) -> Result<(), Failure> {
    let whole = build::linked(plan.target)?.join(built.name);
    for place in Places::find()?.paths() {
        let place = place.display().to_string();
        if !found_in(&whole, &["--fixed-strings", &place])?.is_empty() {
            return Err(format!("{}: {place} is in it", built.name));
        }
    }
    Ok(())
}

/// What grep finds in a program, a line each; nothing where there is nothing.
fn found_in(path: &Path, pattern: &[&str]) -> Result<String, Failure> {
    let mut grep = program("grep");
    grep.args(["--text", "--only-matching"]).args(pattern).arg(path).env("LC_ALL", "C");
    let found = grep.output().map_err(|error| format!("grep: {error}"))?;
    match found.status.code() {
        Some(0 | 1) => Ok(String::from_utf8_lossy(&found.stdout).into_owned()),
        _ => Err(format!("grep: {}", String::from_utf8_lossy(&found.stderr))),
    }
}

/// A kind of archive as the list calls it, the end of its name, and what lists its files.
type Kind = (&'static str, &'static str, fn(&Path) -> Result<Vec<String>, Failure>);

static KINDS: &[Kind] =
    &[("deb", ".deb", deb_files), ("rpm", ".rpm", rpm_files), ("tar", ".tar.gz", tar_files)];

/// What is in the archives is what `packaging/contents.txt` says, file for file.
fn check_contents(files: &[PathBuf]) -> Result<(), Failure> {
    let path = root().join("packaging/contents.txt");
    let text = std::fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
    let mut changes = Vec::new();
    for (kind, end, list) in KINDS {
        let expected: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(kinds, _)| kinds.split(' ').any(|listed| listed == *kind))
            .map(|(_, file)| file.to_owned())
            .collect();
        let archive = files.iter().find(|path| super::is_of_programs(path, end));
        let archive = archive.ok_or_else(|| format!("no {end} was made"))?;
        let found: BTreeSet<String> = list(archive)?.iter().map(|line| folded(line)).collect();
        changes.extend(found.difference(&expected).map(|file| format!("+ {kind}: {file}")));
        changes.extend(expected.difference(&found).map(|file| format!("- {kind}: {file}")));
    }
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!("packaging/contents.txt is not what is packed:\n{}", changes.join("\n")))
}

/// One line for the many pages of the tool's commands.
fn folded(line: &str) -> String {
    match line.split_once("/man1/waiaas") {
        Some((before, _)) => format!("{before}/man1/waiaas*.1.gz"),
        None => line.to_owned(),
    }
}

/// Lines such as `-rw-r--r-- root/root usr/bin/waiaas`; of directories none.
fn deb_files(path: &Path) -> Result<Vec<String>, Failure> {
    Ok(listing(&output(program("dpkg-deb").arg("--contents").arg(path))?, "./"))
}

fn tar_files(path: &Path) -> Result<Vec<String>, Failure> {
    let name = format!("waiaas-{}/", super::VERSION);
    Ok(listing(&output(program("tar").args(["--list", "--verbose", "--file"]).arg(path))?, &name))
}

/// What `tar --verbose` prints, without sizes and times.
fn listing(text: &str, below: &str) -> Vec<String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [mode, owner, .., path] = words.as_slice() else { return None };
        let owner = owner.replace("0/0", "root/root");
        let path = path.trim_start_matches(below);
        (!mode.starts_with('d')).then(|| format!("{mode} {owner} {path}"))
    };
    text.lines().filter_map(line).collect()
}

fn rpm_files(path: &Path) -> Result<Vec<String>, Failure> {
    let form = "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]";
    let mut rpm = program("rpm");
    let text = output(rpm.args(["--query", "--package", "--queryformat", form]).arg(path))?;
    let files = text.lines().filter(|line| !line.starts_with('d'));
    Ok(files.map(|line| line.replacen(" /", " ", 1)).collect())
}

/// A bill names exactly the crates of the lock file that are linked: the compiler's own record of the
/// lines in a program knows no crate that its bill does not.
fn check_bills(plan: &Plan) -> Result<(), Failure> {
    let sums = sbom::checksums()?;
    for (name, built_from) in sbom::PROGRAMS {
        let linked = sbom::linked(plan.target, built_from)?;
        let registered: BTreeSet<String> = linked
            .iter()
            .filter(|part| sums.contains_key(&(part.name.clone(), part.version.clone())))
            .map(|part| format!("{}-{}", part.name, part.version))
            .collect();
        let whole = build::linked(plan.target)?.join(name);
        let lines = found_in(
            &whole,
            &["--extended-regexp", "/crates/[A-Za-z0-9_.+-]+-[0-9][A-Za-z0-9_.+-]*/"],
        )?;
        let seen = crates_seen(&lines);
        if let Some(other) = seen.difference(&registered).next() {
            return Err(format!("{name}: {other} is linked, and its bill of materials is silent"));
        }
        println!("{name}: {} crates, of {} of which there are lines", registered.len(), seen.len());
    }
    Ok(())
}

/// The crates of which lines are in a program: `/crates/zeroize-1.9.2/`.
fn crates_seen(lines: &str) -> BTreeSet<String> {
    let name = |line: &str| Some(line.strip_prefix("/crates/")?.strip_suffix('/')?.to_owned());
    lines.lines().filter_map(name).collect()
}

/// Packing the same programs again, elsewhere, gives the same bytes.
fn check_again(plan: &Plan, programs: &[Program], files: &[PathBuf]) -> Result<(), Failure> {
    let again = plan.again()?;
    let trees = stage::trees(&again, programs)?;
    for (first, second) in files.iter().zip(archive::pack(&again, &trees)?) {
        call(program("cmp").arg(first).arg(&second))
            .map_err(|_why| format!("{}: packed again, it is another", first.display()))?;
    }
    Ok(())
}

/// What the distributions' own checkers say.
fn lint(files: &[PathBuf]) -> Result<Vec<Failure>, Failure> {
    let mut skipped = Vec::new();
    let of = |end: &str| -> Vec<&PathBuf> {
        files.iter().filter(|path| path.extension().is_some_and(|found| found == end)).collect()
    };
    match need("lintian", "lintian") {
        Ok(()) => {
            let fatal = ["--fail-on", "error,warning", "--allow-root", "--tag-display-limit", "0"];
            call(program("lintian").args(fatal).args(of("deb")))?;
        }
        Err(missing) => skipped.push(missing),
    }
    match need("rpmlint", "rpmlint") {
        Ok(()) => {
            let mut rpmlint = program("rpmlint");
            rpmlint.args(["--strict", "--config", "packaging/rpm/rpmlint.toml"]);
            call(rpmlint.args(of("rpm")))?;
        }
        Err(missing) => skipped.push(missing),
    }
    Ok(skipped)
}

fn print_sizes(trees: &Trees, files: &[PathBuf]) {
    let programs = trees.programs.iter().filter(|file| file.mode == 0o755).map(|file| &file.source);
    for path in programs.chain(files) {
        println!("{:>10}  {}", size(path), path.file_name().unwrap_or_default().display());
    }
}

fn check_sizes(packages: &[PathBuf]) -> Result<(), Failure> {
    for path in packages.iter().filter(|path| super::is_of_programs(path, ".deb")) {
        let bytes = size(path);
        if bytes > LARGEST {
            return Err(format!("{}: {bytes} bytes, more than {LARGEST}", path.display()));
        }
    }
    Ok(())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Whether what reads the packages is here.
pub(crate) fn missing() -> Option<Failure> {
    let tools = [("dpkg-deb", "dpkg"), ("rpm", "rpm"), ("readelf", "binutils"), ("xz", "xz-utils")];
    let absent = |(tool, package): (&str, &str)| match need(tool, package) {
        Ok(()) if has(&mut program(tool)) => None,
        Ok(()) => Some(format!("{tool} does not run")),
        Err(missing) => Some(missing),
    };
    tools.into_iter().find_map(absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_symbols_are_compared_as_numbers() {
        let newest = |text| glibc_versions(text).into_iter().max();
        assert_eq!(newest("Name: GLIBC_2.34 Flags\n GLIBC_2.4 GLIBC_2.2.5"), Some((2, 34)));
        assert_eq!(newest("GLIBC_2.39"), Some((2, 39)));
        assert_eq!(newest("GLIBC_PRIVATE"), None);
    }

    #[test]
    fn a_crate_is_seen_by_its_lines() {
        let bytes = "/crates/zeroize-1.9.2/\n/crates/cut-1.0\n";
        assert_eq!(crates_seen(bytes), BTreeSet::from(["zeroize-1.9.2".to_owned()]));
    }

    #[test]
    fn a_listing_keeps_mode_owner_and_path() {
        let text = "drwxr-xr-x 0/0 0 2026-11-22 22:04 ./usr/\n-rwxr-xr-x 0/0 9 2026-11-22 22:04 ./usr/bin/a\n";
        assert_eq!(listing(text, "./"), ["-rwxr-xr-x root/root usr/bin/a"]);
        assert_eq!(
            folded("x usr/share/man/man1/waiaasctl-send.1.gz"),
            "x usr/share/man/man1/waiaas*.1.gz"
        );
    }
}
