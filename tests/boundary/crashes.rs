//! kill -9 at any moment, and a disk that somebody wrote to: too much may be counted, never too little.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;

use primitives::{Address, Amount, Asset, Chain, Environment};
use protocol::{
    AnnouncementId, Approval, Ceiling, Frame, Latch, Payload, RefusalCode, Reply, Request,
    SignedForm, Terms, Warrant,
};
use tests::approver::{Asked, Owner, confirm, instance, owners};
use tests::daemons::{change_guard, create_wallet};
use tests::signer::passphrase;
use txcodec::approval::Matter;

use crate::bench::{Bench, ETHER_CEILING, MAINNET, TRANSFER_FEE, Wallet, sign, transfer};

/// What one of the payments below takes from the budget.
const PAYMENT: u128 = 1_000_000 + TRANSFER_FEE;

fn payment(nonce: u64) -> Vec<u8> {
    transfer(MAINNET, nonce, Amount::from(1_000_000_u64)).to_unsigned_bytes()
}

fn left(bench: &Bench, wallet: Wallet) -> Amount {
    let chain_id = "eip155:1".parse().unwrap();
    let ether = |line: &&protocol::ExposureLine| {
        line.network == Some(chain_id) && line.asset == Asset::Native
    };
    match bench.exposure(wallet).lines.iter().find(ether).unwrap().at_once {
        Ceiling::AtMost(amount) => amount,
        Ceiling::Unlimited => panic!("no ceiling"),
    }
}

#[test]
fn whatever_was_signed_before_a_crash_is_counted_after_it() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let mut signed: u128 = 0;
    let mut nonce = 0;
    for round in 0..3_u64 {
        let mut gateway = bench.gateway();
        // Many requests are on their way; the signer dies while it works through them.
        for id in 0..100 {
            let unsigned = payment(nonce);
            nonce += 1;
            let message = Request::Sign {
                wallet: wallet.id,
                payload: Payload::Transaction(unsigned),
                warrant: Warrant::None,
            };
            gateway.send(&Frame { id, message }.to_bytes());
        }
        for _ in 0..round * 30 {
            let reply = gateway.receive().unwrap().message;
            assert!(matches!(reply, Reply::Signature(_)), "{reply:?}");
            signed += 1;
        }
        bench.signerd.process().kill();
        // What was on its way to us counts as signed too.
        while let Ok(frame) = gateway.receive() {
            signed += u128::from(matches!(frame.message, Reply::Signature(_)));
        }
        bench.signerd.start_again(&bench.place);
        tests::daemons::unlock(&bench.place);
        bench.verify_journal();
        let at_most = ETHER_CEILING - signed * PAYMENT;
        assert!(left(&bench, wallet) <= Amount::from(at_most), "round {round}: {signed} signed");
    }
}

/// A wallet whose guard lets everything go after a wait of no time.
fn wallet_that_waits(bench: &Bench) -> Wallet {
    let key = create_wallet(&bench.place, Chain::Evm, Environment::Mainnet);
    change_guard(&bench.place, key.wallet, |_default| {
        let ceilings = |most| format!("{{ per_transaction = \"{most}\", per_day = \"{most}\" }}");
        let (at_once, waited) = (ceilings(0), ceilings(ETHER_CEILING));
        format!(
            "delay_seconds = 0\n[network.\"eip155:1\".native]\n\
             immediate = {at_once}\ndelay = {waited}\n"
        )
    });
    Wallet { id: key.wallet, address: key.address }
}

fn announcement(number: u64) -> AnnouncementId {
    AnnouncementId(u128::from(number).to_be_bytes())
}

fn announced(wallet: Wallet, number: u64, nonce: u64) -> Request {
    Request::Sign {
        wallet: wallet.id,
        payload: Payload::Transaction(payment(nonce)),
        warrant: Warrant::Announced(announcement(number)),
    }
}

#[test]
fn an_announcement_lets_one_signature_go_whenever_the_signer_dies() {
    const MANY: u64 = 60;
    let mut bench = Bench::new();
    let wallet = wallet_that_waits(&bench);
    let mut gateway = bench.gateway();
    for number in 0..MANY {
        let (id, payload) = (announcement(number), Payload::Transaction(payment(number)));
        let reply = gateway.ask(Request::Announce { wallet: wallet.id, id, payload });
        assert!(matches!(reply, Reply::Announced(_)), "{reply:?}");
    }
    let mut signed = BTreeSet::new();
    for round in 0..3 {
        // All are on their way; the signer dies while it works through them.
        let mut gateway = bench.gateway();
        for number in 0..MANY {
            let message = announced(wallet, number, number + (round + 1) * MANY);
            let id = u32::try_from(number).unwrap();
            gateway.send(&Frame { id, message }.to_bytes());
        }
        let mut received = 0;
        while let Ok(Frame { id, message }) = gateway.receive() {
            if matches!(message, Reply::Signature(_)) {
                assert!(signed.insert(id), "round {round}: {id} was signed twice");
            } else {
                let Reply::Refused(refusal) = message else { panic!("{message:?}") };
                assert_eq!(refusal.code, RefusalCode::UnknownAnnouncement, "{}", refusal.message);
            }
            received += 1;
            if received == (round + 1) * 15 {
                bench.signerd.process().kill();
            }
        }
        bench.signerd.start_again(&bench.place);
        tests::daemons::unlock(&bench.place);
        bench.verify_journal();
    }
    let mut gateway = bench.gateway();
    for number in 0..MANY {
        let reply = gateway.ask(announced(wallet, number, number + 9 * MANY));
        let id = u32::try_from(number).unwrap();
        assert!(
            !matches!(reply, Reply::Signature(_)) || signed.insert(id),
            "{number} signed twice"
        );
    }
    assert!(signed.len() >= 15);
}

/// What an owner approves in another attempt each time: 1 ETH, which does not leave without.
struct Approved {
    wallet: Wallet,
    approval: Approval,
}

impl Approved {
    fn transaction(nonce: u64) -> Vec<u8> {
        transfer(MAINNET, nonce, Amount::from(4 * ETHER_CEILING)).to_unsigned_bytes()
    }

    fn new(bench: &Bench, wallet: Wallet, owner: &Owner, number: u8) -> Self {
        let Reply::Guard(guard) = bench.gateway().ask(Request::ShowGuard { wallet: wallet.id })
        else {
            panic!("no guard");
        };
        let terms = Terms {
            guard_version: guard.version,
            fee_ceiling: Amount::from(TRANSFER_FEE),
            expires_at: bench.status().now + 86_400,
            nonce: [number; 16],
        };
        let instance = instance(&mut bench.gateway());
        let asked = Asked { instance, wallet: wallet.id, address: wallet.address, terms };
        let Address::Evm(address) = wallet.address else { panic!("no EVM wallet") };
        let decoded = txcodec::evm::decode(&Self::transaction(0), address).unwrap();
        let matter = Matter::Sign { decoded: &decoded, environment: Environment::Mainnet };
        Self { wallet, approval: asked.approve(matter, &[owner], SignedForm::Text) }
    }

    fn at_nonce(&self, nonce: u64) -> Request {
        Request::Sign {
            wallet: self.wallet.id,
            payload: Payload::Transaction(Self::transaction(nonce)),
            warrant: Warrant::Approved(self.approval.clone()),
        }
    }
}

#[test]
fn an_approval_lets_one_signature_go_whenever_the_signer_dies_under_load() {
    const MANY: u8 = 60;
    let mut bench = Bench::new();
    let (wallet, owner) = (bench.wallet(Chain::Evm), Owner::evm(1));
    confirm(&mut bench.operator(), wallet.id, owners(1, &[&owner]));
    let all: Vec<_> =
        (0..MANY).map(|number| Approved::new(&bench, wallet, &owner, number)).collect();
    let mut signed = BTreeSet::new();
    let mut nonce = 0;
    for round in 0..5 {
        // All are on their way, each in another attempt; the signer dies while it works through them.
        let mut gateway = bench.gateway();
        for (id, approved) in (0..).zip(&all) {
            nonce += 1;
            gateway.send(&Frame { id, message: approved.at_nonce(nonce) }.to_bytes());
        }
        let mut received = 0;
        while let Ok(Frame { id, message }) = gateway.receive() {
            if matches!(message, Reply::Signature(_)) {
                assert!(signed.insert(id), "round {round}: approval {id} was used twice");
            } else {
                let Reply::Refused(refusal) = message else { panic!("{message:?}") };
                assert_eq!(refusal.code, RefusalCode::ApprovalUsed, "{}", refusal.message);
            }
            received += 1;
            if received == (round + 1) * 10 {
                bench.signerd.process().kill();
            }
        }
        bench.signerd.start_again(&bench.place);
        tests::daemons::unlock(&bench.place);
        bench.verify_journal();
    }
    let mut gateway = bench.gateway();
    for (id, approved) in (0..).zip(&all) {
        nonce += 1;
        let again = gateway.signature(approved.at_nonce(nonce));
        assert!(again.is_err() || signed.insert(id), "approval {id} was used twice");
    }
    assert!(signed.len() >= 10);
}

#[test]
fn a_halt_that_was_answered_holds_whenever_the_signer_dies() {
    let mut bench = Bench::new();
    let wallets: Vec<_> = (0..30)
        .map(|_| create_wallet(&bench.place, Chain::Evm, Environment::Mainnet).wallet)
        .collect();
    let mut gateway = bench.gateway();
    for (id, wallet) in (0..).zip(&wallets) {
        let (from, to) = (None, Latch::Locked);
        let message =
            Request::Halt { wallet: Some(*wallet), from, to, reason: "a crash".to_owned() };
        gateway.send(&Frame { id, message }.to_bytes());
    }
    let mut answered = BTreeSet::new();
    while let Ok(Frame { id, message }) = gateway.receive() {
        assert_eq!(message, Reply::Done);
        answered.insert(wallets[usize::try_from(id).unwrap()]);
        if answered.len() == 3 {
            bench.signerd.process().kill();
        }
    }
    bench.signerd.start_again(&bench.place);
    let reply = bench.operator().ask(Request::ListKeys { after: None, limit: 100 });
    let Reply::Keys(keys) = reply else { panic!("{reply:?}") };
    let locked: BTreeSet<_> =
        keys.iter().filter(|key| key.latch == Latch::Locked).map(|key| key.wallet).collect();
    assert!(answered.len() >= 3 && answered.is_subset(&locked), "{answered:?} {locked:?}");
    assert_eq!(bench.status().wallets_halted, u32::try_from(locked.len()).unwrap());
}

#[test]
fn a_record_that_was_cut_short_is_taken_off_and_everything_before_it_stands() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    sign(&mut bench.gateway(), wallet, payment(0)).unwrap();
    let (before, _head) = bench.verify_journal();
    bench.signerd.process().stop();
    let journal = bench.place.path("signer/journal/segment-00000000000000000000");
    let mut bytes = fs::read(&journal).unwrap();
    let last = bytes.len() - 20; // inside the last record: its hash is 32 bytes
    bytes.truncate(last);
    fs::write(&journal, &bytes).unwrap();
    bench.signerd.start_again(&bench.place);
    let (after, _head) = bench.verify_journal();
    assert!(after < before + 1, "{before} then {after}");
    assert_eq!(bench.status().latch, Latch::Active);
}

#[test]
fn a_journal_that_was_changed_stops_all_signing() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    for nonce in 0..3 {
        sign(&mut bench.gateway(), wallet, payment(nonce)).unwrap();
    }
    bench.signerd.process().stop();
    let journal = bench.place.path("signer/journal/segment-00000000000000000000");
    let mut bytes = fs::read(&journal).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    bench.signerd.start_again(&bench.place);
    let status = bench.status();
    assert_eq!(status.latch, Latch::Suspended);
    assert!(!status.latch_reason.is_empty());
    let unlock = Request::Unlock { passphrase: passphrase() };
    bench.operator().expect_refusal(unlock, RefusalCode::JournalFailed);
    assert!(sign(&mut bench.gateway(), wallet, payment(9)).is_err());
    assert_eq!(bench.operator().read_journal(), Err(status.latch_reason));
}

#[test]
fn a_journal_that_is_written_to_while_the_signer_runs_is_noticed_by_the_next_start() {
    let mut bench = Bench::new();
    let journal = bench.place.path("signer/journal/segment-00000000000000000000");
    fs::OpenOptions::new().append(true).open(journal).unwrap().write_all(&[7; 100]).unwrap();
    bench.signerd.process().kill();
    bench.signerd.start_again(&bench.place);
    let status = bench.status();
    assert_eq!(status.latch, Latch::Suspended);
    assert!(status.journal_damage.is_some());
}
