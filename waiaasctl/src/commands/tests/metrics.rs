//! Metrics: what is asked of gatewayd, and what is shown.

use super::*;

fn metrics() -> (u16, String) {
    let metrics = json!([
        { "name": "waiaas_queue_transactions", "labels": { "status": "QUEUED" }, "value": "2" },
        { "name": "waiaas_signer_up", "labels": {}, "value": "1" },
        { "name": "waiaas_x_seconds_bucket", "labels": { "le": "0.5" }, "value": "7" },
    ]);
    (200, json!({ "metrics": metrics }).to_string())
}

#[test]
fn numbers_are_shown_with_their_labels_and_buckets_are_left_to_programs() {
    let peers = Peers::new();
    let requests = peers.gateway(vec![metrics(), metrics(), metrics()]);
    let view = command("metrics", &peers).unwrap();
    let text = text_of(&view);
    assert!(text.contains("waiaas_queue_transactions  status=QUEUED      2\n"), "{text}");
    assert!(!text.contains("bucket"), "{text}");
    assert_eq!(json_of(&view)["metrics"].as_array().map(Vec::len), Some(3));
    assert!(requests.recv().unwrap().starts_with("GET /v1/admin/metrics "));

    let view = command("metrics waiaas_signer", &peers).unwrap();
    assert_eq!(json_of(&view)["metrics"].as_array().map(Vec::len), Some(1));
    let view = command("metrics nothing", &peers).unwrap();
    assert!(text_of(&view).contains("nothing has a name that begins with nothing"));
}
