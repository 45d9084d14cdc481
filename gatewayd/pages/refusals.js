// How wallets say no.

/** The person said no in the wallet. */
export class Declined extends Error {}

/** The wallet already asks something, and wants an answer first. */
export class Busy extends Error {}

/** The wallet cannot do it, and why. */
export class Unable extends Error {}

/** What a wallet threw, as one of the above. */
export function wordsOf(error) {
  if (error instanceof Unable || error instanceof Declined || error instanceof Busy) return error;
  const message = String(error?.message ?? error);
  // EIP-1193; wallets for Solana have no codes that all of them use.
  if (error?.code === 4001 || /reject|denied|declin|cancel/i.test(message)) return new Declined();
  if (error?.code === -32002) return new Busy();
  return new Unable(message);
}
