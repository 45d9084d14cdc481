// The page of `/approve`: an owner reads what is asked, signs it with a wallet of this browser, and
// sees what comes of it.

import { brokenLink, focusOn, keepLooking, makeActs } from "./acts.js";
import { actionPart, endedPart, questionPart, wordsPart } from "./approve_parts.js";
import { show } from "./dom.js";
import { Refused, Unreachable, approve, linkOf, readApproval, refuse, writeRefusal } from "./gateway.js";
import { noticePart, standingPart, waitingPart } from "./parts.js";
import { findWallets, isSame } from "./wallets.js";
import { headline, remaining, standing } from "./words.js";

const FINAL = ["CONFIRMED", "SIGNED", "CANCELLED", "EXPIRED", "FAILED", "PARTIAL_FAILURE"];

const page = document.getElementById("page");
const link = linkOf(location);

const state = {
  /** What the link leads to, and the last that was asked, which goes on being shown. */
  shown: null,
  asked: null,
  /** Why nothing can be shown. */
  broken: null,
  /** Whether the gateway answers. */
  away: false,
  wallets: [],
  /** `{ wallet, accounts, account, isOwner, hasSigned, mayRefuse, … }` */
  connected: null,
  /** What the person waits for: `connect`, `sign`, `post`, `refuse`. */
  busy: null,
  /** Said once, until the next thing is done: `{ tone, title, text }`. */
  notice: null,
  form: "text",
  /** A signature that could not be handed in. */
  unsent: null,
};

/** What `draw` drew last. */
let drawn = "";

const { act, addWallet, connect, signed, busily } = makeActs({ page, state, draw, refresh, refused, chosen });

function pace() {
  if (state.broken || FINAL.includes(state.shown?.transaction.status)) return "over";
  return state.away ? "later" : "soon";
}

async function refresh() {
  try {
    const shown = await readApproval(link);
    const first = !state.shown;
    noteChange(shown);
    state.shown = shown;
    state.away = false;
    if (shown.approval) state.asked = shown;
    if (first) findWallets(shown.transaction.chain, addWallet);
  } catch (error) {
    state.away = error instanceof Unreachable;
    if (error instanceof Refused) refused(error);
    else if (!state.away) throw error;
  }
  draw();
}

/** Other words are another question: what was read counts no more. */
function noteChange(shown) {
  const before = state.asked?.approval;
  if (!shown.approval || !before || shown.approval.terms.nonce === before.terms.nonce) return;
  state.unsent = null;
  state.notice = {
    tone: "bad",
    title: "The question is a new one",
    text: "The wallet's guard or the signer changed. Read it again before you sign; what was signed before does not count.",
  };
}

/** The account to sign with: one of an owner who has not signed, if there is one. */
function chosen(connected) {
  const { approval, transaction, refuser } = state.asked;
  const among = (addresses) => (account) =>
    addresses.some((address) => isSame(transaction.chain, address, account));
  const signed = approval.signatures.map((signature) => signature.owner);
  const owners = connected.accounts.filter(among(approval.owners));
  const account = owners.find((owner) => !among(signed)(owner)) ?? owners[0] ?? connected.accounts[0];
  const mayRefuse = refuser !== null && isSame(transaction.chain, refuser, account);
  return { ...connected, account, isOwner: owners.includes(account), hasSigned: among(signed)(account), mayRefuse };
}

function sign() {
  const { approval, transaction } = state.asked;
  const { wallet, account, signText, signTypedData } = state.connected;
  return act(async () => {
    const hasSigned = await busily("sign", wallet, async () => {
      const form = transaction.chain === "solana" ? "text" : state.form;
      const signature =
        form === "typedData" ? await signTypedData(account, approval.typedData) : await signText(account, approval.text);
      state.unsent = { owner: account, form, signature };
    });
    if (hasSigned) await handIn();
  });
}

function post() {
  return act(handIn);
}

/** Hands in what was signed; keeps it where the gateway does not answer. */
async function handIn() {
  state.notice = null;
  state.busy = "post";
  draw();
  try {
    await approve(link.id, state.unsent);
    state.unsent = null;
  } catch (error) {
    if (error instanceof Unreachable) state.away = true;
    else if (error instanceof Refused) {
      state.unsent = null;
      refused(error);
    } else throw error;
  } finally {
    state.busy = null;
  }
  await refresh();
  if (state.connected && state.shown?.approval) state.connected = chosen(state.connected);
  draw();
  focusOn("title");
}

/** Signs that it shall not happen, and says so to the gateway. */
function reject() {
  const { transaction, refuser } = state.asked;
  const write = (owner) => writeRefusal(owner, transaction);
  return signed("refuse", refuser, write, (claim) => refuse(link.id, claim));
}

/** What the gateway does not do, and what to do now. */
function refused({ code, message, hint }) {
  const text = hint ? `${message}. ${hint}.` : `${message}.`;
  switch (code) {
    case "INVALID_TOKEN":
      state.broken = { title: "This link leads nowhere", text: `${message}. Ask for a new one:`, command: `waiaasctl tx approve ${link.id}` };
      return;
    case "TX_EXPIRED":
      state.broken = { title: "This is over", text: `${message}. How it ended says:`, command: `waiaasctl tx show ${link.id}` };
      return;
    case "APPROVAL_NOT_FOUND":
    case "TX_ALREADY_PROCESSED":
    case "APPROVAL_TIMEOUT":
      // The next look shows how it stands.
      return;
    case "INVALID_SIGNATURE":
    case "INVALID_NONCE":
      state.notice = { tone: "bad", title: "The signature does not count", text: "The wallet signed other words, with another account, or too late. Read the question again and sign it once more." };
      return;
    case "OWNER_ADDRESS_MISMATCH":
      state.notice = { tone: "bad", title: "Not an owner", text: `${message}. Choose another account in the wallet.` };
      return;
    default:
      state.notice = { tone: "bad", title: "The gateway cannot do this now", text };
  }
}

function setForm(form) {
  state.form = form;
  draw();
}

/** Draws everything, if it is not what is there already. */
function draw() {
  const { broken, shown, asked } = state;
  const wallets = state.wallets.map((wallet) => wallet.key);
  const timeless = (read) => read && { ...read, now: null };
  const time = asked && remaining(asked.approval.terms.expiresAt - asked.now);
  const seen = JSON.stringify({ ...state, wallets, time, shown: timeless(shown), asked: timeless(asked) });
  if (seen === drawn) return;
  drawn = seen;
  if (broken) return show(page, standingPart({ tone: "bad", ...broken }));
  if (!shown) return show(page, waitingPart(state.away, "The question"));
  const open = shown.approval && !shown.approval.approvedAt;
  document.title = `${open ? headline(asked) : standing(shown).title} · WAIaaS`;
  show(
    page,
    open ? null : endedPart(shown),
    noticePart(state),
    asked ? questionPart(asked, open) : null,
    open ? actionPart(state, { connect, sign, post, reject, setForm }) : null,
    open ? wordsPart(asked) : null,
  );
}

if (link) {
  keepLooking(refresh, pace);
} else {
  state.broken = brokenLink("transaction", "waiaasctl tx approve ID");
  draw();
}
addEventListener("hashchange", () => location.reload());
