// What the scripts share: keys that everybody may know, and how a vector is written.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** The private key of the example in EIP-155. */
export const EVM_KEY = `0x${"46".repeat(32)}`;
/** The address of that key. */
export const EVM_WALLET = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";

/** The seed of the wallet on Solana. */
export const SOLANA_SEED = `0x${"2a".repeat(32)}`;

/** Writes one vector, named for what it shows. Numbers become decimal text. */
export function write(kind, name, vector) {
  const text = JSON.stringify(vector, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2);
  writeFileSync(join(process.env.VECTORS, kind, `${name}.json`), `${text}\n`);
}

/** Stops when two libraries do not agree. */
export function agree(name, ...values) {
  for (const value of values) assert.equal(value, values[0], `${name}: the libraries differ`);
  return values[0];
}

/** Writes every vector of a table, `name: maker`. */
export async function writeAll(kind, table, make) {
  for (const [name, entry] of Object.entries(table)) write(kind, name, await make(entry, name));
}
