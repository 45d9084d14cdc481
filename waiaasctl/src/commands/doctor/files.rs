//! Gathers what is on the disk: modes, owners, space, what lies about.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{Uid, User};

use super::facts::{Disk, Expected, FileFact, Made, Seen, Space};
use crate::backup::folder::{self, Folder};
use crate::place::{Place, RECOVERY_KEY};
use crate::systemd::CREDENTIAL_FILE;
use crate::time::{now_ms, utc};

/// Where the packages put settings and random secrets.
const SETTINGS: &str = "/etc/waiaas";
/// Where the packages put backups.
const BACKUPS: &str = "/var/backups/waiaas";
const SIGNER_STATE: &str = "/var/lib/waiaas-signer";
const GATEWAY_STATE: &str = "/var/lib/waiaas";

/// What must be there, as [`Expected`] has it.
const INSTALLED: &[(&str, u32, Option<&str>, bool)] = &[
    ("/run/waiaas/signer.sock", 0o600, Some("waiaas-gateway"), true),
    ("/run/waiaas/control.sock", 0o660, Some("root"), true),
    ("/run/waiaas/gateway.sock", 0o660, Some("root"), true),
    (SIGNER_STATE, 0o700, Some("waiaas-signer"), true),
    (GATEWAY_STATE, 0o700, Some("waiaas-gateway"), true),
    (SETTINGS, 0o755, Some("root"), true),
    ("/etc/waiaas/signerd.toml", 0o644, Some("root"), false),
    ("/etc/waiaas/gatewayd.toml", 0o640, Some("root"), false),
    (BACKUPS, 0o700, Some("root"), false),
    (CREDENTIAL_FILE, 0o600, Some("root"), false),
];

/// Looks at the files that matter.
pub(super) fn look(place: &Place) -> Vec<FileFact> {
    match place {
        Place::User(data) => {
            let own = |path: PathBuf, must_exist| {
                let expected = Expected { mode: 0o700, owner: None, must_exist };
                fact(&path, expected)
            };
            vec![
                own(data.path().to_owned(), true),
                own(data.signerd_state(), true),
                own(data.gatewayd_state(), true),
                own(data.recovery_key(), false),
            ]
        }
        Place::Sockets(_) if place.is_installed() => INSTALLED
            .iter()
            .map(|(path, mode, owner, must_exist)| {
                let expected = Expected { mode: *mode, owner: *owner, must_exist: *must_exist };
                fact(Path::new(path), expected)
            })
            .collect(),
        Place::Sockets(_) => {
            let expected = Expected { mode: 0o660, owner: None, must_exist: true };
            [place.control_socket(), place.gateway_socket()]
                .map(|path| fact(&path, expected))
                .into()
        }
    }
}

fn fact(path: &Path, expected: Expected) -> FileFact {
    let found = match path.symlink_metadata() {
        Ok(metadata) => Ok(Some((metadata.mode() & 0o7777, owner(metadata.uid())))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    FileFact { path: path.display().to_string(), expected, found }
}

fn owner(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// The file systems that state is on.
pub(super) fn disks(place: &Place) -> Vec<Disk> {
    let paths = match place {
        Place::User(data) => vec![data.path().to_owned()],
        Place::Sockets(_) if place.is_installed() => {
            [SIGNER_STATE, GATEWAY_STATE, BACKUPS].map(PathBuf::from).into()
        }
        Place::Sockets(_) => Vec::new(),
    };
    let there = paths.into_iter().filter(|path| path.symlink_metadata().is_ok());
    there.map(|path| Disk { path: path.display().to_string(), space: space(&path) }).collect()
}

fn space(path: &Path) -> Seen<Space> {
    let found = statvfs(path).map_err(|error| error.desc().to_owned())?;
    let bytes = found.blocks_available().saturating_mul(found.fragment_size());
    Ok(Space {
        free_mib: bytes / (1024 * 1024),
        free_inodes: found.files_available(),
        has_inodes: found.files() > 0,
    })
}

/// Files of random secrets where a first run writes them.
pub(super) fn recovery_files(place: &Place) -> Vec<String> {
    let path = match place {
        // `waiaas start` reads it there.
        Place::User(_) => return Vec::new(),
        Place::Sockets(_) => Path::new(SETTINGS).join(RECOVERY_KEY),
    };
    let exists = place.is_installed() && path.exists();
    exists.then(|| path.display().to_string()).into_iter().collect()
}

/// When the newest automatic backup was made.
pub(super) fn newest_backup(place: &Place) -> Seen<Option<Made>> {
    let Some(folder) = backups(place)? else { return Ok(None) };
    let found = folder.list().map_err(|failure| failure.to_string())?;
    Ok(found.last().map(|newest| made(newest.made_at, now_ms() / 1_000)))
}

/// What lies between a time and now, in Unix seconds.
pub(super) const fn made(at: u64, now: u64) -> Made {
    match now.checked_sub(at) {
        Some(ago) => Made::Ago(ago),
        None => Made::Ahead(at.saturating_sub(now)),
    }
}

/// Why the last automatic backup was not made.
pub(super) fn backup_failure(place: &Place) -> Option<String> {
    let failure = backups(place).ok()??.last_failure()?;
    Some(format!("{}: {}", utc(failure.at), failure.what))
}

fn backups(place: &Place) -> Seen<Option<Folder>> {
    match folder::of(place, None) {
        Ok(path) => Ok(Folder::existing(&path)),
        Err(_nowhere) => Err("these daemons have no place for backups".to_owned()),
    }
}
