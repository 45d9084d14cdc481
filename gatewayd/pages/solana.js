// Wallets for Solana: they register themselves by the Wallet Standard.

import { Unable, wordsOf } from "./refusals.js";

const CONNECT = "standard:connect";
const EVENTS = "standard:events";
const SIGN_MESSAGE = "solana:signMessage";

/** Calls `found` with each wallet, now and when another one registers itself. */
export function findSolanaWallets(found) {
  const register = (...wallets) => {
    for (const one of wallets) {
      const { name, icon, features } = one ?? {};
      if (!features?.[CONNECT] || !features[SIGN_MESSAGE]) continue;
      found({ key: `solana-${name}`, name, icon, connect: (changed) => connect(one, changed) });
    }
    return () => {};
  };
  const api = Object.freeze({ register });
  addEventListener("wallet-standard:register-wallet", ({ detail }) => detail?.(api));
  dispatchEvent(new CustomEvent("wallet-standard:app-ready", { detail: api }));
}

async function connect(one, changed) {
  const addresses = (accounts) => accounts.map((account) => account.address);
  try {
    const { accounts } = await one.features[CONNECT].connect();
    one.features[EVENTS]?.on("change", ({ accounts }) => accounts && changed(addresses(accounts)));
    return { accounts: addresses(accounts), signText: (address, text) => signText(one, address, text) };
  } catch (error) {
    throw wordsOf(error);
  }
}

async function signText(one, address, text) {
  const account = one.accounts.find((account) => account.address === address);
  if (!account) throw new Unable("the account is no longer connected");
  const message = new TextEncoder().encode(text);
  let signed;
  try {
    [signed] = await one.features[SIGN_MESSAGE].signMessage({ account, message });
  } catch (error) {
    throw wordsOf(error);
  }
  const { signedMessage, signature } = signed;
  // Some hardware signs a text of its own around it, which is not what was asked.
  const unchanged =
    !signedMessage ||
    (signedMessage.length === message.length && message.every((byte, at) => byte === signedMessage[at]));
  if (!unchanged || signature?.length !== 64) throw new Unable("it signed something else than the text");
  return btoa(String.fromCharCode(...signature));
}
