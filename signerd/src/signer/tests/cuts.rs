//! The power goes at any byte of the journal: what was answered before it holds after it.

use std::path::PathBuf;

use protocol::{AnnouncementId, Approval, KeyInfo, Reply, Terms};

use super::owners::{Owner, approve, approved, confirm, owners, terms, to_sign};
use super::*;
use crate::clock::testing::Machine;

const NOW: u64 = 1_800_000_000;
/// The default guard's wait, in seconds.
const DELAY: u64 = 600;
/// 0.1 ETH: more than leaves at once, and less than what leaves after a wait.
const MUCH: u64 = 100_000_000_000_000_000;
const USED: AnnouncementId = AnnouncementId([1; 16]);
const CALLED_OFF: AnnouncementId = AnnouncementId([2; 16]);

/// A signer, what it answered, and how the journal stood then.
struct History {
    machine: Machine,
    state: TempDir,
    signer: Signer,
    key: KeyInfo,
    wallet: WalletId,
    answered: Vec<Answered>,
}

struct Answered {
    what: &'static str,
    /// Bytes of the journal.
    length: usize,
    /// All that the journal added up to.
    state: String,
}

/// One network, so that a journal is read in no time.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.networks.retain(|network| network.chain_id == "eip155:1".parse().unwrap());
    settings
}

fn journal_file(state: &TempDir) -> PathBuf {
    let mut files = std::fs::read_dir(state.path().join("journal")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "one file");
    file
}

impl History {
    fn new() -> Self {
        let (machine, state) = (Machine::new(NOW), TempDir::new().unwrap());
        let mut signer = start_with(state.path(), machine.source(), settings());
        operator(&mut signer, Request::InitVault { passphrase: passphrase() });
        let (chain, environment) = (Chain::Evm, Environment::Mainnet);
        let create = Request::CreateKey { chain, environment, agent_id: None };
        let Reply::Key(key) = gateway(&mut signer, create) else { panic!("a key") };
        let wallet = key.wallet;
        let mut history = Self { machine, state, signer, key, wallet, answered: Vec::new() };
        history.keep("a wallet");
        history
    }

    fn keep(&mut self, what: &'static str) {
        let length = std::fs::read(journal_file(&self.state)).unwrap().len();
        let state = format!("{:?}", self.signer.journal.state());
        self.answered.push(Answered { what, length, state });
    }

    /// Asks for something that is granted, and takes one record.
    fn ask(&mut self, what: &'static str, role: Role, request: Request) {
        let (before, _) = self.signer.journal.head();
        let reply = ask(&mut self.signer, role, request);
        assert_eq!(code(reply), None, "{what}");
        assert_eq!(self.signer.journal.head().0, before + 1, "{what}");
        self.keep(what);
    }

    fn sign(&self, warrant: Warrant, nonce: u64, value: u64) -> Request {
        let payload = Payload::Transaction(transfer(nonce, value));
        Request::Sign { wallet: self.wallet, payload, warrant }
    }

    fn announce(&self, id: AnnouncementId) -> Request {
        let payload = Payload::Transaction(transfer(0, MUCH));
        Request::Announce { wallet: self.wallet, id, payload }
    }

    /// What the owner of its wallet allows: more than leaves without owners.
    fn approval(&mut self) -> Approval {
        let decoded = txcodec::evm::decode(&transfer(0, 2 * CEILING), EvmAddress([0; 20])).unwrap();
        let terms = Terms { guard_version: 2, ..terms() };
        approve(&mut self.signer, &self.key, terms, to_sign(&decoded), &[&Owner::evm(1)])
    }

    /// Bytes of the journal when that was answered.
    fn length_after(&self, what: &str) -> usize {
        self.answered.iter().find(|answered| answered.what == what).unwrap().length
    }

    /// One of everything that is answered and must not be forgotten.
    fn of_everything() -> Self {
        use Latch::{Locked, Suspended};
        use Role::{Gateway, Operator};
        let mut history = Self::new();
        let wallet = history.wallet;
        let halt = |wallet, to| {
            let reason = "a drill".to_owned();
            Request::Halt { wallet, from: None, to, reason }
        };
        let resume = |wallet, from| {
            let passphrase = passphrase();
            Request::Resume { wallet, from, passphrase, approval: None }
        };
        history.ask("a signature", Gateway, history.sign(Warrant::None, 0, 1000));
        history.ask("an announcement", Gateway, history.announce(USED));
        history.ask("another announcement", Gateway, history.announce(CALLED_OFF));
        let cancel = Request::Cancel { wallet, id: CALLED_OFF };
        history.ask("one called off", Operator, cancel);
        history.machine.pass(DELAY);
        let waited = history.sign(Warrant::Announced(USED), 1, MUCH);
        history.ask("a signature that waited", Gateway, waited);
        history.ask("a wallet suspended", Gateway, halt(Some(wallet), Suspended));
        history.ask("a wallet locked", Gateway, halt(Some(wallet), Locked));
        history.ask("a wallet resumed", Operator, resume(Some(wallet), Locked));
        history.ask("a signature after that", Gateway, history.sign(Warrant::None, 2, 2000));
        let (alice, id) = (Owner::evm(1), history.wallet);
        history.ask("owners confirmed", Operator, confirm(id, 0, &owners(1, &[&alice])));
        // The lock was a version of the guard too, its second.
        let approval = history.approval();
        let request = approved(id, transfer(3, 2 * CEILING), &approval);
        history.ask("a signature that owners allowed", Gateway, request);
        history.ask("the switch renewed", Operator, Request::Renew);
        history.ask("all suspended", Gateway, halt(None, Suspended));
        history.ask("all locked", Gateway, halt(None, Locked));
        history
    }

    /// The last that was answered before the journal had so many bytes.
    fn last_before(&self, length: usize) -> &Answered {
        self.answered.iter().rev().find(|answered| answered.length <= length).unwrap()
    }
}

#[test]
fn at_whatever_byte_the_journal_ends_everything_that_was_answered_holds() {
    let history = History::of_everything();
    let whole = std::fs::read(journal_file(&history.state)).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let file = elsewhere.path().join(journal_file(&history.state).file_name().unwrap());
    for length in history.answered[0].length..=whole.len() {
        std::fs::write(&file, &whole[..length]).unwrap();
        let journal = Journal::open(elsewhere.path()).unwrap();
        assert_eq!(journal.damage(), None, "{length} bytes");
        let Answered { what, state, .. } = history.last_before(length);
        assert_eq!(format!("{:?}", journal.state()), *state, "{length} bytes: {what}");
    }
}

#[test]
fn wherever_a_crash_falls_an_announcement_lets_one_signature_go() {
    use RefusalCode::{Locked, Suspended, UnknownAnnouncement};
    let history = History::of_everything();
    let file = journal_file(&history.state);
    let whole = std::fs::read(&file).unwrap();
    let used_at = history.length_after("a signature that waited");
    let (state, machine, wallet) = (&history.state, &history.machine, history.wallet);
    let mut outcomes = std::collections::BTreeSet::new();
    for Answered { what, length, .. } in &history.answered {
        std::fs::write(&file, &whole[..*length]).unwrap();
        let mut signer = start_with(state.path(), machine.source(), settings());
        operator(&mut signer, Request::Unlock { passphrase: passphrase() });
        let mut redeem =
            |nonce| code(gateway(&mut signer, history.sign(Warrant::Announced(USED), nonce, MUCH)));
        // The bytes that were signed before the crash are signed again, other bytes are not.
        let after = [redeem(7), redeem(8)];
        let signed_after = after.iter().filter(|code| code.is_none()).count();
        let signed_before = usize::from(*length >= used_at);
        assert!(signed_before + signed_after <= 1, "{what}: {after:?}");
        let again = redeem(1);
        let halted = matches!(again, Some(Suspended | Locked));
        assert_eq!(again.is_none(), signed_before == 1 && !halted, "{what}: {again:?}");
        let spent = Amount::from(CEILING).saturating_sub(left(&mut signer, wallet));
        let paid = u64::try_from(signed_before + signed_after).unwrap() * MUCH;
        assert!(spent >= Amount::from(paid), "{what}: {spent} for {paid}");
        outcomes.insert(after);
    }
    let expected = [
        [Some(UnknownAnnouncement); 2],
        [None, Some(UnknownAnnouncement)],
        [Some(Suspended); 2],
        [Some(Locked); 2],
    ];
    assert_eq!(outcomes, expected.into());
}

#[test]
fn wherever_a_crash_falls_an_approval_lets_one_signature_go() {
    use RefusalCode::{ApprovalUsed, BadApproval, Locked, Suspended};
    let mut history = History::of_everything();
    let (approval, wallet) = (history.approval(), history.wallet);
    let file = journal_file(&history.state);
    let whole = std::fs::read(&file).unwrap();
    let used_at = history.length_after("a signature that owners allowed");
    let mut outcomes = std::collections::BTreeSet::new();
    for Answered { what, length, .. } in &history.answered {
        std::fs::write(&file, &whole[..*length]).unwrap();
        let (place, time) = (history.state.path(), history.machine.source());
        let mut signer = start_with(place, time, settings());
        operator(&mut signer, Request::Unlock { passphrase: passphrase() });
        let after = [7, 8].map(|nonce| {
            let request = approved(wallet, transfer(nonce, 2 * CEILING), &approval);
            code(gateway(&mut signer, request))
        });
        let signed_after = after.iter().filter(|code| code.is_none()).count();
        assert!(usize::from(*length >= used_at) + signed_after <= 1, "{what}: {after:?}");
        outcomes.insert(after);
    }
    let expected = [
        [Some(BadApproval); 2], // nobody owns it yet
        [None, Some(ApprovalUsed)],
        [Some(ApprovalUsed); 2],
        [Some(Suspended); 2],
        [Some(Locked); 2],
    ];
    assert_eq!(outcomes, expected.into());
}

#[test]
fn a_lock_that_is_lifted_leaves_no_wallet_with_owners_unlocked_at_any_byte() {
    use Latch::{Active, Locked};
    let mut history = History::new();
    let owned = history.wallet;
    latch::give_owner(&mut history.signer, owned);
    let (to, reason) = (Locked, "a drill".to_owned());
    let halt = Request::Halt { wallet: None, from: None, to, reason };
    history.ask("all locked", Role::Gateway, halt);
    let locked_at = history.answered.last().unwrap().length;
    let (from, passphrase) = (Locked, passphrase());
    let resume = Request::Resume { wallet: None, from, passphrase, approval: None };
    assert_eq!(operator(&mut history.signer, resume), Reply::Done);
    let whole = std::fs::read(journal_file(&history.state)).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let file = elsewhere.path().join(journal_file(&history.state).file_name().unwrap());
    let mut seen = std::collections::BTreeSet::new();
    for length in locked_at..=whole.len() {
        std::fs::write(&file, &whole[..length]).unwrap();
        let journal = Journal::open(elsewhere.path()).unwrap();
        let state = journal.state();
        let of_wallet = state.wallet(owned).unwrap().snapshot().latch;
        seen.insert((state.latches().latch(), of_wallet));
    }
    assert_eq!(seen, [(Locked, Active), (Locked, Locked), (Active, Locked)].into());
}
