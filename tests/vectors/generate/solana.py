"""Writes the vectors of Solana messages that solders compiles: it orders accounts its own way."""

import json
import os
from pathlib import Path

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

FOLDER = Path(os.environ["VECTORS"]) / "solana"
KEY = Keypair.from_seed(bytes([0x2A] * 32))
WALLET = KEY.pubkey()
OTHERS = [Pubkey.from_bytes(bytes([byte] * 32)) for byte in (200, 100, 2)]
BLOCKHASH = Hash.from_bytes(bytes([9] * 32))


def write(name: str, message: Message | MessageV0) -> None:
    transaction = VersionedTransaction(message, [KEY])
    signature = transaction.signatures[0]
    vector = {
        "made_by": "solders",
        "private_key": "0x" + KEY.secret().hex(),
        "wallet": str(WALLET),
        "unsigned": "0x" + to_bytes_versioned(message).hex(),
        "signature": "0x" + bytes(signature).hex(),
        "signed": "0x" + bytes(transaction).hex(),
        "hash": str(signature),
        "meaning": {
            "fee_payer": str(WALLET),
            "fee_ceiling": "5300",
            "effects": [{"effect": "native_out", "to": str(to), "amount": "5"} for to in OTHERS],
        },
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(vector, indent=2) + "\n")


def main() -> None:
    instructions = [set_compute_unit_limit(300), set_compute_unit_price(1_000_000)] + [
        transfer(TransferParams(from_pubkey=WALLET, to_pubkey=to, lamports=5)) for to in OTHERS
    ]
    legacy = Message.new_with_blockhash(instructions, WALLET, BLOCKHASH)
    write("payments-in-the-order-of-solders-in-a-legacy-message", legacy)
    versioned = MessageV0.try_compile(WALLET, instructions, [], BLOCKHASH)
    write("payments-in-the-order-of-solders", versioned)


main()
