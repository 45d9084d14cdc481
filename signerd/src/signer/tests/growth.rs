//! What a gateway makes the journal grow by, beside the number that is printed beforehand.

use protocol::AnnouncementId;

use super::*;
use crate::clock::testing::Machine;
use crate::handlers::growth;

const NOW: u64 = 1_800_000_000;

#[test]
fn whatever_a_gateway_asks_for_in_an_hour_the_journal_grows_by_no_more_than_was_printed() {
    let machine = Machine::new(NOW);
    let (_state, mut signer, key) = with_wallet_on(machine.source());
    let wallet = key.wallet;
    let text = format!(
        "requests_per_hour = 120\nlease_percent = 5\n[network.\"eip155:1\".native]\n\
         immediate = {{ per_day = \"{CEILING}\" }}\n"
    );
    let set = Request::SetGuard {
        wallet,
        from_version: 1,
        text,
        passphrase: Some(passphrase()),
        approval: None,
    };
    assert!(matches!(operator(&mut signer, set), Reply::Guard(_)));
    let guard = signer.journal.state().wallet(wallet).unwrap().guard().unwrap();
    let most = growth::bytes_a_day(guard) / 24;
    let before = signer.journal.synced_bytes();
    for minute in 0..60_u8 {
        let id = AnnouncementId([minute; 16]);
        let payload = Payload::Transaction(transfer(minute.into(), 2));
        let garbage = Payload::Transaction(vec![1, 2, 3]);
        let text = Payload::Text(b"hello".to_vec());
        for _ in 0..3 {
            gateway(&mut signer, Request::Announce { wallet, id, payload: payload.clone() });
            gateway(&mut signer, Request::Cancel { wallet, id });
            gateway(&mut signer, sign(wallet, minute.into(), 1));
            gateway(&mut signer, sign(wallet, minute.into(), CEILING));
            for payload in [&garbage, &text] {
                let (payload, warrant) = (payload.clone(), Warrant::None);
                gateway(&mut signer, Request::Sign { wallet, payload, warrant });
            }
            let (payload, warrant) = (payload.clone(), Warrant::Announced(id));
            gateway(&mut signer, Request::Sign { wallet, payload, warrant });
        }
        signer.tick();
        machine.pass(60);
    }
    signer.stop();
    let grown = u64::try_from(signer.journal.synced_bytes() - before).unwrap();
    assert!(grown > 10_000 && grown <= most, "{grown} bytes, where {most} were printed");
}
