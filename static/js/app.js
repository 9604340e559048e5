/* Behaviour of every page, attached by data attributes. */

function showDone(button) {
  const before = button.textContent;
  button.textContent = button.dataset.done;
  button.classList.add("done");
  setTimeout(() => {
    button.textContent = before;
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

function effectiveTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

for (const toggle of document.querySelectorAll("[data-theme-toggle]")) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const next = effectiveTheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  });
}

/* On a phone the tabs are wider than the window: the one that is open is brought into view. */
function showOpenTab() {
  const tab = document.querySelector(".tabs [aria-current]");
  if (!tab) return;
  const row = tab.closest(".tabs");
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

showOpenTab();
addEventListener("resize", showOpenTab);

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
