// Token state as the SPL Token program lays it out:
// https://github.com/solana-program/token, interface/src/state.rs.

import {
  address, getAddressDecoder, getAddressEncoder, getProgramDerivedAddress, lamports,
} from '@solana/kit';

const TOKEN = address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const TOKEN_2022 = address('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb');
const ASSOCIATED_TOKEN = address('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
const MINT_SIZE = 82;
const ACCOUNT_SIZE = 165;
const INITIALIZED = 1;

export const TOKEN_PROGRAMS = [TOKEN, TOKEN_2022];

const encode = (text) => getAddressEncoder().encode(text);
const decode = (bytes) => getAddressDecoder().decode(bytes);
const viewOf = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);

export function readMint(data) {
  return { supply: viewOf(data).getBigUint64(36, true), decimals: data[44] };
}

/** What the account says, or undefined if it is no token account. */
export function readTokenAccount(data) {
  const accountType = data.length > ACCOUNT_SIZE ? data[ACCOUNT_SIZE] : 2;
  if (data.length < ACCOUNT_SIZE || accountType !== 2) return undefined;
  return {
    mint: decode(data.subarray(0, 32)),
    owner: decode(data.subarray(32, 64)),
    amount: viewOf(data).getBigUint64(64, true),
    state: data[108],
  };
}

/** The `data` of a token account in the encoding jsonParsed, or undefined. */
export function parsedTokenAccount(svm, found) {
  if (!TOKEN_PROGRAMS.includes(found.programAddress)) return undefined;
  const token = readTokenAccount(found.data);
  if (token === undefined) return undefined;
  const { decimals } = readMint(svm.getAccount(token.mint).data);
  const program = found.programAddress === TOKEN ? 'spl-token' : 'spl-token-2022';
  const info = {
    isNative: false,
    mint: token.mint,
    owner: token.owner,
    state: token.state === INITIALIZED ? 'initialized' : 'frozen',
    tokenAmount: tokenAmount(token.amount, decimals),
  };
  return { program, parsed: { info, type: 'account' }, space: found.data.length };
}

/** An amount as JSON-RPC shows it. */
export function tokenAmount(amount, decimals) {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const text = part === '' ? whole : `${whole}.${part}`;
  return { amount: amount.toString(), decimals, uiAmount: Number(text), uiAmountString: text };
}

/** Makes the mint if there is none, and credits the owner's associated account. */
export async function giveToken(svm, mint, decimals, owner, amount, program) {
  const programAddress = address(program ?? TOKEN);
  const seeds = [encode(owner), encode(programAddress), encode(mint)];
  const [account] = await getProgramDerivedAddress({ programAddress: ASSOCIATED_TOKEN, seeds });
  const mintData = dataOf(svm, mint) ?? newMint(decimals);
  const accountData = dataOf(svm, account) ?? newAccount(mint, owner);
  add(mintData, 36, amount);
  add(accountData, 64, amount);
  store(svm, mint, programAddress, mintData);
  store(svm, account, programAddress, accountData);
  return { mint, account };
}

function newMint(decimals) {
  const data = new Uint8Array(MINT_SIZE);
  data.set([decimals, INITIALIZED], 44);
  return data;
}

function newAccount(mint, owner) {
  const data = new Uint8Array(ACCOUNT_SIZE);
  data.set(encode(mint), 0);
  data.set(encode(owner), 32);
  data[108] = INITIALIZED;
  return data;
}

function dataOf(svm, where) {
  const found = svm.getAccount(where);
  return found.exists ? Uint8Array.from(found.data) : undefined;
}

function add(data, offset, amount) {
  const view = viewOf(data);
  view.setBigUint64(offset, view.getBigUint64(offset, true) + amount, true);
}

function store(svm, where, programAddress, data) {
  const size = BigInt(data.length);
  svm.setAccount({
    address: where,
    data,
    executable: false,
    lamports: lamports(svm.minimumBalanceForRentExemption(size)),
    programAddress,
    space: size,
  });
}
