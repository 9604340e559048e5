/* Calls with the project's short-lived token, which is kept in this variable and nowhere else. */

import { data } from "./data.js";

const EARLY_MS = 60_000;
let held = { token: "", until: 0, project: "" };
let minting = null;
let project = "";

/** What went wrong, as the gateway says it: status, code, message. */
export class CallError extends Error {
  constructor(status, code, message, requestId = "") {
    super(message);
    Object.assign(this, { status, code, requestId });
  }
}

export function useProject(id) {
  project = id;
  held = { token: "", until: 0, project: "" };
}

function forgery() {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("csrftoken="));
  return cookie ? cookie.slice("csrftoken=".length) : document.querySelector("[name=csrfmiddlewaretoken]").value;
}

async function mint() {
  const wanted = project;
  const answer = await fetch(data.urls.token, {
    method: "POST",
    headers: { "X-CSRFToken": forgery() },
    body: new URLSearchParams({ project: wanted }),
  });
  if (!answer.ok) throw await refusal(answer);
  const found = await answer.json();
  held = { token: found.token, until: Date.now() + found.expires_in * 1000 - EARLY_MS, project: wanted };
}

async function bearer() {
  if (held.project !== project || Date.now() > held.until) {
    minting ??= mint().finally(() => (minting = null));
    await minting;
  }
  return held.token;
}

async function refusal(answer) {
  const id = answer.headers.get("x-request-id") ?? "";
  const body = await answer.json().catch(() => ({}));
  const error = body.error ?? {};
  const code = error.code ?? error.type ?? (answer.status === 403 ? "forbidden" : "");
  return new CallError(answer.status, String(code), error.message ?? answer.statusText, id);
}

async function send(path, options) {
  const headers = { ...options.headers, authorization: `Bearer ${await bearer()}` };
  try {
    return await fetch(path, { ...options, headers, credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError(0, "network", error.message);
  }
}

/** The answer to a call. A token that has just ended is renewed once. Raises CallError, AbortError. */
export async function call(path, options = {}) {
  let answer = await send(path, options);
  if (answer.status === 401) {
    held.until = 0;
    answer = await send(path, options);
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

export function post(path, body, signal) {
  const json = { "content-type": "application/json" };
  return call(path, { method: "POST", headers: json, body: JSON.stringify(body), signal });
}

/** The data of each event of a stream; [DONE] and comments are left out. Raises CallError for an error event. */
export async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      const text = line.slice(5).trim();
      if (text && text !== "[DONE]") yield told(JSON.parse(text));
    }
    if (done) return;
  }
}

function told(event) {
  if (!event.error) return event;
  throw new CallError(event.error.status ?? 500, String(event.error.code ?? ""), event.error.message ?? "");
}

/** The receipt of a call that has ended; null while it isn't written, or never will be. */
export async function receipt(id, tries = 6) {
  for (let turn = 0; turn < tries; turn += 1) {
    const answer = await call(`/v1/generation/${id}`).catch(() => null);
    if (answer) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  return null;
}

/** What is left to spend, as an exact text of so'm. */
export async function balance() {
  const answer = await call("/v1/credits");
  return (await answer.json()).data.available_uzs;
}
