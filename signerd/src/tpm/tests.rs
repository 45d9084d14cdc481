//! What comes from a device or a socket, in one piece or in many.

use proptest::prelude::*;

use super::*;

/// A stream that gives each of these at a time.
struct Pieces(Vec<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0);
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn answer(length: u32) -> Vec<u8> {
    let mut bytes = [&[0x80, 1], length.to_be_bytes().as_slice(), &[0; 4]].concat();
    bytes.resize(usize::try_from(length).unwrap().clamp(10, MAX_ANSWER), 7);
    bytes
}

#[test]
fn an_answer_is_read_whole_in_any_pieces() {
    let whole = answer(30);
    for piece in 1..=whole.len() {
        let pieces = whole.chunks(piece).map(<[u8]>::to_vec).collect();
        assert_eq!(read_answer(&mut Pieces(pieces)).unwrap(), whole, "{piece} bytes each");
    }
    let longest = answer(4096);
    assert_eq!(read_answer(&mut Pieces(vec![longest.clone()])).unwrap(), longest);
}

#[test]
fn an_answer_that_ends_early_or_says_that_it_is_longer_than_any_is_refused() {
    let whole = answer(30);
    for end in 0..whole.len() {
        assert!(read_answer(&mut Pieces(vec![whole[..end].to_vec()])).is_err(), "{end}");
    }
    for length in [4097, u32::MAX] {
        assert!(read_answer(&mut Pieces(vec![answer(length)])).is_err(), "{length}");
    }
}

/// A TPM that answers each command by one of these.
fn tpm(answers: &[Vec<u8>]) -> Tpm {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let answers = answers.to_vec();
    std::thread::spawn(move || {
        for answer in answers {
            // It ends in between where the signer has heard enough.
            let heard = theirs.read(&mut [0; 256]).is_ok_and(|length| length > 0);
            if !heard || theirs.write_all(&answer).is_err() {
                return;
            }
        }
    });
    Tpm { path: "/dev/test".into(), index: INDEX, device: File::from(OwnedFd::from(ours)) }
}

proptest! {
    #[test]
    fn no_tpm_breaks_the_signer(
        code in prop::sample::select(vec![0_u32, 0x18b, 0x922, 0x9a2, 0x101]),
        tag in prop::sample::select(vec![0x8001_u16, 0x8002, 0xc4]),
        content in prop::collection::vec(any::<u8>(), 0..90),
    ) {
        let length = u32::try_from(content.len() + 10).unwrap();
        let answer = [
            tag.to_be_bytes().as_slice(), &length.to_be_bytes(), &code.to_be_bytes(), &content,
        ].concat();
        let answers = [answer.clone(), answer];
        prop_assert!(!matches!(tpm(&answers).find(), Ok(Some(_))), "it is no counter of ours");
        let counted = tpm(&answers).increment().is_ok();
        prop_assert_eq!(counted, code == 0 && tag == 0x8002);
        if let Err(error) = tpm(&answers).value() {
            prop_assert_eq!(error.is_busy(), code == 0x922 && tag == 0x8001);
        }
    }
}
