//! Reasons that are made up: announcements that nobody made, approvals that no owner signed.

use primitives::{Amount, Chain};
use protocol::{AnnouncementId, Approval, OwnerSignature, RefusalCode, SignedForm, Terms, Warrant};

use super::super::dice::Dice;
use super::super::rlp::Payment;
use super::super::rules::NATIVE_AT_ONCE;
use super::super::{Class, Shot, Target};
use super::evm_bytes::{counted, neighbour, plain};

const fn class(name: &'static str, attack: fn(&mut Dice, &Target) -> Shot) -> Class {
    Class { name, chain: Chain::Evm, attack, neighbour }
}

pub(super) const CLASSES: &[Class] = &[
    class("EVM: an announcement that nobody made", |dice, target| Shot {
        warrant: Warrant::Announced(AnnouncementId(dice.bytes())),
        ..large(dice, target, NOT_ANNOUNCED)
    }),
    class("EVM: an approval without a signature", |dice, target| {
        approved(dice, target, |_| Vec::new())
    }),
    class("EVM: an approval of somebody who is no owner", |dice, target| {
        approved(dice, target, |dice| {
            let form = *dice.pick(&[SignedForm::Text, SignedForm::TypedData]);
            let owner = super::super::rules::BOB.into();
            vec![OwnerSignature { owner, form, bytes: dice.bytes::<65>().to_vec() }]
        })
    }),
    class("EVM: an approval by the wallet itself", |dice, target| {
        let owner = target.address;
        let mut shot = approved(dice, target, |dice| {
            let bytes = dice.bytes::<65>().to_vec();
            vec![OwnerSignature {
                owner: super::super::rules::BOB.into(),
                form: SignedForm::Text,
                bytes,
            }]
        });
        if let Warrant::Approved(approval) = &mut shot.warrant {
            approval.signatures.iter_mut().for_each(|signature| signature.owner = owner);
        }
        shot
    }),
    class("EVM: an approval with thousands of signatures", |dice, target| {
        approved(dice, target, |dice| {
            let owner = super::super::rules::BOB.into();
            let bytes = dice.bytes::<65>().to_vec();
            let one = OwnerSignature { owner, form: SignedForm::Text, bytes };
            vec![one; 1000]
        })
    }),
];

const NOT_ANNOUNCED: &[RefusalCode] =
    &[RefusalCode::UnknownAnnouncement, RefusalCode::NeedsOwner, RefusalCode::NeedsDelay];
const NOT_APPROVED: &[RefusalCode] = &[
    RefusalCode::BadApproval,
    RefusalCode::ApprovalExpired,
    RefusalCode::GuardChanged,
    RefusalCode::NeedsOwner,
];

/// More than any guard lets go without owners.
fn large(dice: &mut Dice, target: &Target, codes: &'static [RefusalCode]) -> Shot {
    let value = Amount::from(NATIVE_AT_ONCE).checked_mul(100_u64.into()).expect("71 bits");
    let payment = Payment { value, ..plain(dice, target) };
    let counted = counted(&payment, payment.dynamic());
    Shot { fate: super::super::Fate::Refused(codes), ..counted }
}

fn approved(
    dice: &mut Dice,
    target: &Target,
    sign: impl FnOnce(&mut Dice) -> Vec<OwnerSignature>,
) -> Shot {
    let terms = Terms {
        guard_version: 1 + dice.below(3),
        fee_ceiling: Amount::MAX,
        expires_at: 1_700_000_000 + dice.below(400_000_000),
        nonce: dice.bytes(),
    };
    let approval = Approval { terms, signatures: sign(dice) };
    Shot { warrant: Warrant::Approved(approval), ..large(dice, target, NOT_APPROVED) }
}
