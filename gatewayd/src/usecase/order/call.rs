//! Calls of contracts and programs, and new contracts.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use primitives::{Address, Chain, EvmAddress, SolanaAddress, decode_hex};
use serde::Serialize;
use serde_json::Value;

use super::amount::base_units;
use super::{OrderError, Reader};
use crate::tx::{Account, Call, Deed, Deploy, Instruction};
use crate::usecase::encode_calldata::{check_calldata, encode_calldata, only_function};

/// A call, as an agent describes it. What belongs to the other kind of chain is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallRequest {
    /// The contract or program.
    pub to: String,
    /// EVM: call data in hexadecimal digits.
    pub calldata: Option<String>,
    /// EVM: the contract's ABI.
    pub abi: Option<Vec<Value>>,
    /// EVM: the function's name or signature.
    pub function: Option<String>,
    /// EVM: its arguments.
    pub arguments: Option<Vec<Value>>,
    /// EVM: wei that go along.
    pub value: Option<String>,
    /// Solana: the program again.
    pub program_id: Option<String>,
    /// Solana: what the program reads, in base64.
    pub data: Option<String>,
    /// Solana: the accounts that it gets.
    pub accounts: Option<Vec<AccountRequest>>,
    /// Solana: what goes before.
    pub before: Option<Vec<InstructionRequest>>,
    /// Solana: what comes after.
    pub after: Option<Vec<InstructionRequest>>,
    /// Solana: lookup tables.
    pub lookup_tables: Option<Vec<String>>,
}

/// A call of a Solana program, as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstructionRequest {
    /// The program.
    pub program_id: String,
    /// What it reads, in base64.
    pub data: String,
    /// The accounts that it gets.
    pub accounts: Vec<AccountRequest>,
}

/// An account of an instruction, as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountRequest {
    /// The account.
    pub pubkey: String,
    /// It must sign.
    pub signer: bool,
    /// It may be changed.
    pub writable: bool,
}

/// A new contract, as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeployRequest {
    /// Creation code in hexadecimal digits.
    pub bytecode: String,
    /// The constructor's arguments in hexadecimal digits.
    pub arguments: Option<String>,
    /// Wei that go along.
    pub value: Option<String>,
}

impl Reader<'_> {
    pub(super) async fn call(self, request: CallRequest) -> Result<Deed, OrderError> {
        match self.network.chain() {
            Chain::Evm => self.contract_call(&request).map(Deed::Call),
            Chain::Solana => {
                let tables = request.lookup_tables.clone().unwrap_or_default();
                let instructions = self.instructions(request)?;
                self.check_tables(&tables).await?;
                Ok(Deed::Instructions(instructions))
            }
        }
    }

    pub(super) fn deploy(self, request: &DeployRequest) -> Result<Deed, OrderError> {
        if self.network.chain() != Chain::Evm {
            return Err(self.not_for("bytecode"));
        }
        let mut code = hex("bytecode", &request.bytecode)?;
        if code.is_empty() {
            return Err(OrderError::Field { field: "bytecode", problem: "must not be empty" });
        }
        if let Some(arguments) = &request.arguments {
            code.extend(hex("constructorArgs", arguments)?);
        }
        Ok(Deed::Deploy(Deploy { code, value: base_units("value", request.value.as_deref())? }))
    }

    pub(super) fn contract_call(self, request: &CallRequest) -> Result<Call, OrderError> {
        for (field, is_given) in [
            ("programId", request.program_id.is_some()),
            ("instructionData", request.data.is_some()),
            ("accounts", request.accounts.is_some()),
            ("preInstructions", request.before.is_some()),
            ("postInstructions", request.after.is_some()),
            ("addressLookupTableAddresses", request.lookup_tables.is_some()),
        ] {
            if is_given {
                return Err(self.not_for(field));
            }
        }
        let to = self.evm_address("to", &request.to)?;
        let value = base_units("value", request.value.as_deref())?;
        Ok(Call { to, value, data: call_data(request)? })
    }

    fn instructions(self, request: CallRequest) -> Result<Vec<Instruction>, OrderError> {
        for (field, is_given) in [
            ("calldata", request.calldata.is_some()),
            ("abi", request.abi.is_some()),
            ("functionName", request.function.is_some()),
            ("args", request.arguments.is_some()),
            ("value", request.value.is_some()),
        ] {
            if is_given {
                return Err(self.not_for(field));
            }
        }
        let program = self.solana_address("to", &request.to)?;
        let named = request.program_id.as_deref();
        let named = named.map(|named| self.solana_address("programId", named)).transpose()?;
        if named.is_some_and(|named| named != program) {
            let problem = "to names another program; name the one that is called in both";
            return Err(OrderError::Field { field: "programId", problem });
        }
        let main = InstructionRequest {
            program_id: request.to,
            data: request.data.unwrap_or_default(),
            accounts: request.accounts.unwrap_or_default(),
        };
        let before = request.before.into_iter().flatten();
        let all = before.chain([main]).chain(request.after.into_iter().flatten());
        all.map(|instruction| self.instruction(&instruction)).collect()
    }

    /// Every account is written out, so that a table changes nothing but the length; one that is
    /// none means that something else was meant.
    async fn check_tables(self, tables: &[String]) -> Result<(), OrderError> {
        if tables.is_empty() {
            return Ok(());
        }
        let address = |table: &String| self.address("addressLookupTableAddresses", table);
        let tables = tables.iter().map(address).collect::<Result<Vec<_>, _>>()?;
        Ok(self.client()?.check_lookup_tables(&tables).await?)
    }

    fn instruction(self, request: &InstructionRequest) -> Result<Instruction, OrderError> {
        let data = BASE64.decode(&request.data).map_err(|_not_base64| OrderError::Field {
            field: "instructionData",
            problem: "expected base64",
        })?;
        let account = |account: &AccountRequest| {
            let pubkey = self.solana_address("accounts", &account.pubkey)?;
            Ok(Account { pubkey, signer: account.signer, writable: account.writable })
        };
        Ok(Instruction {
            program_id: self.solana_address("programId", &request.program_id)?,
            data,
            accounts: request.accounts.iter().map(account).collect::<Result<_, OrderError>>()?,
        })
    }

    fn evm_address(self, field: &'static str, text: &str) -> Result<EvmAddress, OrderError> {
        match self.address(field, text)? {
            Address::Evm(address) => Ok(address),
            Address::Solana(_) => Err(self.not_for(field)),
        }
    }

    fn solana_address(self, field: &'static str, text: &str) -> Result<SolanaAddress, OrderError> {
        match self.address(field, text)? {
            Address::Solana(address) => Ok(address),
            Address::Evm(_) => Err(self.not_for(field)),
        }
    }

    fn not_for(self, field: &'static str) -> OrderError {
        OrderError::OtherChain { field, chain: self.network.chain() }
    }
}

/// The call data as it is given, or as the ABI and the arguments make it. Data that the given ABI
/// has no function for is refused: one of the two is not what was meant.
fn call_data(request: &CallRequest) -> Result<Vec<u8>, OrderError> {
    let names_function = request.function.is_some() || request.arguments.is_some();
    match (&request.calldata, &request.abi) {
        (Some(_), _) if names_function => {
            let problem = "give either call data, or a function and its arguments";
            Err(OrderError::Field { field: "calldata", problem })
        }
        (Some(digits), abi) => {
            let data = hex("calldata", digits)?;
            if let Some(abi) = abi {
                check_calldata(abi, &data)?;
            }
            Ok(data)
        }
        (None, Some(abi)) => {
            let function = match &request.function {
                Some(function) => function.clone(),
                None => only_function(abi)?,
            };
            let arguments = request.arguments.as_deref().unwrap_or_default();
            Ok(encode_calldata(abi, &function, arguments)?.bytes)
        }
        (None, None) if names_function => {
            let problem = "a function needs the ABI that describes it";
            Err(OrderError::Field { field: "abi", problem })
        }
        (None, None) => Ok(Vec::new()),
    }
}

fn hex(field: &'static str, text: &str) -> Result<Vec<u8>, OrderError> {
    let bytes = text.strip_prefix("0x").and_then(|digits| decode_hex(digits).ok());
    let problem = "expected 0x and hexadecimal digits, two a byte";
    bytes.ok_or(OrderError::Field { field, problem })
}
