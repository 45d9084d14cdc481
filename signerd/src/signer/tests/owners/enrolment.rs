//! Who owns a wallet, and who says so.

use super::*;

#[test]
fn those_who_cannot_own_a_wallet_are_neither_proposed_nor_confirmed() {
    use RefusalCode::{BadOwners, WrongChain};
    let (_state, mut signer, key) = with_wallet();
    let other = solana_wallet(&mut signer);
    let another = signer.journal.state().wallets().count();
    assert_eq!(another, 2);
    let at = |byte| Address::Evm(EvmAddress([byte; 20]));
    let of = |threshold, members: &[Address]| Owners { threshold, members: members.to_vec() };
    let many: Vec<_> = (1..=17).map(at).collect();
    let rows = [
        ("nobody", of(1, &[]), BadOwners),
        ("nobody has to sign", of(0, &[at(1)]), BadOwners),
        ("more than there are", of(2, &[at(1)]), BadOwners),
        ("another order", of(1, &[at(2), at(1)]), BadOwners),
        ("one twice", of(1, &[at(1), at(1)]), BadOwners),
        ("seventeen", of(1, &many), BadOwners),
        ("nobody's address", of(1, &[EvmAddress::ZERO.into()]), BadOwners),
        ("the wallet itself", of(1, &[key.address]), BadOwners),
        ("somebody on Solana", of(1, &[Owner::solana(1).address()]), WrongChain),
    ];
    for (what, owners, refused) in rows {
        let wallet = key.wallet;
        let propose = Request::ProposeOwners { wallet, owners: owners.clone() };
        assert_eq!(code(gateway(&mut signer, propose)), Some(refused), "{what}");
        if what != "nobody" {
            let confirmed = operator(&mut signer, confirm(wallet, 0, &owners));
            assert_eq!(code(confirmed), Some(refused), "{what}");
        }
    }
    let small_order = SolanaAddress([0; 32]).into();
    let no_key = SolanaAddress([2; 32]).into();
    for address in [small_order, no_key, other.address] {
        let owners = of(1, &[address]);
        let propose = Request::ProposeOwners { wallet: other.wallet, owners };
        assert_eq!(code(gateway(&mut signer, propose)), Some(BadOwners), "{address}");
    }
    let propose = Request::ProposeOwners { wallet: key.wallet, owners: of(16, &many[..16]) };
    assert_eq!(gateway(&mut signer, propose), Reply::Done);
}

#[test]
fn a_key_that_owns_a_wallet_does_not_become_one() {
    let (_state, mut signer, key) = with_wallet();
    let import = |seed| Request::ImportKey {
        chain: Chain::Evm,
        environment: Environment::Mainnet,
        key: Secret::new(vec![seed; 32]),
        agent_id: None,
    };
    let propose =
        Request::ProposeOwners { wallet: key.wallet, owners: owners(1, &[&Owner::evm(1)]) };
    assert_eq!(gateway(&mut signer, propose), Reply::Done);
    assert_eq!(code(operator(&mut signer, import(1))), Some(RefusalCode::BadKey));
    let confirmed = operator(&mut signer, confirm(key.wallet, 0, &owners(1, &[&Owner::evm(2)])));
    assert_eq!(code(confirmed), None);
    assert_eq!(code(operator(&mut signer, import(2))), Some(RefusalCode::BadKey));
    assert_eq!(code(operator(&mut signer, import(1))), None);
    assert_eq!(signer.vault.list().len(), 2);
}

#[test]
fn a_gateway_proposes_while_nobody_is_confirmed_and_an_operator_confirms() {
    let (alice, bob) = (Owner::evm(1), Owner::evm(2));
    let (state, mut signer, key) = with_wallet();
    let wallet = key.wallet;
    let propose = |owner: &Owner| Request::ProposeOwners { wallet, owners: owners(1, &[owner]) };
    assert_eq!(gateway(&mut signer, propose(&alice)), Reply::Done);
    assert_eq!(gateway(&mut signer, propose(&bob)), Reply::Done);
    let (records, _) = signer.journal.head();
    assert_eq!(gateway(&mut signer, propose(&bob)), Reply::Done);
    assert_eq!(signer.journal.head().0, records, "the same again changes nothing");
    let proposed = Some(owners(1, &[&bob]));
    let expected = OwnersState { confirmed: Owners::NONE, proposed, version: 0 };
    assert_eq!(show(&mut signer, wallet), expected);
    let decoded = much(0);
    let early = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&bob]);
    let refused = gateway(&mut signer, approved(wallet, transfer(0, MUCH), &early));
    assert_eq!(code(refused), BAD, "who is only proposed allows nothing");
    let by_gateway = code(gateway(&mut signer, confirm(wallet, 0, &owners(1, &[&bob]))));
    assert_eq!(by_gateway, Some(RefusalCode::NotPermitted));
    let stale = code(operator(&mut signer, confirm(wallet, 1, &owners(1, &[&bob]))));
    assert_eq!(stale, Some(RefusalCode::OwnersChanged));
    assert_eq!(code(operator(&mut signer, confirm(wallet, 0, &owners(1, &[&bob])))), None);
    let late = code(gateway(&mut signer, propose(&alice)));
    assert_eq!(late, Some(RefusalCode::NotPermitted));
    drop(signer);
    let mut signer = start(state.path());
    let expected = OwnersState { confirmed: owners(1, &[&bob]), proposed: None, version: 1 };
    assert_eq!(show(&mut signer, wallet), expected);
}

#[test]
fn owners_are_replaced_and_removed_with_their_own_approval_alone() {
    let (alice, bob) = (Owner::evm(1), Owner::evm(2));
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let wallet = key.wallet;
    let mut change = |to: &Owners, from_version, signers: Option<&[&Owner]>, nonce| {
        let Owners { threshold, members } = to;
        let matter = Matter::Owners { from_version, threshold: *threshold, members };
        let terms = Terms { nonce: [nonce; 16], ..terms() };
        let approval = signers.map(|who| approve(&mut signer, &key, terms, matter, who));
        let (owners, passphrase) = (to.clone(), passphrase());
        let request = Request::ConfirmOwners { wallet, from_version, owners, passphrase, approval };
        code(operator(&mut signer, request))
    };
    let bobs = owners(1, &[&bob]);
    let (alices, bobs_own) = (Some(&[&alice][..]), Some(&[&bob][..]));
    let rows = [
        ("without them", &bobs, 1, None, Some(RefusalCode::NeedsOwner)),
        ("removed without them", &Owners::NONE, 1, None, Some(RefusalCode::NeedsOwner)),
        ("by the new one", &bobs, 1, bobs_own, BAD),
        ("by the old one", &bobs, 1, alices, None),
        ("the old one removes", &Owners::NONE, 2, alices, BAD),
        ("from an older version", &Owners::NONE, 1, bobs_own, Some(RefusalCode::OwnersChanged)),
        ("the new one removes", &Owners::NONE, 2, bobs_own, None),
    ];
    for (number, (what, to, from_version, signers, refused)) in (0_u8..).zip(rows) {
        assert_eq!(change(to, from_version, signers, number), refused, "{what}");
    }
    let expected = OwnersState { confirmed: Owners::NONE, proposed: None, version: 3 };
    assert_eq!(show(&mut signer, wallet), expected);
}

#[test]
fn confirming_takes_the_passphrase_and_a_wrong_one_uses_no_approval_up() {
    let (alice, bob) = (Owner::evm(1), Owner::evm(2));
    let (machine, _state, mut signer, key) = owned(1, &[&alice]);
    let bobs = owners(1, &[&bob]);
    let (threshold, members) = (bobs.threshold, bobs.members.clone());
    let matter = Matter::Owners { from_version: 1, threshold, members: &members };
    let approval = approve(&mut signer, &key, terms(), matter, &[&alice]);
    let request = |passphrase| Request::ConfirmOwners {
        wallet: key.wallet,
        from_version: 1,
        owners: bobs.clone(),
        passphrase,
        approval: Some(approval.clone()),
    };
    let wrong = Secret::new(b"correct horse battery stable".to_vec());
    let refused = code(operator(&mut signer, request(wrong)));
    assert_eq!(refused, Some(RefusalCode::WrongPassphrase));
    machine.pass(60);
    assert_eq!(code(operator(&mut signer, request(passphrase()))), None);
    assert_eq!(show(&mut signer, key.wallet).confirmed, bobs);
}

#[test]
fn out_of_a_lock_a_wallet_comes_by_what_its_owners_said_of_that_lock() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let wallet = Some(key.wallet);
    let lock =
        || Request::Halt { wallet, from: None, to: Latch::Locked, reason: "a drill".to_owned() };
    let resume = |approval: &Approval| Request::Resume {
        wallet,
        from: Latch::Locked,
        passphrase: passphrase(),
        approval: Some(approval.clone()),
    };
    let mut number = 0;
    let mut said = |signer: &mut Signer, guard_version| {
        number += 1;
        let terms = Terms { guard_version, nonce: [number; 16], ..terms() };
        approve(signer, &key, terms, Matter::Resume { from: Stop::Locked }, &[&alice])
    };
    let before = said(&mut signer, 1);
    assert_eq!(gateway(&mut signer, lock()), Reply::Done);
    let early = code(operator(&mut signer, resume(&before)));
    assert_eq!(early, Some(RefusalCode::GuardChanged), "it was said before there was a lock");
    let (used, kept) = (said(&mut signer, 2), said(&mut signer, 2));
    assert_eq!(operator(&mut signer, resume(&used)), Reply::Done);
    assert_eq!(code(gateway(&mut signer, sign(key.wallet, 0, 1))), None);
    assert_eq!(gateway(&mut signer, lock()), Reply::Done);
    assert_eq!(gateway(&mut signer, lock()), Reply::Done, "which changes nothing");
    for of_another in [used, kept] {
        let refused = code(operator(&mut signer, resume(&of_another)));
        assert_eq!(refused, Some(RefusalCode::GuardChanged), "it was said of another lock");
    }
    let of_this = said(&mut signer, 3);
    assert_eq!(operator(&mut signer, resume(&of_this)), Reply::Done);
}

#[test]
fn what_owners_approved_before_a_lock_is_void_after_it() {
    let alice = Owner::evm(1);
    for (to, refused) in
        [(Latch::Suspended, None), (Latch::Locked, Some(RefusalCode::GuardChanged))]
    {
        let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
        let wallet = Some(key.wallet);
        let decoded = much(0);
        let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
        let reason = "a drill".to_owned();
        gateway(&mut signer, Request::Halt { wallet, from: None, to, reason });
        let terms = Terms { guard_version: 2, nonce: [2; 16], ..terms() };
        let matter = Matter::Resume { from: Stop::Locked };
        let end = approve(&mut signer, &key, terms, matter, &[&alice]);
        let (passphrase, approval_of_end) = (passphrase(), Some(end));
        let resume = Request::Resume { wallet, from: to, passphrase, approval: approval_of_end };
        assert_eq!(operator(&mut signer, resume), Reply::Done);
        let reply = gateway(&mut signer, approved(key.wallet, transfer(0, MUCH), &approval));
        assert_eq!(code(reply), refused, "{to}");
    }
}

#[test]
fn a_key_that_replaces_another_has_its_owners_but_not_its_approvals() {
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let decoded = much(0);
    let approval = approve(&mut signer, &key, terms(), to_sign(&decoded), &[&alice]);
    let rotate = Request::RotateKey { wallet: key.wallet, grace_seconds: 60 };
    let Reply::Key(new) = operator(&mut signer, rotate) else { panic!("a key") };
    assert_eq!(show(&mut signer, new.wallet), show(&mut signer, key.wallet));
    let refused = gateway(&mut signer, approved(new.wallet, transfer(0, MUCH), &approval));
    assert_eq!(code(refused), BAD);
    let anew = approve(&mut signer, &new, terms(), to_sign(&decoded), &[&alice]);
    assert_eq!(code(gateway(&mut signer, approved(new.wallet, transfer(0, MUCH), &anew))), None);
}

/// Sets a guard that lets nothing more pass than 1 wei at once, with this line on top.
fn set_guard(
    line: &str,
    from_version: u64,
    approval: Option<Approval>,
    wallet: WalletId,
) -> Request {
    Request::SetGuard {
        wallet,
        from_version,
        text: guard_text(line),
        passphrase: Some(passphrase()),
        approval,
    }
}

fn guard_text(line: &str) -> String {
    format!(
        "{line}\n[network.\"eip155:1\".native]\n\
         immediate = {{ per_transaction = \"1\", per_day = \"9000000000000000000\" }}\n"
    )
}

#[test]
fn where_the_guard_says_so_the_first_valid_signature_confirms_who_was_proposed() {
    let (alice, bob, eve) = (Owner::evm(1), Owner::evm(2), Owner::evm(3));
    for (line, first_use) in [("", false), ("owner_enrolment = \"first-use\"", true)] {
        let machine = Machine::new(NOW);
        let (state, mut signer, key) = with_wallet_on(machine.source());
        let wallet = key.wallet;
        assert_eq!(code(operator(&mut signer, set_guard(line, 1, None, wallet))), None);
        let proposed = owners(2, &[&alice, &bob]);
        let propose = Request::ProposeOwners { wallet, owners: proposed.clone() };
        assert_eq!(gateway(&mut signer, propose), Reply::Done);
        let terms = Terms { guard_version: 2, ..terms() };
        let decoded = much(0);
        for signers in [&[&alice][..], &[&alice, &eve]] {
            let wrong = approve(&mut signer, &key, terms, to_sign(&decoded), signers);
            let refused = gateway(&mut signer, approved(wallet, transfer(0, MUCH), &wrong));
            assert_eq!(code(refused), BAD);
            assert_eq!(show(&mut signer, wallet).confirmed, Owners::NONE);
        }
        let right = approve(&mut signer, &key, terms, to_sign(&decoded), &[&alice, &bob]);
        let signed = code(gateway(&mut signer, approved(wallet, transfer(0, MUCH), &right)));
        assert_eq!(signed, if first_use { None } else { BAD });
        drop(signer);
        let mut signer = restarted(&state, &machine);
        let expected = if first_use {
            OwnersState { confirmed: proposed, proposed: None, version: 1 }
        } else {
            OwnersState { confirmed: Owners::NONE, proposed: Some(proposed), version: 0 }
        };
        assert_eq!(show(&mut signer, wallet), expected);
    }
}

#[test]
fn a_guard_that_lets_more_pass_takes_the_approval_of_its_very_text() {
    use sha2::{Digest, Sha256};
    let alice = Owner::evm(1);
    let (_machine, _state, mut signer, key) = owned(1, &[&alice]);
    let text = guard_text("messages = \"text\"");
    let canonical = crate::guard::Guard::from_toml(&text, Chain::Evm).unwrap().to_toml();
    let sha256 = Sha256::digest(&canonical).into();
    let mut approve = |from_version, sha256, nonce, who: &Owner| {
        let terms = Terms { nonce: [nonce; 16], ..terms() };
        let matter = Matter::Guard { from_version, sha256 };
        Some(approve(&mut signer, &key, terms, matter, &[who]))
    };
    let rows = [
        ("nobody's", None, Some(RefusalCode::NeedsOwner)),
        ("of another text", approve(1, [0; 32], 1, &alice), BAD),
        ("of another version", approve(2, sha256, 2, &alice), BAD),
        ("somebody else's", approve(1, sha256, 3, &Owner::evm(2)), BAD),
        ("theirs", approve(1, sha256, 4, &alice), None),
    ];
    for (whose, approval, refused) in rows {
        let wallet = key.wallet;
        let request = Request::SetGuard {
            wallet,
            from_version: 1,
            text: text.clone(),
            passphrase: Some(passphrase()),
            approval,
        };
        assert_eq!(code(operator(&mut signer, request)), refused, "{whose}");
    }
}
