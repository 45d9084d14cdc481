//! Solana messages written by hand: well, or in ways that our own encoder never would.

/// What an instruction asks of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It signs and is written to.
    SignAndWrite,
    /// It signs.
    Sign,
    /// It is written to.
    Write,
    /// It is looked at.
    Read,
}

/// An account, and what is asked of it.
pub(super) type Account = ([u8; 32], Use);

/// One call of a program.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    pub(super) program: [u8; 32],
    pub(super) accounts: Vec<Account>,
    pub(super) data: Vec<u8>,
}

/// The parts of a message in the order of its bytes.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The byte that says the version; none in a legacy message.
    pub(super) version: Option<u8>,
    /// Signatures, signers that are only read, others that are only read.
    pub(super) header: [u8; 3],
    pub(super) accounts: Vec<[u8; 32]>,
    pub(super) blockhash: [u8; 32],
    /// Program, accounts, data; the first two as places among the accounts.
    pub(super) calls: Vec<(u8, Vec<u8>, Vec<u8>)>,
    /// Tables, and the places in them that are written and read.
    pub(super) lookups: Vec<([u8; 32], Vec<u8>, Vec<u8>)>,
}

impl Message {
    /// A message of version 0 that `payer` pays for.
    pub(super) fn new(payer: [u8; 32], blockhash: [u8; 32], instructions: &[Instruction]) -> Self {
        let mut used: Vec<Account> = vec![(payer, Use::SignAndWrite)];
        let programs = instructions.iter().map(|instruction| (instruction.program, Use::Read));
        let named = instructions.iter().flat_map(|instruction| instruction.accounts.clone());
        for (account, wanted) in named.chain(programs) {
            match used.iter_mut().find(|(known, _)| *known == account) {
                Some((_, granted)) => *granted = both(*granted, wanted),
                None => used.push((account, wanted)),
            }
        }
        // A stable sort: the payer stays first.
        used.sort_by_key(|(_, granted)| match granted {
            Use::SignAndWrite => 0_u8,
            Use::Sign => 1,
            Use::Write => 2,
            Use::Read => 3,
        });
        let count = |of: &[Use]| count(used.iter().filter(|(_, granted)| of.contains(granted)));
        let header =
            [count(&[Use::SignAndWrite, Use::Sign]), count(&[Use::Sign]), count(&[Use::Read])];
        let accounts: Vec<[u8; 32]> = used.iter().map(|(account, _)| *account).collect();
        let place = |account: [u8; 32]| {
            let place = accounts.iter().position(|known| *known == account);
            u8::try_from(place.expect("every account was collected")).expect("there are few")
        };
        let calls = instructions.iter().map(|Instruction { program, accounts, data }| {
            let accounts = accounts.iter().map(|(account, _)| place(*account)).collect();
            (place(*program), accounts, data.clone())
        });
        let calls = calls.collect();
        Self { version: Some(0x80), header, accounts, blockhash, calls, lookups: vec![] }
    }

    /// Its bytes, with each length as `length` writes it.
    pub(super) fn bytes_with(&self, length: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
        let run = |bytes: &[u8]| [&length(bytes.len()), bytes].concat();
        let mut out: Vec<u8> = self.version.into_iter().chain(self.header).collect();
        out.extend(length(self.accounts.len()));
        out.extend(self.accounts.concat());
        out.extend(self.blockhash);
        out.extend(length(self.calls.len()));
        for (program, accounts, data) in &self.calls {
            out.push(*program);
            out.extend(run(accounts));
            out.extend(run(data));
        }
        if self.version.is_some() {
            out.extend(length(self.lookups.len()));
            for (table, written, read) in &self.lookups {
                out.extend(table);
                out.extend(run(written));
                out.extend(run(read));
            }
        }
        out
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bytes_with(short)
    }
}

fn both(one: Use, other: Use) -> Use {
    match (one, other) {
        (Use::SignAndWrite, _)
        | (_, Use::SignAndWrite)
        | (Use::Sign, Use::Write)
        | (Use::Write, Use::Sign) => Use::SignAndWrite,
        (Use::Sign, _) | (_, Use::Sign) => Use::Sign,
        (Use::Write, _) | (_, Use::Write) => Use::Write,
        (Use::Read, Use::Read) => Use::Read,
    }
}

fn count<'a>(items: impl Iterator<Item = &'a Account>) -> u8 {
    u8::try_from(items.count()).expect("a packet holds few accounts")
}

/// A length of seven bits a byte, as short as it can be (Solana's `short_vec`).
pub(super) fn short(length: usize) -> Vec<u8> {
    let mut rest = length;
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(rest & 0x7f).expect("seven bits");
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// The same length with a byte more than it needs.
pub(super) fn long(length: usize) -> Vec<u8> {
    let mut out = short(length);
    if let Some(last) = out.last_mut() {
        *last |= 0x80;
    }
    out.push(0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Solana's documentation of compact arrays.
    #[test]
    fn lengths_are_written_as_the_documentation_says() {
        for (length, bytes) in [
            (0, vec![0x00]),
            (5, vec![0x05]),
            (0x7f, vec![0x7f]),
            (0x80, vec![0x80, 0x01]),
            (0x100, vec![0x80, 0x02]),
            (0x7fff, vec![0xff, 0xff, 0x01]),
        ] {
            assert_eq!(short(length), bytes, "{length}");
        }
        assert_eq!(long(5), [0x85, 0x00]);
    }
}
