/* The documentation's own behaviour: Escape closes what was found, arrows walk through it. */

import "./contents.js";

const query = document.getElementById("guide-query");
const found = document.getElementById("guide-found");

function close() {
  found.replaceChildren();
}

query.form.addEventListener("keydown", (event) => {
  const links = [...found.querySelectorAll("a")];
  if (event.key === "Escape" && links.length) {
    event.preventDefault();
    close();
    query.focus();
  }
  if (!links.length || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  event.preventDefault();
  const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (links[next] ?? query).focus();
});

document.addEventListener("click", (event) => {
  if (!query.form.contains(event.target)) close();
});

/* The heading that is being read is marked beside the text. */
const marks = new Map([...document.querySelectorAll(".guide-toc a")].map((link) => [link.hash.slice(1), link]));
if (marks.size) {
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of marks.values()) link.classList.remove("here");
        marks.get(entry.target.id)?.classList.add("here");
      }
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const heading of document.querySelectorAll(".prose h2[id]")) seen.observe(heading);
}
