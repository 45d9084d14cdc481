// Vectors of Solana transactions: instructions of @solana-program/* and, where those have none, of
// @solana/web3.js and @solana/spl-token; messages compiled and signed by @solana/kit. check.py asks
// solders whether it reads and signs them alike.
import {
  address,
  appendTransactionMessageInstructions,
  compileTransaction,
  compressTransactionMessageUsingAddressLookupTables,
  createKeyPairSignerFromPrivateKeyBytes,
  createNoopSigner,
  createTransactionMessage,
  getAddressDecoder,
  getBase58Decoder,
  getSignatureFromTransaction,
  getTransactionEncoder,
  partiallySignTransaction,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
} from "@solana/kit";
import * as budget from "@solana-program/compute-budget";
import { LEGACY_MEMO_PROGRAM_ADDRESS_V3, MEMO_PROGRAM_ADDRESS, getAddMemoInstruction } from "@solana-program/memo";
import * as system from "@solana-program/system";
import * as token from "@solana-program/token";
import { createTransferCheckedWithFeeInstruction } from "@solana/spl-token";
import * as web3 from "@solana/web3.js";
import { concat, hexToBytes, toHex } from "viem";
import { SOLANA_SEED, agree, write } from "./common.mjs";

const wallet = await createKeyPairSignerFromPrivateKeyBytes(hexToBytes(SOLANA_SEED));
const WALLET = wallet.address;
const at = (byte) => getAddressDecoder().decode(new Uint8Array(32).fill(byte));
const [OTHER, MINT, ACCOUNT, PROGRAM, NONCE] = [2, 3, 4, 5, 6].map(at);
const other = createNoopSigner(OTHER);
const BLOCKHASH = getBase58Decoder().decode(new Uint8Array(32).fill(9));
const NOBODY = system.SYSTEM_PROGRAM_ADDRESS;
const { TOKEN_PROGRAM_ADDRESS, ASSOCIATED_TOKEN_PROGRAM_ADDRESS } = token;
const TOKEN_2022 = address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const UPGRADEABLE_LOADER = address("BPFLoaderUpgradeab1e11111111111111111111111");
const ED25519 = address("Ed25519SigVerify111111111111111111111111111");
const key = (text) => new web3.PublicKey(text);

async function associated(owner, tokenProgram) {
  const [account] = await token.findAssociatedTokenPda({ owner, mint: MINT, tokenProgram });
  return account;
}

const OWN = await associated(WALLET, TOKEN_PROGRAM_ADDRESS);
const THEIRS = await associated(OTHER, TOKEN_PROGRAM_ADDRESS);
const OWN_2022 = await associated(WALLET, TOKEN_2022);
const THEIRS_2022 = await associated(OTHER, TOKEN_2022);

const TEN = await Promise.all(
  Array.from({ length: 10 }, async (_, i) => ({ owner: at(100 + i), ata: await associated(at(100 + i), TOKEN_PROGRAM_ADDRESS) })),
);

/** An instruction of web3.js as one of kit. */
const fromWeb3 = ({ programId, keys, data }) => ({
  programAddress: address(programId.toBase58()),
  accounts: keys.map(({ pubkey, isSigner, isWritable }) => ({
    address: address(pubkey.toBase58()),
    role: (isSigner ? 2 : 0) + (isWritable ? 1 : 0),
  })),
  data: new Uint8Array(data),
});

/** An instruction of kit as one of web3.js. */
const toWeb3 = ({ programAddress, accounts = [], data }) =>
  new web3.TransactionInstruction({
    programId: key(programAddress),
    keys: accounts.map((account) => ({
      pubkey: key(account.address),
      isSigner: account.role >= 2,
      isWritable: account.role % 2 === 1,
    })),
    data: Buffer.from(data),
  });

const pay = (amount, destination = OTHER) =>
  system.getTransferSolInstruction({ source: wallet, destination, amount });
const limit = (units) => budget.getSetComputeUnitLimitInstruction({ units });
const price = (microLamports) => budget.getSetComputeUnitPriceInstruction({ microLamports });
const sendToken = (destination, more = {}, program = TOKEN_PROGRAM_ADDRESS) =>
  token.getTransferCheckedInstruction(
    { source: OWN, mint: MINT, destination, authority: wallet, amount: 7n, decimals: 6, ...more },
    { programAddress: program },
  );
const creation = { payer: wallet, mint: MINT, owner: OTHER, ata: THEIRS };
const createIdempotent = (more = {}) =>
  token.getCreateAssociatedTokenIdempotentInstruction({ ...creation, ...more });
const own2022 = { source: OWN_2022 };
const new2022 = { ata: THEIRS_2022, tokenProgram: TOKEN_2022 };
const note = (text, programAddress = LEGACY_MEMO_PROGRAM_ADDRESS_V3, signers = []) =>
  getAddMemoInstruction({ memo: text, signers }, { programAddress });
const byTag = (programAddress, data, ...accounts) => ({
  programAddress,
  accounts: accounts.map((name) => ({ address: name, role: name === WALLET ? 3 : 1 })),
  data: Uint8Array.from(data),
});

const withAccounts = (instruction, ...more) => ({
  ...instruction,
  accounts: [...instruction.accounts, ...more.map((name) => ({ address: name, role: 0 }))],
});

const nativeOut = (to, amount) => ({ effect: "native_out", to, amount });
const tokenOut = (to, amount) => ({ effect: "token_out", token: MINT, to, amount });
const rent = (account, amount, owner = OTHER) => ({ effect: "rent", account, owner, amount });
const memo = (text) => ({ effect: "memo", text });
const authority = (kind, subject, to) => ({ effect: "authority_change", kind, subject, to });
const opaque = (reason, facts = {}) => ({ effect: "opaque", reason, ...facts });
const notRead = (program, tag) => opaque("unknown_instruction", { program, tag });
/** Rent exemption of 165 bytes, and the most that the codec allows for Token-2022: 256 bytes. */
const TOKEN_RENT = (128n + 165n) * 6960n;
const TOKEN_2022_RENT = (128n + 256n) * 6960n;
const SEEDED = { base: wallet, baseAccount: wallet, seed: "abc", programAddress: PROGRAM };

const staked = { stakePubkey: key(ACCOUNT), authorizedPubkey: key(WALLET) };

/** Name: the instructions, what they do, and what differs from a message of version 0 for 5000 lamports. */
const transactions = {
  payment: [[pay(1_000_000_000n)], [nativeOut(OTHER, 1_000_000_000n)]],
  "payment-in-a-legacy-message": [[pay(1n)], [nativeOut(OTHER, 1n)], { version: "legacy" }],
  "payment-of-everything-there-is": [[pay(2n ** 64n - 1n)], [nativeOut(OTHER, 2n ** 64n - 1n)]],
  "payment-to-itself": [[pay(5n, WALLET)], [nativeOut(WALLET, 5n)]],
  "payment-with-a-priority-fee": [
    [limit(300), price(1n), pay(5n)],
    [nativeOut(OTHER, 5n)],
    { fee: 5001n },
  ],
  "payment-with-a-price-and-no-limit": [[price(1_000_000n), pay(5n)], [nativeOut(OTHER, 5n)], { fee: 405_000n }],
  "payment-with-a-limit-above-the-most": [
    [limit(2 ** 32 - 1), price(1_000_000n), pay(5n)],
    [nativeOut(OTHER, 5n)],
    { fee: 1_405_000n },
  ],
  "payment-with-a-memo": [
    [pay(5n), note("grüße, 世界")],
    [nativeOut(OTHER, 5n), memo("grüße, 世界")],
  ],
  "payment-with-a-memo-of-the-first-version": [
    [note("hi", address("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")), pay(5n)],
    [memo("hi"), nativeOut(OTHER, 5n)],
  ],
  "payment-with-a-memo-that-the-wallet-signs": [[note("hi", undefined, [wallet]), pay(5n)], [memo("hi"), nativeOut(OTHER, 5n)]],
  "memo-of-the-fourth-version": [[note("hi", MEMO_PROGRAM_ADDRESS)], [memo("hi")]],
  "memo-of-the-fourth-version-that-the-wallet-signs": [
    [note("hi", MEMO_PROGRAM_ADDRESS, [wallet])],
    [notRead(MEMO_PROGRAM_ADDRESS, 104)],
  ],
  "payments-to-twenty-accounts": [
    Array.from({ length: 20 }, (_, i) => pay(BigInt(i), at(100 + i))),
    Array.from({ length: 20 }, (_, i) => nativeOut(at(100 + i), BigInt(i))),
  ],
  "payment-of-somebody-else": [
    [system.getTransferSolInstruction({ source: other, destination: WALLET, amount: 5n })],
    [opaque("other_signers")],
    { feePayer: WALLET, fee: 10_000n },
  ],
  "payment-that-somebody-else-pays-for": [
    [pay(5n, at(7))],
    [opaque("other_signers"), nativeOut(at(7), 5n)],
    { feePayer: OTHER, fee: 10_000n },
  ],
  "payment-from-a-derived-account": [
    [
      fromWeb3(
        web3.SystemProgram.transfer({
          fromPubkey: key(ACCOUNT), basePubkey: key(WALLET), toPubkey: key(OTHER), lamports: 5, seed: "abc",
          programId: key(PROGRAM),
        }),
      ),
    ],
    [nativeOut(OTHER, 5n)],
  ],
  "account-created": [
    [system.getCreateAccountInstruction({ payer: wallet, newAccount: other, lamports: 5n, space: 80n, programAddress: PROGRAM })],
    [opaque("other_signers"), nativeOut(OTHER, 5n), authority("account_program", OTHER, PROGRAM)],
    { fee: 10_000n },
  ],
  "account-created-with-a-seed": [
    [system.getCreateAccountWithSeedInstruction({ payer: wallet, newAccount: ACCOUNT, amount: 5n, space: 80n, ...SEEDED, base: WALLET })],
    [nativeOut(ACCOUNT, 5n), authority("account_program", ACCOUNT, PROGRAM)],
  ],
  "wallet-assigned-to-a-program": [
    [system.getAssignInstruction({ account: wallet, programAddress: PROGRAM })],
    [authority("account_program", WALLET, PROGRAM)],
  ],
  "derived-account-assigned-to-a-program": [
    [system.getAssignWithSeedInstruction({ account: ACCOUNT, ...SEEDED, base: WALLET })],
    [authority("account_program", ACCOUNT, PROGRAM)],
  ],
  "derived-account-allocated-for-a-program": [
    [system.getAllocateWithSeedInstruction({ newAccount: ACCOUNT, space: 80n, ...SEEDED, base: WALLET })],
    [authority("account_program", ACCOUNT, PROGRAM)],
  ],
  "wallet-allocated": [
    [system.getAllocateInstruction({ newAccount: wallet, space: 80n })],
    [notRead(NOBODY, 8)],
  ],
  "durable-nonce-advanced": [
    [system.getAdvanceNonceAccountInstruction({ nonceAccount: NONCE, nonceAuthority: wallet }), pay(5n)],
    [opaque("durable_nonce"), nativeOut(OTHER, 5n)],
  ],
  "durable-nonce-withdrawn": [
    [
      system.getWithdrawNonceAccountInstruction({
        nonceAccount: NONCE, recipientAccount: OTHER, nonceAuthority: wallet, withdrawAmount: 5n,
      }),
    ],
    [nativeOut(OTHER, 5n)],
  ],
  "durable-nonce-given-away": [
    [
      system.getAuthorizeNonceAccountInstruction({
        nonceAccount: NONCE, nonceAuthority: wallet, newNonceAuthority: OTHER,
      }),
    ],
    [authority("nonce_account", NONCE, OTHER)],
  ],
  "durable-nonce-made": [
    [system.getInitializeNonceAccountInstruction({ nonceAccount: NONCE, nonceAuthority: OTHER })],
    [authority("nonce_account", NONCE, OTHER)],
  ],
  "durable-nonce-upgraded": [[system.getUpgradeNonceAccountInstruction({ nonceAccount: NONCE })], []],
  "token-transfer": [[sendToken(ACCOUNT)], [tokenOut(ACCOUNT, 7n)]],
  "token-transfer-in-a-legacy-message": [[sendToken(ACCOUNT)], [tokenOut(ACCOUNT, 7n)], { version: "legacy" }],
  "token-transfer-to-a-new-account": [
    [createIdempotent(), sendToken(THEIRS)],
    [rent(THEIRS, TOKEN_RENT), tokenOut(OTHER, 7n)],
  ],
  "token-transfer-to-an-account-that-must-be-new": [
    [token.getCreateAssociatedTokenInstruction(creation), sendToken(THEIRS)],
    [rent(THEIRS, TOKEN_RENT), tokenOut(OTHER, 7n)],
  ],
  "token-transfer-to-an-account-that-is-not-the-created-one": [
    [createIdempotent(), sendToken(ACCOUNT)],
    [rent(THEIRS, TOKEN_RENT), tokenOut(ACCOUNT, 7n)],
  ],
  "token-account-that-is-not-the-derived-one": [
    [createIdempotent({ ata: ACCOUNT }), sendToken(ACCOUNT)],
    [notRead(ASSOCIATED_TOKEN_PROGRAM_ADDRESS, 1), tokenOut(ACCOUNT, 7n)],
  ],
  "token-account-of-a-program-that-is-not-known": [
    [createIdempotent({ ata: await associated(OTHER, PROGRAM), tokenProgram: PROGRAM })],
    [notRead(ASSOCIATED_TOKEN_PROGRAM_ADDRESS, 1)],
  ],
  "token-2022-transfer-to-a-new-account": [
    [createIdempotent(new2022), sendToken(THEIRS_2022, own2022, TOKEN_2022)],
    [rent(THEIRS_2022, TOKEN_2022_RENT), tokenOut(OTHER, 7n)],
  ],
  "token-2022-transfer-with-a-fee": [
    [
      fromWeb3(
        createTransferCheckedWithFeeInstruction(
          key(OWN_2022), key(MINT), key(ACCOUNT), key(WALLET), 7n, 6, 1n, [], key(TOKEN_2022),
        ),
      ),
    ],
    [tokenOut(ACCOUNT, 7n)],
  ],
  "token-2022-transfer-with-accounts-for-a-hook": [
    [withAccounts(sendToken(ACCOUNT, own2022, TOKEN_2022), PROGRAM, at(7))],
    [notRead(TOKEN_2022, 12)],
  ],
  "token-accounts-for-ten-owners": [
    TEN.map(({ owner, ata }) => createIdempotent({ owner, ata })),
    TEN.map(({ owner, ata }) => rent(ata, TOKEN_RENT, owner)),
  ],
  "token-account-of-the-wallet-itself": [
    [createIdempotent({ owner: WALLET, ata: OWN })],
    [rent(OWN, TOKEN_RENT, null)],
  ],
  "token-account-at-the-expense-of-somebody-else": [
    [createIdempotent({ payer: other })],
    [opaque("other_signers")],
    { fee: 10_000n },
  ],
  "token-transfer-of-a-mint-that-is-not-named": [
    [token.getTransferInstruction({ source: OWN, destination: ACCOUNT, authority: wallet, amount: 7n })],
    [opaque("unknown_token", { from: OWN })],
  ],
  "token-transfer-with-signers-of-a-multisig": [
    [sendToken(ACCOUNT, { authority: PROGRAM, multiSigners: [wallet] })],
    [notRead(TOKEN_PROGRAM_ADDRESS, 12)],
  ],
  "token-approval": [
    [token.getApproveCheckedInstruction({ source: OWN, mint: MINT, delegate: OTHER, owner: wallet, amount: 7n, decimals: 6 })],
    [{ effect: "allowance", token: MINT, spender: OTHER, amount: 7n }],
  ],
  "token-approval-of-a-mint-that-is-not-named": [
    [token.getApproveInstruction({ source: OWN, delegate: OTHER, owner: wallet, amount: 7n })],
    [opaque("unknown_token", { from: OWN })],
  ],
  "token-2022-approval": [
    [
      token.getApproveCheckedInstruction(
        { source: OWN_2022, mint: MINT, delegate: OTHER, owner: wallet, amount: 7n, decimals: 6 },
        { programAddress: TOKEN_2022 },
      ),
    ],
    [{ effect: "allowance", token: MINT, spender: OTHER, amount: 7n }],
  ],
  "collectible-sent": [
    [createIdempotent(), sendToken(THEIRS, { amount: 1n, decimals: 0 })],
    [rent(THEIRS, TOKEN_RENT), tokenOut(OTHER, 1n)],
  ],
  "batch-of-payments-tokens-and-an-approval": [
    [
      pay(5n),
      createIdempotent(),
      sendToken(THEIRS),
      token.getApproveCheckedInstruction({ source: OWN, mint: MINT, delegate: ACCOUNT, owner: wallet, amount: 3n, decimals: 6 }),
      sendToken(THEIRS, { amount: 8n }),
    ],
    [
      nativeOut(OTHER, 5n),
      rent(THEIRS, TOKEN_RENT),
      tokenOut(OTHER, 7n),
      { effect: "allowance", token: MINT, spender: ACCOUNT, amount: 3n },
      tokenOut(OTHER, 8n),
    ],
  ],
  "token-approval-taken-back": [[token.getRevokeInstruction({ source: OWN, owner: wallet })], []],
  "token-account-given-away": [
    [token.getSetAuthorityInstruction({ owned: OWN, owner: wallet, authorityType: token.AuthorityType.AccountOwner, newAuthority: OTHER })],
    [authority("token_account", OWN, OTHER)],
  ],
  "token-mint-authority-given-up": [
    [token.getSetAuthorityInstruction({ owned: MINT, owner: wallet, authorityType: token.AuthorityType.MintTokens, newAuthority: null })],
    [authority("mint", MINT, null)],
  ],
  "tokens-burnt": [
    [token.getBurnCheckedInstruction({ account: OWN, mint: MINT, authority: wallet, amount: 7n, decimals: 6 })],
    [tokenOut(NOBODY, 7n)],
  ],
  "tokens-burnt-without-decimals": [
    [token.getBurnInstruction({ account: OWN, mint: MINT, authority: wallet, amount: 7n })],
    [tokenOut(NOBODY, 7n)],
  ],
  "tokens-minted": [
    [token.getMintToInstruction({ mint: MINT, token: ACCOUNT, mintAuthority: wallet, amount: 7n })],
    [notRead(TOKEN_PROGRAM_ADDRESS, 7)],
  ],
  "token-account-closed": [[token.getCloseAccountInstruction({ account: OWN, destination: WALLET, owner: wallet })], []],
  "token-account-closed-for-somebody-else": [
    [token.getCloseAccountInstruction({ account: OWN, destination: OTHER, owner: wallet })],
    [notRead(TOKEN_PROGRAM_ADDRESS, 9)],
  ],
  "program-that-is-not-known": [
    [pay(5n), byTag(PROGRAM, [1, 2, 3], WALLET, ACCOUNT)],
    [nativeOut(OTHER, 5n), opaque("unknown_program", { program: PROGRAM })],
  ],
  "stake-authority-given-away": [
    [
      fromWeb3(
        web3.StakeProgram.authorize({
          stakePubkey: key(ACCOUNT), authorizedPubkey: key(WALLET), newAuthorizedPubkey: key(OTHER),
          stakeAuthorizationType: web3.StakeAuthorizationLayout.Withdrawer,
        }).instructions[0],
      ),
    ],
    [authority("stake", ACCOUNT, OTHER)],
  ],
  "stake-delegated": [
    [fromWeb3(web3.StakeProgram.delegate({ ...staked, votePubkey: key(OTHER) }).instructions[0])],
    [authority("stake", ACCOUNT, OTHER)],
  ],
  "stake-deactivated": [
    [fromWeb3(web3.StakeProgram.deactivate(staked).instructions[0])],
    [authority("stake", ACCOUNT, null)],
  ],
  "stake-withdrawn": [
    [fromWeb3(web3.StakeProgram.withdraw({ ...staked, toPubkey: key(OTHER), lamports: 5 }).instructions[0])],
    [nativeOut(OTHER, 5n)],
  ],
  "stake-withdrawn-to-the-wallet": [
    [fromWeb3(web3.StakeProgram.withdraw({ ...staked, toPubkey: key(WALLET), lamports: 5 }).instructions[0])],
    [],
  ],
  "stake-split": [
    [fromWeb3(web3.StakeProgram.splitInstruction({ ...staked, splitStakePubkey: key(OTHER), lamports: 5 }))],
    [authority("stake", OTHER, WALLET)],
  ],
  "stake-for-somebody-else": [
    [
      fromWeb3(
        web3.StakeProgram.initialize({
          stakePubkey: key(ACCOUNT), authorized: new web3.Authorized(key(WALLET), key(OTHER)),
        }),
      ),
    ],
    [authority("stake", ACCOUNT, WALLET), authority("stake", ACCOUNT, OTHER)],
  ],
  "stake-locked-up": [
    [
      fromWeb3(
        web3.StakeProgram.initialize({
          stakePubkey: key(ACCOUNT), authorized: new web3.Authorized(key(WALLET), key(WALLET)),
          lockup: new web3.Lockup(1, 0, key(OTHER)),
        }),
      ),
    ],
    [notRead(web3.StakeProgram.programId.toBase58(), 0)],
  ],
  "vote-account-given-away": [
    [
      fromWeb3(
        web3.VoteProgram.authorize({
          votePubkey: key(ACCOUNT), authorizedPubkey: key(WALLET), newAuthorizedPubkey: key(OTHER),
          voteAuthorizationType: web3.VoteAuthorizationLayout.Withdrawer,
        }).instructions[0],
      ),
    ],
    [authority("stake", ACCOUNT, OTHER)],
  ],
  "program-replaced": [
    [byTag(UPGRADEABLE_LOADER, [3, 0, 0, 0], ACCOUNT, PROGRAM, MINT, OTHER, at(7), at(8), WALLET)],
    [authority("program", PROGRAM, MINT)],
  ],
  "program-closed": [
    [byTag(UPGRADEABLE_LOADER, [5, 0, 0, 0], ACCOUNT, OTHER, WALLET, PROGRAM)],
    [authority("program", ACCOUNT, OTHER)],
  ],
  "vote-account-emptied": [
    [
      fromWeb3(
        web3.VoteProgram.withdraw({
          votePubkey: key(ACCOUNT), authorizedWithdrawerPubkey: key(WALLET), toPubkey: key(OTHER), lamports: 5,
        }).instructions[0],
      ),
    ],
    [nativeOut(OTHER, 5n)],
  ],
  "upgrade-authority-of-a-program-given-away": [
    [byTag(UPGRADEABLE_LOADER, [4, 0, 0, 0], ACCOUNT, WALLET, OTHER)],
    [authority("program", ACCOUNT, OTHER)],
  ],
  "signatures-checked-for-a-fee": [
    [byTag(ED25519, [2, 0]), pay(5n)],
    [opaque("unknown_program", { program: ED25519 }), nativeOut(OTHER, 5n)],
    { fee: 15_000n },
  ],
  "accounts-in-a-lookup-table": [
    [pay(5n), byTag(system.SYSTEM_PROGRAM_ADDRESS, [2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0], WALLET, ACCOUNT)],
    [opaque("lookup_tables"), nativeOut(OTHER, 5n), notRead(NOBODY, 2)],
    { tables: { [at(8)]: [ACCOUNT] } },
  ],
};

function compiled(instructions, { version = 0, feePayer = WALLET, tables }) {
  const lifetime = { blockhash: BLOCKHASH, lastValidBlockHeight: 1n };
  const empty = setTransactionMessageFeePayer(feePayer, createTransactionMessage({ version }));
  const timed = setTransactionMessageLifetimeUsingBlockhash(lifetime, empty);
  const message = appendTransactionMessageInstructions(instructions, timed);
  return compileTransaction(tables ? compressTransactionMessageUsingAddressLookupTables(message, tables) : message);
}

/** web3.js sorts the accounts of a legacy message like kit. */
function legacyByWeb3(instructions) {
  const transaction = new web3.Transaction({ feePayer: key(WALLET), blockhash: BLOCKHASH, lastValidBlockHeight: 1 });
  return toHex(transaction.add(...instructions.map(toWeb3)).serializeMessage());
}

const described = (instructions) =>
  instructions.map(({ programAddress, accounts = [], data }) => ({
    program: programAddress,
    accounts: accounts.map(({ address, role }) => ({ address, signer: role >= 2, writable: role % 2 === 1 })),
    data: toHex(data),
  }));

async function signedVector(unsigned, effects, { fee = 5000n, feePayer = WALLET } = {}) {
  const transaction = { messageBytes: hexToBytes(unsigned), signatures: { [WALLET]: null } };
  const signed = await partiallySignTransaction([wallet.keyPair], transaction);
  const alone = feePayer === WALLET && hexToBytes(unsigned).at(unsigned.startsWith("0x80") ? 1 : 0) === 1;
  return {
    private_key: SOLANA_SEED,
    wallet: WALLET,
    unsigned,
    signature: toHex(signed.signatures[WALLET]),
    ...(alone && { signed: toHex(getTransactionEncoder().encode(signed)), hash: getSignatureFromTransaction(signed) }),
    meaning: { fee_payer: feePayer, fee_ceiling: fee, effects },
  };
}

for (const [name, [instructions, effects, options = {}]] of Object.entries(transactions)) {
  const unsigned = toHex(compiled(instructions, options).messageBytes);
  if (options.version === "legacy") agree(name, unsigned, legacyByWeb3(instructions));
  write("solana", name, {
    made_by: "@solana/kit, read alike by solders",
    version: options.version ?? 0,
    blockhash: BLOCKHASH,
    ...(!options.tables && { instructions: described(instructions) }),
    ...(await signedVector(unsigned, effects, options)),
  });
}

const byWeb3 = web3.MessageV0.compile({
  payerKey: key(WALLET),
  recentBlockhash: BLOCKHASH,
  instructions: [createIdempotent(), sendToken(THEIRS), limit(300)].map(toWeb3),
});
write("solana", "token-transfer-in-the-order-of-web3", {
  made_by: "@solana/web3.js, read alike by solders",
  ...(await signedVector(toHex(byWeb3.serialize()), [rent(THEIRS, TOKEN_RENT), tokenOut(OTHER, 7n)])),
});

// Bytes that are refused, made out of this message of 3 accounts and one instruction, byte by byte.
const good = hexToBytes(toHex(compiled([pay(5n)], { version: "legacy" }).messageBytes));
const goodV0 = hexToBytes(toHex(compiled([pay(5n)], {}).messageBytes));
const INSTRUCTION = 4 + 3 * 32 + 32 + 1;
const change = (place, byte) => toHex(good.with(place, byte));
const splice = (bytes, place, removed, ...added) => toHex(Uint8Array.from(Array.from(bytes).toSpliced(place, removed, ...added)));
const lookup = (...indices) => concat([toHex(goodV0.slice(0, -1)), "0x01", toHex(new Uint8Array(32).fill(8)), ...indices]);

/** Name: the bytes, and the error, by its name in the codec; null where there may be several. */
const refused = {
  "nothing-at-all": ["0x", "Truncated"],
  "cut-off": [toHex(good.slice(0, -1)), "Truncated"],
  "a-byte-more": [splice(good, good.length, 0, 0), "TrailingBytes"],
  "a-byte-more-in-version-0": [splice(goodV0, goodV0.length, 0, 0), "TrailingBytes"],
  "version-1": [splice(good, 0, 0, 0x81), "Unsupported"],
  "version-2": [splice(good, 0, 0, 0x82), "Unsupported"],
  "off-chain-message": [concat(["0xff", toHex("solana offchain"), "0x00"]), null],
  "no-signer": [change(0, 0), "Invalid"],
  "no-signer-that-may-pay": [change(1, 1), "Invalid"],
  "more-signers-than-accounts": [change(0, 4), "Invalid"],
  "more-read-only-accounts-than-there-are": [change(2, 3), "Invalid"],
  "account-twice": [toHex(good.map((byte, place) => (place >= 36 && place < 68 ? good[place - 32] : byte))), "Invalid"],
  "count-of-accounts-in-two-bytes": [splice(good, 3, 1, 0x83, 0x00), "NotCanonical"],
  "count-of-accounts-in-three-bytes": [splice(good, 3, 1, 0x83, 0x80, 0x00), "NotCanonical"],
  "length-of-data-in-two-bytes": [splice(good, INSTRUCTION + 4, 1, 0x8c, 0x00), "NotCanonical"],
  "count-of-accounts-that-never-ends": [splice(good, 3, 1, 0x83, 0x80, 0x80, 0x01), "Invalid"],
  "program-out-of-bounds": [change(INSTRUCTION, 3), "Invalid"],
  "program-that-pays-the-fee": [change(INSTRUCTION, 0), "Invalid"],
  "account-out-of-bounds": [change(INSTRUCTION + 3, 3), "Invalid"],
  "lookup-of-nothing": [lookup("0x00", "0x00"), "Invalid"],
  "lookup-of-more-than-256-accounts": [lookup("0xfe01", toHex(new Uint8Array(254)), "0x00"), "TooMany"],
  "more-than-a-packet": [toHex(compiled([pay(5n), note("x".repeat(1000))], {}).messageBytes), "TooMany"],
  "wallet-that-is-no-signer": [
    toHex(compiled([system.getTransferSolInstruction({ source: other, destination: WALLET, amount: 5n })], { feePayer: OTHER }).messageBytes),
    "Invalid",
  ],
  "compute-limit-twice": [toHex(compiled([limit(1), limit(2), pay(5n)], {}).messageBytes), "Invalid"],
  "compute-price-with-a-byte-more": [
    toHex(compiled([byTag(budget.COMPUTE_BUDGET_PROGRAM_ADDRESS, [3, 0, 0, 0, 0, 0, 0, 0, 1, 0]), pay(5n)], {}).messageBytes),
    "Invalid",
  ],
  "compute-units-of-the-old-form": [
    toHex(compiled([byTag(budget.COMPUTE_BUDGET_PROGRAM_ADDRESS, [0, 1, 0, 0, 0, 1, 0, 0, 0]), pay(5n)], {}).messageBytes),
    "Invalid",
  ],
};

for (const [name, [unsigned, error]] of Object.entries(refused)) {
  write("solana", `refused-${name}`, { made_by: "@solana/kit, then spoilt", wallet: WALLET, unsigned, error });
}

// A transaction, every byte of which is a letter or another character of ASCII: no text to sign.
const ascii = Uint8Array.from([1, 0, 1, 3, ...[97, 98, 99, 100].flatMap((byte) => Array(32).fill(byte)), 1, 2, 2, 0, 1, 1, 97]);
web3.Message.from(ascii);
for (const [name, bytes] of [["of-ascii", ascii], ["of-version-0", goodV0], ["in-a-legacy-message", good]]) {
  write("message", `refused-solana-transaction-${name}-as-a-text`, {
    made_by: "@solana/kit and @solana/web3.js",
    kind: "solana_text",
    bytes: toHex(bytes),
    error: name === "of-ascii" ? "TransactionAsMessage" : null,
  });
}
