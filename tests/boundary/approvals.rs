//! One approval that two of three owners gave, and everything that looks like it.

use std::time::{SystemTime, UNIX_EPOCH};

use primitives::{Address, Amount, Chain, Environment};
use protocol::{
    Approval, Frame, Latch, OwnerSignature, Payload, RefusalCode, Reply, Request, SignedForm,
    Terms, VaultCopy, Warrant,
};
use tests::approver::{Asked, Owner, confirm, instance, owners};
use tests::redteam::dice::Dice;
use tests::signer::passphrase;
use txcodec::approval::{Matter, Stop};
use txcodec::evm::Transaction;

use crate::bench::{BOB, Bench, MAINNET, Wallet, transfer};

/// How many approvals that are none are sent.
const MUTATIONS: usize = 100_000;
/// Requests that are sent before a reply is read.
const IN_FLIGHT: usize = 100;
/// 5 ETH: more than a new wallet lets go by itself.
const MUCH: u64 = 5_000_000_000_000_000_000;
/// The order of secp256k1 (SEC 2, "secp256k1").
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// A request that carries an approval.
#[derive(Clone)]
struct Asking {
    wallet: Wallet,
    transaction: Transaction,
    approval: Approval,
}

impl Asking {
    fn request(&self) -> Request {
        Request::Sign {
            wallet: self.wallet.id,
            payload: Payload::Transaction(self.transaction.to_unsigned_bytes()),
            warrant: Warrant::Approved(self.approval.clone()),
        }
    }

    /// The same, in another attempt: bytes that were never signed, with the same intent.
    fn at_nonce(&self, nonce: u64) -> Request {
        let transaction = Transaction { nonce, ..self.transaction.clone() };
        Self { transaction, ..self.clone() }.request()
    }
}

/// Three people of whom two decide, and two wallets of theirs.
struct Scene {
    people: [Owner; 3],
    stranger: Owner,
    wallet: Wallet,
    other: Wallet,
    asked: Asked,
}

impl Scene {
    fn new(bench: &Bench) -> Self {
        let people = [Owner::evm(1), Owner::evm(2), Owner::evm(3)];
        let (wallet, other) = (bench.wallet(Chain::Evm), bench.wallet(Chain::Evm));
        for wallet in [wallet, other] {
            let members = people.each_ref();
            confirm(&mut bench.operator(), wallet.id, owners(2, &members));
        }
        let reply = bench.gateway().ask(Request::ShowGuard { wallet: wallet.id });
        let Reply::Guard(guard) = reply else { panic!("{reply:?}") };
        let terms = Terms {
            guard_version: guard.version,
            fee_ceiling: Amount::from(50_000_u64),
            expires_at: now() + 86_400,
            nonce: [7; 16],
        };
        let instance = instance(&mut bench.gateway());
        let asked = Asked { instance, wallet: wallet.id, address: wallet.address, terms };
        Self { people, stranger: Owner::evm(9), wallet, other, asked }
    }

    fn transaction() -> Transaction {
        transfer(MAINNET, 0, Amount::from(MUCH))
    }

    fn approve(&self, asked: Asked, who: [&Owner; 2], form: SignedForm) -> Approval {
        let Address::Evm(address) = self.wallet.address else { panic!("no EVM wallet") };
        let unsigned = Self::transaction().to_unsigned_bytes();
        let decoded = txcodec::evm::decode(&unsigned, address).unwrap();
        let matter = Matter::Sign { decoded: &decoded, environment: Environment::Mainnet };
        asked.approve(matter, &who, form)
    }

    /// What two of the owners really approved.
    fn valid(&self) -> Asking {
        let [first, second, _] = &self.people;
        let approval = self.approve(self.asked, [first, second], SignedForm::Text);
        Asking { wallet: self.wallet, transaction: Self::transaction(), approval }
    }

    /// Approvals that owners or others really signed, of something else.
    fn of_others(&self) -> Vec<Approval> {
        let [first, second, third] = &self.people;
        let Asked { instance, terms, .. } = self.asked;
        let [mut other_instance, mut other_nonce] = [instance, terms.nonce];
        other_instance[0] ^= 1;
        other_nonce[15] ^= 1;
        let with = |terms: Terms| Asked { terms, ..self.asked };
        let elsewhere = [
            Asked { instance: other_instance, ..self.asked },
            Asked { wallet: self.other.id, ..self.asked },
            Asked { address: self.other.address, ..self.asked },
            with(Terms { guard_version: terms.guard_version + 1, ..terms }),
            with(Terms { expires_at: terms.expires_at + 1, ..terms }),
            with(Terms { fee_ceiling: Amount::from(50_001_u64), ..terms }),
            with(Terms { nonce: other_nonce, ..terms }),
        ];
        let signed = |asked, who, form| Approval { terms, ..self.approve(asked, who, form) };
        let mut all: Vec<_> = elsewhere
            .into_iter()
            .flat_map(|asked| {
                [SignedForm::Text, SignedForm::TypedData]
                    .map(|form| signed(asked, [first, second], form))
            })
            .collect();
        all.push(signed(self.asked, [first, &self.stranger], SignedForm::Text));
        all.push(signed(self.asked, [&self.stranger, third], SignedForm::Text));
        all.push(signed(self.asked, [first, first], SignedForm::TypedData));
        // What the terms say, signed by them as it stands: expired, too far ahead, another guard.
        for terms in [
            Terms { expires_at: now() - 1, ..terms },
            Terms { expires_at: now() + 30 * 86_400, ..terms },
            Terms { guard_version: terms.guard_version - 1, ..terms },
            Terms { guard_version: terms.guard_version + 1, ..terms },
            Terms { fee_ceiling: Amount::from(20_999_u64), ..terms },
        ] {
            all.push(self.approve(with(terms), [first, second], SignedForm::Text));
        }
        let resume = Matter::Resume { from: Stop::Locked };
        all.push(self.asked.approve(resume, &[first, second], SignedForm::Text));
        all
    }

    /// The valid one with something else in one place.
    fn mutation(&self, dice: &mut Dice, valid: &Asking, of_others: &[Approval]) -> Asking {
        let mut asking = valid.clone();
        let Approval { terms, signatures } = &mut asking.approval;
        let which = dice.index(signatures.len());
        let signature = &mut signatures[which];
        match dice.below(20) {
            0..4 => flip(dice, &mut signature.bytes),
            4 => flip(dice, &mut terms.nonce),
            5 => terms.guard_version ^= 1 << dice.below(64),
            6 => terms.expires_at ^= 1 << dice.below(64),
            7 => {
                let mut bytes = terms.fee_ceiling.to_be_bytes();
                flip(dice, &mut bytes);
                terms.fee_ceiling = Amount::from_be_bytes(bytes);
            }
            8 => asking.wallet = self.other,
            9 => asking.transaction.value = Amount::from(MUCH - 1 - dice.below(1 << 40)),
            10 => {
                let mut to = BOB;
                flip(dice, &mut to.0);
                asking.transaction.to = Some(to);
            }
            11 => asking.transaction.chain_id = 10.try_into().unwrap(),
            12 => signature.form = SignedForm::TypedData,
            13 => malleated(signature, dice.percent(50)),
            14 => signature.bytes[64] = other_v(dice, signature.bytes[64]),
            15 => signature.bytes.truncate(dice.index(65)),
            16 => signature.bytes.extend(dice.bytes::<2>()),
            17 => signature.owner = self.people[2].address(),
            18 => match dice.below(4) {
                0 => drop(signatures.pop()),
                1 => signatures[0] = signatures[1].clone(),
                2 => signatures.clear(),
                _ => signatures.extend(signatures.clone()),
            },
            _ => asking.approval = dice.pick(of_others).clone(),
        }
        asking
    }
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "what owners agree to expires by the real time")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn flip(dice: &mut Dice, bytes: &mut [u8]) {
    let place = dice.index(bytes.len());
    bytes[place] ^= 1 << dice.index(8);
}

/// The other signature that the same key and message have: n - s, and the other parity or the same.
fn malleated(signature: &mut OwnerSignature, other_parity: bool) {
    let s = Amount::from_be_slice(&signature.bytes[32..64]).unwrap();
    let s = Amount::from_be_bytes(ORDER).checked_sub(s).unwrap();
    signature.bytes[32..64].copy_from_slice(&s.to_be_bytes());
    if other_parity {
        signature.bytes[64] = 27 + 28 - signature.bytes[64];
    }
}

/// Neither the parity that it has, in any of its two spellings.
fn other_v(dice: &mut Dice, v: u8) -> u8 {
    loop {
        let other = dice.byte();
        if other != v && other != v - 27 {
            return other;
        }
    }
}

/// Sends everything, so many at a time, and says what was signed.
fn signed(bench: &Bench, askings: impl Iterator<Item = Asking>) -> Vec<Asking> {
    let mut gateway = bench.gateway();
    let mut signed = Vec::new();
    let mut askings = askings.peekable();
    while askings.peek().is_some() {
        let batch: Vec<_> = askings.by_ref().take(IN_FLIGHT).collect();
        for (id, asking) in (0..).zip(&batch) {
            gateway.send(&Frame { id, message: asking.request() }.to_bytes());
        }
        for _ in &batch {
            let frame = gateway.receive().unwrap();
            if !matches!(frame.message, Reply::Refused(_)) {
                signed.push(batch[usize::try_from(frame.id).unwrap()].clone());
            }
        }
    }
    signed
}

#[test]
fn of_a_hundred_thousand_changed_approvals_none_is_accepted_and_the_valid_one_once() {
    let mut bench = Bench::new();
    let scene = Scene::new(&bench);
    let (valid, of_others) = (scene.valid(), scene.of_others());
    let reply = bench.operator().ask(Request::Backup { passphrase: Some(passphrase()) });
    let Reply::Backup(VaultCopy { archive, .. }) = reply else { panic!("{reply:?}") };

    let mut dice = Dice::new(1);
    let mutations = (0..MUTATIONS).map(|_| scene.mutation(&mut dice, &valid, &of_others));
    if let Some(asking) = signed(&bench, mutations).first() {
        panic!("signed: {:?} by {:?}", asking.transaction, asking.approval);
    }

    bench.gateway().signature(valid.request()).unwrap();
    bench.gateway().expect_refusal(valid.at_nonce(1), RefusalCode::ApprovalUsed);
    bench.crash_and_restart();
    bench.gateway().expect_refusal(valid.at_nonce(2), RefusalCode::ApprovalUsed);
    bench.verify_journal();

    let restored = Bench::without_vault();
    let restore = Request::Restore { passphrase: passphrase(), archive };
    let reply = restored.operator().ask(restore);
    assert!(matches!(reply, Reply::Journal(_)), "{reply:?}");
    tests::daemons::unlock(&restored.place);
    let resume = Request::Resume {
        wallet: None,
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    };
    assert_eq!(restored.operator().ask(resume), Reply::Done);
    restored.gateway().expect_refusal(valid.at_nonce(3), RefusalCode::BadApproval);
    restored.gateway().expect_refusal(valid.request(), RefusalCode::BadApproval);
}
