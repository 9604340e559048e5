/* The catalog as the project may use it, names with strategy tags, and the dialog that picks one. */

import { call } from "./api.js";
import { $, $$, el } from "./dom.js";
import { money, t } from "./data.js";

export const TAGS = ["price", "latency", "token_rate"];
const SHOWN_PRICES = ["input", "output", "image", "second", "character", "request"];
const FIELDS = ["id", "name", "owned_by", "modality", "features", "free", "sandbox", "pricing_uzs"];
let catalog = [];

export async function loadModels() {
  catalog = (await (await call(`/v1/models?fields=${FIELDS}`)).json()).data;
  return catalog;
}

export const models = (modality) => catalog.filter((one) => !modality || one.modality === modality);

/** A name as it is sent → the model's part and its tags. */
export function parsed(name) {
  const [base, ...tags] = name.split("@");
  return { base, tags: TAGS.filter((tag) => tags.includes(tag)) };
}

export const named = (base, tags) => base + tags.map((tag) => `@${tag}`).join("");

/** The catalog's entry behind a name; undefined for tags alone. */
export function entry(name) {
  const { base } = parsed(name);
  const folded = base.toLowerCase();
  return catalog.find((one) => one.id === base || one.name.toLowerCase() === folded);
}

export const modalityOf = (name) => entry(name)?.modality;

/** A name for readers; tags alone are any model's. */
export function label(name) {
  const { base, tags } = parsed(name);
  return base ? named(entry(name)?.name ?? base, tags) : `${t("any_model")} ${named("", tags)}`;
}

/** What one of the modality is begun with: the one used last, else a free one (its own, not a stand-in), else the first. */
export function usual(modality) {
  const last = localStorage.getItem(`studio-model-${modality}`);
  const all = models(modality);
  if (last && (parsed(last).base === "" || entry(last)?.modality === modality)) return last;
  return (all.find((one) => one.free && !one.sandbox) ?? all.find((one) => one.free) ?? all[0])?.id ?? "";
}

export function remember(modality, name) {
  localStorage.setItem(`studio-model-${modality}`, name);
}

function prices(model) {
  if (model.free) return t("price_free");
  const found = model.pricing_uzs ?? {};
  const parts = SHOWN_PRICES.filter((part) => part in found);
  return parts.map((part) => t(`price_${part}`, { price: money(found[part]) })).join(" · ");
}

export function badges(model) {
  const found = [];
  if (model?.free) found.push(el("span", { class: "badge free", text: t("free") }));
  if (model?.sandbox) found.push(el("span", { class: "badge sandbox", text: t("sandbox") }));
  return found;
}

function matches(model, words, modality, free) {
  const text = `${model.id} ${model.name} ${model.owned_by}`.toLowerCase();
  if ((modality && model.modality !== modality) || (free && !model.free)) return false;
  return words.every((word) => text.includes(word));
}

function row(model, dialog) {
  const choose = () => {
    dialog.returnValue = `model:${model.id}`;
    dialog.close(`model:${model.id}`);
  };
  return el(
    "li", {},
    el(
      "button", { type: "button", class: "studio-model", onclick: choose },
      el("span", { class: "studio-model-name" }, model.name, " ", ...badges(model)),
      el("span", { class: "model-id", text: model.id }),
      el("span", { class: "muted small-text", text: prices(model) }),
    ),
  );
}

function fill(dialog) {
  const words = $("[data-search]", dialog).value.toLowerCase().split(/\s+/).filter(Boolean);
  const modality = $("[data-modality]", dialog).value;
  const found = catalog.filter((one) => matches(one, words, modality, $("[data-free]", dialog).checked));
  $("[data-list]", dialog).replaceChildren(...found.map((model) => row(model, dialog)));
  $("[data-none]", dialog).hidden = found.length > 0;
}

/** Lets a person choose; the name with its tags, or null. */
export function pick(current, modality) {
  const dialog = $("#studio-models");
  const { tags } = parsed(current);
  for (const box of $$("[data-tag]", dialog)) box.checked = tags.includes(box.value);
  $("[data-search]", dialog).value = "";
  $("[data-modality]", dialog).value = modality;
  dialog.oninput = () => fill(dialog);
  fill(dialog);
  dialog.showModal();
  $("[data-search]", dialog).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(chosen(dialog, current)), { once: true });
  });
}

function chosen(dialog, current) {
  const chose = dialog.returnValue;
  dialog.returnValue = "";
  const tags = $$("[data-tag]", dialog).filter((box) => box.checked).map((box) => box.value);
  if (chose.startsWith("model:")) return named(chose.slice("model:".length), tags);
  if (chose === "any" && tags.length) return named("", tags);
  if (chose === "same") return named(parsed(current).base, tags) || current;
  return null;
}

/** Modes of the page for which there is a model. */
export const offered = () => new Set(catalog.map((one) => one.modality));
