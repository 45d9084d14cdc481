// Vectors of messages: texts by EIP-191 and on Solana, typed data by EIP-712. Made by viem and
// @solana/kit, made alike by ethers; check.py asks eth-account and solders too.
import { createKeyPairFromPrivateKeyBytes, getAddressFromPublicKey, signBytes } from "@solana/kit";
import { Interface, TypedDataEncoder, Wallet, concat, hashMessage as ethersHashMessage } from "ethers";
import {
  encodeFunctionData, hashDomain, hashMessage, hashTypedData, hexToBytes, parseAbi, parseSignature, toHex,
} from "viem";
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

const ZERO = `0x${"00".repeat(20)}`;
const WORD = `0x${"22".repeat(32)}`;
const nativeOut = (to, amount) => ({ effect: "native_out", to, amount });
const collectible = (contract, id, amount) => ({ effect: "collectible_out", contract, to: ZERO, id, amount });
const authority = (kind, subject, to) => ({ effect: "authority_change", kind, subject, to });
const unread = (why) => ({ effect: "opaque", reason: "typed_data", why });
const transfer = (to, amount) =>
  agree(
    "transfer",
    encodeFunctionData({ abi: parseAbi(["function transfer(address to, uint256 amount)"]), args: [to, amount] }),
    new Interface(["function transfer(address to, uint256 amount)"]).encodeFunctionData("transfer", [to, amount]),
  );
/** Typed data for a contract, from the encoding of its type. */
const of = (encoded, message, domainFields) => {
  const types = encoded.split(")").slice(0, -1).map((type) => type.split("("));
  return {
    types: {
      EIP712Domain: domainFields ? fields(domainFields) : DOMAIN,
      ...Object.fromEntries(types.map(([name, list]) => [name, fields(list.replaceAll(",", ", "))])),
    },
    primaryType: types[0][0],
    domain: domain("Some", MAIL),
    message,
  };
};
const safe = (message) =>
  of(
    "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice," +
      "address gasToken,address refundReceiver,uint256 nonce)",
    {
      value: "0", operation: "0", safeTxGas: "0", baseGas: "0", gasPrice: "0", gasToken: ZERO, refundReceiver: ZERO, nonce: "1",
      ...message,
    },
  );
const ITEMS =
  "ConsiderationItem(uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,uint256 endAmount," +
  "address recipient)OfferItem(uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,uint256 endAmount)";
const SEAPORT =
  "OrderComponents(address offerer,address zone,OfferItem[] offer,ConsiderationItem[] consideration,uint8 orderType," +
  `uint256 startTime,uint256 endTime,bytes32 zoneHash,uint256 salt,bytes32 conduitKey,uint256 counter)${ITEMS}`;
const item = (itemType, token, identifierOrCriteria, startAmount, endAmount) => ({
  itemType, token, identifierOrCriteria, startAmount, endAmount,
});
const seaport = (offer) => ({
  offerer: EVM_WALLET, zone: ZERO, offer, consideration: [{ ...item(0, ZERO, "0", "3", "3"), recipient: EVM_WALLET }],
  orderType: 0, startTime: "0", endTime: "1900000000", zoneHash: WORD, salt: "1", conduitKey: WORD, counter: "0",
});
const traded = {
  makerToken: TOKEN, takerToken: OTHER_TOKEN, makerAmount: "5", takerAmount: "9", maker: EVM_WALLET, taker: ZERO,
};
const asset = (token) => `0xf47261b0${"00".repeat(12)}${token.slice(2).toLowerCase()}`;

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
    [nativeOut(SPENDER, "5")],
  ],
  "token-transfer-of-a-safe": [safe({ to: TOKEN, value: "0", data: transfer(SPENDER, 5n) }), [tokenOut(TOKEN, SPENDER, "5")]],
  "safe-that-runs-other-code": [
    safe({ to: TOKEN, data: "0x12345678", operation: "1" }),
    [{ effect: "opaque", reason: "delegate_call", code: TOKEN }],
  ],
  "message-of-a-safe": [
    of("SafeMessage(bytes message)", { message: "0x1234" }),
    [unread("it is signed for an account of Safe")],
  ],
  "order-of-seaport": [
    of(SEAPORT, seaport([item(1, TOKEN, "0", "5", "9"), item(2, OTHER_TOKEN, "7", "1", "1")])),
    [tokenOut(TOKEN, ZERO, "9"), collectible(OTHER_TOKEN, "7", "1")],
  ],
  "order-of-seaport-for-coins": [of(SEAPORT, seaport([item(0, ZERO, "0", "5", "5")])), [nativeOut(ZERO, "5")]],
  "order-of-seaport-for-any-collectible": [
    of(SEAPORT, seaport([item(4, TOKEN, "0", "1", "1")])),
    [unread("it offers whichever collectible the other side chooses")],
  ],
  "orders-of-seaport-in-a-tree": [
    of(
      `BulkOrder(OrderComponents[2] tree)${ITEMS}${SEAPORT.replace(ITEMS, "")}`,
      { tree: [seaport([item(1, TOKEN, "0", "5", "5")]), seaport([])] },
    ),
    [unread("it is a tree of orders")],
  ],
  "limit-order-of-0x": [
    of(
      "LimitOrder(address makerToken,address takerToken,uint128 makerAmount,uint128 takerAmount," +
        "uint128 takerTokenFeeAmount,address maker,address taker,address sender,address feeRecipient,bytes32 pool," +
        "uint64 expiry,uint256 salt)",
      { ...traded, takerTokenFeeAmount: "1", sender: ZERO, feeRecipient: ZERO, pool: WORD, expiry: "1900000000", salt: "1" },
    ),
    [tokenOut(TOKEN, ZERO, "5")],
  ],
  "quote-of-0x": [
    of(
      "RfqOrder(address makerToken,address takerToken,uint128 makerAmount,uint128 takerAmount,address maker," +
        "address taker,address txOrigin,bytes32 pool,uint64 expiry,uint256 salt)",
      { ...traded, txOrigin: SPENDER, pool: WORD, expiry: "1900000000", salt: "1" },
    ),
    [tokenOut(TOKEN, ZERO, "5")],
  ],
  "order-of-the-third-version-of-0x": [
    of(
      "Order(address makerAddress,address takerAddress,address feeRecipientAddress,address senderAddress," +
        "uint256 makerAssetAmount,uint256 takerAssetAmount,uint256 makerFee,uint256 takerFee," +
        "uint256 expirationTimeSeconds,uint256 salt,bytes makerAssetData,bytes takerAssetData," +
        "bytes makerFeeAssetData,bytes takerFeeAssetData)",
      {
        makerAddress: EVM_WALLET, takerAddress: ZERO, feeRecipientAddress: ZERO, senderAddress: ZERO,
        makerAssetAmount: "5", takerAssetAmount: "9", makerFee: "2", takerFee: "0", expirationTimeSeconds: "1900000000",
        salt: "1", makerAssetData: asset(TOKEN), takerAssetData: asset(OTHER_TOKEN), makerFeeAssetData: asset(OTHER_TOKEN),
        takerFeeAssetData: "0x",
      },
    ),
    [tokenOut(TOKEN, ZERO, "5"), tokenOut(OTHER_TOKEN, ZERO, "2")],
  ],
  "order-of-cow": [
    of(
      "Order(address sellToken,address buyToken,address receiver,uint256 sellAmount,uint256 buyAmount,uint32 validTo," +
        "bytes32 appData,uint256 feeAmount,string kind,bool partiallyFillable,string sellTokenBalance,string buyTokenBalance)",
      {
        sellToken: TOKEN, buyToken: OTHER_TOKEN, receiver: SPENDER, sellAmount: "5", buyAmount: "9", validTo: "1900000000",
        appData: WORD, feeAmount: "0", kind: "sell", partiallyFillable: false, sellTokenBalance: "erc20",
        buyTokenBalance: "erc20",
      },
    ),
    [tokenOut(TOKEN, ZERO, "5")],
  ],
  "order-that-is-not-known": [
    of("Order(address trader,uint256 price)", { trader: EVM_WALLET, price: "1" }),
    [unread("it is an order of a market that is not known")],
  ],
  "permit2-with-an-order-as-its-witness": [
    {
      ...of(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline," +
          "DutchOrder witness)DutchOrder(address reactor,uint256 decayEndTime)TokenPermissions(address token,uint256 amount)",
        {
          permitted: { token: TOKEN, amount: "9" }, spender: SPENDER, nonce: "0", deadline: "1900000000",
          witness: { reactor: SPENDER, decayEndTime: "1900000000" },
        },
      ),
      domain: domain("Permit2", PERMIT2),
    },
    [allowance(TOKEN, SPENDER, "9")],
  ],
  "permit2-of-another-contract": [
    of("PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)", {
      permitted: { token: TOKEN, amount: "9" }, spender: SPENDER, nonce: "0", deadline: "1900000000",
    }),
    [unread("it is a permit of Permit2, for another contract")],
  ],
  "permit-with-other-fields": [
    of("Permit(address owner,address spender,uint256 amount,uint256 nonce,uint256 deadline)", {
      owner: EVM_WALLET, spender: SPENDER, amount: MAX, nonce: "0", deadline: "1900000000",
    }),
    [unread("it has the name of a known type, and other fields")],
  ],
  "permit-that-names-no-chain": [
    {
      ...of("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)", {
        owner: EVM_WALLET, spender: SPENDER, value: "5", nonce: "0", deadline: "1900000000",
      }, "address verifyingContract"),
      domain: { verifyingContract: TOKEN },
    },
    [{ effect: "opaque", reason: "every_chain" }, allowance(TOKEN, SPENDER, "5")],
  ],
  "permit-of-a-collectible": [
    of("Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)", {
      spender: SPENDER, tokenId: "7", nonce: "0", deadline: "1900000000",
    }),
    [authority("operator", MAIL, SPENDER)],
  ],
  "call-that-somebody-else-forwards": [
    of("ForwardRequest(address from,address to,uint256 value,uint256 gas,uint256 nonce,uint48 deadline,bytes data)", {
      from: EVM_WALLET, to: TOKEN, value: "0", gas: "50000", nonce: "0", deadline: "1900000000", data: transfer(SPENDER, 5n),
    }),
    [tokenOut(TOKEN, SPENDER, "5")],
  ],
  "call-of-a-token-that-somebody-else-forwards": [
    of("MetaTransaction(uint256 nonce,address from,bytes functionSignature)", {
      nonce: "0", from: EVM_WALLET, functionSignature: transfer(SPENDER, 5n),
    }),
    [tokenOut(MAIL, SPENDER, "5")],
  ],
  "transaction-of-a-network-of-zksync": [
    {
      ...of("Transaction(uint256 txType,uint256 from,uint256 to,uint256 gasLimit,uint256 gasPerPubdataByteLimit,uint256 maxFeePerGas,uint256 maxPriorityFeePerGas,uint256 paymaster,uint256 nonce,uint256 value,bytes data,bytes32[] factoryDeps,bytes paymasterInput)", {
        txType: "113", from: BigInt(EVM_WALLET).toString(), to: BigInt(SPENDER).toString(), gasLimit: "1", gasPerPubdataByteLimit: "1",
        maxFeePerGas: "1", maxPriorityFeePerGas: "0", paymaster: "0", nonce: "0", value: "5", data: "0x", factoryDeps: [], paymasterInput: "0x",
      }, "string name, string version, uint256 chainId"),
      domain: { name: "zkSync", version: "2", chainId: 324 },
    },
    [unread("it is a transaction of a network of zkSync")],
  ],
  delegation: [
    of("Delegation(address delegate,address delegator,bytes32 authority,Caveat[] caveats,uint256 salt)Caveat(address enforcer,bytes terms)", {
      delegate: SPENDER, delegator: EVM_WALLET, authority: WORD, caveats: [{ enforcer: TOKEN, terms: "0x1234" }], salt: "1",
    }),
    [authority("contract", EVM_WALLET, SPENDER)],
  ],
  "operation-of-an-account": [
    of(
      "PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits," +
        "uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData)",
      {
        sender: EVM_WALLET, nonce: "0", initCode: "0x", callData: "0x1234", accountGasLimits: WORD, preVerificationGas: "0",
        gasFees: WORD, paymasterAndData: "0x",
      },
    ),
    [unread("it is an operation of an account that is a contract (ERC-4337)")],
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
