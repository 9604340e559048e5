/* Images, video, embeddings, speech and transcription: one form each, results below it, kept until the page is left. */

import { call, CallError, post, receipt } from "./api.js";
import { showCode } from "./code.js";
import { $, $$, announce, button, el } from "./dom.js";
import { moment, number, t } from "./data.js";
import { failure, figures, ofReceipt } from "./figures.js";
import { label, pick, remember, usual, modalityOf } from "./models.js";
import { BadSetting, fit, raw, routing, settings } from "./params.js";

export const PATHS = {
  image: "/v1/images/generations",
  video: "/v1/videos",
  embedding: "/v1/embeddings",
  speech: "/v1/audio/speech",
  transcription: "/v1/audio/transcriptions",
};
const POLL_MS = 3000;
const FILE_MAX = 25 * 1024 * 1024;
const NUMBERS = new Set(["n", "speed", "dimensions"]);
const chosen = {};
let mode = "";
let hooks = {};
let stopper = null;

export function begin(given) {
  hooks = given;
  for (const form of $$("[data-media]")) form.addEventListener("submit", (event) => submitted(event, form));
  for (const one of $$("[data-media-pick]")) one.addEventListener("click", swap);
  for (const one of $$("[data-media-stop]")) one.addEventListener("click", stop);
  for (const one of $$("[data-media-code]")) one.addEventListener("click", () => coded(one.closest("form")));
}

export const stop = () => stopper?.abort();
export const isRunning = () => stopper !== null;

export function open(name, model) {
  mode = name;
  chosen[mode] = model || chosen[mode] || usual(mode);
  for (const form of $$("[data-media]")) form.hidden = form.dataset.media !== mode;
  for (const list of $$("[data-results]")) list.hidden = list.dataset.results !== mode;
  named();
}

function named() {
  const form = $(`[data-media="${mode}"]`);
  $("[data-media-pick]", form).textContent = label(chosen[mode]) || t("choose_model");
  fit([chosen[mode]], mode);
}

async function swap() {
  const name = await pick(chosen[mode], mode);
  if (!name) return;
  const found = modalityOf(name) ?? mode;
  remember(found, name);
  if (found !== mode) hooks.mode(found);
  chosen[mode] = name;
  named();
}

function fields(form) {
  const body = { model: chosen[mode] };
  for (const field of $$("[name]", form)) {
    if (field.type === "file" || !field.value.trim()) continue;
    body[field.name] = NUMBERS.has(field.name) ? Number(field.value) : field.value;
  }
  if (mode === "embedding") {
    body.input = body.input.split("\n").filter((line) => line.trim());
    body.encoding_format = "float";
  }
  const values = settings();
  return { ...body, ...routing(values), ...raw(values) };
}

function coded(form) {
  const body = read(form);
  const file = $("[type=file]", form)?.files[0];
  if (body) showCode(PATHS[mode], mode === "transcription" ? { ...body, file: file?.name ?? "speech.mp3" } : body);
}

function read(form) {
  try {
    hooks.complain("");
    return fields(form);
  } catch (error) {
    if (!(error instanceof BadSetting)) throw error;
    hooks.complain(error.message);
    return null;
  }
}

async function submitted(event, form) {
  event.preventDefault();
  const body = read(form);
  if (isRunning() || !body) return;
  const what = mode;
  const box = el("article", { class: "card result", "data-result": what });
  $(`[data-results="${what}"]`).prepend(box);
  stopper = new AbortController();
  state(form, true);
  waiting(box, t("working"));
  const began = performance.now();
  try {
    await WORK[what](box, body, form, stopper.signal, began);
    announce(t("answer_done"));
  } catch (error) {
    box.replaceChildren(error.name === "AbortError" ? el("p", { class: "muted", text: t("stopped") }) : failure(error));
    announce(t("answer_failed"));
  }
  stopper = null;
  state(form, false);
  remember(what, body.model);
  hooks.answered();
}

function state(form, busy) {
  $("[data-media-send]", form).hidden = busy;
  $("[data-media-stop]", form).hidden = !busy;
}

function waiting(box, text, ...more) {
  box.replaceChildren(el("p", { class: "waiting" }, el("span", { class: "pulse", "aria-hidden": "true" }), text), ...more);
}

/** Figures of an answer whose headers say what it cost; without the header the receipt does. */
async function told(answer, began) {
  const id = answer.headers.get("x-request-id");
  const stats = { id, ms: performance.now() - began, provider: answer.headers.get("x-cloudapi-provider") ?? undefined };
  const found = await receipt(id);
  return figures(found ? { ...stats, ...ofReceipt(found), ...shown(found) } : stats);
}

/* Tokens say nothing where there are none. */
const shown = (found) => (found.usage.input_tokens + found.usage.output_tokens ? {} : { input: undefined, output: undefined });

const caption = (body, text) => el("p", { class: "result-caption" }, el("strong", { text: label(body.model) }), " ", text ?? "");

async function images(box, body, form, signal, began) {
  const answer = await post(PATHS.image, body, signal);
  const found = (await answer.json()).data ?? [];
  const pictures = found.map((one, at) => picture(one, at, body.prompt));
  box.replaceChildren(caption(body, body.prompt), el("div", { class: "result-images" }, ...pictures), await told(answer, began));
}

function picture(one, at, prompt) {
  if (!one.b64_json) return el("a", { href: one.url, target: "_blank", rel: "noopener noreferrer", text: t("open_image") });
  const kind = { "/": "jpeg", R: "gif", U: "webp" }[one.b64_json[0]] ?? "png";
  const src = `data:image/${kind};base64,${one.b64_json}`;
  const name = `image-${at + 1}.${kind}`;
  return el("figure", {}, el("img", { src, alt: prompt }), el("figcaption", {}, el("a", { href: src, download: name, text: t("download") })));
}

async function video(box, body, form, signal, began) {
  const made = await (await post(PATHS.video, body, signal)).json();
  let job = made;
  while (job.status === "queued" || job.status === "in_progress") {
    const bar = el("progress", { max: 100, value: job.progress, "aria-label": t("progress") });
    const cancel = button(t("cancel_job"), () => stop(), { "data-cancel-job": true });
    waiting(box, t("job_progress", { n: number(job.progress) }), bar, el("p", {}, cancel));
    job = await next(made.id, signal);
  }
  if (job.status !== "completed") throw new CallError(502, job.error?.code ?? "", job.error?.message ?? "");
  const film = await (await call(`${PATHS.video}/${made.id}/content`, { signal })).blob();
  const src = URL.createObjectURL(film);
  const expiry = job.expires_at ? el("p", { class: "muted small-text", text: t("kept_until", { time: moment(job.expires_at * 1000) }) }) : null;
  const hex = made.id.slice("video_".length);
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const found = await receipt(id);
  const stats = { id, ms: performance.now() - began, ...(found ? { ...ofReceipt(found), ...shown(found) } : {}) };
  const player = el("video", { src, controls: true, playsinline: true, "aria-label": body.prompt });
  const pieces = [caption(body, body.prompt), player, el("p", {}, el("a", { href: src, download: "video.mp4", text: t("download") })), expiry, figures(stats)];
  box.replaceChildren(...pieces.filter(Boolean));
}

/* The job's next state. Who stops waiting stops the job, which then costs nothing. */
async function next(id, signal) {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, POLL_MS);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
  if (signal.aborted) {
    await call(`${PATHS.video}/${id}`, { method: "DELETE" });
    throw new DOMException("stopped", "AbortError");
  }
  return (await call(`${PATHS.video}/${id}`)).json();
}

async function embeddings(box, body, form, signal, began) {
  const answer = await post(PATHS.embedding, body, signal);
  const vectors = (await answer.json()).data.map((one) => one.embedding);
  const norms = vectors.map(norm);
  const facts = el("p", { "data-vector-size": vectors[0].length, text: t("vector_size", { n: number(vectors[0].length) }) });
  box.replaceChildren(caption(body), facts, similarities(body.input, vectors, norms), await told(answer, began));
}

const dot = (one, other) => one.reduce((sum, value, at) => sum + value * other[at], 0);
const norm = (vector) => Math.sqrt(dot(vector, vector));

function similarities(texts, vectors, norms) {
  const titles = [t("text"), t("norm"), ...(texts.length > 1 ? texts.map((_, at) => String(at + 1)) : [])];
  const head = el("tr", {}, ...titles.map((title, at) => el("th", { scope: "col", class: at ? "num" : null, text: title })));
  const rows = texts.map((text, at) => {
    const likeness = texts.length > 1 ? vectors.map((other, place) => number(dot(vectors[at], other) / (norms[at] * norms[place]), 4)) : [];
    const cells = [number(norms[at], 4), ...likeness].map((value) => el("td", { class: "num", text: value }));
    return el("tr", {}, el("th", { scope: "row", text: `${at + 1}. ${text.slice(0, 60)}` }), ...cells);
  });
  const table = el("table", {}, el("caption", { class: "small-text muted", text: t("similarity") }), el("thead", {}, head), el("tbody", {}, ...rows));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("similarity") }, table);
}

async function speech(box, body, form, signal, began) {
  const answer = await post(PATHS.speech, body, signal);
  const src = URL.createObjectURL(await answer.blob());
  const kind = (answer.headers.get("content-type") ?? "").split("/").at(-1).split(";")[0] || "mp3";
  const name = `speech.${{ mpeg: "mp3", "x-wav": "wav" }[kind] ?? kind}`;
  const player = el("audio", { src, controls: true, "aria-label": t("speech_result") });
  box.replaceChildren(caption(body, body.input.slice(0, 120)), player, el("p", {}, el("a", { href: src, download: name, text: t("download") })), await told(answer, began));
}

async function transcription(box, body, form, signal, began) {
  const file = $("[type=file]", form).files[0];
  if (!file || file.size > FILE_MAX) throw new CallError(0, "file", t(file ? "file_too_large" : "file_missing"));
  const data = new FormData();
  for (const [name, value] of Object.entries(body)) data.append(name, typeof value === "object" ? JSON.stringify(value) : value);
  data.append("file", file);
  const answer = await call(PATHS.transcription, { method: "POST", body: data, signal });
  const text = (answer.headers.get("content-type") ?? "").includes("json") ? (await answer.json()).text : await answer.text();
  box.replaceChildren(caption(body, file.name), el("p", { class: "turn-text", "data-transcribed": true, text }), await told(answer, began));
}

const WORK = { image: images, video, embedding: embeddings, speech, transcription };
