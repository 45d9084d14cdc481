//! Chromium without a screen, with wallets that sign for real: `tests/browser` drives it.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use primitives::{Address, Chain};
use serde_json::{Value, json};

use crate::owner::Owner;
use crate::process::{self, User};

/// The program, as Debian names it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

/// A wallet as a page meets it.
#[derive(Debug)]
pub struct TestWallet {
    name: &'static str,
    chain: Chain,
    numbers: Vec<u8>,
    addresses: Vec<Address>,
    network: u64,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Where the packages are that drive it.
pub fn directory() -> PathBuf {
    crate::repository().join("tests/browser")
}

/// Whether there is a browser; a test's output says when there is none, and where `CI=true` that is a
/// failure.
pub fn is_there() -> bool {
    process::is_there(Path::new(CHROMIUM).exists(), "no browser: apt-get install chromium")
}

impl TestWallet {
    /// A wallet with the keys of these owners (`owner::Owner`), the first one chosen; an EVM wallet
    /// is on Ethereum.
    pub fn new(name: &'static str, chain: Chain, owners: &[(u8, &Owner<'_>)]) -> Self {
        let numbers = owners.iter().map(|(number, _)| *number).collect();
        let addresses = owners.iter().map(|(_, owner)| owner.address()).collect();
        Self { name, chain, numbers, addresses, network: 1 }
    }

    /// The same on another network.
    #[must_use]
    pub fn on(self, network: u64) -> Self {
        Self { network, ..self }
    }

    fn to_json(&self) -> Value {
        let Self { name, chain, numbers, addresses, network } = self;
        json!({ "name": name, "chain": chain, "numbers": numbers, "addresses": addresses,
            "network": network })
    }
}

impl Browser {
    /// Starts it; installs the packages that drive it, unless they are there.
    pub fn start() -> Self {
        crate::nodes::install_in(&directory()).unwrap();
        let mut command = process::command(Path::new("node"), User::Current);
        command.current_dir(directory()).args(["driver.mjs", CHROMIUM]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let pipes = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, pipes: RefCell::new(pipes) }
    }

    /// Opens a page 390 pixels wide, in a profile of its own, with these wallets.
    #[track_caller]
    pub fn open(&self, url: &str, scheme: Scheme, wallets: &[&TestWallet]) {
        let scheme = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let wallets: Vec<Value> = wallets.iter().map(|wallet| wallet.to_json()).collect();
        self.does("open", json!({ "url": url, "scheme": scheme, "wallets": wallets }));
    }

    /// Waits until the page says this.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.does("wait", json!({ "text": text }));
    }

    /// What the page says.
    #[track_caller]
    pub fn text(&self) -> String {
        self.does("text", json!({})).as_str().unwrap().to_owned()
    }

    /// Goes on by Tab until what has the focus says this, and presses Enter on it.
    #[track_caller]
    pub fn press(&self, text: &str) {
        self.reach(text);
        self.does("press", json!({ "key": "Enter" }));
    }

    /// Goes on by Tab until what has the focus is this choice, and takes the one after it.
    #[track_caller]
    pub fn choose_after(&self, text: &str) {
        self.reach(text);
        self.does("press", json!({ "key": "ArrowDown" }));
    }

    #[track_caller]
    fn reach(&self, text: &str) {
        self.does("reach", json!({ "text": text }));
    }

    /// What the person behind a wallet says from now on: `yes`, `no`, `busy` or `silence`.
    #[track_caller]
    pub fn answer(&self, wallet: &TestWallet, answer: &str) {
        self.does("answer", json!({ "name": wallet.name, "answer": answer }));
    }

    /// The person chooses other accounts in the wallet: those that `other` has.
    #[track_caller]
    pub fn choose_accounts(&self, wallet: &TestWallet, other: &TestWallet) {
        let TestWallet { numbers, addresses, .. } = other;
        let accounts = json!({ "name": wallet.name, "numbers": numbers, "addresses": addresses });
        self.does("choose", accounts);
    }

    /// What a wallet was asked so far.
    #[track_caller]
    pub fn asked(&self, wallet: &TestWallet) -> Vec<String> {
        let asked = self.does("asked", json!({ "name": wallet.name }));
        asked.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Checks what the page is as it stands ([`Browser::look`]), and what it did so far: no error,
    /// nothing that its policy refused, and no request to elsewhere.
    #[track_caller]
    pub fn inspect(&self, name: &str) {
        self.look(name);
        assert_eq!(self.does("faults", json!({})), json!([]), "{name}");
    }

    /// Checks the page as it stands, then with everything unfolded: nothing that axe-core finds, and
    /// nothing wider than the screen. Its picture is `target/screenshots/NAME.png`.
    #[track_caller]
    pub fn look(&self, name: &str) {
        let directory = process::target_directory().join("screenshots");
        std::fs::create_dir_all(&directory).unwrap();
        let picture = directory.join(format!("{name}.png"));
        self.does("screenshot", json!({ "path": picture }));
        let none: Value = json!([]);
        assert_eq!(self.does("axe", json!({})), none, "{name}: as it is");
        self.does("unfold", json!({}));
        assert_eq!(self.does("axe", json!({})), none, "{name}: unfolded");
        assert_eq!(self.does("overflow", json!({})), 0, "{name}: wider than the screen");
    }

    #[track_caller]
    fn does(&self, command: &str, mut parameters: Value) -> Value {
        parameters["command"] = command.into();
        let mut pipes = self.pipes.borrow_mut();
        let (requests, replies) = &mut *pipes;
        writeln!(requests, "{parameters}").unwrap();
        let mut line = String::new();
        replies.read_line(&mut line).unwrap();
        let mut reply: Value = serde_json::from_str(&line).expect("the browser ended");
        assert!(reply["failed"].is_null(), "{command}: {}", reply["failed"].as_str().unwrap());
        reply["done"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A browser that is gone already is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
