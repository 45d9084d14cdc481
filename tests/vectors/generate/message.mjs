// Vectors of messages: texts by EIP-191 and on Solana, typed data by EIP-712. Made by viem and
// @solana/kit, made alike by ethers; check.py asks eth-account and solders too.
import { createKeyPairFromPrivateKeyBytes, getAddressFromPublicKey, signBytes } from "@solana/kit";
import { TypedDataEncoder, Wallet, concat, hashMessage as ethersHashMessage } from "ethers";
import { hashDomain, hashMessage, hashTypedData, hexToBytes, parseSignature, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { EVM_KEY, EVM_WALLET, SOLANA_SEED, agree, writeAll } from "./common.mjs";

const account = privateKeyToAccount(EVM_KEY);
const ethersWallet = new Wallet(EVM_KEY);
const solanaKey = await createKeyPairFromPrivateKeyBytes(hexToBytes(SOLANA_SEED));
const solanaWallet = await getAddressFromPublicKey(solanaKey.publicKey);
const utf8 = (text) => new TextEncoder().encode(text);

async function evmSignature(digest, ...others) {
  const { r, s, yParity } = parseSignature(await account.sign({ hash: digest }));
  for (const other of others) agree("signature", other.slice(0, -2), concat([r, s]));
  return concat([r, s, yParity ? "0x01" : "0x00"]);
}

const texts = {
  hello: "hello",
  "of-one-line-and-another": "first\nsecond\r\n\tthird",
  "of-the-world": "grüße, 世界, 🦀",
  "of-one-letter": "x",
  "of-a-thousand-letters": "0123456789".repeat(100),
  "that-looks-like-a-hash": `0x${"ab".repeat(32)}`,
  "that-looks-like-a-login": [
    "example.org wants you to sign in with your Ethereum account:",
    EVM_WALLET,
    "",
    "I accept the terms of example.org.",
    "",
    "URI: https://example.org/login",
    "Version: 1",
    "Chain ID: 1",
    "Nonce: 32891756",
    "Issued At: 2026-11-22T16:25:24Z",
  ].join("\n"),
};

const named = (prefix, table) =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [`${prefix}-${name}`, entry]));

await writeAll("message", named("evm-text", texts), async (text, name) => {
  const digest = agree(name, hashMessage(text), ethersHashMessage(text));
  return {
    made_by: "viem, alike ethers and eth-account",
    kind: "evm_text",
    private_key: EVM_KEY,
    wallet: EVM_WALLET,
    bytes: toHex(text),
    digest,
    signature: await evmSignature(digest, await account.signMessage({ message: text }), await ethersWallet.signMessage(text)),
    meaning: { effects: [{ effect: "text", text }] },
  };
});

await writeAll("message", named("solana-text", texts), async (text) => ({
  made_by: "@solana/kit, alike solders",
  kind: "solana_text",
  private_key: SOLANA_SEED,
  wallet: solanaWallet,
  bytes: toHex(text),
  signature: toHex(await signBytes(solanaKey.privateKey, utf8(text))),
  meaning: { effects: [{ effect: "text", text }] },
}));

const TOKEN = "0x6B175474E89094C44Da98b954EedeAC495271d0F";
const OTHER_TOKEN = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const SPENDER = "0x3535353535353535353535353535353535353535";
const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const MAX = (2n ** 256n - 1n).toString();
const MAX_160 = (2n ** 160n - 1n).toString();
const fields = (list) => list.split(", ").map((field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] }));
const DOMAIN = fields("string name, string version, uint256 chainId, address verifyingContract");
const domain = (name, verifyingContract) => ({ name, version: "1", chainId: 1, verifyingContract });
const allowance = (token, spender, amount) => ({ effect: "allowance", token, spender, amount });
const tokenOut = (token, to, amount) => ({ effect: "token_out", token, to, amount });
const typed = ({ domain, primaryType }) => ({
  effect: "typed_data",
  chain_id: domain.chainId === undefined ? null : String(domain.chainId),
  verifying_contract: domain.verifyingContract ?? null,
  primary_type: primaryType,
});

const MAIL = "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC";
const authorization = fields(
  "address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce",
);
const authorized = {
  from: EVM_WALLET, to: SPENDER, value: "7", validAfter: "0", validBefore: "1900000000", nonce: `0x${"11".repeat(32)}`,
};
const details = fields("address token, uint160 amount, uint48 expiration, uint48 nonce");
const detail = (token, amount) => ({ token, amount, expiration: "1900000000", nonce: "0" });

/** Name: typed data as a wallet is given it, and what signing it is known to do. */
const typedData = {
  "mail-of-the-standard": [
    {
      types: {
        EIP712Domain: DOMAIN,
        Person: fields("string name, address wallet"),
        Mail: fields("Person from, Person to, string contents"),
      },
      primaryType: "Mail",
      domain: domain("Ether Mail", MAIL),
      message: {
        from: { name: "Cow", wallet: "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
        to: { name: "Bob", wallet: "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
        contents: "Hello, Bob!",
      },
    },
    [],
  ],
  "every-kind-of-value": [
    {
      types: {
        EIP712Domain: DOMAIN,
        Leaf: fields("bytes data, bytes4 tag, int256 depth"),
        Everything: fields(
          "bool yes, uint8 small, uint256 large, int8 below, int256 farBelow, bytes32 word, bytes1 one, bytes blob, " +
            "string text, address who, Leaf leaf, Leaf[] leaves, uint16[3] fixed, string[] words, uint256[][] nested, Leaf[] none",
        ),
      },
      primaryType: "Everything",
      domain: domain("Everything", TOKEN),
      message: {
        yes: true,
        small: "255",
        large: MAX,
        below: "-128",
        farBelow: (-(2n ** 255n)).toString(),
        word: `0x${"5a".repeat(32)}`,
        one: "0xff",
        blob: "0x",
        text: "",
        who: SPENDER,
        leaf: { data: "0x1234", tag: "0xdeadbeef", depth: "-1" },
        leaves: [
          { data: "0x", tag: "0x00000000", depth: "0" },
          { data: `0x${"77".repeat(40)}`, tag: "0xffffffff", depth: "1" },
        ],
        fixed: ["1", "2", "3"],
        words: ["a", "", "ü"],
        nested: [["1"], [], ["2", "3"]],
        none: [],
      },
    },
    [],
  ],
  "domain-with-a-salt-alone": [
    {
      types: { EIP712Domain: fields("bytes32 salt"), Vote: fields("uint256 proposal, bool support") },
      primaryType: "Vote",
      domain: { salt: `0x${"5a".repeat(32)}` },
      message: { proposal: "3", support: true },
    },
    [],
  ],
  "message-without-fields": [
    {
      types: { EIP712Domain: DOMAIN, Nothing: [] },
      primaryType: "Nothing",
      domain: domain("Nothing", TOKEN),
      message: {},
    },
    [],
  ],
  "permit-of-eip-2612": [
    {
      types: {
        EIP712Domain: DOMAIN,
        Permit: fields("address owner, address spender, uint256 value, uint256 nonce, uint256 deadline"),
      },
      primaryType: "Permit",
      domain: domain("USD Coin", OTHER_TOKEN),
      message: { owner: EVM_WALLET, spender: SPENDER, value: MAX, nonce: "0", deadline: "1900000000" },
    },
    [allowance(OTHER_TOKEN, SPENDER, MAX)],
  ],
  "permit-of-dai": [
    {
      types: {
        EIP712Domain: DOMAIN,
        Permit: fields("address holder, address spender, uint256 nonce, uint256 expiry, bool allowed"),
      },
      primaryType: "Permit",
      domain: domain("Dai Stablecoin", TOKEN),
      message: { holder: EVM_WALLET, spender: SPENDER, nonce: "0", expiry: "0", allowed: true },
    },
    [allowance(TOKEN, SPENDER, MAX)],
  ],
  "permit2-of-one-token": [
    {
      types: {
        EIP712Domain: fields("string name, uint256 chainId, address verifyingContract"),
        PermitSingle: fields("PermitDetails details, address spender, uint256 sigDeadline"),
        PermitDetails: details,
      },
      primaryType: "PermitSingle",
      domain: { name: "Permit2", chainId: 1, verifyingContract: PERMIT2 },
      message: { details: detail(TOKEN, MAX_160), spender: SPENDER, sigDeadline: "1900000000" },
    },
    [allowance(TOKEN, SPENDER, MAX)],
  ],
  "permit2-of-two-tokens": [
    {
      types: {
        EIP712Domain: fields("string name, uint256 chainId, address verifyingContract"),
        PermitBatch: fields("PermitDetails[] details, address spender, uint256 sigDeadline"),
        PermitDetails: details,
      },
      primaryType: "PermitBatch",
      domain: { name: "Permit2", chainId: 1, verifyingContract: PERMIT2 },
      message: { details: [detail(TOKEN, "5"), detail(OTHER_TOKEN, "7")], spender: SPENDER, sigDeadline: "1900000000" },
    },
    [allowance(TOKEN, SPENDER, "5"), allowance(OTHER_TOKEN, SPENDER, "7")],
  ],
  "permit2-of-one-transfer": [
    {
      types: {
        EIP712Domain: fields("string name, uint256 chainId, address verifyingContract"),
        PermitTransferFrom: fields("TokenPermissions permitted, address spender, uint256 nonce, uint256 deadline"),
        TokenPermissions: fields("address token, uint256 amount"),
      },
      primaryType: "PermitTransferFrom",
      domain: { name: "Permit2", chainId: 1, verifyingContract: PERMIT2 },
      message: { permitted: { token: TOKEN, amount: "9" }, spender: SPENDER, nonce: "0", deadline: "1900000000" },
    },
    [allowance(TOKEN, SPENDER, "9")],
  ],
  "transfer-of-eip-3009": [
    {
      types: { EIP712Domain: DOMAIN, TransferWithAuthorization: authorization },
      primaryType: "TransferWithAuthorization",
      domain: domain("USD Coin", OTHER_TOKEN),
      message: authorized,
    },
    [tokenOut(OTHER_TOKEN, SPENDER, "7")],
  ],
  "receipt-of-eip-3009": [
    {
      types: { EIP712Domain: DOMAIN, ReceiveWithAuthorization: authorization },
      primaryType: "ReceiveWithAuthorization",
      domain: domain("USD Coin", OTHER_TOKEN),
      message: authorized,
    },
    [tokenOut(OTHER_TOKEN, SPENDER, "7")],
  ],
  "transaction-of-a-safe": [
    {
      types: {
        EIP712Domain: fields("uint256 chainId, address verifyingContract"),
        SafeTx: fields(
          "address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, " +
            "uint256 gasPrice, address gasToken, address refundReceiver, uint256 nonce",
        ),
      },
      primaryType: "SafeTx",
      domain: { chainId: 1, verifyingContract: MAIL },
      message: {
        to: SPENDER, value: "5", data: "0x", operation: "0", safeTxGas: "0", baseGas: "0", gasPrice: "0",
        gasToken: `0x${"00".repeat(20)}`, refundReceiver: `0x${"00".repeat(20)}`, nonce: "1",
      },
    },
    [],
  ],
};

await writeAll("message", named("typed-data", typedData), async ([data, consequences], name) => {
  const { EIP712Domain, ...types } = data.types;
  const digest = agree(name, hashTypedData(data), TypedDataEncoder.hash(data.domain, types, data.message));
  const byEthers = await ethersWallet.signTypedData(data.domain, types, data.message);
  return {
    made_by: "viem, alike ethers and eth-account",
    kind: "typed_data",
    private_key: EVM_KEY,
    wallet: EVM_WALLET,
    typed_data: data,
    domain_separator: agree(name, hashDomain(data), TypedDataEncoder.hashDomain(data.domain)),
    digest,
    signature: await evmSignature(digest, await account.signTypedData(data), byEthers),
    meaning: { effects: [typed(data), ...consequences] },
  };
});
