// Parts that every page has, from what is known to elements.

import { h } from "./dom.js";

/** How it stands: `{ tone, title, text, command }`, and more below it. */
export function standingPart({ tone, title, text, command }, ...more) {
  return h(
    "section",
    { class: `standing ${tone}`, role: "status" },
    h("span", { class: "sign", "aria-hidden": "true" }),
    h("h1", { id: "title", tabindex: "-1" }, title),
    h("p", {}, text),
    more,
    command ? h("p", {}, h("code", { class: "command" }, command)) : null,
  );
}

const SILENT = { title: "The gateway does not answer", text: "It may be stopped, or the tunnel to it closed. This page goes on trying." };

/** What is there before the gateway has answered once. */
export function waitingPart(away, what) {
  return standingPart(away ? { tone: "busy", ...SILENT } : { tone: "busy", title: "One moment", text: `${what} is fetched.` });
}

/** What has to be said about the last thing that was done. */
export function noticePart({ notice, away, unsent }) {
  const kept = unsent && { text: "Your signature is kept on this page and is not handed in yet." };
  const silent = away && { tone: "bad", ...SILENT, ...kept };
  const said = silent || notice;
  return h(
    "div",
    { role: "alert" },
    said ? h("div", { class: `notice ${said.tone}` }, h("strong", {}, said.title), h("p", {}, said.text)) : "",
  );
}

/** What the person can do now. */
export function step(title, ...children) {
  return h("section", { class: "step" }, h("h2", { id: "step", tabindex: "-1" }, title), ...children);
}

/** A button that does `action`; while something else is done it does nothing, and keeps the focus. */
export function button(kind, id, content, action, busy) {
  const waits = busy !== null;
  return h(
    "button",
    { id, class: kind, type: "button", "aria-disabled": waits ? "true" : null, onclick: waits ? null : action },
    content,
  );
}

/** The wallets of this browser, to connect one; `elsewhere` says what to do without. */
export function walletList({ wallets, busy }, chain, elsewhere, connect) {
  if (!wallets.length) {
    const kind = chain === "solana" ? "Solana" : "Ethereum";
    return h("p", {}, `There is no wallet for ${kind} in this browser. Open this page in one that has the owner's wallet, or ${elsewhere}, as the end of this page says.`);
  }
  const one = (wallet) => button("wallet", wallet.key, [icon(wallet), h("span", {}, wallet.name)], () => connect(wallet), busy);
  return h("ul", { class: "wallets", role: "list" }, wallets.map((wallet) => h("li", {}, one(wallet))));
}

/** Which account of which wallet is connected. */
export function accountPart({ wallet, account }) {
  return h("p", { class: "account" }, icon(wallet), h("span", {}, wallet.name), address(account));
}

/** Something to unfold. */
export function unfolding(id, title, ...children) {
  return h("details", { id }, h("summary", { id: `${id}-summary` }, title), ...children);
}

/** Text as it is. */
export function exact(id, text) {
  return h("pre", { id, tabindex: "0" }, text);
}

/** A name and what is known of it. */
export function fact(name, ...values) {
  return [h("dt", {}, name), h("dd", {}, ...values)];
}

/** An address in groups that an eye can compare, and that are copied as one. */
export function address(text) {
  const [, prefix, rest] = /^(0x)?(.*)$/.exec(text);
  const groups = (rest.match(/.{1,4}/g) ?? []).map((group) => h("b", {}, group));
  return h("code", { class: "address" }, prefix ? h("span", {}, prefix) : null, groups);
}

function icon({ icon }) {
  return icon ? h("img", { src: icon, alt: "", width: "28", height: "28" }) : h("span", { class: "no-icon", "aria-hidden": "true" });
}
