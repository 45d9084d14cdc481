//! Which attack is held up by what: the product's list of ways to drain a wallet, ways round a limit,
//! ways in, ways out for a secret, and what the machine does, row by row.

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
    ("after a restore of an older state directory", &[Test("signerd/src", "a_restored_signer_has_the_keys_is_suspended_and_lets_nothing_leave")]),
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
    ("a source (\"this comes from an action\") that the caller may set", &[Test("tests/boundary", "a_request_has_no_room_for_a_source_and_the_socket_is_the_only_one"), Test("tests/boundary", "a_word_in_a_payment_about_where_it_comes_from_changes_nothing"), Test("tests/boundary", "a_wallet_has_the_guard_of_new_wallets_whoever_it_is_said_to_be_for"), Test("tests/boundary", "a_warrant_that_is_only_claimed_is_worth_nothing"), Test("tests/e2e", "a_request_that_is_wrong_is_refused_and_leaves_no_trace")]),
    ("a batch whose parts pass and whose sum does not", &[Class("Solana: parts that pass and whose sum does not"), Test("signerd/src", "two_that_fit_alone_do_not_both_fit_in_one_batch")]),
    ("retries of a client that pay twice", &[Class("EVM: the same bytes again"), Class("Solana: the same bytes again"), Test("gatewayd/src", "twenty_retries_at_once_are_one_payment")]),
    ("thousands at once from one wallet", &[Test("tests/boundary", "twenty_thousand_requests_take_no_more_than_was_printed")]),
    ("raising one's own limit through the gateway's admin routes", &[Test("tests/boundary", "each_socket_may_ask_what_the_relation_says_and_nothing_else")]),
];

/// Ways in. URLs that others supply (webhooks, x402) are not served; the endpoints are the operator's.
#[rustfmt::skip]
pub static WAYS_IN: &[Row] = &[
    ("a route without a credential", &[Test("gatewayd/src", "every_route_lets_in_whom_it_should_and_nobody_else"), Test("tests/e2e", "every_route_but_a_few_wants_a_credential_and_unknown_ones_do_not_exist")]),
    ("a token of one session reading another's transactions", &[Test("gatewayd/src", "a_session_sees_nothing_of_another"), Test("tests/e2e", "a_session_sees_its_own_wallets_and_their_transactions_alone")]),
    ("a master password guessed at full speed", &[Test("gatewayd/src", "guessing_the_master_password_ends_in_429_with_a_time_to_wait"), Test("gatewayd/src", "guessing_is_slowed_down_and_the_right_password_waits_too"), Test("tests/boundary", "wrong_passphrases_are_slowed_down_and_a_restart_does_not_help")]),
    ("DNS rebinding (Host)", &[Test("gatewayd/src", "only_names_of_this_machine_are_hosts"), Test("gatewayd/src", "a_host_in_the_request_line_must_agree"), Test("tests/e2e", "pages_and_other_hosts_are_turned_away")]),
    ("cross-site requests (Origin), a page on localhost", &[Test("gatewayd/src", "pages_of_other_origins_are_not_served"), Test("gatewayd/src", "pages_of_other_sites_get_nothing")]),
    ("a forwarded-for header that resets a rate limit", &[Test("gatewayd/src", "a_busy_session_is_held_back_and_others_are_not")]),
    ("JWT `alg:none`, other algorithm, other key, no expiry", &[Test("gatewayd/src", "forged_tokens_are_refused"), Test("gatewayd/src", "a_token_with_any_character_changed_is_refused"), Test("tests/e2e", "no_other_token_opens_anything")]),
    ("an owner's signature replayed or made for another site", &[Test("signerd/src", "an_approval_for_anything_else_is_refused"), Test("signerd/src", "a_used_approval_stays_used_over_a_restart_and_an_unused_one_can_be_used"), Test("gatewayd/src", "what_is_not_an_owners_signature_over_this_question_does_not_count")]),
    ("a bot user who is not the owner", &[Test("tests/e2e", "what_is_no_approval_of_this_by_its_owner_moves_nothing")]),
    ("a URL that points to the host itself, through a redirect or DNS change", &[Test("gatewayd/src", "only_web_addresses_with_a_host_and_no_user_are_endpoints"), Test("gatewayd/src", "whatever_is_wrong_with_the_first_endpoint_the_second_takes_over")]),
    ("oversized requests", &[Test("tests/boundary", "a_frame_over_the_operators_limit_is_refused_by_its_header"), Test("gatewayd/src", "bodies_that_are_no_json_or_too_long_are_refused")]),
    ("slow and half-sent requests", &[Test("tests/boundary", "half_a_frame_keeps_nobody_waiting"), Test("gatewayd/src", "a_head_that_does_not_arrive_ends_the_connection")]),
    ("nested and pipelined requests", &[Test("tests/boundary", "many_requests_at_once_are_all_answered"), Test("gatewayd/src", "requests_that_follow_each_other_at_once_are_answered_in_order"), Class("EVM: multicall inside multicall")]),
    ("too many connections", &[Test("tests/boundary", "a_gateway_with_too_many_connections_does_not_shut_out_the_operator"), Test("gatewayd/src", "a_thousand_open_connections_keep_nobody_out")]),
    ("a socket of another user", &[Test("crates/sandbox/src", "the_file_of_a_socket_says_whose_door_it_is_and_one_open_to_all_is_none"), Test("signerd/src", "the_gateways_socket_is_one_users_and_the_operators_roots_or_the_signers_own"), Test("tests/e2e", "whoever_the_sockets_mode_lets_connect_is_an_operator"), Test("tests/system", "each_door_opens_to_whom_it_is_for")]),
    ("a path or name with `..`", &[Test("gatewayd/src", "paths_and_queries_that_are_nothing_are_refused"), Test("gatewayd/src", "a_backup_has_a_name_of_64_digits"), Test("signerd/src", "files_that_do_not_belong_are_named"), Test("signerd/src", "a_backup_with_a_wrong_part_is_refused_and_nothing_is_written")]),
    ("log injection", &[Test("gatewayd/src", "what_a_peer_wrote_is_shown_short_and_on_one_line"), Test("signerd/src", "a_suspended_signer_signs_nothing_until_an_operator_resumes_it"), Test("crates/txcodec/src", "what_somebody_else_wrote_stands_between_quotes_in_plain_letters")]),
];

/// Ways out for a secret.
#[rustfmt::skip]
pub static WAYS_OUT: &[Row] = &[
    ("a core dump, a crash report", &[Test("tests/boundary", "the_process_can_be_neither_dumped_nor_read_and_has_no_privilege")]),
    ("swap, hibernation, a child process", &[Test("signerd/src", "neither_kind_is_swapped_dumped_or_given_to_a_child")]),
    ("`/proc/PID/mem` as another user and as root", &[Test("tests/boundary", "the_process_can_be_neither_dumped_nor_read_and_has_no_privilege"), Test("tests/boundary", "a_signer_that_signed_has_no_secret_in_memory_that_root_can_read"), Test("signerd/src", "a_key_that_signed_is_nowhere_in_the_process_as_others_see_it")]),
    ("an error message, a log line, a temporary file, arguments and environment", &[Test("tests/boundary", "no_file_and_no_output_has_a_secret_in_it")]),
    ("a debug print", &[Test("crates/protocol/src", "a_secret_is_never_printed"), Test("tests/tidy", "no_secret_type_derives_what_would_show_it"), Test("signerd/src", "nothing_secret_is_in_the_files_or_in_debug_output")]),
    ("a backup", &[Test("tests/e2e", "nothing_secret_stands_in_a_backup")]),
    ("freed memory", &[Test("signerd/src", "a_removed_secret_is_wiped_and_its_slot_used_again"), Test("signerd/src", "locking_wipes_the_keys_although_the_disk_takes_no_notes")]),
    ("an upgrade that leaves the old file", &[Test("tests/system", "a_wallet_pays_from_its_installation_to_its_purge")]),
];

/// What the machine does.
#[rustfmt::skip]
pub static MACHINE: &[Row] = &[
    ("kill -9 at every step", &[Test("signerd/src", "at_whatever_byte_the_journal_ends_everything_that_was_answered_holds"), Test("signerd/tests", "a_wallet_that_was_answered_survives_every_kill"), Test("gatewayd/src", "a_payment_goes_on_once_wherever_the_gateway_was_killed"), Test("signerd/src", "whatever_is_lost_in_crashes_all_that_was_signed_counts")]),
    ("power loss with unsynced pages lost, a torn write", &[Test("signerd/src", "whatever_a_power_loss_leaves_of_a_write_the_synced_spend_counts_and_the_journal_verifies")]),
    ("disk full", &[Test("signerd/tests", "on_a_full_disk_nothing_is_made_and_the_log_says_so"), Test("tests/e2e", "a_full_disk_is_named_and_the_next_start_with_room_serves")]),
    ("EIO", &[Test("signerd/src", "a_signer_whose_disk_fails_says_so_and_makes_no_key_that_nobody_knows")]),
    ("a read-only disk", &[Test("tests/e2e", "state_that_cannot_be_written_is_refused_with_what_to_do")]),
    ("out of memory", &[Test("signerd/src", "memory_that_is_not_there_is_not_lent"), Test("signerd/src", "more_than_may_be_locked_is_refused_and_less_is_not")]),
    ("out of file descriptors", &[Test("signerd/src", "a_peer_that_never_stops_connecting_is_left_for_the_next_round")]),
    ("the RPC node lies", &[Test("tests/e2e", "an_endpoint_that_is_dead_or_lies_about_its_chain_is_passed_over"), Test("tests/e2e", "a_node_that_answers_nonsense_is_not_believed")]),
    ("the RPC node lags, reorgs", &[Test("gatewayd/src", "an_outcome_is_what_the_receipt_says_once_it_has_its_confirmations"), Test("gatewayd/src", "only_a_node_that_saw_every_block_can_say_that_a_transaction_expired")]),
    ("the RPC node drops, answers twice", &[Test("gatewayd/src", "a_payment_that_a_node_kept_in_silence_is_found_and_not_sent_as_another"), Test("gatewayd/src", "sending_the_same_bytes_again_is_no_error")]),
    ("the RPC node is slow, refuses", &[Test("gatewayd/src", "a_node_that_is_down_is_waited_for"), Test("gatewayd/src", "what_a_node_refuses_for_good_is_called_off_with_its_nonce_and_nothing_waits_for_it")]),
    ("two gateways at once", &[Test("gatewayd/src", "two_gateways_at_once_pay_once"), Test("tests/e2e", "a_second_gateway_on_the_same_state_is_refused_and_the_first_goes_on")]),
    ("signerd gone, slow, restarted in the middle", &[Test("tests/e2e", "a_missing_signer_keeps_payments_waiting_until_it_is_there"), Test("gatewayd/src", "a_signer_that_is_gone_or_silent_is_not_waited_for_forever"), Test("tests/e2e", "a_wait_outlasts_a_kill_of_the_gateway_and_of_the_signer_and_is_paid_once")]),
    ("an upgrade with old state, a downgrade", &[Test("tests/system", "a_wallet_pays_from_its_installation_to_its_purge"), Test("gatewayd/src", "a_database_of_the_first_version_gets_the_new_tables_and_keeps_what_it_had")]),
    ("a database from a newer version", &[Test("tests/e2e", "a_database_of_a_newer_version_is_refused_and_left_as_it_is")]),
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [EVM, SOLANA, LIMITS, WAYS_IN, WAYS_OUT, MACHINE].into_iter().flatten()
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
