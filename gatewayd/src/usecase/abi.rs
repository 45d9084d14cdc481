//! What a function of an ABI may take, and whether call data has it. An agent sends the ABI, so that no
//! type of it may cost more than what it says: nothing is built before the types are known to be small,
//! and call data is looked through in place.

use std::iter::repeat_n;

use alloy_dyn_abi::{DynSolType, Specifier};
use alloy_json_abi::Function;
use serde_json::Value;

/// Parameters of a function, or fields of a struct.
const MAX_PARAMETERS: usize = 64;
/// Structs within structs.
const MAX_DEPTH: usize = 8;
/// Arrays of arrays.
const MAX_DIMENSIONS: usize = 4;
/// Values that fixed lengths make altogether.
const MAX_VALUES: usize = 8_192;
/// Characters of a type.
const MAX_TYPE: usize = 64;
/// Bytes of a word.
const WORD: usize = 32;
/// How often each word of call data may be read: compilers share the tails of equal values, and whoever
/// shares them without end makes a little data into any amount of it.
const MOST_READINGS: usize = 4;
/// Words that are read in any case.
const FREE_READINGS: usize = 64;

/// Checks that the parameters of an ABI's entry are those of a function that somebody wrote.
///
/// # Errors
/// Why they are not.
pub(super) fn check_parameters(entry: &Value) -> Result<(), String> {
    for parameters in ["inputs", "outputs"] {
        if let Some(parameters) = entry.get(parameters) {
            values(parameters, 0)?;
        }
    }
    Ok(())
}

/// How many values the parameters have, a list without a fixed length counted as one. What is no
/// parameter at all is left to whoever reads it.
fn values(parameters: &Value, depth: usize) -> Result<usize, String> {
    let Some(parameters) = parameters.as_array() else { return Ok(0) };
    if parameters.len() > MAX_PARAMETERS {
        return Err(format!("more than {MAX_PARAMETERS} parameters or fields"));
    }
    if depth > MAX_DEPTH {
        return Err(format!("structs nested more than {MAX_DEPTH} deep"));
    }
    let mut sum = 0_usize;
    for parameter in parameters {
        let each = match parameter.get("components") {
            Some(components) => values(components, depth.saturating_add(1))?.max(1),
            None => 1,
        };
        let kind = parameter.get("type").and_then(Value::as_str).unwrap_or_default();
        sum = sum.saturating_add(each.saturating_mul(fixed_values(kind)?));
        if sum > MAX_VALUES {
            return Err(format!("more than {MAX_VALUES} values of a fixed length"));
        }
    }
    Ok(sum)
}

/// How many values the fixed lengths of a type make, such as 6 of `uint256[2][][3]`.
fn fixed_values(kind: &str) -> Result<usize, String> {
    let shown = || kind.chars().take(MAX_TYPE).collect::<String>();
    if kind.len() > MAX_TYPE {
        return Err(format!("the type {}… is too long", shown()));
    }
    let (name, lengths) = kind.split_at(kind.find('[').unwrap_or(kind.len()));
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(format!("{} is no type; a struct is a tuple with components", shown()));
    }
    let (mut product, mut dimensions) = (1_usize, 0_usize);
    for length in lengths.split_inclusive(']') {
        let length = length.strip_prefix('[').and_then(|length| length.strip_suffix(']'));
        let length = length.ok_or_else(|| format!("{} is no type", shown()))?;
        let length = if length.is_empty() { Ok(1) } else { length.parse::<usize>() };
        let length = length.map_err(|_other| format!("{} has no such length", shown()))?;
        product = product.saturating_mul(length.max(1));
        dimensions = dimensions.saturating_add(1);
    }
    if dimensions > MAX_DIMENSIONS {
        return Err(format!("{} has more than {MAX_DIMENSIONS} dimensions", shown()));
    }
    if product > MAX_VALUES {
        return Err(format!("{} has more than {MAX_VALUES} values", shown()));
    }
    Ok(product)
}

/// Checks that `arguments` are those of the function, as its ABI encodes them; what follows them does
/// not matter, as it does not to contracts.
///
/// # Errors
/// Why they are not.
pub(super) fn check_arguments(function: &Function, arguments: &[u8]) -> Result<(), String> {
    let kinds: Result<Vec<_>, _> = function.inputs.iter().map(Specifier::resolve).collect();
    let kinds = kinds.map_err(|error| error.to_string())?;
    let words = arguments.len().div_ceil(WORD);
    let readings = words.saturating_mul(MOST_READINGS).saturating_add(FREE_READINGS);
    Data { bytes: arguments, readings }.sequence(kinds.iter(), 0)
}

/// Call data without its selector.
struct Data<'a> {
    bytes: &'a [u8],
    /// How many words may still be read.
    readings: usize,
}

impl Data<'_> {
    /// Values beside each other from `begin` on, those of no fixed size behind them.
    fn sequence<'a>(
        &mut self,
        kinds: impl Iterator<Item = &'a DynSolType>,
        begin: usize,
    ) -> Result<(), String> {
        let mut at = begin;
        for kind in kinds {
            if kind.is_dynamic() {
                let offset = self.number(at)?;
                let place = begin.checked_add(offset).ok_or_else(too_short)?;
                self.dynamic(kind, place)?;
                at = at.checked_add(WORD).ok_or_else(too_short)?;
            } else {
                let length = size(kind).ok_or_else(too_short)?;
                self.skip(at, length)?;
                at = at.checked_add(length).ok_or_else(too_short)?;
            }
        }
        Ok(())
    }

    /// A value of no fixed size.
    fn dynamic(&mut self, kind: &DynSolType, at: usize) -> Result<(), String> {
        let behind = at.checked_add(WORD).ok_or_else(too_short)?;
        match kind {
            DynSolType::Bytes | DynSolType::String => {
                let length = self.number(at)?;
                self.skip(behind, length)
            }
            DynSolType::Array(inner) => {
                let count = self.number(at)?;
                // Elements of nothing are as many as they like.
                let count = if size(inner) == Some(0) { 0 } else { count };
                self.sequence(repeat_n(inner.as_ref(), count), behind)
            }
            DynSolType::FixedArray(inner, count) => {
                self.sequence(repeat_n(inner.as_ref(), *count), at)
            }
            DynSolType::Tuple(kinds) => self.sequence(kinds.iter(), at),
            DynSolType::Bool
            | DynSolType::Int(_)
            | DynSolType::Uint(_)
            | DynSolType::FixedBytes(_)
            | DynSolType::Address
            | DynSolType::Function => self.skip(at, WORD),
        }
    }

    /// An offset or a length.
    fn number(&mut self, at: usize) -> Result<usize, String> {
        self.skip(at, WORD)?;
        let word = at.checked_add(WORD).and_then(|end| self.bytes.get(at..end));
        let (high, low) = word.and_then(|word| word.split_last_chunk()).ok_or_else(too_short)?;
        let low = usize::try_from(u64::from_be_bytes(*low)).map_err(|_far| too_short())?;
        if high.iter().any(|byte| *byte != 0) { Err(too_short()) } else { Ok(low) }
    }

    /// Bytes that are there, whatever they are.
    fn skip(&mut self, at: usize, length: usize) -> Result<(), String> {
        let end = at.checked_add(length).filter(|end| *end <= self.bytes.len());
        end.ok_or_else(too_short)?;
        let left = self.readings.checked_sub(length.div_ceil(WORD).max(1));
        self.readings = left.ok_or("the same bytes stand for too many values")?;
        Ok(())
    }
}

/// The size of a type that has one, in bytes.
fn size(kind: &DynSolType) -> Option<usize> {
    match kind {
        DynSolType::Bytes | DynSolType::String | DynSolType::Array(_) => None,
        DynSolType::FixedArray(inner, count) => size(inner)?.checked_mul(*count),
        DynSolType::Tuple(kinds) => {
            kinds.iter().try_fold(0_usize, |sum, kind| sum.checked_add(size(kind)?))
        }
        DynSolType::Bool
        | DynSolType::Int(_)
        | DynSolType::Uint(_)
        | DynSolType::FixedBytes(_)
        | DynSolType::Address
        | DynSolType::Function => Some(WORD),
    }
}

fn too_short() -> String {
    "it ends before the arguments do".to_owned()
}

#[cfg(test)]
mod tests {
    use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn function(kinds: &[&str]) -> Function {
        let inputs: Vec<Value> =
            kinds.iter().map(|kind| json!({ "name": "x", "type": kind })).collect();
        let entry = json!({ "type": "function", "name": "f", "inputs": inputs, "outputs": [],
                            "stateMutability": "nonpayable" });
        check_parameters(&entry).unwrap();
        serde_json::from_value(entry).unwrap()
    }

    fn word(number: usize) -> [u8; 32] {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        word
    }

    #[test]
    fn a_type_is_as_large_as_it_says_and_not_larger() {
        for (kind, expected) in [
            ("uint256", Some(1)),
            ("uint256[]", Some(1)),
            ("uint256[2][][3]", Some(6)),
            ("uint256[][][][]", Some(1)),
            ("uint256[0]", Some(1)),
            ("uint256[8192]", Some(8192)),
            ("uint256[8193]", None),
            ("uint256[91][91]", None),
            ("uint256[][][][][]", None),
            ("uint256[18446744073709551616]", None),
            ("uint256[-1]", None),
            ("uint256[", None),
            ("uint256]", None),
            ("uint256[1]x", None),
            ("(uint256,uint256)", None),
            ("()[]", None),
        ] {
            assert_eq!(fixed_values(kind).ok(), expected, "{kind}");
        }
        assert!(fixed_values(&format!("uint256{}", "[]".repeat(500_000))).is_err());
    }

    #[test]
    fn structs_are_bounded_as_a_whole() {
        let nested = |kind: &str, depth: usize| {
            let inner = json!({ "name": "x", "type": "uint256" });
            (0..depth).fold(
                inner,
                |inner, _level| json!({ "name": "x", "type": kind, "components": [inner] }),
            )
        };
        let check = |inputs: Vec<Value>| check_parameters(&json!({ "inputs": inputs })).is_ok();
        assert!(check(vec![nested("tuple", 8)]));
        assert!(!check(vec![nested("tuple", 9)]));
        assert!(check(vec![nested("tuple[90]", 2)]), "8,100 values");
        assert!(!check(vec![nested("tuple[91]", 2)]), "8,281 values");
        assert!(!check(vec![nested("tuple[90]", 2), nested("tuple[90]", 2)]), "together");
        assert!(check(vec![nested("uint256", 0); 64]));
        assert!(!check(vec![nested("uint256", 0); 65]));
        let outputs = json!([{ "name": "x", "type": "uint256[1000000000][]" }]);
        assert!(check_parameters(&json!({ "outputs": outputs })).is_err());
    }

    #[test]
    fn equal_tails_are_shared_only_so_often() {
        // A list of lists, all of them the same one, which has as many elements.
        let shared = |count: usize| {
            let offsets = repeat_n(word(count * WORD), count);
            let words = [word(WORD), word(count)].into_iter().chain(offsets);
            let list = std::iter::once(word(count)).chain(repeat_n(word(1), count));
            words.chain(list).collect::<Vec<_>>().concat()
        };
        let lists = function(&["uint256[][]"]);
        assert_eq!(check_arguments(&lists, &shared(4)), Ok(()));
        let error = check_arguments(&lists, &shared(8_000)).unwrap_err();
        assert!(error.contains("too many values"), "{error}");
    }

    #[test]
    fn data_that_ends_early_or_points_nowhere_is_no_call() {
        let text = function(&["string"]);
        let far = [[0xff; 32], word(1)].concat();
        for (data, fits) in [
            (vec![], false),
            (word(32).to_vec(), false),
            ([word(32), word(0)].concat(), true),
            ([word(32), word(1)].concat(), false),
            ([word(32), word(1), word(0)].concat(), true),
            (far, false),
            ([word(usize::MAX), word(0)].concat(), false),
            ([word(32), word(usize::MAX)].concat(), false),
        ] {
            assert_eq!(check_arguments(&text, &data).is_ok(), fits, "{data:?}");
        }
        assert_eq!(check_arguments(&function(&[]), &[]), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_encoded_fits_and_what_is_cut_does_not(
            numbers in vec(any::<u64>(), 0..9), texts in vec(".{0,40}", 0..5), flag: bool,
        ) {
            let function = function(&["uint256[]", "string[]", "bool", "uint64[2]", "bytes"]);
            let number = |number: &u64| DynSolValue::Uint((*number).try_into().unwrap(), 256);
            let pair = vec![DynSolValue::Uint(1_u64.try_into().unwrap(), 64); 2];
            let values = [
                DynSolValue::Array(numbers.iter().map(number).collect()),
                DynSolValue::Array(texts.iter().cloned().map(DynSolValue::String).collect()),
                DynSolValue::Bool(flag),
                DynSolValue::FixedArray(pair),
                DynSolValue::Bytes(texts.concat().into_bytes()),
            ];
            let data = function.abi_encode_input_raw(&values).unwrap();
            prop_assert_eq!(check_arguments(&function, &data), Ok(()));
            let more = [&data[..], &[0; 7]].concat();
            prop_assert_eq!(check_arguments(&function, &more), Ok(()));
            for length in [0, 31, data.len() / 2, data.len() - 32] {
                prop_assert!(check_arguments(&function, &data[..length]).is_err(), "{}", length);
            }
        }

        #[test]
        fn any_bytes_are_looked_through(bytes in vec(any::<u8>(), 0..2_000)) {
            let _fits = check_arguments(&function(&["string[][]", "bytes", "bool[3][]"]), &bytes);
        }
    }
}
