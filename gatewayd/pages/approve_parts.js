// The parts of the page of `/approve`, from what is known to elements.

import { h } from "./dom.js";
import { accountPart, address, button, exact, fact, standingPart, step, unfolding, walletList } from "./parts.js";
import { count, effectWords, grouped, headline, moment, networkWords, reasonWords, remaining, standing } from "./words.js";

/** How it stands where nothing is asked. */
export function endedPart(shown) {
  const { transaction } = shown;
  const now = standing(shown);
  return standingPart(
    now,
    transaction.error && now.tone !== "good" ? h("p", { class: "quiet" }, transaction.error) : null,
    transaction.txHash
      ? h("p", { class: "quiet" }, "Transaction ", h("code", { class: "wrap" }, transaction.txHash))
      : null,
  );
}

/** What leaves, to whom, for which fee, and who wants to know. */
export function questionPart(asked, open) {
  const { transaction, approval, fee, reasons, walletName, walletAddress, now } = asked;
  const title = headline(asked);
  const until = approval.terms.expiresAt;
  const feeWords = fee.amountFormatted
    ? `${grouped(fee.amountFormatted)} ${fee.symbol}`
    : `${grouped(fee.amount)} base units`;
  return h(
    "section",
    { class: "card" },
    open
      ? h("h1", { id: "title", tabindex: "-1" }, title)
      : h("h2", {}, title.replace("?", "")),
    h("ol", { class: "effects", role: "list" }, asked.effects.map((effect) => effectPart(effect, asked))),
    h(
      "dl",
      {},
      fact("From", h("span", {}, walletName), address(walletAddress)),
      fact("Network", networkWords(transaction)),
      fact("Fee", `at most ${feeWords}`),
      open ? fact("Asked by", reasonsPart(reasons, fee)) : null,
      open ? fact("Until", h("p", {}, moment(until)), h("p", { class: "quiet" }, `${remaining(until - now)} left`)) : null,
      fact("Owners", ownersPart(approval)),
    ),
  );
}

function reasonsPart(reasons, fee) {
  if (!reasons.length) return "A rule that would not ask any more.";
  const words = reasons.map((reason) => reasonWords(reason, fee));
  return words.map(({ who, why }) => [h("p", {}, who), h("p", { class: "quiet" }, why)]);
}

function effectPart(effect, { effects, transaction }) {
  const { verb, amount, towards, text } = effectWords(effect);
  const { displayAmount, displayCurrency } = transaction;
  if (!verb) return h("li", {}, h("p", { class: "wrap" }, text));
  return h(
    "li",
    {},
    effects.length > 1 ? h("p", { class: "amount" }, `${verb} ${amount}`) : null,
    effects.length === 1 && displayAmount
      ? h("p", { class: "worth" }, `about ${grouped(displayAmount)} ${displayCurrency}`)
      : null,
    h("p", { class: "towards" }, towards, address(effect.to)),
    effect.token ? h("p", { class: "towards" }, "token", address(effect.token)) : null,
  );
}

function ownersPart({ owners, signatures, threshold }) {
  if (!owners.length) return "Nobody: the operator has confirmed no owner, so that nobody can approve it.";
  const signed = signatures.map(({ owner }) => owner);
  const needed = owners.length === 1 ? null : h("p", {}, `${signed.length} of ${count(threshold, "signature")}`);
  const item = (owner) =>
    h("li", { class: signed.includes(owner) ? "signed" : "" }, address(owner), signed.includes(owner) ? h("span", { class: "mark" }, "signed") : null);
  return [needed, h("ul", { role: "list" }, owners.map(item))].filter(Boolean);
}

/** What the person can do now. */
export function actionPart(state, actions) {
  const { asked, connected, busy, unsent } = state;
  const { approval, transaction } = asked;
  if (!approval.owners.length) {
    return step("Nobody can approve this", h("p", {}, "The operator names owners and confirms them at the signer:"), h("p", {}, h("code", { class: "command" }, "waiaasctl owner confirm WALLET ADDRESS")));
  }
  if (unsent && busy !== "post") {
    return step("Signed, not handed in", button("main", "post", "Hand it in again", actions.post, null));
  }
  if (!connected) {
    return step("Connect an owner's wallet", walletList(state, transaction.chain, "sign elsewhere", actions.connect));
  }
  const { wallet, isOwner, hasSigned, mayRefuse } = connected;
  const who = accountPart(connected);
  const refusal = mayRefuse
    ? button("plain", "refuse", busy === "refuse" ? `Look at ${wallet.name} …` : "Reject", actions.reject, busy)
    : null;
  if (!isOwner) {
    return step(
      "This account is no owner",
      who,
      h("p", {}, `Choose ${approval.owners.length === 1 ? "the owner's account" : "the account of an owner"} in ${wallet.name}. The owners are listed above.`),
      button("plain", "other", "Ask the wallet again", () => actions.connect(wallet), busy),
    );
  }
  if (hasSigned) {
    const missing = approval.threshold - approval.signatures.length;
    return step("You have signed", who, h("p", {}, `${count(missing, "more owner")} ${missing === 1 ? "has" : "have"} to sign. Give them the address of this page.`), refusal);
  }
  const words = { sign: `Look at ${wallet.name} …`, post: "Handing it in …" };
  return step(
    "Sign with this account",
    who,
    transaction.chain === "solana" ? null : formPart(state, actions),
    h("p", {}, `${wallet.name} shows the words below. Sign only if they are the same.`),
    button("main", "sign", words[busy] ?? "Sign and approve", actions.sign, busy),
    refusal,
  );
}

function formPart({ form, busy }, { setForm }) {
  const choice = (value, text) =>
    h("label", {}, h("input", { id: value, type: "radio", name: "form", checked: form === value, disabled: busy !== null, onchange: () => setForm(value) }), text);
  return h("fieldset", {}, h("legend", {}, "Sign it as"), choice("text", "text"), choice("typedData", "typed data"));
}

/** The exact words, and how to sign them without this page. */
export function wordsPart({ approval, transaction }) {
  const { id } = transaction;
  const owner = approval.owners[0] ?? "OWNER";
  return [
    unfolding("words", "The exact words that are signed", exact("exact-words", approval.text)),
    unfolding(
      "elsewhere",
      "Sign elsewhere",
      h("p", {}, "On the gateway's machine, an operator prints the words, and hands in what an owner signed with any tool:"),
      exact("commands", `waiaasctl tx question ${id} --text\nwaiaasctl tx approve ${id} \\\n  --owner ${owner} \\\n  --signature SIGNATURE`),
    ),
  ];
}
