/* What one call said: fetched sealed, opened here with its owner's key, shown as a conversation or as it was sent. */

import { answered, asked, streamed } from "./conversation.js";
import { forget, recall, remember } from "./key-store.js";
import { openRecord, readKeyFile } from "./log-key.js";

const section = document.querySelector("[data-log-content]");
const words = JSON.parse(section.dataset.words);
const keys = JSON.parse(section.dataset.keys); // fingerprints by key id
const part = (name) => section.querySelector(`[data-${name}]`);
let record = null;

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function say(text, kind = "error") {
  const note = part("note");
  note.className = `notice ${kind}`;
  note.textContent = text;
  note.hidden = !text;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/* --- Showing ------------------------------------------------------------------------------------------------- */

function drawnPart({ kind, text, name }) {
  if (kind === "note") return element("p", "muted", `[${words[text]}]`);
  if (kind === "text") return element("p", "said", text);
  const details = element("details", `said-aside ${kind}`);
  details.open = kind === "call";
  details.append(element("summary", "", kind === "call" ? filled(words.toolCall, { name }) : words.thinking));
  details.append(element("pre", "", text));
  return details;
}

function drawnTurn({ role, parts }) {
  const turn = element("article", `turn ${role === "assistant" || role === "user" ? role : "aside"}`);
  turn.append(element("h3", "", words[role] ?? role));
  turn.append(...(parts.length ? parts.map(drawnPart) : [element("p", "muted", words.empty)]));
  return turn;
}

function turnsOf(body, read) {
  try {
    const stream = body.type.startsWith("text/event-stream");
    return stream ? streamed(decoded(body)) : read(JSON.parse(decoded(body)));
  } catch {
    return [];
  }
}

const decoded = (body) => new TextDecoder().decode(body.bytes);
const isText = (body) => /json|text|xml|javascript/.test(body.type) || body.type === "";

/* The body as it was sent; JSON with line breaks. */
function raw(body) {
  if (!isText(body)) return filled(words.notText, { size: body.size, type: body.type });
  const text = decoded(body);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function showPart(name, body, read) {
  const place = part(name);
  const turns = turnsOf(body, read);
  place.querySelector("[data-turns]").replaceChildren(...turns.map(drawnTurn));
  place.querySelector("[data-turns]").dataset.empty = turns.length ? "" : "1";
  place.querySelector("[data-raw] code").textContent = raw(body) || words.empty;
  const cut = place.querySelector("[data-cut]");
  cut.hidden = body.kept === body.size;
  cut.textContent = filled(words.truncated, body);
}

function showRaw(wanted) {
  for (const place of [part("request"), part("response")]) {
    const turns = place.querySelector("[data-turns]");
    const asRaw = wanted || Boolean(turns.dataset.empty);
    turns.hidden = asRaw;
    place.querySelector("[data-raw]").hidden = !asRaw;
  }
  part("as-raw").setAttribute("aria-pressed", String(wanted));
}

function show(content) {
  showPart("request", content.request, asked);
  showPart("response", content.response, answered);
  showRaw(false);
  part("ask").hidden = true;
  part("opened").hidden = false;
}

/* --- Opening ------------------------------------------------------------------------------------------------- */

async function fetched() {
  const answer = await fetch(section.dataset.source, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (answer.status === 404) throw new Error("gone");
  if (!answer.ok) throw new Error("failed");
  return answer.json();
}

async function openWith(key) {
  try {
    show(await openRecord(record, key, keys));
    return true;
  } catch (error) {
    const wanted = keys[record.key_id] ?? "";
    say(filled(words[error.code] ?? words.tampered, { key: wanted.slice(0, 16) }));
    return false;
  }
}

async function chosen(file) {
  say("");
  try {
    const key = await readKeyFile(file);
    if (!(await openWith(key)) || !part("remember").checked) return;
    if (await remember(key)) remembered(key.fingerprint);
    else say(words.cantRemember, "warning");
  } catch {
    say(words.notKey);
  }
}

function remembered(fingerprint) {
  say(words.remembered, "success");
  part("forget").hidden = false;
  part("forget").onclick = async () => {
    await forget(fingerprint);
    part("forget").hidden = true;
    say(words.forgotten, "success");
  };
}

async function begin() {
  if (!window.isSecureContext) return say(words.insecure);
  try {
    record = await fetched();
  } catch (error) {
    return say(words[error.message] ?? words.failed);
  }
  part("ask").hidden = false;
  part("fingerprint").textContent = keys[record.key_id] ?? record.key_id;
  const known = await recall(keys[record.key_id] ?? "");
  if (known && (await openWith(known))) remembered(known.fingerprint);
}

part("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) chosen(file);
  event.target.value = ""; // the same file may be chosen again
});
part("as-raw").addEventListener("click", (event) => showRaw(event.target.getAttribute("aria-pressed") !== "true"));
begin();
