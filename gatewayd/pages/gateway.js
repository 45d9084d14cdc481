// What is asked of the gateway, which serves this page.

/** The gateway answered, and says no. */
export class Refused extends Error {
  constructor({ code, message, hint }, status) {
    super(message ?? `the gateway answers with status ${status}`);
    this.code = code ?? `HTTP_${status}`;
    this.hint = hint;
  }
}

/** The gateway does not answer. */
export class Unreachable extends Error {}

/** What a page's link names, or `null` where it is not whole. */
export function linkOf(location) {
  const found = /^#([0-9a-f-]{36})\.([\w-]{22})$/.exec(location.hash);
  return found && { id: found[1], right: found[2] };
}

/** What the link leads to: `GET /v1/approvals/{id}`. */
export function readApproval({ id, right }) {
  return ask(`/v1/approvals/${id}`, { headers: { "X-Link-Right": right } });
}

/** Hands in one owner's signature. */
export function approve(id, signature) {
  return post(`/v1/transactions/${id}/approve`, {}, { signatures: [signature] });
}

/** The message by which an owner refuses a transaction: `{ message, header }`. */
export function writeRefusal(address, { id, network }) {
  return post("/v1/owners/messages", {}, { address, action: "reject", id, network });
}

/** Refuses a transaction, by what its owner signed. */
export function refuse(id, claim) {
  return post(`/v1/transactions/${id}/reject`, headersOf(claim), {});
}

/** What the link leads to: `GET /v1/sessions/requests/{id}/question`. */
export function readSessionRequest({ id, right }) {
  return ask(`/v1/sessions/requests/${id}/question`, { headers: { "X-Link-Right": right } });
}

/** The message by which an owner decides about a session request, `approve` or `reject`. */
export function writeDecision(address, id, decision) {
  return post(`/v1/sessions/requests/${id}/message`, {}, { address, decision });
}

/** Grants or refuses what an agent asks for, by what the owner signed. */
export function decide(id, decision, claim) {
  return post(`/v1/sessions/requests/${id}/${decision}`, headersOf(claim), {});
}

/** The message by which an owner ends a session. */
export function writeRevocation(address, id) {
  return post("/v1/owners/messages", {}, { address, action: "revoke", id });
}

/** Ends a session, by what the owner of one of its wallets signed. */
export function revoke(id, claim) {
  return ask(`/v1/sessions/${id}`, { method: "DELETE", headers: headersOf(claim) });
}

function headersOf({ address, header, signature }) {
  return { "X-Owner-Address": address, "X-Owner-Message": header, "X-Owner-Signature": signature };
}

function post(path, headers, body) {
  headers = { ...headers, "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

const PATIENCE_MS = 20_000;

async function ask(path, request) {
  let response;
  let text;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch(path, { ...request, signal, cache: "no-store", credentials: "omit" });
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    // Not the gateway's own words; the status says enough.
  }
  if (!response.ok) throw new Refused(body, response.status);
  return body;
}
