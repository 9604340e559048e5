/* What moves on a page without a reload. One beat for all of it: it asks again sooner after a change, ever more
   rarely while nothing happens, not at all while the tab is hidden, and at once when it is seen again. */

export const MOST_S = 30;
const TROUBLE_S = 15;
const SLOWER = 1.5;

/** Asks `look` again and again: it answers "changed", "same" or "over". The returned function ends it. */
export function beat(look, { least, most = MOST_S, trouble = () => {}, now = false }) {
  let wait = least;
  let timer = 0;
  let ended = false;
  let looking = false;

  async function turn() {
    clearTimeout(timer);
    if (ended || looking || document.hidden) return;
    looking = true;
    try {
      const found = await look();
      trouble(false);
      if (found === "over") ended = true;
      wait = found === "changed" ? least : Math.min(wait * SLOWER, most);
    } catch {
      trouble(true);
      wait = Math.max(wait, TROUBLE_S);
    }
    looking = false;
    again();
  }

  // A little apart from each other, so that tabs that a restart has brought together don't stay together.
  function again() {
    clearTimeout(timer);
    if (!ended && !document.hidden) timer = setTimeout(turn, wait * 1000 * (0.9 + 0.2 * Math.random()));
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else {
      wait = least;
      turn();
    }
  }

  document.addEventListener("visibilitychange", seen);
  if (now) turn();
  else again();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}

const marks = new Map(); // of what was last sent, by part and address

/** What the page itself shows has this mark. */
export function know(name, address, mark) {
  marks.set(`${name} ${address}`, mark);
}

/** A part of the page at that address as markup; null if it is as it was. Throws where there is none to be had. */
export async function part(name, address, { always = false } = {}) {
  const place = `${name} ${address}`;
  const headers = { "X-Part": name };
  if (marks.has(place) && !always) headers["If-None-Match"] = marks.get(place);
  const answer = await fetch(address, { headers, cache: "no-store", credentials: "same-origin" });
  if (answer.status === 304) return null;
  if (answer.redirected || !answer.ok) throw Object.assign(new Error(answer.status), { status: answer.status });
  const mark = answer.headers.get("ETag");
  if (mark) marks.set(place, mark);
  return answer.text();
}

const bits = (root) => new Map([...root.querySelectorAll("[data-bit]")].map((bit) => [bit.dataset.bit, bit]));

function sameKeys(one, other) {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key));
}

/* What was focused is found again by its address or name, what was unfolded stays so. */
function replace(old, fresh) {
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const href = active?.getAttribute("href");
  const again = active?.id ? `#${CSS.escape(active.id)}` : href ? `[href="${CSS.escape(href)}"]` : active?.tagName.toLowerCase();
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  [...fresh.querySelectorAll("details")].forEach((one, number) => (one.open = open[number] ?? one.open));
  old.replaceWith(fresh);
  if (again) (fresh.matches(again) ? fresh : fresh.querySelector(again))?.focus();
}

/** Puts the new markup in place: only those of its bits that differ, if it has the same ones. The element that stands there then. */
export function renew(section, markup) {
  const box = document.createElement("template");
  box.innerHTML = markup;
  const fresh = document.importNode(box.content, true).firstElementChild;
  const [old, now] = [bits(section), bits(fresh)];
  if (!old.size || !sameKeys(old, now)) {
    replace(section, fresh);
    return fresh;
  }
  for (const [name, bit] of now) if (bit.outerHTML !== old.get(name).outerHTML) replace(old.get(name), bit);
  return section;
}
