//! Completions and man pages, from the same definitions as the command lines.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::{Operator, Program, User};

impl Program {
    fn command(self) -> Command {
        match self {
            Self::Waiaasctl => Operator::command(),
            Self::Waiaas => User::command(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Waiaasctl => "waiaasctl",
            Self::Waiaas => "waiaas",
        }
    }
}

/// The completions of `program` for `shell`.
pub fn completions(shell: Shell, program: Program) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program.command(), program.name(), &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes the man pages of both programs, a page a command, into `directory`, which is made if it is
/// missing; returns their paths.
///
/// # Errors
/// When a page cannot be written.
pub fn write_man_pages(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(directory)?;
    for program in [Program::Waiaasctl, Program::Waiaas] {
        let command = program.command().disable_help_subcommand(true);
        clap_mangen::generate_to(command, directory)?;
    }
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "1") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_gets_completions_for_both_programs() {
        for shell in Shell::value_variants() {
            for program in Program::value_variants() {
                let script = completions(*shell, *program);
                assert!(script.contains(program.name()), "{shell} {program:?}");
            }
        }
    }

    #[test]
    fn every_command_has_a_man_page() {
        let directory = tempfile::tempdir().unwrap();
        let pages = write_man_pages(&directory.path().join("man1")).unwrap();
        let names: Vec<&str> =
            pages.iter().map(|page| page.file_name().unwrap().to_str().unwrap()).collect();
        for name in [
            "waiaas.1",
            "waiaas-start.1",
            "waiaasctl.1",
            "waiaasctl-send.1",
            "waiaasctl-wallet-create.1",
            "waiaasctl-backup-verify.1",
        ] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        for page in pages {
            let text = fs::read_to_string(&page).unwrap();
            assert!(text.starts_with(".ie"), "{page:?} is no roff");
            assert!(text.contains(".SH NAME"), "{page:?} has no name section");
        }
    }
}
