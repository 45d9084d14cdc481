//! The data directory: what is in it, and who may read it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::exit::Failure;
use crate::files;
use crate::place::{DataDir, PlaceError};

/// Mode of what only its owner may enter.
const PRIVATE: u32 = 0o700;
/// The bits that let others change what is in a directory.
const WRITABLE_BY_OTHERS: u32 = 0o022;

const SETTINGS: &str = "\
# Settings of gatewayd in this directory. Environment names go above them: WAIAAS_DAEMON_PORT sets
# port, WAIAAS_RPC_EVM_BASE_SEPOLIA sets evm_base_sepolia under [rpc].

[daemon]
port = 3100
hostname = \"127.0.0.1\"

# A network that is not built in, here a local node:
# [[networks]]
# name = \"anvil\"
# chain_id = \"eip155:31337\"
# environment = \"testnet\"
# native = { symbol = \"ETH\", name = \"Ether\", decimals = 18 }
# rpc = \"http://127.0.0.1:8545\"
";

/// Makes what is missing: the directory, its private parts, the settings with their defaults.
///
/// # Errors
/// When something cannot be made, or others may change what is in the directory.
pub(super) fn prepare(data: &DataDir) -> Result<(), Failure> {
    make_directory(data.path())?;
    let mode = metadata(data.path())?.mode();
    if mode & WRITABLE_BY_OTHERS != 0 {
        return Err(PlaceError::Exposed { path: data.path().display().to_string() }.into());
    }
    for part in [data.signerd_state(), data.gatewayd_state(), data.runtime()] {
        make_directory(&part)?;
        let private = fs::Permissions::from_mode(PRIVATE);
        fs::set_permissions(&part, private).map_err(|source| unusable(&part, source))?;
    }
    if !data.gatewayd_settings().exists() {
        files::write_new(&data.gatewayd_settings(), SETTINGS.as_bytes())?;
    }
    Ok(())
}

fn make_directory(path: &Path) -> Result<(), PlaceError> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(path)
        .map_err(|source| unusable(path, source))
}

fn metadata(path: &Path) -> Result<fs::Metadata, PlaceError> {
    fs::metadata(path).map_err(|source| unusable(path, source))
}

fn unusable(path: &Path, source: io::Error) -> PlaceError {
    PlaceError::Unusable { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn only_the_owner_may_enter_what_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(&parent.path().join("new/waiaas")).unwrap();
        prepare(&data).unwrap();
        for directory in
            [data.path().to_owned(), data.signerd_state(), data.gatewayd_state(), data.runtime()]
        {
            assert_eq!(mode(&directory), 0o700, "{}", directory.display());
        }
        assert_eq!(mode(&data.gatewayd_settings()), 0o600);
    }

    #[test]
    fn settings_that_exist_are_kept() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        fs::write(data.gatewayd_settings(), "[daemon]\nport = 4100\n").unwrap();
        prepare(&data).unwrap();
        prepare(&data).unwrap();
        let kept = fs::read_to_string(data.gatewayd_settings()).unwrap();
        assert_eq!(kept, "[daemon]\nport = 4100\n");
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("shared");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o775)).unwrap();
        let failure = prepare(&DataDir::new(&path).unwrap()).unwrap_err();
        assert!(matches!(failure, Failure::Place(PlaceError::Exposed { .. })), "{failure}");
    }

    #[test]
    fn the_default_settings_are_toml() {
        let settings: toml::Table = SETTINGS.parse().unwrap();
        assert_eq!(settings["daemon"]["port"].as_integer(), Some(3100));
    }
}
