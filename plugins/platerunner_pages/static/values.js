// Numbers on the plate map: which column is chosen, its colours, its histogram.
import { MapDrawing, color, ink } from "./draw.js";
import { bounded, drawAcross, drawBeside, roomBeside, toldBeside } from "./profiles.js";

// Viridis: as bright as the number is high, also for who tells no colours apart, and in print.
const SCALE = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
const HISTOGRAM = [220, 44];
const ATTEMPTS = "";
const NEIGHBOURS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const find = (id) => document.getElementById(id);

/** The colour of a number, `#rrggbb`. @param {number} part of the scale, 0 to 1. */
export function shade(part) {
  const at = Math.max(0, Math.min(1, part)) * (SCALE.length - 1);
  const [below, above] = [SCALE[Math.floor(at)], SCALE[Math.ceil(at)]];
  const mixed = [1, 3, 5].map((from) => {
    const [one, other] = [below, above].map((each) => parseInt(each.slice(from, from + 2), 16));
    return Math.round(one + (other - one) * (at % 1)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** A number for people: four digits, with thousands set apart. */
export function shownNumber(value) {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(2);
  return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? Math.ceil(Math.log10(size + 1)) : 4 });
}

class ValueDrawing extends MapDrawing {
  resize() {
    this.beyond = roomBeside(this.canvas.parentElement.clientWidth);
    super.resize();
  }

  draw({ values, spread, cursor }) {
    const context = this.canvas.getContext("2d");
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawNames(context);
    const gap = this.cell > 6 ? 1 : 0;
    for (const [well, [x, y]] of this.units) {
      const place = [this.left + x * this.cell + gap, this.top + y * this.cell + gap, this.cell - 2 * gap];
      if (values[well] === null) hatch(context, ...place);
      else paint(context, values[well], spread, ...place);
    }
    if (this.beyond && spread) drawBeside(context, this, spread);
    if (cursor !== null) this.outline(context, cursor, color("--focus"), 3);
  }
}

function paint(context, value, spread, x, y, side) {
  const fill = shade(bounded(value, spread));
  context.fillStyle = fill;
  context.fillRect(x, y, side, side);
  if (value >= spread.fences[0] && value <= spread.fences[1]) return;
  context.fillStyle = ink(fill); // an outlier: a corner that is cut off
  context.beginPath();
  context.moveTo(x + side, y);
  context.lineTo(x + side, y + side * 0.45);
  context.lineTo(x + side * 0.55, y);
  context.fill();
}

function hatch(context, x, y, side) {
  context.save();
  context.beginPath();
  context.rect(x, y, side, side);
  context.clip();
  context.strokeStyle = color("--soft");
  context.lineWidth = 1;
  context.beginPath();
  for (let at = -side; at < side; at += Math.max(3, side / 4)) {
    context.moveTo(x + at, y + side);
    context.lineTo(x + at + side, y);
  }
  context.stroke();
  context.restore();
}

/** The part of the page that shows numbers; `pick` is told the unit of a well that is chosen,
 *  `changed` that the choice is another; `wall` places the plates. */
export class Values {
  constructor(pick, changed, wall) {
    this.wall = wall;
    this.pick = pick;
    this.changed = changed;
    this.drawings = [];
    this.shown = null;
    this.cursor = null;
    this.turn = 0;
    this.fields = { table: find("value-table"), column: find("value-column"), of: find("value-of") };
    find("values").addEventListener("toggle", () => find("values").open && this.offer());
    this.fields.table.addEventListener("change", () => this.offerColumns());
    this.fields.column.addEventListener("change", () => this.load());
    this.fields.of.addEventListener("change", () => this.load());
    find("value-off").addEventListener("click", () => this.clear());
    window.addEventListener("resize", () => this.draw(true));
    document.addEventListener("platerunner:theme", () => this.draw());
  }

  /** What is chosen, for the page's address. */
  get address() {
    if (!this.shown) return [];
    const { table, column, of } = this.shown;
    return table === ATTEMPTS ? [["attempts", column]] : [["table", table], ["column", column], ["of", of]];
  }

  /** Choose what the address says. */
  async recall(asked) {
    const table = asked.has("attempts") ? ATTEMPTS : asked.get("table");
    if (table === null) return;
    find("values").open = true;
    await this.offer();
    this.fields.table.value = table;
    this.offerColumns();
    this.fields.column.value = asked.get("attempts") ?? asked.get("column") ?? "";
    if (asked.has("of")) this.fields.of.value = asked.get("of");
    await this.load();
  }

  /** Ask once which numbers there are. */
  offer() {
    this.offered ??= fetch("measures.json", { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)))
      .then((measures) => {
        this.measures = measures;
        for (const table of measures.tables) this.fields.table.append(new Option(table.name, table.name));
        this.offerColumns();
      })
      .catch(() => {
        this.offered = undefined; // the next time it is opened, it asks again
        this.say("Airflow does not say which numbers there are; close this and open it again.");
      });
    return this.offered;
  }

  offerColumns() {
    const table = this.measures?.tables.find((each) => each.name === this.fields.table.value);
    const own = this.fields.table.value === ATTEMPTS;
    const columns = own ? this.measures.attempts.map((each) => [each.name, each.title]) : table.columns.map((name) => [name, name]);
    find("value-columns").replaceChildren(...columns.map(([name, title]) => new Option(title, name)));
    this.fields.column.value = "";
    this.fields.of.parentElement.hidden = own;
    this.say(table?.problem || `${columns.length.toLocaleString("en")} to choose from; type a part of a name.`);
  }

  async load() {
    const [table, column, of] = [this.fields.table.value, this.fields.column.value, this.fields.of.value];
    if (!column) return;
    const turn = ++this.turn;
    this.say("Reading the numbers.");
    const query = new URLSearchParams({ table, column, of });
    const answer = await fetch(`values.json?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    const body = answer ? await answer.json().catch(() => ({})) : {};
    if (turn !== this.turn) return; // somebody has chosen another one since
    if (!answer || !answer.ok) return this.say(body.detail ?? "Airflow does not answer; choose it again.");
    this.shown = { table, column, of, ...body };
    this.show();
    this.changed();
  }

  clear() {
    this.turn += 1;
    this.shown = null;
    this.fields.column.value = "";
    this.wall.set(find("value-maps"), []);
    this.drawings = [];
    this.reveal(false);
    this.changed();
  }

  reveal(visible) {
    for (const id of ["value-maps", "scale", "value-off"]) find(id).hidden = !visible;
    for (const id of ["maps", "legend"]) find(id).classList.toggle("aside", visible);
  }

  show() {
    const { maps, values, spread } = this.shown;
    this.cursor = null;
    this.reveal(true);
    this.drawings = maps.map((map) => this.add(map));
    this.wall.set(find("value-maps"), this.drawings.map((each) => each.plate));
    this.drawScale();
    const missing = values.filter((each) => each === null).length;
    const outside = spread ? values.filter((each) => each !== null && (each < spread.fences[0] || each > spread.fences[1])).length : 0;
    const counted = `${(values.length - missing).toLocaleString("en")} wells, ${missing.toLocaleString("en")} without a number, ${outside} outliers.`;
    this.say(values.length ? counted : "No well has such a number: the units of this step are none.");
  }

  add(map) {
    const figure = document.createElement("section");
    figure.className = "map";
    const title = document.createElement("h2");
    title.textContent = map.name;
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Numbers of ${map.name || "the wells"}, ${map.cells.length} wells`);
    canvas.setAttribute("aria-describedby", "map-help");
    const hints = map.hints.map((hint) => Object.assign(document.createElement("p"), { className: "hint", textContent: hint }));
    figure.append(...(map.name ? [title, ...hints, canvas] : [...hints, canvas]));
    const drawing = new ValueDrawing(canvas, map);
    const fit = () => {
      drawing.resize();
      drawing.draw({ ...this.shown, cursor: this.cursor });
    };
    const known = map.cells.map(([well]) => this.shown.values[well]).filter((value) => value !== null).sort((one, other) => one - other);
    const number = known.length ? known[Math.floor(known.length / 2)] : null;
    drawing.plate = { name: map.name, figure, count: map.cells.length, failed: map.cells.length - known.length, number, fit };
    canvas.addEventListener("mousemove", (event) => {
      const well = drawing.at(event);
      canvas.title = well === undefined ? "" : this.told(well);
    });
    canvas.addEventListener("click", (event) => this.move(drawing.at(event), true));
    canvas.addEventListener("focus", () => this.move(drawing.units.has(this.cursor) ? this.cursor : map.cells[0][0]));
    canvas.addEventListener("keydown", (event) => this.press(drawing, event));
    return drawing;
  }

  press(drawing, event) {
    if (this.cursor === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in NEIGHBOURS) this.move(drawing.beside(this.cursor, NEIGHBOURS[event.key]));
    else if (event.key === "Enter") this.move(this.cursor, true);
    else return;
    event.preventDefault();
  }

  move(well, chosen = false) {
    if (well === undefined) return;
    this.cursor = well;
    find("cursor").textContent = this.told(well);
    find("value-well").textContent = this.told(well);
    this.draw();
    const unit = this.shown.units[well];
    if (chosen && unit !== null) this.pick(unit);
  }

  told(well) {
    const { wells, values, counts, unit } = this.shown;
    const [plate, name] = wells[well].split(/\/(?=[^/]*$)/);
    const place = name === undefined ? plate : `${plate}, ${name}`;
    if (values[well] === null) return `${place}: no number`;
    const many = counts[well] > 1 ? `, of ${counts[well].toLocaleString("en")}` : "";
    const beside = toldBeside(this.drawings.find((each) => each.units.has(well)), well, shownNumber);
    return `${place}: ${shownNumber(values[well])}${unit ? ` ${unit}` : ""}${many}${beside}`;
  }

  say(text) {
    find("value-said").textContent = text;
  }

  draw(resized = false) {
    if (!this.shown) return;
    for (const drawing of this.drawings.filter((each) => each.canvas.isConnected)) {
      if (resized) drawing.resize();
      drawing.draw({ ...this.shown, cursor: this.cursor });
    }
    this.drawScale();
  }

  drawScale() {
    const { spread, title, unit } = this.shown;
    find("scale").hidden = !spread;
    if (!spread) return;
    drawAcross(find("across"), this.shown);
    const canvas = find("histogram");
    const context = canvas.getContext("2d");
    const [width, height] = HISTOGRAM;
    const sharp = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * sharp, height * sharp];
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    const most = Math.max(...spread.bars);
    const wide = width / spread.bars.length;
    spread.bars.forEach((count, at) => {
      context.fillStyle = shade((at + 0.5) / spread.bars.length);
      context.fillRect(at * wide, height - 6, wide + 0.5, 6);
      const tall = (count / most) * (height - 8);
      context.fillRect(at * wide, height - 6 - tall, wide - 1, tall);
    });
    const suffix = unit ? ` ${unit}` : "";
    find("scale-title").textContent = title;
    find("scale-low").textContent = shownNumber(spread.low) + suffix;
    find("scale-high").textContent = shownNumber(spread.high) + suffix;
    canvas.setAttribute("aria-label", `${title}, from ${shownNumber(spread.low)} to ${shownNumber(spread.high)}${suffix}`);
  }
}

