/* Turns of a conversation as pieces of the page. */

import { button, el } from "./dom.js";
import { t } from "./data.js";
import { failure, figures } from "./figures.js";

/* What reads Markdown and filters it weighs as much as the rest of the page, so it comes with the first answer; until
   it is there, words stand as they were said. */
let markdown = null;
let coming = null;

function words(text) {
  const body = el("div", { class: "answer-text", "data-text": true });
  const show = () => body.replaceChildren(markdown ? markdown.rendered(text) : text);
  show();
  if (!markdown) {
    coming ??= import("./markdown.js").then((module) => (markdown = module)).catch(() => (coming = null));
    coming.then(() => body.isConnected && show());
  }
  return body;
}

/** What a person said, with the way to say it anew. */
export function userTurn(turn, edit) {
  const box = el("div", { class: "turn user", "data-user": true });
  for (const image of turn.images) box.append(el("img", { src: image.url, alt: image.name, class: "turn-image" }));
  if (turn.text) box.append(el("p", { class: "turn-text", text: turn.text }));
  if (edit) box.append(el("p", { class: "turn-actions" }, button(t("edit"), () => editing(box, turn, edit), { "data-edit": true })));
  return box;
}

function editing(box, turn, edit) {
  const field = el("textarea", { rows: 3, "aria-label": t("edit"), value: turn.text });
  const send = () => field.value.trim() && edit(field.value);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.stopPropagation();
      send();
    }
  });
  const cancel = () => box.replaceWith(userTurn(turn, edit));
  box.replaceChildren(
    field,
    el("p", { class: "turn-actions" }, button(t("send_again"), send, { class: "button small", "data-resend": true }), button(t("cancel"), cancel)),
    el("p", { class: "muted small-text", text: t("edit_drops") }),
  );
  field.focus();
}

/** One step of an answer: text, thinking, tool calls, figures. */
export function stepBox(step, actions) {
  const box = el("div", { class: "turn model", "data-answer": true });
  paint(box, step, actions);
  return box;
}

/** Draws the step anew into its box. */
export function paint(box, step, actions) {
  const pieces = [];
  if (step.left?.length) pieces.push(el("p", { class: "muted small-text", text: t("left_out", { fields: step.left.join(", ") }) }));
  if (step.reasoning) {
    const inside = el("div", { class: "turn-text muted", text: step.reasoning });
    pieces.push(el("details", { class: "thinking", open: step.running && !step.text }, el("summary", { text: t("thinking") }), inside));
  }
  if (step.text) pieces.push(words(step.text));
  for (const call of step.calls) pieces.push(toolCall(call));
  if (step.running) pieces.push(el("p", { class: "waiting" }, el("span", { class: "pulse", "aria-hidden": "true" }), t("answering")));
  if (step.stopped) pieces.push(el("p", { class: "muted small-text", "data-stopped": true, text: t("stopped") }));
  if (step.error) pieces.push(failure(step.error, actions.retry));
  if (!step.running && (step.stats.cost !== undefined || step.stats.ms !== undefined)) pieces.push(figures(step.stats));
  if (!step.running) pieces.push(footer(step, actions));
  box.replaceChildren(...pieces);
}

function footer(step, actions) {
  const row = el("p", { class: "turn-actions" });
  if (step.text) row.append(button(t("copy"), (event) => copied(event.target, step.text)));
  if (actions.retry && !step.error) row.append(button(t("retry"), actions.retry, { "data-retry": true }));
  if (actions.code && step.sent) row.append(button(t("show_code"), actions.code, { "data-show-code": true }));
  return row;
}

function copied(target, text) {
  navigator.clipboard?.writeText(text);
  target.textContent = t("copied");
  setTimeout(() => (target.textContent = t("copy")), 1600);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function toolCall(call) {
  return el(
    "div", { class: "tool-call", "data-tool-call": call.name },
    el("p", {}, t("tool_called"), " ", el("code", { text: call.name })),
    el("pre", { tabindex: "0" }, el("code", { text: pretty(call.arguments) })),
  );
}

/** What a tool gave back. */
export function toolResult(step) {
  return el("div", { class: "tool-call result" }, el("p", { text: t("tool_result") }), el("pre", { tabindex: "0" }, el("code", { text: step.content })));
}

/** Fields for the results of the calls that wait; `done` gets one text for each. */
export function toolForm(calls, done) {
  const fields = calls.map((call) => el("textarea", { rows: 2, "aria-label": t("result_of", { name: call.name }), placeholder: t("result_of", { name: call.name }), "data-tool-result": true }));
  const submit = (event) => {
    event.preventDefault();
    done(fields.map((field) => field.value));
  };
  return el("form", { class: "tool-form", onsubmit: submit }, ...fields, el("p", {}, el("button", { class: "button small" , "data-tool-send": true}, t("send_results"))));
}
