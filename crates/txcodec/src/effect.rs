//! What a signature would do, in words that a guard can judge.

use primitives::{Address, Amount, ChainId, EvmAddress, SolanaAddress};

/// The first four bytes of an EVM call's data, which name the function.
pub type Selector = [u8; 4];

/// One thing that a transaction or message does to the wallet that signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The network's coin leaves.
    NativeOut {
        /// Who gets it.
        to: Address,
        /// Wei or lamports.
        amount: Amount,
    },
    /// A token leaves.
    TokenOut {
        /// Contract or mint.
        token: Address,
        /// Who gets it: on Solana the owner where the same transaction proves whose token account
        /// it is, else the token account.
        to: Address,
        /// Base units of the token.
        amount: Amount,
    },
    /// Something that is one of a kind or of few leaves (ERC-721, ERC-1155). What it is worth is not
    /// in its amount, so it is no spend: a guard judges it by itself.
    CollectibleOut {
        /// The contract that keeps it.
        contract: EvmAddress,
        /// Who gets it; the zero address where that is whoever takes it.
        to: EvmAddress,
        /// Which one: `tokenId` of the standards.
        id: Amount,
        /// How many of it: one for ERC-721.
        amount: Amount,
    },
    /// Somebody may take tokens later, without another signature of the wallet.
    Allowance {
        /// Contract or mint.
        token: Address,
        /// Who may take them.
        spender: Address,
        /// Base units of the token; [`Amount::MAX`] where there is no limit.
        amount: Amount,
    },
    /// Coins are locked in a new account so that it may exist (Solana's rent exemption).
    Rent {
        /// The new account.
        account: SolanaAddress,
        /// Whose it is, so that they can close it and have the coins; `None` for the wallet's own.
        owner: Option<SolanaAddress>,
        /// Lamports, at most.
        amount: Amount,
    },
    /// Control over something changes hands.
    AuthorityChange {
        /// What kind of control.
        kind: AuthorityKind,
        /// Over which account, contract or mint.
        subject: Address,
        /// Who has it afterwards; `None` where nobody.
        to: Option<Address>,
    },
    /// A contract is called, and what that does is not known here. The value that goes along is an
    /// [`Effect::NativeOut`] of its own.
    Call {
        /// The contract.
        contract: EvmAddress,
        /// Which function; `None` where the data is shorter than a selector.
        selector: Option<Selector>,
    },
    /// A contract is created. The value that goes along is an [`Effect::NativeOut`] of its own, to
    /// the zero address.
    Deploy,
    /// A text is signed that is no transaction: EIP-191 on an EVM chain, the plain bytes on Solana.
    Text {
        /// The text, as UTF-8.
        text: String,
    },
    /// Typed data is signed (EIP-712). What a contract does with it is not known here, beyond the
    /// effects that follow this one.
    TypedData {
        /// `domain.chainId`, where there is one.
        chain_id: Option<ChainId>,
        /// `domain.verifyingContract`, where there is one.
        verifying_contract: Option<EvmAddress>,
        /// The type of the message, such as `Permit`.
        primary_type: String,
    },
    /// Words for the record (Solana's Memo program); nothing else happens.
    Memo {
        /// The words, as UTF-8.
        text: String,
    },
    /// Something happens that cannot be read. Nobody but the owner can know if it is harmless.
    Opaque(OpaqueReason),
}

/// What kind of control changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthorityKind {
    /// An account is given to another program (System `Assign`).
    AccountProgram,
    /// A token account's owner, or the right to close it.
    TokenAccount,
    /// The right to mint, freeze, or otherwise rule a mint.
    Mint,
    /// All tokens of a contract may be moved (ERC-721 and ERC-1155 `setApprovalForAll`).
    Operator,
    /// A contract's owner, its code, or who may act for it.
    Contract,
    /// Who may replace a Solana program, or the program itself.
    Program,
    /// Who may move staked coins, or vote with them (Stake and Vote programs).
    Stake,
    /// Who may use a durable nonce, and take the coins in its account.
    NonceAccount,
}

/// Why an effect cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpaqueReason {
    /// A Solana program that the codec does not know.
    UnknownProgram(SolanaAddress),
    /// An instruction of a known program that the codec does not know, by its first byte.
    UnknownInstruction {
        /// The program.
        program: SolanaAddress,
        /// The instruction's first byte; `None` where it has no data.
        tag: Option<u8>,
    },
    /// A token moves without the instruction saying which (SPL Token's unchecked `Transfer`).
    UnknownToken {
        /// The token account that it leaves.
        from: SolanaAddress,
    },
    /// Accounts stand in lookup tables, whose content is not in the bytes.
    LookupTables,
    /// A durable nonce: the transaction never expires, so what it spends stays spent.
    DurableNonce,
    /// Another account has to sign too, or pays, so the wallet is part of somebody else's plan.
    OtherSigners,
    /// Typed data that has the name of something known, but not its form, or an order whose price
    /// cannot be read; the text says why.
    TypedData(&'static str),
    /// Typed data of a known kind that names no chain, and so holds on every one.
    EveryChain,
    /// Calls in calls: deeper or more of them than are read. Or a known function whose arguments are not
    /// in the form that libraries write: a contract may carry it out all the same.
    UnreadCalls,
    /// A contract runs somebody else's code as its own.
    DelegateCall {
        /// Whose.
        code: EvmAddress,
    },
}

impl OpaqueReason {
    /// True where the owner could know what happens, because the intent digest pins all of it;
    /// false where the bytes leave it to somebody else what happens, where, or when.
    #[must_use]
    pub const fn is_approvable(&self) -> bool {
        match self {
            Self::UnknownProgram(_)
            | Self::UnknownInstruction { .. }
            | Self::UnknownToken { .. }
            | Self::TypedData(_)
            | Self::UnreadCalls
            | Self::DelegateCall { .. } => true,
            Self::LookupTables | Self::DurableNonce | Self::OtherSigners | Self::EveryChain => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_approves_what_the_intent_pins_and_nothing_else() {
        let program = SolanaAddress([5; 32]);
        for (reason, is_approvable) in [
            (OpaqueReason::UnknownProgram(program), true),
            (OpaqueReason::UnknownInstruction { program, tag: None }, true),
            (OpaqueReason::UnknownToken { from: program }, true),
            (OpaqueReason::TypedData("an order"), true),
            (OpaqueReason::UnreadCalls, true),
            (OpaqueReason::DelegateCall { code: EvmAddress::ZERO }, true),
            (OpaqueReason::LookupTables, false),
            (OpaqueReason::DurableNonce, false),
            (OpaqueReason::OtherSigners, false),
            (OpaqueReason::EveryChain, false),
        ] {
            assert_eq!(reason.is_approvable(), is_approvable, "{reason:?}");
        }
    }
}
