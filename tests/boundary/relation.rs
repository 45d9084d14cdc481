//! Who may ask what: every request by every socket.

use std::fmt::Write as _;

use primitives::{Chain, Environment, WalletId};
use protocol::{
    AnnouncementId, Kind, Latch, Owners, Payload, RefusalCode, Reply, Request, Warrant,
};
use tests::signer::{SignerClient, passphrase};

use crate::bench::Bench;

/// The whole of it: the letters say that the signer does more than refuse the socket.
const RELATION: &str = "\
Hello gateway operator
Status gateway operator
ListKeys gateway operator
CreateKey gateway operator
Sign gateway -
ShowGuard gateway operator
Exposure gateway operator
Halt gateway operator
Announce gateway -
Cancel gateway operator
ListAnnouncements gateway operator
ProposeOwners gateway operator
ShowOwners gateway operator
InitVault - operator
Unlock - operator
Lock - operator
Resume - operator
ImportKey - operator
RotateKey - operator
DestroyKey - operator
SetGuard - operator
Backup - operator
VerifyBackup - operator
Restore - operator
CheckGuard - operator
ConfirmOwners - operator
Renew - operator
ReadJournal - operator
Receipt - operator
GuardTemplate - operator
AcceptTime - operator
SetCredential - operator
";

/// A well-formed request of each kind, which a signer with an open vault answers somehow.
fn example(kind: Kind) -> Request {
    let wallet = WalletId::from_bytes([9; 16]);
    let (chain, environment) = (Chain::Evm, Environment::Testnet);
    let (id, payload) = (AnnouncementId([1; 16]), Payload::Transaction(vec![1]));
    match kind {
        Kind::Hello => Request::Hello { version: protocol::VERSION },
        Kind::Status => Request::Status,
        Kind::ListKeys => Request::ListKeys { after: None, limit: 10 },
        Kind::CreateKey => Request::CreateKey { chain, environment, agent_id: None },
        Kind::Sign => Request::Sign { wallet, payload, warrant: Warrant::None },
        Kind::ShowGuard => Request::ShowGuard { wallet },
        Kind::Exposure => Request::Exposure { wallet },
        Kind::Halt => Request::Halt {
            wallet: None,
            from: None,
            to: Latch::Suspended,
            reason: "a test".to_owned(),
        },
        Kind::InitVault => Request::InitVault { passphrase: passphrase() },
        Kind::Unlock => Request::Unlock { passphrase: passphrase() },
        Kind::Lock => Request::Lock,
        Kind::Resume => Request::Resume {
            wallet: None,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        },
        Kind::ImportKey => {
            Request::ImportKey { chain, environment, key: passphrase(), agent_id: None }
        }
        Kind::RotateKey => Request::RotateKey { wallet, grace_seconds: 60 },
        Kind::DestroyKey => Request::DestroyKey { wallet, passphrase: passphrase() },
        Kind::SetGuard => Request::SetGuard {
            wallet,
            from_version: 1,
            text: String::new(),
            passphrase: Some(passphrase()),
            approval: None,
        },
        Kind::Backup => Request::Backup { passphrase: Some(passphrase()) },
        Kind::VerifyBackup => {
            Request::VerifyBackup { passphrase: Some(passphrase()), archive: vec![1; 64] }
        }
        Kind::Restore => Request::Restore { passphrase: passphrase(), archive: vec![1; 64] },
        Kind::Announce => Request::Announce { wallet, id, payload },
        Kind::Cancel => Request::Cancel { wallet, id },
        Kind::ListAnnouncements => Request::ListAnnouncements { wallet },
        Kind::ProposeOwners => Request::ProposeOwners { wallet, owners: Owners::NONE },
        Kind::ShowOwners => Request::ShowOwners { wallet },
        Kind::CheckGuard => Request::CheckGuard { wallet, text: String::new(), payload: None },
        Kind::ConfirmOwners => Request::ConfirmOwners {
            wallet,
            from_version: 0,
            owners: Owners::NONE,
            passphrase: passphrase(),
            approval: None,
        },
        Kind::Renew => Request::Renew,
        Kind::ReadJournal => Request::ReadJournal { from: 0, limit: 1 },
        Kind::Receipt => Request::Receipt { record: 0 },
        Kind::GuardTemplate => {
            Request::GuardTemplate { chain, environment, name: "default".to_owned() }
        }
        Kind::AcceptTime => Request::AcceptTime { passphrase: passphrase() },
        Kind::SetCredential => {
            Request::SetCredential { passphrase: passphrase(), credential: None }
        }
    }
}

fn may_ask(client: &mut SignerClient, kind: Kind) -> bool {
    let reply = client.ask(example(kind));
    !matches!(reply, Reply::Refused(refusal) if refusal.code == RefusalCode::NotPermitted)
}

/// The hello is the one request that is answered before the connection is of use.
fn word(client: &mut SignerClient, kind: Kind, name: &'static str) -> &'static str {
    if kind == Kind::Hello || may_ask(client, kind) { name } else { "-" }
}

#[test]
fn each_socket_may_ask_what_the_relation_says_and_nothing_else() {
    let bench = Bench::new();
    let mut relation = String::new();
    for kind in Kind::ALL {
        // The gateway asks first, so that nothing it may not do was prepared by an operator.
        let gateway = word(&mut bench.gateway(), *kind, "gateway");
        let operator = word(&mut bench.operator(), *kind, "operator");
        writeln!(relation, "{kind:?} {gateway} {operator}").unwrap();
    }
    assert_eq!(relation, RELATION);
}

#[test]
fn nothing_is_done_without_a_vault_or_with_a_locked_one() {
    let needs_keys = [Kind::CreateKey, Kind::Sign];
    let bench = Bench::without_vault();
    for kind in needs_keys {
        bench.gateway().expect_refusal(example(kind), RefusalCode::VaultUninitialised);
    }
    tests::daemons::init_vault(&bench.place);
    assert_eq!(bench.operator().ask(Request::Lock), Reply::Done);
    for kind in needs_keys {
        bench.gateway().expect_refusal(example(kind), RefusalCode::VaultLocked);
    }
    assert_eq!(bench.status().journal_head, bench.verify_journal().1);
}

#[test]
fn a_vault_is_made_once() {
    let bench = Bench::new();
    bench.operator().expect_refusal(example(Kind::InitVault), RefusalCode::VaultExists);
    bench.operator().expect_refusal(example(Kind::Restore), RefusalCode::VaultExists);
    bench.operator().expect_refusal(example(Kind::Unlock), RefusalCode::VaultOpen);
}
