//! A price service on this machine that answers as Pyth's Hermes and CoinGecko do, until it dies.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::UNIX_EPOCH;

use serde_json::json;

/// What it says of everything it is asked for.
#[derive(Clone, Debug)]
enum Says {
    /// So many dollars.
    Dollars(String),
    /// Nothing: connections break.
    Nothing,
}

/// A price service. Its thread ends with the process.
#[derive(Debug)]
pub struct Oracle {
    port: u16,
    says: Arc<Mutex<Says>>,
}

impl Oracle {
    /// Starts one that says so many dollars, such as `2000`.
    pub fn start(dollars: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let says = Arc::new(Mutex::new(Says::Dollars(dollars.to_owned())));
        let here = Arc::clone(&says);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let says = here.lock().unwrap().clone();
                answer(stream, &says);
            }
        });
        Self { port, says }
    }

    /// Says another price from now on.
    pub fn set(&self, dollars: &str) {
        *self.says.lock().unwrap() = Says::Dollars(dollars.to_owned());
    }

    /// Answers nobody any more.
    pub fn die(&self) {
        *self.says.lock().unwrap() = Says::Nothing;
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// One request on one connection. What is cut off needs no answer.
fn answer(mut stream: TcpStream, says: &Says) {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
            Ok(0) | Err(_) => return,
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let Says::Dollars(dollars) = says else { return };
    let body = body(path, dollars);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
}

#[expect(clippy::disallowed_methods, reason = "the gateway goes by the same clock")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn body(path: &str, dollars: &str) -> String {
    let now = now();
    let value = |name: &str| {
        let query = path.split('?').nth(1).unwrap_or_default();
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap_or_default().to_owned()
    };
    if path.contains("/v2/updates/price/latest") {
        let price = json!({ "price": dollars, "conf": "0", "expo": 0, "publish_time": now });
        let parsed = json!([{ "id": value("ids[]"), "price": price, "ema_price": price }]);
        return json!({ "parsed": parsed }).to_string();
    }
    let name = if path.contains("/token_price/") { "contract_addresses" } else { "ids" };
    format!(
        "{{\"{}\":{{\"usd\":{dollars},\"last_updated_at\":{now}}}}}",
        value(name).to_lowercase()
    )
}
