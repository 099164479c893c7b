// The page of a run's step: draws the plates, keeps them fresh, and shows what became of a unit.
import { MapDrawing, drawCell, label, readLooks } from "./draw.js";
import { offer } from "./rerun.js";

const POLL_MS = 3000;
const SHARE = 10; // a page that takes long to answer is asked less often
const LISTED = 200;
const NO_UNITS = {
  failed: "This step failed before it knew its units: the task's log says why.",
  upstream_failed: "This step was not reached, because something before it failed.",
  skipped: "This step was skipped: the task's log says why.",
  deferred: "This step waits for its inputs: the task's log says for which.",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const root = document.getElementById("run");
const buttons = [...document.querySelectorAll("#legend button")];
const panel = document.getElementById("unit");
const pick = document.getElementById("pick");
const pickFailed = document.getElementById("pick-failed");
const state = { units: [], looks: [], kinds: [], only: new Set(), marked: new Set(), cursor: null };
const drawings = [];

if (root) start();

async function start() {
  state.kinds = readLooks(buttons);
  for (const button of buttons) button.addEventListener("click", () => filter(button));
  const loaded = await ask("map.json");
  if (!loaded) return;
  state.units = loaded.units;
  for (const map of loaded.maps) addMap(map);
  update(loaded);
  performance.mark("platerunner:drawn");
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("platerunner:painted")));
  window.addEventListener("resize", () => drawAll(true));
  document.addEventListener("platerunner:theme", () => {
    state.kinds = readLooks(buttons);
    drawLegend();
    drawAll();
  });
  document.getElementById("listing").addEventListener("toggle", list);
  pick?.addEventListener("click", () => offerUnits([...state.marked], several("the", state.marked.size, "marked")));
  pickFailed?.addEventListener("click", () => offerUnits(failed(), several("all", failed().length, "failed")));
  if (loaded.live) poll();
}

/** Ask whether to run units again, and say what of the failed is left out. */
function offerUnits(units, what) {
  const picked = new Set(units);
  offer(ids(units), what, failed().filter((unit) => !picked.has(unit)).length);
}

function ids(units) {
  return units.map((unit) => state.units[unit]);
}

function failed() {
  return state.units.map((_, unit) => unit).filter((unit) => state.kinds[state.looks[unit]].letters);
}

/** A JSON answer; undefined, with the reason on the page, if there is none. */
async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  if (answer && answer.ok) return body;
  say(body.detail ?? "Airflow does not answer; this page tries again.");
  return undefined;
}

/** `the failed unit`, `all 3 failed units`. */
function several(all, count, word) {
  return count === 1 ? `the ${word} unit` : `${all} ${count.toLocaleString("en")} ${word} units`;
}

function say(text) {
  document.getElementById("summary").textContent = text;
}

function addMap(map) {
  const figure = document.createElement("section");
  figure.className = "map";
  if (map.name) {
    const title = document.createElement("h2");
    title.textContent = map.name;
    figure.append(title);
  }
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Map of ${map.name || "the units"}, ${map.cells.length} units`);
  canvas.setAttribute("aria-describedby", "map-help");
  figure.append(canvas);
  document.getElementById("maps").append(figure);
  const drawing = new MapDrawing(canvas, map);
  drawings.push(drawing);
  canvas.addEventListener("click", (event) => clicked(drawing, event));
  canvas.addEventListener("mousemove", (event) => {
    const unit = drawing.at(event);
    canvas.title = unit === undefined ? "" : told(unit);
  });
  canvas.addEventListener("keydown", (event) => pressed(drawing, event));
  canvas.addEventListener("focus", () => move(drawing, drawing.units.has(state.cursor) ? state.cursor : map.cells[0][0]));
  drawing.resize();
}

function clicked(drawing, event) {
  const unit = drawing.at(event);
  if (unit === undefined) return;
  move(drawing, unit);
  if (event.shiftKey) mark(unit);
  else show(unit);
}

function pressed(drawing, event) {
  const unit = state.cursor;
  if (unit === null || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key in ARROWS) move(drawing, drawing.beside(unit, ARROWS[event.key]));
  else if (event.key === "Enter") show(unit, true);
  else if (event.key === " ") mark(unit);
  else return;
  event.preventDefault();
}

function move(drawing, unit) {
  state.cursor = unit;
  document.getElementById("cursor").textContent = told(unit);
  drawAll();
}

function mark(unit) {
  if (!state.marked.delete(unit)) state.marked.add(unit);
  document.getElementById("cursor").textContent = `${told(unit)}, ${state.marked.has(unit) ? "marked" : "not marked"}`;
  drawAll();
  offers();
}

function offers() {
  if (!pick) return;
  pick.hidden = state.marked.size === 0;
  pick.textContent = again("the", state.marked.size, "marked");
  pickFailed.hidden = failed().length === 0;
  pickFailed.textContent = again("all", failed().length, "failed");
}

function again(all, count, word) {
  return count === 1 ? `Run the ${word} unit again` : `Run ${all} ${count.toLocaleString("en")} ${word} again`;
}

function told(unit) {
  return `${label(state.units[unit])}: ${state.kinds[state.looks[unit]].word}`;
}

function filter(button) {
  const look = Number(button.dataset.look);
  if (!state.only.delete(look)) state.only.add(look);
  button.setAttribute("aria-pressed", String(state.only.has(look)));
  drawAll();
  list();
}

function update(loaded) {
  state.looks = loaded.looks;
  for (const button of buttons) {
    const count = loaded.counts[button.dataset.look] ?? 0;
    button.hidden = count === 0 && button.getAttribute("aria-pressed") === "false";
    button.querySelector("b").textContent = count.toLocaleString("en");
  }
  say(summary(loaded));
  const blocked = document.getElementById("blocked");
  blocked.hidden = loaded.blocked.length === 0;
  blocked.textContent = loaded.blocked.join(" ");
  for (const each of document.querySelectorAll("#legend, #run .columns")) each.hidden = state.units.length === 0;
  const badge = document.getElementById("task-state");
  badge.textContent = loaded.state;
  badge.className = `state state-${loaded.state}`;
  drawLegend();
  drawAll();
  list();
  offers();
}

/** How many units there are, or why there are none; and the branches that have none. */
function summary(loaded) {
  const total = state.units.length;
  if (total === 0) return NO_UNITS[loaded.state] ?? "This step has not planned its units yet.";
  const counts = `${total.toLocaleString("en")} ${total === 1 ? "unit" : "units"}, ${failed().length.toLocaleString("en")} failed.`;
  return loaded.without.length ? `${counts} Not reached: ${loaded.without.map(label).join("; ")}.` : counts;
}

function drawLegend() {
  buttons.forEach((button, look) => {
    const canvas = button.querySelector("canvas");
    canvas.getContext("2d").clearRect(0, 0, 16, 16);
    drawCell(canvas.getContext("2d"), state.kinds[look], 0, 0, 16);
  });
}

function drawAll(resized = false) {
  for (const drawing of drawings) {
    if (resized) drawing.resize();
    drawing.draw(state);
  }
}

function list() {
  const target = document.getElementById("list");
  if (!document.getElementById("listing").open) return;
  const every = state.units.map((_, unit) => unit);
  const shown = every.filter((unit) => !state.only.size || state.only.has(state.looks[unit])).slice(0, LISTED);
  target.replaceChildren(...shown.map((unit) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = told(unit);
    button.addEventListener("click", () => show(unit, true));
    item.append(button);
    return item;
  }));
}

async function show(unit, focus = false) {
  const answer = await fetch(`unit?id=${encodeURIComponent(state.units[unit])}`, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  panel.replaceChildren(...page.body.childNodes);
  panel.querySelector("[data-rerun]")?.addEventListener("click", () => offerUnits([unit], label(state.units[unit])));
  if (focus) panel.focus();
}

async function poll(took = 0) {
  await new Promise((resolve) => setTimeout(resolve, Math.max(POLL_MS, took * SHARE)));
  if (document.visibilityState === "hidden") return poll();
  const began = performance.now();
  const loaded = await ask("looks.json");
  if (loaded && loaded.count !== state.units.length) return window.location.reload(); // it was planned since
  if (loaded) update(loaded);
  if (!loaded || loaded.live) poll(performance.now() - began);
}
