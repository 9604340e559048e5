/* The API reference: what a search leaves in sight, addresses that open by themselves, and real calls.

   The key is in its field alone: in no storage, no address, no form that is sent. */

import "./contents.js";

/* --- Search ------------------------------------------------------------------------------------------ */

const query = document.getElementById("api-query");
const count = document.querySelector("[data-api-count]");
const objects = document.querySelector("[data-api-objects]");
const groups = [...document.querySelectorAll(".api-group:not([data-api-objects])")];
const texts = new Map();

/* Case, accents and apostrophes aside, as the server does it: soʻm, so'm and som are one word. */
function fold(text) {
  return text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f'ʻʼ‘’`]/g, "");
}

/* What it says itself: address, summary, description (also in English), fields; no samples, which all name the
   same things. */
function textOf(operation) {
  if (!texts.has(operation)) {
    const found = [...operation.querySelectorAll("summary, .api-lede, dt code")].map((part) => part.textContent);
    const tag = operation.closest(".api-group").querySelector("h2").textContent;
    const body = operation.querySelector(".api-body");
    texts.set(operation, fold(`${tag} ${found.join(" ")} ${body.dataset.also ?? ""} ${body.id}`));
  }
  return texts.get(operation);
}

function narrow() {
  const words = fold(query.value).split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of groups) {
    const operations = [...group.querySelectorAll(".api-op")];
    for (const operation of operations) {
      operation.hidden = !words.every((word) => textOf(operation).includes(word));
    }
    const left = operations.filter((operation) => !operation.hidden).length;
    group.hidden = !left;
    found += left;
  }
  objects.hidden = words.length > 0;
  count.textContent = !words.length ? "" : found ? `${count.dataset.told} ${found}` : count.dataset.none;
}

query.addEventListener("input", narrow);
query.form.addEventListener("submit", (event) => event.preventDefault());

/* --- Addresses --------------------------------------------------------------------------------------- */

/* The one that the page's address names is open and in sight, whatever was searched for. */
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const operation = target && target.closest(".api-op");
  if (!operation) return;
  if (operation.hidden || operation.parentElement.hidden) {
    query.value = "";
    narrow();
  }
  operation.open = true;
  operation.scrollIntoView();
}

addEventListener("hashchange", open);
open();

/* --- Calls ------------------------------------------------------------------------------------------- */

const template = document.querySelector("template[data-api-try]");
const key = document.getElementById("api-key");
const csrf = document.querySelector("[data-api-key] [name=csrfmiddlewaretoken]").value;
document.querySelector("[data-api-key]").addEventListener("submit", (event) => event.preventDefault());

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.textContent = text;
  return made;
}

/* One value of the call. place: path, query, header, form, or body. */
function field(id, name, place, { required = false, file = false, value = "" } = {}) {
  const whole = element("div", { class: place === "body" ? "field api-sent" : "field" });
  const input = element(place === "body" ? "textarea" : "input", { id, name, "data-place": place, autocomplete: "off" });
  if (place === "body") {
    input.value = value;
    input.rows = Math.min(16, value.split("\n").length + 1);
    input.spellcheck = false;
  } else {
    input.type = file ? "file" : "text";
  }
  input.required = required;
  whole.append(element("label", { for: id }, name), input);
  return whole;
}

function fieldsOf(call, id) {
  const values = call.values.map(([name, place, required]) => field(`${id}-${place}-${name}`, name, place, { required }));
  if (call.body !== undefined) {
    const label = template.content.querySelector(".api-answer").dataset.body;
    values.push(field(`${id}-body`, label, "body", { required: true, value: call.body }));
  }
  const sent = (call.form ?? []).map(([name, file, required]) => field(`${id}-form-${name}`, name, "form", { required, file }));
  return [...values, ...sent];
}

function made(call, form) {
  const headers = key.value.trim() ? { Authorization: `Bearer ${key.value.trim()}` } : { "X-CSRFToken": csrf };
  const inputs = [...form.querySelectorAll("[data-place]")].filter((input) => input.value);
  let path = call.path;
  const asked = new URLSearchParams();
  let body = call.form && new FormData();
  for (const input of inputs) {
    const { place } = input.dataset;
    if (place === "path") path = path.replace(`{${input.name}}`, input.value.split("/").map(encodeURIComponent).join("/"));
    if (place === "query") asked.append(input.name, input.value);
    if (place === "header") headers[input.name] = input.value;
    if (place === "form") body.append(input.name, input.files?.[0] ?? input.value);
    if (place === "body") {
      body = input.value;
      headers["Content-Type"] = "application/json";
    }
  }
  return [`${path}${asked.size ? `?${asked}` : ""}`, { method: call.method, headers, body }];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const SHOWN = { image: "img", audio: "audio", video: "video" };

/* A picture, a film or a sound as such; JSON in lines; events as they come; other bytes as a file. */
async function show(reply, answer) {
  const kind = reply.headers.get("content-type") ?? "";
  const shown = SHOWN[kind.split("/")[0]];
  if (shown || kind.startsWith("application/octet-stream")) {
    const address = URL.createObjectURL(await reply.blob());
    const media = shown === "img" ? { src: address, alt: kind } : shown ? { src: address, controls: "" } : { href: address, download: "" };
    answer.append(element(shown ?? "a", media, shown ? "" : kind));
    return;
  }
  const code = element("code");
  const box = element("pre", { tabindex: "0", role: "group", "aria-label": kind || answer.getAttribute("aria-label") });
  box.append(code);
  answer.append(box);
  if (!kind.startsWith("text/event-stream")) {
    code.textContent = pretty(await reply.text());
    return;
  }
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) code.append(read.value);
}

async function send(call, form, answer) {
  const button = form.querySelector("[type=submit]");
  const status = element("p", { class: "api-status", role: "status" });
  for (const media of answer.querySelectorAll("[src]")) URL.revokeObjectURL(media.src);
  answer.replaceChildren(status);
  answer.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const began = performance.now();
    const reply = await fetch(...made(call, form));
    status.textContent = `${reply.status} ${reply.statusText} · ${Math.round(performance.now() - began)} ms`;
    status.classList.toggle("bad", !reply.ok);
    await show(reply, answer);
  } catch {
    answer.append(element("p", { class: "bad" }, answer.dataset.broken));
  }
  button.disabled = false;
  answer.removeAttribute("aria-busy");
}

/* An operation gets its form when it is first opened. */
function equip(operation) {
  const beside = operation.querySelector("[data-call]");
  if (!beside || beside.querySelector(".api-try")) return;
  const call = JSON.parse(beside.dataset.call);
  const part = template.content.cloneNode(true);
  const [form, answer] = [part.querySelector("form"), part.querySelector(".api-answer")];
  form.querySelector("[data-values]").append(...fieldsOf(call, operation.querySelector(".api-body").id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(call, form, answer);
  });
  beside.append(part);
}

for (const operation of document.querySelectorAll(".api-op")) {
  if (operation.open) equip(operation);
  operation.addEventListener("toggle", () => operation.open && equip(operation));
}
