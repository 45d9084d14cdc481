// Node 18 has Web Crypto, but not where @solana/kit looks for it.

import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
