/* Settings of a request: what is typed, what a model takes, and the body that comes of both. */

import { $, $$ } from "./dom.js";
import { t } from "./data.js";
import { entry } from "./models.js";

const NUMBERS = new Set([
  ...["temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed"],
]);
/* Which capability of the catalog a field needs; without one every model of the kind takes it. */
const NEEDS = { response_format: "json", reasoning_effort: "reasoning", tools: "tools", pictures: "vision" };

/** A field that can't be read: its message says which. */
export class BadSetting extends Error {}

const form = () => $("[data-settings]");

/** What is typed, by name; empty fields are left out. */
export function settings() {
  const found = {};
  for (const field of $$("[data-param]", form())) {
    const value = field.type === "checkbox" ? (field.checked ? "on" : "") : field.value;
    if (value.trim() !== "") found[field.dataset.param] = value;
  }
  return found;
}

export function show(values) {
  for (const field of $$("[data-param]", form())) {
    const value = values[field.dataset.param] ?? "";
    if (field.type === "checkbox") field.checked = value === "on";
    else field.value = value;
  }
}

/** Hides what none of these models takes; a name of tags alone may lead to any. */
export function fit(names, mode) {
  const known = names.map(entry);
  for (const [field, word] of Object.entries(NEEDS)) {
    const taken = known.some((model) => !model || model.features.includes(word));
    for (const box of $$(`[data-needs="${field}"]`)) box.hidden = !taken;
  }
  for (const box of $$("[data-only]", form())) box.hidden = box.dataset.only !== mode;
}

const words = (text) => text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean);

function json(text, name) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadSetting(t("bad_json", { field: t(name), reason: error.message }));
  }
}

function format(values) {
  if (values.response_format !== "json_schema") return { type: values.response_format };
  const schema = json(values.json_schema ?? "", "json_schema");
  const whole = schema.schema && schema.name ? schema : { name: "answer", schema };
  return { type: "json_schema", json_schema: whole };
}

function tools(text) {
  const found = json(text, "tools");
  const list = Array.isArray(found) ? found : [found];
  return list.map((one) => (one.type ? one : { type: "function", function: one }));
}

/** `models` and `provider`, the same for all kinds of calls. */
export function routing(values) {
  const provider = {};
  for (const name of ["order", "only", "ignore", "data_residency"]) {
    if (values[name]) provider[name] = words(values[name]);
  }
  if (values.no_fallbacks) provider.allow_fallbacks = false;
  if (values.rescue) provider.rescue = true;
  const body = Object.keys(provider).length ? { provider } : {};
  return values.models ? { ...body, models: words(values.models) } : body;
}

/** What is typed as raw JSON; it wins over everything else. */
export function raw(values) {
  const found = values.raw ? json(values.raw, "raw") : {};
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new BadSetting(t("bad_raw"));
  }
  return found;
}

/** The body of a chat but for model and messages, and the fields that this model doesn't take. */
export function chatBody(values, name) {
  const model = entry(name);
  const takes = (field) => !NEEDS[field] || !model || model.features.includes(NEEDS[field]);
  const body = {};
  const left = [];
  for (const field of [...NUMBERS, "stop", "response_format", "reasoning_effort", "tools"]) {
    if (!values[field]) continue;
    if (!takes(field)) left.push(t(field));
    else if (NUMBERS.has(field)) body[field] = Number(values[field]);
    else if (field === "stop") body.stop = values.stop.split("\n").filter(Boolean);
    else if (field === "response_format") body.response_format = format(values);
    else if (field === "tools") body.tools = tools(values.tools);
    else body[field] = values[field];
  }
  return { body: { ...body, ...routing(values), ...raw(values) }, left };
}
