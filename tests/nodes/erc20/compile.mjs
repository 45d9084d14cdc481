// Makes TestToken.hex from TestToken.sol. The compiler is no dependency of the tests:
//
//   npm install --no-save solc@0.8.30 && node erc20/compile.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');
const here = (name) => new URL(name, import.meta.url);

const output = JSON.parse(solc.compile(JSON.stringify({
  language: 'Solidity',
  sources: { 'TestToken.sol': { content: readFileSync(here('TestToken.sol'), 'utf8') } },
  settings: {
    evmVersion: 'paris',
    metadata: { appendCBOR: false },
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
  },
})));
if (output.errors) throw new Error(output.errors.map((error) => error.formattedMessage).join('\n'));
const { object } = output.contracts['TestToken.sol'].TestToken.evm.bytecode;
writeFileSync(here('TestToken.hex'), `${object.match(/.{1,100}/g).join('\n')}\n`);
