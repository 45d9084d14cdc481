//! A transaction in words becomes bytes without asking the network: for judging it, never for
//! signing it.

use std::num::NonZeroU64;

use primitives::{
    Address, AddressError, Amount, AmountError, Chain, ChainId, EvmAddress, SolanaAddress,
    decode_hex,
};
use txcodec::evm::{self, Kind, erc20};
use txcodec::solana::token::{TokenProgram, TransferChecked};
use txcodec::solana::{Instruction, Message, Version, associated_token, system};

/// A transaction in words; which of them are needed depends on `kind`.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// `TRANSFER` where it is left out.
    pub kind: Option<String>,
    /// Who gets it, or which contract is called.
    pub to: Option<String>,
    /// In base units.
    pub amount: Option<String>,
    /// Contract or mint.
    pub token: Option<String>,
    /// Who may take it.
    pub spender: Option<String>,
    /// Data of a call, in hexadecimal digits.
    pub calldata: Option<String>,
    /// Code of a contract, in hexadecimal digits.
    pub bytecode: Option<String>,
    /// Wei that go along with a call.
    pub value: Option<String>,
    /// A Solana program that is called.
    pub program_id: Option<String>,
    /// The most gas.
    pub gas_limit: Option<u64>,
    /// Wei for each unit of gas.
    pub gas_price: Option<String>,
}

/// Why words make no transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescribedError {
    /// Something is needed and not said.
    #[error("request.{0}: is needed")]
    Missing(&'static str),
    /// Something cannot be read.
    #[error("request.{0}: {1}")]
    Field(&'static str, String),
    /// There is no such kind on the chain.
    #[error("request.type: {kind} is not described on {chain}; give the bytes as transaction")]
    Kind {
        /// What was asked for.
        kind: String,
        /// Where.
        chain: Chain,
    },
    /// It does not fit in a transaction.
    #[error("request: does not fit in a transaction")]
    TooLarge,
}

impl Described {
    /// An unsigned transaction of `wallet` on a network. It has no fee where no gas is described.
    ///
    /// # Errors
    /// When something is missing or cannot be read.
    pub fn to_bytes(&self, wallet: Address, network: ChainId) -> Result<Vec<u8>, DescribedError> {
        match (wallet, network) {
            (Address::Evm(_), ChainId::Eip155(chain_id)) => self.to_evm(wallet, chain_id),
            (Address::Solana(wallet), ChainId::Solana(_)) => self.to_solana(wallet),
            (Address::Evm(_) | Address::Solana(_), ChainId::Eip155(_) | ChainId::Solana(_)) => {
                Err(DescribedError::TooLarge)
            }
        }
    }

    fn to_evm(&self, wallet: Address, chain_id: NonZeroU64) -> Result<Vec<u8>, DescribedError> {
        let (to, value, data) = self.evm_call(wallet)?;
        let transaction = evm::Transaction {
            kind: Kind::Legacy { gas_price: amount("gasPrice", self.gas_price.as_deref())? },
            chain_id,
            nonce: 0,
            gas_limit: self.gas_limit.unwrap_or(0),
            to,
            value,
            data,
        };
        Ok(transaction.to_unsigned_bytes())
    }

    fn evm_call(
        &self,
        wallet: Address,
    ) -> Result<(Option<EvmAddress>, Amount, Vec<u8>), DescribedError> {
        let evm = |name, text: &Option<String>| match address(name, text.as_deref(), Chain::Evm)? {
            Address::Evm(address) => Ok(address),
            Address::Solana(_) => Err(DescribedError::Missing(name)),
        };
        let value = amount("value", self.value.as_deref())?;
        match self.kind() {
            "TRANSFER" => Ok((Some(evm("to", &self.to)?), self.amount()?, Vec::new())),
            "TOKEN_TRANSFER" => {
                let data = erc20::transfer(evm("to", &self.to)?, self.amount()?);
                Ok((Some(evm("token", &self.token)?), Amount::ZERO, data))
            }
            "APPROVE" => {
                let data = erc20::approve(evm("spender", &self.spender)?, self.amount()?);
                Ok((Some(evm("token", &self.token)?), Amount::ZERO, data))
            }
            "CONTRACT_CALL" => {
                Ok((Some(evm("to", &self.to)?), value, hex("calldata", self.calldata.as_deref())?))
            }
            "CONTRACT_DEPLOY" => Ok((None, value, hex("bytecode", self.bytecode.as_deref())?)),
            kind => Err(DescribedError::Kind { kind: kind.to_owned(), chain: wallet.chain() }),
        }
    }

    fn to_solana(&self, wallet: SolanaAddress) -> Result<Vec<u8>, DescribedError> {
        let solana =
            |name, text: &Option<String>| match address(name, text.as_deref(), Chain::Solana)? {
                Address::Solana(address) => Ok(address),
                Address::Evm(_) => Err(DescribedError::Missing(name)),
            };
        let lamports = |amount: Amount| {
            let fits = amount.to_u64();
            fits.ok_or_else(|| DescribedError::Field("amount", "is above 64 bits".to_owned()))
        };
        let instructions = match self.kind() {
            "TRANSFER" => {
                vec![system::transfer(wallet, solana("to", &self.to)?, lamports(self.amount()?)?)]
            }
            "TOKEN_TRANSFER" => {
                let (to, mint) = (solana("to", &self.to)?, solana("token", &self.token)?);
                token_transfer(wallet, to, mint, lamports(self.amount()?)?).to_vec()
            }
            "CONTRACT_CALL" => vec![Instruction {
                program_id: solana("programId", &self.program_id)?,
                accounts: Vec::new(),
                data: self
                    .calldata
                    .as_ref()
                    .map_or(Ok(Vec::new()), |_given| hex("calldata", self.calldata.as_deref()))?,
            }],
            kind => {
                let (kind, chain) = (kind.to_owned(), Chain::Solana);
                return Err(DescribedError::Kind { kind, chain });
            }
        };
        let message = Message::compile(wallet, &instructions, [0; 32], Version::V0);
        let message = message.map_err(|_too_large| DescribedError::TooLarge)?;
        Ok(message.to_bytes())
    }

    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("TRANSFER")
    }

    fn amount(&self) -> Result<Amount, DescribedError> {
        match &self.amount {
            None => Err(DescribedError::Missing("amount")),
            Some(_) => amount("amount", self.amount.as_deref()),
        }
    }
}

fn address(
    name: &'static str,
    text: Option<&str>,
    chain: Chain,
) -> Result<Address, DescribedError> {
    let text = text.ok_or(DescribedError::Missing(name))?;
    let wrong = |error: AddressError| DescribedError::Field(name, error.to_string());
    Address::parse_for(chain, text).map_err(wrong)
}

/// Nothing where it is left out.
fn amount(name: &'static str, digits: Option<&str>) -> Result<Amount, DescribedError> {
    let wrong = |error: AmountError| DescribedError::Field(name, error.to_string());
    digits.map_or(Ok(Amount::ZERO), |digits| digits.parse().map_err(wrong))
}

/// To the recipient's own account for the token, which may have to be made first. How many decimals
/// the mint has, and which program rules it, is not known here and changes no verdict.
fn token_transfer(
    wallet: SolanaAddress,
    to: SolanaAddress,
    mint: SolanaAddress,
    amount: u64,
) -> [Instruction; 2] {
    let program = TokenProgram::Token;
    let transfer = TransferChecked {
        program,
        source: associated_token::derive(wallet, mint, program),
        mint,
        destination: associated_token::derive(to, mint, program),
        authority: wallet,
        amount,
        decimals: 0,
    };
    [associated_token::create_idempotent(wallet, to, mint, program), transfer.instruction()]
}

fn hex(name: &'static str, digits: Option<&str>) -> Result<Vec<u8>, DescribedError> {
    let digits = digits.ok_or(DescribedError::Missing(name))?;
    let bytes = digits.strip_prefix("0x").and_then(|digits| decode_hex(digits).ok());
    let wrong = || DescribedError::Field(name, "expected 0x and hexadecimal digits".to_owned());
    bytes.ok_or_else(wrong)
}
