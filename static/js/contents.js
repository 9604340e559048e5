/* The contents beside a text, on pages of the documentation and of the API: "/" searches, a phone folds them. */

/* Open without JavaScript; on a phone they make room for the text. */
const menu = document.querySelector(".guide-menu");
const narrow = matchMedia("(max-width: 59.99rem)");
const fold = () => {
  menu.open = !narrow.matches;
  menu.dataset.folds = ""; // until then guide.css keeps it shut on a phone, so that nothing moves
};
fold();
narrow.addEventListener("change", fold);

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  event.preventDefault();
  const query = document.querySelector(".guide-search input");
  query.focus();
  query.select();
});
