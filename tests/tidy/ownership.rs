//! Who may use what: words that may stand in certain places only.

use crate::{Source, assert_none};

/// A word of the sources, and where it may stand. A place that ends in `/` is a directory.
struct Rule {
    /// Any of these.
    words: &'static [&'static str],
    /// Where the rule applies; everywhere if empty.
    within: &'static [&'static str],
    /// Where the words may stand all the same.
    except: &'static [&'static str],
    why: &'static str,
    /// A file and a line of it that break the rule.
    broken_by: (&'static str, &'static str),
}

static RULES: &[Rule] = &[
    Rule {
        words: &[".expose("],
        within: &[],
        except: &["crates/protocol/src/", "signerd/src/vault/"],
        why: "only the vault sees secret bytes; the codec moves them",
        broken_by: ("waiaasctl/src/lib.rs", "let bytes = passphrase.expose();"),
    },
    Rule {
        words: &["rusqlite"],
        within: &[],
        except: &["gatewayd/src/store/", "tests/src/bare.rs", "tests/src/daemons.rs"],
        why: "SQL is the store's alone",
        broken_by: ("gatewayd/src/usecase/wallets.rs", "use rusqlite::Connection;"),
    },
    Rule {
        words: &["hyper_rustls", "hyper_util::client", "hyper::client"],
        within: &["crates/", "gatewayd/", "signerd/"],
        except: &["gatewayd/src/net/"],
        why: "time-outs, size limits and address checks are net's; nobody else makes a client",
        broken_by: ("gatewayd/src/chains/evm.rs", "use hyper_util::client::legacy::Client;"),
    },
    Rule {
        words: &["StatusCode"],
        within: &["crates/", "gatewayd/", "signerd/"],
        except: &["gatewayd/src/http/", "gatewayd/src/net/"],
        why: "domain errors know no HTTP",
        broken_by: ("gatewayd/src/tx/pipeline.rs", "return Err(StatusCode::FORBIDDEN);"),
    },
    Rule {
        words: &["axum::", "utoipa_axum"],
        within: &["crates/", "gatewayd/", "signerd/", "waiaasctl/"],
        except: &["gatewayd/src/http/"],
        why: "domain code knows no router",
        broken_by: ("gatewayd/src/usecase/sessions.rs", "use axum::Json;"),
    },
    Rule {
        words: &["SystemTime::now"],
        within: &["crates/", "gatewayd/", "signerd/"],
        except: &["gatewayd/src/clock.rs", "signerd/src/clock.rs"],
        why: "time comes from the program's clock, so that tests can set it",
        broken_by: ("gatewayd/src/session/token.rs", "let now = SystemTime::now();"),
    },
    Rule {
        words: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "allow(unsafe_code"],
        within: &[],
        except: &[
            "signerd/src/sys/",
            "signerd/src/sys.rs",
            "tests/prober/src/calls.rs", // an attacker's system calls
            "tests/tidy/",
        ],
        why: "one module has the little unsafe there is",
        broken_by: ("signerd/src/vault/sign.rs", "unsafe { std::ptr::read(key) }"),
    },
    Rule {
        words: &["tokio", "async fn", ".await", "std::net"],
        within: &["signerd/src/"],
        except: &[],
        why: "the signer is synchronous and has no network",
        broken_by: ("signerd/src/server.rs", "use tokio::net::UnixListener;"),
    },
    Rule {
        words: &["serde_json::Value"],
        within: &["signerd/src/"],
        except: &["signerd/src/vault/curve.rs"], // its tests read the vectors
        why: "the signer reads no loose JSON",
        broken_by: ("signerd/src/vault/record.rs", "let file: serde_json::Value;"),
    },
    Rule {
        words: &["std::fs", "std::net", "std::io", "std::time", "std::env", "tokio", "getrandom"],
        within: &["crates/primitives/src/", "crates/protocol/src/", "crates/txcodec/src/"],
        except: &[],
        why: "what both sides of the boundary share does no I/O",
        broken_by: ("crates/txcodec/src/evm/mod.rs", "let table = std::fs::read(path)?;"),
    },
    Rule {
        words: &["crate::store", "crate::net", "crate::chains", "crate::http", "async fn", "tokio"],
        within: &["gatewayd/src/policy/"],
        except: &[],
        why: "a policy decides from what it is given, and asks nobody",
        broken_by: ("gatewayd/src/policy/rules/spending_limit.rs", "use crate::store::Store;"),
    },
    Rule {
        words: &["crate::http"],
        within: &["gatewayd/src/usecase/", "gatewayd/src/tx/", "gatewayd/src/store/"],
        except: &[],
        why: "the arrows between the modules point inwards",
        broken_by: ("gatewayd/src/usecase/wallets.rs", "use crate::http::Error;"),
    },
    Rule {
        words: &["k256::", "ed25519_dalek::"],
        within: &["crates/", "gatewayd/src/", "signerd/src/", "waiaasctl/src/"],
        except: &[
            "crates/txcodec/src/approval/signature.rs",
            "crates/txcodec/src/evm/address.rs",
            "crates/txcodec/src/message/signed.rs",
            "gatewayd/src/owner/",
            "signerd/src/owners/eligible.rs",
            "signerd/src/signer/tests/",
            "signerd/src/vault/",
            "waiaasctl/src/commands/tests/",
            "waiaasctl/src/receipt.rs",
        ],
        why: "keys and signatures are the vault's; owners' are verified, and receipts by the tool",
        broken_by: ("gatewayd/src/tx/pipeline.rs", "use k256::ecdsa::SigningKey;"),
    },
    Rule {
        words: &["landlock::", "seccompiler::", "caps::"],
        within: &[],
        except: &[
            "crates/sandbox/",
            "signerd/src/sys/region.rs", // its test gives up a right
            "tests/prober/src/bin/lacking.rs", // stands for another kernel
        ],
        why: "how a process confines itself stands in one place",
        broken_by: ("gatewayd/src/app.rs", "landlock::Ruleset::default()"),
    },
    Rule {
        words: &["process::Command", "Command::new"],
        within: &["crates/", "gatewayd/src/", "signerd/src/"],
        except: &["crates/sandbox/examples/", "crates/sandbox/tests/"], // they try it
        why: "a daemon starts no program",
        broken_by: ("gatewayd/src/app.rs", "Command::new(\"signerd\")"),
    },
    Rule {
        words: &["f32", "f64"],
        within: &["crates/primitives/src/", "crates/txcodec/src/", "signerd/src/"],
        except: &[],
        why: "money is integers in base units",
        broken_by: ("crates/primitives/src/amount.rs", "pub fn to_coins(self) -> f64 {"),
    },
];

fn findings(rule: &Rule, source: &Source) -> Vec<String> {
    if !(rule.within.is_empty() || source.is_in(rule.within)) || source.is_in(rule.except) {
        return Vec::new();
    }
    let broken = |line: &str| rule.words.iter().find(|word| stands_in(line, word)).copied();
    let describe = |(number, word)| format!("{}:{number}: `{word}`: {}", source.path, rule.why);
    source.code().filter_map(|(number, line)| Some((number, broken(line)?))).map(describe).collect()
}

/// Whether `word` stands in `line`, not as the end or beginning of a longer one.
fn stands_in(line: &str, word: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(place, _)| {
        let joined_before = word.starts_with(is_word) && line[..place].ends_with(is_word);
        let joined_after =
            word.ends_with(is_word) && line[place + word.len()..].starts_with(is_word);
        !joined_before && !joined_after
    })
}

#[test]
fn everyone_uses_only_what_is_theirs() {
    let sources: Vec<_> =
        Source::all_rust().into_iter().filter(|source| !source.is_in(&["tests/tidy/"])).collect();
    let all =
        RULES.iter().flat_map(|rule| sources.iter().flat_map(|source| findings(rule, source)));
    assert_none(&all.collect::<Vec<_>>());
}

#[test]
fn every_rule_fires_on_what_breaks_it_and_not_where_it_is_allowed() {
    for rule in RULES {
        let (path, line) = rule.broken_by;
        assert_eq!(findings(rule, &Source::new(path, line)).len(), 1, "{}", rule.why);
        assert_eq!(findings(rule, &Source::new(path, &format!("// {line}"))).len(), 0);
        for place in rule.except {
            let allowed = Source::new(&format!("{place}x.rs"), line);
            let allowed = if place.ends_with('/') { allowed } else { Source::new(place, line) };
            assert_eq!(findings(rule, &allowed).len(), 0, "{place}: {}", rule.why);
        }
    }
}

#[test]
fn a_word_is_not_found_inside_another() {
    assert!(stands_in("let x: f64 = 0.0;", "f64"));
    assert!(!stands_in("let x = self64;", "f64"));
    assert!(!stands_in("buf64x", "f64"));
}
