/* Loaded before the first paint: the admin's sidebar lies at once where its own script is going to put it. */
(() => {
  const root = document.documentElement;
  try {
    if (localStorage.getItem("django.admin.navSidebarIsOpen") === "false") return;
  } catch {
    return; // without storage its script stops there, too
  }
  root.dataset.sidebar = "open";
  addEventListener("DOMContentLoaded", () => delete root.dataset.sidebar);
})();
