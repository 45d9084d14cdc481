// Wallets of this browser, of both kinds, in one form.
//
// A wallet is `{ key, name, icon, connect }`; `connect(changed)` asks the person and gives
// `{ accounts, signText, signTypedData }`, the last for EVM chains alone; `changed` is called with other
// accounts later.

import { findEvmWallets } from "./evm.js";
import { findSolanaWallets } from "./solana.js";

/** Calls `found` with each wallet for `chain`, now and when another one announces itself. */
export function findWallets(chain, found) {
  const tidied = ({ name, icon, ...wallet }) =>
    found({ ...wallet, name: String(name || "A wallet without a name"), icon: ownIcon(icon) });
  if (chain === "solana") findSolanaWallets(tidied);
  else findEvmWallets(tidied);
}

/** The icon of a wallet, if it is one that is not fetched from anywhere. */
function ownIcon(icon) {
  return typeof icon === "string" && icon.startsWith("data:image/") ? icon : null;
}

/** Two addresses that mean the same account. */
export function isSame(chain, one, other) {
  return chain === "solana" ? one === other : one.toLowerCase() === other.toLowerCase();
}
