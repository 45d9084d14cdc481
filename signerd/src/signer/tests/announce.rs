//! What waits, waits by the signer's clock, and is signed once.

use protocol::{Announcement, AnnouncementId};

use super::*;
use crate::clock::testing::Machine;

const NOW: u64 = 1_800_000_000;
/// The default guard's, in seconds.
const DELAY: u64 = 600;
const DAY: u64 = 24 * 60 * 60;
/// 0.1 ETH: more than leaves at once, and less than what leaves after a wait.
const MUCH: u64 = 100_000_000_000_000_000;
const ID: AnnouncementId = AnnouncementId([7; 16]);

/// A signer with a wallet that has the default guard, on a machine of ours.
struct Stage {
    machine: Machine,
    state: TempDir,
    signer: Signer,
    wallet: WalletId,
}

impl Stage {
    fn new() -> Self {
        let (machine, state) = (Machine::new(NOW), TempDir::new().unwrap());
        let mut signer = start_with(state.path(), machine.source(), Settings::default());
        operator(&mut signer, Request::InitVault { passphrase: passphrase() });
        let (chain, environment) = (Chain::Evm, Environment::Mainnet);
        let create = Request::CreateKey { chain, environment, agent_id: None };
        let Reply::Key(key) = gateway(&mut signer, create) else { panic!("a key") };
        Self { machine, state, signer, wallet: key.wallet }
    }

    /// With [`MUCH`] announced.
    fn waiting() -> Self {
        let mut stage = Self::new();
        stage.announce(0, MUCH).unwrap();
        stage
    }

    fn restart(&mut self) {
        self.signer = start_with(self.state.path(), self.machine.source(), Settings::default());
        operator(&mut self.signer, Request::Unlock { passphrase: passphrase() });
    }

    fn announce(&mut self, nonce: u64, value: u64) -> Result<Announcement, RefusalCode> {
        self.announce_as(ID, nonce, value)
    }

    fn announce_as(
        &mut self,
        id: AnnouncementId,
        nonce: u64,
        value: u64,
    ) -> Result<Announcement, RefusalCode> {
        let payload = Payload::Transaction(transfer(nonce, value));
        let announce = Request::Announce { wallet: self.wallet, id, payload };
        let reply = gateway(&mut self.signer, announce);
        let Reply::Announced(announcement) = reply else { return Err(code(reply).unwrap()) };
        Ok(announcement)
    }

    fn sign(&self, warrant: Warrant, nonce: u64, value: u64) -> Request {
        let payload = Payload::Transaction(transfer(nonce, value));
        Request::Sign { wallet: self.wallet, payload, warrant }
    }

    /// Asks for what was announced: nothing, or why it is not signed.
    fn redeem(&mut self, nonce: u64) -> Option<RefusalCode> {
        let request = self.sign(Warrant::Announced(ID), nonce, MUCH);
        code(gateway(&mut self.signer, request))
    }

    fn list(&mut self) -> Vec<Announcement> {
        let list = Request::ListAnnouncements { wallet: self.wallet };
        let Reply::Announcements(list) = operator(&mut self.signer, list) else { panic!("a list") };
        list
    }

    fn cancel(&self) -> Request {
        Request::Cancel { wallet: self.wallet, id: ID }
    }

    /// Sets the guard that stands, with one thing changed.
    fn change_guard(&mut self, from: &str, to: &str) {
        let wallet = self.wallet;
        let shown = operator(&mut self.signer, Request::ShowGuard { wallet });
        let Reply::Guard(guard) = shown else { panic!("a guard") };
        assert!(guard.text.contains(from), "{}", guard.text);
        let set = Request::SetGuard {
            wallet,
            from_version: guard.version,
            text: guard.text.replace(from, to),
            passphrase: Some(passphrase()),
            approval: None,
        };
        assert_eq!(code(operator(&mut self.signer, set)), None);
    }
}

#[test]
fn what_has_to_wait_is_signed_when_its_wait_is_over_and_once() {
    use RefusalCode::{NeedsDelay, NotYet, UnknownAnnouncement};
    let mut stage = Stage::new();
    let request = stage.sign(Warrant::None, 0, MUCH);
    assert_eq!(code(gateway(&mut stage.signer, request)), Some(NeedsDelay));
    assert_eq!(stage.redeem(0), Some(UnknownAnnouncement));
    let announced = stage.announce(0, MUCH).unwrap();
    assert_eq!((announced.ready_at, announced.expires_at), (NOW + DELAY, NOW + DELAY + DAY));
    assert_eq!(stage.redeem(0), Some(NotYet));
    stage.machine.pass(DELAY - 1);
    let request = stage.sign(Warrant::Announced(ID), 0, MUCH);
    let Reply::Refused(refusal) = gateway(&mut stage.signer, request) else {
        panic!("it has not waited")
    };
    assert_eq!((refusal.code, refusal.retry_after_seconds), (NotYet, 1));
    stage.machine.pass(1);
    let request = stage.sign(Warrant::Announced(ID), 0, MUCH);
    let signature = gateway(&mut stage.signer, request);
    assert!(matches!(signature, Reply::Signature(_)), "{signature:?}");
    assert_eq!(stage.redeem(1), Some(UnknownAnnouncement));
    stage.restart();
    assert_eq!(stage.redeem(1), Some(UnknownAnnouncement), "used over a restart too");
    let request = stage.sign(Warrant::Announced(ID), 0, MUCH);
    assert_eq!(gateway(&mut stage.signer, request), signature, "the same bytes, the same answer");
}

#[test]
fn what_varies_between_attempts_may_vary_and_nothing_else() {
    let mut stage = Stage::waiting();
    stage.machine.pass(DELAY);
    for (value, refused) in [(MUCH + 1, Some(RefusalCode::UnknownAnnouncement)), (MUCH, None)] {
        let request = stage.sign(Warrant::Announced(ID), 5, value);
        assert_eq!(code(gateway(&mut stage.signer, request)), refused);
    }
}

#[test]
fn two_in_one_batch_do_not_both_go_by_one_announcement() {
    let mut stage = Stage::waiting();
    stage.machine.pass(DELAY);
    let batch = [0, 1].map(|nonce| Incoming {
        role: Role::Gateway,
        request: stage.sign(Warrant::Announced(ID), nonce, MUCH),
    });
    let codes: Vec<_> = stage.signer.handle(batch.into()).into_iter().map(code).collect();
    assert_eq!(codes, [None, Some(RefusalCode::UnknownAnnouncement)]);
}

#[test]
fn a_wait_goes_on_through_restarts_and_ends_by_no_step_of_a_clock() {
    let mut stage = Stage::waiting();
    stage.machine.pass(DELAY / 2);
    stage.restart();
    stage.machine.set_wall(NOW + 10 * DAY);
    assert_eq!(stage.redeem(0), Some(RefusalCode::NotYet), "the clock went ahead");
    stage.restart();
    assert_eq!(stage.redeem(0), Some(RefusalCode::NotYet), "and over a restart");
    stage.machine.reboot(2 * DELAY);
    stage.restart();
    assert_eq!(stage.redeem(0), Some(RefusalCode::NotYet), "nobody saw that time pass");
    stage.machine.set_wall(0);
    stage.machine.pass(DELAY);
    assert_eq!(stage.redeem(0), None, "what passed counts, whatever the clock shows");
}

#[test]
fn a_wait_ends_by_time_that_an_operator_accepts() {
    let mut stage = Stage::waiting();
    stage.machine.reboot(DELAY);
    stage.restart();
    assert_eq!(stage.redeem(0), Some(RefusalCode::NotYet));
    let accept = Request::AcceptTime { passphrase: passphrase() };
    assert_eq!(operator(&mut stage.signer, accept), Reply::Done);
    assert_eq!(stage.redeem(0), None);
}

#[test]
fn announcements_count_as_requests_and_the_same_again_does_not() {
    let mut stage = Stage::new();
    stage.change_guard("requests_per_hour = 3600", "requests_per_hour = 2");
    let other = |number| AnnouncementId([number; 16]);
    assert_eq!(stage.announce_as(other(1), 0, MUCH).err(), None);
    assert_eq!(stage.announce_as(other(1), 1, MUCH).err(), None);
    assert_eq!(stage.announce_as(other(2), 0, MUCH).err(), None);
    assert_eq!(stage.announce_as(other(1), 0, MUCH).err(), None);
    let too_many = Some(RefusalCode::TooManyRequests);
    assert_eq!(stage.announce_as(other(3), 0, MUCH).err(), too_many);
    let request = stage.sign(Warrant::None, 0, 1);
    assert_eq!(code(gateway(&mut stage.signer, request)), too_many);
    stage.machine.pass(2 * 3600);
    assert_eq!(stage.announce_as(other(3), 0, MUCH).err(), None);
}

#[test]
fn what_was_called_off_is_not_signed_whoever_called_it_off() {
    for role in [Role::Gateway, Role::Operator] {
        let mut stage = Stage::waiting();
        stage.machine.pass(DELAY);
        let requests = [
            (role, stage.cancel()),
            (Role::Gateway, stage.sign(Warrant::Announced(ID), 0, MUCH)),
            (role, stage.cancel()),
        ];
        let batch = requests.map(|(role, request)| Incoming { role, request });
        let codes: Vec<_> = stage.signer.handle(batch.into()).into_iter().map(code).collect();
        let unknown = Some(RefusalCode::UnknownAnnouncement);
        assert_eq!(codes, [None, unknown, unknown], "{role:?}");
        stage.restart();
        assert_eq!(stage.redeem(0), unknown, "over a restart too");
        let announced = stage.announce(0, MUCH).unwrap();
        assert_eq!(announced.ready_at, NOW + 2 * DELAY, "again, it waits again");
    }
}

#[test]
fn announcing_again_changes_neither_time_nor_journal_and_something_else_is_refused() {
    let mut stage = Stage::waiting();
    stage.machine.pass(100);
    let (records, _) = stage.signer.journal.head();
    let again = stage.announce(3, MUCH).unwrap();
    assert_eq!(again.ready_at, NOW + DELAY);
    assert_eq!(stage.signer.journal.head().0, records);
    assert_eq!(stage.list(), [again]);
    assert_eq!(stage.announce(0, MUCH + 1), Err(RefusalCode::UnknownAnnouncement));
}

#[test]
fn the_guard_is_asked_when_it_is_announced_and_again_when_it_is_signed() {
    let mut stage = Stage::new();
    assert_eq!(stage.announce(0, CEILING), Err(RefusalCode::NeedsOwner), "with its fee it is more");
    let elsewhere = Transaction { chain_id: 77.try_into().unwrap(), ..transaction(0, 1) };
    for (payload, refused) in [
        (elsewhere.to_unsigned_bytes(), RefusalCode::NetworkNotAllowed),
        (vec![1, 2, 3], RefusalCode::Undecodable),
    ] {
        let payload = Payload::Transaction(payload);
        let announce = Request::Announce { wallet: stage.wallet, id: ID, payload };
        assert_eq!(code(gateway(&mut stage.signer, announce)), Some(refused));
    }
    assert_eq!(stage.list(), []);
    let mut stage = Stage::waiting();
    stage.machine.pass(DELAY);
    let tenth = "250000000000000000";
    stage.change_guard(tenth, "50000000000000000");
    assert_eq!(stage.redeem(0), Some(RefusalCode::NeedsOwner));
    assert_eq!(stage.list().len(), 1, "it is refused, not used");
}

#[test]
fn a_guard_that_waits_longer_holds_for_what_waits_and_one_that_waits_less_does_not() {
    for (delay, ready_at) in [("1200", NOW + 1200), ("60", NOW + DELAY), ("0", NOW + DELAY)] {
        let mut stage = Stage::waiting();
        stage.change_guard("delay_seconds = 600", &format!("delay_seconds = {delay}"));
        assert_eq!(stage.list()[0].ready_at, ready_at);
        stage.machine.pass(ready_at - NOW - 1);
        assert_eq!(stage.redeem(0), Some(RefusalCode::NotYet), "{delay}");
        stage.machine.pass(1);
        assert_eq!(stage.redeem(0), None, "{delay}");
    }
}

#[test]
fn what_could_go_at_once_waits_as_well_when_it_is_announced() {
    let mut stage = Stage::new();
    let little = 1000;
    assert_eq!(stage.announce(0, little).unwrap().ready_at, NOW + DELAY);
    for refused in [Some(RefusalCode::NotYet), None] {
        let request = stage.sign(Warrant::Announced(ID), 0, little);
        assert_eq!(code(gateway(&mut stage.signer, request)), refused);
        stage.machine.pass(DELAY);
    }
    assert_eq!(stage.list(), [], "it is used");
}

#[test]
fn nothing_is_announced_while_signing_is_halted_and_what_waits_is_not_dropped() {
    for whose in [false, true] {
        let mut stage = Stage::waiting();
        let wallet = whose.then_some(stage.wallet);
        let (to, reason) = (Latch::Locked, "a drill".to_owned());
        gateway(&mut stage.signer, Request::Halt { wallet, from: None, to, reason });
        assert_eq!(stage.announce(1, MUCH), Err(RefusalCode::Locked));
        assert_eq!(stage.redeem(0), Some(RefusalCode::Locked));
        assert_eq!(stage.list().len(), 1);
        stage.machine.pass(DELAY);
        let (from, passphrase) = (Latch::Locked, passphrase());
        let resume = Request::Resume { wallet, from, passphrase, approval: None };
        assert_eq!(operator(&mut stage.signer, resume), Reply::Done);
        assert_eq!(stage.redeem(0), None);
    }
}

#[test]
fn what_waits_what_was_used_and_what_is_halted_survives_a_new_segment_of_the_journal() {
    let mut stage = Stage::new();
    let vault = Vault::open(&stage.state.path().join("vault"), KdfCost::CHEAP).unwrap();
    let journal = Journal::open(&stage.state.path().join("journal")).unwrap();
    let (journal, time) = (journal.with_segments_of(1), stage.machine.source());
    stage.signer = Signer::start(vault, journal, time, Settings::default(), Vec::new());
    operator(&mut stage.signer, Request::Unlock { passphrase: passphrase() });
    let announced = stage.announce(0, MUCH).unwrap();
    stage.restart();
    assert_eq!(stage.list(), [announced]);
    stage.machine.pass(DELAY);
    assert_eq!(stage.redeem(0), None);
    let (wallet, reason) = (Some(stage.wallet), "a drill".to_owned());
    let halt = Request::Halt { wallet, from: None, to: Latch::Locked, reason };
    assert_eq!(gateway(&mut stage.signer, halt), Reply::Done);
    stage.restart();
    assert_eq!(stage.list(), []);
    assert_eq!(stage.redeem(0), Some(RefusalCode::Locked));
}

#[test]
fn an_announcement_that_nobody_used_in_time_is_gone() {
    let mut stage = Stage::waiting();
    stage.machine.pass(DELAY + DAY - 1);
    assert_eq!(stage.list().len(), 1);
    stage.machine.pass(1);
    assert_eq!(stage.list(), []);
    assert_eq!(stage.redeem(0), Some(RefusalCode::UnknownAnnouncement));
    let cancel = stage.cancel();
    assert_eq!(code(gateway(&mut stage.signer, cancel)), Some(RefusalCode::UnknownAnnouncement));
}

#[test]
fn a_wallet_that_was_restored_has_announced_nothing() {
    let mut stage = Stage::waiting();
    let backup = operator(&mut stage.signer, Request::Backup { passphrase: Some(passphrase()) });
    let Reply::Backup(VaultCopy { archive, .. }) = backup else { panic!("a backup") };
    stage.state = TempDir::new().unwrap();
    stage.signer = start_with(stage.state.path(), stage.machine.source(), Settings::default());
    let restore = Request::Restore { passphrase: passphrase(), archive };
    assert_eq!(code(operator(&mut stage.signer, restore)), None);
    assert_eq!(stage.list(), []);
}

#[test]
fn a_wallet_that_nobody_knows_has_no_announcements() {
    let mut stage = Stage::new();
    stage.wallet = WalletId::from_bytes([9; 16]);
    let unknown = Some(RefusalCode::UnknownWallet);
    let list = Request::ListAnnouncements { wallet: stage.wallet };
    assert_eq!(stage.announce(0, 1), Err(RefusalCode::UnknownWallet));
    for request in [list, stage.cancel()] {
        assert_eq!(code(operator(&mut stage.signer, request)), unknown);
    }
}
