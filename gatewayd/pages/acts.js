// What takes a wallet, and looking how things stand: on every page in the same way.

import { Refused, Unreachable } from "./gateway.js";
import { Busy, Declined } from "./refusals.js";

/** How often the gateway is asked how things stand, in milliseconds. */
const LOOK_AGAIN = 1500;
/** The same when it does not answer, or nothing is expected soon. */
const LOOK_LATER = 5000;

/** Asks how things stand until `pace` says that nothing follows: `"soon"`, `"later"`, `"over"`. */
export async function keepLooking(refresh, pace) {
  await refresh();
  const now = pace();
  if (now !== "over") setTimeout(keepLooking, now === "soon" ? LOOK_AGAIN : LOOK_LATER, refresh, pace);
}

/**
 * What a person does on `page`, of which `state` holds `wallets`, `connected`, `busy`, `notice`, `away`:
 * `draw()` shows it, `refresh()` asks the gateway how things stand and draws, `refused(error)` says what
 * the gateway does not do, `chosen(connected)` adds to a connection which account counts.
 */
export function makeActs({ page, state, draw, refresh, refused, chosen }) {
  function addWallet(wallet) {
    if (state.wallets.some((known) => known.key === wallet.key)) return;
    state.wallets.push(wallet);
    if (state.wallets.length > 1) state.wallets = state.wallets.filter((known) => !known.spare);
    draw();
  }

  /** Does what the person asked for. The page is busy until all of it is done, where the focus goes too. */
  async function act(work) {
    page.setAttribute("aria-busy", "true");
    try {
      await work();
    } finally {
      page.setAttribute("aria-busy", "false");
    }
  }

  function connect(wallet) {
    return act(async () => {
      const isConnected = await busily("connect", wallet, async () => {
        const changed = (accounts) => {
          if (state.connected?.wallet.key !== wallet.key) return;
          state.connected = accounts.length ? chosen({ ...state.connected, accounts }) : null;
          draw();
        };
        const connection = await wallet.connect(changed);
        state.connected = chosen({ ...connection, wallet });
      });
      if (isConnected) focusOn("step");
    });
  }

  /** Has the owner sign the message that the gateway writes for it, hands it in, and shows what came of it. */
  function signed(what, address, write, handIn) {
    const { wallet, account, signText } = state.connected;
    return act(async () => {
      const isDone = await busily(what, wallet, async () => {
        const { message, header } = await write(address);
        await handIn({ address, header, signature: await signText(account, message) });
      });
      if (!isDone) return;
      await refresh();
      focusOn("title");
    });
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

  return { act, addWallet, connect, signed, busily };
}

/** Where a person reads on. */
export function focusOn(id) {
  document.getElementById(id)?.focus();
}

function walletNotice(error, name) {
  if (error instanceof Declined) {
    return { tone: "plain", title: "You said no in the wallet", text: "Nothing was signed or sent. Everything is as it was." };
  }
  if (error instanceof Busy) {
    return { tone: "bad", title: `${name} already asks you something`, text: "Open it, answer there, and try again here." };
  }
  return { tone: "bad", title: `${name} did not do it`, text: `It says: ${error.message}` };
}

/** The link's end is not as a link's: `what` it should name, `command` prints a new one. */
export function brokenLink(what, command) {
  return {
    title: "This link is not whole",
    text: `It ends in # and a ${what}'s id, a dot and 22 characters. Copy all of it, or ask for a new one:`,
    command,
  };
}
