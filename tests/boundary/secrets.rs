//! Ways out for a secret: files, output, and the process as others see it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use primitives::{Chain, Environment, encode_hex};
use protocol::{Reply, Request, Secret};
use tests::signer::PASSPHRASE;

use crate::bench::Bench;

const KEY: [u8; 32] = [0x5e; 32];

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

fn import(bench: &Bench) {
    let request = Request::ImportKey {
        chain: Chain::Evm,
        environment: Environment::Mainnet,
        key: Secret::new(KEY.to_vec()),
        agent_id: None,
    };
    let reply = bench.operator().ask(request);
    assert!(matches!(reply, Reply::Key(_)), "{reply:?}");
}

#[test]
fn no_file_and_no_output_has_a_secret_in_it() {
    let bench = Bench::new();
    import(&bench);
    let needles = [
        PASSPHRASE.as_bytes().to_vec(),
        encode_hex(PASSPHRASE.as_bytes()).into_bytes(),
        KEY.to_vec(),
        encode_hex(&KEY).into_bytes(),
    ];
    let everything = files(&bench.place.path(""));
    let mut read = 0;
    for path in everything.iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).unwrap();
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "a secret in {}", path.display());
        }
        read += 1;
    }
    assert!(read >= 4, "vault, key, journal and log: {everything:?}");
}

#[test]
fn state_is_closed_to_others() {
    let bench = Bench::new();
    import(&bench);
    for path in
        files(&bench.place.path("signer")).into_iter().chain(files(&bench.place.path("run")))
    {
        let mode = path.symlink_metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

#[test]
fn the_process_can_be_neither_dumped_nor_read_and_has_no_privilege() {
    let mut bench = Bench::new();
    import(&bench);
    let process = PathBuf::from(format!("/proc/{}", bench.signerd.process().id()));
    let status = fs::read_to_string(process.join("status")).unwrap();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().to_owned()
    };
    assert_eq!(value("NoNewPrivs"), "1");
    assert_eq!(value("CapEff"), "0000000000000000");
    assert_eq!(value("CapPrm"), "0000000000000000");
    // What is not dumpable belongs to root in /proc, whoever runs it.
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&fs::metadata(process.join("mem")).unwrap()), 0);
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}
