/* A model's words as HTML. They are hostile until shown otherwise: what isn't listed here doesn't get through. */

import { Marked } from "../../vendor/marked/marked.esm.js";
import DOMPurify from "../../vendor/dompurify/purify.es.js";
import { button, el } from "./dom.js";
import { t } from "./data.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text) => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
/* HTML is shown as it was written and never becomes any, but for the line breaks that tables need. */
const html = ({ text }) => (/^<br\s*\/?>$/i.test(text.trim()) ? "<br>" : escaped(text));
const marked = new Marked({ gfm: true, breaks: true, renderer: { html } });
const KEPT = {
  ALLOWED_TAGS: [
    ...["p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"],
    ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "img"],
  ],
  ALLOWED_ATTR: ["href", "title", "start", "src", "alt"],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** The text, rendered into a fragment. */
export function rendered(text) {
  const fragment = DOMPurify.sanitize(marked.parse(text), KEPT);
  for (const image of fragment.querySelectorAll("img")) image.replaceWith(linkTo(image));
  for (const link of fragment.querySelectorAll("a:not([href])")) link.replaceWith(...link.childNodes);
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const box = el("div", { class: "scroll" });
    table.replaceWith(box);
    box.append(table);
  }
  for (const block of fragment.querySelectorAll("pre")) withCopy(block);
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    heading.replaceWith(el("p", { class: "answer-heading" }, ...heading.childNodes));
  }
  return fragment;
}

/* Nothing is loaded from anywhere because a model said so: an address would tell who reads it. */
function linkTo(image) {
  const href = image.getAttribute("src");
  const words = image.getAttribute("alt") || href || "";
  return /^https?:/i.test(href ?? "") ? el("a", { href }, words) : document.createTextNode(words);
}

function withCopy(block) {
  const copy = button(t("copy"), async () => {
    await navigator.clipboard?.writeText(block.textContent);
    copy.textContent = t("copied");
    setTimeout(() => (copy.textContent = t("copy")), 1600);
  });
  block.tabIndex = 0;
  const box = el("div", { class: "answer-code" });
  block.replaceWith(box);
  box.append(block, copy);
}
