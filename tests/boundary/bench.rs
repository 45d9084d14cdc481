//! A signer with its vault open, wallets, and transactions to ask signatures for.

use std::num::NonZeroU64;

use primitives::{Address, Amount, Chain, Environment, EvmAddress, SolanaAddress, WalletId};
use protocol::{Exposure, Payload, RefusalCode, Reply, Request, Status, Warrant};
use tests::daemons::{
    Place, Signerd, change_guard, create_wallet, hostile_gateway, init_vault, operator, unlock,
};
use tests::signer::SignerClient;
use txcodec::evm::{Kind, Transaction};
use txcodec::solana::{Instruction, Message, Version};

/// Whoever gets what leaves.
pub(crate) const BOB: EvmAddress = EvmAddress([0xb0; 20]);
/// Bob on Solana.
pub(crate) const SOLANA_BOB: SolanaAddress = SolanaAddress([0xb0; 32]);
/// Ethereum's chain id.
pub(crate) const MAINNET: u64 = 1;
/// What the guard of these wallets lets go at once and in a day on Ethereum: 0.25 ETH.
pub(crate) const ETHER_CEILING: u128 = 250_000_000_000_000_000;
/// And of SOL: 5.
pub(crate) const LAMPORTS_CEILING: u64 = 5_000_000_000;

/// A signer whose vault is open.
pub(crate) struct Bench {
    pub(crate) place: Place,
    pub(crate) signerd: Signerd,
}

/// A wallet as the gateway knows it.
#[derive(Clone, Copy)]
pub(crate) struct Wallet {
    pub(crate) id: WalletId,
    pub(crate) address: Address,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self::without_vault();
        init_vault(&bench.place);
        bench
    }

    pub(crate) fn without_vault() -> Self {
        let place = Place::new();
        let signerd = Signerd::start(&place, "");
        Self { place, signerd }
    }

    /// A wallet on networks whose coins are worth money. Its guard lets coins go at once, nothing
    /// more after a wait, and signs texts.
    pub(crate) fn wallet(&self, chain: Chain) -> Wallet {
        let key = create_wallet(&self.place, chain, Environment::Mainnet);
        let (scope, ceiling) = match chain {
            Chain::Evm => ("eip155:1", ETHER_CEILING),
            Chain::Solana => ("solana", LAMPORTS_CEILING.into()),
        };
        let ceilings = format!("{{ per_transaction = \"{ceiling}\", per_day = \"{ceiling}\" }}");
        change_guard(&self.place, key.wallet, |_default| {
            format!("messages = \"text\"\n[network.\"{scope}\".native]\nimmediate = {ceilings}\n")
        });
        Wallet { id: key.wallet, address: key.address }
    }

    pub(crate) fn gateway(&self) -> SignerClient {
        hostile_gateway(&self.place)
    }

    pub(crate) fn operator(&self) -> SignerClient {
        operator(&self.place)
    }

    /// Ends the signer as a power cut would, starts it again and opens the vault.
    pub(crate) fn crash_and_restart(&mut self) {
        self.signerd.process().kill();
        self.signerd.start_again(&self.place);
        unlock(&self.place);
    }

    pub(crate) fn status(&self) -> Status {
        let reply = self.gateway().ask(Request::Status);
        let Reply::Status(status) = reply else { panic!("{reply:?}") };
        status
    }

    /// Reads the journal from its first record: how many there are, and the hash of the last.
    pub(crate) fn verify_journal(&self) -> (u64, [u8; 32]) {
        self.operator().read_journal().unwrap()
    }

    pub(crate) fn exposure(&self, wallet: Wallet) -> Exposure {
        let reply = self.gateway().ask(Request::Exposure { wallet: wallet.id });
        let Reply::Exposure(exposure) = reply else { panic!("{reply:?}") };
        exposure
    }
}

impl Wallet {
    pub(crate) fn solana(self) -> SolanaAddress {
        match self.address {
            Address::Solana(address) => address,
            Address::Evm(address) => panic!("{address} is not on Solana"),
        }
    }
}

/// Asks for a signature of a transaction: the signature, or why not.
#[track_caller]
pub(crate) fn sign(
    gateway: &mut SignerClient,
    wallet: Wallet,
    unsigned: Vec<u8>,
) -> Result<Vec<u8>, RefusalCode> {
    gateway.signature(Request::Sign {
        wallet: wallet.id,
        payload: Payload::Transaction(unsigned),
        warrant: Warrant::None,
    })
}

/// A transfer of so many wei, whose fee is 21,000 wei.
pub(crate) fn transfer(chain_id: u64, nonce: u64, wei: Amount) -> Transaction {
    Transaction {
        kind: Kind::DynamicFee {
            max_fee_per_gas: Amount::from(1_u64),
            max_priority_fee_per_gas: Amount::ZERO,
            access_list: Vec::new(),
        },
        chain_id: NonZeroU64::new(chain_id).unwrap(),
        nonce,
        gas_limit: 21_000,
        to: Some(BOB),
        value: wei,
        data: Vec::new(),
    }
}

/// The fee of [`transfer`] in wei.
pub(crate) const TRANSFER_FEE: u128 = 21_000;

/// A Solana message that `payer` pays for.
pub(crate) fn message(payer: SolanaAddress, instructions: &[Instruction]) -> Vec<u8> {
    Message::compile(payer, instructions, [7; 32], Version::V0).unwrap().to_bytes()
}

/// The same by another blockhash, so that it is another payment.
pub(crate) fn message_at(
    blockhash: u8,
    payer: SolanaAddress,
    instructions: &[Instruction],
) -> Vec<u8> {
    Message::compile(payer, instructions, [blockhash; 32], Version::V0).unwrap().to_bytes()
}
