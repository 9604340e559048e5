/* The documentation's own behaviour: "/" searches, Escape closes what was found, arrows walk through it. */

const query = document.getElementById("guide-query");
const found = document.getElementById("guide-found");
const menu = document.querySelector(".guide-menu");

/* The contents are open without JavaScript; on a phone they make room for the text. */
const narrow = matchMedia("(max-width: 59.99rem)");
const fold = () => {
  menu.open = !narrow.matches;
};
fold();
narrow.addEventListener("change", fold);

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    event.preventDefault();
    query.focus();
    query.select();
  }
});

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
