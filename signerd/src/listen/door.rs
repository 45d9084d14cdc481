//! Who may connect to a socket, by its file.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;

use crate::dispatch::Role;

/// What a socket's file says (`unix(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Door {
    mode: u32,
    owner: u32,
    /// Whom this process runs as.
    own: u32,
}

impl Door {
    pub(super) fn of(file: &Metadata) -> Self {
        Self { mode: file.mode() & 0o777, owner: file.uid(), own: geteuid().as_raw() }
    }

    /// The one user who may connect, beside root, where there is one and the kernel names that user's
    /// peers by the same number as the file's owner (`user_namespaces(7)`). Operators are root, and whom
    /// root lets in by a group.
    ///
    /// # Errors
    /// When others may connect than those whom the role is for.
    pub(super) fn only_user(&self, role: Role, uid_map: &str) -> io::Result<Option<u32>> {
        let Self { mode, owner, own } = *self;
        let (is_open_to_group, is_open_to_all) = (mode & 0o020 != 0, mode & 0o002 != 0);
        match role {
            Role::Gateway | Role::Operator if is_open_to_all => {
                Err(wrong(&format!("every user may connect to its file, of mode {mode:o}")))
            }
            Role::Gateway if is_open_to_group => {
                Err(wrong(&format!("a group may connect to its file, of mode {mode:o}")))
            }
            Role::Operator if ![0, own].contains(&owner) => {
                Err(wrong("its file is not root's, whose it must be"))
            }
            Role::Operator if is_open_to_group => Ok(None),
            Role::Gateway | Role::Operator => {
                Ok(Some(owner).filter(|owner| is_mapped_to_itself(*owner, uid_map)))
            }
        }
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(format!("{what}; find out who changed it, and restart its socket unit"))
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
    use super::*;

    #[test]
    fn a_user_is_known_where_the_kernel_gives_the_same_number_inside_and_outside() {
        let whole = "         0          0 4294967295\n";
        let of_a_service = "0 0 1\n998 998 1\n";
        for (user, map, known) in [
            (0, whole, true),
            (4_294_967_294, whole, true),
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
    fn a_socket_says_by_its_file_who_may_connect_or_is_refused() {
        const GATEWAY: u32 = 997;
        const OWN: u32 = 998;
        const UNKNOWN: u32 = 65_534;
        let (whole, of_a_service) = ("0 0 4294967295", "0 0 1\n998 998 1\n");
        for (role, mode, owner, map, only) in [
            (Role::Gateway, 0o600, GATEWAY, whole, Ok(Some(GATEWAY))),
            (Role::Gateway, 0o600, UNKNOWN, of_a_service, Ok(None)),
            (Role::Gateway, 0o600, OWN, of_a_service, Ok(Some(OWN))),
            (Role::Gateway, 0o644, GATEWAY, whole, Ok(Some(GATEWAY))),
            (Role::Gateway, 0o660, GATEWAY, whole, Err(())),
            (Role::Gateway, 0o602, GATEWAY, whole, Err(())),
            (Role::Gateway, 0o666, UNKNOWN, of_a_service, Err(())),
            (Role::Operator, 0o660, 0, whole, Ok(None)),
            (Role::Operator, 0o600, 0, of_a_service, Ok(Some(0))),
            (Role::Operator, 0o600, OWN, whole, Ok(Some(OWN))),
            (Role::Operator, 0o662, 0, whole, Err(())),
            (Role::Operator, 0o600, GATEWAY, whole, Err(())),
            (Role::Operator, 0o660, UNKNOWN, of_a_service, Err(())),
        ] {
            let door = Door { mode, owner, own: OWN };
            let found = door.only_user(role, map).map_err(drop);
            assert_eq!(found, only, "{role:?} {door:?} {map}");
        }
    }
}
