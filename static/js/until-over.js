/* Looks again every two seconds while what the page tells isn't over yet. Without this module there is a link. */

const PAUSE_MS = 2000;

async function look() {
  const old = document.getElementById("facts");
  if (!old || !("waits" in old.dataset)) return;
  try {
    const reply = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = page.getElementById("facts");
    if (!fresh) return; // signed out meanwhile: the link leads to the sign-in
    old.replaceChildren(...fresh.children);
    if (!("waits" in fresh.dataset)) delete old.dataset.waits;
  } catch {
    // The server restarts, say: the next time tells.
  }
  setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
