// A Solana node for tests: JSON-RPC over litesvm, which runs the real runtime and the real programs.
//
// Slots advance by a timer, a blockhash is valid for as many blocks as on the real clusters, and a
// transaction is "processed", then "confirmed" one slot later, then "finalized" 32 slots later.
// Block height and slot differ, as they do in reality. Prints {"url": …} and ends with its stdin.
//
//   node solana.mjs [--port 0] [--slot-ms 400] [--blocks-valid 150] [--genesis HASH]
//
// Methods are those of https://solana.com/docs/rpc/http, in their subset that a wallet uses, and some
// that begin with cheat_.

import './webcrypto.mjs';

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

import {
  address, generateKeyPairSigner, getBase58Decoder, getBase58Encoder,
  getCompiledTransactionMessageDecoder, getTransactionDecoder, isAddress, lamports,
} from '@solana/kit';
import { LiteSVM } from 'litesvm';

import { errorJson } from './errors.mjs';
import {
  TOKEN_PROGRAMS, giveToken, parsedTokenAccount, readMint, readTokenAccount, tokenAmount,
} from './tokens.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'slot-ms': { type: 'string', default: '400' },
    'blocks-valid': { type: 'string', default: '150' },
    genesis: { type: 'string', default: 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG' },
  },
});

const SKIPPED_SLOTS = 22_000_000n; // block height = slot - SKIPPED_SLOTS
const FINALIZED_AFTER = 32n;
const LAMPORTS_PER_SIGNATURE = 5000n;
const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';
const LOOKUP_TABLES = address('AddressLookupTab1e1111111111111111111111111');
const LOOKUP_TABLE_META = 56;
const MAX_BODY = 1 << 20;
const SENTENCES = {
  AlreadyProcessed: 'This transaction has already been processed',
  BlockhashNotFound: 'Blockhash not found',
};

const svm = new LiteSVM().withTransactionHistory(0n).withBlockhashCheck(false);
const blockhashes = new Map(); // blockhash -> last valid block height
let mood = 'good'; // what is done with what is sent: see cheat_setMood
const landed = new Map(); // signature -> { slot, blockTime, err, logs, units, wire, fee, version }
let slot = svm.getClock().slot;

class RpcError extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

const invalid = (message) => new RpcError(-32602, message);
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const height = () => slot - SKIPPED_SLOTS;
const inContext = (value) => ({ context: { apiVersion: '3.0.0', slot }, value });

function nextSlot() {
  slot += 1n;
  const clock = svm.getClock();
  clock.slot = slot;
  clock.unixTimestamp = BigInt(Math.floor(Date.now() / 1000));
  svm.setClock(clock);
  svm.expireBlockhash();
  blockhashes.set(svm.latestBlockhash(), height() + BigInt(options['blocks-valid']));
}

function toAddress(text) {
  if (typeof text !== 'string' || !isAddress(text)) throw invalid('Invalid param: WrongSize');
  return address(text);
}

function account(text) {
  const found = svm.getAccount(toAddress(text));
  return found.exists && found.lamports > 0n ? found : null;
}

function accountJson(found, encoding = 'base64') {
  if (found === null) return null;
  const token = encoding === 'jsonParsed' ? parsedTokenAccount(svm, found) : undefined;
  return {
    data: token ?? [base64(found.data), 'base64'],
    executable: found.executable,
    lamports: found.lamports,
    owner: found.programAddress,
    rentEpoch: 18446744073709551615n,
    space: found.data.length,
  };
}

function decodeTransaction(text, encoding) {
  if (typeof text !== 'string') throw invalid('invalid type: expected a string');
  const wire = encoding === 'base64' ? Buffer.from(text, 'base64') : getBase58Encoder().encode(text);
  try {
    const transaction = getTransactionDecoder().decode(wire);
    const message = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
    const [first] = Object.values(transaction.signatures);
    const signature = first === null ? null : getBase58Decoder().decode(first);
    return { transaction, message, signature, wire };
  } catch (error) {
    throw invalid(`failed to deserialize transaction: ${error.message}`);
  }
}

/** Base fee and priority fee, as the runtime charges them. */
function feeOf(message) {
  let price = 0n;
  let limit = 0n;
  let instructions = 0n;
  for (const { programAddressIndex, data } of message.instructions) {
    if (message.staticAccounts[programAddressIndex] !== COMPUTE_BUDGET) {
      instructions += 1n;
      continue;
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data[0] === 2) limit = BigInt(view.getUint32(1, true));
    if (data[0] === 3) price = view.getBigUint64(1, true);
  }
  const units = limit || instructions * 200_000n;
  const priority = (price * units + 999_999n) / 1_000_000n;
  return BigInt(message.header.numSignerAccounts) * LAMPORTS_PER_SIGNATURE + priority;
}

function isRecent(blockhash) {
  return (blockhashes.get(blockhash) ?? -1n) >= height();
}

/** Runs without changing anything: { err, logs, unitsConsumed }. */
function simulate({ transaction, message, signature }, { sigVerify, replaceRecentBlockhash }) {
  const failed = (err) => ({ err, logs: [], unitsConsumed: 0n });
  if (landed.has(signature)) return failed('AlreadyProcessed');
  if (!replaceRecentBlockhash && !isRecent(message.lifetimeToken)) return failed('BlockhashNotFound');
  svm.withSigverify(sigVerify);
  try {
    const result = svm.simulateTransaction(transaction);
    const err = 'err' in result ? errorJson(result.err()) : null;
    return { err, logs: result.meta().logs(), unitsConsumed: result.meta().computeUnitsConsumed() };
  } catch {
    return failed('SignatureFailure');
  } finally {
    svm.withSigverify(true);
  }
}

function execute({ transaction, message, signature, wire }) {
  const result = svm.sendTransaction(transaction);
  const failed = 'err' in result;
  const meta = failed ? result.meta() : result;
  landed.set(signature, {
    slot,
    blockTime: svm.getClock().unixTimestamp,
    err: failed ? errorJson(result.err()) : null,
    logs: meta.logs(),
    units: meta.computeUnitsConsumed(),
    fee: feeOf(message),
    version: message.version,
    wire,
  });
}

function statusOf(signature) {
  const found = landed.get(signature);
  if (found === undefined) return null;
  const age = slot - found.slot;
  const stage = age >= FINALIZED_AFTER ? 'finalized' : age >= 1n ? 'confirmed' : 'processed';
  const confirmations = stage === 'finalized' ? null : age;
  const status = found.err === null ? { Ok: null } : { Err: found.err };
  return { slot: found.slot, confirmations, err: found.err, status, confirmationStatus: stage };
}

function tokenAccountsOf(owner, filter) {
  const programs = filter.programId ? [toAddress(filter.programId)] : TOKEN_PROGRAMS;
  return programs
    .flatMap((program) => svm.getProgramAccounts(program))
    .filter((found) => {
      const token = readTokenAccount(found.data);
      return token?.owner === owner && (filter.mint === undefined || token.mint === filter.mint);
    });
}

const methods = {
  getBalance: ([who]) => inContext(svm.getBalance(toAddress(who)) ?? 0n),
  getBlockHeight: () => height(),
  getEpochInfo: () => ({ absoluteSlot: slot, blockHeight: height() }),
  getFirstAvailableBlock: () => 0n,
  getGenesisHash: () => options.genesis,
  getHealth: () => 'ok',
  getMinimumBalanceForRentExemption: ([size]) => svm.minimumBalanceForRentExemption(BigInt(size)),
  getRecentPrioritizationFees: () => [{ slot, prioritizationFee: 0 }],
  getSlot: () => slot,
  getVersion: () => ({ 'solana-core': '3.0.0', 'feature-set': 0 }),
  getAccountInfo: ([who, config]) => inContext(accountJson(account(who), config?.encoding)),
  getMultipleAccounts: ([all, config]) =>
    inContext(all.map((who) => accountJson(account(who), config?.encoding))),

  getLatestBlockhash() {
    const blockhash = svm.latestBlockhash();
    return inContext({ blockhash, lastValidBlockHeight: blockhashes.get(blockhash) });
  },
  isBlockhashValid: ([blockhash]) => inContext(isRecent(blockhash)),

  getFeeForMessage([text]) {
    const message = getCompiledTransactionMessageDecoder().decode(Buffer.from(text, 'base64'));
    return inContext(isRecent(message.lifetimeToken) ? feeOf(message) : null);
  },

  getTokenAccountsByOwner: ([owner, filter, config]) =>
    inContext(
      tokenAccountsOf(toAddress(owner), filter).map((found) => ({
        pubkey: found.address,
        account: accountJson(found, config?.encoding),
      })),
    ),
  getTokenAccountBalance([who]) {
    const found = account(who);
    const token = found && readTokenAccount(found.data);
    if (!token) throw invalid('Invalid param: could not find account');
    return inContext(tokenAmount(token.amount, readMint(svm.getAccount(token.mint).data).decimals));
  },
  getTokenSupply([mint]) {
    const found = account(mint);
    if (!found) throw invalid('Invalid param: could not find mint');
    const { supply, decimals } = readMint(found.data);
    return inContext(tokenAmount(supply, decimals));
  },

  simulateTransaction([text, config = {}]) {
    const decoded = decodeTransaction(text, config.encoding ?? 'base58');
    return inContext({ accounts: null, returnData: null, ...simulate(decoded, config) });
  },
  sendTransaction([text, config = {}]) {
    if (mood === 'refuses') throw new RpcError(-32603, 'Internal error');
    const decoded = decodeTransaction(text, config.encoding ?? 'base58');
    const outcome = simulate(decoded, { sigVerify: true });
    if (outcome.err === 'AlreadyProcessed' && config.skipPreflight) return decoded.signature;
    if (outcome.err === 'SignatureFailure') {
      throw new RpcError(-32003, 'Transaction signature verification failure');
    }
    if (outcome.err !== null && !config.skipPreflight) {
      const why = `Transaction simulation failed: ${SENTENCES[outcome.err] ?? JSON.stringify(outcome.err)}`;
      throw new RpcError(-32002, why, { accounts: null, returnData: null, ...outcome });
    }
    if (outcome.err !== 'BlockhashNotFound') execute(decoded);
    if (mood === 'keeps') throw new RpcError(-32603, 'Internal error');
    return decoded.signature;
  },
  getSignatureStatuses: ([signatures]) => inContext(signatures.map(statusOf)),
  getTransaction([signature]) {
    const found = landed.get(signature);
    if (found === undefined || found.slot === slot) return null;
    const { blockTime, err, fee, logs, units, version, wire } = found;
    const meta = { err, fee, logMessages: logs, computeUnitsConsumed: units };
    return { slot: found.slot, blockTime, version, meta, transaction: [base64(wire), 'base64'] };
  },
  async requestAirdrop([who, amount]) {
    const target = toAddress(who);
    const before = account(target) ?? {
      address: target,
      data: new Uint8Array(),
      executable: false,
      programAddress: address('11111111111111111111111111111111'),
      lamports: 0n,
      space: 0n,
    };
    svm.setAccount({ ...before, lamports: lamports(before.lamports + BigInt(amount)) });
    const signature = getBase58Decoder().decode(crypto.getRandomValues(new Uint8Array(64)));
    const blockTime = svm.getClock().unixTimestamp;
    const nothing = { err: null, logs: [], units: 0n, fee: 0n, version: 0, wire: new Uint8Array() };
    landed.set(signature, { slot, blockTime, ...nothing });
    return signature;
  },

  /** [mint or null, decimals, owner, amount as text, program or null] -> { mint, account } */
  async cheat_giveToken([mint, decimals, owner, amount, program]) {
    const target = mint === null ? (await generateKeyPairSigner()).address : toAddress(mint);
    return giveToken(svm, target, decimals, toAddress(owner), BigInt(amount), program);
  },
  /** [addresses] -> the address of a lookup table in use that has them. */
  async cheat_makeLookupTable([addresses]) {
    const { address: table } = await generateKeyPairSigner();
    const data = new Uint8Array(LOOKUP_TABLE_META + 32 * addresses.length);
    const view = new DataView(data.buffer);
    view.setUint32(0, 1, true);
    view.setBigUint64(4, 2n ** 64n - 1n, true);
    addresses.forEach((entry, place) => {
      data.set(getBase58Encoder().encode(toAddress(entry)), LOOKUP_TABLE_META + 32 * place);
    });
    const size = BigInt(data.length);
    svm.setAccount({
      address: table,
      data,
      executable: false,
      lamports: lamports(svm.minimumBalanceForRentExemption(size)),
      programAddress: LOOKUP_TABLES,
      space: size,
    });
    return table;
  },
  /** ["good"]; ["refuses"]: takes nothing that is sent; ["keeps"]: carries it out and says it failed. */
  cheat_setMood([next]) {
    mood = next;
    return mood;
  },
  /** [number of slots]: lets them pass at once. */
  cheat_advanceSlots([count]) {
    for (let passed = 0; passed < count; passed += 1) nextSlot();
    return slot;
  },
};

async function answer(request) {
  const { id = null, method, params = [] } = request ?? {};
  try {
    if (!Object.hasOwn(methods, method)) throw new RpcError(-32601, 'Method not found');
    return { jsonrpc: '2.0', result: await methods[method](params), id };
  } catch (error) {
    const { code = -32603, message, data } = error;
    return { jsonrpc: '2.0', error: { code, message, data }, id };
  }
}

/** JSON with integers of any size. */
function toJson(value) {
  const marked = JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `@${item}@` : item));
  return marked.replace(/"@(\d+)@"/g, '$1');
}

async function serve(request, response) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY) return response.writeHead(413).end();
    chunks.push(chunk);
  }
  let body;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return response.writeHead(400).end();
  }
  const reply = Array.isArray(body) ? await Promise.all(body.map(answer)) : await answer(body);
  return response.writeHead(200, { 'content-type': 'application/json' }).end(toJson(reply));
}

nextSlot();
setInterval(nextSlot, Number(options['slot-ms']));
const server = createServer(serve);
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
process.stdin.on('end', () => process.exit(0)).resume();
