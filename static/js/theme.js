/* Loaded before the first paint, so that a chosen theme doesn't flash. */
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    /* storage is switched off: the system's preference stays */
  }
})();
