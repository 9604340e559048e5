/* The landing page's calculator: the server's arithmetic, in whole micros, as the visitor types. */

const MILLION = 1_000_000n;
const DAYS = 30n;

function ceilDiv(product) {
  return (product + MILLION - 1n) / MILLION;
}

/* So'm as the server writes them: two decimals, or as many as an amount under one so'm needs. */
function shown(micros, form) {
  const { decimal, group, unit } = form.dataset;
  let places = 2;
  if (micros > 0n && micros < MILLION) {
    places = Math.max(2, micros.toString().padStart(6, "0").replace(/0+$/, "").length);
  }
  const size = 10n ** BigInt(6 - places);
  const units = (2n * micros + size) / (2n * size);
  const digits = units.toString().padStart(places + 1, "0");
  const whole = digits.slice(0, -places).replace(/\B(?=(\d{3})+$)/g, group);
  return `${whole}${decimal}${digits.slice(-places)}\u00a0${unit}`;
}

function tokens(field) {
  const text = field.value.trim();
  return field.checkValidity() && /^\d{1,13}$/.test(text) ? BigInt(text) : null;
}

function recount(form) {
  const chosen = form.elements.model.selectedOptions[0];
  const input = tokens(form.elements.input);
  const output = tokens(form.elements.output);
  if (!chosen || input === null || output === null) return;
  const day = ceilDiv(input * BigInt(chosen.dataset.input)) + ceilDiv(output * BigInt(chosen.dataset.output));
  const sum = form.parentElement.querySelector("[data-sum]");
  sum.querySelector("[data-month]").textContent = shown(DAYS * day, form);
  sum.querySelector("[data-day]").textContent = shown(day, form);
  sum.querySelector("[data-free]").hidden = !("free" in chosen.dataset);
}

for (const form of document.querySelectorAll("[data-calculator]")) {
  form.addEventListener("input", () => recount(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    recount(form);
  });
  form.querySelector("[data-submit]").hidden = true;
  recount(form); // a browser may have kept what was typed before
}
