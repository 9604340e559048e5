/* The conversations of this browser: opened, renamed, deleted, taken along. */

import { button, $, confirmed, el } from "./dom.js";
import { moment, t } from "./data.js";
import { all, clear, get, put, remove } from "./store.js";

let hooks = {};

export function begin(given) {
  hooks = given;
  $("[data-new]").addEventListener("click", () => hooks.fresh());
  $("[data-export]").addEventListener("click", exported);
  $("[data-clear]").addEventListener("click", cleared);
}

/** Draws the list anew, with the open one marked. */
export async function refresh() {
  const found = await all();
  const open = hooks.current()?.id;
  $("[data-list-of]").replaceChildren(...found.map((one) => row(one, one.id === open)));
  for (const name of ["[data-export]", "[data-clear]"]) $(name).hidden = found.length === 0;
  $("[data-list-none]").hidden = found.length > 0;
}

function row(one, open) {
  const choose = el(
    "button", { type: "button", class: "conversation", "aria-current": open ? "true" : null, onclick: async () => hooks.open(await get(one.id)) },
    el("span", { class: "conversation-title", text: one.title }),
    el("span", { class: "muted small-text", text: moment(one.updated) }),
  );
  const rename = button("✎", () => renaming(item, one), { "aria-label": t("rename_it", { title: one.title }), "data-rename": true });
  const drop = button("×", () => dropped(one), { "aria-label": t("delete_it", { title: one.title }), "data-delete": true });
  const item = el("li", {}, choose, rename, drop);
  return item;
}

function renaming(item, one) {
  const field = el("input", { type: "text", "aria-label": t("rename"), value: one.title, maxlength: 100 });
  const done = async (event) => {
    event.preventDefault();
    const whole = await get(one.id);
    await put({ ...whole, title: field.value.trim() || one.title });
    hooks.renamed(one.id, field.value.trim() || one.title);
    refresh();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    refresh();
  });
  item.replaceChildren(el("form", { class: "rename", onsubmit: done }, field, el("button", { class: "button small" }, t("save"))));
  field.focus();
}

async function dropped(one) {
  if (!(await confirmed(t("delete_question", { title: one.title }), t("delete")))) return;
  await remove(one.id);
  if (hooks.current()?.id === one.id) hooks.fresh();
  refresh();
}

async function cleared() {
  if (!(await confirmed(t("clear_question"), t("delete_all")))) return;
  await clear();
  hooks.fresh();
  refresh();
}

async function exported() {
  const file = new Blob([JSON.stringify(await all(), null, 2)], { type: "application/json" });
  const href = URL.createObjectURL(file);
  el("a", { href, download: "studio-conversations.json" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}
