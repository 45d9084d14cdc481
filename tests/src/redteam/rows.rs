//! Which attack is held up by what: the product's list of ways to drain a wallet and ways round a
//! limit, row by row.

/// What plays a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A class of requests.
    Class(&'static str),
    /// A test: the directory that it is in, and its name.
    Test(&'static str, &'static str),
}

use By::{Class, Test};

/// A row in the words of the list, and what plays it.
pub type Row = (&'static str, &'static [By]);

/// Ways to drain an EVM wallet through what it signs.
#[rustfmt::skip]
pub static EVM: &[Row] = &[
    ("unlimited approve", &[Class("EVM: unlimited approve"), Class("EVM: allowances of any size")]),
    ("increaseAllowance", &[Class("EVM: increaseAllowance without limit")]),
    ("setApprovalForAll", &[Class("EVM: setApprovalForAll")]),
    ("EIP-2612 permit", &[Class("EVM: EIP-2612 permit without limit"), Class("EVM: EIP-2612 permits of any amount")]),
    ("DAI permit", &[Class("EVM: DAI permit")]),
    ("Permit2 single", &[Class("EVM: Permit2, one token"), Class("EVM: Permit2 transfer")]),
    ("Permit2 batch", &[Class("EVM: Permit2, several tokens"), Class("EVM: Permit2 transfer of several tokens")]),
    ("EIP-3009 transfer", &[Class("EVM: EIP-3009 transfer")]),
    ("EIP-3009 receive", &[Class("EVM: EIP-3009 receive")]),
    ("Seaport orders", &[Class("EVM: a Seaport order")]),
    ("0x orders", &[Class("EVM: a 0x order")]),
    ("Safe transaction hash as typed data", &[Class("EVM: the hash of a Safe's transaction")]),
    ("a raw 32-byte hash", &[Class("EVM: a raw hash as a transaction"), Class("EVM: a raw hash as a text"), Class("EVM: a raw hash as typed data")]),
    ("an EIP-191 message that is a transaction", &[Class("EVM: EIP-191 of a transaction")]),
    ("an EIP-191 message that is a typed-data preimage", &[Class("EVM: EIP-191 of the preimage of typed data")]),
    ("EIP-7702 authorisation", &[Class("EVM: EIP-7702 lets code speak for the account"), Class("EVM: an EIP-7702 authorisation itself"), Class("EVM: an EIP-7702 authorisation as a text")]),
    ("blob fee", &[Class("EVM: a blob fee")]),
    ("fee burnt through gas price", &[Class("EVM: a fee burnt through the gas price")]),
    ("fee burnt through gas limit", &[Class("EVM: a fee burnt through the gas limit"), Class("EVM: a fee that is more than 256 bits")]),
    ("L1 data fee on rollups", &[Class("EVM: the fee of layer 1 through long data"), Class("EVM: the fee of layer 1 through a long access list")]),
    ("multicall round a transfer", &[Class("EVM: a transfer inside multicall"), Class("EVM: multicall inside multicall")]),
    ("delegatecall round a transfer", &[Class("EVM: a delegate call through a Safe"), Class("EVM: a transfer through an account contract")]),
    ("chain id 0", &[Class("EVM: chain id 0"), Class("EVM: chain id 0 in an old transaction")]),
    ("missing replay protection", &[Class("EVM: no replay protection")]),
    ("contract creation with value", &[Class("EVM: a contract creation with value")]),
    ("a token whose address is not listed", &[Class("EVM: a token that is not listed"), Class("EVM: an allowance of a token that is not listed")]),
    ("trailing bytes", &[Class("EVM: bytes behind the transaction"), Class("EVM: bytes behind the arguments")]),
    ("non-canonical RLP", &[Class("EVM: a length in its long form"), Class("EVM: the whole behind a length in its long form"), Class("EVM: a byte behind a header that it does not need")]),
    ("leading zeros", &[Class("EVM: leading zeros of the value"), Class("EVM: a zero written as a byte")]),
    ("mixed-case addresses", &[Class("EVM: a recipient in letters"), Test("crates/primitives/src", "a_wrong_checksum_is_refused")]),
    ("a look-alike recipient", &[Class("EVM: a look-alike recipient"), Class("EVM: tokens to a look-alike recipient")]),
];

/// Ways to drain a Solana wallet through what it signs.
#[rustfmt::skip]
pub static SOLANA: &[Row] = &[
    ("v0 with lookup tables not resolved", &[Class("Solana: lookup tables that nobody resolves"), Class("Solana: a recipient out of a lookup table")]),
    ("a message to sign that decodes as a transaction", &[Class("Solana: a message to sign that decodes as a transaction"), Class("Solana: an old transaction as a text")]),
    ("the off-chain message prefix", &[Class("Solana: the off-chain message prefix")]),
    ("System Assign", &[Class("Solana: Assign"), Class("Solana: AssignWithSeed")]),
    ("AllocateWithSeed", &[Class("Solana: AllocateWithSeed")]),
    ("CreateAccount", &[Class("Solana: CreateAccount for a program that keeps it"), Class("Solana: CreateAccountWithSeed")]),
    ("AuthorizeNonce", &[Class("Solana: AuthorizeNonce"), Class("Solana: InitializeNonce for somebody else")]),
    ("WithdrawNonce", &[Class("Solana: WithdrawNonce")]),
    ("durable nonce", &[Class("Solana: a durable nonce, which never expires")]),
    ("Token Approve", &[Class("Solana: Token Approve"), Class("Solana: Token ApproveChecked without limit"), Class("Solana: Token allowances of any size")]),
    ("Token SetAuthority", &[Class("Solana: SetAuthority of a token account"), Class("Solana: SetAuthority of a mint")]),
    ("Token CloseAccount", &[Class("Solana: CloseAccount in favour of another")]),
    ("Token Burn", &[Class("Solana: Burn")]),
    ("Token-2022 transfer hook", &[Class("Solana: a transfer hook's accounts")]),
    ("Token-2022 permanent delegate", &[Class("Solana: a permanent delegate of Token-2022")]),
    ("Token-2022 transfer fee", &[Class("Solana: a transfer with a fee that hides in the amount")]),
    ("rent of created accounts, loops of them", &[Class("Solana: rent of accounts that are created, one after the other")]),
    ("priority fee through the compute budget", &[Class("Solana: a priority fee through the compute budget"), Class("Solana: a priority fee above what 64 bits hold"), Class("Solana: a price, and no limit of units"), Class("Solana: the compute budget is set twice")]),
    ("upgradeable loader authority", &[Class("Solana: upgradeable loader, SetAuthority"), Class("Solana: upgradeable loader, Upgrade")]),
    ("stake and vote authorities", &[Class("Solana: stake authority"), Class("Solana: stake authority, signed where the custodian stands"), Class("Solana: stake delegated, signed where the configuration stood"), Class("Solana: vote authority"), Class("Solana: stake withdrawn"), Class("Solana: votes withdrawn")]),
    ("the wallet as fee payer of somebody else's transaction", &[Class("Solana: the wallet pays the fee of somebody else's transaction")]),
    ("more than one signer", &[Class("Solana: more than one signer"), Class("Solana: another pays, and the wallet signs too")]),
    ("duplicate accounts", &[Class("Solana: an account stands in it twice"), Class("Solana: the payer stands in it twice")]),
    ("compact-u16 in non-canonical form", &[Class("Solana: compact-u16 in a longer form"), Class("Solana: compact-u16 above 16 bits")]),
];

/// Ways round a limit.
#[rustfmt::skip]
pub static LIMITS: &[Row] = &[
    ("many small ones up to the window", &[Class("EVM: many small ones up to the window"), Class("Solana: many small ones up to the window"), Class("EVM: many allowances that fit one by one"), Class("EVM: many permits that fit one by one")]),
    ("the same approval twice", &[Test("tests/boundary", "of_a_hundred_thousand_changed_approvals_none_is_accepted_and_the_valid_one_once")]),
    ("an approval for another wallet, network, instance, guard version", &[Test("tests/boundary", "of_a_hundred_thousand_changed_approvals_none_is_accepted_and_the_valid_one_once")]),
    ("after a restart", &[Test("tests/boundary", "many_small_ones_stop_at_the_ceiling_of_the_day_and_a_restart_forgets_nothing")]),
    ("after a restore of an older state directory", &[Test("signerd/src", "a_restored_signer_has_the_keys_is_suspended_and_lets_nothing_leave_for_a_day")]),
    ("a crash between the write and the signature", &[Test("tests/boundary", "whatever_was_signed_before_a_crash_is_counted_after_it")]),
    ("a clock set back or forward ten years, suspend, leap", &[Test("signerd/src", "only_time_that_the_kernel_counted_passes"), Test("signerd/src", "while_it_runs_the_system_clock_is_not_asked"), Test("signerd/src", "the_system_clock_is_accepted_ahead_and_never_back")]),
    ("an overflow of a sum (values above 2^63)", &[Class("EVM: an amount above 2^63"), Class("EVM: an amount that is small modulo 2^64"), Class("EVM: value and fee together are more than 256 bits"), Class("Solana: parts whose sum is small modulo 2^64"), Class("Solana: the largest number there is")]),
    ("two tokens added together", &[Class("EVM: two tokens in turn"), Class("Solana: two tokens added together"), Class("EVM: Permit2 transfer of several tokens")]),
    ("decimals that the request claims", &[Class("Solana: the claim of other decimals"), Test("gatewayd/src", "a_token_is_measured_in_its_own_units_by_the_chains_decimals")]),
    ("a price of zero, none, stale, a millionth", &[Test("gatewayd/src", "an_amount_without_a_price_is_above_every_dollar_line_that_is_given")]),
    ("no policy at all", &[Test("gatewayd/src", "without_a_policy_the_networks_own_lines_hold")]),
    ("no owner at all", &[Class("EVM: an approval of somebody who is no owner"), Class("EVM: an approval without a signature"), Class("EVM: an approval by the wallet itself")]),
    ("a relay or channel that is down", &[Test("tests/e2e", "what_needs_an_owner_waits_over_a_restart_and_never_goes_by_itself")]),
    ("a rule that fails while it is read", &[Test("gatewayd/src", "a_policy_that_cannot_be_read_denies")]),
    ("a session that outlives rotate, renew, revoke", &[Test("gatewayd/src", "the_old_token_dies_when_the_session_is_renewed_rotated_or_revoked"), Test("gatewayd/src", "a_payment_of_a_session_that_was_revoked_is_not_signed_any_more")]),
    ("a delayed transaction resumed after the policy was tightened", &[Test("gatewayd/src", "a_payment_goes_on_only_as_far_as_it_was_let_pass")]),
    ("a delayed transaction resumed after the wallet was suspended, the switch thrown", &[Test("gatewayd/src", "a_suspended_wallet_signs_nothing_that_was_asked_before")]),
    ("a batch whose parts pass and whose sum does not", &[Class("Solana: parts that pass and whose sum does not"), Test("signerd/src", "two_that_fit_alone_do_not_both_fit_in_one_batch")]),
    ("retries of a client that pay twice", &[Class("EVM: the same bytes again"), Class("Solana: the same bytes again"), Test("gatewayd/src", "twenty_retries_at_once_are_one_payment")]),
    ("thousands at once from one wallet", &[Test("tests/boundary", "twenty_thousand_requests_take_no_more_than_was_printed")]),
    ("raising one's own limit through the gateway's admin routes", &[Test("tests/boundary", "each_socket_may_ask_what_the_relation_says_and_nothing_else")]),
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [EVM, SOLANA, LIMITS].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::redteam::classes;

    fn is_there(by: By) -> bool {
        match by {
            Class(name) => classes::named(name).is_some(),
            Test(directory, name) => {
                let text = format!("fn {name}(");
                sources(&crate::repository().join(directory)).any(|source| source.contains(&text))
            }
        }
    }

    fn sources(directory: &Path) -> impl Iterator<Item = String> {
        let mut directories = vec![directory.to_owned()];
        let mut found = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { directories.push(path) } else { found.push(path) }
            }
        }
        found.into_iter().map(|path| std::fs::read_to_string(path).unwrap())
    }

    #[test]
    fn every_row_is_played_by_a_class_or_a_test_that_is_there() {
        for (row, by) in all() {
            assert!(!by.is_empty(), "nothing plays {row:?}");
            for by in *by {
                assert!(is_there(*by), "{row:?}: {by:?} is not there");
            }
        }
        assert!(!is_there(Class("a class that nobody wrote")));
        assert!(!is_there(Test("gatewayd/src", "a_test_that_nobody_wrote")));
    }
}
