// The page of `/sessions`: an owner reads what an agent asks for, grants or refuses it with a wallet of
// this browser, sees what became of it, and can end what was granted.

import { brokenLink, keepLooking, makeActs } from "./acts.js";
import { show } from "./dom.js";
import { Refused, Unreachable, decide, linkOf, readSessionRequest, revoke, writeDecision, writeRevocation } from "./gateway.js";
import { noticePart, standingPart, waitingPart } from "./parts.js";
import { actionPart, decidedPart, questionPart, wordsPart } from "./sessions_parts.js";
import { headline, nextDeed, standing } from "./sessions_words.js";
import { findWallets, isSame } from "./wallets.js";
import { remaining } from "./words.js";

const COMMAND = "waiaasctl session requests";

const page = document.getElementById("page");
const link = linkOf(location);

const state = {
  /** What the link leads to. */
  shown: null,
  /** Why nothing can be shown. */
  broken: null,
  /** Whether the gateway answers. */
  away: false,
  wallets: [],
  /** `{ wallet, accounts, account, isOwner, … }` */
  connected: null,
  /** What the person waits for: `connect`, `grant`, `refuse`, `end`. */
  busy: null,
  /** Said once, until the next thing is done: `{ tone, title, text }`. */
  notice: null,
};

/** What `draw` drew last. */
let drawn = "";

const { addWallet, connect, signed } = makeActs({ page, state, draw, refresh, refused, chosen });

function pace() {
  if (state.broken || (state.shown && nextDeed(state.shown) === null)) return "over";
  return state.away || state.shown?.request.status === "COLLECTED" ? "later" : "soon";
}

async function refresh() {
  try {
    const shown = await readSessionRequest(link);
    const first = !state.shown?.owner;
    state.shown = shown;
    state.away = false;
    if (first && shown.owner) findWallets(shown.wallets[0].chain, addWallet);
    if (state.connected) state.connected = chosen(state.connected);
  } catch (error) {
    state.away = error instanceof Unreachable;
    if (error instanceof Refused) refused(error);
    else if (!state.away) throw error;
  }
  draw();
}

/** The owner's account, if the wallet has it. */
function chosen(connected) {
  const { owner, wallets } = state.shown;
  const isOwners = (account) => owner !== null && isSame(wallets[0].chain, owner, account);
  const account = connected.accounts.find(isOwners) ?? connected.accounts[0];
  return { ...connected, account, isOwner: isOwners(account) };
}

function grant() {
  const write = (owner) => writeDecision(owner, link.id, "approve");
  return signed("grant", state.shown.owner, write, (claim) => decide(link.id, "approve", claim));
}

function refuse() {
  const write = (owner) => writeDecision(owner, link.id, "reject");
  return signed("refuse", state.shown.owner, write, (claim) => decide(link.id, "reject", claim));
}

function end() {
  const { sessionId } = state.shown.request;
  const write = (owner) => writeRevocation(owner, sessionId);
  return signed("end", state.shown.owner, write, (claim) => revoke(sessionId, claim));
}

/** What the gateway does not do, and what to do now. */
function refused({ code, message, hint }) {
  const text = hint ? `${message}. ${hint}.` : `${message}.`;
  switch (code) {
    case "INVALID_TOKEN":
      state.broken = { title: "This link leads nowhere", text: `${message}. Ask for a new one:`, command: COMMAND };
      return;
    case "SIGN_REQUEST_NOT_FOUND":
      state.broken = { title: "This is over", text: "What became of a request is kept for a day. The sessions that there are:", command: "waiaasctl session list" };
      return;
    case "SIGN_REQUEST_ALREADY_PROCESSED":
    case "SIGN_REQUEST_EXPIRED":
    case "SESSION_NOT_FOUND":
      // The next look shows how it stands.
      return;
    case "INVALID_SIGNATURE":
    case "INVALID_NONCE":
      state.notice = { tone: "bad", title: "The signature does not count", text: "The wallet signed other words, with another account, or too late. Read the question again and sign it once more." };
      return;
    case "OWNER_ADDRESS_MISMATCH":
      state.notice = { tone: "bad", title: "Not the owner", text: `${message}. Choose another account in the wallet.` };
      return;
    default:
      state.notice = { tone: "bad", title: "The gateway cannot do this now", text };
  }
}

/** Draws everything, if it is not what is there already. */
function draw() {
  const { broken, shown } = state;
  const wallets = state.wallets.map((wallet) => wallet.key);
  const time = shown && remaining(shown.request.expiresAt - shown.now);
  const seen = JSON.stringify({ ...state, wallets, time, shown: shown && { ...shown, now: null } });
  if (seen === drawn) return;
  drawn = seen;
  if (broken) return show(page, standingPart({ tone: "bad", ...broken }));
  if (!shown) return show(page, waitingPart(state.away, "What the agent asks for"));
  const deed = nextDeed(shown);
  const isOpen = deed === "decide";
  document.title = `${isOpen ? headline(shown) : standing(shown).title} · WAIaaS`;
  show(
    page,
    isOpen ? null : decidedPart(shown),
    noticePart(state),
    questionPart(shown),
    deed ? actionPart(state, { connect, grant, refuse, end }) : null,
    isOpen ? wordsPart(shown) : null,
  );
}

if (link) {
  keepLooking(refresh, pace);
} else {
  state.broken = brokenLink("request", COMMAND);
  draw();
}
addEventListener("hashchange", () => location.reload());
