//! A transaction in words becomes bytes without asking the network: for judging it, never for
//! signing it.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;

use primitives::{
    Address, AddressError, Amount, AmountError, Chain, ChainId, EvmAddress, SolanaAddress,
    decode_hex,
};
use txcodec::evm::{self, Kind, erc20, erc721};
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
    /// Which collectible of a contract.
    pub token_id: Option<String>,
    /// How a collectible is kept.
    pub standard: Option<String>,
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
    /// What a batch does, in this order.
    pub instructions: Vec<Described>,
}

/// How many a batch has.
const BATCH: RangeInclusive<usize> = 2..=20;

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
    /// The network is not one of the wallet's chain.
    #[error("the wallet cannot be used on a network of another chain")]
    OtherChain,
    /// It does not fit in a transaction.
    #[error("request: does not fit in a transaction")]
    TooLarge,
    /// The batch has too few or too many.
    #[error("request.instructions: a batch has {} to {}", BATCH.start(), BATCH.end())]
    Batch,
    /// Something of a batch is none.
    #[error("request.instructions[{0}]: {1}")]
    Part(usize, Box<DescribedError>),
}

impl Described {
    /// Unsigned transactions of `wallet` on a network, which go one after the other: one, but for a
    /// batch on an EVM network. They have no fee where no gas is described.
    ///
    /// # Errors
    /// When something is missing or cannot be read.
    pub fn to_transactions(
        &self,
        wallet: Address,
        network: ChainId,
    ) -> Result<Vec<Vec<u8>>, DescribedError> {
        match (self.kind(), wallet) {
            ("BATCH", Address::Evm(_)) => {
                let parts = self.parts()?.iter().enumerate();
                parts.map(|(place, it)| it.to_bytes(wallet, network).map_err(part(place))).collect()
            }
            (_, Address::Evm(_) | Address::Solana(_)) => {
                self.to_bytes(wallet, network).map(|bytes| vec![bytes])
            }
        }
    }

    fn parts(&self) -> Result<&[Self], DescribedError> {
        let parts = self.instructions.as_slice();
        if BATCH.contains(&parts.len()) { Ok(parts) } else { Err(DescribedError::Batch) }
    }

    /// An unsigned transaction of `wallet` on a network. It has no fee where no gas is described.
    fn to_bytes(&self, wallet: Address, network: ChainId) -> Result<Vec<u8>, DescribedError> {
        match (wallet, network) {
            (Address::Evm(_), ChainId::Eip155(chain_id)) => self.to_evm(wallet, chain_id),
            (Address::Solana(wallet), ChainId::Solana(_)) => self.to_solana(wallet),
            (Address::Evm(_) | Address::Solana(_), ChainId::Eip155(_) | ChainId::Solana(_)) => {
                Err(DescribedError::OtherChain)
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
            "NFT_TRANSFER" => {
                let to = evm("to", &self.to)?;
                let data = self.collectible(evm_wallet(wallet)?, to)?;
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
        let instructions = if self.kind() == "BATCH" {
            let parts = self.parts()?.iter().enumerate();
            let parts = parts.map(|(place, it)| it.instructions(wallet).map_err(part(place)));
            parts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        } else {
            self.instructions(wallet)?
        };
        let message = Message::compile(wallet, &instructions, [0; 32], Version::V0);
        let message = message.map_err(|_too_large| DescribedError::TooLarge)?;
        Ok(message.to_bytes())
    }

    fn instructions(&self, wallet: SolanaAddress) -> Result<Vec<Instruction>, DescribedError> {
        let solana =
            |name, text: &Option<String>| match address(name, text.as_deref(), Chain::Solana)? {
                Address::Solana(address) => Ok(address),
                Address::Evm(_) => Err(DescribedError::Missing(name)),
            };
        let lamports = |amount: Amount| {
            let fits = amount.to_u64();
            fits.ok_or_else(|| DescribedError::Field("amount", "is above 64 bits".to_owned()))
        };
        Ok(match self.kind() {
            "TRANSFER" => {
                vec![system::transfer(wallet, solana("to", &self.to)?, lamports(self.amount()?)?)]
            }
            "TOKEN_TRANSFER" => {
                let (to, mint) = (solana("to", &self.to)?, solana("token", &self.token)?);
                token_transfer(wallet, to, mint, lamports(self.amount()?)?).to_vec()
            }
            "NFT_TRANSFER" => {
                let (to, mint) = (solana("to", &self.to)?, solana("token", &self.token)?);
                token_transfer(wallet, to, mint, 1).to_vec()
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
        })
    }

    fn collectible(&self, from: EvmAddress, to: EvmAddress) -> Result<Vec<u8>, DescribedError> {
        let id = self.token_id.as_deref().ok_or(DescribedError::Missing("tokenId"))?;
        let id = amount("tokenId", Some(id))?;
        match self.standard.as_deref() {
            None | Some("ERC-721") => Ok(erc721::safe_transfer([from, to], id)),
            Some("ERC-1155") => {
                let count = amount("amount", Some(self.amount.as_deref().unwrap_or("1")))?;
                Ok(erc721::safe_transfer_of([from, to], id, count))
            }
            Some(_) => {
                let known = "expected ERC-721 or ERC-1155 on an EVM network".to_owned();
                Err(DescribedError::Field("standard", known))
            }
        }
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

/// Says which one of a batch it is about.
fn part(place: usize) -> impl Fn(DescribedError) -> DescribedError {
    move |error| DescribedError::Part(place, Box::new(error))
}

fn evm_wallet(wallet: Address) -> Result<EvmAddress, DescribedError> {
    match wallet {
        Address::Evm(wallet) => Ok(wallet),
        Address::Solana(_) => Err(DescribedError::OtherChain),
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

#[cfg(test)]
mod tests {
    use txcodec::Effect;

    use super::*;

    const WALLET: EvmAddress = EvmAddress([1; 20]);
    const SOLANA: SolanaAddress = SolanaAddress([1; 32]);
    const BOB: &str = "0x0202020202020202020202020202020202020202";
    const TOKEN: &str = "0x0303030303030303030303030303030303030303";

    fn described(kind: &str) -> Described {
        let some = |text: &str| Some(text.to_owned());
        Described {
            kind: some(kind),
            to: some(BOB),
            amount: some("5"),
            token: some(TOKEN),
            token_id: some("7"),
            spender: some(BOB),
            calldata: some("0x01020304"),
            bytecode: some("0x60"),
            value: some("9"),
            ..Described::default()
        }
    }

    fn evm_effects(described: &Described) -> Vec<Effect> {
        let network = ChainId::Eip155(NonZeroU64::MIN);
        let bytes = described.to_bytes(WALLET.into(), network).unwrap();
        evm::decode(&bytes, WALLET).unwrap().effects().to_vec()
    }

    #[test]
    fn words_become_the_bytes_that_do_what_they_say() {
        let [bob, token] = [BOB, TOKEN].map(|text| text.parse::<Address>().unwrap());
        let Address::Evm(contract) = token else { panic!() };
        let Address::Evm(to) = bob else { panic!() };
        let (amount, id) = (Amount::from(5_u64), Amount::from(7_u64));
        let value = Effect::NativeOut { to: bob, amount: Amount::from(9_u64) };
        let gone = |amount: u64| Effect::CollectibleOut { contract, to, id, amount: amount.into() };
        let erc1155 =
            Described { standard: Some("ERC-1155".to_owned()), ..described("NFT_TRANSFER") };
        let one = Described { amount: None, ..erc1155.clone() };
        for (described, effects) in [
            (described("TRANSFER"), vec![Effect::NativeOut { to: bob, amount }]),
            (described("TOKEN_TRANSFER"), vec![Effect::TokenOut { token, to: bob, amount }]),
            (described("NFT_TRANSFER"), vec![gone(1)]),
            (erc1155, vec![gone(5)]),
            (one, vec![gone(1)]),
            (described("APPROVE"), vec![Effect::Allowance { token, spender: bob, amount }]),
            (
                described("CONTRACT_CALL"),
                vec![value, Effect::Call { contract: to, selector: Some([1, 2, 3, 4]) }],
            ),
        ] {
            assert_eq!(evm_effects(&described), effects, "{described:?}");
        }
        assert_eq!(evm_effects(&described("CONTRACT_DEPLOY")).last(), Some(&Effect::Deploy));
    }

    #[test]
    fn on_solana_a_token_goes_to_its_owner_with_the_account_that_it_may_need() {
        let some = |text: SolanaAddress| Some(text.to_string());
        let (bob, mint) = (SolanaAddress([2; 32]), SolanaAddress([3; 32]));
        let words = |kind: &str| Described {
            kind: Some(kind.to_owned()),
            to: some(bob),
            amount: Some("5".to_owned()),
            token: some(mint),
            program_id: some(mint),
            ..Described::default()
        };
        let devnet = "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1".parse().unwrap();
        let effects = |kind| {
            let bytes = words(kind).to_bytes(SOLANA.into(), devnet).unwrap();
            txcodec::solana::decode(&bytes, SOLANA).unwrap().effects().to_vec()
        };
        let paid = |amount: u64| Effect::TokenOut {
            token: mint.into(),
            to: bob.into(),
            amount: amount.into(),
        };
        assert_eq!(
            effects("TRANSFER"),
            [Effect::NativeOut { to: bob.into(), amount: 5_u64.into() }]
        );
        assert!(effects("TOKEN_TRANSFER").contains(&paid(5)));
        assert!(effects("NFT_TRANSFER").contains(&paid(1)));
        assert_eq!(effects("CONTRACT_CALL").len(), 1);
        let error = words("CONTRACT_DEPLOY").to_bytes(SOLANA.into(), devnet);
        assert!(matches!(error, Err(DescribedError::Kind { .. })));
        let elsewhere = words("TRANSFER").to_bytes(SOLANA.into(), ChainId::Eip155(NonZeroU64::MIN));
        assert_eq!(elsewhere, Err(DescribedError::OtherChain));
    }
}
