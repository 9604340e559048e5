/* The chart of a hosted model's price: drawn from the section's own data, asked for again each minute.
   Without this module the table stands in its place. */

import { beat } from "./live.js";

const ASK_AGAIN_S = 60;
const TELL_AGE_MS = 15_000;
const ZONE = "Asia/Tashkent";
// Browsers know little Uzbek: its numbers are written as Russian ones, and dates are figures but in English.
const LANGUAGE = { uz: "ru" }[document.documentElement.lang] ?? document.documentElement.lang;
const PHONE_PX = 480;
const TICKS_S = [900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800];

const amount = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const moment = (options) => new Intl.DateTimeFormat("de", { hourCycle: "h23", ...options });
const clock = moment({ timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
const clockUtc = moment({ timeZone: "UTC", hour: "2-digit", minute: "2-digit" });
const figures = moment({ timeZone: ZONE, day: "2-digit", month: "2-digit" });
const english = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, day: "numeric", month: "short" });
const day =
  LANGUAGE === "en" ? english : { format: (date) => figures.format(date).slice(0, 5) }; // without its last dot
const at = (seconds) => new Date(seconds * 1000);

function colour(section, name) {
  return getComputedStyle(section.querySelector(`.swatch.${name}`)).color;
}

/* A step needs its end: the last bucket before a gap, and that of the whole, is closed by a point of its own. */
function columns({ t0, step, out, energy, most, least }) {
  const drawn = [[], [], [], [], []];
  const add = (seconds, ...values) => [seconds, ...values].forEach((value, place) => drawn[place].push(value));
  out.forEach((price, number) => {
    const fixed = price === null ? null : price - (energy[number] ?? 0);
    const values = [price, fixed, most[number], least[number]];
    add(t0 + number * step, ...values);
    if (price !== null && (out[number + 1] ?? null) === null) add(t0 + (number + 1) * step, ...values);
  });
  const end = t0 + out.length * step;
  if (drawn[0].at(-1) < end) add(end, null, null, null, null);
  return drawn;
}

function range([, , fixed, mosts, leasts], zoomed) {
  const known = (column) => column.filter((value) => value !== null);
  const most = Math.max(...known(mosts), 0);
  if (!zoomed) return [0, most * 1.08 || 1];
  const least = Math.min(...known(fixed), ...known(leasts), most);
  const room = (most - least || most || 1) * 0.12;
  return [least - room, most + room];
}

function hourLabels(_plot, splits, _axis, _space, step) {
  return splits.map((seconds) => {
    const time = clock.format(at(seconds));
    return step >= 86_400 || time === "00:00" ? day.format(at(seconds)) : time;
  });
}

/* Ticks at round hours of Tashkent, which is a whole number of hours from UTC all year. */
function hourSplits(_plot, _axis, from, to, step) {
  const first = Math.ceil((from + 18_000) / step) * step - 18_000;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, n) => first + n * step);
}

const HOURS = { incrs: TICKS_S, splits: hourSplits, values: hourLabels };

class PriceChart {
  constructor(section) {
    this.zoomed = false;
    this.tableOpen = false;
    this.take(section);
    beat(() => this.ask(this.section.dataset.window), { least: ASK_AGAIN_S, most: ASK_AGAIN_S });
    setInterval(() => this.tellAge(), TELL_AGE_MS);
    const redraw = () => this.draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    let width = 0;
    new ResizeObserver(() => {
      if (this.box.clientWidth !== width) redraw();
      width = this.box.clientWidth;
    }).observe(document.querySelector("main"));
  }

  part(name) {
    return this.section.querySelector(`[data-chart-${name}]`);
  }

  /* A section, the page's first or a newer one, becomes the chart. */
  take(section) {
    this.section = section;
    this.data = JSON.parse(section.dataset.chart);
    this.words = JSON.parse(section.dataset.words);
    this.drawn = columns(this.data);
    this.box = this.part("plot");
    for (const name of ["plot", "readout", "key", "zoom"]) this.part(name).hidden = false;
    this.part("table").open = this.tableOpen;
    this.part("table").addEventListener("toggle", (event) => (this.tableOpen = event.target.open));
    this.part("zoom").addEventListener("click", () => this.zoom());
    for (const link of section.querySelectorAll("[data-chart-window]"))
      link.addEventListener("click", (event) => this.choose(event, link));
    this.box.addEventListener("keydown", (event) => this.step(event));
    this.box.setAttribute("aria-valuemax", this.data.out.length - 1);
    this.number = Math.max(0, this.data.out.findLastIndex((out) => out !== null));
    this.tellAge();
    this.draw();
    section.dataset.drawn = "";
  }

  choose(event, link) {
    event.preventDefault();
    history.replaceState(null, "", link.href);
    this.ask(new URL(link.href).searchParams.get("window"), true);
  }

  async ask(window, focus = false) {
    let answer;
    try {
      answer = await fetch(`${this.section.dataset.source}?window=${window}`, { cache: "no-cache" });
    } catch {
      return; // away for a moment: the next minute asks again
    }
    const mark = answer.headers.get("ETag");
    if (!answer.ok || (mark && mark === this.mark)) return;
    this.mark = mark;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = this.section.contains(document.activeElement) ? document.activeElement : null;
    const back = focused && [...focused.attributes].find(({ name }) => name.startsWith("data-chart-"))?.name;
    const section = document.adoptNode(page.querySelector("section"));
    this.section.replaceWith(section);
    this.take(section);
    if (focus) section.querySelector("[data-chart-window][aria-current]").focus();
    else if (back) section.querySelector(`[${back}]`)?.focus();
  }

  tellAge() {
    const time = this.section.querySelector("[data-ago]");
    if (!time) return;
    const minutes = Math.max(0, Math.round((Date.now() - new Date(time.dateTime)) / 60_000));
    const late = minutes >= 90;
    const words = late ? this.words.hours : this.words.minutes;
    time.textContent = words.replace("{n}", late ? Math.round(minutes / 60) : minutes);
  }

  zoom() {
    this.zoomed = !this.zoomed;
    this.draw();
  }

  /* Left and right read the chart point by point; Home and End go to its ends. */
  step(event) {
    const last = this.data.out.length - 1;
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 12, PageDown: -12 };
    const target = { Home: 0, End: last }[event.key] ?? this.number + (moves[event.key] ?? NaN);
    if (Number.isNaN(target)) return;
    event.preventDefault();
    this.point(Math.min(last, Math.max(0, target)));
  }

  point(number) {
    this.number = number;
    const middle = this.data.t0 + (number + 0.5) * this.data.step;
    this.plot.setCursor({ left: this.plot.valToPos(middle, "x"), top: 0 }, false);
    this.tell();
  }

  tell() {
    const said = this.sentence(this.number);
    this.part("readout").textContent = said;
    this.box.setAttribute("aria-valuenow", this.number);
    this.box.setAttribute("aria-valuetext", said);
  }

  sentence(number) {
    const { data, words } = this;
    const from = at(data.t0 + number * data.step);
    const to = at(data.t0 + (number + 1) * data.step);
    const when = `${day.format(from)}, ${clock.format(from)}–${clock.format(to)} (${clockUtc.format(from)} UTC)`;
    if (data.out[number] === null) return `${when}: ${words.unknown}`;
    const parts = [`${amount.format(data.out[number])} ${this.section.dataset.unit}`];
    if (data.least[number] !== data.most[number])
      parts.push(`${amount.format(data.least[number])} … ${amount.format(data.most[number])}`);
    if (data.energy[number] !== null) parts.push(`${words.energy} ${amount.format(data.energy[number])}`);
    parts.push(data.sites[data.site[number]] ?? data.site[number]);
    parts.push(data.states[data.state[number]] ?? data.state[number]);
    return `${when}: ${parts.join(" · ")}`;
  }

  draw() {
    this.plot?.destroy();
    this.part("zoom").setAttribute("aria-pressed", String(this.zoomed));
    this.part("cut").hidden = !this.zoomed;
    this.plot = new uPlot(this.options(), this.drawn, this.box);
    this.tell();
  }

  options() {
    const narrow = this.box.clientWidth < PHONE_PX;
    const [ink, line] = [colour(this.section, "ink"), colour(this.section, "line")];
    const font = `${narrow ? 11 : 12}px ${getComputedStyle(document.body).fontFamily}`;
    const stepped = uPlot.paths.stepped({ align: 1 });
    const area = (fill) => ({ paths: stepped, width: 0, fill, points: { show: false } });
    const axis = { stroke: ink, font, ticks: { stroke: line, width: 1 }, grid: { stroke: line, width: 1 } };
    return {
      width: Math.max(240, this.box.clientWidth),
      height: narrow ? 220 : 280,
      padding: [20, 22, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: () => range(this.drawn, this.zoomed) } },
      axes: [
        { ...axis, space: narrow ? 56 : 72, size: 34, grid: { show: false }, ...HOURS },
        { ...axis, size: narrow ? 56 : 72, values: (_, splits) => splits.map((value) => whole.format(value)) },
      ],
      series: [{}, area(colour(this.section, "energy")), area(colour(this.section, "fixed")), area(), area()],
      bands: [{ series: [3, 4], fill: colour(this.section, "range") }],
      hooks: {
        draw: [(plot) => this.drawLine(plot), (plot) => this.drawMoves(plot)],
        setCursor: [(plot) => this.heard(plot)],
      },
    };
  }

  heard(plot) {
    if (!(plot.cursor.left >= 0) || !this.plot) return;
    const passed = plot.posToVal(plot.cursor.left, "x") - this.data.t0;
    this.number = Math.min(this.data.out.length - 1, Math.max(0, Math.floor(passed / this.data.step)));
    this.tell();
  }

  /* The price as steps: solid while it was live, dashed where it wasn't, open where nothing is known. */
  drawLine(plot) {
    const { data } = this;
    const paint = plot.ctx;
    const x = (number) => plot.valToPos(data.t0 + number * data.step, "x", true);
    const y = (number) => plot.valToPos(data.out[number], "y", true);
    paint.save();
    paint.strokeStyle = colour(this.section, "edge");
    paint.lineWidth = 1.75 * devicePixelRatio;
    const dashes = [5 * devicePixelRatio, 4 * devicePixelRatio];
    for (let number = 0; number < data.out.length; number += 1) {
      if (data.out[number] === null) continue;
      const joined = number > 0 && data.out[number - 1] !== null;
      paint.setLineDash(data.live.includes(data.state[number]) ? [] : dashes);
      paint.beginPath();
      paint.moveTo(x(number), y(joined ? number - 1 : number));
      paint.lineTo(x(number), y(number));
      paint.lineTo(x(number + 1), y(number));
      paint.stroke();
    }
    paint.restore();
  }

  moves() {
    const sites = this.data.site;
    const known = sites.flatMap((site, number) => (site === null ? [] : [number]));
    return known.filter((number, place) => place > 0 && sites[number] !== sites[known[place - 1]]);
  }

  /* Where another site began to set the price: a mark above the plot, with its name where there is room. */
  drawMoves(plot) {
    const { data } = this;
    const paint = plot.ctx;
    const { left, top, width } = plot.bbox;
    const dot = devicePixelRatio;
    paint.save();
    paint.strokeStyle = paint.fillStyle = colour(this.section, "moved");
    paint.lineWidth = 2 * dot;
    paint.font = `${11 * dot}px ${getComputedStyle(document.body).fontFamily}`;
    paint.textAlign = "left";
    paint.textBaseline = "middle";
    const moves = this.moves().map((number) => ({
      x: plot.valToPos(data.t0 + number * data.step, "x", true),
      name: (data.sites[data.site[number]] ?? data.site[number]).split(",")[0],
    }));
    moves.forEach(({ x, name }, place) => {
      paint.beginPath();
      paint.moveTo(x, top - 14 * dot);
      paint.lineTo(x, top - 2 * dot);
      paint.stroke();
      const end = x + 9 * dot + paint.measureText(name).width;
      if (end <= (moves[place + 1]?.x ?? left + width)) paint.fillText(name, x + 5 * dot, top - 8 * dot);
    });
    paint.restore();
  }
}

for (const section of document.querySelectorAll(".price-chart")) new PriceChart(section);
