// Makes the .hex files of the tests' contracts from their sources. The compiler is no dependency of the
// tests:
//
//   npm install --no-save solc@0.8.30 && node compile.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');
const here = (name) => new URL(name, import.meta.url);

for (const place of ['erc20/TestToken', 'nft/TestItem', 'nft/TestItems']) {
  const [, name] = place.split('/');
  const source = `${name}.sol`;
  const output = JSON.parse(solc.compile(JSON.stringify({
    language: 'Solidity',
    sources: { [source]: { content: readFileSync(here(`${place}.sol`), 'utf8') } },
    settings: {
      evmVersion: 'paris',
      metadata: { appendCBOR: false },
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['evm.bytecode.object'] } },
    },
  })));
  if (output.errors) throw new Error(output.errors.map((error) => error.formattedMessage).join('\n'));
  const { object } = output.contracts[source][name].evm.bytecode;
  writeFileSync(here(`${place}.hex`), `${object.match(/.{1,100}/g).join('\n')}\n`);
}
