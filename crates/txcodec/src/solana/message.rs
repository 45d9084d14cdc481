//! Messages: what the signers of a transaction sign, as a value and as bytes.

use std::collections::BTreeSet;

use primitives::SolanaAddress;

use super::compact::{read_bytes, read_length, write_bytes, write_length};
use super::instruction::Call;
use super::reader::Reader;
use crate::DecodeError;

/// The largest transaction that travels: IPv6's least MTU less its headers, signatures included.
pub const MAX_PACKET: usize = 1232;

/// The bytes of one Ed25519 signature.
const SIGNATURE: usize = 64;
/// Indices are one byte, so no more accounts than this can be used, tables included.
const MAX_ACCOUNTS: usize = 256;
/// The bit of the first byte that says a version follows; a legacy message has a count there.
const VERSION_BIT: u8 = 0x80;

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Without a version byte, and without lookup tables.
    Legacy,
    /// Version 0, which may name lookup tables.
    V0,
}

/// A message that keeps the rules of the validator (`sanitize`) and fits in a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub(super) version: Version,
    pub(super) header: Header,
    pub(super) accounts: Vec<SolanaAddress>,
    pub(super) recent_blockhash: [u8; 32],
    pub(super) instructions: Vec<CompiledInstruction>,
    pub(super) lookups: Vec<TableLookup>,
}

/// How many of the accounts sign and may be changed. Their order says which: writable signers,
/// read-only signers, writable others, read-only others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) required_signatures: u8,
    pub(super) readonly_signed: u8,
    pub(super) readonly_unsigned: u8,
}

/// An instruction whose program and accounts are indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CompiledInstruction {
    pub(super) program_index: u8,
    pub(super) accounts: Vec<u8>,
    pub(super) data: Vec<u8>,
}

/// Accounts that stand in a table on the chain, by their indices there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableLookup {
    table: SolanaAddress,
    writable: Vec<u8>,
    readonly: Vec<u8>,
}

/// Where an account stands, and what the message lets programs do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the message itself.
    Here { address: SolanaAddress, is_signer: bool, is_writable: bool },
    /// In a table on the chain, by the index there.
    Table { table: SolanaAddress, index: u8, is_writable: bool },
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// When the bytes are not the one canonical form of a message that validators accept, or are of
    /// another version than [`Version`] lists.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let (version, required_signatures) = read_version(&mut input)?;
        let message = Self {
            version,
            header: Header {
                required_signatures,
                readonly_signed: input.byte()?,
                readonly_unsigned: input.byte()?,
            },
            accounts: read_accounts(&mut input)?,
            recent_blockhash: input.array()?,
            instructions: read_instructions(&mut input)?,
            lookups: match version {
                Version::Legacy => Vec::new(),
                Version::V0 => read_lookups(&mut input)?,
            },
        };
        input.finish()?;
        let message = message.checked()?;
        if message.to_bytes() == bytes {
            Ok(message)
        } else {
            Err(DecodeError::NotCanonical("the message would be written with other bytes"))
        }
    }

    /// The message's bytes, which are what its signers sign.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_PACKET);
        match self.version {
            Version::Legacy => {}
            Version::V0 => out.push(VERSION_BIT),
        }
        let Header { required_signatures, readonly_signed, readonly_unsigned } = self.header;
        out.extend_from_slice(&[required_signatures, readonly_signed, readonly_unsigned]);
        write_length(self.accounts.len(), &mut out);
        out.extend(self.accounts.iter().flat_map(|account| account.0));
        out.extend_from_slice(&self.recent_blockhash);
        write_length(self.instructions.len(), &mut out);
        for instruction in &self.instructions {
            out.push(instruction.program_index);
            write_bytes(&instruction.accounts, &mut out);
            write_bytes(&instruction.data, &mut out);
        }
        match self.version {
            Version::Legacy => {}
            Version::V0 => write_lookups(&self.lookups, &mut out),
        }
        out
    }

    /// The form of the message.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Who pays the fee, and signs first.
    pub fn fee_payer(&self) -> SolanaAddress {
        *self.accounts.first().expect("a checked message has a writable signer")
    }

    /// Everybody who has to sign, in the order of the signatures.
    pub fn signers(&self) -> &[SolanaAddress] {
        let count = usize::from(self.header.required_signatures);
        self.accounts.get(..count).expect("a checked message has an account for each signature")
    }

    /// The hash of the recent block that the message expires with, or a durable nonce.
    pub fn recent_blockhash(&self) -> [u8; 32] {
        self.recent_blockhash
    }

    /// True when accounts stand in lookup tables, whose content the message does not say.
    pub fn uses_lookup_tables(&self) -> bool {
        !self.lookups.is_empty()
    }

    /// The instructions, in their order.
    pub(super) fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.instructions.iter().map(|instruction| Call {
            program: self
                .account(instruction.program_index)
                .expect("a checked message holds the programs that it calls"),
            accounts: instruction.accounts.iter().map(|index| self.account(*index)).collect(),
            data: &instruction.data,
        })
    }

    /// Where the account of an index stands: those of the message come first, then what tables have
    /// that may be changed, then the rest of theirs.
    pub(super) fn place(&self, index: u8) -> Option<Place> {
        let index = usize::from(index);
        let looked_up = || {
            let writable =
                self.lookups.iter().flat_map(|lookup| lookup.places(&lookup.writable, true));
            let readonly =
                self.lookups.iter().flat_map(|lookup| lookup.places(&lookup.readonly, false));
            writable.chain(readonly).nth(index.checked_sub(self.accounts.len())?)
        };
        match self.accounts.get(index) {
            None => looked_up(),
            Some(address) => {
                let signers = usize::from(self.header.required_signatures);
                let is_signer = index < signers;
                let (end, readonly) = if is_signer {
                    (signers, self.header.readonly_signed)
                } else {
                    (self.accounts.len(), self.header.readonly_unsigned)
                };
                let is_writable = index < end.saturating_sub(usize::from(readonly));
                Some(Place::Here { address: *address, is_signer, is_writable })
            }
        }
    }

    fn account(&self, index: u8) -> Option<SolanaAddress> {
        self.accounts.get(usize::from(index)).copied()
    }

    /// Lets a message pass that keeps the validator's rules, and has each account once.
    pub(super) fn checked(self) -> Result<Self, DecodeError> {
        self.check_header()?;
        self.check_lookups()?;
        self.check_instructions()?;
        let once: BTreeSet<_> = self.accounts.iter().collect();
        if once.len() != self.accounts.len() {
            return Err(DecodeError::Invalid("an account stands in the message twice"));
        }
        let signatures = usize::from(self.header.required_signatures).saturating_mul(SIGNATURE);
        if signatures.saturating_add(self.to_bytes().len()) >= MAX_PACKET {
            return Err(DecodeError::TooMany("bytes for one packet"));
        }
        Ok(self)
    }

    fn check_header(&self) -> Result<(), DecodeError> {
        let Header { required_signatures, readonly_signed, readonly_unsigned } = self.header;
        if required_signatures >= VERSION_BIT {
            return Err(DecodeError::TooMany("signatures"));
        }
        if readonly_signed >= required_signatures {
            return Err(DecodeError::Invalid("no signer whose account may pay the fee"));
        }
        let named = usize::from(required_signatures).saturating_add(usize::from(readonly_unsigned));
        if named > self.accounts.len() {
            return Err(DecodeError::Invalid("the header counts more accounts than there are"));
        }
        Ok(())
    }

    fn check_lookups(&self) -> Result<(), DecodeError> {
        if self.lookups.iter().any(|lookup| lookup.count() == 0) {
            return Err(DecodeError::Invalid("a lookup table that nothing is taken from"));
        }
        if self.account_count() > MAX_ACCOUNTS {
            return Err(DecodeError::TooMany("accounts"));
        }
        Ok(())
    }

    fn check_instructions(&self) -> Result<(), DecodeError> {
        for instruction in &self.instructions {
            match self.account(instruction.program_index) {
                None => return Err(DecodeError::Invalid("a program that is not in the message")),
                Some(program) if program == self.fee_payer() => {
                    return Err(DecodeError::Invalid("the fee payer is called as a program"));
                }
                Some(_) => {}
            }
            let used = instruction.accounts.iter().copied().map(usize::from).max();
            if used.is_some_and(|index| index >= self.account_count()) {
                return Err(DecodeError::Invalid("an account index out of bounds"));
            }
        }
        Ok(())
    }

    fn account_count(&self) -> usize {
        let looked_up = self.lookups.iter().map(TableLookup::count);
        looked_up.fold(self.accounts.len(), usize::saturating_add)
    }
}

impl TableLookup {
    fn places<'a>(
        &'a self,
        indices: &'a [u8],
        is_writable: bool,
    ) -> impl Iterator<Item = Place> + 'a {
        indices.iter().map(move |index| Place::Table {
            table: self.table,
            index: *index,
            is_writable,
        })
    }

    fn count(&self) -> usize {
        self.writable.len().saturating_add(self.readonly.len())
    }
}

/// The version, and the count of signatures, which is the first byte of a legacy message.
fn read_version(input: &mut Reader<'_>) -> Result<(Version, u8), DecodeError> {
    match input.byte()? {
        VERSION_BIT => Ok((Version::V0, input.byte()?)),
        0x81 => Err(DecodeError::Unsupported("version 1 of Solana's messages")),
        versioned if versioned > VERSION_BIT => {
            Err(DecodeError::Unsupported("a version of Solana's messages above 1"))
        }
        required_signatures => Ok((Version::Legacy, required_signatures)),
    }
}

fn read_accounts(input: &mut Reader<'_>) -> Result<Vec<SolanaAddress>, DecodeError> {
    (0..read_length(input)?).map(|_| input.address()).collect()
}

fn read_instructions(input: &mut Reader<'_>) -> Result<Vec<CompiledInstruction>, DecodeError> {
    let count = read_length(input)?;
    let read = |_| {
        Ok(CompiledInstruction {
            program_index: input.byte()?,
            accounts: read_bytes(input)?.to_vec(),
            data: read_bytes(input)?.to_vec(),
        })
    };
    (0..count).map(read).collect()
}

fn read_lookups(input: &mut Reader<'_>) -> Result<Vec<TableLookup>, DecodeError> {
    let count = read_length(input)?;
    let read = |_| {
        Ok(TableLookup {
            table: input.address()?,
            writable: read_bytes(input)?.to_vec(),
            readonly: read_bytes(input)?.to_vec(),
        })
    };
    (0..count).map(read).collect()
}

fn write_lookups(lookups: &[TableLookup], out: &mut Vec<u8>) {
    write_length(lookups.len(), out);
    for lookup in lookups {
        out.extend_from_slice(&lookup.table.0);
        write_bytes(&lookup.writable, out);
        write_bytes(&lookup.readonly, out);
    }
}
