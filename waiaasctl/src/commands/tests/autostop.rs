//! Rules that suspend wallets are listed and changed.

use super::*;

fn rule(id: &str, wallet: Option<&str>, enabled: bool) -> Value {
    json!({
        "id": id, "type": "rapid_fire", "walletId": wallet, "enabled": enabled,
        "config": { "transactions": 20, "seconds": 60 }, "meaning": "many", "updatedAt": 1,
    })
}

#[test]
fn rules_are_listed_with_their_wallets_names() {
    let peers = Peers::new();
    let own = rule(&format!("rapid_fire:{WALLET}"), Some(WALLET), true);
    let body = json!({ "rules": [rule("rapid_fire", None, false), own] });
    let _asked = peers.gateway(vec![(200, body.to_string()), wallets(&["shop"])]);
    let text = text_of(&command("autostop list", &peers).unwrap());
    for word in ["all", "shop", "seconds=60", "transactions=20"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_rule_is_set_and_enabled_for_all_or_for_a_wallet() {
    for (line, path, body) in [
        ("autostop enable rapid_fire", "rapid_fire HTTP", r#"{"enabled":true}"#),
        ("autostop disable rapid_fire", "rapid_fire HTTP", r#"{"enabled":false}"#),
        (
            "autostop set rapid_fire transactions=5 seconds=30",
            "rapid_fire HTTP",
            r#"{"config":{"seconds":30,"transactions":5}}"#,
        ),
        (
            "autostop enable rapid_fire --wallet 07070707-0707-0707-0707-070707070707",
            "rapid_fire%3A07070707-0707-0707-0707-070707070707 HTTP",
            r#"{"enabled":true}"#,
        ),
    ] {
        let peers = Peers::new();
        let asked = peers.gateway(vec![(200, rule("rapid_fire", None, true).to_string())]);
        let view = command(line, &peers).unwrap();
        assert!(text_of(&view).contains("rapid_fire"), "{view:?}");
        let asked = asked.iter().next().unwrap();
        assert!(asked.contains(path) && asked.contains(body), "{line}: {asked}");
    }
}

#[test]
fn what_is_no_number_is_not_sent() {
    for word in ["transactions", "transactions=", "transactions=-1", "transactions=1.5"] {
        let peers = Peers::new();
        let failure = command(&format!("autostop set rapid_fire {word}"), &peers).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage, "{word}");
    }
}
