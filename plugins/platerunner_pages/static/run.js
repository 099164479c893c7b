// The page of a run's step: draws the plates, keeps them fresh, and shows what became of a unit.
import { elsewhere, keepAddress, readAddress } from "./address.js";
import { MapDrawing, color, drawCell, label, readLooks } from "./draw.js";
import { offer } from "./rerun.js";
import { Values } from "./values.js";
import { Wall } from "./wall.js";

const POLL_MS = 3000;
const TAIL_MS = 5000;
const SHARE = 10; // a page that takes long to answer is asked less often
const LISTED = 200;
const KEPT = 50; // marked units that an address names
const NO_UNITS = {
  failed: "This step failed before it knew its units: the task's log says why.",
  upstream_failed: "This step was not reached, because something before it failed.",
  skipped: "This step was skipped: the task's log says why.",
  deferred: "This step waits for its inputs: the task's log says for which.",
};
const RUNNING = new Set(["running", "deferred", "awaiting_input"]);
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const root = document.getElementById("run");
// In the order of the looks' numbers, which the legend groups otherwise.
const buttons = [...document.querySelectorAll("#legend button")].sort((one, other) => one.dataset.look - other.dataset.look);
const follow = document.getElementById("follow");
const panel = document.getElementById("unit");
const pick = document.getElementById("pick");
const pickFailed = document.getElementById("pick-failed");
const state = { units: [], looks: [], kinds: [], only: new Set(), marked: new Set(), cursor: null, shown: null, asked: 0 };
const drawings = [];
const wall = root ? new Wall(keep) : null;
const values = root ? new Values(show, keep, wall) : null;

if (root) start();

async function start() {
  const other = elsewhere(root.dataset.task);
  if (other) return window.location.replace(other);
  state.kinds = readLooks(buttons);
  for (const button of buttons) button.addEventListener("click", () => filter(button));
  const loaded = await ask("map.json");
  if (!loaded) return;
  state.units = loaded.units;
  for (const map of loaded.maps) addMap(map);
  update(loaded);
  wall.set(document.getElementById("maps"), drawings.map((drawing) => drawing.plate));
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
  document.getElementById("unmark")?.addEventListener("click", () => {
    state.marked.clear();
    drawAll();
    offers();
    keep();
  });
  pickFailed?.addEventListener("click", () => offerUnits(failed(), several("all", failed().length, "failed")));
  recall();
  keep(); // within Airflow, the outer address learns the step
  if (loaded.live) poll();
}

/** What the address says: the looks that are shown, and the unit beside them. */
function recall() {
  const asked = readAddress(root.dataset.task);
  wall.recall(asked);
  for (const id of asked.getAll("mark")) {
    const unit = state.units.indexOf(id);
    if (unit >= 0) state.marked.add(unit);
  }
  offers();
  drawAll();
  for (const word of asked.getAll("only")) {
    const button = buttons.find((each) => each.dataset.word === word);
    if (button) filter(button);
  }
  const unit = state.units.indexOf(asked.get("unit"));
  if (unit >= 0) {
    move(null, unit);
    show(unit);
  }
  values.recall(asked);
  const box = follow.querySelector("input");
  box.checked = asked.has("follow");
  box.addEventListener("change", keep);
}

/** Keep in the address what is shown, so that it survives a reload and can be sent to a colleague. */
function keep() {
  const shown = new URLSearchParams([...state.only].map((look) => ["only", state.kinds[look].word]));
  for (const unit of [...state.marked].slice(0, KEPT)) shown.append("mark", state.units[unit]);
  if (state.shown !== null) shown.set("unit", state.units[state.shown]);
  for (const [name, value] of [...values.address, ...wall.address]) shown.set(name, value);
  if (follow.querySelector("input").checked) shown.set("follow", "on");
  keepAddress(shown, root.dataset.task);
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
  const counted = document.createElement("p");
  counted.className = "hint";
  figure.append(counted, canvas);
  document.getElementById("maps").append(figure);
  const drawing = new MapDrawing(canvas, map);
  const fit = () => {
    drawing.resize();
    drawing.draw(state);
  };
  drawing.plate = { name: map.name, figure, counted, count: map.cells.length, failed: 0, number: null, fit };
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
  keep();
}

function offers() {
  if (!pick) return;
  pick.hidden = state.marked.size === 0;
  document.getElementById("unmark").hidden = pick.hidden;
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
  keep();
  drawAll();
  list();
}

function update(loaded) {
  const changed = state.shown !== null && state.looks[state.shown] !== loaded.looks[state.shown];
  state.looks = loaded.looks;
  if (changed) show(state.shown, false, true);
  for (const button of buttons) {
    const count = loaded.counts[button.dataset.look] ?? 0;
    button.hidden = count === 0 && button.getAttribute("aria-pressed") === "false";
    button.querySelector("b").textContent = count.toLocaleString("en");
  }
  for (const group of document.querySelectorAll("#legend .group"))
    group.hidden = [...group.querySelectorAll("button")].every((button) => button.hidden);
  for (const tab of document.querySelectorAll(".tabs a")) {
    const task = loaded.states[tab.dataset.task] ?? "none";
    tab.querySelector(".dot").className = `dot state-${task}`;
    tab.querySelector(".hidden").textContent = `, ${task}`;
  }
  say(summary(loaded));
  document.getElementById("progress").textContent = loaded.progress;
  goOn(loaded);
  const blocked = document.getElementById("blocked");
  blocked.hidden = loaded.blocked.length === 0;
  blocked.textContent = loaded.blocked.join(" ");
  for (const each of document.querySelectorAll("#legend, #run .columns")) each.hidden = state.units.length === 0;
  const badge = document.getElementById("task-state");
  badge.textContent = loaded.state;
  badge.className = `state state-${loaded.state}`;
  for (const { plate, units } of drawings) {
    plate.failed = [...units.keys()].filter((unit) => state.kinds[state.looks[unit]].letters).length;
    plate.counted.textContent = plate.failed ? `${plate.failed} of ${plate.count} failed` : "";
    plate.counted.hidden = drawings.length === 1;
  }
  drawLegend();
  drawAll();
  list();
  offers();
}

/** Go to the step that runs once this one is done, if the run is followed. */
function goOn(loaded) {
  const box = follow.querySelector("input");
  follow.hidden = !loaded.live;
  if (!box.checked || loaded.state !== "success") return;
  const next = [...document.querySelectorAll(".tabs a")].find((tab) => RUNNING.has(loaded.states[tab.dataset.task]));
  if (next) window.location.assign(`${next.href}#follow=on`);
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
  for (const drawing of drawings.filter((each) => each.canvas.isConnected)) {
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

/** Show a unit in the panel. @param {boolean} anew if it is shown already, and has changed. */
async function show(unit, focus = false, anew = false) {
  state.shown = unit;
  const turn = ++state.asked;
  keep();
  if (!anew) tell(unit, "Loading.");
  // On a narrow screen the panel is below the map: whoever taps a well would see nothing happen.
  if (!anew && window.matchMedia("(max-width: 900px)").matches) panel.scrollIntoView({ block: "start" });
  const address = `unit?id=${encodeURIComponent(state.units[unit])}`;
  const answer = await fetch(address, { headers: { Accept: "text/html, application/json;q=0.5" } }).catch(() => null);
  const text = answer ? await answer.text().catch(() => "") : "";
  if (state.asked !== turn) return; // somebody has asked again since, for this unit or another one
  if (!answer || !answer.ok) return failedToShow(unit, answer, text);
  panel.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  const chip = panel.querySelector(".chip");
  chip.style.borderColor = color(`--c-${chip.dataset.word}`);
  panel.querySelector("[data-rerun]")?.addEventListener("click", () => offerUnits([unit], label(state.units[unit])));
  if (focus) panel.focus();
  if (panel.querySelector("[data-tail]")) followLog(panel.querySelector("[data-tail]"), turn);
}

/** Show the end of a running unit's log for as long as it is the unit that is shown. */
async function followLog(target, turn) {
  const answer = await fetch(target.dataset.tail, { headers: { Accept: "application/json" } }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  if (state.asked !== turn) return;
  const said = body.detail ?? (body.status ? `Its job is ${body.status}.` : "It has no job that runs.");
  target.querySelector("p").textContent = answer ? said : "Airflow does not answer; this page tries again.";
  target.querySelector("pre").textContent = (body.lines ?? []).join("\n");
  target.querySelector("pre").hidden = !body.lines?.length;
  if (!answer || (answer.ok && body.status)) setTimeout(() => state.asked === turn && followLog(target, turn), TAIL_MS);
}

/** The panel with a unit's name and one sentence. */
function tell(unit, sentence) {
  const heading = document.createElement("h2");
  heading.textContent = label(state.units[unit]);
  const text = document.createElement("p");
  text.textContent = sentence;
  panel.replaceChildren(heading, text);
}

function failedToShow(unit, answer, text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  tell(unit, page.querySelector("[role=alert]")?.textContent ?? "Airflow does not answer.");
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => show(unit, true));
  panel.append(again);
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
