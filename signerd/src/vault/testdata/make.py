#!/usr/bin/env python3
"""Writes a vault by its description in ../mod.rs alone, with argon2-cffi and cryptography.

    pip install argon2-cffi cryptography
    python3 make.py

The passphrase and the keys are known to everybody and hold nothing.
"""

import json
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PASSPHRASE = "correct horse battery"
INSTANCE = bytes(range(16))
MASTER = bytes(range(32, 64))
KDF = {
    "salt": b"somesaltsomesalt".hex(),
    "opslimit": 2,
    "memlimit": 64 * 1024,
    "parallelism": 1,
    "hashLength": 32,
}


def seal(key, iv, associated, secret):
    sealed = AESGCM(key).encrypt(iv, secret, associated)
    return {"iv": iv.hex(), "ciphertext": sealed[:-16].hex(), "tag": sealed[-16:].hex()}


def key_file(name, kind, chain, secret, public, iv):
    wallet = bytes.fromhex(name.replace("-", ""))
    words = f"{chain}\0mainnet\0".encode()
    sealed = seal(MASTER, iv, b"waiaas key 1\0" + INSTANCE + wallet + words + public, secret)
    return {
        "version": 1,
        "id": name,
        "type": kind,
        "chain": chain,
        "environment": "mainnet",
        "publicKey": public.hex(),
        "vault": INSTANCE.hex(),
        "crypto": {
            "cipher": "aes-256-gcm",
            "cipherparams": {"iv": sealed["iv"]},
            "ciphertext": sealed["ciphertext"],
            "tag": sealed["tag"],
            "kdf": "argon2id",
            "kdfparams": KDF,
            "masterKey": WRAPPED,
        },
        "metadata": {"createdAt": 1800000000, "lastUsedAt": None, "rotatedAt": None, "agentId": None},
    }


def write(name, record):
    path = Path(__file__).parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")


KEY = hash_secret_raw(
    PASSPHRASE.encode(),
    bytes.fromhex(KDF["salt"]),
    KDF["opslimit"],
    KDF["memlimit"] // 1024,
    KDF["parallelism"],
    KDF["hashLength"],
    Type.ID,
)
WRAPPED = seal(KEY, b"\x01" * 12, b"waiaas master key 1\0" + INSTANCE, MASTER)
write(
    "vault.json",
    {
        "version": 1,
        "instance": INSTANCE.hex(),
        "createdAt": 1800000000,
        "kdf": "argon2id",
        "kdfparams": KDF,
        "cipher": "aes-256-gcm",
        "masterKey": WRAPPED,
    },
)

scalar = b"\x46" * 32
point = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256K1()).public_key()
compressed = point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
name = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
write(f"keys/{name}.json", key_file(name, "secp256k1", "ethereum", scalar, compressed, b"\x02" * 12))

seed = b"\x2a" * 32
public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
name = "017f22e2-79b0-7cc3-98c4-dc0c0c073990"
write(f"keys/{name}.json", key_file(name, "ed25519", "solana", seed, raw, b"\x03" * 12))
