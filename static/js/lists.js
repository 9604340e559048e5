/* Lists of the dashboard: what is chosen in them, and filters that hold at once. Their state is in the address. */

/* Rows chosen in a list: how many, all of them at once, and nothing to press while there is none. */
function countChosen(form) {
  const boxes = [...form.elements].filter((box) => box.type === "checkbox" && box.name);
  const chosen = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-choose-all] input");
  all.checked = boxes.length > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
  for (const button of form.querySelectorAll("[data-chosen]")) {
    button.disabled = chosen === 0;
    button.textContent = button.dataset.chosen.replace("{count}", chosen);
  }
}

for (const all of document.querySelectorAll("[data-choose-all]")) {
  const form = all.closest("form");
  all.hidden = ![...form.elements].some((box) => box.type === "checkbox" && box.name);
  all.addEventListener("change", (event) => {
    for (const box of form.elements) if (box.type === "checkbox" && box.name) box.checked = event.target.checked;
  });
  document.addEventListener("change", (event) => event.target.form === form && countChosen(form));
  countChosen(form);
}

/* A list's filter holds as soon as it is chosen. A key pasted whole into a search never gets into an address. */
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-list] select")) event.target.form.requestSubmit();
});
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-search]")) return;
  event.target.value = event.target.value.replace(/cap-(\w{4})\w{12,}/g, "cap-$1");
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-list]")) return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-list] :disabled")) field.disabled = false;
});
