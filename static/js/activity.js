/* The activity page: filters without a reload, the receipt beside the list, the list kept up to date.
   Without this module the same links and forms load whole pages. */

import { beat, part as fetched } from "./live.js";

const LIVE_S = 3;
const MOST_S = 12;
const SUMS_MS = 15_000;
const LIVE = "activity-live";

const results = document.getElementById("results");
const filters = document.querySelector("[data-filters]");
const live = document.querySelector("[data-live]");
const trouble = document.querySelector("[data-trouble]");
const drawer = document.querySelector("[data-drawer]");
const drawerBody = drawer.querySelector("[data-drawer-body]");

function listAddress() {
  const here = new URL(location.href);
  here.searchParams.delete("call");
  return here.pathname + here.search;
}

/* --- Filters, pages and the chart's metric ------------------------------------------------------------------ */

let asked = 0;

async function swap(address, remember) {
  const turn = ++asked;
  results.setAttribute("aria-busy", "true");
  try {
    const markup = await fetched("results", address, { always: true });
    if (turn !== asked) return; // a later one was asked for meanwhile
    results.innerHTML = markup;
    trouble.hidden = true;
    if (remember) history.pushState(null, "", address);
    showLive();
    document.dispatchEvent(new CustomEvent("activity:shown"));
  } catch {
    location.assign(address); // the whole page says what is the matter, or asks to sign in
  } finally {
    if (turn === asked) results.removeAttribute("aria-busy");
  }
}

filters.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = [...new FormData(filters)].filter(([, value]) => value !== "");
  const chart = new URL(location.href).searchParams.get("chart");
  if (chart) said.push(["chart", chart]);
  const query = new URLSearchParams(said).toString();
  swap(filters.action + (query ? `?${query}` : ""), true);
});

filters.addEventListener("change", (event) => {
  if (event.target.matches("select, input[type=date]")) filters.requestSubmit();
});

results.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  swap(link.href, true);
});

/* --- The list kept up to date ------------------------------------------------------------------------------- */

let stop = () => {};
let summedAt = Date.now();

const isLive = () => live.getAttribute("aria-pressed") === "true";

/* Only the newest page moves. */
function showLive() {
  live.hidden = new URL(location.href).searchParams.has("before");
}

function rowIds(part) {
  return new Set([...part.querySelectorAll("[data-call]")].map((row) => row.dataset.call));
}

function renew(part, markup) {
  const known = rowIds(part);
  const focused = part.contains(document.activeElement) ? document.activeElement.closest("[data-call]") : null;
  part.innerHTML = markup;
  for (const row of part.querySelectorAll("[data-call]")) {
    row.classList.toggle("fresh", !known.has(row.dataset.call));
  }
  if (focused) part.querySelector(`[data-call="${focused.dataset.call}"] a`)?.focus();
}

async function update() {
  if (live.hidden) return "same"; // an older page
  const address = listAddress();
  const turn = asked;
  const calls = await fetched("calls", address);
  if (calls === null || turn !== asked || !isLive()) return "same";
  renew(results.querySelector('[data-part="calls"]'), calls);
  if (Date.now() - summedAt > SUMS_MS) await sum(address, turn);
  return "changed";
}

async function sum(address, turn) {
  summedAt = Date.now();
  const summary = await fetched("summary", address);
  if (summary === null || turn !== asked) return;
  const part = results.querySelector('[data-part="summary"]');
  const open = part.querySelector("details")?.open;
  part.innerHTML = summary;
  if (open) part.querySelector("details")?.setAttribute("open", "");
}

function setLive(on) {
  stop();
  live.setAttribute("aria-pressed", String(on));
  localStorage.setItem(LIVE, on ? "on" : "");
  trouble.hidden = true;
  if (on) stop = beat(update, { least: LIVE_S, most: MOST_S, trouble: (is) => (trouble.hidden = !is), now: true });
}

live.addEventListener("click", () => setLive(!isLive()));

/* --- The receipt beside the list ----------------------------------------------------------------------------- */

function say(name) {
  drawerBody.replaceChildren(drawer.querySelector(`[data-drawer-${name}]`).content.cloneNode(true));
}

async function showReceipt(call) {
  const address = `${filters.action.replace(/\/$/, "")}/${encodeURIComponent(call)}`;
  drawer.querySelector("[data-drawer-page]").href = address;
  drawer.dataset.call = call;
  say("wait");
  if (!drawer.open) drawer.showModal();
  try {
    const markup = await fetched("receipt", address, { always: true });
    if (drawer.dataset.call !== call) return;
    drawerBody.innerHTML = markup;
    drawerBody.scrollTop = 0;
    document.dispatchEvent(new CustomEvent("receipt:shown", { detail: drawerBody }));
  } catch (error) {
    if (drawer.dataset.call === call) say(error.status === 404 ? "missing" : "failed");
  }
}

function withCall(call) {
  const address = new URL(location.href);
  if (call) address.searchParams.set("call", call);
  else address.searchParams.delete("call");
  return address;
}

results.addEventListener("click", (event) => {
  const link = event.target.closest("[data-call] th a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const call = link.closest("[data-call]").dataset.call;
  history.pushState({ drawer: true }, "", withCall(call));
  showReceipt(call);
});

/* Esc, the button and a click beside it close it; the address then is the list's again. */
drawer.addEventListener("close", () => {
  delete drawer.dataset.call;
  drawerBody.replaceChildren();
  if (!new URL(location.href).searchParams.has("call")) return;
  if (history.state?.drawer) history.back();
  else history.replaceState(null, "", withCall(null));
});

drawer.querySelector("[data-drawer-close]").addEventListener("click", () => drawer.close());
drawer.addEventListener("click", (event) => {
  if (event.target === drawer) drawer.close();
});

/* --- The address is what is shown ---------------------------------------------------------------------------- */

let listed = listAddress();

document.addEventListener("activity:shown", () => {
  listed = listAddress();
});

addEventListener("popstate", () => {
  const call = new URL(location.href).searchParams.get("call");
  if (call) showReceipt(call);
  else if (drawer.open) drawer.close();
  if (listAddress() !== listed) location.reload(); // the form's fields too are those of this address
});

showLive();
const linked = new URL(location.href).searchParams.get("call");
if (linked) showReceipt(linked);
if (localStorage.getItem(LIVE)) setLive(true);
