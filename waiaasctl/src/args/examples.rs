//! What `--help` ends with: lines to type. A test parses each of them.

pub(super) const INIT: &str = "\
Examples:
  waiaasctl init
  waiaasctl init --auto-provision --rpc base-sepolia=https://rpc.example.org
  waiaasctl init --answers answers.toml --json";
pub(super) const USER_INIT: &str = "\
Examples:
  waiaas init --auto-provision --data-dir ~/.waiaas
  waiaas init --auto-provision --rpc base-sepolia=https://rpc.example.org
  waiaas init --restore wallet.backup --data-dir ~/.waiaas";
pub(super) const USER_START: &str = "\
Example:
  waiaas start --data-dir ~/.waiaas --backup-every 6 --backup-keep 28";
pub(super) const METRICS: &str = "\
Examples:
  waiaasctl metrics
  waiaasctl metrics waiaas_queue
  waiaasctl metrics --json";
pub(super) const UNLOCK: &str = "\
Examples:
  waiaasctl unlock
  waiaasctl unlock --passphrase-file recovery.key";
pub(super) const AUTOSTOP_SET: &str = "\
Examples:
  waiaasctl autostop set rapid_fire transactions=20 seconds=60
  waiaasctl autostop set unusual_hours from_hour=6 to_hour=22 --wallet shop";
pub(super) const AUTOSTOP_ENABLE: &str = "\
Examples:
  waiaasctl autostop enable consecutive_failures
  waiaasctl autostop enable rapid_fire --wallet shop";
pub(super) const KILL_SWITCH_ACTIVATE: &str = "\
Examples:
  waiaasctl kill-switch activate --reason 'a payment that nobody knows'
  waiaasctl kill-switch status
  waiaasctl kill-switch recover";
pub(super) const SUSPEND: &str = "\
Examples:
  waiaasctl suspend --reason 'a payment that nobody knows'
  waiaasctl suspend shop --locked";
pub(super) const SEND: &str = "\
Examples:
  waiaasctl send shop 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F 0.25 --network base-sepolia --wait
  waiaasctl send shop 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F 5 --network base-sepolia \
--token 0x036CbD53842c5426634e7929541eC2318f3dCF7e";
pub(super) const WALLET_CREATE: &str = "\
Examples:
  waiaasctl wallet create shop --chain ethereum
  waiaasctl wallet create till --chain solana --environment mainnet";
pub(super) const WALLET_IMPORT: &str = "\
Example:
  waiaasctl wallet import shop --chain solana --key-file id.json";
pub(super) const SESSION_CREATE: &str = "\
Examples:
  waiaasctl session create shop --token-file shop.token
  waiaasctl session create shop till --ttl 86400 --max-renewals 30
  waiaasctl session create shop --role viewer
  waiaasctl session create shop --operations TRANSFER --networks base-sepolia \\
    --limit base-sepolia/native=1000000000000000:5000000000000000 --max-transactions 20";
pub(super) const SESSION_PROMPT: &str = "\
Examples:
  waiaasctl session prompt
  waiaasctl session prompt shop till --ttl 86400";
pub(super) const SESSION_MCP: &str = "\
Example:
  waiaasctl session mcp shop --ttl 86400";
pub(super) const GUARD_DIFF: &str = "\
Example:
  waiaasctl guard show shop > guard.toml
  waiaasctl guard diff shop guard.toml";
pub(super) const GUARD_TEST: &str = "\
Examples:
  waiaasctl guard test shop guard.toml --text 'hello'
  waiaasctl guard test shop guard.toml --typed-data order.json";
pub(super) const GUARD_SET: &str = "\
Examples:
  waiaasctl guard set shop guard.toml
  waiaasctl guard set shop looser.toml --approval approval.json";
pub(super) const GUARD_TEMPLATE: &str = "\
Examples:
  waiaasctl guard template --list
  waiaasctl guard template strict --chain ethereum --environment mainnet > guard.toml";
pub(super) const OWNER_SET: &str = "\
Example:
  waiaasctl owner set shop 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
pub(super) const OWNER_MESSAGE: &str = "\
Example, of an owner who proves to hold the key:
  waiaasctl owner message verify shop --owner 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --output verify.json
  waiaasctl owner send verify.json --signature 0x12ab";
pub(super) const WALLET_TERMINATE: &str = "\
Examples:
  waiaasctl wallet terminate shop --sweep
  waiaasctl wallet terminate shop --yes";
pub(super) const OWNER_CONFIRM: &str = "\
Example:
  waiaasctl owner confirm shop 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
pub(super) const APPROVAL: &str = "\
Example, of a guard that lets more pass:
  waiaasctl approval guard shop looser.toml --output approval.json
  waiaasctl approval text approval.json > question.txt
  waiaasctl approval add approval.json --owner 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --signature 0x12ab
  waiaasctl guard set shop looser.toml --approval approval.json";
pub(super) const AUDIT_LOG: &str = "\
Examples:
  waiaasctl audit log --wallet shop --limit 20
  waiaasctl audit log --severity warning --from 7d
  waiaasctl audit log --event MASTER_AUTH_FAILED --json";
pub(super) const AUDIT_FOLLOW: &str = "\
Examples:
  waiaasctl audit follow
  waiaasctl audit follow --severity warning --json";
pub(super) const AUDIT_EXPORT: &str = "\
Examples:
  waiaasctl audit export journal.export
  waiaasctl audit export --trail trail.jsonl";
pub(super) const AUDIT_ARCHIVE: &str = "\
Examples:
  waiaasctl audit archive --keep-days 90 --to trail-2026-11.jsonl
  waiaasctl audit archive --before 2026-10-01 --to trail-2026-q3.jsonl";
pub(super) const AUDIT_SHOW: &str = "\
Examples:
  waiaasctl audit show --wallet shop --limit 20
  waiaasctl audit show --since 100 --follow --json";
pub(super) const AUDIT_VERIFY: &str = "\
Examples:
  waiaasctl audit verify
  waiaasctl audit verify --file journal.export
  waiaasctl audit verify --trail --against trail.jsonl
  waiaasctl audit verify --archive trail-2026-q2.jsonl trail-2026-q3.jsonl";
pub(super) const RECEIPT: &str = "\
Example:
  waiaasctl receipt get 12 --output receipt.json
  waiaasctl receipt verify receipt.json";
pub(super) const BACKUP: &str = "\
Examples:
  waiaasctl backup /media/wallet.backup
  waiaasctl backup --auto --keep 30
  waiaasctl backup verify /media/wallet.backup";
pub(super) const RESTORE: &str = "\
Example:
  waiaasctl restore /media/wallet.backup";
pub(super) const POLICY_ADD: &str = "\
Examples:
  waiaasctl policy add WHITELIST allowed_addresses=0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --wallet shop
  waiaasctl policy add SPENDING_LIMIT token_limits.native.instant_max=0.01 \
token_limits.native.notify_max=0.05 token_limits.native.delay_max=0.25 delay_seconds=900
  waiaasctl policy add TIME_RESTRICTION allowed_hours.start=9 allowed_hours.end=18 timezone=Europe/Berlin
  waiaasctl policy add ALLOWED_TOKENS --file tokens.json --network base-mainnet";
pub(super) const POLICY_EDIT: &str = "\
Examples:
  waiaasctl policy edit 01890a5d-ac96-774b-bcce-b302099a8057 delay_seconds=1800
  waiaasctl policy edit 01890a5d-ac96-774b-bcce-b302099a8057 --unset daily_limit_usd --priority 5
  waiaasctl policy edit 01890a5d-ac96-774b-bcce-b302099a8057 --file rules.json";
pub(super) const POLICY_TEMPLATE: &str = "\
Examples:
  waiaasctl policy template
  waiaasctl policy template conservative
  waiaasctl policy template conservative --apply --wallet shop";
pub(super) const RPC_STATUS: &str = "\
Examples:
  waiaasctl rpc status
  waiaasctl rpc status --network base-mainnet --probe";
pub(super) const RPC_TEST: &str = "\
Examples:
  waiaasctl rpc test http://127.0.0.1:8545
  waiaasctl rpc test - --chain solana";
pub(super) const TOKEN_LIST: &str = "\
Example:
  waiaasctl token list --network base-sepolia";
pub(super) const TOKEN_ADD: &str = "\
Examples:
  waiaasctl token resolve 0x036CbD53842c5426634e7929541eC2318f3dCF7e --network base-sepolia
  waiaasctl token add 0x036CbD53842c5426634e7929541eC2318f3dCF7e --network base-sepolia --symbol USDC";
pub(super) const POLICY_TYPES: &str = "\
Examples:
  waiaasctl policy types
  waiaasctl policy types SPENDING_LIMIT";
pub(super) const TX_LIST: &str = "\
Examples:
  waiaasctl tx list --wallet shop --status QUEUED
  waiaasctl tx list --search 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --limit 100";
pub(super) const TX_WAIT: &str = "\
Example:
  waiaasctl tx wait 01890a5d-ac96-774b-bcce-b302099a8057 --timeout 600";
pub(super) const TX_APPROVE: &str = "\
Examples:
  waiaasctl tx approve 01890a5d-ac96-774b-bcce-b302099a8057
  waiaasctl tx question 01890a5d-ac96-774b-bcce-b302099a8057 --text > question.txt
  waiaasctl tx approve 01890a5d-ac96-774b-bcce-b302099a8057 \
--owner 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --signature 0x12ab";
pub(super) const POLICY_TEST: &str = "\
Examples:
  waiaasctl policy test shop --to 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --amount 0.25 \
--network base-sepolia
  waiaasctl policy test shop --spender 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F --amount 100 \
--token 0x036CbD53842c5426634e7929541eC2318f3dCF7e --network base-sepolia
  waiaasctl policy test shop --typed-data order.json --with policies.json --only";
pub(super) const PRICE: &str = "\
Examples:
  waiaasctl price native --network ethereum-mainnet
  waiaasctl price 0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913 --network base-mainnet";
