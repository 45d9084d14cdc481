//! Whom a listening socket lets in: its file says, and the kernel's word on who is at the other end is
//! the second lock on the same door.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// The bits of a mode that let a file's group and all users connect (`unix(7)`).
const GROUP: u32 = 0o020;
const ALL: u32 = 0o002;

/// What the file of a listening socket says; it is not open to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    owner: u32,
    is_open_to_group: bool,
    /// Whether the kernel names the owner's peers by the same number (`user_namespaces(7)`).
    is_owner_known: bool,
}

/// Why a socket is no door.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Its file's mode keeps nobody out.
    #[error(
        "every user may connect to {}: correct SocketMode= where it is made, or run chmod o-w {}",
        .0.display(), .0.display()
    )]
    OpenToAll(PathBuf),
    /// Its file cannot be looked at, so that it may be open to all.
    #[error(
        "the file of the socket {path} is out of sight, and with it who may connect: let the service \
         see it (BindReadOnlyPaths={directory} in its unit), or restart its socket unit if it was removed",
        path = .path.display(), directory = .path.parent().unwrap_or(.path).display()
    )]
    OutOfSight {
        /// Where the socket listens.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Its name is outside of the file system, where everybody who shares the network may connect.
    #[error(
        "a socket has no file, whose mode would say who may connect: set ListenStream= to a path"
    )]
    NoFile,
    /// The system does not say where it is.
    #[error("where a socket listens is unknown")]
    Nowhere(#[source] io::Error),
}

impl Door {
    /// The door that a listening socket is.
    ///
    /// # Errors
    /// When every user may connect to it, or nothing says who may.
    pub fn of(socket: &UnixListener) -> Result<Self, DoorError> {
        let address = socket.local_addr().map_err(DoorError::Nowhere)?;
        let uid_map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        Self::at(address.as_pathname().ok_or(DoorError::NoFile)?, &uid_map)
    }

    fn at(path: &Path, uid_map: &str) -> Result<Self, DoorError> {
        let out_of_sight = |source| DoorError::OutOfSight { path: path.to_owned(), source };
        let file = fs::metadata(path).map_err(out_of_sight)?;
        if file.mode() & ALL != 0 {
            return Err(DoorError::OpenToAll(path.to_owned()));
        }
        Ok(Self {
            owner: file.uid(),
            is_open_to_group: file.mode() & GROUP != 0,
            is_owner_known: is_mapped_to_itself(file.uid(), uid_map),
        })
    }

    /// Whose its file is.
    pub const fn owner(self) -> u32 {
        self.owner
    }

    /// Whether a group may connect besides.
    pub const fn is_open_to_group(self) -> bool {
        self.is_open_to_group
    }

    /// Whether a peer of this user, who could connect, is let in. The mode alone has decided where it
    /// opens the file to a group, or the kernel names users otherwise here; else it is the owner or root.
    pub fn admits(self, peer: u32) -> bool {
        self.is_open_to_group || !self.is_owner_known || [self.owner, 0].contains(&peer)
    }
}

fn is_mapped_to_itself(user: u32, uid_map: &str) -> bool {
    uid_map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(inside)), Some(Ok(outside)), Some(Ok(count))) => {
                inside == outside && user.checked_sub(inside).is_some_and(|place| place < count)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::SocketAddr;

    use super::*;

    const WHOLE: &str = "         0          0 4294967295\n";

    #[test]
    fn a_user_is_known_where_the_kernel_gives_the_same_number_inside_and_outside() {
        let of_a_service = "0 0 1\n998 998 1\n";
        for (user, map, known) in [
            (0, WHOLE, true),
            (4_294_967_294, WHOLE, true),
            (998, of_a_service, true),
            (997, of_a_service, false),
            (999, of_a_service, false),
            (5, "0 100000 65536\n", false),
            (5, "", false),
        ] {
            assert_eq!(is_mapped_to_itself(user, map), known, "{user} in {map}");
        }
    }

    #[test]
    fn the_file_of_a_socket_says_whose_door_it_is_and_one_open_to_all_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixListener::bind(&path).unwrap();
        let owner = fs::metadata(directory.path()).unwrap().uid();
        for (mode, map, door) in [
            (0o600, WHOLE, Some((false, true))),
            (0o644, WHOLE, Some((false, true))),
            (0o600, "", Some((false, false))),
            (0o660, WHOLE, Some((true, true))),
            (0o666, WHOLE, None),
            (0o662, WHOLE, None),
            (0o602, "", None),
        ] {
            let door = door.map(|(is_open_to_group, is_owner_known)| Door {
                owner,
                is_open_to_group,
                is_owner_known,
            });
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(Door::at(&path, map).ok(), door, "{mode:o}");
            assert_eq!(Door::of(&socket).is_ok(), door.is_some(), "{mode:o}");
        }
    }

    #[test]
    fn a_socket_whose_file_is_out_of_sight_is_no_door() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(Door::of(&socket).is_ok());
        fs::remove_file(&path).unwrap();
        let refused = Door::of(&socket).unwrap_err();
        assert!(matches!(refused, DoorError::OutOfSight { .. }), "{refused}");
        let advice = format!("BindReadOnlyPaths={} ", directory.path().display());
        assert!(refused.to_string().contains(&advice), "{refused}");
    }

    #[test]
    fn a_socket_without_a_file_is_no_door() {
        let name = format!("waiaas-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let socket = UnixListener::bind_addr(&address).unwrap();
        assert!(matches!(Door::of(&socket), Err(DoorError::NoFile)));
    }

    #[test]
    fn a_door_of_one_user_admits_root_too_and_nobody_else() {
        let door = |is_open_to_group, is_owner_known| Door {
            owner: 998,
            is_open_to_group,
            is_owner_known,
        };
        for (door, peer, admitted) in [
            (door(false, true), 998, true),
            (door(false, true), 0, true),
            (door(false, true), 997, false),
            (door(false, true), 65_534, false),
            (door(true, true), 997, true),
            (door(false, false), 997, true),
        ] {
            assert_eq!(door.admits(peer), admitted, "{door:?} {peer}");
        }
    }
}
