//! `WHITELIST`: who may get something.

use std::collections::BTreeSet;

use api::ErrorCode;
use primitives::Address;
use serde::Deserialize;
use serde_json::Value;
use txcodec::{Decoded, Recipient};

use super::{Judge, Mark, Rule, deny, nothing};
use crate::policy::effects::NEW_CONTRACT;
use crate::policy::written::{RulesError, address, each, read};
use crate::policy::{Facts, Verdict};

const NAME: &str = "WHITELIST";

pub(super) const RULE: Rule = Rule {
    name: NAME,
    aliases: &["RECIPIENT_WHITELIST"],
    mark: Mark::Hard("`recipients`"),
    meaning: "`allowed_addresses` may get coins, tokens and collectibles, those sent along with a \
              call included, and token accounts that the wallet pays for; others may not. On \
              Solana an owner is listed, and their associated token accounts count as them; \
              another token account only where it is listed itself, or the transaction proves \
              whose it is",
    example: r#"{ "allowed_addresses": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"] }"#,
    eased_by: "",
    read: says,
    otherwise: nothing,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    allowed_addresses: Vec<String>,
}

#[derive(Debug)]
struct Whitelist(BTreeSet<Address>);

fn says(rules: &Value) -> Result<Box<dyn Judge>, RulesError> {
    let fields: Fields = read(rules)?;
    let listed = |field: &str, text: String| address(field, &text, None);
    let addresses = each("allowed_addresses", fields.allowed_addresses, listed)?;
    Ok(Box::new(Whitelist(addresses.into_iter().collect())))
}

impl Judge for Whitelist {
    fn judge(&self, decoded: &Decoded, _facts: &Facts<'_>) -> Verdict {
        let unlisted = decoded.recipients().find(|to| !to.is_one_of(&self.0));
        let Some(to) = unlisted.map(Recipient::address) else { return Verdict::FINE };
        let who = if to == NEW_CONTRACT { "whoever takes it".to_owned() } else { to.to_string() };
        let reason = format!("{who} is not in the list of allowed recipients");
        let remedy = format!("the operator can add it to allowed_addresses of the {NAME} policy");
        deny(NAME, ErrorCode::WhitelistDenied, reason, remedy)
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, EvmAddress, SolanaAddress};
    use serde_json::json;
    use txcodec::evm::erc20;
    use txcodec::solana::associated_token;
    use txcodec::solana::token::TokenProgram;

    use super::*;
    use crate::policy::testing::{
        MINT, OTHER, SOLANA, TOKEN, call, facts, native, opens_account, pays_account, policy,
        refused, said, text, token,
    };
    use crate::tx::Tier;

    #[test]
    fn whoever_gets_something_is_listed_or_gets_nothing() {
        let (one, fine, denied) = (1_u64.into(), Ok(Tier::Instant), Err("WHITELIST_DENIED"));
        let nobody = EvmAddress([9; 20]);
        for (listed, decoded, expected) in [
            (OTHER, native(one), fine),
            (nobody, native(one), denied),
            (OTHER, native(Amount::MAX), fine),
            (OTHER, token(1), fine), // not the contract: who gets the token
            (TOKEN, token(1), denied),
            (OTHER, call(Some(TOKEN), one, vec![1, 2, 3, 4]), denied), // coins with a call
            (TOKEN, call(Some(TOKEN), one, vec![1, 2, 3, 4]), fine),
            (nobody, call(Some(TOKEN), Amount::ZERO, vec![1, 2, 3, 4]), fine),
            (nobody, call(Some(TOKEN), Amount::ZERO, erc20::approve(OTHER, one)), fine),
            (nobody, text("hello"), fine),
        ] {
            let policies = [policy(NAME, &json!({ "allowed_addresses": [listed.to_string()] }))];
            assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{listed}");
        }
        assert_eq!(said(NAME, &native(one), &facts(&[])), fine, "no policy");
        let lower = OTHER.to_string().to_lowercase();
        let policies = [policy(NAME, &json!({ "allowed_addresses": [lower] }))];
        assert_eq!(said(NAME, &native(one), &facts(&policies)), fine, "checksums do not matter");
    }

    /// Whoever owns an account can close it, and has the coins that were locked in it.
    #[test]
    fn a_token_account_is_paid_for_where_its_owner_is_listed_or_the_wallet_itself() {
        let (listed, other) = (SolanaAddress([1; 32]), SolanaAddress([2; 32]));
        let policies = [policy(NAME, &json!({ "allowed_addresses": [listed.to_string()] }))];
        for (owner, expected) in [
            (listed, Ok(Tier::Instant)),
            (SOLANA, Ok(Tier::Instant)),
            (other, Err("WHITELIST_DENIED")),
        ] {
            assert_eq!(said(NAME, &opens_account(owner), &facts(&policies)), expected, "{owner}");
        }
    }

    #[test]
    fn tokens_reach_the_associated_accounts_of_who_is_listed_and_no_other_account() {
        let (listed, other) = (SolanaAddress([1; 32]), SolanaAddress([2; 32]));
        let policies = [policy(NAME, &json!({ "allowed_addresses": [listed.to_string()] }))];
        let theirs = |owner, program| associated_token::derive(owner, MINT, program);
        for (to, expected) in [
            (theirs(listed, TokenProgram::Token), Ok(Tier::Instant)),
            (theirs(listed, TokenProgram::Token2022), Ok(Tier::Instant)),
            (theirs(other, TokenProgram::Token), Err("WHITELIST_DENIED")),
            // It may say of itself that it is the listed one's: the bytes do not prove it.
            (SolanaAddress([8; 32]), Err("WHITELIST_DENIED")),
        ] {
            for program in [TokenProgram::Token, TokenProgram::Token2022] {
                let decoded = pays_account(to, program);
                assert_eq!(said(NAME, &decoded, &facts(&policies)), expected, "{to}");
            }
        }
    }

    #[test]
    fn lists_that_would_mislead_are_refused() {
        refused(
            NAME,
            &[
                json!({ "allowed_addresses": [] }),
                json!({ "allowed_addresses": ["bob.eth"] }),
                json!({ "allowed_addresses": ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"] }), // checksum
                json!({ "allowed_addresses": OTHER.to_string() }),
                json!({ "allowedAddresses": [OTHER.to_string()] }),
            ],
        );
    }
}
