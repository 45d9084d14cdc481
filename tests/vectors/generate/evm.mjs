// Vectors of EVM transactions: made by viem, made alike by ethers; check.py asks eth-account too.
import { Interface, Transaction, Wallet, concat, encodeRlp, getBytes } from "ethers";
import { encodeFunctionData, keccak256, parseAbi, parseSignature, serializeTransaction } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { EVM_KEY, EVM_WALLET, agree, write, writeAll } from "./common.mjs";

const account = privateKeyToAccount(EVM_KEY);
const ethersWallet = new Wallet(EVM_KEY);
agree("address", account.address, ethersWallet.address, EVM_WALLET);

const RECIPIENT = "0x3535353535353535353535353535353535353535";
const CONTRACT = "0x6B175474E89094C44Da98b954EedeAC495271d0F";
const THIRD = "0x00000000000000000000000000000000DeaDBeef";
const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const ZERO = "0x0000000000000000000000000000000000000000";
const KEY = (byte) => `0x${byte.repeat(32)}`;
const MAX = 2n ** 256n - 1n;
const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;

const abi = parseAbi([
  "function transfer(address to, uint256 amount)",
  "function transferFrom(address from, address to, uint256 amount)",
  "function approve(address spender, uint256 amount)",
  "function increaseAllowance(address spender, uint256 amount)",
  "function setApprovalForAll(address operator, bool approved)",
  "function deposit()",
  "function multicall(bytes[] data)",
  "function multicall(uint256 deadline, bytes[] data)",
  "function aggregate3((address target, bool allowFailure, bytes callData)[] calls)",
  "function execute(address target, uint256 value, bytes data)",
  "function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
  "function send(address to, uint256 amount, bytes data)",
  "function authorizeOperator(address operator)",
  "function safeTransferFrom(address from, address to, uint256 id)",
  "function safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)",
  "function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data)",
  "function transferOwnership(address to)",
  "function upgradeToAndCall(address code, bytes data)",
]);
const permit2Abi = parseAbi([
  "struct Details { address token; uint160 amount; uint48 expiration; uint48 nonce; }",
  "struct Batch { Details[] details; address spender; uint256 deadline; }",
  "function approve(address token, address spender, uint160 amount, uint48 expiration)",
  "function transferFrom(address from, address to, uint160 amount, address token)",
  "function permit(address owner, Batch batch, bytes signature)",
]);
const encode = (abi, functionName, args) =>
  agree(functionName, encodeFunctionData({ abi, functionName, args }), inEthersAbi(abi, functionName, args));
/** The same by ethers, which has to be told which of several functions of one name is meant. */
function inEthersAbi(abi, functionName, args) {
  const named = abi.filter((item) => item.name === functionName && item.inputs.length === args.length);
  return new Interface(named).encodeFunctionData(functionName, args);
}
const calls = (functionName, ...args) => encode(abi, functionName, args);
const permit2 = (functionName, ...args) => ({ ...token(encode(permit2Abi, functionName, args)), to: PERMIT2 });

const nativeOut = (to, amount) => ({ effect: "native_out", to, amount });
const tokenOut = (token, to, amount) => ({ effect: "token_out", token, to, amount });
const allowance = (token, spender, amount) => ({ effect: "allowance", token, spender, amount });
const call = (contract, selector) => ({ effect: "call", contract, selector });
const authority = (kind, subject, to) => ({ effect: "authority_change", kind, subject, to });
const operator = (subject, to) => authority("operator", subject, to);
const collectible = (id, amount) => ({ effect: "collectible_out", contract: CONTRACT, to: RECIPIENT, id, amount });
const unread = { effect: "opaque", reason: "unread_calls" };
const deploy = { effect: "deploy" };

const base = { chainId: 1, nonce: 9, gas: 21_000n, to: RECIPIENT, value: ETHER };
const legacy = { ...base, type: "legacy", gasPrice: 20n * GWEI };
const dynamic = { ...base, type: "eip1559", maxFeePerGas: 30n * GWEI, maxPriorityFeePerGas: 2n * GWEI };
const token = (data, more = {}) => ({ ...dynamic, gas: 65_000n, to: CONTRACT, value: 0n, data, ...more });
const accessList = [
  { address: CONTRACT, storageKeys: [KEY("00"), KEY("ff")] },
  { address: THIRD, storageKeys: [] },
];

/** Name: the transaction, and what it does. */
const transactions = {
  "legacy-payment": [legacy, [nativeOut(RECIPIENT, ETHER)]],
  "legacy-payment-on-a-large-chain-id": [{ ...legacy, chainId: 11_155_111 }, [nativeOut(RECIPIENT, ETHER)]],
  "legacy-token-transfer": [
    { ...legacy, gas: 65_000n, to: CONTRACT, value: 0n, data: calls("transfer", RECIPIENT, 1_000_000n) },
    [tokenOut(CONTRACT, RECIPIENT, 1_000_000n)],
  ],
  "access-list-payment": [{ ...base, type: "eip2930", gasPrice: 20n * GWEI, accessList }, [nativeOut(RECIPIENT, ETHER)]],
  "access-list-empty": [{ ...base, type: "eip2930", gasPrice: 1n, accessList: [] }, [nativeOut(RECIPIENT, ETHER)]],
  "dynamic-fee-payment": [dynamic, [nativeOut(RECIPIENT, ETHER)]],
  "dynamic-fee-payment-with-an-access-list": [{ ...dynamic, accessList }, [nativeOut(RECIPIENT, ETHER)]],
  "dynamic-fee-without-a-tip": [{ ...dynamic, maxPriorityFeePerGas: 0n }, [nativeOut(RECIPIENT, ETHER)]],
  "payment-of-nothing": [{ ...dynamic, nonce: 0, value: 0n }, [nativeOut(RECIPIENT, 0n)]],
  "payment-of-nothing-to-itself": [{ ...dynamic, to: EVM_WALLET, value: 0n }, []],
  "payment-to-itself": [{ ...dynamic, to: EVM_WALLET }, [nativeOut(EVM_WALLET, ETHER)]],
  "payment-of-everything-there-is": [{ ...dynamic, value: MAX }, [nativeOut(RECIPIENT, MAX)]],
  "payment-with-numbers-at-a-byte-boundary": [
    { ...dynamic, chainId: 128, nonce: 127, gas: 256n, value: 128n, maxFeePerGas: 65_536n, maxPriorityFeePerGas: 255n },
    [nativeOut(RECIPIENT, 128n)],
  ],
  "payment-with-the-largest-nonce-of-javascript": [
    { ...dynamic, nonce: Number.MAX_SAFE_INTEGER },
    [nativeOut(RECIPIENT, ETHER)],
  ],
  "token-transfer": [token(calls("transfer", RECIPIENT, 1_000_000n)), [tokenOut(CONTRACT, RECIPIENT, 1_000_000n)]],
  "token-transfer-with-coins": [
    token(calls("transfer", RECIPIENT, 5n), { value: 7n }),
    [nativeOut(CONTRACT, 7n), tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "token-transfer-from-the-wallet": [
    token(calls("transferFrom", EVM_WALLET, RECIPIENT, 5n)),
    [tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "token-transfer-from-somebody-else": [
    token(calls("transferFrom", THIRD, RECIPIENT, 5n)),
    [tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "token-approval": [token(calls("approve", THIRD, 5n)), [allowance(CONTRACT, THIRD, 5n)]],
  "token-approval-without-a-limit": [token(calls("approve", THIRD, MAX)), [allowance(CONTRACT, THIRD, MAX)]],
  "token-approval-taken-back": [token(calls("approve", THIRD, 0n)), [allowance(CONTRACT, THIRD, 0n)]],
  "token-approval-increased": [token(calls("increaseAllowance", THIRD, 5n)), [allowance(CONTRACT, THIRD, 5n)]],
  "operator-approval": [token(calls("setApprovalForAll", THIRD, true)), [operator(CONTRACT, THIRD)]],
  "operator-approval-taken-back": [token(calls("setApprovalForAll", THIRD, false)), [operator(CONTRACT, null)]],
  "token-transfer-with-a-dirty-address": [
    token(calls("transfer", RECIPIENT, 5n).replace("0".repeat(24), `01${"0".repeat(22)}`)),
    [call(CONTRACT, "0xa9059cbb"), unread],
  ],
  "token-transfer-with-a-byte-more": [
    token(`${calls("transfer", RECIPIENT, 5n)}00`),
    [call(CONTRACT, "0xa9059cbb"), unread],
  ],
  "call-of-a-function-that-is-not-known": [
    token(calls("deposit"), { value: 3n }),
    [nativeOut(CONTRACT, 3n), call(CONTRACT, "0xd0e30db0")],
  ],
  "call-of-a-multicall-round-a-transfer": [
    token(calls("multicall", [calls("transfer", RECIPIENT, 5n)])),
    [call(CONTRACT, "0xac9650d8"), tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "call-of-a-multicall-with-a-deadline": [
    token(calls("multicall", 1_900_000_000n, [calls("transfer", RECIPIENT, 5n), "0x", calls("approve", THIRD, 7n)])),
    [call(CONTRACT, "0x5ae401dc"), tokenOut(CONTRACT, RECIPIENT, 5n), call(CONTRACT, null), allowance(CONTRACT, THIRD, 7n)],
  ],
  "call-of-a-multicall-in-a-multicall": [
    token(calls("multicall", [calls("multicall", [calls("transfer", RECIPIENT, 5n)])])),
    [call(CONTRACT, "0xac9650d8"), call(CONTRACT, "0xac9650d8"), tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "call-of-a-multicall-with-a-byte-more": [
    token(`${calls("multicall", [calls("transfer", RECIPIENT, 5n)])}00`),
    [call(CONTRACT, "0xac9650d8"), unread],
  ],
  "call-of-a-contract-that-calls-others": [
    token(
      calls("aggregate3", [
        { target: THIRD, allowFailure: true, callData: calls("transferFrom", EVM_WALLET, RECIPIENT, 5n) },
        { target: THIRD, allowFailure: false, callData: calls("transferFrom", CONTRACT, RECIPIENT, 6n) },
        { target: THIRD, allowFailure: false, callData: calls("transfer", RECIPIENT, 7n) },
      ]),
    ),
    [call(CONTRACT, "0x82ad56cb"), tokenOut(THIRD, RECIPIENT, 5n)],
  ],
  "call-of-an-account-that-calls-another": [
    token(calls("execute", THIRD, 3n, calls("safeTransferFrom", EVM_WALLET, RECIPIENT, 7n))),
    [call(CONTRACT, "0xb61d27f6"), { ...collectible(7n, 1n), contract: THIRD }],
  ],
  "call-of-the-wallet-itself-round-a-payment": [
    { ...token(calls("execute", RECIPIENT, 3n, "0x")), to: EVM_WALLET },
    [call(EVM_WALLET, "0xb61d27f6"), nativeOut(RECIPIENT, 3n)],
  ],
  "permit-on-the-chain": [
    token(calls("permit", EVM_WALLET, THIRD, 5n, 1_900_000_000n, 27, KEY("01"), KEY("02"))),
    [allowance(CONTRACT, THIRD, 5n)],
  ],
  "token-sent-with-data": [token(calls("send", RECIPIENT, 5n, "0x1234")), [tokenOut(CONTRACT, RECIPIENT, 5n)]],
  "token-operator": [token(calls("authorizeOperator", THIRD)), [operator(CONTRACT, THIRD)]],
  "collectible-sent": [token(calls("safeTransferFrom", EVM_WALLET, RECIPIENT, 7n)), [collectible(7n, 1n)]],
  "collectibles-of-one-kind-sent": [
    token(calls("safeTransferFrom", EVM_WALLET, RECIPIENT, 7n, 5n, "0x")),
    [collectible(7n, 5n)],
  ],
  "collectibles-of-two-kinds-sent": [
    token(calls("safeBatchTransferFrom", EVM_WALLET, RECIPIENT, [7n, 8n], [5n, 6n], "0x1234")),
    [collectible(7n, 5n), collectible(8n, 6n)],
  ],
  "contract-given-away": [token(calls("transferOwnership", THIRD)), [authority("contract", CONTRACT, THIRD)]],
  "contract-with-new-code": [
    token(calls("upgradeToAndCall", THIRD, "0x1234")),
    [authority("contract", CONTRACT, THIRD)],
  ],
  "permit2-approval": [permit2("approve", CONTRACT, THIRD, 5n, 1_900_000_000), [allowance(CONTRACT, THIRD, 5n)]],
  "permit2-approval-without-a-limit": [
    permit2("approve", CONTRACT, THIRD, 2n ** 160n - 1n, 1_900_000_000),
    [allowance(CONTRACT, THIRD, MAX)],
  ],
  "permit2-transfer": [
    permit2("transferFrom", EVM_WALLET, RECIPIENT, 5n, CONTRACT),
    [tokenOut(CONTRACT, RECIPIENT, 5n)],
  ],
  "permit2-permit-for-two-tokens": [
    permit2(
      "permit",
      EVM_WALLET,
      {
        details: [CONTRACT, THIRD].map((token, nonce) => ({ token, amount: 5n, expiration: 1_900_000_000, nonce })),
        spender: RECIPIENT,
        deadline: 1_900_000_000n,
      },
      "0x1234",
    ),
    [allowance(CONTRACT, RECIPIENT, 5n), allowance(THIRD, RECIPIENT, 5n)],
  ],
  "permit2-approval-by-another-contract": [
    token(encode(permit2Abi, "approve", [CONTRACT, THIRD, 5n, 1_900_000_000])),
    [call(CONTRACT, "0x87517c45")],
  ],
  "call-with-data-shorter-than-a-selector": [token("0x00"), [call(CONTRACT, null)]],
  "call-with-one-byte-that-is-its-own-encoding": [token("0x7f"), [call(CONTRACT, null)]],
  "call-with-55-bytes": [token(`0x${"11".repeat(55)}`), [call(CONTRACT, "0x11111111")]],
  "call-with-56-bytes": [token(`0x${"11".repeat(56)}`), [call(CONTRACT, "0x11111111")]],
  "call-with-300-bytes": [token(`0x${"11".repeat(300)}`), [call(CONTRACT, "0x11111111")]],
  "contract-creation": [{ ...dynamic, gas: 100_000n, to: undefined, value: 0n, data: "0x6000" }, [deploy]],
  "contract-creation-with-coins": [
    { ...dynamic, gas: 100_000n, to: undefined, value: 3n, data: "0x6000" },
    [nativeOut(ZERO, 3n), deploy],
  ],
};

const ethersType = { legacy: 0, eip2930: 1, eip1559: 2 };

function inEthers({ type, gas, to, ...rest }) {
  return Transaction.from({ ...rest, type: ethersType[type], gasLimit: gas, to: to ?? null });
}

function described({ type, chainId, nonce, gas, to, value, data, ...fees }) {
  return { type, chainId, nonce, gasLimit: gas, to: to ?? null, value, data: data ?? "0x", ...fees };
}

await writeAll("evm", transactions, async ([transaction, effects], name) => {
  const other = inEthers(transaction);
  const unsigned = agree(name, serializeTransaction(transaction), other.unsignedSerialized);
  const digest = agree(name, keccak256(unsigned), other.unsignedHash);
  const signed = agree(name, await account.signTransaction(transaction), await ethersWallet.signTransaction(other));
  const { r, s, yParity } = parseSignature(await account.sign({ hash: digest }));
  const feePerGas = transaction.maxFeePerGas ?? transaction.gasPrice;
  return {
    made_by: "viem, alike ethers and eth-account",
    private_key: EVM_KEY,
    wallet: EVM_WALLET,
    transaction: described(transaction),
    unsigned,
    digest,
    signature: concat([r, s, yParity ? "0x01" : "0x00"]),
    signed,
    hash: keccak256(signed),
    meaning: {
      chain_id: BigInt(transaction.chainId),
      nonce: BigInt(transaction.nonce),
      fee_ceiling: transaction.gas * feePerGas,
      effects,
    },
  };
});

const hex = (value) => `0x${value.toString(16).padStart(2, "0")}`;
/** The items of a dynamic fee transaction, to be spoilt one at a time. */
const items = () => ["0x01", "0x09", hex(2n), "0x1e", "0x5208", RECIPIENT, "0x01", "0x", []];
const spoilt = (place, item) => {
  const list = items();
  list.splice(place, 1, item);
  return concat(["0x02", encodeRlp(list)]);
};
const good = concat(["0x02", encodeRlp(items())]);
const authorization = await account.signAuthorization({ address: CONTRACT, chainId: 1, nonce: 10 });

/** Name: the bytes, and the error, by its name in the codec; null where there may be several. */
const refused = {
  "refused-nothing-at-all": ["0x", "Truncated"],
  "refused-a-type-alone": ["0x02", "Truncated"],
  "refused-cut-off": [good.slice(0, -2), "Truncated"],
  "refused-a-byte-more": [`${good}00`, "TrailingBytes"],
  "refused-a-type-that-does-not-exist": [concat(["0x05", encodeRlp(items())]), "Unsupported"],
  "refused-blob-transaction": [
    serializeTransaction({
      ...dynamic,
      type: "eip4844",
      maxFeePerBlobGas: GWEI,
      blobVersionedHashes: [`0x01${"aa".repeat(31)}`],
    }),
    "Unsupported",
  ],
  "refused-set-code-transaction": [
    serializeTransaction({ ...dynamic, type: "eip7702", authorizationList: [authorization] }),
    "Unsupported",
  ],
  "refused-legacy-without-a-chain-id": [serializeTransaction({ ...legacy, chainId: undefined }), "NoChainId"],
  "refused-chain-id-zero": [spoilt(0, "0x"), "NoChainId"],
  "refused-leading-zero-in-the-chain-id": [spoilt(0, "0x0001"), "NotCanonical"],
  "refused-leading-zero-in-the-nonce": [spoilt(1, "0x0009"), "NotCanonical"],
  "refused-zero-as-a-byte": [spoilt(6, "0x00"), "NotCanonical"],
  "refused-value-of-33-bytes": [spoilt(6, `0x01${"00".repeat(32)}`), null],
  "refused-nonce-of-9-bytes": [spoilt(1, `0x01${"00".repeat(8)}`), null],
  "refused-recipient-of-19-bytes": [spoilt(5, `0x${"35".repeat(19)}`), null],
  "refused-recipient-of-21-bytes": [spoilt(5, `0x${"35".repeat(21)}`), null],
  "refused-recipient-that-is-a-list": [spoilt(5, []), null],
  "refused-access-list-that-is-a-text": [spoilt(8, "0x"), null],
  "refused-storage-key-of-31-bytes": [spoilt(8, [[CONTRACT, [`0x${"00".repeat(31)}`]]]), null],
  "refused-an-item-less": [concat(["0x02", encodeRlp(items().slice(0, 8))]), null],
  "refused-an-item-more": [concat(["0x02", encodeRlp([...items(), "0x"])]), null],
  "refused-one-byte-behind-a-length": [good.replace("021e", "02811e").replace("0x02df", "0x02e0"), "NotCanonical"],
  "refused-signed-transaction": [await account.signTransaction(dynamic), null],
  "refused-signed-legacy-transaction": [await account.signTransaction(legacy), null],
};

for (const [name, [unsigned, error]] of Object.entries(refused)) {
  getBytes(unsigned);
  write("evm", name, { made_by: "viem and ethers", wallet: EVM_WALLET, unsigned, error });
}
