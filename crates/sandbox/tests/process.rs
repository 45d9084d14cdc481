//! The sandbox, in a process of its own: what it sets cannot be taken back.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use sandbox::Hardened;

/// One test: the process is confined for good by it.
#[test]
fn a_confined_process_has_its_state_directory_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let kept = fs::File::open("/proc/thread-self/status").unwrap();
    let words = Hardened::new().unwrap().confine(state.path()).unwrap();
    assert_eq!(
        words[..5],
        ["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities"]
    );
    let landlock = words.get(5).copied();

    let file = state.path().join("file");
    fs::write(&file, "new").unwrap();
    fs::create_dir(state.path().join("directory")).unwrap();
    fs::rename(&file, state.path().join("renamed")).unwrap();
    fs::write(state.path().join("renamed"), "").unwrap();
    fs::remove_dir(state.path().join("directory")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode;
    let metadata = fs::metadata(state.path().join("renamed")).unwrap();
    assert_eq!(mode(&metadata.permissions()) & 0o777, 0o600);

    let status = std::io::read_to_string(kept).unwrap();
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        let line = format!("{set}:\t0000000000000000\n");
        assert!(status.contains(&line), "{set} is not empty");
    }
    assert!(status.contains("NoNewPrivs:\t1\n"));

    if landlock.is_some() {
        let denied = [
            ("read", fs::read("/etc/passwd").map(drop)),
            ("read its memory", fs::read("/proc/self/mem").map(drop)),
            ("write", fs::write(outside.path().join("file"), "")),
            ("escape", fs::read(state.path().join("../../etc/passwd")).map(drop)),
            ("execute", Command::new("/bin/true").status().map(drop)),
        ];
        for (what, result) in denied {
            let kind = result.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::PermissionDenied), "{what}");
        }
    }
    if landlock == Some("landlock") {
        let bound = TcpListener::bind("127.0.0.1:0").map(drop).map_err(|error| error.kind());
        assert_eq!(bound, Err(ErrorKind::PermissionDenied));
    }
}
