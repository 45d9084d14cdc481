//! Asks signerd over its operators' socket: one request at a time, each with a deadline.
//! `docs/PROTOCOL.md` specifies the bytes.

mod error;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use primitives::WalletId;
use protocol::journal::{Receipt, Record};
use protocol::{
    Announcement, Exposure, Frame, GuardCheck, GuardText, JournalReport, KeyInfo,
    MAX_CONTROL_FRAME, OpenedBackup, OwnersState, Payload, Reply, Request, RequestId, Secret,
    Status, VERSION, VaultCopy,
};
use zeroize::Zeroizing;

use crate::names::words;

pub use error::SignerError;
pub(crate) use error::unreachable_advice;

/// How long a reply may take: deriving a key from a passphrase and reading a long journal take
/// seconds on a slow machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Keys asked for at once.
const PAGE: u16 = 256;
/// Pages read at most, so that a signer that never ends does not keep us.
const MAX_PAGES: usize = 256;

/// A connection to signerd that said hello.
#[derive(Debug)]
pub struct Signer {
    stream: UnixStream,
    last_id: RequestId,
    instance: [u8; 16],
}

/// Picks the content out of one kind of reply.
macro_rules! content_of {
    ($kind:ident) => {
        |reply| if let Reply::$kind(content) = reply { Some(content) } else { None }
    };
}

impl Signer {
    /// Connects to the socket and says hello.
    ///
    /// # Errors
    /// When nobody listens, or not signerd of this version.
    pub fn connect(socket: &Path) -> Result<Self, SignerError> {
        let unreachable =
            |source| SignerError::Unreachable { socket: socket.display().to_string(), source };
        let stream = UnixStream::connect(socket).map_err(unreachable)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(unreachable)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(unreachable)?;
        let mut signer = Self { stream, last_id: 0, instance: [0; 16] };
        let Reply::Hello { version, instance } = signer.ask(Request::Hello { version: VERSION })?
        else {
            return Err(SignerError::Unexpected { what: "hello".to_owned() });
        };
        signer.instance = instance;
        if version == VERSION { Ok(signer) } else { Err(SignerError::Version { theirs: version }) }
    }

    /// Who the signer is: what owners approve names it.
    pub const fn instance(&self) -> [u8; 16] {
        self.instance
    }

    /// How the signer is.
    ///
    /// # Errors
    /// See [`SignerError`], as for every request below.
    pub fn status(&mut self) -> Result<Status, SignerError> {
        self.expect(Request::Status, content_of!(Status))
    }

    /// All keys, in order of id.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn keys(&mut self) -> Result<Vec<KeyInfo>, SignerError> {
        let mut keys: Vec<KeyInfo> = Vec::new();
        for _ in 0..MAX_PAGES {
            let after = keys.last().map(|key| key.wallet);
            let request = Request::ListKeys { after, limit: PAGE };
            let page = self.expect(request, content_of!(Keys))?;
            if page.is_empty() {
                break;
            }
            keys.extend(page);
        }
        Ok(keys)
    }

    /// Does what has no content in its reply.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn do_it(&mut self, request: Request) -> Result<(), SignerError> {
        self.expect(request, |reply| matches!(reply, Reply::Done).then_some(()))
    }

    /// Does what makes a key.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn make_key(&mut self, request: Request) -> Result<KeyInfo, SignerError> {
        self.expect(request, content_of!(Key))
    }

    /// A wallet's guard, or what became of it after a change.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn guard(&mut self, request: Request) -> Result<GuardText, SignerError> {
        self.expect(request, content_of!(Guard))
    }

    /// What could leave a wallet.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn exposure(&mut self, wallet: WalletId) -> Result<Exposure, SignerError> {
        self.expect(Request::Exposure { wallet }, content_of!(Exposure))
    }

    /// What a guard would change, and say to a payload.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn check_guard(
        &mut self,
        wallet: WalletId,
        text: String,
        payload: Option<Payload>,
    ) -> Result<GuardCheck, SignerError> {
        let request = Request::CheckGuard { wallet, text, payload };
        self.expect(request, content_of!(GuardCheck))
    }

    /// A wallet's owners, and who was proposed.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn owners(&mut self, wallet: WalletId) -> Result<OwnersState, SignerError> {
        self.expect(Request::ShowOwners { wallet }, content_of!(Owners))
    }

    /// Makes owners of those whom a request names.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn confirm_owners(&mut self, request: Request) -> Result<OwnersState, SignerError> {
        self.expect(request, content_of!(Owners))
    }

    /// What waits for its time in a wallet.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn announcements(&mut self, wallet: WalletId) -> Result<Vec<Announcement>, SignerError> {
        self.expect(Request::ListAnnouncements { wallet }, content_of!(Announcements))
    }

    /// Records of the journal from this number on; none after the last.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn records(&mut self, from: u64, limit: u16) -> Result<Vec<Record>, SignerError> {
        self.expect(Request::ReadJournal { from, limit }, content_of!(Records))
    }

    /// A signed copy of one record.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn receipt(&mut self, record: u64) -> Result<Receipt, SignerError> {
        self.expect(Request::Receipt { record }, content_of!(Receipt))
    }

    /// The signer's part of a backup. Without a passphrase the vault has to be open.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn backup(&mut self, passphrase: Option<Secret>) -> Result<VaultCopy, SignerError> {
        self.expect(Request::Backup { passphrase }, content_of!(Backup))
    }

    /// Opens the signer's part of a backup, and checks everything in it. Without a passphrase the
    /// vault has to be open, and the one that it was made of.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn open_backup(
        &mut self,
        passphrase: Option<Secret>,
        archive: Vec<u8>,
    ) -> Result<OpenedBackup, SignerError> {
        self.expect(Request::VerifyBackup { passphrase, archive }, content_of!(OpenedBackup))
    }

    /// Does what takes over a backup; gives the moment of the journal that it is of.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub fn journal(&mut self, request: Request) -> Result<JournalReport, SignerError> {
        self.expect(request, content_of!(Journal))
    }

    fn expect<T>(
        &mut self,
        request: Request,
        pick: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, SignerError> {
        let what = name_of(&request);
        pick(self.ask(request)?).ok_or(SignerError::Unexpected { what })
    }

    fn ask(&mut self, request: Request) -> Result<Reply, SignerError> {
        let what = name_of(&request);
        let broken = |source| SignerError::Broken { what: what.clone(), source };
        let id = self.last_id.wrapping_add(1);
        self.last_id = id;
        let frame = Zeroizing::new(Frame { id, message: request }.to_bytes());
        self.stream.write_all(&frame).map_err(broken)?;
        let content = self.receive(broken)?;
        let reply = Frame::<Reply>::from_content(&content)?;
        if reply.id != id {
            return Err(SignerError::Unexpected { what });
        }
        if let Reply::Refused(refusal) = reply.message {
            return Err(SignerError::Refused(refusal));
        }
        Ok(reply.message)
    }

    fn receive(
        &mut self,
        broken: impl Fn(io::Error) -> SignerError,
    ) -> Result<Vec<u8>, SignerError> {
        let mut header = [0; protocol::FRAME_HEADER];
        self.stream.read_exact(&mut header).map_err(&broken)?;
        let length = Frame::content_length(header, MAX_CONTROL_FRAME)?;
        let mut content = vec![0; length];
        self.stream.read_exact(&mut content).map_err(&broken)?;
        Ok(content)
    }
}

/// The request's name in words, such as `init vault`.
fn name_of(request: &Request) -> String {
    words(&format!("{:?}", request.kind()), " ").to_lowercase()
}
