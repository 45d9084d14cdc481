// Does what a test says, one line of JSON a command, one a reply: a browser, a page, wallets in it.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Wallet, pageSide } from "./wallets.mjs";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// Longer than what anything takes: a browser starts, paints and is read beside everything else.
const PATIENCE_MS = 60_000;
/** What does something when it is pressed; what is only read can have the focus too. */
const CONTROLS = ["a", "button", "input", "summary"];

const browser = await chromium.launch({
  executablePath: process.argv[2],
  chromiumSandbox: false,
  timeout: PATIENCE_MS,
  args: FLAGS,
});
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let page;
let wallets = [];
/** What a page must not do: errors, refused by its policy, requests to elsewhere. */
let faults = [];

const commands = {
  async open({ url, width = 390, height = 844, scheme = "light", wallets: given = [] }) {
    await page?.context().close();
    faults = [];
    wallets = given.map((wallet) => new Wallet(wallet));
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: "reduce",
      deviceScaleFactor: 2,
    });
    page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    const { origin } = new URL(url);
    page.on("request", (request) => {
      const elsewhere = !request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:");
      if (elsewhere) faults.push(`asked ${request.url()}`);
    });
    await page.exposeFunction("askWallet", async (name, method, params) => {
      try {
        return { value: await wallet(name).request(method, params) };
      } catch (error) {
        return { error: { code: error.code, message: String(error.message) } };
      }
    });
    await page.addInitScript(pageSide, wallets.map((wallet) => wallet.describe()));
    await page.goto(url);
  },

  /** Waits until the page says something. */
  async wait({ text }) {
    const says = (text) => document.body.innerText.includes(text);
    try {
      await page.waitForFunction(says, text, { timeout: PATIENCE_MS });
    } catch {
      throw new Error(`the page does not say ${text}, but\n${await page.innerText("body")}`);
    }
  },

  async text() {
    return page.innerText("body");
  },

  async press({ key }) {
    await page.keyboard.press(key);
    return focused();
  },

  /** Tab to the control that says this, once nothing is under way that moves the focus. */
  async reach({ text }) {
    const isIdle = () => document.querySelector("[aria-busy=true]") === null;
    await page.waitForFunction(isIdle, undefined, { timeout: PATIENCE_MS });
    for (let step = 0; step < 40; step += 1) {
      const found = await focused();
      if (CONTROLS.includes(found.tag) && found.text.includes(text)) return found;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not get to ${text}`);
  },

  async click({ text }) {
    await page.getByText(text, { exact: true }).click();
  },

  /** What the person behind a wallet says from now on. */
  async answer({ name, answer }) {
    wallet(name).answer = answer;
  },

  /** The person chooses other accounts in the wallet. */
  async choose({ name, numbers, addresses }) {
    const { chain, network } = wallet(name);
    const other = new Wallet({ name, chain, network, numbers, addresses });
    wallets = wallets.map((wallet) => (wallet.name === name ? other : wallet));
    const tell = ([name, addresses]) => globalThis.walletListeners[name].forEach((tell) => tell(addresses));
    await page.evaluate(tell, [name, other.addresses]);
  },

  /** What a wallet was asked so far. */
  async asked({ name }) {
    return wallet(name).asked;
  },

  /** Opens everything that can be opened. */
  async unfold() {
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
  },

  /** What axe-core finds: rule, help and elements. */
  async axe() {
    await page.evaluate(axe);
    const { violations, incomplete } = await page.evaluate(() => globalThis.axe.run());
    const unclear = incomplete.filter(({ impact }) => impact === "critical");
    return [...violations, ...unclear].map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html)}`);
  },

  /** How far the page is wider than the screen. */
  async overflow() {
    return page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  },

  async screenshot({ path }) {
    await page.screenshot({ path, fullPage: true });
  },

  async faults() {
    return faults;
  },
};

function wallet(name) {
  return wallets.find((wallet) => wallet.name === name);
}

function focused() {
  return page.evaluate(() => {
    const { tagName, id, innerText } = document.activeElement;
    return { tag: tagName.toLowerCase(), id, text: document.activeElement.closest("label")?.innerText ?? innerText ?? "" };
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...parameters } = JSON.parse(line);
  let reply;
  try {
    reply = { done: (await commands[command](parameters)) ?? null };
  } catch (error) {
    reply = { failed: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
await browser.close();
