/* Ctrl+K and the other keys of the dashboard. What is found comes from the server; the field keeps the focus, and
   the arrows move what a screen reader is told of (ARIA's combobox with a list box). */

const palette = document.getElementById("palette");
const shortcuts = document.getElementById("shortcuts");
const field = palette.querySelector("input");
const found = document.getElementById("palette-found");
const told = palette.querySelector("[data-told]");
const trouble = palette.querySelector("[data-trouble]");

const options = () => [...found.querySelectorAll("[role=option]")];
const chosen = () => found.querySelector('[aria-selected="true"]');

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

function move(step) {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
}

function openPalette() {
  if (palette.open) return palette.close();
  shortcuts.close();
  field.value = "";
  trouble.hidden = true;
  palette.showModal();
  field.focus();
  htmx.trigger(field, "palette");
}

function openShortcuts() {
  palette.close();
  shortcuts.showModal();
}

palette.addEventListener("htmx:after:swap", () => {
  trouble.hidden = true;
  field.setAttribute("aria-expanded", String(options().length > 0));
  told.textContent = found.querySelector("[data-told]")?.dataset.told ?? "";
  choose(options()[0]);
});

for (const failure of ["htmx:error", "htmx:response:error"]) {
  palette.addEventListener(failure, () => (trouble.hidden = false));
}

field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    move(step);
  } else if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    go(chosen());
  }
});

/* A place on this very page too: the dialog must not stay over it. */
function go(link) {
  palette.close();
  link.click();
}

found.addEventListener("click", (event) => event.target.closest("a") && palette.close());
found.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option !== chosen()) choose(option);
});

for (const dialog of [palette, shortcuts]) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // on its backdrop
}
palette.querySelector("[data-close]").addEventListener("click", () => palette.close());

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-shortcuts]")) openShortcuts();
  const opener = event.target.closest("[data-palette]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openPalette();
});

/* --- Single keys --------------------------------------------------------------------------------------------- */

/* Who types by voice or with a reader's own keys turns them off (WCAG 2.1.4); Ctrl+K stays. */
const OFF = "single-keys-off";
const WAIT_MS = 1500;
const toggle = shortcuts.querySelector("[data-single-keys]");
let awaited = 0; // until when a letter after g counts

toggle.checked = localStorage.getItem(OFF) === null;
toggle.addEventListener("change", () => {
  if (toggle.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
});

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const isBusy = (target) => target.closest?.(TYPING) || document.querySelector("dialog[open], :popover-open");

/* The letter by its place where the layout has another script: п is g on a Russian one. */
function letterOf(event) {
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  return /^Key[A-Z]$/.test(event.code) ? event.code.at(-1).toLowerCase() : "";
}

function press(event) {
  const now = performance.now();
  const letter = letterOf(event);
  const place = awaited > now && letter && shortcuts.querySelector(`[data-letter="${letter}"]`);
  awaited = !place && letter === "g" ? now + WAIT_MS : 0;
  if (place) return place.click();
  if (event.key === "?") return openShortcuts();
  const search = event.key === "/" && document.querySelector("main [data-search]");
  if (!search) return undefined;
  search.focus();
  return search.select();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    if (letterOf(event) !== "k" || event.shiftKey) return;
    event.preventDefault();
    openPalette();
  } else if (toggle.checked && !event.repeat && !isBusy(event.target)) {
    if (event.key === "/" && document.querySelector("main [data-search]")) event.preventDefault();
    press(event);
  }
});
