//! What a message does to one of its signers.

use std::collections::BTreeSet;

use primitives::SolanaAddress;

use super::associated_token::Creation;
use super::instruction::Call;
use super::message::Message;
use super::token::TokenProgram;
use super::{associated_token, compute_budget, intent, loader, memo, stake, system, token, vote};
use crate::{DecodeError, Decoded, Effect, OpaqueReason, SigningInput, Subject};

/// Reads a message that `wallet` is asked to sign.
///
/// What leaves an account that `wallet` has no say over is no effect on it, but when others have to
/// sign too, that is one: [`OpaqueReason::OtherSigners`].
///
/// # Errors
/// When the bytes are not the canonical form of a valid message, `wallet` is none of its signers,
/// or what it costs cannot be known.
pub fn decode(message: &[u8], wallet: SolanaAddress) -> Result<Decoded, DecodeError> {
    let (length, signing_input) = (message.len(), SigningInput::Bytes(message.to_vec()));
    let message = Message::from_bytes(message)?;
    if !message.signers().contains(&wallet) {
        return Err(DecodeError::Invalid("the wallet is none of the signers"));
    }
    let (fee_ceiling, gas_limit) = compute_budget::cost(&message)?;
    let scene = Scene::of(&message, wallet);
    let mut effects = effects_of_the_whole(&message);
    effects.extend(message.calls().flat_map(|call| scene.effects(&call)));
    Ok(Decoded {
        subject: Subject::SolanaTransaction { fee_payer: message.fee_payer() },
        effects,
        fee_ceiling,
        gas_limit,
        intent: intent::of(&message),
        length,
        raised: BTreeSet::new(),
        signing_input,
    })
}

/// What no instruction says by itself. A message with one signer has the wallet as its fee payer.
fn effects_of_the_whole(message: &Message) -> Vec<Effect> {
    let reasons = [
        (message.signers().len() > 1, OpaqueReason::OtherSigners),
        (message.uses_lookup_tables(), OpaqueReason::LookupTables),
    ];
    reasons
        .into_iter()
        .filter_map(|(holds, reason)| holds.then_some(Effect::Opaque(reason)))
        .collect()
}

/// What an instruction is read against: whom it may harm, and what the others prove.
struct Scene {
    wallet: SolanaAddress,
    creations: Vec<Creation>,
}

/// What a call does; `None` when it is not read.
type Program = fn(&Scene, &Call<'_>) -> Option<Vec<Effect>>;

/// Every program that is read here.
const PROGRAMS: [(SolanaAddress, Program); 11] = [
    (associated_token::PROGRAM, |scene, call| associated_token::effects(call, scene.wallet)),
    (compute_budget::PROGRAM, |_, _| Some(Vec::new())), // its effect is the fee
    (loader::PROGRAM, |scene, call| loader::effects(call, scene.wallet)),
    (memo::PROGRAM, |_, call| memo::effects(call)),
    (memo::PROGRAM_V1, |_, call| memo::effects(call)),
    (memo::PROGRAM_V4, |_, call| memo::effects_without_accounts(call)),
    (stake::PROGRAM, |scene, call| stake::effects(call, scene.wallet)),
    (system::PROGRAM, |scene, call| system::effects(call, scene.wallet)),
    (TokenProgram::Token.address(), |scene, call| scene.tokens(call, TokenProgram::Token)),
    (TokenProgram::Token2022.address(), |scene, call| scene.tokens(call, TokenProgram::Token2022)),
    (vote::PROGRAM, |scene, call| vote::effects(call, scene.wallet)),
];

impl Scene {
    fn of(message: &Message, wallet: SolanaAddress) -> Self {
        let creations = message.calls().filter_map(|call| associated_token::creation(&call));
        Self { wallet, creations: creations.collect() }
    }

    fn effects(&self, call: &Call<'_>) -> Vec<Effect> {
        let program = PROGRAMS.iter().find(|(address, _)| *address == call.program);
        let Some((_, read)) = program else {
            return vec![Effect::Opaque(OpaqueReason::UnknownProgram(call.program))];
        };
        read(self, call).unwrap_or_else(|| {
            vec![Effect::Opaque(OpaqueReason::UnknownInstruction {
                program: call.program,
                tag: call.data.first().copied(),
            })]
        })
    }

    fn tokens(&self, call: &Call<'_>, program: TokenProgram) -> Option<Vec<Effect>> {
        let holder = |account, mint| {
            let proves = |creation: &&Creation| {
                creation.account == account && creation.mint == mint && creation.program == program
            };
            self.creations.iter().find(proves).map_or(account, |creation| creation.owner)
        };
        token::effects(call, self.wallet, program, holder)
    }
}
