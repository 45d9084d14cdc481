// The page of `/approve`: an owner reads what is asked, signs it with a wallet of this browser, and
// sees what comes of it.

import { show } from "./dom.js";
import { Refused, Unreachable, approve, linkOf, readApproval, refuse, writeRefusal } from "./gateway.js";
import { Busy, Declined } from "./refusals.js";
import { actionPart, endedPart, noticePart, questionPart, wordsPart } from "./approve_parts.js";
import { headline, remaining, standing } from "./words.js";
import { findWallets, isSame } from "./wallets.js";

/** How often the gateway is asked how things stand, in milliseconds. */
const LOOK_AGAIN = 1500;
/** The same when it does not answer, or nothing is expected soon. */
const LOOK_LATER = 5000;
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

/** Asks how things stand, draws it, and comes back. */
async function look() {
  await refresh();
  const over = state.broken || FINAL.includes(state.shown?.transaction.status);
  if (!over) setTimeout(look, state.away ? LOOK_LATER : LOOK_AGAIN);
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

function addWallet(wallet) {
  if (state.wallets.some((known) => known.key === wallet.key)) return;
  state.wallets.push(wallet);
  if (state.wallets.length > 1) state.wallets = state.wallets.filter((known) => !known.spare);
  draw();
}

async function connect(wallet) {
  await busily("connect", wallet, async () => {
    const changed = (accounts) => {
      if (state.connected?.wallet.key !== wallet.key) return;
      state.connected = accounts.length ? chosen({ ...state.connected, accounts }) : null;
      draw();
    };
    const connection = await wallet.connect(changed);
    state.connected = chosen({ ...connection, wallet });
  });
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

async function sign() {
  const { approval, transaction } = state.asked;
  const { wallet, account, signText, signTypedData } = state.connected;
  const hasSigned = await busily("sign", wallet, async () => {
    const form = transaction.chain === "solana" ? "text" : state.form;
    const signature =
      form === "typedData" ? await signTypedData(account, approval.typedData) : await signText(account, approval.text);
    state.unsent = { owner: account, form, signature };
  });
  if (hasSigned) await post();
}

/** Hands in what was signed; keeps it where the gateway does not answer. */
async function post() {
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
  document.getElementById("title")?.focus();
}

/** Signs that it shall not happen, and says so to the gateway. */
async function reject() {
  const { transaction, refuser } = state.asked;
  const { wallet, account, signText } = state.connected;
  const isRefused = await busily("refuse", wallet, async () => {
    const { message, header } = await writeRefusal(refuser, transaction);
    await refuse(link.id, refuser, header, await signText(account, message));
  });
  if (!isRefused) return;
  await refresh();
  document.getElementById("title")?.focus();
}

/** Does what takes a wallet, and says what became of it; the focus stays where it is. Whether it was done. */
async function busily(what, wallet, work) {
  state.notice = null;
  state.busy = what;
  draw();
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Unreachable) state.away = true;
    else if (error instanceof Refused) refused(error);
    else state.notice = walletNotice(error, wallet.name);
    return false;
  } finally {
    state.busy = null;
    draw();
  }
}

function walletNotice(error, name) {
  if (error instanceof Declined) {
    return { tone: "plain", title: "You said no in the wallet", text: "Nothing was signed or sent. The question stands." };
  }
  if (error instanceof Busy) {
    return { tone: "bad", title: `${name} already asks you something`, text: "Open it, answer there, and try again here." };
  }
  return { tone: "bad", title: `${name} did not do it`, text: `It says: ${error.message}` };
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
      state.notice = { tone: "bad", title: "The signature does not count", text: "The wallet signed other words, or with another account. Read the question again and sign it once more." };
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
  if (broken) return show(page, endedPart({ tone: "bad", ...broken }));
  if (!shown) {
    const away = { tone: "busy", title: "The gateway does not answer", text: "It may be stopped, or the tunnel to it closed. This page goes on trying." };
    return show(page, endedPart(state.away ? away : { tone: "busy", title: "One moment", text: "The question is fetched." }));
  }
  const open = shown.approval && !shown.approval.approvedAt;
  document.title = `${open ? headline(asked) : standing(shown).title} · WAIaaS`;
  show(
    page,
    open ? null : endedPart(standing(shown), shown.transaction),
    noticePart(state),
    asked ? questionPart(asked, open) : null,
    open ? actionPart(state, { connect, sign, post, reject, setForm }) : null,
    open ? wordsPart(asked) : null,
  );
}

if (link) {
  look();
} else {
  state.broken = {
    title: "This link is not whole",
    text: "It ends in # and a transaction's id, a dot and 22 characters. Copy all of it, or ask for a new one:",
    command: "waiaasctl tx approve ID",
  };
  draw();
}
addEventListener("hashchange", () => location.reload());
