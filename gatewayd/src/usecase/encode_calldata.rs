//! The data of a contract call, from the contract's ABI and values in JSON.

use alloy_dyn_abi::{DynSolType, DynSolValue, JsonAbiExt, Specifier};
use alloy_json_abi::Function;
use primitives::encode_hex;
use serde_json::Value;

use super::abi;

/// The most entries of an ABI that are looked at.
const MAX_ENTRIES: usize = 1_000;

/// A call's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calldata {
    /// Selector and arguments.
    pub bytes: Vec<u8>,
    /// The function's name, without its types.
    pub function: String,
}

/// Why there is no data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalldataError {
    /// No function of that name, or with that signature, is in the ABI.
    #[error("the ABI has no function {0}")]
    UnknownFunction(String),
    /// Several are.
    #[error("the ABI has several functions {0}: give the whole signature, such as {1}")]
    Ambiguous(String, String),
    /// An entry is no function as Solidity's JSON ABI describes one.
    #[error("the ABI's entry for {function}: {reason}")]
    Abi {
        /// Which function.
        function: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More entries than a contract has.
    #[error("the ABI has more than {MAX_ENTRIES} entries")]
    TooLong,
    /// Too few or too many values.
    #[error("{function} takes {expected} arguments, and {given} are given")]
    Count {
        /// Which function.
        function: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        given: usize,
    },
    /// Call data that is no call of a function of the ABI.
    #[error("the ABI has no function that the call data {selector} calls")]
    OtherFunction {
        /// `0x` and the digits of the first four bytes.
        selector: String,
    },
    /// Call data that has not the arguments of the function.
    #[error("the call data is no call of {function}: {reason}")]
    OtherArguments {
        /// Which function.
        function: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A function has to be named.
    #[error("functionName: the ABI has {count} functions, say which one")]
    Unnamed {
        /// How many it has.
        count: usize,
    },
    /// A value that is none of its type.
    #[error("argument {position}: {reason}")]
    Argument {
        /// Which one, from one.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Encodes a call of the function with that name, or signature, with `arguments`.
///
/// # Errors
/// When there is not exactly one such function, or the arguments do not fit it.
pub fn encode_calldata(
    abi: &[Value],
    function: &str,
    arguments: &[Value],
) -> Result<Calldata, CalldataError> {
    let function = find(abi, function)?;
    if function.inputs.len() != arguments.len() {
        return Err(CalldataError::Count {
            function: function.signature(),
            expected: function.inputs.len(),
            given: arguments.len(),
        });
    }
    let mut values = Vec::with_capacity(arguments.len());
    for (position, (input, argument)) in (1..).zip(function.inputs.iter().zip(arguments)) {
        let kind = input.resolve().map_err(|error| abi_error(&function.name, &error))?;
        let value = read(&kind, argument);
        values.push(value.map_err(|reason| CalldataError::Argument { position, reason })?);
    }
    let bytes = function.abi_encode_input(&values);
    let bytes = bytes.map_err(|error| abi_error(&function.name, &error))?;
    Ok(Calldata { bytes, function: function.name })
}

/// Whether the data calls a function of the ABI, with its arguments.
///
/// # Errors
/// When it does not.
pub fn check_calldata(abi: &[Value], data: &[u8]) -> Result<(), CalldataError> {
    let selector = data.get(..4).unwrap_or(data);
    let called = functions(abi)?.into_iter().find(|it| it.selector().as_slice() == selector);
    let Some(function) = called else {
        let selector = format!("0x{}", encode_hex(selector));
        return Err(CalldataError::OtherFunction { selector });
    };
    let arguments = data.get(4..).unwrap_or_default();
    abi::check_arguments(&function, arguments).map_err(|reason| {
        let function = function.signature();
        CalldataError::OtherArguments { function, reason }
    })
}

/// The signature of the one function of an ABI.
///
/// # Errors
/// When there are several, or none.
pub fn only_function(abi: &[Value]) -> Result<String, CalldataError> {
    match functions(abi)?.as_slice() {
        [one] => Ok(one.signature()),
        several => Err(CalldataError::Unnamed { count: several.len() }),
    }
}

fn functions(abi: &[Value]) -> Result<Vec<Function>, CalldataError> {
    if abi.len() > MAX_ENTRIES {
        return Err(CalldataError::TooLong);
    }
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).map(str::to_owned);
    let named = abi.iter().filter_map(|entry| Some((entry, name(entry)?)));
    let functions = named.filter(|(entry, name)| is_function(entry, name));
    functions.map(|(entry, name)| read_function(entry, &name)).collect()
}

fn find(abi: &[Value], wanted: &str) -> Result<Function, CalldataError> {
    if abi.len() > MAX_ENTRIES {
        return Err(CalldataError::TooLong);
    }
    let name = wanted.split('(').next().unwrap_or_default().trim();
    let mut found = Vec::new();
    for entry in abi.iter().filter(|entry| is_function(entry, name)) {
        let function = read_function(entry, name)?;
        if !wanted.contains('(') || function.signature() == wanted.replace(' ', "") {
            found.push(function);
        }
    }
    let one = found.pop().ok_or_else(|| CalldataError::UnknownFunction(name.to_owned()))?;
    if found.is_empty() {
        Ok(one)
    } else {
        Err(CalldataError::Ambiguous(name.to_owned(), one.signature()))
    }
}

/// An entry that is a function, with parameters that are no larger than they look.
fn read_function(entry: &Value, name: &str) -> Result<Function, CalldataError> {
    let wrong = |reason| CalldataError::Abi { function: name.to_owned(), reason };
    abi::check_parameters(entry).map_err(wrong)?;
    serde_json::from_value(entry.clone()).map_err(|error| abi_error(name, &error))
}

/// Entries without a type are functions, by the ABI's specification.
fn is_function(entry: &Value, name: &str) -> bool {
    let kind = entry.get("type").and_then(Value::as_str).unwrap_or("function");
    kind == "function" && entry.get("name").and_then(Value::as_str) == Some(name)
}

/// Reads a value of JSON as one of that type.
fn read(kind: &DynSolType, value: &Value) -> Result<DynSolValue, String> {
    let list = || value.as_array().ok_or_else(|| format!("expected an array for {kind}"));
    match kind {
        DynSolType::Array(inner) => Ok(DynSolValue::Array(read_each(inner, list()?)?)),
        DynSolType::FixedArray(inner, length) if list()?.len() == *length => {
            Ok(DynSolValue::FixedArray(read_each(inner, list()?)?))
        }
        DynSolType::FixedArray(_, length) => Err(format!("expected {length} values for {kind}")),
        DynSolType::Tuple(kinds) if list()?.len() == kinds.len() => {
            let values = kinds.iter().zip(list()?).map(|(kind, value)| read(kind, value));
            Ok(DynSolValue::Tuple(values.collect::<Result<_, _>>()?))
        }
        DynSolType::Tuple(kinds) => Err(format!("expected an array of {} values", kinds.len())),
        DynSolType::String => {
            let text = value.as_str().ok_or("expected a string")?;
            Ok(DynSolValue::String(text.to_owned()))
        }
        DynSolType::Bool
        | DynSolType::Int(_)
        | DynSolType::Uint(_)
        | DynSolType::FixedBytes(_)
        | DynSolType::Address
        | DynSolType::Function
        | DynSolType::Bytes => kind.coerce_str(&scalar(value)?).map_err(|error| error.to_string()),
    }
}

fn read_each(kind: &DynSolType, values: &[Value]) -> Result<Vec<DynSolValue>, String> {
    values.iter().map(|value| read(kind, value)).collect()
}

/// Numbers as they are written, so that none is rounded.
fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Value::Number(_) => Err("write large and fractional numbers as strings".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err("expected a single value".to_owned())
        }
    }
}

fn abi_error(function: &str, error: &dyn std::error::Error) -> CalldataError {
    CalldataError::Abi { function: function.to_owned(), reason: error.to_string() }
}

impl Calldata {
    /// `0x` and the digits of all bytes.
    pub fn to_hex(&self) -> String {
        format!("0x{}", encode_hex(&self.bytes))
    }

    /// `0x` and the digits of the selector, the first four bytes.
    pub fn selector(&self) -> String {
        format!("0x{}", encode_hex(self.bytes.get(..4).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TO: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    fn abi() -> Vec<Value> {
        let input = |kind: &str| json!({ "name": "x", "type": kind });
        let function = |name: &str, kinds: &[&str]| {
            let inputs: Vec<Value> = kinds.iter().map(|kind| input(kind)).collect();
            json!({ "type": "function", "name": name, "inputs": inputs, "outputs": [],
                    "stateMutability": "nonpayable" })
        };
        vec![
            function("transfer", &["address", "uint256"]),
            function("set", &["bytes32"]),
            function("set", &["uint8", "bool"]),
            function("many", &["uint256[]", "string", "bytes"]),
            json!({ "type": "event", "name": "Transfer", "inputs": [], "anonymous": false }),
        ]
    }

    #[test]
    fn a_transfer_is_encoded_as_erc_20_says() {
        let data = encode_calldata(&abi(), "transfer", &[json!(TO), json!("1000000")]).unwrap();
        assert_eq!(data.selector(), "0xa9059cbb");
        assert_eq!(
            data.to_hex(),
            "0xa9059cbb\
             0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed\
             00000000000000000000000000000000000000000000000000000000000f4240"
        );
    }

    #[test]
    fn a_signature_tells_functions_of_one_name_apart() {
        let both = encode_calldata(&abi(), "set", &[json!(1), json!(true)]);
        assert!(matches!(both, Err(CalldataError::Ambiguous(..))), "{both:?}");
        let data = encode_calldata(&abi(), "set(uint8, bool)", &[json!(1), json!(true)]).unwrap();
        assert_eq!((data.function.as_str(), data.bytes.len()), ("set", 4 + 64));
    }

    #[test]
    fn lists_and_texts_are_encoded() {
        let arguments = [json!([1, "2"]), json!("0x01"), json!("0x01")];
        let data = encode_calldata(&abi(), "many", &arguments).unwrap();
        assert_eq!(data.bytes.len(), 4 + 32 * (3 + 3 + 2 + 2));
    }

    #[test]
    fn no_type_costs_more_than_it_says() {
        let of = |kind: &str| {
            vec![json!({ "type": "function", "name": "f", "outputs": [],
                         "inputs": [{ "name": "x", "type": kind }],
                         "stateMutability": "nonpayable" })]
        };
        let deep = of(&format!("uint256{}", "[]".repeat(500_000)));
        let wide = of("uint256[1000000000][]");
        // A stack that is smaller than that of whoever answers requests.
        let small = std::thread::Builder::new().stack_size(512 << 10);
        let asked = small.spawn(move || {
            for abi in [deep, wide] {
                let encoded = encode_calldata(&abi, "f", &[json!([])]);
                assert!(matches!(encoded, Err(CalldataError::Abi { .. })), "{encoded:?}");
                let only = only_function(&abi);
                assert!(matches!(only, Err(CalldataError::Abi { .. })), "{only:?}");
                let checked = check_calldata(&abi, &[0; 36]);
                assert!(matches!(checked, Err(CalldataError::Abi { .. })), "{checked:?}");
            }
        });
        asked.unwrap().join().unwrap();
        let lists = of("uint256[2][]");
        let data = encode_calldata(&lists, "f", &[json!([["1", "2"]])]).unwrap();
        assert_eq!(check_calldata(&lists, &data.bytes), Ok(()));
        let cut = check_calldata(&lists, &data.bytes[..100]);
        assert!(matches!(cut, Err(CalldataError::OtherArguments { .. })), "{cut:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (function, arguments) in [
            ("approve", json!([TO, "1"])),
            ("Transfer", json!([])),
            ("", json!([])),
            ("transfer", json!([TO])),
            ("transfer", json!([TO, "1", "2"])),
            ("transfer", json!(["vitalik.eth", "1"])),
            ("transfer", json!([TO, "-1"])),
            ("transfer", json!([TO, 1.5])),
            ("transfer", json!([TO, 1e30])),
            ("transfer", json!([TO, null])),
            ("transfer", json!([TO, ["1"]])),
            (
                "transfer",
                json!([
                    TO,
                    "115792089237316195423570985008687907853269984665640564039457584007913129639936"
                ]),
            ),
            ("set(uint8,bool)", json!([256, true])),
            ("set(uint8,bool)", json!([1, "yes"])),
            ("set(bytes32)", json!(["0x01"])),
            ("many", json!(["1", "a", "0x"])),
        ] {
            let found = encode_calldata(&abi(), function, arguments.as_array().unwrap());
            assert!(found.is_err(), "{function} {arguments}: {found:?}");
        }
    }
}
