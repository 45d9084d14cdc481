// The Solana node of the tests, tried with the reference client: node --test

import './webcrypto.mjs';

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';

import {
  appendTransactionMessageInstruction, createSolanaRpc, createTransactionMessage,
  generateKeyPairSigner, getBase64EncodedWireTransaction, getSignatureFromTransaction, lamports, pipe,
  setTransactionMessageFeePayerSigner, setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import { getTransferInstruction } from '@solana-program/token';

const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const SOL = 1_000_000_000n;

let node, url, rpc, payer;

before(async () => {
  const script = new URL('solana.mjs', import.meta.url).pathname;
  const settings = ['--slot-ms', '20', '--blocks-valid', '20'];
  node = spawn(process.execPath, [script, ...settings], { stdio: ['pipe', 'pipe', 'inherit'] });
  url = await new Promise((resolve) => node.stdout.once('data', (line) => resolve(JSON.parse(line).url)));
  rpc = createSolanaRpc(url);
  payer = await generateKeyPairSigner();
  await rpc.requestAirdrop(payer.address, lamports(10n * SOL)).send();
});

after(() => node.stdin.end());

async function cheat(method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `cheat_${method}`, params });
  return (await (await fetch(url, { method: 'POST', body })).json()).result;
}

async function signed(instruction) {
  const { value: blockhash } = await rpc.getLatestBlockhash().send();
  return pipe(
    createTransactionMessage({ version: 0 }),
    (message) => setTransactionMessageFeePayerSigner(payer, message),
    (message) => setTransactionMessageLifetimeUsingBlockhash(blockhash, message),
    (message) => appendTransactionMessageInstruction(instruction, message),
    signTransactionMessageWithSigners,
  );
}

function send(transaction) {
  return rpc.sendTransaction(getBase64EncodedWireTransaction(transaction), { encoding: 'base64' }).send();
}

async function confirmed(signature) {
  for (;;) {
    const { value: [status] } = await rpc.getSignatureStatuses([signature]).send();
    if (status?.confirmationStatus === 'confirmed') return status;
  }
}

/** The client wraps what the node said, and keeps the logs of the simulation. */
function because(sentence) {
  return ({ cause, context }) => `${cause} ${context.logs?.join(' ')}`.includes(sentence);
}

function transfer(destination, amount) {
  return getTransferSolInstruction({ source: payer, destination, amount });
}

test('a transfer is processed, then confirmed, and costs its fee', async () => {
  const { address: target } = await generateKeyPairSigner();
  const before = (await rpc.getBalance(payer.address).send()).value;
  const signature = await send(await signed(transfer(target, SOL)));
  assert.equal((await confirmed(signature)).err, null);
  assert.equal((await rpc.getBalance(target).send()).value, SOL);
  assert.equal((await rpc.getBalance(payer.address).send()).value, before - SOL - 5000n);
  const config = { encoding: 'base64', maxSupportedTransactionVersion: 0 };
  const found = await rpc.getTransaction(signature, config).send();
  assert.equal(found.meta.fee, 5000n);
});

test('the same transaction is not run twice', async () => {
  const transaction = await signed(transfer((await generateKeyPairSigner()).address, SOL));
  const signature = await send(transaction);
  assert.equal(signature, getSignatureFromTransaction(transaction));
  await assert.rejects(send(transaction), because('already been processed'));
});

test('more than the balance fails in the simulation', async () => {
  const transaction = await signed(transfer((await generateKeyPairSigner()).address, 100n * SOL));
  await assert.rejects(send(transaction), because('insufficient lamports'));
});

test('a blockhash ends', async () => {
  const transaction = await signed(transfer((await generateKeyPairSigner()).address, SOL));
  await cheat('advanceSlots', [25]);
  await assert.rejects(send(transaction), because('Blockhash not found'));
});

test('tokens are given and moved', async () => {
  const other = await generateKeyPairSigner();
  const mine = await cheat('giveToken', [null, 6, payer.address, '1500000', null]);
  const theirs = await cheat('giveToken', [mine.mint, 6, other.address, '0', null]);
  const move = { source: mine.account, destination: theirs.account, authority: payer, amount: 250_000n };
  await confirmed(await send(await signed(getTransferInstruction(move))));
  const balance = await rpc.getTokenAccountBalance(theirs.account).send();
  assert.deepEqual(balance.value.uiAmountString, '0.25');
  const { value: owned } = await rpc
    .getTokenAccountsByOwner(payer.address, { programId: TOKEN }, { encoding: 'jsonParsed' })
    .send();
  assert.equal(owned[0].account.data.parsed.info.tokenAmount.amount, '1250000');
  assert.equal((await rpc.getTokenSupply(mine.mint).send()).value.amount, '1500000');
});
