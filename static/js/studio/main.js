/* Studio: puts its pieces together. */

import { beat } from "../live.js";
import { balance, useProject } from "./api.js";
import * as chat from "./chat.js";
import * as composer from "./composer.js";
import { $, $$ } from "./dom.js";
import { data, money, t } from "./data.js";
import { failure } from "./figures.js";
import * as list from "./list.js";
import * as media from "./media.js";
import { loadModels, modalityOf, offered, usual } from "./models.js";
import { all } from "./store.js";

const PROJECT = `studio-project-${data.account}`;
const OPEN = `studio-open-${data.account}`;
const BALANCE_S = 30;
let mode = "chat";

function setMode(name, model) {
  mode = name;
  for (const one of $$("[data-mode]")) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
  const talking = mode === "chat";
  $("[data-chat]").hidden = !talking;
  $("[data-works]").hidden = talking;
  if (talking) chat.draw();
  else media.open(mode, model);
}

/* Money comes and goes without this page, too. */
async function spentElsewhere() {
  await showBalance();
  return "same";
}

async function showBalance() {
  try {
    $("[data-balance]").textContent = t("balance", { amount: money(await balance()) });
  } catch {
    // The next answer asks again.
  }
}

function state(running) {
  $("[data-stop]").hidden = !running;
  $("[data-send]").hidden = running;
}

function open(conversation) {
  setMode("chat");
  chat.openUp(conversation);
  closePanels();
  localStorage.setItem(OPEN, conversation.id);
  list.refresh();
}

function fresh() {
  setMode("chat");
  chat.fresh();
  closePanels();
  localStorage.removeItem(OPEN);
  list.refresh();
  $("[data-prompt]").focus();
}

function closePanels() {
  for (const one of $$("[data-panel]")) one.classList.remove("open");
  for (const one of $$("[data-open-panel]")) one.setAttribute("aria-expanded", "false");
}

function panels() {
  for (const one of $$("[data-open-panel]")) {
    one.addEventListener("click", () => {
      const panel = $(`#${one.dataset.openPanel}`);
      const opened = !panel.classList.contains("open");
      closePanels();
      panel.classList.toggle("open", opened);
      one.setAttribute("aria-expanded", String(opened));
      if (opened) $("button, input, select, textarea", panel)?.focus();
    });
  }
  for (const one of $$("[data-close-panel]")) one.addEventListener("click", closePanels);
  for (const one of $$("[data-close-dialog]")) one.addEventListener("click", () => one.closest("dialog").close());
}

/** What a link of the documentation or of a model's page asks for, in the address's fragment. */
function wished() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (![...asked.keys()].length) return null;
  history.replaceState(null, "", location.pathname);
  return { model: asked.get("model") ?? "", prompt: asked.get("prompt") ?? "", body: body(asked.get("code")) };
}

function body(text) {
  try {
    const found = text ? JSON.parse(text) : {};
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {};
  }
}

const typed = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function prefill(wish) {
  const { model, messages = [], prompt, input, stream, stream_options: _, ...rest } = wish.body;
  const name = wish.model || model || usual("chat");
  const what = modalityOf(name) ?? "chat";
  const words = wish.prompt || typed(messages.findLast?.((one) => one.role === "user")?.content ?? prompt ?? input ?? "");
  if (what !== "chat") {
    chat.fresh();
    setMode(what, name);
    const field = $(`[data-media="${what}"] [data-words]`);
    if (field) field.value = words;
    return;
  }
  chat.fresh([name], { settings: wishes(rest, messages) });
  setMode("chat");
  composer.write(words);
}

function wishes(rest, messages) {
  const found = {};
  const others = {};
  for (const [key, value] of Object.entries(rest)) {
    const field = $(`[data-param="${CSS.escape(key)}"]`);
    if (field && typeof value !== "object") found[key] = String(value);
    else others[key] = value;
  }
  const system = messages.find((one) => one.role === "system")?.content;
  if (system) found.system = typed(system);
  if (Object.keys(others).length) found.raw = JSON.stringify(others, null, 2);
  return found;
}

async function restore() {
  const wish = wished();
  if (wish) return prefill(wish);
  const last = localStorage.getItem(OPEN);
  const found = last ? (await all()).find((one) => one.id === last) : null;
  if (found) chat.openUp(found);
  else chat.fresh();
  setMode("chat");
}

function modes() {
  const found = offered();
  for (const one of $$("[data-mode]")) {
    one.hidden = !found.has(one.dataset.mode);
    one.addEventListener("click", () => setMode(one.dataset.mode));
  }
}

async function load() {
  await loadModels();
  $("[data-no-models]").hidden = offered().size > 0;
}

function projects() {
  const field = $("[data-project]");
  const last = localStorage.getItem(PROJECT);
  if ([...field.options].some((one) => one.value === last)) field.value = last;
  const use = () => {
    useProject(field.value);
    $("[data-logged-notice]").hidden = !field.selectedOptions[0]?.hasAttribute("data-logged");
  };
  use();
  field.addEventListener("change", async () => {
    localStorage.setItem(PROJECT, field.value);
    use();
    try {
      await load();
      for (const one of $$("[data-mode]")) one.hidden = !offered().has(one.dataset.mode);
      showBalance();
    } catch (error) {
      broken(error);
    }
  });
}

function broken(error) {
  $("[data-broken]").replaceChildren(failure(error, () => location.reload()));
}

function keys(event) {
  if (event.key !== "Escape" || event.target.closest?.("dialog")) return;
  chat.stop();
  media.stop();
  closePanels();
}

async function boot() {
  const hooks = { mode: setMode, complain: composer.complain, answered: showBalance, state };
  const kept = (conversation) => {
    if (conversation.turns.length) localStorage.setItem(OPEN, conversation.id);
    list.refresh();
  };
  chat.begin({ ...hooks, kept });
  media.begin(hooks);
  composer.begin({ send: (text, images) => sent(text, images) });
  const renamed = (id, title) => chat.current()?.id === id && (chat.current().title = title);
  list.begin({ current: chat.current, open, fresh, renamed });
  panels();
  projects();
  document.addEventListener("keydown", keys);
  $("[data-stop]").addEventListener("click", () => chat.stop());
  $("[data-compare]").addEventListener("click", () => chat.compare());
  for (const one of $$("[data-starter]")) one.addEventListener("click", () => sent(one.textContent.trim(), []));
  try {
    await load();
    modes();
    await restore();
    await list.refresh();
    showBalance();
    beat(spentElsewhere, { least: BALANCE_S, most: BALANCE_S });
    $("[data-studio]").dataset.ready = "1";
  } catch (error) {
    broken(error);
  }
}

function sent(text, images) {
  const done = chat.send(text, images);
  if (done) chat.keep();
  return done;
}

if ($("[data-studio]")) boot();
