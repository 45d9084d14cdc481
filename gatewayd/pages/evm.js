// Wallets for EVM chains: they announce themselves by EIP-6963, are asked by EIP-1193.

import { Unable, wordsOf } from "./refusals.js";

/** Calls `found` with each wallet, now and when another one announces itself. */
export function findEvmWallets(found) {
  addEventListener("eip6963:announceProvider", ({ detail }) => {
    if (typeof detail?.provider?.request !== "function") return;
    const { uuid, name, icon } = detail.info ?? {};
    found({ key: `evm-${uuid}`, name, icon, connect: (changed) => connect(detail.provider, changed) });
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
  // Wallets from before EIP-6963, and browsers inside a wallet's app.
  const plain = globalThis.ethereum;
  if (typeof plain?.request === "function") {
    const connectPlain = (changed) => connect(plain, changed);
    // After those that announced themselves: it is most often one of them.
    setTimeout(() => found({ key: "evm", name: "Wallet of this browser", connect: connectPlain, spare: true }));
  }
}

async function connect(provider, changed) {
  const accounts = await request(provider, "eth_requestAccounts");
  provider.on?.("accountsChanged", changed);
  return {
    accounts,
    signText: (account, text) => signText(provider, account, text),
    signTypedData: (account, typedData) => signTypedData(provider, account, typedData),
  };
}

async function signText(provider, account, text) {
  const bytes = new TextEncoder().encode(text);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return checked(await request(provider, "personal_sign", [`0x${hex}`, account]));
}

async function signTypedData(provider, account, typedData) {
  const wanted = Number(typedData.domain.chainId);
  // Wallets sign typed data for the network that they are on.
  if (wanted && Number(await request(provider, "eth_chainId")) !== wanted) {
    const chainId = `0x${wanted.toString(16)}`;
    await request(provider, "wallet_switchEthereumChain", [{ chainId }]);
  }
  const json = JSON.stringify(typedData);
  return checked(await request(provider, "eth_signTypedData_v4", [account, json]));
}

function checked(signature) {
  if (/^0x[0-9a-f]{130}$/i.test(signature)) return signature;
  throw new Unable("what it gave is no signature of a key: an account that is a contract cannot be an owner");
}

async function request(provider, method, params = []) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    throw wordsOf(error);
  }
}
