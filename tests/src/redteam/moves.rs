//! What is sent next: whatever the dice say.

use primitives::Chain;
use protocol::{AnnouncementId, Latch, Request, Warrant};

use super::engine::{Engine, Sent, What, is_another};
use super::given::Lie;
use super::{Class, Fate, Target, classes};
use crate::signer::passphrase;

impl Engine<'_> {
    pub(super) fn next(&mut self) -> (Request, Sent) {
        let target = *self.dice.pick(&self.targets);
        match self.dice.below(100) {
            0..3 => self.announce(target),
            3..8 => self.redeem(target),
            8..10 => self.again(target),
            10 => self.other(target),
            11..16 => self.approved(target),
            _ => self.shot(target),
        }
    }

    fn shot(&mut self, target: Target) -> (Request, Sent) {
        let class = self.any_class(target.rules.chain);
        let make = if self.dice.percent(75) { class.attack } else { class.neighbour };
        let shot = make(&mut self.dice, &target);
        let request = shot.request(target.wallet);
        (request, Sent { class: Some(class), target, what: What::Shot(shot) })
    }

    fn any_class(&mut self, chain: Chain) -> &'static Class {
        loop {
            let family = *self.dice.pick(classes::FAMILIES);
            let class = self.dice.pick(family);
            if class.chain == chain {
                return class;
            }
        }
    }

    fn announce(&mut self, target: Target) -> (Request, Sent) {
        let class = self.any_class(target.rules.chain);
        let shot = (class.attack)(&mut self.dice, &target);
        let id = AnnouncementId(self.dice.bytes());
        let (wallet, payload) = (target.wallet, shot.payload.clone());
        let what = What::Announced(id, shot);
        (Request::Announce { wallet, id, payload }, Sent { class: None, target, what })
    }

    /// What was announced, or something else by the same announcement, or by another wallet.
    fn redeem(&mut self, fallback: Target) -> (Request, Sent) {
        if self.announced.is_empty() {
            return self.shot(fallback);
        }
        let place = self.dice.index(self.announced.len());
        let (mut target, id, mut shot) = self.announced[place].clone();
        match self.dice.below(10) {
            0 => {
                // Another guard may let pass what its own does not.
                target = fallback;
                shot.fate = Fate::Counted;
            }
            1 => shot = (self.any_class(target.rules.chain).attack)(&mut self.dice, &target),
            2 => {
                let what = What::Allowed;
                let request = Request::Cancel { wallet: target.wallet, id };
                return (request, Sent { class: None, target, what });
            }
            _ => {}
        }
        shot.warrant = Warrant::Announced(id);
        let request = shot.request(target.wallet);
        (request, Sent { class: None, target, what: What::Shot(shot) })
    }

    /// The same bytes as before: the same signature, or none.
    fn again(&mut self, fallback: Target) -> (Request, Sent) {
        if self.remembered.is_empty() {
            return self.shot(fallback);
        }
        let (target, shot) = self.dice.pick(&self.remembered).clone();
        let request = shot.request(target.wallet);
        (request, Sent { class: None, target, what: What::Shot(shot) })
    }

    /// Something by an approval that owners gave, as they meant it or not.
    fn approved(&mut self, fallback: Target) -> (Request, Sent) {
        let numbers: Vec<_> = self.given.keys().copied().collect();
        if numbers.is_empty() {
            return self.shot(fallback);
        }
        let number = *self.dice.pick(&numbers);
        let given = self.given.get_mut(&number).expect("it is one of them");
        let mut target = given.target;
        let what = match self.dice.below(10) {
            0..3 => {
                given.sent += 1;
                What::Approved(number, given.attempt(&mut self.dice))
            }
            3 => What::Shot(given.unapproved(&mut self.dice)),
            _ => {
                let lie = *self.dice.pick(&Lie::ALL);
                let others = self.targets.iter().filter(|other| is_another(other, &target));
                let others: Vec<_> = others.copied().collect();
                let other = *self.dice.pick(&others);
                let shot = given.pretended(&mut self.dice, lie, &other);
                if lie == Lie::AnotherWallet {
                    target = other;
                }
                What::Pretended(lie, shot)
            }
        };
        let (What::Shot(shot) | What::Approved(_, shot) | What::Pretended(_, shot)) = &what else {
            panic!("to be signed")
        };
        (shot.request(target.wallet), Sent { class: None, target, what })
    }

    /// What else may be asked at `signer.sock`, and what may not.
    fn other(&mut self, target: Target) -> (Request, Sent) {
        let wallet = target.wallet;
        let secret = passphrase;
        let (request, what) = match self.dice.below(8) {
            0 => (Request::Status, What::Allowed),
            1 => (Request::ShowGuard { wallet }, What::Allowed),
            2 => (Request::ListAnnouncements { wallet }, What::Allowed),
            3 => (Request::Exposure { wallet }, What::Allowed),
            4 => {
                let text = "[network.\"eip155:1\"]\nopen = true\n".to_owned();
                let (from_version, passphrase) = (1, Some(secret()));
                let set =
                    Request::SetGuard { wallet, from_version, text, passphrase, approval: None };
                (set, What::Forbidden)
            }
            5 => {
                let resume = Request::Resume {
                    wallet: None,
                    from: Latch::Suspended,
                    passphrase: secret(),
                    approval: None,
                };
                (resume, What::Forbidden)
            }
            6 => (Request::Backup { passphrase: Some(secret()) }, What::Forbidden),
            _ => (Request::RotateKey { wallet, grace_seconds: 1 }, What::Forbidden),
        };
        (request, Sent { class: None, target, what })
    }
}
