//! What the gateway measures of itself: right after payments of each tier, the same at both doors, and
//! for nobody else. Rules and dashboard of the packages ask for nothing that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use primitives::Chain;
use serde_json::{Value, json};
use tests::daemons::{Place, free_port, gatewayd_command};
use tests::http::Http;
use tests::oracle::Oracle;
use tests::process::{self, Process, User};
use tests::stage::{Stage, World};
use tests::{repository, tool, wait};

use crate::payments::transfer;

/// Who may be paid in the end.
const CAROL: &str = "0x00000000000000000000000000000000000000c0";

/// A stage whose gateway tells its metrics at a port, and knows what coins are worth: 2,000 dollars.
struct Measured {
    stage: Stage,
    port: u16,
    _oracles: [Oracle; 2],
}

impl Measured {
    fn start() -> Self {
        let (world, port) = (World::start(), free_port());
        let oracles = [Oracle::start("2000"), Oracle::start("2000")];
        let settings = format!(
            "{}[metrics]\nlisten = \"127.0.0.1:{port}\"\n[prices]\nchainlink = false\npyth = true\n\
             pyth_url = \"{}\"\ncoingecko = true\ncoingecko_url = \"{}/api/v3\"\n",
            world.settings(),
            oracles[0].url(),
            oracles[1].url()
        );
        Self { stage: Stage::start_in(world, &settings), port, _oracles: oracles }
    }

    /// A payment of each tier, one that is denied, and one that the signer refuses. The wallet's id.
    fn pay(&self) -> String {
        let wallet = self.stage.funded_wallet(Chain::Evm);
        let plenty = json!({ "instant_max": "9", "notify_max": "9", "delay_max": "9" });
        let lines = json!({
            "instant_max_usd": 10, "notify_max_usd": 100, "delay_max_usd": 500,
            "daily_limit_usd": 10_000, "token_limits": { "native": plenty },
        });
        self.stage.set_policy(&wallet, "SPENDING_LIMIT", &lines);
        let agent = self.stage.agent(&[&wallet]);
        // 8, 20, 200 and 2,000 dollars.
        for (amount, status) in [
            ("4000000000000000", "CONFIRMED"),
            ("10000000000000000", "CONFIRMED"),
            ("100000000000000000", "QUEUED"),
            ("1000000000000000000", "QUEUED"),
        ] {
            let id = agent.send(&transfer(Chain::Evm, amount));
            agent.wait_for(&id, status);
        }
        self.stage.set_policy(&wallet, "WHITELIST", &json!({ "allowed_addresses": [CAROL] }));
        let id = agent.send(&transfer(Chain::Evm, "1"));
        agent.wait_for(&id, "CANCELLED");
        tool::done(&self.stage.place, &["suspend", &wallet.id, "--reason", "a test"]);
        let mut refused = transfer(Chain::Evm, "1");
        refused["to"] = json!(CAROL);
        agent.send(&refused);
        wallet.id
    }

    fn at_port(&self) -> String {
        scraped(&Http::tcp(self.port))
    }

    /// A scrape in which a line begins so.
    #[track_caller]
    fn with_line(&self, start: &str) -> String {
        let is_there = |text: &String| text.lines().any(|line| line.starts_with(start));
        wait::until(start, || Some(self.at_port()).filter(is_there))
    }
}

fn scraped(door: &Http) -> String {
    let answer = door.get("/metrics");
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    String::from_utf8(answer.body).unwrap()
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|found| found == line)
}

/// The names of families, as their samples have them but for histograms and summaries.
fn names(text: &str) -> BTreeSet<&str> {
    let heads = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    heads.filter_map(|head| head.split(' ').next()).collect()
}

/// The number of the one line that begins so.
#[track_caller]
fn number(text: &str, start: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(start));
    let line = line.unwrap_or_else(|| panic!("no {start} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn payments_of_each_tier_are_counted_and_told_at_both_doors() {
    let measured = Measured::start();
    let wallet = measured.pay();
    let text = measured.with_line("waiaas_signer_refusals_total{code=\"SUSPENDED\"} ");
    for line in [
        "waiaas_transactions_allowed_total{tier=\"INSTANT\"} 2",
        "waiaas_queue_transactions{status=\"QUEUED\"} 2",
        "waiaas_transactions_allowed_total{tier=\"NOTIFY\"} 1",
        "waiaas_transactions_allowed_total{tier=\"DELAY\"} 1",
        "waiaas_transactions_allowed_total{tier=\"APPROVAL\"} 1",
        "waiaas_transactions_denied_total{rule=\"WHITELIST\"} 1",
        "waiaas_transactions_denied_total{rule=\"RATE_LIMIT\"} 0",
        "waiaas_signer_up 1",
        "waiaas_signer_wallets_halted 1",
        "waiaas_signer_journal_damaged 0",
        "waiaas_kill_switch_state{of=\"gateway\",state=\"ACTIVE\"} 1",
        "waiaas_kill_switch_state{of=\"signer\",state=\"LOCKED\"} 0",
        "waiaas_audit_events_total{event=\"TX_CONFIRMED\",severity=\"info\"} 2",
        "waiaas_audit_events_total{event=\"POLICY_DENIED\",severity=\"warning\"} 1",
        "waiaas_sessions_active 1",
        "waiaas_scrape_ok{part=\"database\"} 1",
        "waiaas_http_requests_total{method=\"POST\",route=\"/v1/transactions/send\",code=\"2xx\"} 6",
    ] {
        assert!(has(&text, line), "no {line} in\n{text}");
    }
    let cap =
        format!("{{wallet=\"{wallet}\",rule=\"SPENDING_LIMIT\",window=\"daily\",network=\"all\"}}");
    assert!(has(&text, &format!("waiaas_spend_limit_usd_micros{cap} 10000000000")), "{text}");
    let spent = number(&text, &format!("waiaas_spend_usd_micros{cap} "));
    assert!((2_228_000_000..2_240_000_000).contains(&spent), "with fees: {spent}");
    let signed = "waiaas_signer_requests_total{request=\"Sign\",outcome=\"answered\"} ";
    assert!(number(&text, signed) >= 2, "{text}");
    let answered = "waiaas_rpc_answer_seconds_count{network=\"ethereum-mainnet\",host=\"127.0.0.1:";
    assert!(number(&text, answered) > 0, "{text}");
    for name in ["process_resident_memory_bytes ", "waiaas_database_bytes ", "process_threads "] {
        assert!(number(&text, name) > 0, "{name}");
    }

    assert_eq!(names(&scraped(&measured.stage.operator())), names(&text), "the operators' socket");
    let newer = Http::tcp(measured.port).with_header("accept", "application/openmetrics-text");
    let newer = newer.get("/metrics");
    assert!(newer.headers["content-type"].starts_with("application/openmetrics-text"), "{newer}");
    assert!(newer.body.ends_with(b"\n# EOF\n"));
    for (route, metrics) in [
        ("the tool", tool::done(&measured.stage.place, &["metrics"])),
        ("JSON", measured.stage.operator().get("/v1/admin/metrics").expect(200)),
    ] {
        let denied = |metric: &&Value| metric["labels"] == json!({ "rule": "WHITELIST" });
        let found = metrics["metrics"].as_array().unwrap().iter().find(denied);
        assert_eq!(found.map(|metric| &metric["value"]), Some(&json!("1")), "{route}");
    }
    assert_secret_free(&text);
    assert_promtool_agrees(&text);
    assert_packaged_names_exist(&text);
}

fn assert_secret_free(text: &str) {
    for word in ["wai_sess_", "0x", "http://", "https://", "uid"] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
}

/// Prometheus' own tool has nothing to say of it.
fn assert_promtool_agrees(text: &str) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let running = promtool.stderr(Stdio::piped()).spawn();
    if !process::is_there(running.is_ok(), "promtool is missing: apt-get install prometheus") {
        return;
    }
    let mut running = running.unwrap();
    running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// What rules and dashboard ask for is there.
fn assert_packaged_names_exist(text: &str) {
    let named = names(text);
    let ends = ["_bucket", "_sum", "_count"];
    let mut asked = 0;
    for file in ["packaging/prometheus/waiaas.rules.yml", "packaging/grafana/waiaas.json"] {
        let content = fs::read_to_string(repository().join(file)).unwrap();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = content.split(|c| !is_word(c));
        for word in
            words.filter(|word| ["waiaas_", "process_"].iter().any(|it| word.starts_with(it)))
        {
            let of_family = ends.iter().find_map(|end| word.strip_suffix(end));
            let there = [Some(word), of_family].into_iter().flatten().any(|it| named.contains(it));
            assert!(there, "{file} asks for {word}");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked} names");
}

#[test]
fn nobody_else_reads_them_and_the_port_answers_nothing_else() {
    let measured = Measured::start();
    let agents = measured.stage.stranger();
    for path in ["/metrics", "/v1/admin/metrics"] {
        let answer = agents.get(path);
        assert_eq!(answer.status, 401, "{path}: {answer}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("waiaas_"), "{answer}");
    }
    let port = Http::tcp(measured.port);
    assert_eq!(port.get("/metrics").status, 200);
    for (method, path, headers, status) in [
        ("GET", "/", &[][..], 404),
        ("GET", "/health", &[], 404),
        ("GET", "/v1/admin/metrics", &[], 404),
        ("POST", "/v1/admin/shutdown", &[], 404),
        ("POST", "/metrics", &[], 405),
        ("GET", "/metrics", &[("host", "wallet.example.com")], 403),
        ("GET", "/metrics", &[("origin", "http://localhost:8080")], 403),
    ] {
        let answer = port.send(method, path, headers, Vec::new());
        assert_eq!(answer.status, status, "{method} {path} {headers:?}: {answer}");
    }
}

#[test]
fn a_socket_of_the_service_manager_is_for_metrics_by_its_name() {
    let place = Place::new();
    let [agents, metrics] = [free_port(), free_port()];
    let gatewayd = gatewayd_command(&place, &format!("[daemon]\nport = {agents}\n"));
    let mut activate = process::command(Path::new("systemd-socket-activate"), User::Current);
    activate.arg("--listen").arg(format!("127.0.0.1:{agents}"));
    activate.arg("--listen").arg(format!("127.0.0.1:{metrics}"));
    activate.arg("--fdname=gateway:metrics");
    activate.arg(gatewayd.get_program()).args(gatewayd.get_args());
    let _gatewayd = Process::start(&mut activate, &place.path("gatewayd.log"));
    let status = |port: u16, path: &str| {
        let asked = || Http::tcp(port).try_send("GET", path, &[], Vec::new()).ok();
        wait::until("an answer", asked).status
    };
    assert_eq!([status(agents, "/health"), status(agents, "/metrics")], [200, 401]);
    assert_eq!([status(metrics, "/metrics"), status(metrics, "/health")], [200, 404]);
}
