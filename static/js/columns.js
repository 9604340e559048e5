/* A chart whose columns are links: one of them is in the tab order, the arrows go on to the next, and what the
   column at hand says stands under the chart. Without scripts one column and the table below can be reached. */

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

function begin(chart) {
  const columns = [...chart.querySelectorAll("[data-column]")];
  const around = chart.parentElement; // an SVG that listens for focus would itself be in the tab order
  const told = around.querySelector("[data-column-told]");

  const say = (event) => {
    if (!chart.contains(event.target)) return;
    const column = event.target.closest("g")?.querySelector("[data-column]");
    told.textContent = column?.getAttribute("aria-label") ?? "";
  };
  around.addEventListener("focusin", say);
  chart.addEventListener("mouseover", say);

  around.addEventListener("keydown", (event) => {
    const here = columns.indexOf(event.target);
    const step = STEPS[event.key];
    if (here < 0 || step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = columns[Math.min(Math.max(here + step, 0), columns.length - 1)];
    columns[here].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

document.querySelectorAll("[data-columns]").forEach(begin);
