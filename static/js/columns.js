/* A chart whose columns are links: one of them is in the tab order, the arrows go on to the next, and what the
   column at hand says stands under the chart. Without scripts one column and the table below can be reached. */

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

function begin(chart) {
  const columns = [...chart.querySelectorAll("[data-column]")];
  const told = chart.parentElement.querySelector("[data-column-told]");

  const say = (event) => {
    const column = event.target.closest("g")?.querySelector("[data-column]");
    told.textContent = column?.getAttribute("aria-label") ?? "";
  };
  chart.addEventListener("focusin", say);
  chart.addEventListener("mouseover", say);

  chart.addEventListener("keydown", (event) => {
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
