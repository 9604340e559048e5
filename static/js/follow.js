/* Sections that follow what they show, as their markup asks for it: live.js says how. Apart from it, as other modules
   take its functions and this has to run once. */

import { MOST_S, beat, know, part, renew } from "./live.js";

/* A section with data-live-part and an id follows by itself: the part of that name, of this page or of the one in
   data-live-from. data-live-s: how often at most. It ends when the part that is sent has none of it any more. */
function follow({ id, dataset: { liveS } }) {
  const least = Number(liveS) || 5;
  let last = null;
  const look = async () => {
    const section = document.getElementById(id);
    if (!section || !("livePart" in section.dataset)) return "over";
    const markup = await part(section.dataset.livePart, sourceOf(section));
    if (markup === null || markup === last) return "same";
    if (section.dataset.liveSeen) return location.reload(), "over"; // too much of the page hangs on it
    last = markup;
    show(section, markup);
    return "changed";
  };
  const { liveSeen, livePart } = document.getElementById(id).dataset;
  if (liveSeen) know(livePart, sourceOf(document.getElementById(id)), liveSeen);
  const said = document.querySelector("[data-live-trouble]");
  const trouble = (on) => {
    if (said) said.hidden = !on;
    const failed = document.getElementById(id)?.querySelector("[data-live-failed]");
    if (failed) [failed.hidden, failed.parentElement.querySelector("[data-live-wait]").hidden] = [!on, on];
  };
  beat(look, { least, most: Math.max(least, MOST_S), trouble, now: "liveNow" in document.getElementById(id).dataset });
}

const sourceOf = (section) => section.dataset.liveFrom || location.pathname + location.search;

function show(section, markup) {
  const fresh = renew(section, markup);
  fresh.dispatchEvent(new CustomEvent("live:changed", { bubbles: true }));
  return fresh;
}

for (const section of document.querySelectorAll("[data-live-part][id]")) follow(section);

/* A link with data-live-swap shows its own address's version of the section around it, which follows that one from then on. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-live-swap]");
  const section = link?.closest("[data-live-part]");
  if (!section || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  section.setAttribute("aria-busy", "true");
  try {
    show(section, await part(section.dataset.livePart, link.getAttribute("href"), { always: true }));
  } catch {
    section.removeAttribute("aria-busy");
  }
});
