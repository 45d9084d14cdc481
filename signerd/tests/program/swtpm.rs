//! A TPM in software (swtpm), and a road to it on which a test can stop commands.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

use crate::harness::{PATIENCE, wait_for};

/// `TPM2_NV_Increment`.
const INCREMENT: [u8; 4] = [0, 0, 1, 0x34];
/// An answer that is `TPM_RC_RETRY`.
const RETRY: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0x22];
/// An answer of `TPM_RC_FAILURE`.
const FAILURE: [u8; 10] = [0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1];

/// A TPM with a memory of its own, ended when dropped.
pub(crate) struct SoftwareTpm {
    directory: TempDir,
    process: Child,
}

impl SoftwareTpm {
    /// A new one, as from the factory.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().display();
        let process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"])
            .arg(format!("dir={place}"))
            .arg("--server")
            .arg(format!("type=unixio,path={place}/socket"))
            .spawn()
            .expect("swtpm is there: apt-get install swtpm");
        let mut tpm = Self { directory, process };
        drop(tpm.connect());
        tpm
    }

    /// Where it takes commands.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Sends a command and gives the code of the answer.
    pub(crate) fn command(&mut self, bytes: &[u8]) -> u32 {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let answer = read_message(&mut stream).unwrap();
        u32::from_be_bytes(answer[6..10].try_into().unwrap())
    }

    fn connect(&mut self) -> UnixStream {
        let path = self.socket();
        wait_for(&mut self.process, &path)
    }
}

impl Drop for SoftwareTpm {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What happens to a command on the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Increment {
    /// It does not arrive, and the signer waits.
    Lost,
    /// It arrives, its answer does not, and the signer waits.
    Unanswered,
    /// It arrives twice.
    Doubled,
    /// It does not arrive: the TPM is busy.
    Busy,
    /// It does not arrive: the TPM has failed.
    Refused,
    /// It arrives, and then the TPM is too busy to say what it shows.
    Unshown,
}

/// A socket that hands on everything but the first increment, or what comes after it.
pub(crate) struct Road {
    directory: TempDir,
    reached: Receiver<()>,
}

impl Road {
    pub(crate) fn to(tpm: &SoftwareTpm, first: Increment) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        let (reach, reached) = channel();
        let tpm = tpm.socket();
        std::thread::spawn(move || {
            let mut signer = listener.accept().unwrap().0;
            let mut tpm = UnixStream::connect(tpm).unwrap();
            let mut pass_on = |command: &[u8]| {
                tpm.write_all(command).unwrap();
                read_message(&mut tpm).unwrap()
            };
            let mut first = Some(first);
            let mut is_busy = false;
            while let Some(command) = read_message(&mut signer) {
                let increment = command[6..10] == INCREMENT;
                let answer = match first.take_if(|_| increment) {
                    None if std::mem::take(&mut is_busy) => Some(RETRY.to_vec()),
                    None => Some(pass_on(&command)),
                    Some(Increment::Busy) => Some(RETRY.to_vec()),
                    Some(Increment::Refused) => Some(FAILURE.to_vec()),
                    Some(Increment::Unshown) => {
                        is_busy = true;
                        Some(pass_on(&command))
                    }
                    Some(Increment::Lost) => None,
                    Some(Increment::Unanswered) => {
                        pass_on(&command);
                        None
                    }
                    Some(Increment::Doubled) => {
                        pass_on(&command);
                        Some(pass_on(&command))
                    }
                };
                match answer {
                    Some(answer) => signer.write_all(&answer).unwrap(),
                    None => reach.send(()).unwrap(),
                }
            }
        });
        Self { directory, reached }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Until the increment was stopped.
    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(PATIENCE).unwrap();
    }
}

/// A command or an answer; `None` at the end.
fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 10];
    stream.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(message[2..6].try_into().unwrap());
    message.resize(usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut message[10..]).ok()?;
    Some(message)
}

/// The line of the settings that names a TPM.
pub(crate) fn setting(socket: &Path) -> String {
    format!("witness_tpm = \"{}\"\n", socket.display())
}
