//! Solana messages as Solana's own crate reads them.

use primitives::SolanaAddress;
use solana_message::VersionedMessage;
use txcodec::solana::Message;
use txcodec::{Decoded, Subject};

use crate::intent::Intent;

const COMPUTE_BUDGET: &str = "ComputeBudget111111111111111111111111111111";
/// What lets a message look at itself: the sysvar, and the programs that check signatures.
const INSTRUCTIONS: &str = "Sysvar1nstructions1111111111111111111111111";
const CHECKS: [&str; 3] = [
    "Ed25519SigVerify111111111111111111111111111",
    "KeccakSecp256k11111111111111111111111111111",
    "Secp256r1SigVerify1111111111111111111111111",
];

/// Fails unless the second reader takes `bytes` for a valid message, the same one.
pub fn agree(bytes: &[u8], message: &Message) {
    let read = second(bytes);
    read.sanitize().expect("what the codec reads keeps the rules of a validator");
    let keys = read.static_account_keys();
    let signers = &keys[..usize::from(read.header().num_required_signatures)];
    let ours = message.signers().iter().map(|signer| signer.0);
    assert!(ours.eq(signers.iter().map(|signer| signer.to_bytes())));
    assert_eq!(message.fee_payer().0, keys[0].to_bytes());
    assert_eq!(message.recent_blockhash(), read.recent_blockhash().to_bytes());
    let lookups = read.address_table_lookups().is_some_and(|lookups| !lookups.is_empty());
    assert_eq!(message.uses_lookup_tables(), lookups);
}

/// Fails unless `decoded` is what the second reader's message means.
pub fn agree_on_meaning(bytes: &[u8], decoded: &Decoded) {
    let read = second(bytes);
    let payer = SolanaAddress(read.static_account_keys()[0].to_bytes());
    assert_eq!(decoded.subject(), Subject::SolanaTransaction { fee_payer: payer });
    assert_eq!(decoded.intent(), intent(&read));
}

fn second(bytes: &[u8]) -> VersionedMessage {
    let read: VersionedMessage =
        bincode::deserialize(bytes).expect("what the codec reads the second reader reads");
    assert_eq!(bincode::serialize(&read).expect("a message is written"), bytes);
    read
}

/// `docs/PROTOCOL.md`, "The intent digest".
fn intent(message: &VersionedMessage) -> [u8; 32] {
    let keys = message.static_account_keys();
    let lookups = message.address_table_lookups().unwrap_or_default();
    let program = |index: u8| keys[usize::from(index)].to_string();
    let whole = keys.iter().any(|key| key.to_string() == INSTRUCTIONS)
        || !lookups.is_empty()
        || message
            .instructions()
            .iter()
            .any(|call| CHECKS.contains(&program(call.program_id_index).as_str()));
    let calls: Vec<_> = message
        .instructions()
        .iter()
        .filter(|call| whole || program(call.program_id_index) != COMPUTE_BUDGET)
        .collect();
    let looked_up: Vec<(_, u8, bool)> = lookups
        .iter()
        .flat_map(|table| table.writable_indexes.iter().map(|at| (table.account_key, *at, true)))
        .chain(lookups.iter().flat_map(|table| {
            table.readonly_indexes.iter().map(|at| (table.account_key, *at, false))
        }))
        .collect();
    let place = |index: u8| -> Vec<u8> {
        let index = usize::from(index);
        match keys.get(index) {
            Some(key) => {
                let marks = [message.is_signer(index), is_writable(message, index)];
                [&key.to_bytes()[..], &marks.map(u8::from)].concat()
            }
            None => {
                let (table, at, writable) = looked_up[index - keys.len()];
                [&table.to_bytes()[..], &[at, u8::from(writable), 0]].concat()
            }
        }
    };
    let mut signers: Vec<_> = keys
        .iter()
        .take(usize::from(message.header().num_required_signatures))
        .map(|key| key.to_bytes())
        .collect();
    signers.sort_unstable();
    let mut intent = Intent::new(2);
    intent.field(&keys[0].to_bytes());
    intent.count(signers.len());
    signers.iter().for_each(|signer| intent.field(signer));
    intent.count(calls.len());
    for call in calls {
        intent.field(&place(call.program_id_index));
        intent.count(call.accounts.len());
        call.accounts.iter().for_each(|index| intent.field(&place(*index)));
        intent.field(&call.data);
    }
    intent.digest()
}

/// As the header says it; the crate's own answer leaves out what the runtime takes back again.
fn is_writable(message: &VersionedMessage, index: usize) -> bool {
    let header = message.header();
    let signers = usize::from(header.num_required_signatures);
    let unsigned = usize::from(header.num_readonly_unsigned_accounts);
    if index < signers {
        index < signers - usize::from(header.num_readonly_signed_accounts)
    } else {
        index < message.static_account_keys().len() - unsigned
    }
}
