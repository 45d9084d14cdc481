//! From a deed to the instructions that do it, with what the chain says about the accounts.

use std::collections::{BTreeMap, BTreeSet};

use primitives::{Amount, Asset, SolanaAddress};
use txcodec::solana::token::{ApproveChecked, TokenProgram, TransferChecked};
use txcodec::solana::{AccountMeta, Instruction, associated_token, compute_budget, memo, system};

use super::account::Account;
use super::token::{Mint, TokenAccount};
use super::{Solana, solana_address};
use crate::chains::ChainError;
use crate::tx::{self, Allowance, Approve, Deed, NftStandard, NftTransfer, Transfer};

/// The longest memo, in bytes: with the other instructions it has to fit in a packet.
const MAX_MEMO: usize = 512;

/// What a deed takes.
#[derive(Debug)]
pub(super) struct Plan {
    /// Who pays and signs.
    pub(super) from: SolanaAddress,
    /// What the wallet has of the native coin.
    pub(super) available: Amount,
    /// What is done, without the compute budget.
    pub(super) instructions: Vec<Instruction>,
    /// Who says what the wallet has when it is done.
    pub(super) funds: Funds,
}

/// Who says whether there is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Funds {
    /// Nothing comes in: what there is now is all.
    AsTheyAre,
    /// Programs that the asker calls may pay the wallet first: only a trial can tell.
    AsTriedOut,
}

/// One thing that is done.
enum Part<'a> {
    Coins { to: SolanaAddress, lamports: u64 },
    Tokens(Tokens),
    Memo(&'a str),
    Calls(Vec<Instruction>),
}

/// Something that happens to the wallet's own account of a mint.
#[derive(Clone, Copy)]
struct Tokens {
    mint: SolanaAddress,
    amount: u64,
    unit: Unit,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Base units of whatever it is.
    Any,
    /// One of a kind, or of few: the mint has no decimals.
    Collectible,
}

#[derive(Clone, Copy)]
enum What {
    /// They go to the account of that owner.
    Send(SolanaAddress),
    /// That one may take them.
    Allow(SolanaAddress),
}

/// What it takes to do `deed` with the key of `from`.
pub(super) async fn plan(
    solana: &Solana,
    from: SolanaAddress,
    deed: &Deed,
) -> Result<Plan, ChainError> {
    let deeds = if let Deed::Batch(deeds) = deed { deeds } else { std::slice::from_ref(deed) };
    let parts: Result<Vec<_>, _> = deeds.iter().map(|deed| parts(deed, from)).collect();
    let parts: Vec<_> = parts?.into_iter().flatten().collect();
    let mut builder = Builder::look_up(solana, from, &parts).await?;
    for part in parts {
        builder.add(part)?;
    }
    let Builder { known, instructions, funds, .. } = builder;
    let available = known.get(&from).map_or(Amount::ZERO, |account| account.lamports.into());
    Ok(Plan { from, available, instructions, funds })
}

fn parts(deed: &Deed, from: SolanaAddress) -> Result<Vec<Part<'_>>, ChainError> {
    match deed {
        Deed::Transfer(transfer) => transfer_parts(transfer),
        Deed::Instructions(calls) => {
            let calls: Result<_, _> = calls.iter().map(|call| instruction(call, from)).collect();
            let mut calls: Vec<Instruction> = calls?;
            // How many units there are, and what is paid for them, is measured and bounded here.
            calls.retain(|call| !compute_budget::sets_units_or_price(call));
            Ok(vec![Part::Calls(calls)])
        }
        Deed::Approve(Approve { token, spender, allowance }) => {
            let (amount, unit) = match allowance {
                Allowance::Amount { amount, .. } => (in_64_bits(*amount)?, Unit::Any),
                Allowance::Item { standard: NftStandard::Metaplex, .. } => (1, Unit::Collectible),
                Allowance::Item {
                    standard: NftStandard::Erc721 | NftStandard::Erc1155, ..
                } => {
                    return Err(NOT_METAPLEX);
                }
            };
            let (mint, what) = (solana_address(*token)?, What::Allow(solana_address(*spender)?));
            Ok(vec![Part::Tokens(Tokens { mint, amount, unit, what })])
        }
        Deed::NftTransfer(NftTransfer {
            standard: NftStandard::Metaplex,
            to,
            contract,
            amount,
            ..
        }) => {
            let (mint, what) = (solana_address(*contract)?, What::Send(solana_address(*to)?));
            let (amount, unit) = (in_64_bits(*amount)?, Unit::Collectible);
            Ok(vec![Part::Tokens(Tokens { mint, amount, unit, what })])
        }
        Deed::NftTransfer(_) => Err(NOT_METAPLEX),
        Deed::Call(_) | Deed::Deploy(_) => Err(ChainError::Invalid(
            "call data and contract code are for EVM networks; on Solana a program is called by \
             programId, instructionData and accounts",
        )),
        Deed::Batch(_) => Err(ChainError::Invalid("a batch cannot hold another one")),
    }
}

fn transfer_parts(transfer: &Transfer) -> Result<Vec<Part<'_>>, ChainError> {
    let to = solana_address(transfer.to)?;
    let amount = in_64_bits(transfer.amount)?;
    let mut parts = vec![match transfer.asset {
        Asset::Native => Part::Coins { to, lamports: amount },
        Asset::Token(mint) => {
            let (mint, unit, what) = (solana_address(mint)?, Unit::Any, What::Send(to));
            Part::Tokens(Tokens { mint, amount, unit, what })
        }
    }];
    if let Some(text) = &transfer.memo {
        if text.len() > MAX_MEMO {
            return Err(ChainError::Invalid("the memo is longer than 512 bytes"));
        }
        parts.push(Part::Memo(text));
    }
    Ok(parts)
}

/// A call that the asker wrote. Nobody but the wallet signs.
fn instruction(call: &tx::Instruction, from: SolanaAddress) -> Result<Instruction, ChainError> {
    let meta = |account: &tx::Account| {
        let tx::Account { pubkey: address, signer: is_signer, writable: is_writable } = *account;
        if is_signer && address != from {
            return Err(ChainError::Invalid(
                "an instruction wants the signature of another account than the wallet; the \
                 wallet signs alone",
            ));
        }
        Ok(AccountMeta { address, is_signer, is_writable })
    };
    Ok(Instruction {
        program_id: call.program_id,
        accounts: call.accounts.iter().map(meta).collect::<Result<_, _>>()?,
        data: call.data.clone(),
    })
}

const NOT_METAPLEX: ChainError =
    ChainError::Invalid("collectibles on Solana are of the standard METAPLEX");

fn in_64_bits(amount: Amount) -> Result<u64, ChainError> {
    amount.to_u64().ok_or(ChainError::Invalid("the amount is above 64 bits"))
}

impl Tokens {
    /// Who gets or may take them.
    const fn peer(&self) -> SolanaAddress {
        match self.what {
            What::Send(peer) | What::Allow(peer) => peer,
        }
    }
}

/// What is done so far, and what the chain says.
struct Builder {
    from: SolanaAddress,
    known: BTreeMap<SolanaAddress, Account>,
    mints: BTreeMap<SolanaAddress, Mint>,
    instructions: Vec<Instruction>,
    /// Token accounts that are opened on the way.
    opened: BTreeSet<SolanaAddress>,
    /// What leaves of each mint.
    leaves: BTreeMap<SolanaAddress, Amount>,
    funds: Funds,
}

impl Builder {
    /// Asks for every account that says something about the parts: two questions, however many.
    async fn look_up(
        solana: &Solana,
        from: SolanaAddress,
        parts: &[Part<'_>],
    ) -> Result<Self, ChainError> {
        let tokens: Vec<_> = parts.iter().filter_map(Part::tokens).collect();
        let named = tokens.iter().flat_map(|tokens| [tokens.mint, tokens.peer()]).chain([from]);
        let mut known = solana.known(named.collect()).await?;
        let (mut mints, mut accounts) = (BTreeMap::new(), BTreeSet::new());
        for Tokens { mint, what, .. } in &tokens {
            let found = Mint::read(*mint, known.get(mint))?;
            let owners = [Some(from), what.recipient()].into_iter().flatten();
            accounts
                .extend(owners.map(|owner| associated_token::derive(owner, *mint, found.program)));
            mints.insert(*mint, found);
        }
        known.extend(solana.known(accounts).await?);
        let funds = Funds::AsTheyAre;
        let (instructions, opened, leaves) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        Ok(Self { from, known, mints, instructions, opened, leaves, funds })
    }

    fn add(&mut self, part: Part<'_>) -> Result<(), ChainError> {
        match part {
            Part::Coins { to, lamports } => {
                self.instructions.push(system::transfer(self.from, to, lamports));
            }
            Part::Memo(text) => self.instructions.push(memo::memo(text)),
            Part::Calls(calls) => {
                self.instructions.extend(calls);
                self.funds = Funds::AsTriedOut;
            }
            Part::Tokens(tokens) => self.add_tokens(tokens)?,
        }
        Ok(())
    }

    fn add_tokens(&mut self, tokens: Tokens) -> Result<(), ChainError> {
        let Tokens { mint, amount, unit, what } = tokens;
        let Mint { program, decimals, .. } =
            *self.mints.get(&mint).expect("every mint of the parts was read");
        if unit == Unit::Collectible && decimals != 0 {
            return Err(ChainError::Invalid(
                "the mint has decimals, so it is no collectible; send it as a TOKEN_TRANSFER",
            ));
        }
        let authority = self.from;
        let source = associated_token::derive(authority, mint, program);
        let instruction = match what {
            What::Send(to) => {
                self.check_holding(mint, source, amount)?;
                let destination = self.open(to, mint, program)?;
                TransferChecked { program, source, mint, destination, authority, amount, decimals }
                    .instruction()
            }
            What::Allow(delegate) => {
                self.check_source(mint, source)?;
                ApproveChecked { program, source, mint, delegate, authority, amount, decimals }
                    .instruction()
            }
        };
        self.instructions.push(instruction);
        Ok(())
    }

    /// The account that gets tokens for `to`, opened on the way where it does not exist.
    fn open(
        &mut self,
        to: SolanaAddress,
        mint: SolanaAddress,
        program: TokenProgram,
    ) -> Result<SolanaAddress, ChainError> {
        check_recipient(self.known.get(&to))?;
        let destination = associated_token::derive(to, mint, program);
        check_destination(to, mint, self.known.get(&destination))?;
        if !self.known.contains_key(&destination) && self.opened.insert(destination) {
            let creation = associated_token::create_idempotent(self.from, to, mint, program);
            self.instructions.push(creation);
        }
        Ok(destination)
    }

    fn check_holding(
        &mut self,
        mint: SolanaAddress,
        source: SolanaAddress,
        amount: u64,
    ) -> Result<(), ChainError> {
        let leaves = self.leaves.entry(mint).or_default();
        *leaves = leaves
            .checked_add(amount.into())
            .ok_or(ChainError::Invalid("the amounts are above 256 bits"))?;
        let holding = TokenAccount::read(mint, self.known.get(&source));
        let available = holding.map_or(Amount::ZERO, |account| account.amount());
        match self.funds {
            Funds::AsTriedOut => Ok(()),
            Funds::AsTheyAre if holding.is_some_and(|account| account.is_frozen) => {
                Err(ChainError::Invalid(
                    "the wallet's account of this token is frozen by whoever rules the token; a \
                     programmable collectible leaves by its own program's instructions alone",
                ))
            }
            Funds::AsTheyAre if *leaves <= available => Ok(()),
            Funds::AsTheyAre => {
                Err(ChainError::InsufficientTokenBalance { needed: *leaves, available })
            }
        }
    }

    fn check_source(&self, mint: SolanaAddress, source: SolanaAddress) -> Result<(), ChainError> {
        let is_there = TokenAccount::read(mint, self.known.get(&source)).is_some();
        if is_there || self.funds == Funds::AsTriedOut {
            Ok(())
        } else {
            Err(ChainError::Invalid(
                "the wallet has no account of this token, so there is nothing to take from",
            ))
        }
    }
}

impl Part<'_> {
    const fn tokens(&self) -> Option<&Tokens> {
        match self {
            Self::Tokens(tokens) => Some(tokens),
            Self::Coins { .. } | Self::Memo(_) | Self::Calls(_) => None,
        }
    }
}

impl What {
    const fn recipient(self) -> Option<SolanaAddress> {
        match self {
            Self::Send(to) => Some(to),
            Self::Allow(_) => None,
        }
    }
}

/// A token account or a mint has no key, so tokens that it owned would be lost.
fn check_recipient(recipient: Option<&Account>) -> Result<(), ChainError> {
    match recipient.and_then(|account| TokenProgram::from_address(account.program)) {
        None => Ok(()),
        Some(_) => Err(ChainError::Invalid(
            "the recipient is a token account or a mint; name the owner's own address",
        )),
    }
}

/// An associated token account can be given away, and would then take the tokens elsewhere.
fn check_destination(
    to: SolanaAddress,
    mint: SolanaAddress,
    destination: Option<&Account>,
) -> Result<(), ChainError> {
    let is_theirs =
        |account| TokenAccount::read(mint, Some(account)).is_some_and(|it| it.owner == to);
    if destination.is_none_or(is_theirs) {
        Ok(())
    } else {
        Err(ChainError::Invalid("the recipient's token account belongs to somebody else"))
    }
}
