"""Asks eth-account and solders whether the vectors are theirs too, and stops when one is not."""

import json
import os
from pathlib import Path

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from solders.keypair import Keypair
from solders.message import from_bytes_versioned, to_bytes_versioned

VECTORS = Path(os.environ["VECTORS"])
EVM_FIELDS = {"legacy": 0, "eip2930": 1, "eip1559": 2}


def binary(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def evm_transaction(vector: dict) -> None:
    given = vector["transaction"]
    fields = {
        "chainId": int(given["chainId"]),
        "nonce": int(given["nonce"]),
        "gas": int(given["gasLimit"]),
        "value": int(given["value"]),
        "data": given["data"],
        "to": given["to"] or b"",
    }
    for fee in ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"):
        if fee in given:
            fields[fee] = int(given[fee])
    if given["type"] != "legacy":
        fields["type"] = EVM_FIELDS[given["type"]]
        fields["accessList"] = given.get("accessList", [])
    signed = Account.sign_transaction(fields, vector["private_key"])
    assert signed.raw_transaction == binary(vector["signed"])
    assert signed.hash == binary(vector["hash"])


def evm_message(vector: dict) -> None:
    if vector["kind"] == "typed_data":
        message = encode_typed_data(full_message=vector["typed_data"])
        assert message.header == binary(vector["domain_separator"])
    else:
        message = encode_defunct(primitive=binary(vector["bytes"]))
    signed = Account.sign_message(message, vector["private_key"])
    assert signed.message_hash == binary(vector["digest"])
    assert signed.signature[:64] == binary(vector["signature"])[:64]
    assert signed.signature[64] == binary(vector["signature"])[64] + 27


def approval(vector: dict) -> None:
    if vector["kind"] == "solana_text":
        key = Keypair.from_seed(binary(vector["private_key"]))
        assert str(key.pubkey()) == vector["owner"]
        assert bytes(key.sign_message(vector["text"].encode())) == binary(vector["signature"])
        return
    if vector["kind"] == "typed_data":
        message = encode_typed_data(full_message=vector["typed_data"])
        assert message.header == binary(vector["domain_separator"])
    else:
        message = encode_defunct(text=vector["text"])
    signed = Account.sign_message(message, vector["private_key"])
    assert signed.message_hash == binary(vector["digest"])
    assert signed.signature == binary(vector["signature"])
    assert Account.recover_message(message, signature=signed.signature) == vector["owner"]


def solana_text(vector: dict) -> None:
    signature = Keypair.from_seed(binary(vector["private_key"])).sign_message(binary(vector["bytes"]))
    assert bytes(signature) == binary(vector["signature"])


def solana_transaction(vector: dict) -> None:
    unsigned = binary(vector["unsigned"])
    message = from_bytes_versioned(unsigned)
    assert to_bytes_versioned(message) == unsigned
    key = Keypair.from_seed(binary(vector["private_key"]))
    assert bytes(key.sign_message(unsigned)) == binary(vector["signature"])
    assert key.pubkey() in message.account_keys[: message.header.num_required_signatures]


def check_for(kind: str, vector: dict):
    if "error" in vector:
        return None
    if kind == "approval":
        return approval
    if kind == "evm":
        return evm_transaction
    if kind == "solana":
        return solana_transaction
    return solana_text if vector["kind"] == "solana_text" else evm_message


def main() -> None:
    checked = 0
    for kind in ("approval", "evm", "message", "solana"):
        for path in sorted((VECTORS / kind).glob("*.json")):
            vector = json.loads(path.read_text())
            check = check_for(kind, vector)
            if check is None:
                continue
            try:
                check(vector)
            except Exception as error:
                raise SystemExit(f"{path.name}: {error!r}") from error
            checked += 1
    print(f"{checked} vectors checked")


main()
