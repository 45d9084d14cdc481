//! Frames between the signer and its peers: what is read, as a request or as a reply, is written
//! back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::wire::Wire;
use protocol::{Frame, MAX_SIGNER_FRAME, Reply, Request};

fuzz_target!(|bytes: &[u8]| {
    let Ok(Some(place)) = Frame::find(bytes, MAX_SIGNER_FRAME) else { return };
    let frame = &bytes[..place.end];
    let content = &bytes[place];
    check::<Request>(content, frame);
    check::<Reply>(content, frame);
});

fn check<T: Wire>(content: &[u8], frame: &[u8]) {
    if let Ok(read) = Frame::<T>::from_content(content) {
        assert_eq!(read.to_bytes(), frame);
    }
}
