//! Signatures by the signer's core, without sockets: how long one takes, or as many as are to be
//! counted by an instrument.
//!
//! `signatures` prints medians in nanoseconds, as JSON; `signatures secp256k1-leased 100` makes so
//! many of that kind and prints nothing. `cargo xtask bench` and `cargo xtask test paths` run it in a
//! release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use primitives::{Address, Amount, Chain, Environment, EvmAddress, SolanaAddress, WalletId};
use protocol::{Payload, Reply, Request, Secret, Warrant};
use signerd::clock::SystemTimeSource;
use signerd::config::Settings;
use signerd::dispatch::Role;
use signerd::journal::Journal;
use signerd::signer::{Incoming, Signer};
use signerd::vault::{KdfCost, Vault};
use txcodec::{evm, solana};

type Failure = Box<dyn Error>;

const ROUNDS: u64 = 2_000;
/// The least that Argon2 takes: no passphrase is tried on the paths that are measured.
const CHEAP: KdfCost = KdfCost { memory_kib: 8, passes: 1, lanes: 1 };

/// A kind of signature, by the name that it has on the command line and in the output.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    chain: Chain,
    /// Whether it is paid from a lease, and does not wait for the disk.
    is_leased: bool,
}

const KINDS: [Kind; 4] = [
    Kind { name: "secp256k1-durable", chain: Chain::Evm, is_leased: false },
    Kind { name: "secp256k1-leased", chain: Chain::Evm, is_leased: true },
    Kind { name: "ed25519-durable", chain: Chain::Solana, is_leased: false },
    Kind { name: "ed25519-leased", chain: Chain::Solana, is_leased: true },
];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = tempfile::tempdir()?;
    let mut signer = signer(directory.path())?;
    match arguments.as_slice() {
        [] => {
            let mut medians = serde_json::Map::new();
            for kind in KINDS {
                let payer = Payer::new(&mut signer, kind)?;
                medians.insert(kind.name.to_owned(), median(&mut signer, &payer)?.into());
            }
            println!("{:#}", serde_json::Value::Object(medians));
        }
        [name, count] => {
            let kind = KINDS.into_iter().find(|kind| kind.name == name).ok_or("no such kind")?;
            let payer = Payer::new(&mut signer, kind)?;
            for number in 0..count.parse()? {
                payer.pay(&mut signer, number)?;
            }
        }
        _ => return Err("usage: signatures [KIND COUNT]".into()),
    }
    Ok(())
}

fn signer(state: &Path) -> Result<Signer, Failure> {
    let vault = Vault::open(&state.join("vault"), CHEAP)?;
    let journal = Journal::open(&state.join("journal"))?;
    let time = Box::new(SystemTimeSource::new());
    let mut signer = Signer::start(vault, journal, time, Settings::default(), Vec::new());
    let init = Request::InitVault { passphrase: passphrase() };
    let reply = ask(&mut signer, Role::Operator, init)?;
    if reply == Reply::Done { Ok(signer) } else { Err(format!("{reply:?}").into()) }
}

fn passphrase() -> Secret {
    Secret::new(b"correct horse battery staple".to_vec())
}

fn ask(signer: &mut Signer, role: Role, request: Request) -> Result<Reply, Failure> {
    let replies = signer.handle(vec![Incoming { role, request }]);
    replies.into_iter().next().ok_or_else(|| "a request without a reply".into())
}

/// Nanoseconds of a signature, the disk included where it waits for it.
fn median(signer: &mut Signer, payer: &Payer) -> Result<u64, Failure> {
    let mut times = Vec::new();
    for number in 0..ROUNDS {
        let request = payer.request(number)?;
        let started = Instant::now();
        let reply = ask(signer, Role::Gateway, request)?;
        times.push(u64::try_from(started.elapsed().as_nanos())?);
        signed(reply)?;
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

fn signed(reply: Reply) -> Result<(), Failure> {
    if matches!(reply, Reply::Signature(_)) { Ok(()) } else { Err(format!("{reply:?}").into()) }
}

/// A wallet of test networks that is asked for as often as anybody likes.
struct Payer {
    wallet: WalletId,
    address: Address,
}

impl Payer {
    fn new(signer: &mut Signer, kind: Kind) -> Result<Self, Failure> {
        let Kind { chain, is_leased, .. } = kind;
        let create =
            Request::CreateKey { chain, environment: Environment::Testnet, agent_id: None };
        let Reply::Key(key) = ask(signer, Role::Gateway, create)? else {
            return Err("no key".into());
        };
        let scope = match chain {
            Chain::Evm => "eip155:11155111",
            Chain::Solana => "solana",
        };
        let most = u32::MAX;
        let pace = format!("requests_per_hour = {most}\nrequests_per_day = {most}\n");
        let limits = if is_leased {
            let ceiling = Amount::MAX;
            format!(
                "lease_percent = 1\n[network.\"{scope}\".native]\nimmediate = {{ per_day = \"{ceiling}\" }}\n"
            )
        } else {
            format!("[network.\"{scope}\"]\nopen = true\n")
        };
        let set = Request::SetGuard {
            wallet: key.wallet,
            from_version: 1,
            text: pace + &limits,
            passphrase: Some(passphrase()),
            approval: None,
        };
        let reply = ask(signer, Role::Operator, set)?;
        if !matches!(reply, Reply::Guard(_)) {
            return Err(format!("{reply:?}").into());
        }
        Ok(Self { wallet: key.wallet, address: key.address })
    }

    fn pay(&self, signer: &mut Signer, number: u64) -> Result<(), Failure> {
        let request = self.request(number)?;
        signed(ask(signer, Role::Gateway, request)?)
    }

    /// A payment that differs from those of other numbers.
    fn request(&self, number: u64) -> Result<Request, Failure> {
        let unsigned = match self.address {
            Address::Evm(_) => ether_transfer(number)?,
            Address::Solana(address) => solana_transfer(address, number)?,
        };
        let (wallet, payload) = (self.wallet, Payload::Transaction(unsigned));
        Ok(Request::Sign { wallet, payload, warrant: Warrant::None })
    }
}

fn ether_transfer(nonce: u64) -> Result<Vec<u8>, Failure> {
    let price = |gwei: u64| Amount::from(gwei * 1_000_000_000);
    let transaction = evm::Transaction {
        kind: evm::Kind::DynamicFee {
            max_fee_per_gas: price(30),
            max_priority_fee_per_gas: price(1),
            access_list: Vec::new(),
        },
        chain_id: 11_155_111.try_into()?,
        nonce,
        gas_limit: 21_000,
        to: Some(EvmAddress([0xb0; 20])),
        value: Amount::from(1_u64),
        data: Vec::new(),
    };
    Ok(transaction.to_unsigned_bytes())
}

fn solana_transfer(from: SolanaAddress, lamports: u64) -> Result<Vec<u8>, Failure> {
    let to = SolanaAddress([0xb0; 32]);
    let transfer = solana::system::transfer(from, to, lamports);
    Ok(solana::Message::compile(from, &[transfer], [7; 32], solana::Version::Legacy)?.to_bytes())
}
