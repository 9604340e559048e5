/* Building pieces of the page. Text is always text: nothing here reads HTML. */

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element with its attributes, listeners (on…) and children. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function button(label, onclick, attributes = {}) {
  return el("button", { type: "button", class: "button quiet small", onclick, ...attributes }, label);
}

/** Tells a screen reader, without a word on the page. */
export function announce(text) {
  $("[data-studio-said]").textContent = text;
}

/** Asks once; a promise of true or false. */
export function confirmed(question, yes) {
  const dialog = $("#studio-confirm");
  $("p", dialog).textContent = question;
  const agree = $("[data-yes]", dialog);
  agree.textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
