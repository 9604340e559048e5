/* The conversation that is open: one to three models side by side, turns without branches. */

import { ask, settle } from "./ask.js";
import { paint, stepBox, toolForm, toolResult, userTurn } from "./answers.js";
import { showCode } from "./code.js";
import { $, announce, button, el } from "./dom.js";
import { money, number, t } from "./data.js";
import { label, pick, remember, usual, modalityOf } from "./models.js";
import { BadSetting, chatBody, fit, settings, show } from "./params.js";
import { put } from "./store.js";

export const COLUMNS_MAX = 3;
const PAINT_MS = 80;
const TITLE_CHARS = 60;
let open = null;
let hooks = {};
const running = new Map(); // column → AbortController

export const current = () => open;
export const isRunning = () => running.size > 0;

export function begin(given) {
  hooks = given;
}

/** A new conversation; it is kept from its first message on. */
export function fresh(names = [usual("chat")], more = {}) {
  stop();
  const now = Date.now();
  openUp({ id: crypto.randomUUID(), title: "", created: now, updated: now, columns: names, turns: [], settings: settings(), ...more });
}

export function openUp(conversation) {
  stop();
  open = conversation;
  show(open.settings);
  draw();
}

export async function keep() {
  open.updated = Date.now();
  open.settings = settings();
  if (open.turns.length) await put(clean(open));
  hooks.kept(open);
}

/* What runs is kept as it stands: after a reload nothing goes on. */
function clean(conversation) {
  return JSON.parse(JSON.stringify(conversation, (key, value) => (key === "running" ? undefined : value)));
}

// --- What is sent

function content(turn) {
  if (!turn.images.length) return turn.text;
  const images = turn.images.map((image) => ({ type: "image_url", image_url: { url: image.url } }));
  return turn.text ? [{ type: "text", text: turn.text }, ...images] : images;
}

function said(step) {
  if (step.role === "tool") return { role: "tool", tool_call_id: step.id, content: step.content };
  const calls = step.calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
  return { role: "assistant", content: step.text || null, ...(calls.length ? { tool_calls: calls } : {}) };
}

const counts = (step) => step.role === "tool" || step.text || step.calls.length > 0;

/** The messages of one column up to a turn and its step, as they are or were sent. */
function messages(column, turnAt, stepAt, system) {
  const found = system ? [{ role: "system", content: system }] : [];
  for (const [at, turn] of open.turns.slice(0, turnAt + 1).entries()) {
    found.push({ role: "user", content: content(turn) });
    const steps = turn.answers[column]?.steps ?? [];
    found.push(...(at < turnAt ? steps : steps.slice(0, stepAt)).filter(counts).map(said));
  }
  return found;
}

function request(column, turnAt, stepAt) {
  const { sent } = open.turns[turnAt].answers[column].steps[stepAt];
  const { model, system, ...rest } = sent;
  const tail = { stream: true, stream_options: { include_usage: true } };
  return { model, messages: messages(column, turnAt, stepAt, system), ...rest, ...tail };
}

// --- What happens

/** Sends a message to every column. False if a setting can't be read; the composer keeps its text then. */
export function send(text, images) {
  if (isRunning() || !readable()) return false;
  open.title ||= text.trim().slice(0, TITLE_CHARS) || t("untitled");
  open.turns.push({ text, images, answers: open.columns.map(() => ({ steps: [] })) });
  draw();
  runAll();
  return true;
}

function readable() {
  try {
    open.columns.forEach((name) => chatBody(settings(), name));
    hooks.complain("");
    return true;
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error;
    hooks.complain(error.message);
    return false;
  }
}

function runAll() {
  open.columns.forEach((_, column) => run(column, open.turns.length - 1));
}

async function run(column, turnAt) {
  const conversation = open;
  const values = settings();
  const name = open.columns[column];
  const { body, left } = chatBody(values, name);
  const steps = open.turns[turnAt].answers[column].steps;
  const system = values.system ?? "";
  const step = { role: "assistant", text: "", reasoning: "", calls: [], stats: {}, left, running: true, sent: { model: name, system, ...body } };
  const asked = { model: name, messages: messages(column, turnAt, steps.length, system), ...body };
  steps.push(step);
  remember("chat", name);
  const stopper = new AbortController();
  running.set(column, stopper);
  changed();
  const box = redraw(column);
  announce(t("answering"));
  await ask(asked, step, stopper.signal, throttled(() => repaint(box, step)));
  step.running = false;
  running.delete(column);
  if (open === conversation) redraw(column);
  changed();
  await settle(step);
  if (open === conversation) {
    redraw(column);
    await keep();
  } else {
    await put(clean(conversation));
  }
  announce(step.error ? t("answer_failed") : t("answer_done"));
  hooks.answered();
}

function throttled(work) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      work();
    }, PAINT_MS);
  };
}

function repaint(box, step) {
  const last = box.querySelector("[data-transcript] > [data-answer]:last-of-type");
  if (!last || !step.running) return;
  const pane = $("[data-transcript]", box);
  const atEnd = pane.scrollHeight - pane.scrollTop - pane.clientHeight < 80;
  paint(last, step, {});
  if (atEnd) pane.scrollTop = pane.scrollHeight;
}

/** Ends one column's answer, or all. */
export function stop(column) {
  const which = column === undefined ? [...running.keys()] : [column];
  which.forEach((one) => running.get(one)?.abort());
}

function retry(column) {
  if (running.has(column) || !readable()) return;
  const turn = open.turns.at(-1);
  const { steps } = turn.answers[column];
  // Answers that built on results of tools are made anew from the last result on.
  while (steps.length && steps.at(-1).role === "assistant") steps.pop();
  run(column, open.turns.length - 1);
}

function edit(turnAt, text) {
  if (isRunning() || !readable()) return;
  const { images } = open.turns[turnAt];
  open.turns.length = turnAt;
  open.turns.push({ text, images, answers: open.columns.map(() => ({ steps: [] })) });
  draw();
  runAll();
}

function goOn(column, results) {
  const { steps } = open.turns.at(-1).answers[column];
  const { calls } = steps.at(-1);
  calls.forEach((call, at) => steps.push({ role: "tool", id: call.id, content: results[at] }));
  run(column, open.turns.length - 1);
}

async function swap(column) {
  const name = await pick(open.columns[column], "chat");
  if (!name) return;
  const modality = modalityOf(name);
  if (modality && modality !== "chat") {
    remember(modality, name);
    hooks.mode(modality);
    return;
  }
  open.columns[column] = name;
  remember("chat", name);
  draw();
}

/** One more model beside the others, from the next message on. */
export async function compare() {
  if (open.columns.length >= COLUMNS_MAX || isRunning()) return;
  const name = await pick(open.columns.at(-1), "chat");
  if (!name) return;
  open.columns.push(name);
  for (const turn of open.turns) turn.answers.push({ steps: [] });
  draw();
}

function drop(column) {
  if (isRunning()) return;
  open.columns.splice(column, 1);
  for (const turn of open.turns) turn.answers.splice(column, 1);
  draw();
  keep();
}

// --- What is seen

/** Draws everything anew. */
export function draw() {
  fit(open.columns, "chat");
  const box = $("[data-columns]");
  box.replaceChildren(...open.columns.map(() => el("section", { class: "studio-column" })));
  box.dataset.count = open.columns.length;
  open.columns.forEach((_, column) => drawColumn(column));
  changed();
}

function changed() {
  const empty = open.turns.length === 0;
  $("[data-starters]").hidden = !empty;
  $("[data-columns]").classList.toggle("empty-columns", empty);
  $("[data-compare]").hidden = open.columns.length >= COLUMNS_MAX;
  hooks.state(isRunning());
  sums();
}

function redraw(column) {
  const box = drawColumn(column);
  sums();
  return box;
}

function drawColumn(column) {
  const box = $("[data-columns]").children[column];
  const name = open.columns[column];
  const pane = $("[data-transcript]", box);
  const top = pane ? pane.scrollTop : 0;
  const atEnd = !pane || pane.scrollHeight - top - pane.clientHeight < 80;
  box.setAttribute("aria-label", label(name));
  const transcript = el("div", { class: "transcript", "data-transcript": true, tabindex: "0", role: "log", "aria-live": "off", "aria-label": label(name) });
  open.turns.forEach((turn, at) => transcript.append(...turnBoxes(turn, at, column)));
  box.replaceChildren(head(column, name), transcript);
  transcript.scrollTop = atEnd ? transcript.scrollHeight : top;
  return box;
}

function head(column, name) {
  const choose = el("button", { type: "button", class: "button quiet studio-pick", "data-pick": true, onclick: () => swap(column) }, label(name) || t("choose_model"));
  const row = el("div", { class: "column-head" }, choose);
  if (open.columns.length === 1) return row; // the composer's own button stops it
  if (running.has(column)) row.append(button(t("stop"), () => stop(column), { "data-stop-column": true }));
  else row.append(button("×", () => drop(column), { "aria-label": t("remove_model", { model: label(name) }), "data-drop": true }));
  return row;
}

function turnBoxes(turn, at, column) {
  const steps = turn.answers[column]?.steps ?? [];
  const last = at === open.turns.length - 1;
  const boxes = [userTurn(turn, column === 0 ? (text) => edit(at, text) : null)];
  steps.forEach((step, stepAt) => {
    if (step.role === "tool") boxes.push(toolResult(step));
    else boxes.push(stepBox(step, actions(column, at, stepAt, last && stepAt === steps.length - 1)));
  });
  const end = steps.at(-1);
  if (last && end?.calls?.length && !end.running) boxes.push(toolForm(end.calls, (results) => goOn(column, results)));
  return boxes;
}

function actions(column, at, stepAt, last) {
  return {
    retry: last ? () => retry(column) : null,
    code: () => showCode("/v1/chat/completions", request(column, at, stepAt)),
  };
}

/** What the whole conversation has cost and used, for each model and in all. */
function sums() {
  const found = open.columns.map((_, column) => {
    const stats = open.turns.flatMap((turn) => turn.answers[column]?.steps ?? []).map((step) => step.stats ?? {});
    const total = (field) => stats.reduce((sum, one) => sum + Number(one[field] ?? 0), 0);
    return { cost: total("cost"), tokens: total("input") + total("output") };
  });
  const whole = found.reduce((sum, one) => ({ cost: sum.cost + one.cost, tokens: sum.tokens + one.tokens }), { cost: 0, tokens: 0 });
  $("[data-sums]").textContent = open.turns.length ? t("sums", { cost: money(whole.cost), tokens: number(whole.tokens) }) : "";
  found.forEach((one, column) => {
    const box = $("[data-columns]").children[column];
    const line = open.columns.length > 1 && open.turns.length ? t("sums", { cost: money(one.cost), tokens: number(one.tokens) }) : "";
    let foot = $("[data-column-sums]", box);
    if (!foot && line) box.append((foot = el("p", { class: "muted small-text column-sums", "data-column-sums": true })));
    if (foot) foot.textContent = line;
  });
}
