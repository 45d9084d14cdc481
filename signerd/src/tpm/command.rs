//! The four commands that a counter takes, and their answers: TPM 2.0 Library, part 2 (structures)
//! and part 3 (commands). All numbers are big-endian.

use protocol::wire::{Reader, Wire, WireError};

/// Bytes before the content of a command or an answer: tag, length, code.
pub(super) const HEADER: usize = 10;

/// `TPM_ST_NO_SESSIONS` and `TPM_ST_SESSIONS`: whether an authorization comes along.
const PLAIN: u16 = 0x8001;
const AUTHORIZED: u16 = 0x8002;
/// `TPM_RH_OWNER`.
const OWNER: u32 = 0x4000_0001;
/// The authorization by a password, which is empty: `TPM_RS_PW`, nonce, attributes, password.
const EMPTY_PASSWORD: [u8; 9] = [0x40, 0, 0, 9, 0, 0, 0, 0, 0];
/// `TPM_ALG_SHA256`.
const SHA256: u16 = 0x000b;
/// Bytes of a counter.
const WIDTH: u16 = 8;

/// `TPMA_NV`: written and read by its own (empty) password, a counter, and wrong passwords for it do
/// not lock the TPM.
const ATTRIBUTES: u32 = 1 << 2 | 1 << 18 | TYPE_COUNTER | 1 << 25;
const TYPE_COUNTER: u32 = 1 << 4;
const TYPE: u32 = 0xf << 4;
/// What [`ATTRIBUTES`] must be there of a counter that somebody else made: it can be counted and read.
const NEEDED: u32 = 1 << 2 | 1 << 18;
/// `TPMA_NV_WRITTEN`.
const WRITTEN: u32 = 1 << 29;

/// What the TPM is asked about the counter.
#[derive(Debug)]
pub(super) enum Command {
    /// `TPM2_NV_ReadPublic`: what is there.
    ReadPublic,
    /// `TPM2_NV_DefineSpace`: to make it, with this as its policy.
    Define([u8; 32]),
    /// `TPM2_NV_Increment`.
    Increment,
    /// `TPM2_NV_Read`.
    Read,
}

impl Command {
    /// Its name in the specification.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ReadPublic => "TPM2_NV_ReadPublic",
            Self::Define(_) => "TPM2_NV_DefineSpace",
            Self::Increment => "TPM2_NV_Increment",
            Self::Read => "TPM2_NV_Read",
        }
    }

    /// What is sent for the counter at `index`.
    pub(super) fn to_bytes(&self, index: u32) -> Vec<u8> {
        let mut content = Vec::new();
        let code: u32 = match self {
            Self::ReadPublic => {
                index.write(&mut content);
                0x0169
            }
            Self::Define(counter) => {
                OWNER.write(&mut content);
                write_password(&mut content);
                write_definition(index, *counter, &mut content);
                0x012a
            }
            Self::Increment => {
                write_own_authorization(index, &mut content);
                0x0134
            }
            Self::Read => {
                write_own_authorization(index, &mut content);
                WIDTH.write(&mut content);
                0_u16.write(&mut content);
                0x014e
            }
        };
        let mut bytes = Vec::new();
        self.tag().write(&mut bytes);
        length(HEADER.saturating_add(content.len())).write(&mut bytes);
        code.write(&mut bytes);
        bytes.append(&mut content);
        bytes
    }

    fn tag(&self) -> u16 {
        match self {
            Self::ReadPublic => PLAIN,
            Self::Define(_) | Self::Increment | Self::Read => AUTHORIZED,
        }
    }
}

/// The index twice: what authorizes, and what it is about.
fn write_own_authorization(index: u32, out: &mut Vec<u8>) {
    index.write(out);
    index.write(out);
    write_password(out);
}

fn write_password(out: &mut Vec<u8>) {
    length(EMPTY_PASSWORD.len()).write(out);
    EMPTY_PASSWORD.write(out);
}

/// `TPM2B_AUTH` and `TPM2B_NV_PUBLIC`: the index's own password is empty.
fn write_definition(index: u32, counter: [u8; 32], out: &mut Vec<u8>) {
    /// Of what follows it: 4 + 2 + 4 + 2 + 32 + 2.
    const PUBLIC: u16 = 46;
    0_u16.write(out);
    PUBLIC.write(out);
    index.write(out);
    SHA256.write(out);
    ATTRIBUTES.write(out);
    32_u16.write(out);
    counter.write(out);
    WIDTH.write(out);
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What `TPM2_NV_ReadPublic` says of an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Public {
    index: u32,
    attributes: u32,
    policy: Vec<u8>,
    width: u16,
}

impl Public {
    /// Which counter it is; `None` where it is none that can be used.
    pub(super) fn counter(&self, index: u32) -> Option<[u8; 32]> {
        let usable = self.attributes & NEEDED == NEEDED && self.attributes & TYPE == TYPE_COUNTER;
        let fits = self.index == index && self.width == WIDTH;
        let policy = if self.policy.is_empty() { &[0; 32] } else { self.policy.as_slice() };
        policy.try_into().ok().filter(|_| usable && fits)
    }

    /// Whether it was ever counted up.
    pub(super) fn is_written(&self) -> bool {
        self.attributes & WRITTEN != 0
    }
}

/// How long an answer says it is; `None` where it has not come so far.
pub(super) fn length_of(answer: &[u8]) -> Option<usize> {
    let [_, _, l0, l1, l2, l3, ..] = *answer else { return None };
    usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).ok()
}

/// The code of an answer, 0 for done.
///
/// # Errors
/// When it is no answer to this command.
pub(super) fn parse_code(answer: &[u8], command: &Command) -> Result<u32, WireError> {
    let mut input = Reader::new(answer);
    let (tag, length) = (u16::read(&mut input)?, u32::read(&mut input)?);
    let code = u32::read(&mut input)?;
    let expected = if code == 0 { command.tag() } else { PLAIN };
    let whole = usize::try_from(length).is_ok_and(|length| length == answer.len());
    if whole && tag == expected { Ok(code) } else { Err(WireError::InvalidValue) }
}

/// What an index is, out of the answer to [`Command::ReadPublic`].
///
/// # Errors
/// When it is none.
pub(super) fn parse_public(answer: &[u8]) -> Result<Public, WireError> {
    let mut input = Reader::new(answer);
    input.take(HEADER)?;
    let mut public = Reader::new(take_sized(&mut input)?);
    let _name = take_sized(&mut input)?;
    input.finish()?;
    let (index, _name_algorithm) = (u32::read(&mut public)?, u16::read(&mut public)?);
    let attributes = u32::read(&mut public)?;
    let policy = take_sized(&mut public)?.to_vec();
    let width = u16::read(&mut public)?;
    public.finish()?;
    Ok(Public { index, attributes, policy, width })
}

/// The number in the answer to [`Command::Read`].
///
/// # Errors
/// When there is none.
pub(super) fn parse_value(answer: &[u8]) -> Result<u64, WireError> {
    /// Of what follows it: a length and a number.
    const PARAMETERS: u32 = 10;
    let mut input = Reader::new(answer);
    input.take(HEADER)?;
    if u32::read(&mut input)? != PARAMETERS || u16::read(&mut input)? != WIDTH {
        return Err(WireError::InvalidValue);
    }
    let value = u64::read(&mut input)?;
    // The authorization's own answer: nonce, attributes, no proof for a password.
    let _nonce = take_sized(&mut input)?;
    let _attributes = u8::read(&mut input)?;
    let _proof = take_sized(&mut input)?;
    input.finish()?;
    Ok(value)
}

/// A `TPM2B`: a length of 16 bits, and so many bytes.
fn take_sized<'a>(input: &mut Reader<'a>) -> Result<&'a [u8], WireError> {
    let length = u16::read(input)?;
    input.take(length.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INDEX: u32 = 0x0182_5741;

    /// The answer of a TPM about a counter that was counted up.
    fn public() -> Vec<u8> {
        let mut content = Vec::new();
        46_u16.write(&mut content);
        INDEX.write(&mut content);
        SHA256.write(&mut content);
        (ATTRIBUTES | WRITTEN).write(&mut content);
        32_u16.write(&mut content);
        [7_u8; 32].write(&mut content);
        WIDTH.write(&mut content);
        34_u16.write(&mut content);
        [9_u8; 34].write(&mut content);
        answer(PLAIN, &content)
    }

    fn value(value: u64) -> Vec<u8> {
        let mut content = Vec::new();
        10_u32.write(&mut content);
        WIDTH.write(&mut content);
        value.write(&mut content);
        [0_u8, 0, 1, 0, 0].write(&mut content);
        answer(AUTHORIZED, &content)
    }

    fn answer(tag: u16, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        tag.write(&mut bytes);
        length(HEADER + content.len()).write(&mut bytes);
        0_u32.write(&mut bytes);
        bytes.extend_from_slice(content);
        bytes
    }

    #[test]
    fn answers_are_read_whole_and_no_shorter_or_longer() {
        let read = parse_public(&public()).unwrap();
        assert_eq!((read.counter(INDEX), read.is_written()), (Some([7; 32]), true));
        assert_eq!(parse_value(&value(57)), Ok(57));
        for (whole, command) in [(public(), Command::ReadPublic), (value(57), Command::Read)] {
            assert_eq!(parse_code(&whole, &command), Ok(0));
            for end in 0..whole.len() {
                let cut = &whole[..end];
                assert!(parse_code(cut, &command).is_err(), "{end}");
                assert!(parse_public(cut).is_err() && parse_value(cut).is_err(), "{end}");
            }
            let longer = [whole.as_slice(), &[0]].concat();
            assert!(parse_code(&longer, &command).is_err());
            assert!(parse_public(&longer).is_err() && parse_value(&longer).is_err());
        }
        let of_tpm_1_2 = [0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 30];
        assert!(parse_code(&of_tpm_1_2, &Command::Read).is_err());
    }

    #[test]
    fn only_a_counter_that_can_be_counted_and_read_is_one() {
        let counter = || parse_public(&public()).unwrap();
        let made_by_hand = Public { policy: Vec::new(), ..counter() };
        assert_eq!(made_by_hand.counter(INDEX), Some([0; 32]));
        assert_eq!(counter().counter(INDEX + 1), None);
        for other in [
            Public { attributes: ATTRIBUTES & !TYPE_COUNTER, ..counter() },
            Public { attributes: ATTRIBUTES | 1 << 5, ..counter() },
            Public { attributes: ATTRIBUTES & !(1 << 2), ..counter() },
            Public { attributes: ATTRIBUTES & !(1 << 18), ..counter() },
            Public { policy: vec![7; 31], ..counter() },
            Public { width: 4, ..counter() },
        ] {
            assert_eq!(other.counter(INDEX), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for command in [Command::ReadPublic, Command::Define([0; 32]), Command::Read] {
                prop_assert!(parse_code(&bytes, &command).is_err() || bytes.len() >= HEADER);
            }
            prop_assert!(parse_public(&bytes).is_err() || bytes.len() > HEADER + 4);
            prop_assert!(parse_value(&bytes).is_err() || bytes.len() > HEADER + 8);
            prop_assert_eq!(length_of(&bytes).is_some(), bytes.len() >= 6);
        }

        #[test]
        fn a_changed_answer_is_refused_or_says_something_else(
            place in 0_usize..200, bit in 0_u8..8, of_value in any::<bool>(),
        ) {
            let whole = if of_value { value(57) } else { public() };
            let mut changed = whole.clone();
            let place = place % changed.len();
            changed[place] ^= 1 << bit;
            if let Ok(read) = parse_public(&changed) {
                prop_assert!(!of_value && read.policy.len() <= changed.len());
            }
            if let Ok(read) = parse_value(&changed) {
                prop_assert!(of_value && (read != 57 || !(16..24).contains(&place)));
            }
        }
    }
}
