//! An approval lets go just what it says, once.

use super::*;

#[test]
fn what_the_guard_does_not_let_go_is_signed_with_the_owners_approval() {
    let alice = Owner::evm(1);
    for form in [SignedForm::Text, SignedForm::TypedData] {
        let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
        let alone = code(gateway(&mut signer, sign(key.wallet, 0, MUCH)));
        assert_eq!(alone, Some(RefusalCode::NeedsOwner));
        let decoded = much(0);
        let asked = question(&mut signer, &key, terms(), to_sign(&decoded)).render().unwrap();
        let approval = Approval { terms: terms(), signatures: vec![alice.sign(&asked, form)] };
        let signed = gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval));
        assert!(matches!(signed, Reply::Signature(_)), "{form:?}: {signed:?}");
        let expected = Amount::from(CEILING);
        assert!(left(&mut signer, key.wallet) <= expected, "what leaves alone is counted apart");
    }
}

#[test]
fn an_approval_holds_for_the_attempt_that_gets_through_but_for_one() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    // The number of the transaction changed in between.
    let first = gateway(&mut signer, approved(key.wallet, transfer(7, MUCH), &approval));
    assert_eq!(code(first.clone()), None);
    let again = gateway(&mut signer, approved(key.wallet, transfer(7, MUCH), &approval));
    assert_eq!(again, first, "the same bytes have the same signature");
    let other = gateway(&mut signer, approved(key.wallet, transfer(8, MUCH), &approval));
    assert_eq!(code(other), Some(RefusalCode::ApprovalUsed));
}

#[test]
fn an_approval_is_used_once_in_one_batch_too() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let batch = [0, 1].map(|nonce| Incoming {
        role: Role::Gateway,
        request: approved(key.wallet, transfer(nonce, MUCH), &approval),
    });
    let codes: Vec<_> = signer.handle(batch.into()).into_iter().map(code).collect();
    assert_eq!(codes, [None, Some(RefusalCode::ApprovalUsed)]);
}

#[test]
fn a_used_approval_stays_used_over_a_restart_and_an_unused_one_can_be_used() {
    let alice = Owner::evm(1);
    let (machine, state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let used = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let other = Terms { nonce: [2; 16], ..terms() };
    let unused = approve(&mut signer, &key, other, to_sign(&decoded), &[&alice]);
    assert_eq!(code(gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &used))), None);
    drop(signer);
    machine.reboot(60);
    let mut signer = restarted(&state, &machine);
    let refused = gateway(&mut signer, approved(key.wallet, transfer(1, MUCH), &used));
    assert_eq!(code(refused), Some(RefusalCode::ApprovalUsed));
    assert_eq!(code(gateway(&mut signer, approved(key.wallet, transfer(1, MUCH), &unused))), None);
}

#[test]
fn what_was_approved_before_a_restore_is_void_and_the_owners_are_there() {
    let alice = Owner::evm(1);
    let (machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let backup = operator(&mut signer, Request::Backup { passphrase: Some(passphrase()) });
    let Reply::Backup(VaultCopy { archive, .. }) = backup else { panic!("a backup") };
    let elsewhere = TempDir::new().unwrap();
    let mut other = start_on(elsewhere.path(), machine.source());
    let restore = Request::Restore { passphrase: passphrase(), archive };
    assert_eq!(code(operator(&mut other, restore)), None);
    drop(other);
    let mut other = restarted(&elsewhere, &machine);
    let from = other.latch().0;
    let resume = Request::Resume { wallet: None, from, passphrase: passphrase(), approval: None };
    assert_eq!(operator(&mut other, resume), Reply::Done);
    assert_eq!(show(&mut other, key.wallet), show(&mut signer, key.wallet));
    let refused = gateway(&mut other, approved(key.wallet, transfer(0, MUCH), &approval));
    assert_eq!(code(refused), BAD);
    let anew = approve(&mut other, &key, terms(), to_sign(&decoded), &[&alice]);
    assert_eq!(code(gateway(&mut other, approved(key.wallet, transfer(0, MUCH), &anew))), None);
}

#[test]
fn an_approval_for_anything_else_is_refused() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let unsigned = Transaction::from_unsigned_bytes(&transfer(0, MUCH)).unwrap();
    let decode = |transaction: &Transaction| {
        txcodec::evm::decode(&transaction.to_unsigned_bytes(), EvmAddress([0; 20])).unwrap()
    };
    let decoded = decode(&unsigned);
    let value = Amount::from(MUCH - 1);
    let another_amount = decode(&Transaction { value, ..unsigned.clone() });
    let to = Some(EvmAddress([0xb1; 20]));
    let another_recipient = decode(&Transaction { to, ..unsigned.clone() });
    let chain_id = 10.try_into().unwrap();
    let another_network = decode(&Transaction { chain_id, ..unsigned.clone() });
    let data = vec![1, 2, 3, 4];
    let another_call = decode(&Transaction { data, ..unsigned });
    let text = txcodec::message::decode_text(Chain::Evm, b"pay").unwrap();
    let asked = question(&mut signer, &key, terms(), to_sign(&decoded));
    let about = |matter| Question { matter, ..asked };
    let rows = [
        ("another signer", Question { instance: [9; 16], ..asked }),
        ("another wallet", Question { wallet: WalletId::from_bytes([9; 16]), ..asked }),
        ("another address", Question { address: alice.address(), ..asked }),
        ("another guard", Question { guard_version: 2, ..asked }),
        ("a higher fee ceiling", Question { fee_ceiling: Amount::from(FEE + 1), ..asked }),
        ("another expiry", Question { expires_at: NOW + 3601, ..asked }),
        ("another nonce", Question { nonce: [2; 16], ..asked }),
        ("another amount", about(to_sign(&another_amount))),
        ("another recipient", about(to_sign(&another_recipient))),
        ("another network", about(to_sign(&another_network))),
        ("a call", about(to_sign(&another_call))),
        ("a text", about(to_sign(&text))),
        ("a guard", about(Matter::Guard { from_version: 1, sha256: [0; 32] })),
        ("the end of a lock", about(Matter::Resume { from: Stop::Locked })),
    ];
    for (what, signed) in rows {
        for form in [SignedForm::Text, SignedForm::TypedData] {
            let signatures = vec![alice.sign(&signed.render().unwrap(), form)];
            let approval = Approval { terms: terms(), signatures };
            let reply = gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval));
            assert_eq!(code(reply), BAD, "{what}");
        }
    }
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    assert_eq!(
        code(gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval))),
        None
    );
}

#[test]
fn terms_hold_to_their_last_unit() {
    use RefusalCode::{ApprovalExpired, BadApproval, GuardChanged};
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let seven_days = 604_800;
    let most = NOW + seven_days;
    let fee = |amount| Amount::from(amount);
    let rows = [
        ("another guard", Terms { guard_version: 2, ..terms() }, Some(GuardChanged)),
        ("an older guard", Terms { guard_version: 0, ..terms() }, Some(GuardChanged)),
        ("over", Terms { expires_at: NOW - 1, ..terms() }, Some(ApprovalExpired)),
        ("over now", Terms { expires_at: NOW, ..terms() }, Some(ApprovalExpired)),
        ("not over yet", Terms { expires_at: NOW + 1, ..terms() }, None),
        ("seven days", Terms { expires_at: most, ..terms() }, None),
        ("longer", Terms { expires_at: most + 1, ..terms() }, Some(BadApproval)),
        ("for ever", Terms { expires_at: u64::MAX, ..terms() }, Some(BadApproval)),
        ("a fee below", Terms { fee_ceiling: fee(FEE - 1), ..terms() }, Some(BadApproval)),
        ("a fee above", Terms { fee_ceiling: fee(FEE + 1), ..terms() }, None),
    ];
    for (number, (what, terms, refused)) in (0_u8..).zip(rows) {
        let terms = Terms { nonce: [number; 16], ..terms };
        let (decoded, unsigned) = (much(number.into()), transfer(number.into(), MUCH));
        let approval = approve(&mut signer, &key, terms, to_sign(&decoded), &[&alice]);
        let reply = gateway(&mut signer, approved(key.wallet, unsigned, &approval));
        assert_eq!(code(reply), refused, "{what}");
    }
}

#[test]
fn what_a_rollup_takes_for_its_layer_1_is_under_the_fee_ceiling() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let chain_id = 10.try_into().unwrap();
    let unsigned = Transaction { chain_id, ..transaction(0, MUCH) }.to_unsigned_bytes();
    let decoded = txcodec::evm::decode(&unsigned, EvmAddress([0; 20])).unwrap();
    // 100 gwei for each byte of it and of a signature, as the guard's default has it.
    let length = u64::try_from(unsigned.len()).unwrap() + 80;
    let takes = FEE + 100_000_000_000 * length;
    for (number, ceiling, refused) in [(1, FEE, BAD), (2, takes - 1, BAD), (3, takes, None)] {
        let fee_ceiling = Amount::from(ceiling);
        let terms = Terms { fee_ceiling, nonce: [number; 16], ..terms() };
        let approval = approve(&mut signer, &key, terms, to_sign(&decoded), &[&alice]);
        let reply = gateway(&mut signer, approved(key.wallet, unsigned.clone(), &approval));
        assert_eq!(code(reply), refused, "{ceiling}");
    }
}

#[test]
fn an_approval_expires_by_whichever_clock_is_later() {
    let alice = Owner::evm(1);
    let (machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let mut try_at = |wall| {
        machine.set_wall(wall);
        code(gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval)))
    };
    assert_eq!(try_at(NOW + 3600), Some(RefusalCode::ApprovalExpired));
    machine.pass(3600);
    assert_eq!(try_at(NOW - 3600), Some(RefusalCode::ApprovalExpired), "a clock set back");
}

#[test]
fn enough_owners_sign_each_once_and_nobody_else() {
    let [alice, bob, carol, eve] = [1, 2, 3, 4].map(Owner::evm);
    let (_machine, _state, mut signer, key) = owned(2, &[&alice, &bob, &carol]);
    let rows: [(&str, &[&Owner], Option<RefusalCode>); 9] = [
        ("nobody", &[], BAD),
        ("one of two", &[&alice], BAD),
        ("one twice", &[&bob, &bob], BAD),
        ("a stranger", &[&alice, &eve], BAD),
        ("a stranger beside enough", &[&alice, &bob, &eve], BAD),
        ("one twice beside enough", &[&alice, &bob, &bob], BAD),
        ("two", &[&alice, &carol], None),
        ("two in another order", &[&carol, &bob], None),
        ("all", &[&alice, &bob, &carol], None),
    ];
    for (number, (what, signers, refused)) in (0_u8..).zip(rows) {
        let terms = Terms { nonce: [number; 16], ..terms() };
        let decoded = much(number.into());
        let approval = approve(&mut signer, &key, terms, to_sign(&decoded), signers);
        let unsigned = transfer(number.into(), MUCH);
        let reply = gateway(&mut signer, approved(key.wallet, unsigned, &approval));
        assert_eq!(code(reply), refused, "{what}");
    }
}

/// The same signature with the larger s, which recovers the same key.
fn with_high_s(bytes: &[u8]) -> Vec<u8> {
    let (numbers, v) = bytes.split_at(64);
    let signature = Signature::from_slice(numbers).unwrap();
    let high = Signature::from_scalars(signature.r().to_bytes(), (-*signature.s()).to_bytes());
    [&high.unwrap().to_bytes()[..], &[27 + (28 - v[0])]].concat()
}

#[test]
fn a_signature_has_one_form() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let right = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let bytes = right.signatures[0].bytes.clone();
    let with = |bytes: Vec<u8>| {
        let signature = OwnerSignature { bytes, ..right.signatures[0].clone() };
        Approval { signatures: vec![signature], ..right.clone() }
    };
    let v = |v: u8| with([&bytes[..64], &[v]].concat());
    let mut other_form = right.clone();
    other_form.signatures[0].form = SignedForm::TypedData;
    let mut of_bob = right.clone();
    of_bob.signatures[0].owner = Owner::evm(2).address();
    let rows = [
        ("the larger s", with(with_high_s(&bytes))),
        ("the other v", v(27 + (28 - bytes[64]))),
        ("v of 2", v(2)),
        ("v of 26", v(26)),
        ("v of 29", v(29)),
        ("v of EIP-155", v(37)),
        ("a byte less", with(bytes[..64].to_vec())),
        ("a byte more", with([&bytes[..], &[0]].concat())),
        ("nothing", with(vec![])),
        ("zeros", with(vec![0; 65])),
        ("the other form", other_form),
        ("somebody else's name", of_bob),
    ];
    for (what, approval) in rows {
        let reply = gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval));
        assert_eq!(code(reply), BAD, "{what}");
    }
    let as_parity = v(bytes[64] - 27);
    let reply = gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &as_parity));
    assert_eq!(code(reply), None, "v as parity");
}

#[test]
fn an_owner_on_solana_approves_a_payment_there() {
    let machine = Machine::new(NOW);
    let (_state, mut signer, _) = with_wallet_on(machine.source());
    let key = solana_wallet(&mut signer);
    let (alice, bob) = (Owner::solana(1), Owner::solana(2));
    let confirmed = operator(&mut signer, confirm(key.wallet, 0, &owners(2, &[&alice, &bob])));
    assert!(matches!(confirmed, Reply::Owners(_)), "{confirmed:?}");
    let Address::Solana(from) = key.address else { panic!("an address on Solana") };
    let pay = |lamports, blockhash| {
        let transfer = solana::system::transfer(from, SolanaAddress([0xb0; 32]), lamports);
        Message::compile(from, &[transfer], blockhash, Version::Legacy).unwrap().to_bytes()
    };
    let much = pay(100_000_000_000, [1; 32]);
    let decoded = solana::decode(&much, from).unwrap();
    let terms = Terms { fee_ceiling: decoded.fee_ceiling(), ..terms() };
    let approval = approve(&mut signer, &key, terms, to_sign(&decoded), &[&alice, &bob]);
    let mut typed = approval.clone();
    typed.signatures[0].form = SignedForm::TypedData;
    let mut broken = approval.clone();
    broken.signatures[1].bytes[10] ^= 1;
    for (what, payload, approval, refused) in [
        ("more", pay(100_000_000_001, [1; 32]), &approval, BAD),
        ("as typed data", much.clone(), &typed, BAD),
        ("a broken signature", much, &broken, BAD),
        ("another blockhash", pay(100_000_000_000, [2; 32]), &approval, None),
    ] {
        let reply = gateway(&mut signer, approved(key.wallet, payload, approval));
        assert_eq!(code(reply), refused, "{what}");
    }
}

/// Whether an approval says the same in other bytes: v has two spellings, and the order of the
/// signatures says nothing.
fn is_same(one: &Approval, other: &Approval) -> bool {
    let normal = |approval: &Approval| {
        let mut approval = approval.clone();
        for signature in &mut approval.signatures {
            if let Some(v @ (27 | 28)) = signature.bytes.get_mut(64) {
                *v -= 27;
            }
        }
        approval.signatures.sort_by_key(|signature| signature.owner);
        approval
    };
    normal(one) == normal(other)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn no_change_of_an_approval_is_accepted(
        changes in proptest::collection::vec((any::<usize>(), 1..=u8::MAX), 200),
    ) {
        let (alice, bob) = (Owner::evm(1), Owner::evm(2));
        let (_machine, _state, mut signer, key) = owned(2, &[&alice, &bob]);
        let decoded = much(0);
        let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice, &bob]);
        let right = to_bytes(&approval);
        for (place, change) in changes {
            let mut bytes = right.clone();
            let place = place % bytes.len();
            bytes[place] ^= change;
            let Ok(mutated) = read_all::<Approval>(&bytes) else { continue };
            if is_same(&mutated, &approval) {
                continue;
            }
            let request = approved(key.wallet, transfer(0, MUCH), &mutated);
            let reply = gateway(&mut signer, request);
            prop_assert!(code(reply).is_some(), "byte {} by {:#x}", place, change);
        }
    }
}
