/* What the page was given: texts in its language, addresses, projects; and how figures are written. */

export const data = JSON.parse(document.getElementById("studio-data").textContent);
// Many browsers bring no Uzbek along; Russian groups figures and writes dates the same way.
const locale = { uz: "ru-RU", ru: "ru-RU", en: "en-US" }[data.language] ?? "en-US";

/** A text of the page's language; {name} stands for values.name. */
export function t(key, values = {}) {
  let text = data.texts[key] ?? key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

export const number = (value, places = 0) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: places }).format(value);

/** So'm for readers from an exact text: two decimals, or up to six where it is less than one. */
export function money(text) {
  const amount = Number(text);
  const places = amount !== 0 && Math.abs(amount) < 1 ? 6 : 2;
  const options = { minimumFractionDigits: 2, maximumFractionDigits: places };
  return `${new Intl.NumberFormat(locale, options).format(amount)}\u00a0${data.unit}`;
}

export const seconds = (ms) => t("seconds", { n: number(ms / 1000, ms < 10_000 ? 2 : 1) });

export const moment = (time) =>
  new Date(time).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" });
