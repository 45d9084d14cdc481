//! An installation under load, its daemons killed at chosen moments, and what has to hold of it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use primitives::{Address, Amount, Chain};
use protocol::{Latch, Payload, RefusalCode, Reply, Request, Warrant};
use serde_json::{Value, json};
use tests::agent::Agent;
use tests::daemons::{Gatewayd, Place, Signerd, hostile_gateway, operator};
use tests::owner::Owner;
use tests::signer::passphrase;
use tests::stage::{Stage, Wallet};
use tests::{tool, wait};

use super::throws::{PASSWORD, Told};
use crate::payments::{BOB, transfer};

/// What each agent asks for, at most, in one round.
const PAYMENTS: u64 = 12;
/// What was sent before the fall has arrived after this: it goes through this machine alone, which may
/// do much else.
const ARRIVAL: Duration = Duration::from_secs(1);
/// How long nothing may arrive after that.
const QUIET: Duration = Duration::from_millis(300);
/// Which account of the node owns a wallet.
const OWNER: usize = 1;

/// The installation, and what has become of the payments so far.
#[derive(Debug)]
pub(super) struct Siege {
    /// The daemons and nodes.
    pub(super) stage: Stage,
    /// Without owners.
    plain: Wallet,
    /// With an owner, whom the signer knows.
    owned: Wallet,
    /// Suspended before everything else.
    suspended: Wallet,
    of_suspended: Payer,
    payers: Vec<Payer>,
    /// The amount of the next payment, in wei.
    next: AtomicU64,
    /// What is over, and counted.
    counted: u64,
    /// What came of all payments, by status.
    pub(super) ended: BTreeMap<String, u64>,
    /// Payments that were waited for, after the switch was lifted.
    pub(super) proofs: u64,
    paid: Amount,
}

/// A session, and the wallet from which it pays.
#[derive(Debug)]
struct Payer {
    agent: Agent,
    wallet: String,
}

/// Which daemon is killed, and how long after the rest has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    pub(super) victim: Victim,
    pub(super) moment: Duration,
}

/// A daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    Nobody,
    Gateway,
    Signer,
}

impl Siege {
    /// Three wallets with coins, one of them suspended, and four sessions, one of them of both others.
    pub(super) fn start() -> Self {
        let stage = Stage::start();
        let [plain, owned, suspended] =
            std::array::from_fn(|_wallet| stage.funded_wallet(Chain::Evm));
        let owner = Owner::Evm(&stage.evm, OWNER);
        stage.lock_owner(&owned, &owner);
        stage.confirm_owner(&owned, owner.address());
        let password = json!({ "newPassword": PASSWORD });
        stage.operator().put("/v1/admin/master-password", &password).expect(200);
        let sessions = [vec![&plain], vec![&plain], vec![&owned], vec![&plain, &owned]];
        let payer = |wallets: Vec<&Wallet>| Payer {
            agent: stage.agent(&wallets),
            wallet: wallets[0].id.clone(),
        };
        let payers = sessions.map(payer).into();
        let suspend = format!("/v1/wallets/{}/suspend", suspended.id);
        stage.operator().post(&suspend, &json!({})).expect(200);
        Self {
            of_suspended: payer(vec![&suspended]),
            stage,
            plain,
            owned,
            suspended,
            payers,
            next: AtomicU64::new(1),
            counted: 0,
            ended: BTreeMap::new(),
            proofs: 0,
            paid: Amount::ZERO,
        }
    }

    /// The owner of one of the wallets.
    pub(super) fn owner(&self) -> Owner<'_> {
        Owner::Evm(&self.stage.evm, OWNER)
    }

    /// The id of the wallet with an owner.
    pub(super) fn owned(&self) -> &str {
        &self.owned.id
    }

    /// Has all agents pay while `act` is done after `wait`, and a daemon killed and started again.
    pub(super) fn under_load<T: Send>(
        &mut self,
        wait: Duration,
        crash: Crash,
        act: impl FnOnce(&Place) -> T + Send,
    ) -> T {
        let Self { stage, payers, next, .. } = self;
        let Stage { gatewayd, signerd, place, .. } = stage;
        let (place, next, is_over) = (&*place, &*next, &AtomicBool::new(false));
        thread::scope(|scope| {
            for payer in &*payers {
                scope.spawn(move || payer.pay(next, is_over));
            }
            let acting = scope.spawn(move || {
                let_pass(wait);
                act(place)
            });
            crash.strike((gatewayd, signerd, place));
            let done = acting.join().unwrap();
            is_over.store(true, Ordering::Relaxed);
            done
        })
    }

    /// Has somebody do something while a daemon is killed and started again.
    pub(super) fn beside<T: Send>(
        &mut self,
        crash: Crash,
        act: impl FnOnce(&Place) -> T + Send,
    ) -> T {
        let Stage { gatewayd, signerd, place, .. } = &mut self.stage;
        let place = &*place;
        thread::scope(|scope| {
            let acting = scope.spawn(move || act(place));
            crash.strike((gatewayd, signerd, place));
            acting.join().unwrap()
        })
    }

    /// Where the gateway says that the switch is.
    pub(super) fn gateway(&self) -> Latch {
        latch(&self.stage.stranger().get("/v1/admin/kill-switch").expect(200)["state"])
    }

    /// Where the signer says that its latch is.
    pub(super) fn signer(&self) -> Latch {
        let Reply::Status(status) = operator(&self.stage.place).ask(Request::Status) else {
            panic!("no status");
        };
        status.latch
    }

    /// Waits until gateway and signer agree, and says on what.
    pub(super) fn agreed(&self) -> Latch {
        wait::until("gateway and signer to agree", || {
            let (gateway, signer) = (self.gateway(), self.signer());
            (gateway == signer).then_some(gateway)
        })
    }

    /// What somebody was told is so now, before either daemon had time to learn from the other.
    pub(super) fn check(&self, told: Told, to: Latch) {
        let (gateway, signer) = (self.gateway(), self.signer());
        assert!(!told.gateway || gateway >= to, "{told:?}: the gateway is {gateway}");
        assert!(!told.signer || signer >= to, "{told:?}: the signer is {signer}");
    }

    /// Nothing is signed, taken on or broadcast any more. `before` of the wallets' payments had arrived
    /// when it was told.
    pub(super) fn check_silence(&self, before: Amount, told: Told) {
        let_pass(ARRIVAL);
        let then = self.broadcast();
        if let Some(may_have_left) = told.may_have_left {
            let late = then.checked_sub(before).unwrap();
            assert!(late <= Amount::from(may_have_left), "{late} came late: {told:?}");
        }
        for payer in &self.payers {
            let refused = payer.agent.try_send(&payer.payment(&self.next));
            assert_eq!((refused.status, refused.code().as_str()), (503, "KILL_SWITCH_ACTIVE"));
        }
        let wallet = self.plain.id.parse().unwrap();
        let payload = Payload::Text(b"hello".to_vec());
        let sign = Request::Sign { wallet, payload, warrant: Warrant::None };
        let refused = hostile_gateway(&self.stage.place).signature(sign).unwrap_err();
        assert!(matches!(refused, RefusalCode::Suspended | RefusalCode::Locked), "{refused:?}");
        let_pass(QUIET);
        assert_eq!(self.broadcast(), then, "sent after the fall");
        // What is not over is signed, and was told of.
        let open: Vec<_> = self.rows().into_iter().filter(is_open).collect();
        assert!(open.iter().all(|row| row["txHash"].is_string()), "{open:?}");
        let told = told.may_have_left.and_then(|count| usize::try_from(count).ok());
        assert!(told.is_none_or(|count| open.len() <= count), "{open:?}");
    }

    /// How many transactions of the wallets the node has.
    pub(super) fn broadcast(&self) -> Amount {
        let wallets = [&self.plain, &self.owned, &self.suspended];
        let nonce = |wallet: &Wallet| match wallet.address {
            Address::Evm(address) => self.stage.evm.nonce_with_pending(address),
            Address::Solana(address) => panic!("{address} is on another chain"),
        };
        Amount::sum(wallets.map(nonce)).unwrap()
    }

    /// What a stop must leave as it is: wallets and sessions.
    pub(super) fn lasting(&self) -> (Value, Value) {
        let list = |path: &str| self.stage.operator().get(path).expect(200);
        (list("/v1/wallets"), list("/v1/sessions"))
    }

    /// The owner's wallet pays once the owner has agreed as well as an operator, who has the passphrase:
    /// neither is enough.
    pub(super) fn agree(&mut self) {
        let (place, wallet) = (&self.stage.place, self.owned.id.as_str());
        let payer = self.payers.iter().find(|payer| payer.wallet == wallet).unwrap();
        let held = payer.agent.send(&payer.payment(&self.next));
        let is_held =
            |found: &Value| found["error"].as_str().is_some_and(|why| why.contains("locked"));
        payer.agent.wait_until(&held, is_held);
        let file = place.path("run").join("resume.json");
        let file = file.to_str().unwrap();
        tool::done(place, &["approval", "resume", wallet, "--output", file]);
        for lacking in [vec!["resume", wallet], vec!["resume", wallet, "--approval", file]] {
            tool::refused(place, &lacking);
        }
        let owner = self.owner();
        let shown = tool::done(place, &["approval", "text", file]);
        let signature = owner.sign(shown["text"].as_str().unwrap());
        let address = owner.address().to_string();
        let words = ["approval", "add", file, "--owner", &address, "--signature", &signature];
        tool::done(place, &words);
        tool::done(place, &["resume", wallet, "--approval", file]);
        fs::remove_file(file).unwrap();
        payer.agent.wait_for(&held, "CONFIRMED");
        self.proofs += 1;
    }

    /// Every session pays again, but not from the wallet that was suspended before.
    pub(super) fn check_alive(&mut self) {
        let asked = |payer: &Payer| payer.agent.send(&payer.payment(&self.next));
        let asked: Vec<String> = self.payers.iter().map(asked).collect();
        for (payer, id) in self.payers.iter().zip(&asked) {
            payer.agent.wait_for(id, "CONFIRMED");
            self.proofs += 1;
        }
        let refused = self.of_suspended.agent.try_send(&self.of_suspended.payment(&self.next));
        assert_eq!(refused.code(), "WALLET_SUSPENDED", "{refused}");
    }

    /// Each payment was made or called off, as the gateway tells and the node has it.
    pub(super) fn check_rows(&mut self) {
        let rows = wait::until("the end of all payments", || {
            let rows = self.rows();
            (!rows.iter().any(is_open)).then_some(rows)
        });
        for row in &rows {
            let status = row["status"].as_str().unwrap();
            let why = row["error"].as_str().unwrap_or_default();
            match status {
                "CONFIRMED" => {
                    let amount: Amount = row["amount"].as_str().unwrap().parse().unwrap();
                    self.paid = self.paid.checked_add(amount).unwrap();
                }
                "CANCELLED" => assert!(why.starts_with("KILL_SWITCH_ACTIVE"), "{row}"),
                _ => panic!("{row}"),
            }
            *self.ended.entry(status.to_owned()).or_default() += 1;
        }
        assert_eq!(self.stage.evm.balance(BOB), self.paid);
        self.counted += u64::try_from(rows.len()).unwrap();
    }

    /// The gateway's rows of payments that are not counted yet.
    fn rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        loop {
            let path = format!("/v1/admin/transactions?limit=100&offset={}", rows.len());
            let page = self.stage.operator().get(&path).expect(200);
            rows.extend(page["items"].as_array().unwrap().iter().cloned());
            let wanted = usize::try_from(page["total"].as_u64().unwrap() - self.counted).unwrap();
            if rows.len() >= wanted {
                rows.truncate(wanted);
                return rows;
            }
        }
    }
}

impl Crash {
    /// Kills it, starts it again, and opens its vault.
    pub(super) fn strike(self, (gatewayd, signerd, place): (&mut Gatewayd, &mut Signerd, &Place)) {
        match self.victim {
            Victim::Nobody => {}
            Victim::Gateway => {
                let_pass(self.moment);
                gatewayd.process().kill();
                gatewayd.start_again(place);
            }
            Victim::Signer => {
                let_pass(self.moment);
                signerd.process().kill();
                signerd.start_again(place);
                unlock(place);
            }
        }
    }
}

impl Payer {
    /// Pays until it is refused, or everything is over.
    fn pay(&self, next: &AtomicU64, is_over: &AtomicBool) {
        for _payment in 0..PAYMENTS {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            let body = self.payment(next).to_string().into_bytes();
            let http = self.agent.http();
            // A gateway that was killed meanwhile answers nothing.
            let Ok(answer) = http.try_send("POST", "/v1/transactions/send", &[], body) else {
                return;
            };
            if answer.status != 201 {
                assert_eq!(answer.code(), "KILL_SWITCH_ACTIVE", "{answer}");
                return;
            }
        }
    }

    /// The next payment, of an amount that no other has.
    fn payment(&self, next: &AtomicU64) -> Value {
        let mut body = transfer(Chain::Evm, &next.fetch_add(1, Ordering::Relaxed).to_string());
        body["walletId"] = json!(self.wallet);
        body
    }
}

fn is_open(row: &Value) -> bool {
    !["CONFIRMED", "CANCELLED", "FAILED", "EXPIRED"].contains(&row["status"].as_str().unwrap())
}

/// Opens the vault. A check that a crash cut off counts as a wrong passphrase, after which the signer
/// looks at none for a second.
fn unlock(place: &Place) {
    let unlock = || operator(place).ask(Request::Unlock { passphrase: passphrase() });
    wait::until("an open vault", || (unlock() == Reply::Done).then_some(()));
}

/// A position of the switch, as it is shown.
pub(super) fn latch(word: &Value) -> Latch {
    let all = [Latch::Active, Latch::Suspended, Latch::Locked];
    let found = all.into_iter().find(|latch| *word == latch.to_string());
    found.unwrap_or_else(|| panic!("{word} is no position"))
}

/// Lets the daemons go on for so long.
pub(super) fn let_pass(time: Duration) {
    wait::within(time, || None::<()>);
}
