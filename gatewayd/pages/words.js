// What a transaction does, who wants to know, and where it stands, in plain words.

const KINDS = {
  NATIVE_TRANSFER: { verb: "Send", towards: "to" },
  TOKEN_TRANSFER: { verb: "Send", towards: "to" },
  APPROVE: { verb: "Let somebody take up to", towards: "who may take it" },
  RENT: { verb: "Lock up to", towards: "in the new account" },
};

/** What one effect is: `{ verb, amount, towards }`, or `{ text }` for what has no words of its own. */
export function effectWords({ type, text, amount, amountFormatted, symbol, token }) {
  const kind = KINDS[type];
  if (!kind || amount === null) return { text: sentence(text) };
  if (type === "APPROVE" && text.includes(" any amount ")) {
    return { ...kind, verb: "Let somebody take", amount: `every ${symbol ?? "token"} there is` };
  }
  const unit = symbol ?? (token ? "of a token" : "");
  const units = amountFormatted === null ? `${grouped(amount)} base units` : grouped(amountFormatted);
  return { ...kind, amount: `${units} ${unit}`.trim() };
}

/** The question as a headline. */
export function headline(shown) {
  const [only, ...more] = shown.effects;
  if (only && more.length === 0) {
    const { verb, amount } = effectWords(only);
    if (verb) return `${verb} ${amount}?`;
  }
  return shown.effects.length > 1 ? `Approve ${shown.effects.length} things at once?` : "Approve this?";
}

const POLICIES = {
  SPENDING_LIMIT: "Payments of this size need the owners.",
  CUMULATIVE_USD_LIMIT: "With it, more would have left in a day or in 30 days than may without the owners.",
  APPROVE_TIER_OVERRIDE: "Letting somebody take tokens needs the owners.",
  ACTION_CATEGORY_LIMIT: "It passes the limit for what is done of this kind.",
  REPUTATION_THRESHOLD: "Too little is known of whom it goes to.",
};

/** Who wants owners to decide, and why: `{ who, why }`. */
export function reasonWords({ source, policy, message }, fee) {
  if (source === "guard") {
    const plain = message.replace(/^[A-Z_]+: (the wallet's owners have to approve it: )?/, "");
    const why = inCoins(plain, fee);
    return { who: "The signer's guard", why: `${sentence(why)}.` };
  }
  const why = POLICIES[policy] ?? "It is left to the owners.";
  const name = policy.toLowerCase().replaceAll("_", " ").replace("usd", "dollar");
  const who = source === "policy" ? `Policy: ${name}` : `No policy is written: default ${name}`;
  return { who, why };
}

/** What the guard says of the native coin in base units, in coins. */
function inCoins(message, { symbol, decimals }) {
  if (!message.includes(" of the native coin") || decimals === null) return message;
  const coins = (units) => {
    const digits = units.padStart(decimals + 1, "0");
    const rest = digits.slice(-decimals).replace(/0+$/, "");
    return `${grouped(digits.slice(0, -decimals))}${rest && `.${rest}`} ${symbol}`;
  };
  return message.replace(" of the native coin", "").replace(/\d{5,}/g, coins);
}

/** `ethereum-mainnet` as `Ethereum Mainnet`. */
export function networkWords({ network, chain }) {
  const name = network ?? chain;
  return name.replaceAll("-", " ").replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}

/** Digits before the point in groups of three. */
export function grouped(number) {
  const [whole, rest] = String(number).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return rest === undefined ? groups : `${groups}.${rest}`;
}

/** A moment of Unix seconds, as people here write it. */
export function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** How long it is until then. */
export function remaining(seconds) {
  if (seconds <= 0) return "nothing";
  if (seconds < 90) return count(seconds, "second");
  if (seconds < 5400) return count(Math.floor(seconds / 60), "minute");
  if (seconds < 172_800) return count(Math.floor(seconds / 3600), "hour");
  return count(Math.floor(seconds / 86_400), "day");
}

/** `1 owner`, `2 owners`. */
export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}

const OVER = {
  CONFIRMED: { tone: "good", title: "Paid", text: "The network has confirmed it." },
  SIGNED: { tone: "good", title: "Signed", text: "It was handed back to who asked for it." },
  CANCELLED: { tone: "bad", title: "Called off", text: "Nothing was sent." },
  EXPIRED: { tone: "bad", title: "Too late", text: "Not enough owners approved it in time. Nothing was sent." },
  FAILED: { tone: "bad", title: "It failed", text: "Approved or not, it will not be tried again." },
  PARTIAL_FAILURE: { tone: "bad", title: "It failed in part", text: "Some of it was carried out." },
};

/** Where a transaction stands that asks nothing (any more): `{ tone, title, text }`. */
export function standing({ transaction, approval }) {
  const { status, error } = transaction;
  const over = OVER[status];
  if (over) return over;
  const title = approval?.approvedAt ? "Approved" : "On its way";
  switch (status) {
    case "PENDING":
      return { tone: "busy", title: "One moment", text: "The gateway looks at what was asked." };
    case "QUEUED":
      if (approval?.approvedAt) return { tone: "busy", title, text: "It goes to the signer now." };
      if (transaction.tier === "APPROVAL")
        return { tone: "busy", title: "One moment", text: "The question to the owners is being made." };
      return { tone: "busy", title: "It waits", text: "Its delay is not over; it goes on by itself then." };
    case "GAS_WAITING":
      return { tone: "busy", title, text: "It waits until the network's fee is as low as was asked." };
    case "SUBMITTED":
      return { tone: "busy", title: "Sent", text: "The network has it; it confirms it soon." };
    default:
      return { tone: "busy", title, text: error ? "It is not done yet, and is tried again." : "It is signed and sent now." };
  }
}
