//! Where the daemons are: their sockets, and the commands that start or operate them there.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::exit::Exit;

/// The name of the file that `waiaas init --auto-provision` writes its secrets to.
pub const RECOVERY_KEY: &str = "recovery.key";
/// Where the packages put the sockets.
const INSTALLED: &str = "/run/waiaas";
/// The longest path of a Unix socket without its final zero, from `sun_path` of unix(7).
const MAX_SOCKET_PATH: usize = 107;

/// Where the daemons are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Their sockets are in this directory; systemd, or whoever made them, starts and stops them.
    Sockets(PathBuf),
    /// `waiaas` runs them in this data directory.
    User(DataDir),
}

/// The directory of one user's daemons: an absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir(PathBuf);

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No option, no variable, no home.
    #[error("no data directory is given, and there is no home directory to put it in")]
    Nowhere,
    /// The sockets' names would not fit.
    #[error(
        "the path {path} is too long: {socket} has {length} bytes, and the kernel takes \
         {MAX_SOCKET_PATH} for a socket"
    )]
    TooLong {
        /// The directory.
        path: String,
        /// The socket that does not fit.
        socket: String,
        /// Its bytes.
        length: usize,
    },
    /// Something is wrong with the directory.
    #[error("{path} cannot be used")]
    Unusable {
        /// The directory, or what is in it.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Others may change what is in it.
    #[error("{path} can be written by other users, who could replace what is in it")]
    Exposed {
        /// The directory.
        path: String,
    },
}

impl Place {
    /// Where the options of `waiaasctl` say.
    ///
    /// # Errors
    /// When the directory's path is too long for sockets.
    pub fn of_operator(
        data_dir: Option<&Path>,
        runtime_dir: Option<&Path>,
    ) -> Result<Self, PlaceError> {
        match data_dir {
            Some(path) => DataDir::new(path).map(Self::User),
            None => Ok(Self::Sockets(runtime_dir.unwrap_or(Path::new(INSTALLED)).to_owned())),
        }
    }

    /// The operators' socket of signerd.
    pub fn control_socket(&self) -> PathBuf {
        self.sockets().join("control.sock")
    }

    /// The operators' socket of gatewayd.
    pub fn gateway_socket(&self) -> PathBuf {
        self.sockets().join("gateway.sock")
    }

    /// The command line that does `command` here, such as `waiaasctl --data-dir D unlock`.
    pub fn command(&self, command: &str) -> String {
        match self {
            Self::Sockets(path) if path == Path::new(INSTALLED) => format!("waiaasctl {command}"),
            Self::Sockets(path) => format!("waiaasctl --runtime-dir {} {command}", path.display()),
            Self::User(data) => format!("waiaasctl --data-dir {} {command}", data.path().display()),
        }
    }

    /// What to type to start the daemons here.
    pub fn start_command(&self) -> String {
        match self {
            Self::Sockets(path) if path == Path::new(INSTALLED) => {
                "systemctl start waiaas.target, or name a data directory with --data-dir".to_owned()
            }
            Self::Sockets(path) => {
                format!("signerd and gatewayd with --runtime-dir {}", path.display())
            }
            Self::User(_) => self.user_command("start"),
        }
    }

    /// The command line of `waiaas` that does `command` here.
    pub fn user_command(&self, command: &str) -> String {
        match self {
            Self::Sockets(_) => format!("waiaas {command}"),
            Self::User(data) => format!("waiaas {command} --data-dir {}", data.path().display()),
        }
    }

    /// Whether the packages put the sockets there.
    pub fn is_installed(&self) -> bool {
        matches!(self, Self::Sockets(path) if path == Path::new(INSTALLED))
    }

    fn sockets(&self) -> PathBuf {
        match self {
            Self::Sockets(path) => path.clone(),
            Self::User(data) => data.runtime(),
        }
    }
}

impl DataDir {
    /// Makes `path` absolute, and checks that its sockets' names fit.
    ///
    /// # Errors
    /// When they do not.
    pub fn new(path: &Path) -> Result<Self, PlaceError> {
        let absolute = std::path::absolute(path)
            .map_err(|source| PlaceError::Unusable { path: path.display().to_string(), source })?;
        let directory = Self(absolute);
        let socket = directory.runtime().join("control.sock");
        let length = socket.as_os_str().as_bytes().len();
        if length > MAX_SOCKET_PATH {
            let path = directory.path().display().to_string();
            return Err(PlaceError::TooLong { path, socket: socket.display().to_string(), length });
        }
        Ok(directory)
    }

    /// The directory of `--data-dir`, else of `WAIAAS_DATA_DIR`, else `~/.waiaas`.
    ///
    /// # Errors
    /// When there is none of the three, or its path is too long for sockets.
    pub fn choose(option: Option<&Path>, environment: &Environment) -> Result<Self, PlaceError> {
        let home = environment.home.as_ref().map(|home| home.join(".waiaas"));
        let path = option.or(environment.data_dir.as_deref()).or(home.as_deref());
        Self::new(path.ok_or(PlaceError::Nowhere)?)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Settings of gatewayd.
    pub fn gatewayd_settings(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// Settings of signerd.
    pub fn signerd_settings(&self) -> PathBuf {
        self.0.join("signerd.toml")
    }

    /// The vault and the journal.
    pub fn signerd_state(&self) -> PathBuf {
        self.0.join("signer")
    }

    /// The database.
    pub fn gatewayd_state(&self) -> PathBuf {
        self.0.join("gateway")
    }

    /// The sockets.
    pub fn runtime(&self) -> PathBuf {
        self.0.join("run")
    }

    /// The automatic backups.
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// The random secrets of `init --auto-provision`.
    pub fn recovery_key(&self) -> PathBuf {
        self.0.join(RECOVERY_KEY)
    }

    /// The session token that clients on this machine read.
    pub fn token(&self) -> PathBuf {
        self.0.join("mcp-token")
    }
}

impl PlaceError {
    /// How the program ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Nowhere | Self::TooLong { .. } => Exit::Usage,
            Self::Unusable { .. } | Self::Exposed { .. } => Exit::Failed,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Nowhere => Some("name one with --data-dir or WAIAAS_DATA_DIR".to_owned()),
            Self::TooLong { .. } => Some("choose a shorter path, such as ~/.waiaas".to_owned()),
            Self::Unusable { .. } => None,
            Self::Exposed { path } => Some(format!("chmod go-w {path}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_goes_before_the_variable_before_the_home() {
        let named = |name: &str| Some(PathBuf::from(name));
        for (option, variable, home, expected) in [
            (named("/a"), named("/b"), named("/c"), Some("/a")),
            (None, named("/b"), named("/c"), Some("/b")),
            (None, None, named("/c"), Some("/c/.waiaas")),
            (None, None, None, None),
        ] {
            let environment = Environment { data_dir: variable, home, ..Environment::default() };
            let chosen = DataDir::choose(option.as_deref(), &environment);
            assert_eq!(chosen.as_ref().ok().map(DataDir::path), expected.map(Path::new));
        }
    }

    #[test]
    fn a_path_whose_sockets_do_not_fit_is_refused() {
        let fixed = "/".len() + "/run/control.sock".len();
        let longest = "x".repeat(MAX_SOCKET_PATH - fixed);
        assert!(DataDir::new(Path::new(&format!("/{longest}"))).is_ok());
        let error = DataDir::new(Path::new(&format!("/{longest}x"))).unwrap_err();
        assert!(error.to_string().contains("108 bytes"), "{error}");
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn commands_name_the_directory_they_are_for() {
        let installed = Place::of_operator(None, None).unwrap();
        assert_eq!(installed.command("unlock"), "waiaasctl unlock");
        assert_eq!(installed.control_socket(), Path::new("/run/waiaas/control.sock"));
        let user = Place::of_operator(Some(Path::new("/d")), None).unwrap();
        assert_eq!(user.command("unlock"), "waiaasctl --data-dir /d unlock");
        assert_eq!(user.start_command(), "waiaas start --data-dir /d");
        assert_eq!(user.gateway_socket(), Path::new("/d/run/gateway.sock"));
    }
}
