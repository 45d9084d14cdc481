//! `/v1/utils`.

use api::{EncodeCalldata, EncodedCalldata, ErrorCode};

use super::body::{Done, Json};
use super::problem::Problem;
use crate::usecase::encode_calldata::{self, CalldataError};

pub(super) async fn encode_calldata(
    Json(asked): Json<EncodeCalldata>,
) -> Result<Done<EncodedCalldata>, Problem> {
    let arguments = asked.args.unwrap_or_default();
    let data = encode_calldata::encode_calldata(&asked.abi, &asked.function_name, &arguments)?;
    Ok(Done(EncodedCalldata {
        calldata: data.to_hex(),
        selector: data.selector(),
        function_name: data.function,
    }))
}

impl From<CalldataError> for Problem {
    fn from(error: CalldataError) -> Self {
        Self::new(ErrorCode::AbiEncodingFailed, error.to_string())
    }
}
