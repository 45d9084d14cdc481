// What an agent asks for, and where that stands, in plain words.

import { count, grouped, moment, networkWords } from "./words.js";

/** The question as a headline. */
export function headline({ request, wallets }) {
  const what = wallets.length === 1 ? `“${wallets[0].name}”` : count(wallets.length, "wallet");
  return isReader(request) ? `Let “${request.agent}” look at ${what}?` : `Let “${request.agent}” use ${what}?`;
}

const DEEDS = {
  TRANSFER: "send coins",
  TOKEN_TRANSFER: "send tokens",
  NFT_TRANSFER: "send collectibles",
  APPROVE: "let others take tokens",
  CONTRACT_CALL: "call contracts",
  CONTRACT_DEPLOY: "put up new contracts",
  BATCH: "do several of these at once",
  SIGN: "have transactions signed that others send",
  SIGN_MESSAGE: "have messages signed",
};

/** What it may do. */
export function deedWords(request) {
  if (request.constraints.role === "auditor") {
    return "Look only, but at everything: balances, what was sent, and the audit trail of these wallets: who asked for what, from where, and what other sessions did.";
  }
  if (isReader(request)) return "Look only: balances, and what was sent. It can send and sign nothing.";
  const { allowedOperations: allowed } = request.constraints;
  if (!allowed) return "Everything that an agent can ask for: send coins and tokens, call contracts, have things signed.";
  return `Only ${listed(allowed.map((kind) => DEEDS[kind] ?? kind))}.`;
}

/** Where. */
export function placeWords({ constraints }) {
  const { allowedNetworks: allowed } = constraints;
  return allowed ? `Only ${listed(allowed.map((network) => networkWords({ network })))}` : "Every network of the wallets";
}

/** How much, one sentence a line. */
export function limitWords({ constraints }, limits) {
  if (isReader({ constraints })) return ["Nothing: it only looks."];
  const { perTransactionUsd, totalUsd, maxTransactions } = constraints;
  const lines = limits.map((limit) => ({ text: amountWords(limit), token: limit.token }));
  if (constraints.limits) lines.push("No other coin or token may be spent.");
  if (perTransactionUsd !== undefined) lines.push(`What is worth ${grouped(perTransactionUsd)} dollars at once.`);
  if (totalUsd !== undefined) lines.push(`What is worth ${grouped(totalUsd)} dollars in all.`);
  if (maxTransactions !== undefined) lines.push(`${count(maxTransactions, "transaction")} or signatures.`);
  return lines.length ? lines : ["No limit of its own. The wallets' guard and policies hold as always."];
}

function amountWords({ network, token, symbol, ...amounts }) {
  const written = (formatted, units) => {
    if (units === null) return null;
    const unit = symbol ?? (token ? "of a token" : "");
    return formatted === null ? `${grouped(units)} base units ${token ? "of a token" : ""}`.trim() : `${grouped(formatted)} ${unit}`.trim();
  };
  const once = written(amounts.perTransactionFormatted, amounts.perTransaction);
  const all = written(amounts.totalFormatted, amounts.total);
  const parts = [once && `${once} at once`, all && `${all} in all`].filter(Boolean);
  return `${parts.join(", ")}, on ${networkWords({ network })}.`;
}

/** How long, one sentence a line. */
export function lifeWords({ sessionExpiresAt, absoluteExpiresAt, maxRenewals }) {
  if (sessionExpiresAt === 0) return ["Without an end, until somebody ends it."];
  const renewals = maxRenewals === 0 ? "It can renew it as often as it likes" : `It can renew it ${count(maxRenewals, "time")}`;
  const last = absoluteExpiresAt === 0 ? "." : `, never beyond ${moment(absoluteExpiresAt)}.`;
  return [`Until ${moment(sessionExpiresAt)}.`, `${renewals}${last}`];
}

function isReader({ constraints }) {
  return constraints.role !== undefined;
}

function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

const OVER = { tone: "bad", title: "The session is over" };

/** Where it stands once it was decided: `{ tone, title, text }`. */
export function standing({ request, sessionStatus }) {
  switch (request.status) {
    case "GRANTED":
      return { tone: "good", title: "Granted", text: `The agent can fetch its token until ${moment(request.expiresAt)}. Nobody else can.` };
    case "REJECTED":
      return { tone: "bad", title: "Refused", text: "The agent gets nothing." };
    case "EXPIRED":
      return { tone: "bad", title: "Too late", text: "It was not decided, or not fetched, in time. The agent gets nothing; it can ask again." };
    default:
      break;
  }
  if (sessionStatus === "ACTIVE") return { tone: "good", title: "The agent has its session", text: "It fetched its token, and can do what was granted." };
  if (sessionStatus === "EXPIRED") return { ...OVER, text: "Its time has run out." };
  return { ...OVER, text: "It was ended: the agent can do nothing with it any more." };
}

/** What can still be done about it: `decide`, `takeBack`, `end`, or `null`. */
export function nextDeed({ request, sessionStatus }) {
  if (request.status === "PENDING") return "decide";
  if (request.status === "GRANTED") return "takeBack";
  return request.status === "COLLECTED" && sessionStatus === "ACTIVE" ? "end" : null;
}
