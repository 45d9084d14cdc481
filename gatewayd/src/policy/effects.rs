//! Effects that nothing allows until a policy does.

use primitives::Environment;
use txcodec::{Decoded, Effect};

use super::{Denial, Facts};

/// Why an effect is denied whatever the other policies say, if one is.
pub(super) fn denied(decoded: &Decoded, facts: &Facts<'_>) -> Option<Denial> {
    decoded.effects().iter().find_map(|effect| denied_effect(effect, facts))
}

fn denied_effect(effect: &Effect, facts: &Facts<'_>) -> Option<Denial> {
    let (rule, reason) = match effect {
        Effect::NativeOut { .. }
        | Effect::TokenOut { .. }
        | Effect::Rent { .. }
        | Effect::Text { .. }
        | Effect::Memo { .. } => return None,
        Effect::TypedData { .. } if facts.environment == Environment::Testnet => return None,
        Effect::TypedData { primary_type, .. } => (
            "TYPED_DATA",
            format!("what a contract does with typed data of type {primary_type:?} is not known"),
        ),
        Effect::CollectibleOut { contract, .. } => {
            ("COLLECTIBLES", format!("a collectible of {contract} would leave"))
        }
        Effect::Allowance { spender, .. } => {
            ("APPROVED_SPENDERS", format!("{spender} would be allowed to take tokens"))
        }
        Effect::AuthorityChange { subject, .. } => {
            ("AUTHORITY", format!("control over {subject} would change hands"))
        }
        Effect::Call { contract, .. } => {
            ("CONTRACT_WHITELIST", format!("calls of the contract {contract} are not allowed"))
        }
        Effect::Deploy => ("CONTRACT_WHITELIST", "creating contracts is not allowed".to_owned()),
        Effect::Opaque(_) => ("UNREADABLE", "a part of it cannot be read".to_owned()),
    };
    let remedy = "only native coins and listed tokens may be transferred; use a key of your own \
                  for anything else"
        .to_owned();
    Some(Denial { rule, reason, remedy })
}
