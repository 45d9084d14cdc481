//! Who lets the switch fall, through which door, and what they are told of it.

use protocol::Latch;
use serde_json::{Value, json};
use tests::daemons::Place;
use tests::http::Http;
use tests::stage::Stage;
use tests::tool;

use super::siege::{Siege, latch};

/// What the master proves to be the master with.
pub(super) const PASSWORD: &str = "nine lives and a bell";

/// Who lets the switch fall, or fall further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thrower {
    /// An operator, with the tool, which tells the signer and then the gateway.
    Tool,
    /// Who has the master password, over TCP.
    Password,
    /// A wallet's owner, by a signed message.
    Owner,
}

/// One attempt, ready to be sent: what needs the gateway has been asked of it before.
#[derive(Debug)]
pub(super) enum Throw {
    /// With the tool.
    Tool(&'static str),
    /// Over TCP with these credentials, to this path.
    Http(Box<Http>, &'static str),
}

/// What somebody was told, which has to hold from then on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The gateway sends nothing.
    pub(super) gateway: bool,
    /// The signer signs nothing.
    pub(super) signer: bool,
    /// How many payments the network may have had before.
    pub(super) may_have_left: Option<u64>,
}

impl Thrower {
    /// All of them.
    pub(super) const ALL: &[Self] = &[Self::Tool, Self::Password, Self::Owner];

    /// Gets ready to let it fall to `to`.
    pub(super) fn ready(self, siege: &Siege, to: Latch) -> Throw {
        let Siege { stage, .. } = siege;
        let (verb, action, path) = match to {
            Latch::Locked => ("escalate", "escalate", "/v1/admin/kill-switch/escalate"),
            Latch::Active | Latch::Suspended => {
                ("activate", "kill-switch", "/v1/admin/kill-switch")
            }
        };
        match self {
            Self::Tool => Throw::Tool(verb),
            Self::Password => Throw::Http(Box::new(master(stage)), path),
            Self::Owner => {
                let as_owner = stage.as_owner(&siege.owner(), action, siege.owned());
                Throw::Http(Box::new(as_owner), path)
            }
        }
    }
}

impl Throw {
    /// Does it, and says what came back; nothing where nobody answered.
    pub(super) fn send(&self, place: &Place) -> Told {
        let told = match self {
            Self::Tool(verb) => {
                let output = tool::run(place, &["kill-switch", verb, "--reason", "a drill"]);
                serde_json::from_slice(&output.stdout).unwrap_or_default()
            }
            Self::Http(http, path) => {
                let answer = http.try_send("POST", path, &[], b"{}".to_vec());
                match answer {
                    Ok(answer) if answer.status == 200 => with_gateway(answer.json()),
                    Ok(_) | Err(_) => Value::Null,
                }
            }
        };
        Told {
            gateway: told["gatewayStopped"] == true,
            signer: told["signerStopped"] == true,
            may_have_left: told["mayHaveLeft"].as_u64(),
        }
    }
}

/// HTTP over TCP with the master password.
fn master(stage: &Stage) -> Http {
    stage.stranger().with_header("x-master-password", PASSWORD)
}

/// The gateway's answer, as the tool prints it.
fn with_gateway(mut answer: Value) -> Value {
    assert_ne!(latch(&answer["state"]), Latch::Active, "{answer}");
    answer["gatewayStopped"] = json!(true);
    answer
}
