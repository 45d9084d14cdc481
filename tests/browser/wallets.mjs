// Wallets that sign for real, as a page meets them: one for EVM chains (EIP-6963 and EIP-1193), one
// for Solana (Wallet Standard). The keys stay here; the page's side passes on what it is asked.

import { createPrivateKey, sign as signBytes } from "node:crypto";
import { mnemonicToAccount } from "viem/accounts";

// anvil's own accounts.
const MNEMONIC = "test test test test test test test test test test test junk";
// What stands before 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** What the person behind the wallet says: `yes`, `no`, or nothing (`silence`). */
export class Wallet {
  constructor({ name, chain, numbers, addresses, network }) {
    Object.assign(this, { name, chain, numbers, addresses, network, answer: "yes", asked: [] });
    this.accounts = chain === "solana" ? numbers.map(solanaKey) : numbers.map(evmAccount);
    if (chain !== "solana") this.addresses = this.accounts.map((account) => account.address);
  }

  /** What the page's side needs to look like this wallet. */
  describe() {
    const icon = `data:image/svg+xml,${encodeURIComponent(ICON)}`;
    return { name: this.name, chain: this.chain, addresses: this.addresses, icon };
  }

  async request(method, params) {
    this.asked.push(method);
    if (method === "eth_chainId") return `0x${this.network.toString(16)}`;
    if (this.answer === "silence") await new Promise(() => {});
    if (this.answer === "no") throw { code: 4001, message: "User rejected the request." };
    if (this.answer === "busy") throw { code: -32002, message: "Request already pending." };
    switch (method) {
      case "connect":
      case "eth_requestAccounts":
        return this.addresses;
      case "wallet_switchEthereumChain":
        this.network = Number(params[0].chainId);
        return null;
      case "personal_sign":
        return this.account(params[1]).signMessage({ message: { raw: params[0] } });
      case "eth_signTypedData_v4":
        return this.typedData(params[0], JSON.parse(params[1]));
      case "signMessage": {
        const key = this.accounts[this.addresses.indexOf(params[0])];
        return [...signBytes(null, Buffer.from(params[1]), key)];
      }
      default:
        throw { code: 4200, message: `${method} is not known` };
    }
  }

  // As MetaMask does: not for a network that it is not on.
  typedData(address, { domain, types, primaryType, message }) {
    if (domain.chainId !== undefined && Number(domain.chainId) !== this.network) {
      throw { code: -32603, message: "Provided chainId must match the active chainId" };
    }
    const { EIP712Domain: _domain, ...others } = types;
    return this.account(address).signTypedData({ domain, types: others, primaryType, message });
  }

  account(address) {
    return this.accounts.find((account) => account.address.toLowerCase() === address.toLowerCase());
  }
}

function evmAccount(number) {
  return mnemonicToAccount(MNEMONIC, { addressIndex: number });
}

function solanaKey(number) {
  const der = Buffer.concat([PKCS8, Buffer.alloc(32, number)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><rect width="28" height="28" rx="8" fill="#7a5cc4"/><circle cx="14" cy="14" r="6" fill="#fff"/></svg>`;

/** Runs in the page, before anything of it: `askWallet(name, method, params)` asks the wallet. */
export function pageSide(wallets) {
  const ask = async (name, method, params) => {
    const { value, error } = await globalThis.askWallet(name, method, params);
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return value;
  };
  globalThis.walletListeners = {};
  for (const { name, chain, addresses, icon } of wallets) {
    const listeners = (globalThis.walletListeners[name] = []);
    if (chain === "solana") standardWallet(name, addresses, icon, listeners);
    else announcedWallet(name, icon, listeners);
  }

  function announcedWallet(name, icon, listeners) {
    const provider = Object.freeze({
      request: ({ method, params }) => ask(name, method, params ?? []),
      on: (event, listener) => event === "accountsChanged" && listeners.push(listener),
    });
    const info = { uuid: crypto.randomUUID(), name, icon, rdns: "example.wallet" };
    const announce = () => {
      const detail = Object.freeze({ info, provider });
      dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
    };
    addEventListener("eip6963:requestProvider", announce);
    announce();
  }

  function standardWallet(name, addresses, icon, listeners) {
    const chains = ["solana:mainnet"];
    const account = (address) => ({ address, chains, features: ["solana:signMessage"], publicKey: new Uint8Array(32) });
    let accounts = [];
    const wallet = {
      version: "1.0.0",
      name,
      icon,
      chains,
      get accounts() {
        return accounts;
      },
      features: {
        "standard:connect": {
          version: "1.0.0",
          connect: async () => {
            accounts = (await ask(name, "connect", [])).map(account);
            return { accounts };
          },
        },
        "standard:events": {
          version: "1.0.0",
          on: (_event, listener) => {
            listeners.push((addresses) => {
              accounts = addresses.map(account);
              listener({ accounts });
            });
            return () => {};
          },
        },
        "solana:signMessage": {
          version: "1.1.0",
          signMessage: async ({ account, message }) => {
            const signature = await ask(name, "signMessage", [account.address, [...message]]);
            return [{ signedMessage: message, signature: new Uint8Array(signature) }];
          },
        },
      },
    };
    const register = (api) => api.register(wallet);
    dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: register }));
    addEventListener("wallet-standard:app-ready", ({ detail }) => register(detail));
  }
}
