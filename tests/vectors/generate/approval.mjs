// Vectors of owners' approvals: approval.json has questions, and how the codec words them
// (docs/approval.md). Here owners sign the words with viem and @solana/kit, and ethers signs alike;
// check.py asks eth-account and solders too.
import { readFileSync } from "node:fs";
import { createKeyPairFromPrivateKeyBytes, getAddressFromPublicKey, signBytes } from "@solana/kit";
import { TypedDataEncoder, Wallet, hashMessage as ethersHashMessage } from "ethers";
import { hashDomain, hashMessage, hashTypedData, hexToBytes, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { agree, write } from "./common.mjs";

/** Private keys of an owner on each kind of chain; the wallets have others. */
const EVM_OWNER = `0x${"45".repeat(32)}`;
const SOLANA_OWNER = `0x${"29".repeat(32)}`;

const evmOwner = privateKeyToAccount(EVM_OWNER);
const ethersOwner = new Wallet(EVM_OWNER);
const solanaOwner = await createKeyPairFromPrivateKeyBytes(hexToBytes(SOLANA_OWNER));

const byEvm = {
  made_by: "viem, alike ethers and eth-account",
  private_key: EVM_OWNER,
  owner: agree("owner", evmOwner.address, ethersOwner.address),
};

async function evmText(name, { question, text }) {
  return {
    ...byEvm,
    kind: "evm_text",
    question,
    text,
    digest: agree(name, hashMessage(text), ethersHashMessage(text)),
    signature: agree(name, await evmOwner.signMessage({ message: text }), await ethersOwner.signMessage(text)),
  };
}

async function typedData(name, { question, typed_data }) {
  const { domain, message } = typed_data;
  const { EIP712Domain, ...types } = typed_data.types;
  return {
    ...byEvm,
    kind: "typed_data",
    question,
    typed_data,
    domain_separator: agree(name, hashDomain(typed_data), TypedDataEncoder.hashDomain(domain)),
    digest: agree(name, hashTypedData(typed_data), TypedDataEncoder.hash(domain, types, message)),
    signature: agree(name, await evmOwner.signTypedData(typed_data), await ethersOwner.signTypedData(domain, types, message)),
  };
}

async function solanaText(_, { question, text }) {
  return {
    made_by: "@solana/kit, alike solders",
    private_key: SOLANA_OWNER,
    owner: await getAddressFromPublicKey(solanaOwner.publicKey),
    kind: "solana_text",
    question,
    text,
    signature: toHex(await signBytes(solanaOwner.privateKey, new TextEncoder().encode(text))),
  };
}

const questions = JSON.parse(readFileSync(new URL("approval.json", import.meta.url), "utf8"));
for (const [name, entry] of Object.entries(questions)) {
  const forms = entry.typed_data ? { "as-text": evmText, "as-typed-data": typedData } : { "as-text": solanaText };
  for (const [form, make] of Object.entries(forms)) {
    write("approval", `${name}-${form}`, await make(`${name}-${form}`, entry));
  }
}
