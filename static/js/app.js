/* Behaviour of every page, attached by data attributes. */

function showDone(button) {
  if (button.matches(".done")) return;
  const [before, label] = [button.textContent, button.getAttribute("aria-label")];
  button.textContent = button.dataset.done;
  if (label) button.setAttribute("aria-label", `${button.dataset.done}: ${label}`); // begins with what is seen
  button.classList.add("done");
  setTimeout(() => {
    button.textContent = before;
    if (label) button.setAttribute("aria-label", label);
    button.classList.remove("done");
  }, 1600);
}

async function copyText(text, source) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const range = document.createRange(); // plain HTTP on another host: no clipboard API
  range.selectNodeContents(source);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  document.execCommand("copy");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await copyText(source.textContent.trim(), source);
  showDone(button);
});

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-auto-submit]");
  if (field) field.form.requestSubmit();
});

/* A search field that narrows a list of check boxes by their texts; what is checked stays in sight. */
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-narrows]");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase();
  for (const label of document.getElementById(field.dataset.narrows).querySelectorAll("label")) {
    label.parentElement.hidden = !label.textContent.toLowerCase().includes(wanted) && !label.querySelector("input").checked;
  }
});

/* Light, dark, or what the system prefers; theme.js puts the choice to work before the first paint. */
function chooseTheme(theme) {
  if (theme === "auto") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  }
}

for (const themes of document.querySelectorAll("[data-themes]")) {
  themes.hidden = false;
  const chosen = document.documentElement.dataset.theme ?? "auto";
  themes.querySelector(`[value="${chosen}"]`).checked = true;
  themes.addEventListener("change", (event) => chooseTheme(event.target.value));
}

/* On a phone the list of settings is a row that scrolls: where one is must be in sight. */
document.querySelector(".settings-list [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* What has just been done is told in a corner: it goes by itself, but not under the pointer, and never an error. */
const TOLD_MS = 12_000;

function putAway(notice) {
  const list = notice.parentElement;
  notice.remove();
  if (!list.childElementCount) list.remove();
}

function goLater(notice) {
  setTimeout(() => (notice.matches(":hover, :focus-within") ? goLater(notice) : notice.parentElement && putAway(notice)), TOLD_MS);
}

for (const notice of document.querySelectorAll("[data-toasts] > *")) {
  const close = notice.querySelector("[data-dismiss]");
  close.hidden = false;
  close.addEventListener("click", () => putAway(notice));
  if (!notice.matches(".error, .warning")) goLater(notice);
}

/* A link to a page that asks "are you sure?" asks here instead: the page's own form, in a dialog. */
async function askHere(address) {
  const reply = await fetch(address, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const question = page.querySelector("[data-question]");
  if (!reply.ok || !question) return location.assign(address); // signed out meanwhile, say
  for (const form of question.querySelectorAll("form:not([action])")) form.action = address;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", question.querySelector("h1, h2").textContent);
  dialog.append(...question.childNodes);
  dialog.querySelector("[data-keep]")?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // on its backdrop
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  askHere(link.href).catch(() => location.assign(link.href));
});

/* A form that leads to such a page does the same: what was chosen in a list goes along. */
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-ask]");
  if (!form) return;
  event.preventDefault();
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  askHere(address).catch(() => location.assign(address));
});

/* A language chosen in one sample of code is the one of all samples, on this page and the next. */
const CODE = "code-language";

function showCode(language) {
  for (const pick of document.querySelectorAll("[data-code-language]")) {
    if (pick.value === language) pick.checked = true;
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-code-language]")) return;
  localStorage.setItem(CODE, event.target.value);
  showCode(event.target.value);
});

showCode(localStorage.getItem(CODE));

/* A form of one choice that holds at once shows its button while another is chosen. */
function markChanged(form) {
  const changed = [...form.querySelectorAll("select")].some((one) => !one.selectedOptions[0]?.defaultSelected);
  form.toggleAttribute("data-changed", changed);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-changes]");
  if (form) markChanged(form);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-changes]").forEach(markChanged));
