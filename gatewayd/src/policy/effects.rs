//! Which type of policy each effect is the business of. What is nobody's is denied.

use api::ErrorCode;
use primitives::{Address, Amount, Asset, Environment, EvmAddress, Network};
use txcodec::{AuthorityKind, Decoded, Effect, OpaqueReason, Selector, Subject};

use super::{Denial, Facts};

/// Whose business an effect is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// `SPENDING_LIMIT`: coins leave.
    Coins,
    /// `ALLOWED_TOKENS`: of a token, or of a contract of collectibles.
    Token(Address),
    /// `APPROVED_SPENDERS`: somebody may take something later.
    Approval {
        /// Contract or mint.
        token: Address,
        /// Who may take it.
        spender: Address,
        /// How much; `None` for all collectibles of a contract.
        amount: Option<Amount>,
    },
    /// `CONTRACT_WHITELIST`.
    Call(Call),
    /// Nobody's: nothing leaves, and nobody is given anything.
    Harmless,
    /// Nobody's, and so it is denied.
    Denied(Denial),
}

/// Code of somebody else is run with the wallet's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Contract or program; the zero address for one that is created.
    pub(super) contract: Address,
    /// Which function, where that is said.
    pub(super) selector: Option<Selector>,
    /// How.
    pub(super) manner: Manner,
}

/// How code of somebody else is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It is called.
    Called,
    /// It is created.
    Created,
    /// It takes typed data, whenever somebody shows it.
    Shown,
}

/// What stands for "a new contract" where a contract is named.
pub(super) const NEW_CONTRACT: Address = Address::Evm(EvmAddress::ZERO);

/// Whose business each effect is, in the order of the bytes.
pub(super) fn claims(decoded: &Decoded, facts: &Facts<'_>) -> impl Iterator<Item = Claim> {
    let decimals = facts.decimals;
    let known = Known {
        told: is_told(decoded.effects()),
        worthless: is_worthless(decoded, (facts.environment, facts.network)),
        has_decimals: |token: Address| {
            decimals.get(&Asset::Token(token)).is_some_and(|decimals| *decimals > 0)
        },
    };
    decoded.effects().iter().map(move |effect| claim(effect, &known))
}

/// Whether it holds on test networks alone, as far as that can be known: it is of a wallet for them, and
/// names no other network. A network that is not known is no test network, as the address is the same on
/// all of them.
pub fn is_worthless(
    decoded: &Decoded,
    (environment, network): (Environment, Option<&Network>),
) -> bool {
    let is_test = match network {
        Some(network) => network.environment == Environment::Testnet,
        None => decoded.chain_id().is_none(),
    };
    environment == Environment::Testnet && is_test
}

/// Why an effect is denied whatever any policy says, if one is.
pub(super) fn denied(decoded: &Decoded, facts: &Facts<'_>) -> Option<Denial> {
    claims(decoded, facts).find_map(|claim| match claim {
        Claim::Denied(denial) => Some(denial),
        Claim::Coins
        | Claim::Token(_)
        | Claim::Approval { .. }
        | Claim::Call(_)
        | Claim::Harmless => None,
    })
}

/// True where it is valid on some network, or takes effect on one: any transaction, whatever it does,
/// and a message that a contract takes.
pub(super) fn needs_a_network(decoded: &Decoded) -> bool {
    match decoded.subject() {
        Subject::EvmTransaction { .. } | Subject::SolanaTransaction { .. } => true,
        Subject::EvmMessage | Subject::SolanaMessage => is_carried_out(decoded),
    }
}

/// True where it does something that a network carries out.
pub(super) fn is_carried_out(decoded: &Decoded) -> bool {
    !decoded
        .effects()
        .iter()
        .all(|effect| matches!(effect, Effect::Text { .. } | Effect::Memo { .. }))
}

/// Whether typed data is known by effects that follow it, each of which is denied until a policy allows
/// it. Coins are not: a contract that pays them out by a signature has to be allowed itself.
fn is_told(effects: &[Effect]) -> bool {
    effects.len() > 1 && !effects.iter().any(|effect| matches!(effect, Effect::NativeOut { .. }))
}

/// What is known besides an effect itself.
struct Known<D> {
    /// Of typed data: by effects that follow it.
    told: bool,
    /// It holds on test networks alone.
    worthless: bool,
    /// Whether a token has decimals. Contracts of collectibles have none, or say that there are none.
    has_decimals: D,
}

fn claim(effect: &Effect, known: &Known<impl Fn(Address) -> bool>) -> Claim {
    match effect {
        Effect::NativeOut { .. } | Effect::Rent { .. } => Claim::Coins,
        Effect::TokenOut { token, .. } => Claim::Token(*token),
        Effect::CollectibleOut { contract, .. } => Claim::Token(Address::Evm(*contract)),
        Effect::Allowance { spender, .. } if *spender == NEW_CONTRACT => Claim::Harmless,
        // Where the number may be that of a collectible it is no amount, and zero takes nothing back.
        Effect::Allowance { token: token @ Address::Evm(_), amount: Amount::ZERO, .. }
            if (known.has_decimals)(*token) =>
        {
            Claim::Harmless
        }
        Effect::Allowance { token: Address::Solana(_), amount: Amount::ZERO, .. } => {
            Claim::Harmless
        }
        Effect::Allowance { token, spender, amount } => {
            Claim::Approval { token: *token, spender: *spender, amount: Some(*amount) }
        }
        Effect::AuthorityChange { kind, subject, to } => authority(*kind, *subject, *to),
        Effect::Call { contract, selector } => Claim::Call(Call {
            contract: Address::Evm(*contract),
            selector: *selector,
            manner: Manner::Called,
        }),
        Effect::Deploy => {
            Claim::Call(Call { contract: NEW_CONTRACT, selector: None, manner: Manner::Created })
        }
        Effect::Text { .. } | Effect::Memo { .. } => Claim::Harmless,
        // What is known of it follows, and is judged by itself.
        Effect::TypedData { .. } if known.told || known.worthless => Claim::Harmless,
        Effect::TypedData { verifying_contract: Some(contract), .. } => Claim::Call(Call {
            contract: Address::Evm(*contract),
            selector: None,
            manner: Manner::Shown,
        }),
        Effect::TypedData { verifying_contract: None, primary_type, .. } => denied_as(
            "TYPED_DATA",
            format!("typed data of type {primary_type:?} names no contract that takes it"),
            "sign typed data whose domain has a verifyingContract",
        ),
        Effect::Opaque(OpaqueReason::UnknownProgram(program)) => Claim::Call(Call {
            contract: Address::Solana(*program),
            selector: None,
            manner: Manner::Called,
        }),
        Effect::Opaque(reason) => unreadable(reason),
    }
}

/// An operator takes collectibles; whatever else is ruled is given away by nobody's leave.
fn authority(kind: AuthorityKind, subject: Address, to: Option<Address>) -> Claim {
    match (kind, to) {
        (AuthorityKind::Operator, None | Some(NEW_CONTRACT)) => Claim::Harmless,
        (AuthorityKind::Operator, Some(spender)) => {
            Claim::Approval { token: subject, spender, amount: None }
        }
        (
            AuthorityKind::AccountProgram
            | AuthorityKind::TokenAccount
            | AuthorityKind::Mint
            | AuthorityKind::Contract
            | AuthorityKind::Program
            | AuthorityKind::Stake
            | AuthorityKind::NonceAccount,
            _,
        ) => denied_as(
            "AUTHORITY",
            format!("control over {subject} would change hands"),
            "no policy allows it; use a key of your own for it",
        ),
    }
}

fn unreadable(reason: &OpaqueReason) -> Claim {
    let what = match reason {
        OpaqueReason::UnknownProgram(program) => format!("the program {program} is not known"),
        OpaqueReason::UnknownInstruction { program, .. } => {
            format!("an instruction of the program {program} is not known")
        }
        OpaqueReason::UnknownToken { from } => {
            format!("the token account {from} would be drawn on, and of which token is not said")
        }
        OpaqueReason::LookupTables => "accounts stand in lookup tables".to_owned(),
        OpaqueReason::DurableNonce => "it would never expire (durable nonce)".to_owned(),
        OpaqueReason::OtherSigners => "others sign it too".to_owned(),
        OpaqueReason::TypedData(why) => format!("the typed data cannot be read: {why}"),
        OpaqueReason::EveryChain => "it would hold on every chain".to_owned(),
        OpaqueReason::UnreadCalls => "it holds calls that cannot be read".to_owned(),
        OpaqueReason::DelegateCall { code } => {
            format!("a contract would run the code of {code} as its own")
        }
    };
    denied_as("UNREADABLE", what, "no policy allows what cannot be read")
}

fn denied_as(rule: &'static str, reason: String, remedy: &str) -> Claim {
    Claim::Denied(Denial { rule, code: ErrorCode::PolicyDenied, reason, remedy: remedy.to_owned() })
}

#[cfg(test)]
mod tests {
    use primitives::SolanaAddress;

    use super::*;

    const SOMEBODY: EvmAddress = EvmAddress([7; 20]);
    const CONTRACT: EvmAddress = EvmAddress([8; 20]);
    const PROGRAM: SolanaAddress = SolanaAddress([9; 32]);

    const ON_MAINNET: Known<fn(Address) -> bool> =
        Known { told: false, worthless: false, has_decimals: |token| token == DECIMAL };
    /// A token that has decimals.
    const DECIMAL: Address = Address::Evm(EvmAddress([10; 20]));

    /// The types of policies that have a say by name, and what nobody's business is called.
    fn business(claim: &Claim) -> &'static str {
        match claim {
            Claim::Coins => "SPENDING_LIMIT",
            Claim::Token(_) => "ALLOWED_TOKENS",
            Claim::Approval { .. } => "APPROVED_SPENDERS",
            Claim::Call(_) => "CONTRACT_WHITELIST",
            Claim::Harmless => "harmless",
            Claim::Denied(denial) => denial.rule,
        }
    }

    fn typed(contract: Option<EvmAddress>) -> Effect {
        Effect::TypedData {
            chain_id: None,
            verifying_contract: contract,
            primary_type: "Vote".to_owned(),
        }
    }

    fn authority(kind: AuthorityKind, to: Option<EvmAddress>) -> Effect {
        let (subject, to) = (CONTRACT.into(), to.map(Address::Evm));
        Effect::AuthorityChange { kind, subject, to }
    }

    /// A new kind of effect does not compile without a claim, and has to be added here too.
    #[test]
    fn each_effect_is_the_business_of_one_type_or_denied() {
        let (to, token, one) = (SOMEBODY.into(), CONTRACT.into(), Amount::from(1_u64));
        let allowance =
            |spender: EvmAddress| Effect::Allowance { token, spender: spender.into(), amount: one };
        let collectible =
            Effect::CollectibleOut { contract: CONTRACT, to: SOMEBODY, id: one, amount: one };
        let rows = [
            (Effect::NativeOut { to, amount: one }, "SPENDING_LIMIT"),
            (
                Effect::Rent { account: PROGRAM, owner: Some(PROGRAM), amount: one },
                "SPENDING_LIMIT",
            ),
            (Effect::TokenOut { token, to, amount: one }, "ALLOWED_TOKENS"),
            (collectible, "ALLOWED_TOKENS"),
            (allowance(SOMEBODY), "APPROVED_SPENDERS"),
            (allowance(EvmAddress::ZERO), "harmless"),
            (Effect::Allowance { token: DECIMAL, spender: to, amount: one }, "APPROVED_SPENDERS"),
            (Effect::Allowance { token: DECIMAL, spender: to, amount: Amount::ZERO }, "harmless"),
            (Effect::Allowance { token, spender: to, amount: Amount::ZERO }, "APPROVED_SPENDERS"),
            (authority(AuthorityKind::Operator, Some(SOMEBODY)), "APPROVED_SPENDERS"),
            (authority(AuthorityKind::Operator, None), "harmless"),
            (authority(AuthorityKind::AccountProgram, None), "AUTHORITY"),
            (authority(AuthorityKind::TokenAccount, Some(SOMEBODY)), "AUTHORITY"),
            (authority(AuthorityKind::Mint, Some(SOMEBODY)), "AUTHORITY"),
            (authority(AuthorityKind::Contract, Some(SOMEBODY)), "AUTHORITY"),
            (authority(AuthorityKind::Program, None), "AUTHORITY"),
            (authority(AuthorityKind::Stake, Some(SOMEBODY)), "AUTHORITY"),
            (authority(AuthorityKind::NonceAccount, Some(SOMEBODY)), "AUTHORITY"),
            (Effect::Call { contract: CONTRACT, selector: None }, "CONTRACT_WHITELIST"),
            (Effect::Deploy, "CONTRACT_WHITELIST"),
            (Effect::Text { text: "hello".to_owned() }, "harmless"),
            (Effect::Memo { text: "hello".to_owned() }, "harmless"),
            (typed(Some(CONTRACT)), "CONTRACT_WHITELIST"),
            (typed(None), "TYPED_DATA"),
        ];
        for (effect, expected) in rows {
            let found = claim(&effect, &ON_MAINNET);
            assert_eq!(business(&found), expected, "{effect:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_denied_but_for_programs_that_can_be_listed() {
        let unknown = OpaqueReason::UnknownInstruction { program: PROGRAM, tag: Some(1) };
        for (reason, expected) in [
            (OpaqueReason::UnknownProgram(PROGRAM), "CONTRACT_WHITELIST"),
            (unknown, "UNREADABLE"),
            (OpaqueReason::UnknownToken { from: PROGRAM }, "UNREADABLE"),
            (OpaqueReason::LookupTables, "UNREADABLE"),
            (OpaqueReason::DurableNonce, "UNREADABLE"),
            (OpaqueReason::OtherSigners, "UNREADABLE"),
            (OpaqueReason::TypedData("an order"), "UNREADABLE"),
            (OpaqueReason::EveryChain, "UNREADABLE"),
            (OpaqueReason::UnreadCalls, "UNREADABLE"),
            (OpaqueReason::DelegateCall { code: CONTRACT }, "UNREADABLE"),
        ] {
            for worthless in [false, true] {
                let known = Known { worthless, ..ON_MAINNET };
                let found = claim(&Effect::Opaque(reason.clone()), &known);
                assert_eq!(business(&found), expected, "{reason:?}");
            }
        }
    }

    #[test]
    fn typed_data_is_judged_by_what_is_known_of_it_where_something_is() {
        let (to, token, amount) = (SOMEBODY.into(), CONTRACT.into(), Amount::from(1_u64));
        let data = typed(Some(CONTRACT));
        for (rest, expected) in [
            (vec![], "CONTRACT_WHITELIST"),
            (vec![Effect::TokenOut { token, to, amount }], "harmless"),
            (vec![Effect::Allowance { token, spender: to, amount }], "harmless"),
            (vec![Effect::NativeOut { to, amount }], "CONTRACT_WHITELIST"),
            (
                vec![Effect::TokenOut { token, to, amount }, Effect::NativeOut { to, amount }],
                "CONTRACT_WHITELIST",
            ),
        ] {
            let effects = [vec![data.clone()], rest].concat();
            let found = claim(&data, &Known { told: is_told(&effects), ..ON_MAINNET });
            assert_eq!(business(&found), expected, "{effects:?}");
        }
        let on_testnet = claim(&typed(None), &Known { worthless: true, ..ON_MAINNET });
        assert_eq!(on_testnet, Claim::Harmless);
    }
}
