// The parts of the page of `/sessions`, from what is known to elements.

import { h } from "./dom.js";
import { accountPart, address, button, exact, fact, standingPart, step, unfolding, walletList } from "./parts.js";
import { deedWords, headline, lifeWords, limitWords, nextDeed, placeWords, standing } from "./sessions_words.js";
import { moment, remaining } from "./words.js";

/** How it stands once it was decided. */
export function decidedPart(shown) {
  return standingPart(standing(shown));
}

/** Which agent wants what. */
export function questionPart(shown) {
  const { request, wallets, limits, owner, now } = shown;
  const isOpen = nextDeed(shown) === "decide";
  const title = headline(shown);
  const { allowedRecipients: recipients } = request.constraints;
  const lines = (all) => all.map(linePart);
  return h(
    "section",
    { class: "card" },
    isOpen ? h("h1", { id: "title", tabindex: "-1" }, title) : h("h2", {}, title.replace("?", "")),
    h("p", { class: "lead" }, "It asks for a session: a token with which it does things by itself, until the session ends."),
    h(
      "dl",
      {},
      fact("Agent", h("p", {}, request.agent), h("p", { class: "quiet" }, "It calls itself so. Nobody has checked it.")),
      fact("Wallets", h("ul", { role: "list" }, wallets.map(walletPart))),
      fact("May do", deedWords(request)),
      fact("On", placeWords(request)),
      recipients ? fact("Pay only", h("ul", { role: "list" }, recipients.map((one) => h("li", {}, address(one))))) : null,
      fact("At most", lines(limitWords(request, limits))),
      fact("How long", lines(lifeWords(request))),
      isOpen ? fact("Decide by", h("p", {}, moment(request.expiresAt)), h("p", { class: "quiet" }, `${remaining(request.expiresAt - now)} left`)) : null,
      owner ? fact("Owner", address(owner)) : null,
    ),
  );
}

function linePart(line) {
  if (typeof line === "string") return h("p", {}, line);
  return [h("p", {}, line.text), line.token ? h("p", { class: "quiet" }, "token ", address(line.token)) : null];
}

function walletPart({ name, address: text, environment }) {
  return h("li", {}, h("span", {}, name), environment === "testnet" ? h("span", { class: "quiet" }, " (coins without worth)") : null, address(text));
}

const DEEDS = {
  decide: { title: "Sign with this account", words: "It is the sentence below." },
  takeBack: { title: "Take it back", words: "As long as the agent has not fetched its token, you can refuse it after all." },
  end: { title: "End the session", words: "What it asked for and is under way is called off, and its token is worth nothing any more." },
};

/** What the person can do now. */
export function actionPart(state, { connect, grant, refuse, end }) {
  const { shown, connected, busy } = state;
  const deed = nextDeed(shown);
  const { request, wallets, owner } = shown;
  if (!owner) return deed === "decide" ? operatorsPart(request) : null;
  if (!connected) {
    const why = deed === "decide" ? "Connect the owner's wallet" : DEEDS[deed].title;
    return step(why, walletList(state, wallets[0].chain, "leave it to the operator", connect));
  }
  const { wallet, isOwner } = connected;
  const who = accountPart(connected);
  if (!isOwner) {
    return step(
      "This account is not the owner",
      who,
      h("p", {}, `Choose the owner's account in ${wallet.name}. It is listed above.`),
      button("plain", "other", "Ask the wallet again", () => connect(wallet), busy),
    );
  }
  const { title, words } = DEEDS[deed];
  const shows = h("p", {}, `${wallet.name} shows what you sign. ${words}`);
  const one = (kind, id, text, action) => button(kind, id, busy === id ? `Look at ${wallet.name} …` : text, action, busy);
  switch (deed) {
    case "decide":
      return step(title, who, shows, one("main", "grant", "Sign and grant", grant), one("plain", "refuse", "Refuse", refuse));
    case "takeBack":
      return step(title, who, shows, one("plain", "refuse", "Refuse it after all", refuse));
    default:
      return step(title, who, shows, one("plain", "end", "Sign and end it", end));
  }
}

function operatorsPart({ id }) {
  return step(
    "No owner can decide this",
    h("p", {}, "Its wallets do not all have the same owner who has verified. An operator decides:"),
    h("p", {}, h("code", { class: "command" }, `waiaasctl session approve ${id}`)),
  );
}

/** The exact words, and who else can decide. */
export function wordsPart({ request }) {
  const { id, statement } = request;
  return [
    unfolding("words", "The exact words that grant it", exact("exact-words", statement)),
    unfolding(
      "elsewhere",
      "Leave it to the operator",
      h("p", {}, "On the gateway's machine, an operator grants or refuses it:"),
      exact("commands", `waiaasctl session approve ${id}\nwaiaasctl session reject ${id}`),
    ),
  ];
}
