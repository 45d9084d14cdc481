//! What the parts of a signature and of an answer cost bare.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use ed25519_dalek::Signer as _;
use primitives::Chain;
use tests::bare;
use tests::daemons::Place;

use super::figure::{Figure, Unit};
use super::stopwatch::median;
use crate::rig::{Wire, request};
use crate::shell::Failure;

/// Nanoseconds each, on the disk where the daemons of the run keep their state.
pub(super) struct Raw {
    /// 256 bytes more in a file, and `fdatasync`.
    pub(super) fdatasync: u64,
    /// 200 bytes to another thread and back over a Unix socket.
    pub(super) socket: u64,
    secp256k1: u64,
    ed25519: u64,
    /// One row more, with the pragmas of the gateway's database.
    pub(super) sqlite_commit: u64,
    /// A request to a server that answers at once, over a kept connection.
    pub(super) http: u64,
    /// The port of that server.
    pub(super) http_port: u16,
}

impl Raw {
    pub(super) fn measure(place: &Place) -> Result<Self, Failure> {
        let mut file = File::create(place.path("bench")).map_err(|why| why.to_string())?;
        let fdatasync = median(|_| {
            file.write_all(&[7; 256]).expect("there is room");
            file.sync_data().expect("the disk is there");
        });
        let secret = [7; 32];
        let secp256k1 = k256::ecdsa::SigningKey::from_slice(&secret).expect("a scalar");
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&secret);
        let http_port = bare::http_server();
        let mut database = bare::Database::create(&place.path("bench.db"));
        let mut wire = Wire::connect(http_port).map_err(|why| why.to_string())?;
        let asked = request("GET", "/", None, "");
        Ok(Self {
            fdatasync,
            socket: socket_round_trip(),
            secp256k1: median(|_| {
                std::hint::black_box(secp256k1.sign_prehash_recoverable(&secret));
            }),
            ed25519: median(|_| {
                std::hint::black_box(ed25519.sign(&[7; 200]));
            }),
            sqlite_commit: median(|_| database.commit()),
            http: median(|_| {
                assert_eq!(wire.exchange(&asked).expect("it answers"), 200);
            }),
            http_port,
        })
    }

    /// A signature of the curve of a chain.
    pub(super) fn signature(&self, chain: Chain) -> u64 {
        match chain {
            Chain::Evm => self.secp256k1,
            Chain::Solana => self.ed25519,
        }
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let part =
            |name: &str, cost: u64| Figure::new(format!("raw.{name}"), Unit::Nanoseconds, cost);
        vec![
            part("fdatasync", self.fdatasync),
            part("socket_round_trip", self.socket),
            part("secp256k1_signature", self.secp256k1),
            part("ed25519_signature", self.ed25519),
            part("sqlite_commit", self.sqlite_commit),
            part("http_round_trip", self.http),
        ]
    }
}

fn socket_round_trip() -> u64 {
    let (mut ours, mut theirs) = UnixStream::pair().expect("two descriptors");
    let echo = std::thread::spawn(move || {
        let mut bytes = [0; 200];
        while theirs.read_exact(&mut bytes).is_ok() && theirs.write_all(&bytes).is_ok() {}
    });
    let mut bytes = [0; 200];
    let taken = median(|_| {
        ours.write_all(&bytes).expect("the echo reads");
        ours.read_exact(&mut bytes).expect("the echo answers");
    });
    drop(ours);
    echo.join().expect("the echo ends with its peer");
    taken
}
