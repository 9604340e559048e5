/* Where a message is written, with its pictures. */

import { $, el } from "./dom.js";
import { t } from "./data.js";

const IMAGE_MAX = 20 * 1024 * 1024;
const ALL_MAX = 22 * 1024 * 1024; // of pictures; a body may have 32 MB, and base64 adds a third
const KINDS = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);
let images = [];
let hooks = {};

const form = () => $("[data-composer]");
const field = () => $("[data-prompt]");

export function begin(given) {
  hooks = given;
  form().addEventListener("submit", (event) => (event.preventDefault(), submit()));
  field().addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
  });
  field().addEventListener("paste", (event) => taken(event, event.clipboardData));
  form().addEventListener("dragover", (event) => event.preventDefault());
  form().addEventListener("drop", (event) => taken(event, event.dataTransfer));
  $("[data-attach]").addEventListener("change", async (event) => {
    await add([...event.target.files]);
    event.target.value = "";
  });
}

/** Writes a text into the field, ready to be sent. */
export function write(text) {
  field().value = text;
  field().focus();
}

export function complain(text) {
  const box = $("[data-complaint]");
  box.textContent = text;
  box.hidden = !text;
}

function submit() {
  const text = field().value;
  if (!text.trim() && !images.length) return;
  if (!hooks.send(text, images)) return;
  field().value = "";
  images = [];
  draw();
}

function taken(event, source) {
  const files = [...(source?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  add(files);
}

async function add(files) {
  complain($("[data-needs=pictures]").hidden ? t("image_unseen") : "");
  if ($("[data-needs=pictures]").hidden) return;
  for (const file of files) {
    const size = images.reduce((sum, one) => sum + one.size, file.size);
    if (!KINDS.has(file.type)) complain(t("image_kind", { name: file.name }));
    else if (file.size > IMAGE_MAX || size > ALL_MAX) complain(t("image_large", { name: file.name }));
    else images.push({ name: file.name, size: file.size, url: await read(file) });
  }
  draw();
}

function read(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

function draw() {
  const drop = (image) => {
    images = images.filter((one) => one !== image);
    draw();
  };
  const shown = images.map((image) =>
    el("li", {}, el("img", { src: image.url, alt: image.name }), el("button", { type: "button", class: "button quiet small", "aria-label": t("remove_image", { name: image.name }), onclick: () => drop(image) }, "×")));
  $("[data-images]").replaceChildren(...shown);
}
