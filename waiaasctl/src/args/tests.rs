//! What the command line takes and refuses.

use clap::CommandFactory;

use super::*;
use clap::Parser;

fn operator(line: &str) -> Result<Operator, clap::Error> {
    Operator::try_parse_from(std::iter::once("waiaasctl").chain(line.split_whitespace()))
}

fn user(line: &str) -> Result<User, clap::Error> {
    User::try_parse_from(std::iter::once("waiaas").chain(line.split_whitespace()))
}

#[test]
fn the_definitions_hold_together() {
    Operator::command().debug_assert();
    User::command().debug_assert();
}

/// About daemons, wallets, agents, safekeeping.
const DAEMONS: &[&str] = &[
    "init --passphrase-file -",
    "init --auto-provision --recovery-file /media/key",
    "init --answers answers.toml",
    "unattended enable",
    "unattended enable --with-key tpm2",
    "unattended disable --passphrase-file -",
    "unattended status --json",
    "doctor --json",
    "--data-dir /d start",
    "stop --data-dir /d",
    "status --json",
    "unlock --runtime-dir /run/x",
    "lock",
    "wallet create shop --chain ethereum",
    "wallet create shop --chain solana --environment mainnet",
    "wallet import shop --chain solana --key-file -",
    "wallet list",
    "wallet show shop",
    "wallet rename shop till",
    "wallet rotate shop --grace 60",
    "wallet destroy shop --yes",
    "session create shop till --ttl 300 --token-file /t",
    "session create shop --role viewer --absolute-lifetime 5",
    "session create shop --operations TRANSFER,APPROVE --networks base-sepolia --recipients 0x1",
    "session create shop --limit a/native=1:2 --limit b/0x1=:2 --total-usd 5 --max-transactions 1",
    "session rotate 1 --token-file /t",
    "session rotate-secret",
    "session prompt",
    "session prompt shop till --ttl 300",
    "session mcp shop --ttl 300",
    "session requests",
    "session approve 1",
    "session reject 1",
    "session list",
    "session list --all",
    "session list --owner 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "session revoke 1",
    "send shop 0x0 0.5",
    "send shop 0x0 5 --base-units --token 0x1 --network base-sepolia --memo x --wait",
    "send --wait shop 0x0 5",
    "send shop 0x0 5 --wait=30 --idempotency-key k",
    "balance shop --network all --assets",
    "tx list --wallet shop --limit 5",
    "tx list --status queued --type TRANSFER --network eip155:1 --search 0xab --offset 40",
    "tx show 1",
    "tx wait 1",
    "tx wait 1 --timeout 5",
    "tx question 1",
    "tx question 1 --text",
    "tx question 1 --typed-data",
    "tx approve 1",
    "tx approve 1 --owner 0xab --signature 0x12",
    "tx approve 1 --owner 0xab --signature 0x12 --typed-data",
    "tx reject 1",
    "tx speed-up 1",
    "policy types",
    "policy test shop --to 0x1 --amount 0.5 --network eip155:1 --worth-usd 5 --at 1800000000",
    "policy test shop --to 0x1 --amount 5 --base-units --token 0x2 --with p.json --only",
    "policy test shop --spender 0x1 --amount 5 --token 0x2 --transactions 5",
    "policy test shop --contract 0x1 --calldata 0xa9059cbb --spent-today-usd 10.5",
    "policy test shop --text hello",
    "policy test shop --typed-data -",
    "policy test shop --transaction 0x02",
    "policy types rate_limit --json",
    "tx cancel 1",
    "policy list --wallet shop",
    "policy show 1",
    "policy add RATE_LIMIT max_requests=5 window_seconds=60 --wallet shop --network eip155:1",
    "policy add RATE_LIMIT --file - --priority -1 --disabled",
    "policy edit 1 max_requests=6 --unset window_seconds --priority -5",
    "policy edit 1 --file rules.json",
    "policy remove 1",
    "policy enable 1",
    "policy disable 1",
    "policy template",
    "policy template conservative",
    "policy template x402 --apply --wallet shop --network base-mainnet",
    "token list --network base-sepolia",
    "token add 0x1 --network eip155:1 --symbol X --name Y",
    "token remove 0x1 --network eip155:1",
    "token resolve 0x1 --network eip155:1",
    "price native --network eip155:1",
    "metrics",
    "metrics waiaas_spend --json",
    "rpc status",
    "rpc status --network base-sepolia --probe --json",
    "rpc test http://127.0.0.1:8545 --chain ethereum",
    "rpc test -",
    "backup file",
    "backup verify file",
    "backup file --keys-only",
    "backup --auto",
    "backup --auto --dir d --keep 3",
    "backup list",
    "backup list --dir d",
    "restore file",
    "completions bash",
    "completions zsh --program waiaas",
    "man /tmp/man",
];
/// About what may leave, and what did.
const SIGNER: &[&str] = &[
    "autostop list --json",
    "autostop set rapid_fire transactions=20 seconds=60",
    "autostop set idle seconds=3600 --wallet shop",
    "autostop enable consecutive_failures --wallet shop",
    "autostop disable consecutive_failures",
    "kill-switch status --json",
    "kill-switch activate",
    "kill-switch activate --reason odd",
    "kill-switch escalate --reason odd",
    "kill-switch recover --passphrase-file -",
    "suspend",
    "suspend --reason odd",
    "suspend shop --locked",
    "resume",
    "resume shop --approval approval.json",
    "renew",
    "time accept",
    "guard show shop",
    "guard set shop guard.toml --from-version 3",
    "guard set shop guard.toml --approval approval.json",
    "guard diff shop guard.toml",
    "guard test shop guard.toml",
    "guard test shop guard.toml --transaction 0x02",
    "guard test shop - --text hello",
    "guard test shop guard.toml --typed-data order.json",
    "guard template default --chain ethereum --environment mainnet",
    "guard template default --chain solana",
    "guard template --list",
    "--json --runtime-dir /d guard template --list --passphrase-file -",
    "owner show shop",
    "owner set shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "owner unset shop",
    "owner message verify shop --owner 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --output a",
    "owner send a --signature 0x00",
    "wallet terminate shop --sweep",
    "wallet purge shop --yes",
    "wallet withdraw shop",
    "owner propose shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "owner confirm shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --threshold 1",
    "owner remove shop --approval approval.json",
    "announcement list shop",
    "announcement cancel shop",
    "announcement cancel shop 07070707-0707-0707-0707-070707070707",
    "exposure",
    "exposure shop",
    "audit verify",
    "audit verify --file export",
    "audit verify --trail",
    "audit verify --trail --against export",
    "audit verify --archive one two",
    "audit archive --before 2026-11-22 --to file",
    "audit archive --keep-days 90 --to file",
    "audit log",
    "audit log --wallet shop --event tx_submitted --severity warning --from 7d --to 2026-11-22 --limit 5",
    "audit log --session id --tx id --since 5 --follow",
    "audit follow",
    "audit follow --severity critical",
    "audit export --trail file",
    "audit show",
    "audit show --wallet shop --since 5 --limit 10 --follow",
    "audit export file",
    "receipt get 5",
    "receipt get 5 --output receipt.json",
    "receipt verify receipt.json --key 00",
    "approval guard shop guard.toml --output approval.json",
    "approval owners shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --threshold 1 --output a",
    "approval owners shop --nobody --output a --hours 1",
    "approval resume shop --output a",
    "approval show a",
    "approval text a",
    "approval typed-data a",
    "approval add a --owner 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --signature 0x00",
    "approval add a --owner 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --signature 0 --typed-data",
];

#[test]
fn these_command_lines_of_the_operator_are_understood() {
    for line in DAEMONS.iter().chain(SIGNER) {
        let parsed = operator(line);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
}

#[test]
fn questions_about_the_audit_trail_that_mean_nothing_are_refused() {
    for line in [
        "audit log --limit 0",
        "audit log --from yesterday",
        "audit log --severity bad",
        "audit log --event a-b",
        "audit follow --limit 5",
        "audit verify --against file",
        "audit verify --archive one --file file",
        "audit verify --archive",
        "audit archive --to file",
        "audit archive --keep-days 90",
        "audit archive --keep-days 0 --to file",
        "audit archive --keep-days 9 --before 9d --to file",
        "audit verify --trail --file file",
    ] {
        let words = std::iter::once("waiaasctl").chain(line.split_whitespace());
        assert!(Operator::try_parse_from(words).is_err(), "{line}");
    }
}

#[test]
fn these_limits_of_a_session_are_refused() {
    for line in [
        "session create",
        "session create shop --ttl 299",
        "session create shop --ttl 31536001",
        "session create shop --role admin",
        "session create shop --max-transactions -1",
    ] {
        assert!(operator(line).is_err(), "{line}");
    }
}

#[test]
fn these_command_lines_of_the_operator_are_refused() {
    for line in [
        "",
        "unlock correct-horse",
        "unlock --passphrase correct-horse",
        "wallet create shop",
        "wallet create shop --chain bitcoin",
        "wallet create shop --chain solana --environment devnet",
        "send shop 0x0",
        "send shop 0x0 -1",
        "send shop 0x0 1 --wait=0",
        "tx list --limit 101",
        "tx list --status LOST",
        "tx wait 1 --timeout 0",
        "tx question 1 --text --typed-data",
        "tx approve 1 --owner 0xab",
        "tx approve 1 --signature 0x12",
        "tx approve 1 --typed-data",
        "policy",
        "policy add",
        "policy add RATE_LIMIT a=1 --file rules.json",
        "policy edit",
        "policy test shop",
        "policy test shop --to 0x1 --text a",
        "policy test shop --to 0x1 --calldata 0x12",
        "policy test shop --to 0x1 --base-units",
        "policy test shop --to 0x1 --only",
        "policy edit 1 --unset a --file rules.json",
        "policy template --apply",
        "policy template x402 --wallet shop",
        "token list",
        "token add 0x1",
        "token remove --network eip155:1",
        "price native",
        "price --network eip155:1",
        "rpc test",
        "rpc test http://127.0.0.1:8545 --chain bitcoin",
        "backup",
        "backup a b",
        "backup a --auto",
        "backup a --keep 3",
        "backup --auto --keep 0",
        "backup --auto --keys-only",
        "journal verify",
        "guard test shop guard.toml --text a --transaction 00",
        "guard template",
        "guard template default",
        "guard template default --list",
        "owner propose shop",
        "owner confirm shop",
        "owner confirm shop 0x00",
        "owner propose shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --threshold 0",
        "announcement cancel shop 1",
        "approval guard shop guard.toml",
        "approval owners shop --output a",
        "approval owners shop 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --nobody --output a",
        "approval resume shop --output a --hours 168",
        "audit show --limit 0",
        "receipt get",
        "init --auto-provision --answers answers.toml",
        "init --recovery-file /media/key",
        "unattended",
        "unattended enable --with-key null",
        "status --data-dir /d --runtime-dir /r",
    ] {
        assert!(operator(line).is_err(), "{line}");
    }
}

#[test]
fn these_command_lines_of_the_user_are_understood() {
    for line in [
        "init",
        "init --auto-provision --data-dir /d",
        "init --restore backup",
        "start --data-dir /d",
        "--data-dir /d start",
        "quickset",
        "quickset --mode mainnet --data-dir /d --json",
        "status",
        "stop --data-dir /d",
    ] {
        let parsed = user(line);
        assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
    }
    for line in [
        "",
        "quickset --mode devnet",
        "start --password x",
        "init --auto-provision=1",
        "init --auto-provision --restore x",
    ] {
        assert!(user(line).is_err(), "{line}");
    }
}

#[test]
fn a_password_is_no_argument_of_any_command() {
    fn options(command: &clap::Command) -> Vec<String> {
        let own = command.get_arguments().map(|argument| argument.get_id().to_string());
        own.chain(command.get_subcommands().flat_map(options)).collect()
    }
    for command in [Operator::command(), User::command()] {
        for option in options(&command) {
            let secret = ["passphrase", "password", "secret", "private_key"]
                .iter()
                .any(|word| option.contains(word));
            assert!(!secret || option.ends_with("_file"), "{option}");
        }
    }
}

#[test]
fn the_exit_codes_that_help_lists_are_those_of_the_program() {
    use crate::exit::Exit;
    for exit in [
        Exit::Failed,
        Exit::Usage,
        Exit::Unreachable,
        Exit::VaultClosed,
        Exit::Passphrase,
        Exit::Refused,
        Exit::NotFound,
        Exit::TimedOut,
        Exit::Running,
    ] {
        assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit.code())), "{exit:?}");
    }
}
